"""Conversations as Gemini's contents, and back (google-genai 3.4.0: types.py Content, Part)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import FormatError, InvalidResponse
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    MediaPart,
    Message,
    Part,
    ProviderFile,
    RemoteUrl,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.transcripts import JsonObject, Loss, Reader, Reading
from chatbench.documents.parts import bytes_of, part_of
from chatbench.providers.gemini.decode import whole
from chatbench.providers.gemini.encode import UNSIGNED, request_fields
from chatbench.providers.wire import Call

NAME = "Gemini's contents"
PROVIDER = "gemini"
REASONS = {
    "order": "the system prompt stands before all contents",
    "thinking": "thinking goes back only with the signature it came with",
    "division of the messages": "speakers alternate",
    "division of the text": "pieces of one text are joined",
    "call_id": "only ids that Gemini gave are sent to it",
}
_NAMES = {
    "inline_data": "inlineData", "file_data": "fileData", "mime_type": "mimeType", "file_uri": "fileUri",
    "function_call": "functionCall", "function_response": "functionResponse",
    "thought_signature": "thoughtSignature", "executable_code": "executableCode",
    "code_execution_result": "codeExecutionResult", "video_metadata": "videoMetadata",
}  # fmt: skip
_SIGNED = frozenset({"thoughtSignature", "thought"})


def written(call: Call) -> tuple[str | None, list[JsonObject]]:
    """System prompt and contents, as the request would have them."""
    fields = request_fields(call)
    system = fields.get("systemInstruction")
    return system["parts"][0]["text"] if system else None, fields["contents"]


def read(contents: Iterable[Mapping[str, Any]], system: Any, endpoint: Endpoint) -> Reading:
    """`system` as words or as a content. Names may be in camelCase or snake_case. Raises FormatError,
    naming the content."""
    reader = _Reader(endpoint)
    if system:
        told = system if isinstance(system, Mapping) else {"parts": [{"text": str(system)}]}
        parts = tuple(reader.parts(told.get("parts"), "system"))
        reader.messages.append(Message(role="system", parts=parts))
    for number, content in enumerate(contents):
        reader.turn(content, f"contents[{number}]")
    return reader.reading


class _Reader(Reader):
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._open: list[ToolCallPart] = []
        self._calls = 0

    def turn(self, content: Mapping[str, Any], where: str) -> None:
        role = content.get("role") or "user"
        if role == "model":
            parts = self._answer(content.get("parts"), where)
            self._open = [part for part in parts if isinstance(part, ToolCallPart)]
            self.messages.append(Message(role="assistant", parts=parts))
            return
        if role not in ("user", "function"):
            raise _wrong(where, f"its role is {role!r}")
        given = tuple(self.parts(content.get("parts"), where))
        results = tuple(part for part in given if isinstance(part, ToolResultPart))
        rest = tuple(part for part in given if not isinstance(part, ToolResultPart))
        if results:
            self.messages.append(Message(role="tool", parts=results))
        if rest or not results:
            self.messages.append(Message(role="user", parts=rest))

    def _answer(self, given: Any, where: str) -> tuple[Part, ...]:
        pieces = [_camel(piece) for piece in _pieces(given, where)]
        bare = [{k: v for k, v in piece.items() if v != UNSIGNED} for piece in pieces]
        candidate = {"index": 0, "content": {"parts": bare}, "finishReason": "STOP"}
        try:
            parts = self._heard({"candidates": [candidate]}, whole)
        except (InvalidResponse, TypeError) as error:
            raise _wrong(where, "a part of it is not one of Gemini's") from error
        return tuple(self._settled(part) for part in parts)

    def _settled(self, part: Part) -> Part:
        """Files by address as such; calls without a name of their own numbered through."""
        if isinstance(part, UnknownPart) and part.kind == "fileData":
            return self._media(part.data) or part
        if not isinstance(part, ToolCallPart):
            return part
        self._calls += 1
        state = part.provider_state
        if "id" in state:
            return part
        # Without a signature it may have come from another model: then it goes back marked so.
        state = state if "signature" in state else {}
        return msgspec.structs.replace(part, call_id=f"call-{self._calls}", provider_state=state)

    def parts(self, given: Any, where: str) -> Iterator[Part]:
        """The parts of what did not come from the model."""
        for place, piece in enumerate(_pieces(given, where)):
            told = _camel(piece)
            if isinstance(told.get("text"), str):
                yield TextPart(text=told["text"])
            elif isinstance(told.get("functionResponse"), Mapping):
                yield self._result(told["functionResponse"], f"{where}.parts[{place}]")
            else:
                kind = next((name for name in told if name not in _SIGNED), "")
                state = {"provider": self._endpoint.id}
                yield self._media(told) or UnknownPart(kind=kind, data=told, provider_state=state)

    def _result(self, told: Mapping[str, Any], where: str) -> ToolResultPart:
        name, given = str(told.get("name", "")), told.get("response")
        response: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        call = next(
            (c for c in self._open if c.call_id == told.get("id") or (not told.get("id") and c.name == name)),
            None,
        )
        if call is not None:
            self._open.remove(call)
        failed, words = "error" in response, response.get("output", response.get("error"))
        if not isinstance(words, str) or len(response) != 1:
            words = msgspec.json.encode(response).decode()
            why = "a result of ours is words and files; it is kept as JSON"
            self.losses.append(Loss(what="response", where=f"{where}.response", why=why))
        media = tuple(
            found
            for piece in told.get("parts") or ()
            if isinstance(found := self._media(_camel(piece)), ImagePart | FilePart)
        )
        return ToolResultPart(
            call_id=call.call_id if call else str(told.get("id") or name),
            name=name,
            parts=(*((TextPart(text=words),) if words else ()), *media),
            is_error=failed,
        )

    def _media(self, told: Mapping[str, Any]) -> MediaPart | None:
        blob, file = told.get("inlineData"), told.get("fileData")
        if isinstance(blob, Mapping):
            data = blob.get("data", "")
            found = data if isinstance(data, bytes) else bytes_of(str(data))
            return None if found is None else part_of(InlineData(data=found), str(blob.get("mimeType") or ""))
        if isinstance(file, Mapping):
            uri, media_type = str(file.get("fileUri", "")), str(file.get("mimeType") or "")
            ours = "generativelanguage" in uri or "://" not in uri
            source = ProviderFile(provider=self._endpoint.id, file_id=uri) if ours else RemoteUrl(url=uri)
            return part_of(source, media_type)
        return None


def _pieces(given: Any, where: str) -> list[Mapping[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | Mapping):
        raise _wrong(where, "its parts are no list")
    pieces = list(given)
    if not all(isinstance(piece, Mapping) for piece in pieces):
        raise _wrong(where, "a part of it is no object")
    return pieces


def _camel(piece: Mapping[str, Any]) -> JsonObject:
    """A part with its names, and those of its file, as the wire spells them."""
    told: JsonObject = {}
    for name, value in piece.items():
        spelt = _NAMES.get(name, name)
        if value is None:
            continue
        if spelt in ("inlineData", "fileData") and isinstance(value, Mapping):
            value = {_NAMES.get(key, key): inner for key, inner in value.items()}
        told[spelt] = value
    return told


def _wrong(where: str, why: str) -> FormatError:
    return FormatError(f"{where} is no part of {NAME}: {why}.", "Give the contents as they are sent to it.")
