"""One call under way: what is asked and where, how far it has come, and the times it took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TypeVar

from chatbench.client.calling import Calling
from chatbench.client.clock import Clock
from chatbench.client.environment import Environment
from chatbench.client.outcome import outcome, together
from chatbench.client.routing import Router
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ChatbenchError, ProviderError, Timeout
from chatbench.core.params import LeftOut
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret
from chatbench.core.streams import Accumulator
from chatbench.core.usage import Timings
from chatbench.providers.wire import Exchange

T = TypeVar("T")


class Underway:
    """What is known of a call. To be read at any time."""

    __slots__ = (
        "__weakref__", "_asked", "_at", "_calling", "_clock", "_deadline", "_environment", "_exchange",
        "_key", "_lost", "_queued_s", "_router", "accumulator", "attempts", "endpoint", "info", "last_error",
        "left_out", "request",
    )  # fmt: skip

    def __init__(
        self, environment: Environment, request: Request, calling: Calling, router: Router | None = None
    ) -> None:
        self._environment = environment
        self._calling = calling
        self._router = router
        self._asked = request
        self.request = request
        self.endpoint = calling.endpoint or environment.endpoint(request.model.provider)
        self.info = environment.catalogue.info(request.model)
        self.accumulator = Accumulator()
        self.left_out: tuple[LeftOut, ...] = ()
        self.attempts = 0
        self.last_error: ProviderError | None = None
        self._clock = Clock()
        self._at: datetime | None = None
        self._deadline: float | None = None
        self._exchange: Exchange | None = None
        self._key: Secret | None = None
        self._lost: Response | None = None
        self._queued_s = 0.0

    @property
    def asked(self) -> Request:
        """What was asked for at first, before hooks and other models."""
        return self._asked

    @property
    def timings(self) -> Timings:
        return self._clock.timings(self._queued_s or None)

    def response(self, error: ChatbenchError | None = None) -> Response:
        """The answer as far as it came, priced with the attempts that were made again; `error` is
        recorded with it."""
        return self._with_lost(self._last_attempt(error))

    def _with_lost(self, response: Response) -> Response:
        return response if self._lost is None else together(response, self._lost)

    def _last_attempt(self, error: ChatbenchError | None = None) -> Response:
        """The same with no more than this attempt used."""
        return outcome(
            self.request, self.endpoint, self.accumulator, self._exchange, self.left_out,
            self._environment.pricing, self._at, self._key, self.timings, self.attempts,
            error.report() if error else None,
        )  # fmt: skip

    def _besides(self, used: Response) -> None:
        """Something was used, and counted, that is not in the answer."""
        self._lost = used if self._lost is None else together(used, self._lost)

    def _start(self) -> None:
        """The clock runs. Raises RuntimeError for a second time."""
        if self._at is not None:
            raise RuntimeError("a call is made once; open another for the next")
        self._at = datetime.now(UTC)
        self._clock.start()
        if self._calling.retries.total_s is not None:
            self._deadline = time.monotonic() + self._calling.retries.total_s

    def _moved(self) -> None:
        """Takes over the place of a request that was changed."""
        if self.request.model != self._asked.model or self.info.ref != self.request.model:
            if self._calling.endpoint is None or self.request.model.provider != self._asked.model.provider:
                self.endpoint = self._environment.endpoint(self.request.model.provider)
            self.info = self._environment.catalogue.info(self.request.model)

    async def _in_time(self, waiting: Awaitable[T]) -> T:
        """Waits no longer than the whole call may take."""
        if self._deadline is None:
            return await waiting
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                return await waiting
        except TimeoutError:
            raise self.last_error or _out_of_time(self.endpoint) from None


def _out_of_time(endpoint: Endpoint) -> Timeout:
    return Timeout(
        f"The call to {endpoint.name} could not begin within its time limit.",
        "Raise the limit on the time, or those on requests and tokens.",
        provider=endpoint.id,
    )
