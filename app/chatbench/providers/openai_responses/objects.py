"""Response objects, items and events as typed values (openai 3.52.0, types/responses/: response.py,
response_output_item.py, response_stream_event.py, response_usage.py).

Items stay as they came until their kind is known: reasoning and tools of the provider's own go
back verbatim.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.requests import TokenLogprob
from chatbench.core.usage import Usage
from chatbench.providers.decoding import UNREADABLE, invalid, peek_json

JsonObject = dict[str, Any]

NOTHING = msgspec.Raw()
UNDERSTOOD = frozenset({"message", "reasoning", "function_call", "custom_tool_call", "image_generation_call"})
UNFINISHED = frozenset({"queued", "in_progress"})


class Token(msgspec.Struct, gc=False):
    """A token and the logarithm of its probability."""

    token: str | None = None
    logprob: float | None = None
    top_logprobs: list[Token] | None = None


class Piece(msgspec.Struct, gc=False):
    """The events that come by the hundred: a little more of one part."""

    delta: str = ""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    logprobs: list[Token] | None = None


class Annotation(msgspec.Struct, gc=False):
    """Where a passage comes from: an address, or a file."""

    type: str = ""
    url: str = ""
    title: str = ""
    filename: str = ""
    start_index: int | None = None
    end_index: int | None = None


class Content(msgspec.Struct, gc=False):
    """A part of a message, or of a summary."""

    type: str = ""
    text: str = ""
    refusal: str = ""
    annotations: list[Annotation] | None = None
    logprobs: list[Token] | None = None


class Item(msgspec.Struct, gc=False):
    """An output item, as far as this wire understands it."""

    type: str = ""
    id: str | None = None
    call_id: str | None = None
    name: str = ""
    arguments: str = ""
    input: str = ""
    phase: str | None = None
    status: str | None = None
    content: list[Content] | None = None
    summary: list[Content] | None = None
    encrypted_content: str | None = None
    result: str | None = None
    output_format: str | None = None


class Event(msgspec.Struct, gc=False):
    """The events that come a few times in an answer."""

    output_index: int = 0
    content_index: int = 0
    item: msgspec.Raw = NOTHING
    part: Content | None = None
    annotation: Annotation | None = None
    response: msgspec.Raw = NOTHING


class _WriteDetails(msgspec.Struct, gc=False):
    ttl_12h_tokens: int = 0


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: int | None = 0
    cache_write_tokens: int | None = 0
    cache_write_tokens_details: _WriteDetails | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: int | None = 0


class UsageTold(msgspec.Struct, gc=False):
    """Tokens of a response."""

    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Searches(msgspec.Struct, gc=False):
    num_requests: int = 0


class ToolUsage(msgspec.Struct, gc=False):
    """What the provider's own tools were used for."""

    web_search: _Searches | None = None


class _Incomplete(msgspec.Struct, gc=False):
    reason: str | None = None


class ResponseObject(msgspec.Struct, gc=False):
    """A response, under way or at its end."""

    id: str = ""
    model: str = ""
    status: str | None = None
    error: Any = None
    output: list[msgspec.Raw] | None = None
    incomplete_details: _Incomplete | None = None
    usage: UsageTold | None = None
    tool_usage: ToolUsage | None = None
    created_at: float | None = None
    service_tier: str | None = None


_response = msgspec.json.Decoder(ResponseObject)
_item = msgspec.json.Decoder(Item)


def read_response(data: bytes | msgspec.Raw, endpoint: Endpoint) -> ResponseObject:
    """Raises InvalidResponse for what is no response object."""
    try:
        return _response.decode(data)
    except UNREADABLE as error:
        raise invalid(endpoint, bytes(data)) from error


def read_item(raw: msgspec.Raw, endpoint: Endpoint) -> Item:
    """Raises InvalidResponse for what is no item. Of a kind that is not understood, only the kind
    is told: its fields may be of any form."""
    try:
        return _item.decode(raw)
    except UNREADABLE as error:
        value = peek_json(bytes(raw))
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind in UNDERSTOOD:
            raise invalid(endpoint, bytes(raw)) from error
        return Item(type=kind)


def tokens_of(told: list[Token]) -> tuple[TokenLogprob, ...]:
    """The tokens in order; those without a probability are left out."""
    return tuple(
        TokenLogprob(
            token.token or "", token.logprob, tokens_of(token.top_logprobs) if token.top_logprobs else ()
        )
        for token in told
        if token.logprob is not None
    )


def usage_of(told: UsageTold, tools: ToolUsage | None) -> Usage:
    """Normalised usage; the input holds cache reads and writes already."""
    read, out = told.input_tokens_details, told.output_tokens_details
    cached = written = long = 0
    if read is not None:
        cached, written = read.cached_tokens or 0, read.cache_write_tokens or 0
        if read.cache_write_tokens_details is not None:
            long = read.cache_write_tokens_details.ttl_12h_tokens
    return Usage(
        input_tokens=told.input_tokens,
        output_tokens=told.output_tokens,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        cache_write_long_tokens=long,
        reasoning_tokens=(out.reasoning_tokens or 0) if out is not None else 0,
        web_searches=tools.web_search.num_requests if tools is not None and tools.web_search else 0,
    )
