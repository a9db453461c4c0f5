"""Responses events and objects as ours (openai 3.52.0: types/responses/response_stream_event.py)."""

from __future__ import annotations

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import Part, RefusalPart, TextPart, ThinkingPart, ToolCallPart
from chatbench.core.requests import StopReason
from chatbench.core.streams import (
    Logprobs,
    PartDelta,
    PartEnd,
    PartStart,
    Stop,
    StreamEvent,
    Unknown,
    UsageUpdate,
)
from chatbench.providers.decoding import any_json, invalid, read_json
from chatbench.providers.openai_responses.items import begun, citation_of, parts_of
from chatbench.providers.openai_responses.naming import named
from chatbench.providers.openai_responses.objects import (
    UNFINISHED,
    Event,
    Piece,
    ResponseObject,
    read_item,
    read_response,
    tokens_of,
    usage_of,
)
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted

_piece = msgspec.json.Decoder(Piece)
_event = msgspec.json.Decoder(Event)

_NEWS = frozenset({"response.created", "response.queued", "response.in_progress"})
_DONE_BY_ITEM = frozenset(
    {
        "response.output_text.done",
        "response.refusal.done",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
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
        self._weighed: set[int] = set()
        self._reason: StopReason = "end"
        self.stopped = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        data = event.data
        kind = event.event or self._kind(data)
        if kind == "response.output_text.delta":
            piece = read_json(_piece, data, self._endpoint)
            index = piece.output_index << 16 | piece.content_index
            if piece.logprobs:
                return self._weighed_text(index, piece)
            if index in self._open:
                return [PartDelta(index, piece.delta)]
            return self._begun(index, TextPart(), piece.delta)
        if kind.endswith(".delta"):
            return self._other_delta(kind, data)
        if kind in _DONE_BY_ITEM or kind in _NEWS:
            return []
        return self._rare(kind, data)

    def finish(self) -> list[StreamEvent]:
        if not self.stopped:
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

    def _weighed_text(self, index: int, piece: Piece) -> list[StreamEvent]:
        self._weighed.add(index)
        return [*self._begun(index, TextPart(), piece.delta), Logprobs(tokens_of(piece.logprobs or []))]

    def _other_delta(self, kind: str, data: bytes) -> list[StreamEvent]:
        if kind in {"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"}:
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
            return self.ended(read_response(event.response, self._endpoint), event.response)
        if kind == "response.output_item.added":
            event = read_json(_event, data, self._endpoint)
            return self._item_begun(event.output_index, event.item)
        if kind == "response.output_item.done":
            event = read_json(_event, data, self._endpoint)
            return self._item_done(event.output_index, event.item)
        if kind == "response.content_part.added":
            return self._content_begun(read_json(_event, data, self._endpoint))
        if kind == "response.output_text.annotation.added":
            event = read_json(_event, data, self._endpoint)
            index = event.output_index << 16 | event.content_index
            return [PartDelta(index, citation=citation_of(event.annotation))] if event.annotation else []
        return [Unknown(kind, read_json(any_json, data, self._endpoint))]

    def _content_begun(self, event: Event) -> list[StreamEvent]:
        index = event.output_index << 16 | event.content_index
        kind = event.part.type if event.part is not None else ""
        if index in self._open or kind not in {"output_text", "refusal"}:
            return []
        self._open.add(index)
        return [PartStart(index, RefusalPart() if kind == "refusal" else TextPart())]

    def _item_begun(self, output_index: int, raw: msgspec.Raw) -> list[StreamEvent]:
        index = output_index << 16
        part = begun(raw, self._endpoint)
        if part is None or index in self._open:
            return []
        self._open.add(index)
        return [PartStart(index, part)]

    def _item_done(self, output_index: int, raw: msgspec.Raw) -> list[StreamEvent]:
        self._done.add(output_index)
        item = read_item(raw, self._endpoint)
        index = output_index << 16
        events: list[StreamEvent] = []
        for offset, part in enumerate(parts_of(raw, item, self._endpoint)):
            if isinstance(part, RefusalPart):
                self._reason = "refusal"
            elif isinstance(part, ToolCallPart):
                self._reason = "tool_calls"
            if index + offset not in self._open:
                self._open.add(index + offset)
                events.append(PartStart(index + offset, part))
            events.append(PartEnd(index + offset, part))
            told = item.content[offset].logprobs if item.type == "message" and item.content else None
            if told and index + offset not in self._weighed:
                events.append(Logprobs(tokens_of(told)))
        return events

    def ended(self, response: ResponseObject, raw: bytes | msgspec.Raw) -> list[StreamEvent]:
        """The events of a response at its end, streamed or whole; raises the error it holds. One
        that is not at its end has no `Stop`."""
        if response.error or response.status == "failed":
            self.stopped = True
            raise named(read_json(any_json, bytes(raw), self._endpoint), self._endpoint)
        events: list[StreamEvent] = []
        for output_index, item in enumerate(response.output or ()):
            if output_index not in self._done:
                events += self._item_done(output_index, item)
        if response.usage is not None:
            events.append(UsageUpdate(usage_of(response.usage, response.tool_usage)))
        if response.status not in UNFINISHED:
            events.append(self._stop(response))
        return events

    def _stop(self, response: ResponseObject) -> Stop:
        self.stopped = True
        cut = response.incomplete_details.reason if response.incomplete_details else None
        reason = self._reason
        if response.status == "cancelled":
            reason = "cancelled"
        elif response.status == "incomplete" or cut:
            reason = _STOPS.get(cut or "", "other")
        return Stop(
            reason,
            cut or response.status or "",
            response.id,
            response.model,
            created=int(response.created_at) if response.created_at else None,
            service_tier=response.service_tier or "",
        )


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of a response that was not streamed. Raises InvalidResponse."""
    response = read_response(body, endpoint)
    if response.output is None and not response.error:
        raise invalid(endpoint, body)
    return EventDecoder(endpoint).ended(response, body)
