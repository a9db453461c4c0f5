"""How much a call may take, before it is made, and how much it took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import NamedTuple

from chatbench.client.estimate import estimate_text, estimate_tokens
from chatbench.client.pricing import Pricing, bill, is_free
from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import Part
from chatbench.core.models import ModelInfo
from chatbench.core.requests import Request, Response
from chatbench.core.usage import Rates, Usage

_ZERO = Decimal(0)
_INPUT_MARGIN = 1.25
"""The estimate of the input is within a quarter for nearly all texts."""
_OUTPUT_UNKNOWN = 32_768
"""What a model may give of which nobody told us how much that is."""


class Need(NamedTuple):
    """The most a call may take; `usd` is None where it has no known price. `rates` are the dearest
    that each token may cost."""

    usd: Decimal | None
    input_tokens: int
    output_tokens: int
    rates: Rates | None

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def per_output_token(self) -> Decimal | None:
        """US dollars."""
        output = self.rates.output if self.rates is not None else None
        return None if output is None else output.scaleb(-6)


NOTHING = Need(_ZERO, 0, 0, None)


def most_of(request: Request, info: ModelInfo, endpoint: Endpoint, pricing: Pricing, at: datetime) -> Need:
    """The most that a call made at `at` (aware) may take: its input with a margin, and every output
    token that it or its model allows."""
    counted = estimate_tokens(request.messages, request.system, info, request.tools)
    given = ceil(counted * _INPUT_MARGIN)
    output = _most_output(request, info)
    if is_free(request.model, endpoint) and str(request.model) not in pricing.user_prices:
        return Need(_ZERO, given, output, None)
    parameters = request.parameters
    services = {"", parameters.service_tier or ""}  # a tier that is full falls back to the standard one
    rates = [pricing.rates(request.model, endpoint, at, given, service=service) for service in services]
    dearest = _dearest([one for one in rates if one], writes=parameters.cache_pattern is not None)
    return Need(_priced(dearest, given, output), given, output, dearest)


def expected_of(
    request: Request, info: ModelInfo, endpoint: Endpoint, pricing: Pricing, at: datetime, output_tokens: int,
    *, service: str = "batch",
) -> Need:  # fmt: skip
    """What a request sent at `at` (aware) as part of a batch job, or by another `service`, is expected to
    take, if its answer has so many tokens."""
    given = ceil(estimate_tokens(request.messages, request.system, info, request.tools))
    output = min(output_tokens, _most_output(request, info))
    if is_free(request.model, endpoint) and str(request.model) not in pricing.user_prices:
        return Need(_ZERO, given, output, None)
    rates = pricing.rates(request.model, endpoint, at, given, service=service)
    return Need(_priced(rates, given, output), given, output, rates)


def _most_output(request: Request, info: ModelInfo) -> int:
    parameters = request.parameters
    obeyed = info.parameters is None or "max_output_tokens" in info.parameters
    asked = parameters.max_output_tokens if obeyed else None
    most = asked or info.max_output_tokens or min(_OUTPUT_UNKNOWN, info.context_window or _OUTPUT_UNKNOWN)
    return most * max(1, parameters.n or 1)


def _dearest(rates: Sequence[Rates], *, writes: bool) -> Rates:
    """As if each token were of the dearest kind: written to a cache, if the call writes; reasoned."""
    into = [rate.input for rate in rates]
    if writes:
        into += [price for rate in rates for price in (rate.cache_write, rate.cache_write_long)]
    out = [price for rate in rates for price in (rate.output, rate.reasoning)]
    return Rates(input=_most(into), output=_most(out), requests=_most([rate.requests for rate in rates]))


def _most(prices: Iterable[Decimal | None]) -> Decimal | None:
    return max((price for price in prices if price is not None), default=None)


def _priced(rates: Rates | None, given: int, output: int) -> Decimal | None:
    lines = None if rates is None else bill(rates, Usage(input_tokens=given, output_tokens=output))
    return None if lines is None else sum((line.amount for line in lines), _ZERO)


def taken(response: Response, need: Need) -> tuple[Decimal, int]:
    """US dollars and tokens of a call that is over; an unknown price counts for nothing."""
    if response.usage is None and response.parts and not response.local_cache_hit:
        given = _words(response.parts)
        return _priced(need.rates, need.input_tokens, given) or _ZERO, need.input_tokens + given
    return entered(response)


def entered(response: Response) -> tuple[Decimal, int]:
    """US dollars and tokens of a call as the ledger has them."""
    if response.local_cache_hit:
        return _ZERO, 0
    return response.spent or _ZERO, response.usage.total_tokens if response.usage is not None else 0


def _words(parts: Iterable[Part]) -> int:
    texts = (getattr(part, "text", "") or getattr(part, "arguments", "") for part in parts)
    return sum(estimate_text(text) for text in texts if text)
