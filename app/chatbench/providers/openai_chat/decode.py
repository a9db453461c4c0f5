"""Chat Completions chunks as stream events (types/chat/chat_completion_chunk.py, openai 3.52.0),
and what compatible servers make of them (wire facts of Groq, OpenRouter, Mistral, vLLM, llama.cpp).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import Citation, Part, RefusalPart, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.requests import StopReason
from chatbench.core.streams import (
    PartDelta,
    PartEnd,
    PartStart,
    Stop,
    StreamEvent,
    Unknown,
    UsageUpdate,
)
from chatbench.core.usage import Usage
from chatbench.providers.decoding import any_json, invalid, read_json
from chatbench.providers.openai_chat.naming import named
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: Any = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    reasoning_details: list[Any] | None = None
    tool_calls: list[_ToolCall] | None = None
    annotations: list[Any] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cost: Decimal | None = None

    def value(self) -> Usage:
        told, made = self.prompt_tokens_details, self.completion_tokens_details
        read = told.cached_tokens if told else None
        return Usage(
            input_tokens=self.prompt_tokens or 0,
            output_tokens=self.completion_tokens or 0,
            cache_read_tokens=(read if read is not None else self.prompt_cache_hit_tokens) or 0,
            cache_write_tokens=(told.cache_write_tokens if told else 0) or 0,
            input_audio_tokens=(told.audio_tokens if told else 0) or 0,
            reasoning_tokens=(made.reasoning_tokens if made else 0) or 0,
            output_audio_tokens=(made.audio_tokens if made else 0) or 0,
            provider_cost=self.cost,
        )


class _Groq(msgspec.Struct):
    usage: _Usage | None = None
    error: Any = None


class _Chunk(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None
    x_groq: _Groq | None = None
    object: str | None = None


_chunk = msgspec.json.Decoder(_Chunk, strict=False)

_REASONS: dict[str, StopReason] = {
    "stop": "end",
    "length": "max_tokens",
    "model_length": "context_window",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_THINKING, _TEXT, _REFUSAL, _CALLS = 0, 1, 2, 3
"""Where parts stand in reading order; tool calls follow one another from `_CALLS` on."""


class _Alternative:
    """One choice of the response while it comes in."""

    def __init__(self, number: int, endpoint: Endpoint) -> None:
        self._number = number
        self._endpoint = endpoint
        self._segment = 0
        self._open: dict[int, int] = {}
        self._details: list[dict[str, Any]] = []
        self._calls: list[tuple[int | None, str]] = []
        self.reason: str | None = None

    def delta(self, delta: _Delta, events: list[StreamEvent]) -> None:
        content = delta.content
        if content:
            if isinstance(content, str):
                self._say(_TEXT, content, events)
            else:
                self._pieces(content, events)
        thinking = delta.reasoning or delta.reasoning_content
        if thinking or delta.reasoning_details:
            self._think(thinking or "", delta.reasoning_details, events)
        if delta.refusal:
            self._say(_REFUSAL, delta.refusal, events)
        if delta.tool_calls:
            for call in delta.tool_calls:
                self._call(call, events)
        if delta.annotations:
            self._cite(delta.annotations, events)

    def _say(self, place: int, text: str, events: list[StreamEvent]) -> None:
        index = self._open.get(place)
        if index is None:
            index = self._begin(place, events)
        events.append(PartDelta(index, text, choice=self._number))

    def _begin(self, place: int, events: list[StreamEvent]) -> int:
        """Opens a part. Thinking after text begins a new round, which comes after it."""
        if place == _THINKING and _TEXT in self._open:
            self._segment += 1
            self._open = {}
        index = self._segment * 1000 + place
        self._open[place] = index
        state = {"provider": self._endpoint.id}
        part: Part = TextPart()
        if place == _THINKING:
            part = ThinkingPart(provider_state=state)
        elif place == _REFUSAL:
            part = RefusalPart()
        events.append(PartStart(index, part, choice=self._number))
        return index

    def _think(self, text: str, details: list[Any] | None, events: list[StreamEvent]) -> None:
        if text or _THINKING not in self._open:
            self._say(_THINKING, text, events)
        if details:
            self._details = merged_details(self._details, details)
            index = self._open[_THINKING]
            state = {"reasoning_details": self._details}
            events.append(PartDelta(index, provider_state=state, choice=self._number))

    def _pieces(self, content: list[Any], events: list[StreamEvent]) -> None:
        """Mistral's list form: text and thinking chunks."""
        for piece in content:
            if not isinstance(piece, dict):
                continue
            if piece.get("type") == "text" and piece.get("text"):
                self._say(_TEXT, str(piece["text"]), events)
            elif piece.get("type") == "thinking":
                inner = piece.get("thinking")
                texts = [inner] if isinstance(inner, str) else [
                    str(p.get("text", "")) for p in inner or [] if isinstance(p, dict)
                ]  # fmt: skip
                if any(texts):
                    self._say(_THINKING, "".join(texts), events)
            else:
                events.append(Unknown(str(piece.get("type")), piece, choice=self._number))

    def _call(self, call: _ToolCall, events: list[StreamEvent]) -> None:
        function = call.function or _Function()
        place = self._call_place(call)
        if place is None:
            place = len(self._calls)
            self._calls.append((call.index, call.id or ""))
            part = ToolCallPart(call_id=call.id or f"call_{self._number}_{place}", name=function.name or "")
            events.append(PartStart(500_000 + _CALLS + place, part, choice=self._number))
        arguments = function.arguments
        if arguments and not isinstance(arguments, str):
            arguments = msgspec.json.encode(arguments).decode()
        if arguments:
            events.append(PartDelta(500_000 + _CALLS + place, arguments, choice=self._number))

    def _call_place(self, call: _ToolCall) -> int | None:
        """Which call a fragment belongs to: a new id begins a new one even under an old index."""
        if call.id and (call.function is None or call.function.name):
            known = [at for at, (_, name) in enumerate(self._calls) if name == call.id]
            return known[0] if known else None
        if call.index is not None:
            known = [at for at, (index, _) in enumerate(self._calls) if index == call.index]
            return known[-1] if known else None
        return len(self._calls) - 1 if self._calls else None

    def _cite(self, annotations: list[Any], events: list[StreamEvent]) -> None:
        index = self._open.get(_TEXT)
        for item in annotations:
            told = item.get("url_citation") if isinstance(item, dict) else None
            if not isinstance(told, dict) or not isinstance(told.get("url"), str):
                events.append(Unknown("annotation", item, choice=self._number))
                continue
            if index is None:
                index = self._begin(_TEXT, events)
            citation = Citation(
                url=told["url"],
                title=str(told.get("title") or ""),
                start=_whole(told.get("start_index")),
                end=_whole(told.get("end_index")),
            )
            events.append(PartDelta(index, citation=citation, choice=self._number))

    def end(self) -> list[StreamEvent]:
        parts = [PartEnd(index, choice=self._number) for index in self._open.values()]
        calls = [PartEnd(500_000 + _CALLS + place, choice=self._number) for place in range(len(self._calls))]
        return [*parts, *calls]

    def stop(self, response_id: str, model: str) -> Stop:
        reason: StopReason = _REASONS.get(self.reason or "", "other")
        if reason == "end" and self._calls:
            reason = "tool_calls"
        if reason == "end" and _REFUSAL in self._open:
            reason = "refusal"
        return Stop(reason, self.reason or "", response_id, model, choice=self._number)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def merged_details(known: list[dict[str, Any]], more: list[Any]) -> list[dict[str, Any]]:
    """OpenRouter's reasoning details: pieces of one index and type are joined, to be sent back."""
    found = [dict(item) for item in known]
    for piece in more:
        if not isinstance(piece, dict):
            continue
        same = next(
            (
                item
                for item in found
                if piece.get("index") is not None
                and item.get("index") == piece.get("index")
                and item.get("type") == piece.get("type")
            ),
            None,
        )
        if same is None:
            found.append(dict(piece))
            continue
        for name, value in piece.items():
            if name in ("text", "summary", "data") and isinstance(value, str):
                same[name] = f"{same.get(name) or ''}{value}"
            elif value is not None:
                same[name] = value
    return found


class ChunkDecoder:
    """Chunks in, events out. The end is `[DONE]` or a finish reason for every choice."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._choices: dict[int, _Alternative] = {}
        self._first: _Alternative | None = None
        self._id = ""
        self._model = ""
        self._done = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        data = event.data
        if data == b"[DONE]":
            self._done = True
            return []
        try:
            chunk = _chunk.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._strange(data)
        events: list[StreamEvent] = []
        choices = chunk.choices
        if choices:
            for choice in choices:
                alternative = self._choices.get(choice.index)
                if alternative is None:
                    alternative = _Alternative(choice.index, self._endpoint)
                    self._choices[choice.index] = alternative
                delta = choice.delta or choice.message
                if delta is not None:
                    alternative.delta(delta, events)
                if choice.finish_reason:
                    alternative.reason = choice.finish_reason
        self._rest(chunk, events)
        return events

    def _rest(self, chunk: _Chunk, events: list[StreamEvent]) -> None:
        if chunk.id and not self._id:
            self._id = chunk.id
        if chunk.model and not self._model:
            self._model = chunk.model
        groq = chunk.x_groq
        if chunk.error or (groq is not None and groq.error):
            raise named({"error": chunk.error or (groq.error if groq else None)}, self._endpoint)
        usage = chunk.usage or (groq.usage if groq is not None else None)
        if usage is not None:
            events.append(UsageUpdate(usage.value()))
        if chunk.choices is None and usage is None and chunk.object not in (None, "chat.completion.chunk"):
            events.append(Unknown(chunk.object or ""))

    def _strange(self, data: bytes) -> list[StreamEvent]:
        """JSON of another shape is kept; what is not JSON is an error."""
        value = read_json(any_json, data, self._endpoint)
        if isinstance(value, dict) and value.get("error"):
            raise named(value, self._endpoint)
        kind = value.get("object") if isinstance(value, dict) else None
        return [Unknown(str(kind or "chunk"), value)]

    def finish(self) -> list[StreamEvent]:
        alternatives = self._choices.values()
        if not self._done and not (alternatives and all(a.reason for a in alternatives)):
            raise interrupted(self._endpoint)
        if not alternatives:
            return [Stop("other", "", self._id, self._model)]
        events: list[StreamEvent] = []
        for alternative in alternatives:
            if alternative.reason == "error":
                raise named({"error": {"message": "the provider ended with an error"}}, self._endpoint)
            events.extend(alternative.end())
            events.append(alternative.stop(self._id, self._model))
        return events


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of a response that was not streamed. Raises InvalidResponse, or the error told
    in a body of status 200."""
    chunk = read_json(_chunk, body, endpoint)
    if chunk.choices is None and not chunk.error:
        raise invalid(endpoint, body)
    decoder = ChunkDecoder(endpoint)
    events = decoder.feed(ServerEvent("", body))
    decoder.feed(ServerEvent("", b"[DONE]"))
    return [*events, *decoder.finish()]
