"""Which model a call goes to: one of several by weight, and those to fall back on."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Collection, Sequence
from typing import Literal, Protocol

import msgspec

from chatbench.core.errors import (
    Authentication,
    ConfigurationError,
    MissingKey,
    NotFound,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
)
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters

Weights = Literal["uniform", "dynamic"] | Sequence[float]
_NAMED = ("uniform", "dynamic")
_MEMORY = 0.05
"""How much the newest call counts in a model's record: about the last twenty are remembered."""
_REST_S = 60.0
_HOPELESS = (Authentication, MissingKey, NotFound, PermissionDenied, QuotaExhausted)
"""What will not be better at the next call: such a model rests for a while if there are others."""


class Route(msgspec.Struct, frozen=True):
    """A model, and the parameters that are its own."""

    model: ModelRef
    parameters: Parameters = Parameters()


class Limited(Protocol):
    """What limits the calls to a model: `remaining` is the share, 0 to 1, that is left just now."""

    @property
    def remaining(self) -> float: ...


class Record:
    """How a model has been doing: the share of calls that were answered, and how fast (seconds)."""

    __slots__ = ("limited_by", "rests_until", "seconds", "success")

    def __init__(self) -> None:
        self.success = 1.0
        self.seconds: float | None = None
        self.rests_until = 0.0
        self.limited_by: Limited | None = None

    def remaining(self) -> float:
        """What is left of the rate limit: 1 where none is known."""
        return 1.0 if self.limited_by is None else self.limited_by.remaining

    def weight(self) -> float:
        """Answers a second that may be hoped for, by what is left of the rate limit. Failures
        count twice: each costs an attempt as well as the time."""
        return max(1e-6, self.success**2 * max(0.01, self.remaining()) / max(0.05, self.seconds or 1.0))


class Router:
    """Chooses among `routes` by weight, then among `fallbacks` in order. Not asked for the same
    model twice within a call."""

    def __init__(
        self,
        routes: Sequence[Route],
        weights: Weights = "uniform",
        fallbacks: Sequence[Route] = (),
        *,
        draw: Callable[[], float] = random.random,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if not routes:
            raise ConfigurationError("No model was named.", "Give one as provider/model-id.")
        self.routes = tuple(routes)
        self.fallbacks = tuple(fallbacks)
        self.weights = checked_weights(weights, len(routes))
        self.records = {route.model: Record() for route in (*routes, *fallbacks)}
        self._own = {route.model: route.parameters for route in reversed((*routes, *fallbacks))}
        self._draw, self._now = draw, now

    def own(self, model: ModelRef) -> Parameters:
        """The parameters that are the model's own; none for one that is not among these."""
        return self._own.get(model) or Parameters()

    def limited_by(self, model: ModelRef, limited: Limited) -> None:
        """Weighs the model by what `limited` leaves of its limits."""
        record = self.records.get(model)
        if record is not None:
            record.limited_by = limited

    def pick(self, tried: Collection[ModelRef] = ()) -> Route | None:
        """The next model to ask; None where all have been tried. One that rests is asked only
        where nothing else is left."""
        if len(self.routes) == 1 and not tried and not self.fallbacks:
            return self.routes[0]
        for rested in (False, True):
            untried = [
                place
                for place, route in enumerate(self.routes)
                if route.model not in tried and (rested or not self._rests(route.model))
            ]
            if untried:
                return self.routes[self._drawn(untried)]
            for route in self.fallbacks:
                if route.model not in tried and (rested or not self._rests(route.model)):
                    return route
        return None

    def succeeded(self, model: ModelRef, seconds: float) -> None:
        """Takes note of an answer."""
        record = self.records.get(model)
        if record is not None:
            record.success += _MEMORY * (1 - record.success)
            before = seconds if record.seconds is None else record.seconds
            record.seconds = before + _MEMORY * (seconds - before)

    def failed(self, model: ModelRef, error: ProviderError) -> None:
        """Takes note of a failed attempt."""
        record = self.records.get(model)
        if record is not None:
            record.success -= _MEMORY * record.success
            if isinstance(error, _HOPELESS):
                record.rests_until = self._now() + _REST_S

    def _rests(self, model: ModelRef) -> bool:
        return self.records[model].rests_until > self._now()

    def _drawn(self, places: Sequence[int]) -> int:
        if self.weights == "uniform":
            return places[int(self._draw() * len(places))]
        if self.weights == "dynamic":
            weights = [self.records[self.routes[place].model].weight() for place in places]
        else:
            weights = [float(self.weights[place]) for place in places]
        point = self._draw() * sum(weights)
        for place, weight in zip(places, weights, strict=True):
            point -= weight
            if point < 0:
                return place
        return places[-1]


def differing(parameters: Parameters, base: Parameters) -> Parameters:
    """What of `parameters` is set otherwise than in `base`."""
    given = parameters.given().items()
    return Parameters(**{name: value for name, value in given if value != getattr(base, name)})


def checked_weights(weights: Weights, count: int) -> Weights:
    """Raises ConfigurationError for weights that are none, or not one for each of `count` models."""
    if isinstance(weights, str):
        if weights not in _NAMED:
            raise _no_weights(weights)
        return weights
    try:
        weights = tuple(map(float, weights))
    except (TypeError, ValueError):
        raise _no_weights(weights) from None
    if len(weights) != count:
        raise ConfigurationError(
            f"There are {count} models and {len(weights)} weights.", "Give one weight for each model."
        )
    if any(weight < 0 for weight in weights) or not 0 < sum(weights) < math.inf:
        raise ConfigurationError(
            "Weights must not be negative, infinite, nor all 0.", "Give each model a share, such as 1 and 3."
        )
    return weights


def _no_weights(given: object) -> ConfigurationError:
    return ConfigurationError(
        f"weights cannot be {given!r}.", "Choose uniform or dynamic, or give one number for each model."
    )
