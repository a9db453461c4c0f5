"""Conversations in the shape of Anthropic's Messages, and back (anthropic 2.11.0: types/message_param.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import FormatError, InvalidResponse
from chatbench.core.messages import (
    InlineData,
    MediaPart,
    Message,
    Part,
    ProviderFile,
    RemoteUrl,
    TextPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.transcripts import JsonObject, Loss, Reader, Reading
from chatbench.documents.parts import bytes_of, part_of
from chatbench.providers.anthropic.decode import whole
from chatbench.providers.anthropic.encode import request_fields
from chatbench.providers.wire import Call

NAME = "Anthropic's Messages"
PROVIDER = "anthropic"
REASONS = {
    "order": "the system prompt stands before all messages, and tool results before other words",
    "thinking": "thinking goes back only with the signature it came with",
    "division of the messages": "speakers alternate",
    "media_type": "text is sent as text/plain",
}
_KNOWN: dict[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "image": frozenset({"source"}),
    "document": frozenset({"source", "title"}),
    "tool_result": frozenset({"tool_use_id", "content", "is_error"}),
}


def written(call: Call) -> tuple[str | list[JsonObject] | None, list[JsonObject]]:
    """System prompt and turns, as the request would have them."""
    fields = request_fields(call)
    return fields.get("system"), fields["messages"]


def read(turns: Iterable[Mapping[str, Any]], system: Any, endpoint: Endpoint) -> Reading:
    """Raises FormatError, naming the turn."""
    reader = _Reader(endpoint)
    if words := list(reader.parts(system, "system")):
        reader.messages.append(Message(role="system", parts=tuple(words)))
    for number, turn in enumerate(turns):
        reader.turn(turn, f"messages[{number}]")
    return reader.reading


class _Reader(Reader):
    def turn(self, turn: Mapping[str, Any], where: str) -> None:
        role, content = turn.get("role"), turn.get("content")
        if role == "assistant":
            self.messages.append(Message(role="assistant", parts=self._answer(content, where)))
        elif role == "user":
            parts = tuple(self.parts(content, where))
            results = tuple(part for part in parts if isinstance(part, ToolResultPart))
            rest = tuple(part for part in parts if not isinstance(part, ToolResultPart))
            if results:
                self.messages.append(Message(role="tool", parts=results))
            if rest:
                self.messages.append(Message(role="user", parts=rest))
        elif role == "system":
            self.messages.append(Message(role="system", parts=tuple(self.parts(content, where))))
        else:
            raise _wrong(where, f"its role is {role!r}")

    def _answer(self, content: Any, where: str) -> tuple[Part, ...]:
        blocks: list[Any] = []
        for place, block in enumerate(_blocks(content, where)):
            self._forget_marks(block, f"{where}.content[{place}]")
            blocks.append({name: value for name, value in block.items() if name != "cache_control"})
        try:
            return self._heard({"content": blocks}, whole)
        except (InvalidResponse, TypeError) as error:
            raise _wrong(where, "a block of it is not one of Anthropic's") from error

    def parts(self, content: Any, where: str) -> Iterator[Part]:
        """The parts of what did not come from the model."""
        if content is None:
            return
        for place, block in enumerate(_blocks(content, where)):
            yield self._part(block, f"{where}.content[{place}]")

    def _part(self, block: Mapping[str, Any], where: str) -> Part:
        kind = str(block.get("type"))
        known = _KNOWN.get(kind)
        media = self._media(block) if kind in {"image", "document"} else None
        if known is None or (kind in {"image", "document"} and media is None):
            return UnknownPart(kind=kind, data=dict(block), provider_state={"provider": self._endpoint.id})
        self._forget_marks(block, where)
        self.losses += [
            Loss(what=name, where=f"{where}.{name}", why="a message of ours has no place for it")
            for name, value in block.items()
            if name not in known and name not in {"type", "cache_control"} and value is not None
        ]
        if media is not None:
            return media
        if kind == "text":
            return TextPart(text=str(block.get("text", "")))
        call_id = str(block.get("tool_use_id", ""))
        return ToolResultPart(
            call_id=call_id,
            name=self._called.get(call_id, ""),
            parts=tuple(self.parts(block.get("content"), where)),  # type: ignore[arg-type]
            is_error=bool(block.get("is_error")),
        )

    def _forget_marks(self, block: Mapping[str, Any], where: str) -> None:
        if block.get("cache_control") is not None:
            self._forget_mark(f"{where}.cache_control")

    def _media(self, block: Mapping[str, Any]) -> MediaPart | None:
        source = block.get("source")
        if not isinstance(source, Mapping):
            return None
        document = block.get("type") == "document"
        media_type = str(source.get("media_type") or ("application/pdf" if document else ""))
        name = str(block.get("title") or "")
        match source.get("type"):
            case "base64" if (data := bytes_of(str(source.get("data", "")))) is not None:
                return part_of(InlineData(data=data), media_type, name)
            case "text":
                return part_of(InlineData(data=str(source.get("data", "")).encode()), "text/plain", name)
            case "url":
                url = RemoteUrl(url=str(source.get("url", "")))
                return part_of(url, media_type or "image/*", name)
            case "file":
                file = ProviderFile(provider=self._endpoint.id, file_id=str(source.get("file_id", "")))
                return part_of(file, media_type or "image/*", name)
        return None


def _blocks(content: Any, where: str) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, Iterable) or isinstance(content, Mapping | bytes):
        raise _wrong(where, "its content is neither text nor blocks")
    blocks = list(content)
    if not all(isinstance(block, Mapping) for block in blocks):
        raise _wrong(where, "a block of it is no object")
    return blocks


def _wrong(where: str, why: str) -> FormatError:
    return FormatError(f"{where} is no turn of {NAME}: {why}.", "Give the messages as they are sent to it.")
