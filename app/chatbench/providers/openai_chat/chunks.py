"""Chunks and answers of Chat Completions as typed values, whatever form a server gives them.

The strict types decode fast and fit nearly always. Where they do not, `salvage` reads the same
JSON field by field and keeps what has the right form.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.requests import TokenLogprob
from chatbench.core.usage import Usage
from chatbench.providers.decoding import UNREADABLE, any_json, invalid, read_json

JsonObject = dict[str, Any]


Count = Annotated[int, msgspec.Meta(ge=0)]
_NOTHING = msgspec.Raw()


class Function(msgspec.Struct, gc=False):
    """Arguments are text, or (Mistral, some local servers) the object itself."""

    name: str | None = None
    arguments: str | JsonObject | None = None


class Custom(msgspec.Struct, gc=False):
    """A call of a tool that takes free text."""

    name: str | None = None
    input: str | None = None


class ToolCall(msgspec.Struct, gc=False):
    """A tool call, or a fragment of one; `index` may be missing or always 0."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: JsonObject | None = None


class Audio(msgspec.Struct, gc=False):
    """Spoken words, or a piece of them; `data` is base64, each piece by itself."""

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None


class Delta(msgspec.Struct, gc=False):
    """What a chunk adds, or a whole message. Mistral's content may be a list of chunks."""

    content: str | list[Any] | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None
    reasoning_details: list[JsonObject] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None
    annotations: list[JsonObject] | None = None
    images: list[JsonObject] | None = None
    audio: Audio | None = None


class Token(msgspec.Struct, gc=False):
    """A token and the logarithm of its probability."""

    token: str = ""
    logprob: float | None = None
    top_logprobs: list[Token] | None = None


class TokensTold(msgspec.Struct, gc=False):
    """Probabilities of the words or of a refusal; the older form has two lists side by side."""

    content: list[Token] | None = None
    refusal: list[Token] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None


class Choice(msgspec.Struct, gc=False):
    """One alternative of a chunk (`delta`) or of a whole answer (`message`)."""

    index: int | None = 0
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    logprobs: TokensTold | None = None


class InputDetails(msgspec.Struct, gc=False):
    """Shares of the prompt."""

    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    audio_tokens: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    """Shares of the completion."""

    reasoning_tokens: Count | None = None
    audio_tokens: Count | None = None


class CostDetails(msgspec.Struct, gc=False):
    """What OpenRouter's user pays the upstream provider with a key of their own."""

    upstream_inference_cost: msgspec.Raw = _NOTHING


class ChunkUsage(msgspec.Struct, gc=False):
    """Usage with the fields of OpenAI, OpenRouter, DeepSeek, Moonshot and Perplexity."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = None
    prompt_tokens_details: InputDetails | None = None
    completion_tokens_details: OutputDetails | None = None
    cost: msgspec.Raw = _NOTHING
    is_byok: bool | None = None
    cost_details: CostDetails | None = None
    prompt_cache_hit_tokens: Count | None = None
    cached_tokens: Count | None = None
    num_search_queries: Count | None = None


class GroqExtra(msgspec.Struct, gc=False):
    """Groq's own corner of a chunk."""

    usage: ChunkUsage | None = None
    error: Any = None


class Chunk(msgspec.Struct, gc=False):
    """An event of a stream, or a whole answer. `object` is "error" for an error without a nest."""

    id: str | None = None
    model: str | None = None
    object: str | None = None
    created: int | float | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
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
    "function_call": Function,
    "custom": Custom,
    "audio": Audio,
    "logprobs": TokensTold,
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
    read, out = told.prompt_tokens_details, told.completion_tokens_details
    prompt, completion = told.prompt_tokens or 0, told.completion_tokens or 0
    cached = written = heard = reasoning = spoken = 0
    if read is not None:
        cached, written = read.cached_tokens or 0, read.cache_write_tokens or 0
        heard = read.audio_tokens or 0
    if out is not None:
        reasoning, spoken = out.reasoning_tokens or 0, out.audio_tokens or 0
    if reasoning and told.total_tokens == prompt + completion + reasoning:
        completion += reasoning
    return Usage(
        input_tokens=prompt,
        output_tokens=completion,
        cache_read_tokens=cached or told.prompt_cache_hit_tokens or told.cached_tokens or 0,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
        input_audio_tokens=heard,
        output_audio_tokens=spoken,
        web_searches=told.num_search_queries or 0,
        provider_cost=None if told.cost is _NOTHING else _cost(told),
    )


def _cost(told: ChunkUsage) -> Decimal | None:
    """US dollars: OpenRouter's number, or the total in Perplexity's object. With the user's own
    key at the upstream provider, OpenRouter's number is its fee alone."""
    own = _money(told.cost)
    if own is None or not told.is_byok:
        return own
    upstream = _money(told.cost_details.upstream_inference_cost) if told.cost_details else None
    return None if upstream is None else own + upstream


def tokens_of(told: TokensTold) -> tuple[TokenLogprob, ...]:
    """The tokens in order; those without a probability are left out."""
    if told.content or told.refusal:
        return _tokens((*(told.content or ()), *(told.refusal or ())))
    pairs = zip(told.tokens or (), told.token_logprobs or (), strict=False)
    return tuple(TokenLogprob(token, logprob) for token, logprob in pairs if logprob is not None)


def _tokens(told: Iterable[Token]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(token.token, token.logprob, _tokens(token.top_logprobs) if token.top_logprobs else ())
        for token in told
        if token.logprob is not None
    )


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
