"""Anthropic's events and messages as ours (anthropic 2.11.0: types/raw_*_event.py, usage.py, message.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import (
    Citation,
    Part,
    ProviderState,
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
from chatbench.providers.anthropic.naming import named
from chatbench.providers.decoding import any_json, invalid, peek_json, read_json
from chatbench.providers.sse import ServerEvent
from chatbench.providers.wire import interrupted


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    signature: str = ""
    citation: dict[str, Any] | None = None


class _Piece(msgspec.Struct):
    """The event that comes by the hundred: a little more of one block."""

    delta: _Delta
    index: int = 0


class _Block(msgspec.Struct):
    """A block of one of the kinds this wire understands."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw(b"{}")
    citations: list[dict[str, Any]] | None = None


class _BlockStart(msgspec.Struct):
    content_block: msgspec.Raw
    index: int = 0


class _BlockStop(msgspec.Struct):
    index: int = 0


class _CacheCreation(msgspec.Struct):
    ephemeral_1h_input_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class _ServerTools(msgspec.Struct):
    web_search_requests: int | None = None


class _Usage(msgspec.Struct):
    """Counts so far; None where an event does not repeat what an earlier one said."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerTools | None = None
    service_tier: str | None = None
    speed: str | None = None

    @property
    def tier(self) -> str:
        """What the call was served as; the fast speed is priced like a tier of its own."""
        return "fast" if self.speed == "fast" else self.service_tier or ""

    def updated(self, later: _Usage) -> _Usage:
        given = {
            name: value for name in self.__struct_fields__ if (value := getattr(later, name)) is not None
        }
        return msgspec.structs.replace(self, **given)

    def normalised(self) -> Usage:
        """Anthropic's `input_tokens` leaves the cache out; ours counts everything that went in."""
        written = self.cache_creation_input_tokens or 0
        read = self.cache_read_input_tokens or 0
        creation = self.cache_creation or _CacheCreation()
        details = self.output_tokens_details or _OutputDetails()
        tools = self.server_tool_use or _ServerTools()
        return Usage(
            input_tokens=(self.input_tokens or 0) + written + read,
            output_tokens=self.output_tokens or 0,
            cache_read_tokens=read,
            cache_write_tokens=written,
            cache_write_long_tokens=creation.ephemeral_1h_input_tokens or 0,
            reasoning_tokens=details.thinking_tokens or 0,
            web_searches=tools.web_search_requests or 0,
        )


class _StopDetails(msgspec.Struct):
    category: str | None = None
    explanation: str | None = None


class _Message(msgspec.Struct):
    id: str = ""
    model: str = ""
    content: list[msgspec.Raw] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: _StopDetails | None = None
    usage: _Usage = msgspec.field(default_factory=_Usage)


class _MessageStart(msgspec.Struct):
    message: _Message


class _MessageDelta(msgspec.Struct):
    """`delta` has a message's stop fields and no others."""

    delta: _Message = msgspec.field(default_factory=_Message)
    usage: _Usage = msgspec.field(default_factory=_Usage)


_piece = msgspec.json.Decoder(_Piece)
_block = msgspec.json.Decoder(_Block)
_block_start = msgspec.json.Decoder(_BlockStart)
_block_stop = msgspec.json.Decoder(_BlockStop)
_message_start = msgspec.json.Decoder(_MessageStart)
_message_delta = msgspec.json.Decoder(_MessageDelta)
_message = msgspec.json.Decoder(_Message)

_UNDERSTOOD = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_STOPS: dict[str, StopReason] = {
    "end_turn": "end",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_window",
}


class EventDecoder:
    """Assembles blocks by their index; `message_stop` is the required end."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._message = _Message()
        self._usage = _Usage()
        self._kinds: dict[int, str] = {}
        self._raw: dict[int, dict[str, Any]] = {}
        self._given: dict[int, str] = {}
        self._said: set[int] = set()
        self._signed: dict[int, ProviderState] = {}
        self._json: dict[int, list[str]] = {}
        self._citations: dict[int, list[dict[str, Any]]] = {}
        self._stopped = False

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        kind = event.event or self._kind(event.data)
        if kind == "content_block_delta":
            piece = read_json(_piece, event.data, self._endpoint)
            if piece.delta.type == "text_delta":
                return [PartDelta(piece.index, piece.delta.text)]
            return self._other_delta(piece, event.data)
        match kind:
            case "content_block_start":
                return self._block_begun(event.data)
            case "content_block_stop":
                return self._block_done(read_json(_block_stop, event.data, self._endpoint).index)
            case "message_start":
                self._message = read_json(_message_start, event.data, self._endpoint).message
                return self._counted(self._message.usage)
            case "message_delta":
                return self._closing(read_json(_message_delta, event.data, self._endpoint))
            case "message_stop":
                self._stopped = True
                return [stop_of(self._message, self._usage)]
            case "ping" | "":
                return []
            case "error":
                raise named(read_json(any_json, event.data, self._endpoint), self._endpoint)
        return [Unknown(kind, read_json(any_json, event.data, self._endpoint))]

    def finish(self) -> list[StreamEvent]:
        if not self._stopped:
            raise interrupted(self._endpoint)
        return []

    def _kind(self, data: bytes) -> str:
        value = read_json(any_json, data, self._endpoint)
        return str(value.get("type", "")) if isinstance(value, dict) else ""

    def _other_delta(self, piece: _Piece, data: bytes) -> list[StreamEvent]:
        index, delta = piece.index, piece.delta
        match delta.type:
            case "thinking_delta":
                if delta.thinking:
                    self._said.add(index)
                return [PartDelta(index, delta.thinking)]
            case "input_json_delta":
                if index in self._raw:
                    self._json.setdefault(index, []).append(delta.partial_json)
                    return []
                if delta.partial_json:
                    self._said.add(index)
                return [PartDelta(index, delta.partial_json)]
            case "signature_delta":
                self._signed[index] = self._state(signature=delta.signature)
                return [PartDelta(index, provider_state=self._signed[index])]
            case "citations_delta" if delta.citation is not None:
                self._citations.setdefault(index, []).append(delta.citation)
                return [PartDelta(index, citation=citation_of(delta.citation))]
        return [Unknown(f"content_block_delta.{delta.type}", read_json(any_json, data, self._endpoint))]

    def _state(self, **kept: object) -> ProviderState:
        return {"provider": self._endpoint.id, **kept}

    def _block_begun(self, data: bytes) -> list[StreamEvent]:
        start = read_json(_block_start, data, self._endpoint)
        index, raw = start.index, bytes(start.content_block)
        part = part_of(raw, self._endpoint)
        self._kinds[index] = type(part).__name__
        if isinstance(part, UnknownPart):
            self._raw[index] = part.data
        elif isinstance(part, ToolCallPart):
            self._given[index] = part.arguments
            part = msgspec.structs.replace(part, arguments="")
        elif isinstance(part, ThinkingPart) and not part.provider_state.get("data"):
            part = msgspec.structs.replace(part, redacted=False)
            if part.text:
                self._said.add(index)
        return [PartStart(index, part)]

    def _block_done(self, index: int) -> list[StreamEvent]:
        kind = self._kinds.get(index)
        events: list[StreamEvent] = []
        final: Part | None = None
        if kind == "ToolCallPart" and index not in self._said:
            events.append(PartDelta(index, self._given[index]))
        elif kind == "TextPart" and index in self._citations:
            kept = self._state(citations=self._citations[index])
            events.append(PartDelta(index, provider_state=kept))
        elif kind == "ThinkingPart" and index in self._signed and index not in self._said:
            final = ThinkingPart(redacted=True, provider_state=self._signed[index])
        elif kind == "UnknownPart" and index in self._json:
            given = peek_json("".join(self._json[index]).encode()) or {}
            raw = {**self._raw[index], "input": given}
            final = UnknownPart(kind=raw["type"], data=raw, provider_state=self._state())
        events.append(PartEnd(index, final))
        return events

    def _counted(self, usage: _Usage) -> list[StreamEvent]:
        self._usage = self._usage.updated(usage)
        return [UsageUpdate(self._usage.normalised())]

    def _closing(self, closing: _MessageDelta) -> list[StreamEvent]:
        self._message = msgspec.structs.replace(
            self._message,
            stop_reason=closing.delta.stop_reason or self._message.stop_reason,
            stop_sequence=closing.delta.stop_sequence,
            stop_details=closing.delta.stop_details,
        )
        return self._counted(closing.usage)


def whole(body: bytes, endpoint: Endpoint) -> list[StreamEvent]:
    """The events of a message that was not streamed. Raises InvalidResponse."""
    value = read_json(any_json, body, endpoint)
    if isinstance(value, dict) and value.get("type") == "error":
        raise named(value, endpoint)
    if not isinstance(value, dict) or not isinstance(value.get("content"), list):
        raise invalid(endpoint, body)
    message = read_json(_message, body, endpoint)
    events: list[StreamEvent] = []
    for index, raw in enumerate(message.content):
        part = part_of(bytes(raw), endpoint)
        events.extend((PartStart(index, part), PartEnd(index)))
    events.append(UsageUpdate(message.usage.normalised()))
    events.append(stop_of(message, message.usage))
    return events


def part_of(raw: bytes, endpoint: Endpoint) -> Part:
    """A content block as a part, with what Anthropic must get back beside it."""
    value = read_json(any_json, raw, endpoint)
    state: ProviderState = {"provider": endpoint.id}
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        raise invalid(endpoint, raw)
    if kind not in _UNDERSTOOD:
        return UnknownPart(kind=kind, data=value, provider_state=state)
    block = read_json(_block, raw, endpoint)
    match block.type:
        case "text":
            cited = block.citations or []
            return TextPart(
                text=block.text,
                citations=tuple(citation_of(citation) for citation in cited),
                provider_state={**state, "citations": cited} if cited else {},
            )
        case "thinking":
            return ThinkingPart(
                text=block.thinking,
                redacted=not block.thinking,
                provider_state={**state, "signature": block.signature} if block.signature else {},
            )
        case "redacted_thinking":
            return ThinkingPart(redacted=True, provider_state={**state, "data": block.data})
    known = {"type", "id", "name", "input"}
    kept = {name: field for name, field in value.items() if name not in known and field is not None}
    return ToolCallPart(
        call_id=block.id,
        name=block.name,
        arguments=bytes(block.input).decode("utf-8", "replace"),
        provider_state={**kept, **state},
    )


def citation_of(raw: Mapping[str, Any]) -> Citation:
    """A citation of any of Anthropic's kinds; its offsets belong to the source, not the answer."""

    def text(*names: str) -> str:
        return next((value for name in names if isinstance(value := raw.get(name), str)), "")

    return Citation(
        url=text("url", "source"),
        title=text("title", "document_title"),
        cited_text=text("cited_text"),
    )


def stop_of(message: _Message, usage: _Usage) -> Stop:
    """Why it ended; `detail` is the matched stop sequence or the reason for a refusal, if given."""
    word = message.stop_reason or ""
    details = message.stop_details or _StopDetails()
    detail = details.explanation or details.category or word
    if word == "stop_sequence" and message.stop_sequence:
        detail = message.stop_sequence
    reason = _STOPS.get(word, "other")
    return Stop(
        reason,
        detail,
        response_id=message.id,
        model_answered=message.model,
        service_tier=usage.tier,
    )
