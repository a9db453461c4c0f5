"""Ollama's lines as our events (ollama 0.6.3: _types.py, ChatResponse, Message, Logprob).

Words and thoughts come in pieces, tool calls whole and mostly without an id; the last line says
`done`. An error may come as a line of its own, with HTTP status 200.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from chatbench.core.messages import ProviderState, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.requests import StopReason
from chatbench.core.streams import Logprobs, PartDelta, Stop, StreamEvent, UsageUpdate
from chatbench.core.usage import Usage
from chatbench.providers.decoding import (
    OnePartAtATime,
    Token,
    count,
    invalid,
    peek_json,
    read_json,
    tokens_of,
)
from chatbench.providers.ollama.lines import LineParser
from chatbench.providers.ollama.naming import named
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import Call, interrupted

JsonObject = dict[str, Any]


class _Function(msgspec.Struct):
    name: str = ""
    arguments: JsonObject | str | None = None


class _Call(msgspec.Struct):
    function: _Function | None = None
    id: str | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct):
    model: str | None = None
    created_at: str | None = None
    message: _Message | None = None
    done: bool | None = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    logprobs: list[Token] | None = None
    error: Any = None


_line = msgspec.json.Decoder(_Line)
_FRACTION = re.compile(r"\.\d+")


class LineDecoder(OnePartAtATime):
    """Assembles the parts; a new one begins where the kind of words changes."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._endpoint = call.endpoint
        self._state: ProviderState = {"provider": call.endpoint.id}
        self._calls = 0
        self._model = ""
        self._created: int | None = None
        self._done = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        if self._done:
            return []
        line = read_json(_line, event.data, self._endpoint)
        if line.error is not None:
            raise named(peek_json(event.data), self._endpoint)
        if line.model and not self._model:
            self._model = line.model
        if self._created is None and line.created_at:
            self._created = _seconds(line.created_at)
        events: list[StreamEvent] = []
        if (message := line.message) is not None:
            if message.thinking:
                self._words("thinking", message.thinking, events)
            if message.content:
                self._words("text", message.content, events)
            for told in message.tool_calls or ():
                self._take_call(told, events)
        if line.logprobs:
            events.append(Logprobs(tokens_of(line.logprobs)))
        if line.done:
            self._end(line, events)
        return events

    def finish(self) -> list[StreamEvent]:
        if not self._done:
            raise interrupted(self._endpoint)
        return []

    def _end(self, line: _Line, events: list[StreamEvent]) -> None:
        self._done = True
        self._close(events)
        if line.prompt_eval_count is not None or line.eval_count is not None:
            # A prompt that was read from the cache as a whole is not counted by some versions.
            usage = Usage(input_tokens=count(line.prompt_eval_count), output_tokens=count(line.eval_count))
            events.append(UsageUpdate(usage))
        detail = line.done_reason or ""
        events.append(Stop(self._reason(line), detail, model_answered=self._model, created=self._created))

    def _reason(self, line: _Line) -> StopReason:
        """One word stands for both limits: where it was not ours, it was the context window's."""
        detail, most = line.done_reason or "", self._call.request.parameters.max_output_tokens
        if detail == "length":
            ours = most is not None and (line.eval_count is None or line.eval_count >= most)
            return "max_tokens" if ours else "context_window"
        if detail in ("", "stop"):
            return "tool_calls" if self._calls else "end"
        return "other"

    def _words(self, kind: str, text: str, events: list[StreamEvent]) -> None:
        if self._kind != kind:
            thinking = kind == "thinking"
            self._open(kind, ThinkingPart(provider_state=self._state) if thinking else TextPart(), events)
        events.append(PartDelta(self._index, text))

    def _take_call(self, told: _Call, events: list[StreamEvent]) -> None:
        function = told.function or _Function()
        arguments = function.arguments
        if not isinstance(arguments, str):
            arguments = msgspec.json.encode(arguments or {}).decode()
        part = ToolCallPart(
            call_id=told.id or self._call_id(function.name, arguments),
            name=function.name,
            arguments=arguments,
            provider_state=self._state,
        )
        self._calls += 1
        self._open("call", part, events)

    def _call_id(self, name: str, arguments: str) -> str:
        """An id for a call that came without one: the same whenever this answer to this conversation
        is read, another for every call of the conversation."""
        earlier = [
            part.call_id
            for message in self._call.request.messages
            for part in message.parts
            if isinstance(part, ToolCallPart)
        ]
        told = "\n".join((*earlier, str(self._calls), name, arguments))
        return "call_" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def whole(body: bytes, call: Call) -> list[StreamEvent]:
    """The events of an answer that was not streamed, or of a stream under another name. Raises
    InvalidResponse."""
    decoder = LineDecoder(call)
    if peek_json(body) is not None:
        lines = [ServerEvent("", body)]
    else:
        parser = LineParser()
        lines = [*parser.feed(body), *parser.finish()]
    events = [event for line in lines for event in decoder.feed(line)]
    if not events:
        raise invalid(call.endpoint, body)
    return [*events, *decoder.finish()]


def _seconds(moment: str) -> int | None:
    """RFC 3339 with any number of decimals as seconds since the epoch."""
    try:
        when = datetime.fromisoformat(_FRACTION.sub("", moment))
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
