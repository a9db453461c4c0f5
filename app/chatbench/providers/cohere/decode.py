"""Cohere's events and answers as ours (cohere 7.3.1: v2/types/v2chat_stream_response.py,
v2chat_response.py, types/citation.py, source.py, usage.py, logprob_item.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import Timeout
from chatbench.core.ids import new_id
from chatbench.core.messages import Citation, ProviderState, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.requests import StopReason, TokenLogprob
from chatbench.core.streams import (
    Logprobs,
    PartDelta,
    Stop,
    StreamEvent,
    Unknown,
    UsageUpdate,
)
from chatbench.core.usage import Usage
from chatbench.providers.cohere.naming import named
from chatbench.providers.decoding import (
    OnePartAtATime,
    any_json,
    count,
    invalid,
    offset,
    peek_json,
    read_json,
)
from chatbench.providers.naming import Verdict, error_of
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted

JsonObject = dict[str, Any]

_STOPS: dict[str, StopReason] = {
    "COMPLETE": "end",
    "STOP_SEQUENCE": "stop_sequence",
    "MAX_TOKENS": "max_tokens",
    "TOOL_CALL": "tool_calls",
    "ERROR_LIMIT": "context_window",
    "ERROR_TOXIC": "content_filter",
    "USER_CANCEL": "cancelled",
}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    id: str | None = None
    function: _Function | None = None


class _Item(msgspec.Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class _Message(msgspec.Struct):
    """`content`, `tool_calls` and `citations` are one item in an event, a list in a whole answer."""

    content: _Item | list[_Item] | None = None
    tool_plan: str | None = None
    tool_calls: _Call | list[_Call] | None = None
    citations: JsonObject | list[JsonObject] | None = None


class _Tokens(msgspec.Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class _Usage(msgspec.Struct):
    billed_units: _Tokens | None = None
    tokens: _Tokens | None = None
    cached_tokens: float | None = None


class _Chunk(msgspec.Struct):
    """Some words, the ids of their tokens, and the tokens' probabilities."""

    text: str | None = None
    token_ids: list[int] = []
    logprobs: list[float] | None = None


class _Delta(msgspec.Struct):
    message: _Message | None = None
    finish_reason: str | None = None
    error: str | None = None
    usage: _Usage | None = None


class _Event(msgspec.Struct):
    type: str = ""
    id: str | None = None
    index: int | None = None
    delta: _Delta | None = None
    logprobs: _Chunk | None = None
    message: Any = None


class _Answer(msgspec.Struct):
    message: _Message
    id: str = ""
    finish_reason: str | None = None
    usage: _Usage | None = None
    logprobs: list[_Chunk] | None = None


_event = msgspec.json.Decoder(_Event)
_answer = msgspec.json.Decoder(_Answer)


class EventDecoder(OnePartAtATime):
    """Assembles the parts. Cohere's index counts contents and calls apart; ours counts parts."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._state: ProviderState = {"provider": endpoint.id}
        self._id = ""
        self._texts: dict[int, int] = {}
        self._cited: dict[int, list[JsonObject]] = {}
        self._calls = 0
        self._done = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        if self._done or not event.data or event.data == b"[DONE]":
            return []
        told = read_json(_event, event.data, self._endpoint)
        delta = told.delta or _Delta()
        events: list[StreamEvent] = []
        kind = told.type or event.event
        if told.id and not self._id:
            self._id = told.id
        if kind == "message-end":
            self.end(delta.finish_reason, delta.error, delta.usage, events)
        elif kind in ("content-end", "tool-call-end"):
            self._close(events)
        elif kind == "error" or (not kind and told.message is not None):
            raise named(peek_json(event.data), self._endpoint)
        elif kind not in ("message-start", "citation-end") and not self._take(
            kind, delta.message or _Message(), told.index, events
        ):
            events.append(Unknown(kind, read_json(any_json, event.data, self._endpoint)))
        if told.logprobs is not None:
            events.append(Logprobs(tuple(_logprobs(told.logprobs))))
        return events

    def finish(self) -> list[StreamEvent]:
        if not self._done:
            raise interrupted(self._endpoint)
        return []

    def _take(self, kind: str, message: _Message, index: int | None, events: list[StreamEvent]) -> bool:
        """What an event tells of the message; False where it is of a kind not known."""
        if kind in ("content-start", "content-delta") and isinstance(message.content, _Item):
            self._take_item(message.content, index, kind == "content-start", events)
        elif kind == "tool-plan-delta":
            if message.tool_plan:
                self._words("plan", message.tool_plan, events)
        elif kind in ("tool-call-start", "tool-call-delta") and isinstance(message.tool_calls, _Call):
            self._take_call(message.tool_calls, kind == "tool-call-start", events)
        elif kind == "citation-start" and isinstance(message.citations, dict):
            self._cite(message.citations, events)
        else:
            return False
        return True

    def take_whole(self, message: _Message, events: list[StreamEvent]) -> None:
        """A whole message, in the order in which it would be streamed."""
        if message.tool_plan:
            self._words("plan", message.tool_plan, events)
        for call in _many(message.tool_calls):
            self._take_call(call, True, events)
        for index, item in enumerate(_many(message.content)):
            self._take_item(item, index, True, events)
        self._close(events)
        for citation in _many(message.citations):
            self._cite(citation, events)

    def _take_item(self, item: _Item, index: int | None, begins: bool, events: list[StreamEvent]) -> None:
        thinks = item.type == "thinking" or (item.type is None and item.thinking is not None)
        kind = "thinking" if thinks else "text"
        if begins or self._kind != kind:
            self._begin(kind, events)
            if kind == "text" and index is not None:
                self._texts[index] = self._index
        if text := item.thinking if thinks else item.text:
            events.append(PartDelta(self._index, text))

    def _words(self, kind: str, text: str, events: list[StreamEvent]) -> None:
        if self._kind != kind:
            self._begin(kind, events)
        events.append(PartDelta(self._index, text))

    def _begin(self, kind: str, events: list[StreamEvent]) -> None:
        """Begins a part of words, of thoughts, or of a plan."""
        plan = {"field": "tool_plan"} if kind == "plan" else {}
        part = TextPart() if kind == "text" else ThinkingPart(provider_state={**self._state, **plan})
        self._open(kind, part, events)

    def _take_call(self, call: _Call, begins: bool, events: list[StreamEvent]) -> None:
        function = call.function or _Function()
        if begins or self._kind != "call":
            part = ToolCallPart(
                call_id=call.id or new_id(), name=function.name or "", provider_state=self._state
            )
            self._open("call", part, events)
            self._calls += 1
        if function.arguments:
            events.append(PartDelta(self._index, function.arguments))

    def _cite(self, told: JsonObject, events: list[StreamEvent]) -> None:
        """A citation stands with the text it is in; of thoughts and plans nothing is cited on."""
        place = told.get("content_index")
        index = self._texts.get(place) if isinstance(place, int) else None
        if index is None:
            index = next(reversed(self._texts.values()), None)
        if index is None or told.get("type") not in (None, "TEXT_CONTENT"):
            events.append(Unknown("citation", told))
            return
        kept = self._cited.setdefault(index, [])
        kept.append(told)
        state = {**self._state, "citations": list(kept)}
        citations = list(_citations(told))
        events.extend(PartDelta(index, citation=citation) for citation in citations)
        events.append(PartDelta(index, provider_state=state))

    def end(
        self, reason: str | None, error: str | None, usage: _Usage | None, events: list[StreamEvent]
    ) -> None:
        """The end of an answer. Raises the error it may be."""
        self._done = True
        self._close(events)
        if usage is not None:
            events.append(UsageUpdate(_usage(usage)))
        word = reason or ""
        if word == "TIMEOUT":
            raise error_of(Verdict(kind=Timeout, text=error or ""), self._endpoint, None, error or word)
        if error or word == "ERROR":
            raise named({"message": error or ""}, self._endpoint)
        stop = _STOPS.get(word, "other" if word else "end")
        if stop == "end" and self._calls:
            stop = "tool_calls"
        events.append(Stop(stop, word, response_id=self._id))


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of an answer that was not streamed. Raises InvalidResponse."""
    told = read_json(_answer, body, endpoint)
    decoder = EventDecoder(endpoint)
    decoder.feed(ServerEvent("", msgspec.json.encode({"type": "message-start", "id": told.id})))
    events: list[StreamEvent] = []
    decoder.take_whole(told.message, events)
    if told.finish_reason is None and not events:
        raise invalid(endpoint, body)
    tokens = [token for chunk in told.logprobs or () for token in _logprobs(chunk)]
    if tokens:
        events.append(Logprobs(tuple(tokens)))
    decoder.end(told.finish_reason, None, told.usage, events)
    return events


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _citations(told: JsonObject) -> Iterator[Citation]:
    """One for each source; without any, the passage alone."""
    start, end = offset(told.get("start")), offset(told.get("end"))
    sources = told.get("sources")
    for source in (sources if isinstance(sources, list) else []) or [{}]:
        about = source if isinstance(source, dict) else {}
        held = about.get("document") or about.get("tool_output")
        document = held if isinstance(held, dict) else {}
        quoted = _text(document, "snippet", "text", "content") or _text(told, "text")
        yield Citation(
            url=_text(document, "url"),
            title=_text(document, "title") or _text(about, "id"),
            cited_text=quoted,
            start=start,
            end=end,
        )


def _text(value: JsonObject, *names: str) -> str:
    return next((found for name in names if isinstance(found := value.get(name), str) and found), "")


def _logprobs(chunk: _Chunk) -> Iterator[TokenLogprob]:
    """A chunk of several tokens gives their ids for names: its words are not told apart."""
    told = chunk.logprobs or []
    if len(told) == 1:
        yield TokenLogprob(chunk.text or "", told[0])
    else:
        for number, token_id in zip(told, chunk.token_ids, strict=False):
            yield TokenLogprob(str(token_id), number)


def _usage(told: _Usage) -> Usage:
    """What is billed; Cohere's own count of the tokens is larger by what it adds to the prompt."""
    billed, counted = told.billed_units or _Tokens(), told.tokens or _Tokens()
    input_tokens = count(counted.input_tokens if billed.input_tokens is None else billed.input_tokens)
    return Usage(
        input_tokens=input_tokens,
        output_tokens=count(counted.output_tokens if billed.output_tokens is None else billed.output_tokens),
        cache_read_tokens=min(count(told.cached_tokens), input_tokens),
    )
