"""Conversations in the shape of Chat Completions, and back (chat_completion_message_param.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import FormatError, InvalidResponse
from chatbench.core.messages import (
    Detail,
    InlineData,
    MediaPart,
    Message,
    Part,
    ProviderFile,
    TextPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.transcripts import JsonObject, Loss, Reader, Reading, give_roles_back, pieces_of
from chatbench.documents.parts import bytes_of, part_at, part_of
from chatbench.providers.openai_chat.decode import whole
from chatbench.providers.openai_chat.encode import request_fields
from chatbench.providers.wire import Call

NAME = "Chat Completions"
PROVIDER = "openai"
REASONS = {
    "thinking": "it goes back only to the provider it came from, beside tool calls",
    "is_error": "a result is words and nothing else",
    "division of the text": "text alone is sent as one string",
    "image of a tool result": "results are text; the picture follows as the user's",
    "file of a tool result": "results are text; the file follows as the user's",
    "role": "an answer holds no pictures or files; they follow as the user's",
    "order": "an answer's tool calls stand behind its words",
}
_KNOWN = frozenset({"role", "content", "name", "tool_calls", "refusal", "audio", "function_call"})


def written(call: Call) -> tuple[None, list[JsonObject]]:
    """The messages as the request would have them, but for system and developer: those are told
    apart as they were given."""
    turns: list[JsonObject] = request_fields(call)["messages"]
    give_roles_back(turns, call.request.messages)
    return None, turns


def read(turns: Iterable[Mapping[str, Any]], system: Any, endpoint: Endpoint) -> Reading:
    """Raises FormatError, naming the message."""
    reader = _Reader(endpoint)
    for number, turn in enumerate(turns):
        reader.turn(turn, f"messages[{number}]")
    return reader.reading


class _Reader(Reader):
    def turn(self, turn: Mapping[str, Any], where: str) -> None:
        role, name = turn.get("role"), str(turn.get("name") or "")
        content = turn.get("content")
        if role == "assistant":
            self.messages.append(Message(role="assistant", parts=self._answer(turn, where), name=name))
        elif role in ("tool", "function"):
            self._result(turn, name, where)
        elif role in ("user", "system", "developer"):
            parts = tuple(self._parts(content, where))
            self.messages.append(Message(role=role, parts=parts, name=name))
        else:
            raise _wrong(where, f"its role is {role!r}")

    def _answer(self, turn: Mapping[str, Any], where: str) -> tuple[Part, ...]:
        self.losses += [
            Loss(what=field, where=f"{where}.{field}", why="a message of ours has no place for it")
            for field, value in turn.items()
            if field not in _KNOWN and not field.startswith("reasoning") and value
        ]
        body = {"choices": [{"index": 0, "message": turn, "finish_reason": "stop"}]}
        try:
            return self._heard(body, whole)
        except (InvalidResponse, TypeError) as error:
            raise _wrong(where, "it is not an answer of its kind") from error

    def _result(self, turn: Mapping[str, Any], name: str, where: str) -> None:
        """The results of one turn are one message of ours."""
        call_id = str(turn.get("tool_call_id") or self._latest(name) or name)
        parts = tuple(part for part in self._parts(turn.get("content"), where) if isinstance(part, TextPart))
        called = self._called.get(call_id) or name
        result = ToolResultPart(call_id=call_id, name=called, parts=parts)
        if self.messages and self.messages[-1].role == "tool":
            self.messages[-1] = self.messages[-1].with_part(result)
        else:
            self.messages.append(Message(role="tool", parts=(result,)))

    def _latest(self, name: str) -> str | None:
        """The id of the last call of that name: results in the old form tell no id."""
        return next((call for call, called in reversed(self._called.items()) if called == name), None)

    def _parts(self, content: Any, where: str) -> Iterator[Part]:
        for place, item in enumerate(pieces_of(content, partial(_wrong, where))):
            yield self._part(item, f"{where}.content[{place}]")

    def _part(self, item: Mapping[str, Any], where: str) -> Part:
        kind = str(item.get("type"))
        told = item.get(kind)
        if item.get("cache_control") or item.get("prompt_cache_breakpoint"):
            self._forget_mark(where)
        if kind == "text" and isinstance(told, str):
            return TextPart(text=told)
        media = self._media(kind, told) if isinstance(told, Mapping) else None
        if media is not None:
            return media
        return UnknownPart(kind=kind, data=dict(item), provider_state={"provider": self._endpoint.id})

    def _media(self, kind: str, told: Mapping[str, Any]) -> MediaPart | None:
        if kind == "image_url":
            given: Any = told.get("detail")
            detail: Detail = given if given in ("low", "high", "original") else ""
            return part_at(str(told.get("url", "")), "image/*", detail=detail)
        if kind == "input_audio":
            data = bytes_of(str(told.get("data", "")))
            return part_of(InlineData(data=data), f"audio/{told.get('format', '')}") if data else None
        if kind == "file" and told.get("file_id"):
            source = ProviderFile(provider=self._endpoint.id, file_id=str(told["file_id"]))
            return part_of(source, "")
        if kind == "file" and told.get("file_data"):
            name = str(told.get("filename") or "")
            return part_at(str(told["file_data"]), "", "" if name == "file" else name)
        return None


def _wrong(where: str, why: str) -> FormatError:
    return FormatError(
        f"{where} is no message of {NAME}: {why}.", "Give the messages as they are sent to it."
    )
