"""What follows a failed attempt: the same model again, at once or later, another one, or the end."""

from __future__ import annotations

import time

import msgspec

from chatbench.client.calling import Calling
from chatbench.client.environment import Environment
from chatbench.client.retries import counted_apart, elsewhere
from chatbench.client.routing import Route, Router, differing
from chatbench.core.errors import BadRequest, NotFound, ProviderError
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.providers.wire import Call


class Retrying:
    """One call's failures so far; made at the first of them. `asked` is its request before any other
    model, `deadline` (monotonic) the end of its time."""

    __slots__ = (
        "_asked", "_calling", "_deadline", "_environment", "_failures", "_limited_s", "_own", "_refused",
        "_router", "_tried",
    )  # fmt: skip

    def __init__(
        self,
        environment: Environment,
        calling: Calling,
        router: Router | None,
        asked: Request,
        deadline: float | None,
    ) -> None:
        self._environment, self._calling, self._router = environment, calling, router
        self._asked, self._deadline = asked, deadline
        self._failures = 0
        self._limited_s = 0.0
        self._tried: frozenset[ModelRef] = frozenset()
        self._refused: frozenset[tuple[ModelRef, str]] = frozenset()
        self._own: Parameters | None = None

    def step(self, error: ProviderError, call: Call, info: ModelInfo) -> Route | float:
        """Another model, or seconds to wait for this one, of which the catalogue has `info`. Raises
        `error` where nothing follows."""
        model, router = call.request.model, self._router
        if isinstance(error, BadRequest) and self._learned(error, call, info):
            return 0.0
        if router is not None:
            router.failed(model, error)
        delay = self._delay(error)
        if router is not None and (elsewhere(error) or (delay is None and error.retryable)):
            self._tried |= {model}
            route = router.pick(self._tried)
            if route is not None:
                return route
        if delay is None:
            self._name_near_models(error, model)
            raise error
        return delay

    def turned(self, request: Request, route: Route) -> Request:
        """The request to another model, with parameters of its own, and all attempts before it."""
        self._failures = 0
        if self._own is None:
            before = self._router.own(self._asked.model) if self._router is not None else Parameters()
            self._own = self._calling.given.merged(differing(request.parameters, before))
        return msgspec.structs.replace(
            request, model=route.model, parameters=route.parameters.merged(self._own)
        )

    def _learned(self, error: BadRequest, call: Call, info: ModelInfo) -> bool:
        """Whether to ask again at once without the field that was refused; of each field only once."""
        place = (call.request.model, error.param)
        if place in self._refused:
            return False
        self._refused |= {place}
        return self._environment.learned.refusal(error, call.endpoint, info, call.request.parameters)

    def _delay(self, error: ProviderError) -> float | None:
        """Seconds until this model is asked again; None where it is not."""
        apart = counted_apart(error)
        if not apart:
            self._failures += 1
        delay = self._calling.retries.delay(error, max(1, self._failures), waited_s=self._limited_s)
        if apart and delay is not None:
            self._limited_s += delay
        if self._deadline is not None and delay is not None and time.monotonic() + delay >= self._deadline:
            return None
        return delay

    def _name_near_models(self, error: ProviderError, model: ModelRef) -> None:
        """A model the provider does not know: names like it, from what we know of that provider."""
        if isinstance(error, NotFound) and (error.param == "model" or model.id in error.message):
            names = self._environment.catalogue.near(str(model))
            near = [n for n in names if n.startswith(f"{model.provider}/") and n != str(model)]
            if near:
                error.hint = f"Did you mean {' or '.join(near)}?"
