"""Chunks and answers of Chat Completions as typed values, whatever form a server gives them.

The strict types decode fast and fit nearly always. Where they do not, `salvage` reads the same
JSON field by field and keeps what has the right form.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.usage import Usage
from chatbench.providers.decoding import UNREADABLE, any_json, invalid, read_json

JsonObject = dict[str, Any]


class Function(msgspec.Struct):
    """Arguments are text, or (Mistral, some local servers) the object itself."""

    name: str | None = None
    arguments: str | JsonObject | None = None


class ToolCall(msgspec.Struct):
    """A tool call, or a fragment of one; `index` may be missing or always 0."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: JsonObject | None = None


class Delta(msgspec.Struct):
    """What a chunk adds, or a whole message. Mistral's content may be a list of chunks."""

    content: str | list[Any] | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    reasoning_details: list[JsonObject] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    annotations: list[JsonObject] | None = None
    images: list[JsonObject] | None = None


class Choice(msgspec.Struct):
    """One alternative of a chunk (`delta`) or of a whole answer (`message`)."""

    index: int | None = 0
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class InputDetails(msgspec.Struct):
    """Shares of the prompt."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None


class OutputDetails(msgspec.Struct):
    """Shares of the completion."""

    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class CostDetails(msgspec.Struct):
    """What OpenRouter's user pays the upstream provider with a key of their own."""

    upstream_inference_cost: msgspec.Raw = msgspec.Raw()


class ChunkUsage(msgspec.Struct):
    """Usage with the fields of OpenAI, OpenRouter, DeepSeek, Moonshot and Perplexity."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    cost: msgspec.Raw = msgspec.Raw()
    is_byok: bool | None = None
    cost_details: CostDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None
    num_search_queries: int | None = None


class GroqExtra(msgspec.Struct):
    """Groq's own corner of a chunk."""

    usage: ChunkUsage | None = None
    error: Any = None


class Chunk(msgspec.Struct):
    """An event of a stream, or a whole answer. `object` is "error" for an error without a nest."""

    id: str | None = None
    model: str | None = None
    object: str | None = None
    choices: list[Choice] | None = None
    usage: ChunkUsage | None = None
    x_groq: GroqExtra | None = None
    error: Any = None
    search_results: list[JsonObject] | None = None
    citations: list[Any] | None = None


_chunk = msgspec.json.Decoder(Chunk)
_NESTED: dict[str, type[msgspec.Struct]] = {
    "choices": Choice,
    "delta": Delta,
    "message": Delta,
    "tool_calls": ToolCall,
    "function": Function,
    "usage": ChunkUsage,
    "x_groq": GroqExtra,
    "prompt_tokens_details": InputDetails,
    "completion_tokens_details": OutputDetails,
    "cost_details": CostDetails,
}
_MANY = frozenset({"choices", "tool_calls"})
_RAW = frozenset({"cost", "upstream_inference_cost"})


def read_chunk(data: bytes, endpoint: Endpoint) -> Chunk:
    """Raises InvalidResponse for what is no JSON object."""
    try:
        return _chunk.decode(data)
    except UNREADABLE:
        value = read_json(any_json, data, endpoint)
        if not isinstance(value, dict):
            raise invalid(endpoint, data) from None
        return salvage(Chunk, value)  # type: ignore[return-value]


def salvage(kind: type[msgspec.Struct], value: JsonObject) -> msgspec.Struct:
    """The fields of `value` that fit `kind`, the others at their defaults. Never raises."""
    kept: JsonObject = {}
    for field in msgspec.structs.fields(kind):
        if field.name not in value:
            continue
        raw = value[field.name]
        if field.name in _RAW:
            kept[field.name] = msgspec.Raw(msgspec.json.encode(raw))
        elif field.name in _MANY:
            items = raw if isinstance(raw, list) else [raw]
            kept[field.name] = [
                salvage(_NESTED[field.name], item) for item in items if isinstance(item, dict)
            ]
        elif field.name in _NESTED:
            kept[field.name] = salvage(_NESTED[field.name], raw) if isinstance(raw, dict) else None
        else:
            try:
                kept[field.name] = msgspec.convert(raw, field.type, strict=False)
            except msgspec.ValidationError:
                continue
    return kind(**kept)


def usage_of(told: ChunkUsage) -> Usage:
    """Normalised usage.

    Some providers leave reasoning out of `completion_tokens` and in `total_tokens`; where the
    sum shows it, it is added.
    """
    read = told.prompt_tokens_details or InputDetails()
    out = told.completion_tokens_details or OutputDetails()
    prompt, completion = _count(told.prompt_tokens), _count(told.completion_tokens)
    reasoning = _count(out.reasoning_tokens)
    if reasoning and _count(told.total_tokens) == prompt + completion + reasoning:
        completion += reasoning
    cached = read.cached_tokens or told.prompt_cache_hit_tokens or told.cached_tokens
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=_count(cached),
        cache_write_tokens=_count(read.cache_write_tokens),
        reasoning_tokens=reasoning,
        input_audio_tokens=_count(read.audio_tokens),
        output_audio_tokens=_count(out.audio_tokens),
        web_searches=_count(told.num_search_queries),
        provider_cost=_cost(told),
    )


def _count(value: int | None) -> int:
    return max(0, value or 0)


def _cost(told: ChunkUsage) -> Decimal | None:
    """US dollars: OpenRouter's number, or the total in Perplexity's object. With the user's own
    key at the upstream provider, OpenRouter's number is its fee alone."""
    own = _money(told.cost)
    if own is None or not told.is_byok:
        return own
    upstream = _money(told.cost_details.upstream_inference_cost) if told.cost_details else None
    return None if upstream is None else own + upstream


def _money(raw: msgspec.Raw) -> Decimal | None:
    text = bytes(raw)
    if text.startswith(b"{"):
        total = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("total_cost")
        return _money(total) if total is not None else None
    try:
        amount = Decimal(text.decode().strip('"'))
    except (InvalidOperation, UnicodeDecodeError):
        return None
    return amount if amount.is_finite() and amount >= 0 else None
