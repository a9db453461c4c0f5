"""What a call costs, from its usage: the provider's own figure, the user's prices, or the baked table.

The table (resources/prices.json) is read when the first price is asked for, and of it only the providers
that are asked for. A tier holds for the whole request once its input passes the threshold. What is not
known is None, never 0.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Literal

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.resources import resource
from chatbench.core.usage import Cost, CostLine, Rates, Usage

_Rate = Decimal | tuple[Decimal | tuple[int, Decimal], ...] | None
"""Dollars, or the base followed by (input tokens that must be passed, dollars)."""
_COMPACT_DATE = re.compile(r"(?<!\d)(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_ZERO = Decimal(0)
SERVICES = frozenset({"batch", "flex", "priority", "fast"})
"""What a provider may be asked to answer as, at a price of its own."""
_Share = Literal["input", "cache_read", "cache_write", "output", "reasoning", "audio"]


class _Prices(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """One row of rates; it holds from the date `since`, or `between` two times of day (UTC)."""

    since: date | None = None
    between: tuple[time, time] | None = None
    input: _Rate = None
    output: _Rate = None
    cache_read: _Rate = None
    cache_write: _Rate = None
    cache_write_long: _Rate = None
    input_audio: _Rate = None
    output_audio: _Rate = None
    reasoning: _Rate = None
    web_searches: _Rate = None
    requests: _Rate = None

    def holds(self, at: datetime) -> bool:
        if self.since is not None:
            return at.date() >= self.since
        if self.between is not None:
            start, end = self.between
            now = at.time().replace(tzinfo=None)
            return start <= now < end if start <= end else now >= start or now < end
        return True


class _Model(msgspec.Struct, frozen=True, dict=True):
    """Prices of every id that any of the patterns matches."""

    prices: tuple[_Prices, ...]
    ids: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    re: tuple[str, ...] = ()
    batch: tuple[_Prices, ...] = ()
    flex: tuple[_Prices, ...] = ()
    priority: tuple[_Prices, ...] = ()
    fast: tuple[_Prices, ...] = ()

    def of_service(self, service: str) -> tuple[_Prices, ...]:
        """What is different there; nothing for a service the table does not know."""
        return getattr(self, service) if service in SERVICES else ()

    def prices_at(self, at: datetime) -> _Prices:
        """The standard row that holds."""
        return next((prices for prices in reversed(self.prices) if prices.holds(at)), self.prices[0])

    def rates(self, at: datetime, input_tokens: int, service: str) -> Rates | None:
        """What a request of so many input tokens is priced by; None where nothing has a price."""
        prices = self.prices_at(at)
        chosen = {name: _at(getattr(prices, name), input_tokens) for name in Rates.__struct_fields__}
        for different in self.of_service(service):
            if different.holds(at):
                own = {name: _at(getattr(different, name), input_tokens) for name in chosen}
                chosen |= {name: rate for name, rate in own.items() if rate is not None}
        return Rates(**chosen) if any(rate is not None for rate in chosen.values()) else None

    @cached_property
    def hourly(self) -> bool:
        """Whether the price depends on the time of day."""
        return any(row.between is not None for row in self._rows)

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Input tokens above which some rate of some row is another, ascending."""
        rates = (getattr(row, name) for row in self._rows for name in Rates.__struct_fields__)
        return tuple(sorted({
            step[0] for rate in rates if isinstance(rate, tuple) for step in rate if isinstance(step, tuple)
        }))  # fmt: skip

    @property
    def _rows(self) -> tuple[_Prices, ...]:
        return (*self.prices, *self.batch, *self.flex, *self.priority, *self.fast)

    def elsewhere(self) -> _Model:
        """The row where another provider offers the model: its services are not offered with it."""
        return msgspec.structs.replace(self, batch=(), flex=(), priority=(), fast=())

    def matches(self, model_id: str) -> bool:
        """Whether one of the patterns, exact ids aside, fits."""
        return (
            model_id.startswith(self.starts)
            or model_id.endswith(self.ends)
            or any(text in model_id for text in self.has)
            or any(re.search(pattern, model_id) for pattern in self.re)
        )


class _Provider(msgspec.Struct):
    """A provider's rows. The first that matches an id is the one."""

    fallback: tuple[str, ...]
    models: tuple[_Model, ...]
    places: dict[str, int] = {}
    loose: list[int] = []

    def __post_init__(self) -> None:
        for place, model in enumerate(self.models):
            for model_id in model.ids:
                self.places.setdefault(model_id, place)
            if model.starts or model.ends or model.has or model.re:
                self.loose.append(place)

    def find(self, model_id: str) -> _Model | None:
        exact = self.places.get(model_id, len(self.models))
        for place in self.loose:
            if place >= exact:
                break
            if self.models[place].matches(model_id):
                return self.models[place]
        return self.models[exact] if exact < len(self.models) else None


class _Address(msgspec.Struct, frozen=True):
    """As much of a provider as it takes to know it by its address."""

    api: str


class _Table(msgspec.Struct, frozen=True):
    date: str
    providers: dict[str, msgspec.Raw]


class Pricing:
    """Prices of the models of every endpoint. `user_prices` maps `provider/model-id` to rates."""

    def __init__(self, user_prices: Mapping[str, Rates] | None = None) -> None:
        self.user_prices: dict[str, Rates] = dict(user_prices or {})
        self._providers: dict[str, _Provider] = {}
        self._found: dict[tuple[str, str, str], _Model | None] = {}
        self._rates: dict[tuple[str, str, str, str, date, int], Rates | None] = {}
        """By place, model, service, day and the steps that the input has passed."""

    @property
    def prices_of(self) -> str:
        """ISO date of the price table; reads it."""
        return self._table.date

    def rates(
        self,
        ref: ModelRef,
        endpoint: Endpoint,
        at: datetime,
        input_tokens: int = 0,
        *,
        service: str = "",
    ) -> Rates | None:
        """Rates for a request of so many input tokens made at `at` (aware); None is unknown.

        `service` is one of SERVICES, or the provider's word for the tier that answered: where a
        model has no other price there, its standard price holds.
        """
        own = self.user_prices.get(str(ref)) if self.user_prices else None
        if own is not None:
            return own
        model = self._model(ref, endpoint)
        if model is None:
            return None
        at = at.astimezone(UTC)
        if model.hourly:
            return model.rates(at, input_tokens, service)
        tier = bisect_left(model.steps, input_tokens)
        key = (endpoint.id, endpoint.base_url, ref.id, service, at.date(), tier)
        if key not in self._rates:
            self._rates[key] = model.rates(at, input_tokens, service)
        return self._rates[key]

    def cliffs(self, ref: ModelRef, endpoint: Endpoint, at: datetime) -> tuple[int, ...]:
        """Input tokens above which the whole request costs another rate, ascending."""
        model = None if str(ref) in self.user_prices else self._model(ref, endpoint)
        if model is None:
            return ()
        prices = model.prices_at(at.astimezone(UTC))
        steps: set[int] = set()
        for rate in (prices.input, prices.output):
            if isinstance(rate, tuple):
                steps.update(step[0] for step in rate if isinstance(step, tuple))
        return tuple(sorted(steps))

    def cost(
        self,
        ref: ModelRef,
        endpoint: Endpoint,
        usage: Usage,
        at: datetime,
        *,
        service: str = "",
    ) -> Cost | None:
        """The bill of one call made at `at` (aware), or None where any used part has no price; for
        `service` see `rates`."""
        if usage.provider_cost is not None:
            return Cost(amount=usage.provider_cost, source="provider")
        rates = self.user_prices.get(str(ref))
        own = rates is not None
        if rates is None:
            if is_free(ref, endpoint):
                return Cost(amount=_ZERO, source="free")
            rates = self.rates(ref, endpoint, at, usage.input_tokens, service=service)
        lines = None if rates is None else bill(rates, usage)
        if lines is None:
            return None
        return Cost(
            amount=sum((line.amount for line in lines), _ZERO),
            source="user" if own else "table",
            rates=rates,
            prices_of="" if own else self.prices_of,
            lines=lines,
        )

    @cached_property
    def _table(self) -> _Table:
        return msgspec.json.decode(resource("prices.json").read_bytes(), type=_Table)

    def _provider(self, key: str) -> _Provider:
        if key not in self._providers:
            self._providers[key] = msgspec.json.decode(self._table.providers[key], type=_Provider)
        return self._providers[key]

    def _key(self, endpoint: Endpoint) -> str | None:
        """The table's provider for an endpoint: by its id, else by the address it speaks to."""
        if endpoint.id in self._table.providers:
            return endpoint.id
        for key, raw in self._table.providers.items():
            if re.match(msgspec.json.decode(raw, type=_Address).api, endpoint.base_url):
                return key
        return None

    def _model(self, ref: ModelRef, endpoint: Endpoint) -> _Model | None:
        cache_key = (endpoint.id, endpoint.base_url, ref.id)
        if cache_key not in self._found:
            key = self._key(endpoint)
            self._found[cache_key] = None if key is None else self._find(key, ref.id.lower())
        return self._found[cache_key]

    def _find(self, key: str, model_id: str) -> _Model | None:
        keys = (key, *self._provider(key).fallback)
        dashed = _COMPACT_DATE.sub(r"\1-\2-\3", model_id)
        for spelling in dict.fromkeys((model_id, dashed)):
            for provider in keys:
                model = self._provider(provider).find(spelling)
                if model is not None:
                    return model if provider == key else model.elsewhere()
        return None


def is_free(ref: ModelRef, endpoint: Endpoint) -> bool:
    """Whether the model runs on this computer, and so costs nothing but what the user says.

    Ollama's cloud models go through the local server, told apart by the end of their names."""
    passed_on = endpoint.wire == "ollama" and ref.id.endswith((":cloud", "-cloud"))
    return (endpoint.local and not passed_on) or ref.provider == GUIDE.provider


def _at(rate: _Rate, input_tokens: int) -> Decimal | None:
    """The rate that holds for a whole request of so many input tokens."""
    if not isinstance(rate, tuple):
        return rate
    chosen: Decimal | None = None
    for step in rate:
        if not isinstance(step, tuple):
            chosen = step
        elif input_tokens > step[0]:
            chosen = step[1]
    return chosen


def bill(rates: Rates, usage: Usage) -> tuple[CostLine, ...] | None:
    """The lines of a bill, which sum to its amount exactly; None where a used part has no price.

    A share without a price of its own costs what the whole costs: a cache read without a rate is
    input. Audio beside a cache is None unless audio costs what text costs, for no provider says how
    much of the cached input was audio.
    """
    if _audio_is_unknown(rates, usage):
        return None
    lines: list[CostLine] = []
    for what, count, rate in _shares(rates, usage):
        if not count:
            continue
        if rate is None:
            return None
        lines.append(CostLine(what=what, count=count, amount=(rate * count).scaleb(-6)))
    if usage.web_searches:
        if rates.web_searches is None:
            return None
        amount = (rates.web_searches * usage.web_searches).scaleb(-3)
        lines.append(CostLine(what="searches", count=usage.web_searches, amount=amount))
    if rates.requests is not None and usage.total_tokens:
        lines.append(CostLine(what="request", count=1, amount=rates.requests.scaleb(-3)))
    return tuple(lines)


def _audio_is_unknown(rates: Rates, usage: Usage) -> bool:
    cached = usage.cache_read_tokens or usage.cache_write_tokens
    return bool(usage.input_audio_tokens and cached and _first(rates.input_audio, rates.input) != rates.input)


def _shares(rates: Rates, usage: Usage) -> list[tuple[_Share, int, Decimal | None]]:
    """The tokens by what they cost, in the order of a bill; most calls have but the plain two."""
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    audio = 0 if cached else usage.input_audio_tokens
    shares: list[tuple[_Share, int, Decimal | None]] = [
        ("input", max(0, usage.new_input_tokens - audio), rates.input)
    ]
    if cached:
        long = min(usage.cache_write_long_tokens, usage.cache_write_tokens)
        write = _first(rates.cache_write, rates.input)
        shares += [
            ("cache_read", usage.cache_read_tokens, _first(rates.cache_read, rates.input)),
            ("cache_write", usage.cache_write_tokens - long, write),
            ("cache_write", long, _first(rates.cache_write_long, write)),
        ]
    apart = usage.reasoning_tokens + usage.output_audio_tokens
    shares.append(("output", max(0, usage.output_tokens - apart), rates.output))
    if apart or audio:
        shares += [
            ("reasoning", usage.reasoning_tokens, _first(rates.reasoning, rates.output)),
            ("audio", audio, _first(rates.input_audio, rates.input)),
            ("audio", usage.output_audio_tokens, _first(rates.output_audio, rates.output)),
        ]
    return shares


def _first(own: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return whole if own is None else own
