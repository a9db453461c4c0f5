"""The attempts of one call: routed, fitted, keyed, held to their limits, sent, and made again."""

from __future__ import annotations

import asyncio
import logging
import time

import msgspec

from chatbench.client.accounted import Accounted
from chatbench.client.calling import Calling
from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_tokens
from chatbench.client.limits import Bucket, Permit
from chatbench.client.retrying import Retrying
from chatbench.client.routing import Route, Router
from chatbench.client.targets import Place, Target, known_target, target_of
from chatbench.core.errors import ChatbenchError, ProviderError, Timeout
from chatbench.core.holds import Hold
from chatbench.core.requests import Request, Response
from chatbench.providers.wire import Call, Exchange, fitted

log = logging.getLogger(__name__)


class Attempts(Accounted):
    """A call as it is tried: by one model or several, once or more often."""

    __slots__ = (
        "_began", "_failure", "_hurry", "_key_provider", "_paused", "_queue", "_retrying", "retry_at",
    )  # fmt: skip

    def __init__(
        self, environment: Environment, request: Request, calling: Calling, router: Router | None = None
    ) -> None:
        super().__init__(environment, request, calling, router)
        self.retry_at: float | None = None
        """Monotonic time of the next attempt, while waiting for one."""
        self._began = 0.0
        self._failure: ChatbenchError | None = None
        self._hurry: asyncio.Event | None = None
        self._key_provider = calling.key_provider or request.model.provider
        self._paused: Bucket | None = None
        self._queue: Bucket | None = None
        self._retrying: Retrying | None = None

    @property
    def queued(self) -> bool:
        """Whether it waits for a limit to let it out: ours, the provider's, or the pause after a
        refusal of another call."""
        return self._queue is not None

    @property
    def held(self) -> Hold | None:
        """What holds it back while it is `queued`."""
        found = self._queue.hold(self) if self._queue is not None else None
        return msgspec.structs.replace(found, provider=self.endpoint.name) if found is not None else None

    def retry_now(self) -> None:
        """Ends the present wait between two attempts, and the pause of everyone who asks there. A
        limit is not lifted by it."""
        if self._queue is not None:
            self._queue.resume()
        if self._hurry is not None:
            if self._paused is not None:
                self._paused.resume()
            self._hurry.set()

    async def _next(self) -> tuple[Call, Permit, Target]:
        """The next attempt, as this model at this endpoint takes it, with what is known by now."""
        request = self.request
        target = await self._target()
        expected_in = expected_out = 0
        if target.bucket.counts_tokens:
            expected_in = estimate_tokens(request.messages, request.system, self.info)
            expected_out = request.parameters.max_output_tokens or 0
        permit = target.bucket.try_acquire(expected_in, expected_out)
        if permit is None:
            permit = await self._queued(target.bucket, expected_in, expected_out)
        try:
            call = self._call_to(target, request)
        except BaseException:
            permit.void()
            raise
        self.attempts += 1
        self._began = time.monotonic()
        return call, permit, target

    def _call_to(self, target: Target, request: Request) -> Call:
        """The request as it goes to `target`, without what is not taken there."""
        request, self.left_out = fitted(request, target.info, target.wire, target.endpoint)
        timeouts = self._calling.timeouts
        if self._deadline is not None:
            left = max(0.0, self._deadline - time.monotonic())
            total = left if timeouts.total is None else min(left, timeouts.total)
            timeouts = msgspec.structs.replace(timeouts, total=total)
        self._key = target.key
        self._exchange = Exchange(keep_body=self._calling.keep_raw)
        return Call(
            endpoint=target.endpoint,
            info=target.info,
            request=request,
            key=target.key,
            timeouts=timeouts,
            exchange=self._exchange,
        )

    async def _queued(self, bucket: Bucket, expected_in: int, expected_out: int) -> Permit:
        self._queue = bucket
        try:
            permit = await self._in_time(bucket.acquire(expected_in, expected_out, asker=self))
        finally:
            self._queue = None
        self._queued_s += permit.waited_s
        return permit

    async def _target(self) -> Target:
        environment, router, place = self._environment, self._router, self._place
        target = known_target(environment, place, self.endpoint)
        if target is None:
            target = await target_of(environment, place, self.endpoint, self.info)
        if router is not None and router.weights == "dynamic":
            router.limited_by(place.model, target.bucket)
        return target

    @property
    def _place(self) -> Place:
        request, calling = self.request, self._calling
        key = calling.key if request.model.provider == self._key_provider else None
        return Place(request.model, calling.limits, key, request.api_version)

    def _over(self, call: Call, permit: Permit, target: Target) -> None:
        """An attempt is over, however it ended."""
        self._clock.finish(self.accumulator)
        if call.exchange.headers:
            target.bucket.observe(call.exchange.headers)
        permit.release(self.accumulator.usage)

    def _pause(self, error: ProviderError, target: Target) -> None:
        """To be called while the permit is held: the next in line would run into the same refusal."""
        pause = self._calling.retries.pause(error)
        if pause:
            target.bucket.pause(pause)
            self._paused = target.bucket

    def _next_step(self, error: ProviderError, call: Call) -> Route | float:
        """What follows a failed attempt, which is void then: another model, or seconds to wait for
        this one. Raises `error` where nothing does."""
        late = self._deadline is not None and time.monotonic() >= self._deadline
        if late and isinstance(error, Timeout) and self.last_error is not None:
            # Cut short by the end of its time, it says less than what went wrong before.
            raise self.last_error
        self.last_error = self._failure = error
        log.info("%s failed at attempt %d: %s", self.request.model, self.attempts, type(error).__name__)
        self._environment.targets.pop(self._place, None)
        if self.accumulator.has_visible_text and self._calling.broken == "keep":
            raise error
        step = self._failures.step(error, call, self.info)
        self._void()
        return step

    @property
    def _failures(self) -> Retrying:
        if self._retrying is None:
            self._retrying = Retrying(
                self._environment, self._calling, self._router, self._asked, self._deadline
            )
        return self._retrying

    async def _go_on(self, step: Route | float, error: ProviderError) -> None:
        """Returns when the next attempt is due."""
        if isinstance(step, Route):
            log.info("turning to %s", step.model)
            self.request = self._failures.turned(self.request, step)
            self._exchange, self.left_out = None, ()
            self._moved()
            await self._readmit(error)
        else:
            await self._wait(step)

    async def _wait(self, delay: float) -> None:
        if delay <= 0:
            return
        self.retry_at = time.monotonic() + delay
        self._hurry = asyncio.Event()
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            pass
        finally:
            self.retry_at = self._hurry = None

    def _answered(self) -> Response:
        log.debug("%s answered at attempt %d", self.request.model, self.attempts)
        self._whole_response = response = self._last_attempt()
        if self._router is not None:
            self._router.succeeded(self.request.model, time.monotonic() - self._began)
        return self._with_lost(response)
