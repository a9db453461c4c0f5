"""Mistral's chunks and answers as our events (mistralai 3.7.0: completionchunk.py, deltamessage.py,
contentchunk.py, chatcompletionresponse.py, usageinfo.py).

Content is a string or a list of chunks; tool calls come whole, their arguments as text or as the
object itself.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.ids import new_id
from chatbench.core.messages import Citation, ProviderState, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.requests import StopReason
from chatbench.core.streams import (
    Logprobs,
    PartDelta,
    PartEnd,
    Stop,
    StreamEvent,
    Unknown,
    UsageUpdate,
)
from chatbench.core.usage import Usage
from chatbench.providers.decoding import (
    OnePartAtATime,
    Token,
    any_json,
    as_text,
    count,
    invalid,
    peek_json,
    read_json,
    tokens_of,
)
from chatbench.providers.mistral.naming import named
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted

JsonObject = dict[str, Any]

_STOPS: dict[str, StopReason] = {
    "stop": "end",
    "length": "max_tokens",
    "model_length": "context_window",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | JsonObject | None = None


class _Call(msgspec.Struct):
    function: _Function | None = None
    id: str | None = None
    index: int | None = None


class _Message(msgspec.Struct):
    content: str | list[Any] | None = None
    tool_calls: list[_Call] | None = None


class _Tokens(msgspec.Struct):
    content: list[Token] | None = None


class _Choice(msgspec.Struct):
    index: int | None = 0
    delta: _Message | None = None
    message: _Message | None = None
    messages: list[_Message] | None = None
    finish_reason: str | None = None
    logprobs: _Tokens | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    num_cached_tokens: int | None = None
    service_tier: str | None = None


class _Chunk(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    object: str | None = None
    created: int | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


_chunk = msgspec.json.Decoder(_Chunk)


class ChunkDecoder:
    """Assembles the parts of each choice; a new part begins where the kind of words changes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._choices: dict[int, _Alternative] = {}
        self._about = _Chunk()
        self._tier = ""
        self._done = False
        self._stopped = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        data = event.data
        if data == b"[DONE]":
            self._done = True
            return self._end()
        if not data or self._stopped:
            return []
        if event.event == "error":
            raise named(peek_json(data), self._endpoint)
        return self.take(data)

    def finish(self) -> list[StreamEvent]:
        """The finish reasons are an end too, should `[DONE]` be missing."""
        told = [choice.finish for choice in self._choices.values()]
        if not self._done and not (told and all(told)):
            raise interrupted(self._endpoint)
        return self._end()

    def take(self, data: bytes) -> list[StreamEvent]:
        """The events of one chunk; raises the error it may hold."""
        chunk = read_json(_chunk, data, self._endpoint)
        if chunk.error is not None or chunk.object == "error":
            raise named(peek_json(data), self._endpoint)
        about = self._about
        about.id, about.model = about.id or chunk.id, about.model or chunk.model
        if about.created is None:
            about.created = chunk.created
        events: list[StreamEvent] = []
        for choice in chunk.choices or ():
            self._take_choice(choice, events)
        if chunk.usage is not None:
            self._tier = chunk.usage.service_tier or self._tier
            events.append(UsageUpdate(_usage(chunk.usage)))
        if chunk.choices is None and chunk.usage is None:
            events.append(Unknown(chunk.object or "chunk", read_json(any_json, data, self._endpoint)))
        return events

    def _take_choice(self, choice: _Choice, events: list[StreamEvent]) -> None:
        number = choice.index or 0
        alternative = self._choices.get(number)
        if alternative is None:
            alternative = self._choices[number] = _Alternative(number, self._endpoint.id)
        if (message := choice.delta or choice.message) is not None:
            alternative.take(message, events)
        elif choice.messages:
            for message in choice.messages:
                alternative.take(message, events)
        if choice.logprobs and choice.logprobs.content:
            events.append(Logprobs(tokens_of(choice.logprobs.content), number))
        if choice.finish_reason == "error":
            raise named({}, self._endpoint)
        alternative.finish = choice.finish_reason or alternative.finish

    def _end(self) -> list[StreamEvent]:
        if self._stopped:
            return []
        self._stopped = True
        events: list[StreamEvent] = []
        for number, choice in sorted(self._choices.items() or [(0, _Alternative(0, self._endpoint.id))]):
            choice.end(events)
            stop = Stop(
                choice.reason,
                choice.finish,
                response_id=self._about.id or "",
                model_answered=self._about.model or "",
                choice=number,
                created=self._about.created,
                service_tier=self._tier,
            )
            events.append(stop)
        return events


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of an answer that was not streamed. Raises InvalidResponse."""
    decoder = ChunkDecoder(endpoint)
    events = decoder.take(body)
    if all(isinstance(event, Unknown | UsageUpdate) for event in events) and not _has_choices(body):
        raise invalid(endpoint, body)
    return [*events, *decoder.feed(ServerEvent("", b"[DONE]"))]


def _has_choices(body: bytes) -> bool:
    told = peek_json(body)
    return isinstance(told, dict) and bool(told.get("choices"))


class _OpenCall:
    """A tool call that is being told. `index` is its part's."""

    def __init__(self, index: int, call_id: str, name: str) -> None:
        self.index = index
        self.id = call_id
        self.name = name
        self.arguments: list[str] = []


class _Alternative(OnePartAtATime):
    """One choice: which part is open, which calls were begun."""

    def __init__(self, number: int, provider: str) -> None:
        self._number = number
        self._provider = provider
        self._calls: list[_OpenCall] = []
        self._by_place: dict[int, _OpenCall] = {}
        self._kept: JsonObject = {}
        self._inner: list[JsonObject] = []
        self._length = 0
        self._references: list[JsonObject] = []
        self.finish = ""

    @property
    def reason(self) -> StopReason:
        reason = _STOPS.get(self.finish, "other" if self.finish else "end")
        return "tool_calls" if reason == "end" and self._calls else reason

    def take(self, message: _Message, events: list[StreamEvent]) -> None:
        content = message.content
        if isinstance(content, str):
            if content:
                self._words(content, events)
        else:
            for item in content or ():
                self._take_item(item, events)
        for call in message.tool_calls or ():
            self._take_call(call, events)

    def end(self, events: list[StreamEvent]) -> None:
        """What can be said only at the end: the calls, as they are now known."""
        self._close(events)
        for call in self._calls:
            part = ToolCallPart(
                call_id=call.id,
                name=call.name,
                arguments="".join(call.arguments),
                provider_state={"provider": self._provider},
            )
            events.append(PartEnd(call.index, part, choice=self._number))

    def _words(self, text: str, events: list[StreamEvent]) -> None:
        self._open_text(events)
        self._length += len(text)
        events.append(PartDelta(self._index, text, choice=self._number))

    def _open_text(self, events: list[StreamEvent]) -> None:
        if self._kind != "text":
            self._length, self._references = 0, []
            self._open("text", TextPart(), events)

    def _take_item(self, item: Any, events: list[StreamEvent]) -> None:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "text" and isinstance(text := item.get("text"), str):
            if text:
                self._words(text, events)
        elif kind == "thinking":
            self._think(item, events)
        elif kind == "reference":
            self._refer(item, events)
        else:
            events.append(Unknown(str(kind or "content"), item, choice=self._number))

    def _refer(self, item: JsonObject, events: list[StreamEvent]) -> None:
        """Which results the words before it rest on; it goes back to where it stood among them."""
        self._open_text(events)
        self._references.append({"at": self._length, "chunk": item})
        told = item.get("reference_ids")
        for name in told if isinstance(told, list) else ():
            cited = Citation(title=f"Reference {name}", end=self._length)
            events.append(PartDelta(self._index, citation=cited, choice=self._number))
        state = {"provider": self._provider, "references": list(self._references)}
        events.append(PartDelta(self._index, provider_state=state, choice=self._number))

    def _think(self, item: JsonObject, events: list[StreamEvent]) -> None:
        if self._kind != "thinking":
            state: ProviderState = {"provider": self._provider, "chunk": {}}
            self._kept, self._inner = {}, []
            self._open("thinking", ThinkingPart(provider_state=state), events)
        told = item.get("thinking")
        pieces = told if isinstance(told, list) else [{"type": "text", "text": told}]
        text = "".join(as_text(piece.get("text")) for piece in pieces if isinstance(piece, dict))
        self._kept |= {name: value for name, value in item.items() if name not in ("type", "thinking")}
        self._inner += [p for p in pieces if isinstance(p, dict) and p.get("type") not in (None, "text")]
        state = {"chunk": dict(self._kept), **({"inner": list(self._inner)} if self._inner else {})}
        events.append(PartDelta(self._index, text, provider_state=state, choice=self._number))

    def _take_call(self, told: _Call, events: list[StreamEvent]) -> None:
        function = told.function or _Function()
        call_id = told.id if told.id and told.id != "null" else ""
        call = self._known(call_id, told)
        if call is None:
            part = ToolCallPart(
                call_id=call_id or new_id(),
                name=function.name or "",
                provider_state={"provider": self._provider},
            )
            call = _OpenCall(self._open("", part, events), part.call_id, part.name)
            self._calls.append(call)
            if told.index is not None:
                self._by_place[told.index] = call
        call.name = call.name or function.name or ""
        text = function.arguments or ""
        if isinstance(text, dict):
            text = msgspec.json.encode(text).decode()
        if text:
            call.arguments.append(text)
            events.append(PartDelta(call.index, text, choice=self._number))

    def _known(self, call_id: str, told: _Call) -> _OpenCall | None:
        """The call that a fragment belongs to; None for a new one."""
        if call_id:
            return next((call for call in self._calls if call.id == call_id), None)
        return self._by_place.get(told.index) if told.index is not None else None


def _usage(told: _Usage) -> Usage:
    """Tokens; what was read from the cache is part of the prompt."""
    read = told.prompt_tokens_details.cached_tokens if told.prompt_tokens_details else None
    thought = told.completion_tokens_details.reasoning_tokens if told.completion_tokens_details else None
    return Usage(
        input_tokens=count(told.prompt_tokens),
        output_tokens=count(told.completion_tokens),
        cache_read_tokens=count(told.num_cached_tokens if read is None else read),
        reasoning_tokens=count(thought),
    )
