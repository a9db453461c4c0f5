"""What a call used, what it cost and how long it took."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from chatbench.core.values import Plain


class Usage(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Tokens, normalised over all providers.

    `input_tokens` is everything that went in, cache reads and writes included; `output_tokens`
    everything that came out, reasoning included. The other fields are shares of these two.
    `cache_write_long_tokens` is the share of `cache_write_tokens` with the provider's longer
    time to live (an hour or more), which some price higher.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_long_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    web_searches: int = 0
    provider_cost: Decimal | None = None
    """US dollars as the provider itself reports them (OpenRouter does)."""

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def has_cache_hit(self) -> bool:
        """The provider read part of the prompt from its own cache."""
        return self.cache_read_tokens > 0

    @property
    def details(self) -> dict[str, int]:
        """Every share that is not 0, by its name."""
        shares = {name: getattr(self, name) for name in _COUNTS[2:]}
        return {name: count for name, count in shares.items() if count}

    @property
    def new_input_tokens(self) -> int:
        """Input that was neither read from nor written to a cache."""
        return max(0, self.input_tokens - self.cache_read_tokens - self.cache_write_tokens)

    def __add__(self, other: Usage) -> Usage:
        costs = [c for c in (self.provider_cost, other.provider_cost) if c is not None]
        counts = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        return Usage(**counts, provider_cost=sum(costs, Decimal(0)) if costs else None)


_COUNTS = tuple(name for name in Usage.__struct_fields__ if name != "provider_cost")


class Rates(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Prices in US dollars per million tokens (per thousand for searches and requests).

    None is unknown for `input` and `output`; for a share of them it means the share has no price
    of its own and costs what the whole costs.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_long: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    reasoning: Decimal | None = None
    web_searches: Decimal | None = None
    requests: Decimal | None = None


CostSource = Literal["provider", "table", "user", "free"]


class CostLine(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of a bill: how many of what, and for how much."""

    what: Literal["input", "cache_read", "cache_write", "output", "reasoning", "audio", "searches", "request"]
    count: int
    amount: Decimal


class Cost(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money for one call. An unknown cost is None in its place, never a Cost of 0.

    `source` says who priced it: the provider's own figure, the price table, the user's own
    prices, or "free" (a model on this computer). `rates` and `prices_of` (the date of the
    table) are kept so that history does not change when prices do.
    """

    amount: Decimal
    currency: str = "USD"
    source: CostSource = "table"
    rates: Rates | None = None
    prices_of: str = ""
    lines: tuple[CostLine, ...] = ()
    estimated: bool = False
    """The answer broke off before the provider counted it: the output is counted from the words."""


class Timings(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Seconds, measured from the moment the call was made; None where it never came so far.

    `queued_s` is what limits of ours held it back, and is part of the others."""

    queued_s: float | None = None
    first_token_s: float | None = None
    first_text_s: float | None = None
    total_s: float | None = None
