"""Conversations as items of Responses, and back (response_input_item_param.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import FormatError, InvalidResponse
from chatbench.core.messages import (
    Detail,
    FilePart,
    ImagePart,
    MediaPart,
    Message,
    Part,
    ProviderFile,
    TextPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.transcripts import JsonObject, Loss, Reader, Reading, give_roles_back, pieces_of
from chatbench.documents.parts import part_at, part_of
from chatbench.providers.openai_responses.decode import whole
from chatbench.providers.openai_responses.encode import request_fields
from chatbench.providers.wire import Call

NAME = "Responses"
PROVIDER = "openai"
REASONS = {
    "thinking": "reasoning goes back only as the item it came in",
    "is_error": "an output is words and files, and nothing else",
    "role": "an answer holds no pictures or files of others; they follow as the user's",
    "refusal": "a refusal goes back as such only with the id of its message",
}
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


def written(call: Call) -> tuple[None, list[JsonObject]]:
    """The items as the request would have them, system messages among them as they were given."""
    items: list[JsonObject] = request_fields(call)["input"]
    give_roles_back(items, call.request.messages)
    return None, items


def read(items: Iterable[Mapping[str, Any]], system: Any, endpoint: Endpoint) -> Reading:
    """Raises FormatError, naming the item."""
    reader = _Reader(endpoint)
    for number, item in enumerate(items):
        reader.item(item, f"input[{number}]")
    reader.close()
    return reader.reading


class _Reader(Reader):
    """Items of one answer gather until something comes that the model did not say."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self._answer: list[JsonObject] = []
        self._begun = ""

    def item(self, item: Mapping[str, Any], where: str) -> None:
        kind, role = str(item.get("type", "message")), item.get("role")
        if kind in _OUTPUTS:
            self.close()
            self._result(item, where)
        elif kind == "message" and role in ("user", "system", "developer"):
            self.close()
            parts = tuple(self._parts(item.get("content"), where))
            self.messages.append(Message(role=role, parts=parts))
        elif kind == "message" and role != "assistant":
            raise _wrong(where, f"its role is {role!r}")
        elif kind == "item_reference":
            why = "it stands for an item that only the provider has"
            self.losses.append(Loss(what="item_reference", where=where, why=why))
        else:
            if self._answer and _is_short(item) and _is_short(self._answer[-1]):
                # Texts of one answer would stand in one message, so these are two answers.
                self.close()
            self._begun = self._begun or where
            self._answer.append(_output(item))

    def close(self) -> None:
        """Makes a message of the items that have gathered."""
        if not self._answer:
            return
        body = {"status": "completed", "output": self._answer}
        try:
            parts = self._heard(body, whole)
        except (InvalidResponse, TypeError) as error:
            raise _wrong(self._begun, "it is not an item of its kind") from error
        self.messages.append(Message(role="assistant", parts=parts))
        self._answer, self._begun = [], ""

    def _result(self, item: Mapping[str, Any], where: str) -> None:
        call_id = str(item.get("call_id", ""))
        parts = tuple(
            part
            for part in self._parts(item.get("output"), where)
            if isinstance(part, TextPart | ImagePart | FilePart)
        )
        result = ToolResultPart(call_id=call_id, name=self._called.get(call_id, ""), parts=parts)
        place = self._behind_its_call(call_id)
        if place and self.messages[place - 1].role == "tool":
            self.messages[place - 1] = self.messages[place - 1].with_part(result)
        else:
            self.messages.insert(place, Message(role="tool", parts=(result,)))

    def _behind_its_call(self, call_id: str) -> int:
        """Where a result belongs: at the end, unless a picture of the answer came in between."""
        place = len(self.messages)
        while place and self.messages[place - 1].role == "user" and call_id in self._called:
            place -= 1
        return place

    def _parts(self, content: Any, where: str) -> Iterator[Part]:
        for place, told in enumerate(pieces_of(content, partial(_wrong, where))):
            if told.get("prompt_cache_breakpoint"):
                self._forget_mark(f"{where}[{place}]")
            yield self._part(told)

    def _part(self, told: Mapping[str, Any]) -> Part:
        kind = str(told.get("type"))
        if kind in ("input_text", "output_text", "text"):
            return TextPart(text=str(told.get("text", "")))
        media = self._media(kind, told)
        if media is not None:
            return media
        return UnknownPart(kind=kind, data=dict(told), provider_state={"provider": self._endpoint.id})

    def _media(self, kind: str, told: Mapping[str, Any]) -> MediaPart | None:
        name, given = str(told.get("filename") or ""), told.get("detail")
        detail: Detail = given if given in ("low", "high", "original") else ""
        if kind not in ("input_image", "input_file"):
            return None
        media_type = "image/*" if kind == "input_image" else ""
        if told.get("file_id"):
            source = ProviderFile(provider=self._endpoint.id, file_id=str(told["file_id"]))
            return part_of(source, media_type, name, detail)
        for field in ("image_url", "file_data", "file_url"):
            if told.get(field):
                return part_at(str(told[field]), media_type, "" if name == "file" else name, detail)
        return None


def _is_short(item: Mapping[str, Any]) -> bool:
    """A message without the id of an item."""
    return item.get("type", "message") == "message" and not item.get("id")


def _output(item: Mapping[str, Any]) -> JsonObject:
    """An item of an answer as the provider would tell it; the short form of a message spelt out."""
    given = dict(item)
    if given.get("type", "message") == "message":
        content = given.get("content")
        given["type"] = "message"
        if isinstance(content, str):
            given["content"] = [{"type": "output_text", "text": content, "annotations": []}]
    return given


def _wrong(where: str, why: str) -> FormatError:
    return FormatError(f"{where} is no item of {NAME}: {why}.", "Give the items as they are sent to it.")
