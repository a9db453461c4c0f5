"""Responses events and objects as ours (openai 3.52.0: response_stream_event.py, response_output_item.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    Citation,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    UnknownPart,
)
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
from chatbench.providers.openai_responses.naming import named
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted

JsonObject = dict[str, Any]


class _Piece(msgspec.Struct):
    """The events that come by the hundred: a little more of one part."""

    delta: str = ""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0


class _Annotation(msgspec.Struct):
    type: str = ""
    url: str = ""
    title: str = ""
    filename: str = ""
    start_index: int | None = None
    end_index: int | None = None


class _Content(msgspec.Struct):
    type: str = ""
    text: str = ""
    refusal: str = ""
    annotations: list[_Annotation] | None = None


class _Item(msgspec.Struct):
    """An output item of one of the three kinds this wire understands."""

    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str = ""
    arguments: str = ""
    phase: str | None = None
    status: str | None = None
    content: list[_Content] | None = None
    summary: list[_Content] | None = None
    encrypted_content: str | None = None


class _Event(msgspec.Struct):
    output_index: int = 0
    content_index: int = 0
    item: JsonObject | None = None
    part: _Content | None = None
    annotation: _Annotation | None = None
    response: JsonObject | None = None


class _WriteDetails(msgspec.Struct):
    ttl_12h_tokens: int = 0


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = 0
    cache_write_tokens: int | None = 0
    cache_write_tokens_details: _WriteDetails | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = 0


class _Usage(msgspec.Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Searches(msgspec.Struct):
    num_requests: int = 0


class _ToolUsage(msgspec.Struct):
    web_search: _Searches | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    id: str = ""
    model: str = ""
    status: str | None = None
    output: list[JsonObject] | None = None
    incomplete_details: _Incomplete | None = None
    usage: _Usage | None = None
    tool_usage: _ToolUsage | None = None


_piece = msgspec.json.Decoder(_Piece)
_event = msgspec.json.Decoder(_Event)

_UNDERSTOOD = ("message", "reasoning", "function_call")
_NEWS = frozenset({"response.created", "response.queued", "response.in_progress"})
_DONE_BY_ITEM = frozenset(
    {
        "response.output_text.done",
        "response.refusal.done",
        "response.function_call_arguments.done",
        "response.content_part.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.done",
    }
)
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_STOPS: dict[str, StopReason] = {
    "max_output_tokens": "max_tokens",
    "content_filter": "content_filter",
}


class EventDecoder:
    """Assembles parts by (output_index, content_index); an item's own end wins over its deltas.

    A part's index is the output index with sixteen bits below it for the content's, so that the
    indices ascend in reading order. One reasoning item is one part, its summaries set apart by
    an empty line.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._open: set[int] = set()
        self._thought: dict[int, tuple[str, int]] = {}
        self._done: set[int] = set()
        self._reason: StopReason = "end"
        self._stopped = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        data = event.data
        kind = event.event or self._kind(data)
        if kind == "response.output_text.delta":
            piece = read_json(_piece, data, self._endpoint)
            index = piece.output_index << 16 | piece.content_index
            if index in self._open:
                return [PartDelta(index, piece.delta)]
            return self._begun(index, TextPart(), piece.delta)
        if kind.endswith(".delta"):
            return self._other_delta(kind, data)
        if kind in _DONE_BY_ITEM or kind in _NEWS:
            return []
        return self._rare(kind, data)

    def finish(self) -> list[StreamEvent]:
        if not self._stopped:
            raise interrupted(self._endpoint)
        return []

    def _kind(self, data: bytes) -> str:
        value = read_json(any_json, data, self._endpoint) if data != b"[DONE]" else {}
        return str(value.get("type", "")) if isinstance(value, dict) else ""

    def _begun(self, index: int, part: Part, text: str) -> list[StreamEvent]:
        if index in self._open:
            return [PartDelta(index, text)]
        self._open.add(index)
        return [PartStart(index, part), PartDelta(index, text)]

    def _other_delta(self, kind: str, data: bytes) -> list[StreamEvent]:
        if kind == "response.function_call_arguments.delta":
            piece = read_json(_piece, data, self._endpoint)
            return self._begun(piece.output_index << 16, ToolCallPart(call_id="", name=""), piece.delta)
        if kind == "response.refusal.delta":
            piece = read_json(_piece, data, self._endpoint)
            index = piece.output_index << 16 | piece.content_index
            return self._begun(index, RefusalPart(), piece.delta)
        if kind in {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}:
            piece = read_json(_piece, data, self._endpoint)
            place = (kind, piece.summary_index or piece.content_index)
            before = self._thought.setdefault(piece.output_index, place)
            self._thought[piece.output_index] = place
            text = piece.delta if before == place else f"\n\n{piece.delta}"
            return self._begun(piece.output_index << 16, ThinkingPart(), text)
        return [Unknown(kind, read_json(any_json, data, self._endpoint))]

    def _rare(self, kind: str, data: bytes) -> list[StreamEvent]:
        if kind in {"error", "response.error"}:
            raise named(read_json(any_json, data, self._endpoint), self._endpoint)
        if not kind.startswith("response."):
            return [Unknown(kind, read_json(any_json, data, self._endpoint))] if kind else []
        if kind in _ENDS:
            event = read_json(_event, data, self._endpoint)
            return self.ended(event.response or {})
        if kind == "response.output_item.added":
            event = read_json(_event, data, self._endpoint)
            return self._item_begun(event.output_index, event.item or {})
        if kind == "response.output_item.done":
            event = read_json(_event, data, self._endpoint)
            return self._item_done(event.output_index, event.item or {})
        if kind == "response.content_part.added":
            return self._content_begun(read_json(_event, data, self._endpoint))
        if kind == "response.output_text.annotation.added":
            event = read_json(_event, data, self._endpoint)
            index = event.output_index << 16 | event.content_index
            return [PartDelta(index, citation=_citation(event.annotation))] if event.annotation else []
        return [Unknown(kind, read_json(any_json, data, self._endpoint))]

    def _content_begun(self, event: _Event) -> list[StreamEvent]:
        index = event.output_index << 16 | event.content_index
        kind = event.part.type if event.part is not None else ""
        if index in self._open or kind not in {"output_text", "refusal"}:
            return []
        self._open.add(index)
        return [PartStart(index, RefusalPart() if kind == "refusal" else TextPart())]

    def _item_begun(self, output_index: int, raw: JsonObject) -> list[StreamEvent]:
        kind = raw.get("type")
        if kind == "message" or output_index << 16 in self._open:
            return []
        part: Part
        if kind == "reasoning":
            part = ThinkingPart()
        elif kind == "function_call":
            item = self._typed(raw)
            part = ToolCallPart(call_id=item.call_id or item.id or "", name=item.name)
        else:
            part = self._unknown(raw)
        self._open.add(output_index << 16)
        return [PartStart(output_index << 16, part)]

    def _item_done(self, output_index: int, raw: JsonObject) -> list[StreamEvent]:
        self._done.add(output_index)
        first = output_index << 16
        events: list[StreamEvent] = []
        for offset, part in enumerate(self._parts(raw)):
            index = first | offset
            if isinstance(part, RefusalPart):
                self._reason = "refusal"
            elif isinstance(part, ToolCallPart):
                self._reason = "tool_calls"
            if index not in self._open:
                self._open.add(index)
                events.append(PartStart(index, part))
            events.append(PartEnd(index, part))
        return events

    def _parts(self, raw: JsonObject) -> Iterator[Part]:
        if raw.get("type") not in _UNDERSTOOD:
            yield self._unknown(raw)
            return
        item = self._typed(raw)
        provider = self._endpoint.id
        if item.type == "reasoning":
            texts = [piece.text for piece in item.content or item.summary or () if piece.text]
            kept = {name: value for name, value in raw.items() if value is not None}
            yield ThinkingPart(
                text="\n\n".join(texts),
                redacted=not texts,
                provider_state={"provider": provider, "item": kept},
            )
        elif item.type == "function_call":
            known = {"type", "call_id", "name", "arguments"}
            state = {name: value for name, value in raw.items() if name not in known and value is not None}
            yield ToolCallPart(
                call_id=item.call_id or item.id or "",
                name=item.name,
                arguments=item.arguments,
                provider_state={**state, "provider": provider},
            )
        else:
            kept = {"id": item.id, "phase": item.phase, "status": item.status}
            state = {name: value for name, value in kept.items() if value is not None}
            for position, content in enumerate(item.content or ()):
                yield _said(content, {**state, "provider": provider}, raw["content"][position])

    def _typed(self, raw: JsonObject) -> _Item:
        try:
            return msgspec.convert(raw, _Item)
        except msgspec.ValidationError as error:
            raise invalid(self._endpoint, msgspec.json.encode(raw)) from error

    def _unknown(self, raw: JsonObject) -> UnknownPart:
        state = {"provider": self._endpoint.id}
        return UnknownPart(kind=str(raw.get("type", "")), data=raw, provider_state=state)

    def ended(self, raw: JsonObject) -> list[StreamEvent]:
        """The events of a response object that is at its end, streamed or whole."""
        if raw.get("error") or raw.get("status") == "failed":
            raise named(raw, self._endpoint)
        try:
            response = msgspec.convert(raw, _Response)
        except msgspec.ValidationError as error:
            raise invalid(self._endpoint, msgspec.json.encode(raw)) from error
        events: list[StreamEvent] = []
        for output_index, item in enumerate(response.output or ()):
            if output_index not in self._done:
                events.extend(self._item_done(output_index, item))
        if response.usage is not None:
            events.append(UsageUpdate(_usage(response.usage, response.tool_usage)))
        self._stopped = True
        cut = response.incomplete_details.reason if response.incomplete_details else None
        reason = self._reason
        if response.status == "cancelled":
            reason = "cancelled"
        elif response.status == "incomplete" or cut:
            reason = _STOPS.get(cut or "", "other")
        detail = cut or response.status or ""
        events.append(Stop(reason, detail, response_id=response.id, model_answered=response.model))
        return events


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of a response that was not streamed. Raises InvalidResponse."""
    value = read_json(any_json, body, endpoint)
    if not isinstance(value, dict) or "output" not in value and not value.get("error"):
        raise invalid(endpoint, body)
    return EventDecoder(endpoint).ended(value)


def _said(content: _Content, state: JsonObject, raw: Any) -> Part:
    if content.type == "refusal":
        return RefusalPart(text=content.refusal, provider_state=state)
    if content.type == "output_text":
        citations = tuple(_citation(annotation) for annotation in content.annotations or ())
        return TextPart(text=content.text, citations=citations, provider_state=state)
    return UnknownPart(kind=content.type, data=raw)


def _citation(annotation: _Annotation) -> Citation:
    return Citation(
        url=annotation.url,
        title=annotation.title or annotation.filename,
        start=annotation.start_index,
        end=annotation.end_index,
    )


def _usage(usage: _Usage, tools: _ToolUsage | None) -> Usage:
    read = usage.input_tokens_details or _InputDetails()
    long = read.cache_write_tokens_details or _WriteDetails()
    out = usage.output_tokens_details or _OutputDetails()
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=read.cached_tokens or 0,
        cache_write_tokens=read.cache_write_tokens or 0,
        cache_write_long_tokens=long.ttl_12h_tokens,
        reasoning_tokens=out.reasoning_tokens or 0,
        web_searches=tools.web_search.num_requests if tools and tools.web_search else 0,
    )
