"""One call under way: routed, fitted, keyed, held to its limits, sent, tried again, measured, priced."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from chatbench.client.budget import Reservation
from chatbench.client.calling import Calling
from chatbench.client.clock import Clock
from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_tokens
from chatbench.client.limits import Bucket, Permit
from chatbench.client.outcome import events_of, outcome
from chatbench.client.raw import shown
from chatbench.client.retries import counted_apart, elsewhere
from chatbench.client.routing import Route, Router, differing
from chatbench.client.targets import Target, target_of
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    BadRequest,
    ChatbenchError,
    ContextWindowExceeded,
    NotFound,
    ProviderError,
    StreamInterrupted,
    Timeout,
)
from chatbench.core.holds import Hold
from chatbench.core.ids import new_id
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters, fit
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret
from chatbench.core.streams import (
    Accumulator,
    PartDelta,
    PartStart,
    Reset,
    StreamEvent,
)
from chatbench.core.usage import Timings
from chatbench.providers.wire import Call, Exchange

log = logging.getLogger(__name__)
T = TypeVar("T")


class AnswerStream:
    """One call under way: iterate it for its events, or `complete` it; read it at any time.

    Nothing is sent before that. An attempt that came to nothing is made void by a `Reset` before
    the next; see `Calling.broken` for one that broke off after its first words.
    """

    __slots__ = (
        "__weakref__", "_asked", "_at", "_began", "_calling", "_clock", "_deadline", "_environment",
        "_exchange", "_failure", "_failures", "_hurry", "_key", "_key_provider", "_limited_s", "_own",
        "_paused", "_queue", "_queued_s", "_refused", "_reservation", "_result", "_router", "_settled",
        "_tried", "_whole_response", "accumulator", "attempts", "endpoint", "info", "last_error",
        "left_out", "request", "retry_at",
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
        self.retry_at: float | None = None
        """Monotonic time of the next attempt, while waiting for one."""
        self.last_error: ProviderError | None = None
        self._failure: ChatbenchError | None = None
        self._failures = 0
        self._tried: frozenset[ModelRef] = frozenset()
        self._refused: frozenset[tuple[ModelRef, str]] = frozenset()
        self._own: Parameters | None = None
        self._key_provider = calling.key_provider or request.model.provider
        self._queue: Bucket | None = None
        self._began = 0.0
        self._settled = False
        self._hurry: asyncio.Event | None = None
        self._paused: Bucket | None = None
        self._clock = Clock()
        self._deadline: float | None = None
        self._exchange: Exchange | None = None
        self._key: Secret | None = None
        self._queued_s = self._limited_s = 0.0
        self._at: datetime | None = None
        self._reservation: Reservation | None = None
        self._whole_response: Response | None = None
        self._result: Response | None = None

    @property
    def asked(self) -> Request:
        """What was asked for at first, before hooks and other models."""
        return self._asked

    @property
    def result(self) -> Response:
        """The whole answer, once the call is over. Raises RuntimeError before that."""
        if self._result is None:
            raise RuntimeError("the call is not over")
        return self._result

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

    async def __aiter__(self) -> AsyncIterator[StreamEvent]:
        async with aclosing(self.events()) as batches:
            async for batch in batches:
                for event in batch:
                    yield event

    async def texts(self) -> AsyncGenerator[str, None]:
        """Only the words of the answer, as they come. Raises what `events` raises, and the error
        that made words void which were given out already, though the call would go on."""
        given = False
        async with aclosing(self.events()) as batches:
            async for batch in batches:
                if given and any(type(event) is Reset for event in batch):
                    raise self._failure or StreamInterrupted("The words given out have become void.")
                for event in batch:
                    text = ""
                    if type(event) is PartDelta:
                        part = self.accumulator.kind(event.index, event.choice)
                        text = event.text if part is TextPart and event.choice == 0 else ""
                    elif type(event) is PartStart and isinstance(event.part, TextPart) and event.choice == 0:
                        text = event.part.text
                    if text:
                        given = True
                        yield text

    async def complete(self) -> Response:
        """Makes the call and returns the whole answer; at once where it is there already. Raises what
        `events` raises."""
        if self._result is not None:
            return self._result
        if self._asked.stream:
            async with aclosing(self.events()) as batches:
                async for _ in batches:
                    pass
        else:
            await self._whole()
        return self.result

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Makes the call. Close the generator to stop it: the connection closes with it.

        Raises `ProviderError`s, whatever finding the key raises, BudgetExceeded, HookRejected and
        LimitUnattainable. A call is made once: RuntimeError for a second time.
        """
        self._only_once()
        try:
            await self._begin()
            kept = await self._kept()
            if kept is not None:
                yield self._answered_from(kept)
                await self._conclude(self.result)
                return
            await self._admit()
            while True:
                call, permit, target = await self._next()
                yielded, failure = False, None
                try:
                    async with aclosing(target.wire.stream(call, self._environment.http)) as batches:
                        async for batch in batches:
                            self.accumulator.extend(batch)
                            self._clock.note(batch, self.accumulator)
                            yielded = True
                            yield batch
                except ProviderError as error:
                    failure = error
                    self._pause(error, target)
                finally:
                    self._over(call, permit, target)
                if failure is None:
                    break
                step = self._next_step(failure, call)
                self._void()
                if yielded:
                    yield [Reset()]
                await self._go_on(step, failure)
            response = self._answered()
            self._settle()
            calling = self._calling
            if calling.cached is not None and calling.cache_mode != "bypass":
                await calling.cached.put(self._addressed(), response)
            await self._conclude(response)
        except ChatbenchError as error:
            self._failure = error
            replacement = await self._told(error)
            yield [Reset(), *self._answered_from(replacement)]
        finally:
            self._settle()

    async def _whole(self) -> None:
        """The same for one whole answer, with less on the way; identical ones share one request."""
        self._only_once()
        calling = self._calling
        try:
            await self._begin()
            if calling.cached is None or calling.cache_mode == "bypass":
                response = await self._make()
            else:
                response = await calling.cached.fetch(self._addressed(), self._make, calling.cache_mode)
                if response.local_cache_hit and not self._fits(response):
                    response = await calling.cached.fetch(self._addressed(), self._make, "refresh")
            if response.local_cache_hit:
                self._answered_from(response)
                response = self.result
            await self._conclude(response)
        except ChatbenchError as error:
            self._answered_from(await self._told(error))

    async def _make(self) -> Response:
        """A whole answer over the wire."""
        await self._admit()
        try:
            while True:
                call, permit, target = await self._next()
                failure = None
                try:
                    batch = await target.wire.complete(call, self._environment.http)
                    self.accumulator.extend(batch)
                    self._clock.note(batch, self.accumulator)
                except ProviderError as error:
                    failure = error
                    self._pause(error, target)
                finally:
                    self._over(call, permit, target)
                if failure is None:
                    return self._answered()
                step = self._next_step(failure, call)
                self._void()
                await self._go_on(step, failure)
        finally:
            self._settle()

    def _only_once(self) -> None:
        if self._at is not None:
            raise RuntimeError("a call is made once; open another for the next")
        self._at = datetime.now(UTC)

    async def _begin(self) -> None:
        """The clock runs; hooks may change what is asked."""
        calling = self._calling
        self._clock.start()
        if calling.retries.total_s is not None:
            self._deadline = time.monotonic() + calling.retries.total_s
        if calling.hooks is not None:
            self.request = await calling.hooks.before(self.request)
            self._moved()

    async def _admit(self) -> None:
        """Refuses, before anything is sent, what cannot fit or would pass a budget."""
        self._refuse_too_long()
        calling = self._calling
        if calling.budgets is not None:
            self._reservation = await self._in_time(
                calling.budgets.acquire(
                    self.request, self.info, self.endpoint, conversation=calling.conversation, run=calling.run
                )
            )

    async def _readmit(self, error: ProviderError) -> None:
        """Asks the budget anew: another model, to which `error` led, may cost more."""
        if self._reservation is not None:
            self._reservation.settle(None)
            self._reservation = None
            try:
                await self._admit()
            except ChatbenchError as refusal:
                raise refusal from error

    async def _kept(self) -> Response | None:
        """The answer to a stream from the cache."""
        calling = self._calling
        if calling.cached is None or calling.cache_mode != "use":
            return None
        kept = await calling.cached.get(self._addressed())
        return kept if kept is not None and self._fits(kept) else None

    def _fits(self, kept: Response) -> bool:
        """One that does not fit the schema is asked for anew: it would misfit for ever."""
        if self._calling.schema is None:
            return True
        from chatbench.client.parsing import fits

        return fits(kept, self._calling.schema)

    def _moved(self) -> None:
        """Takes over the place of a request that was changed."""
        if self.request.model != self._asked.model or self.info.ref != self.request.model:
            if self._calling.endpoint is None or self.request.model.provider != self._asked.model.provider:
                self.endpoint = self._environment.endpoint(self.request.model.provider)
            self.info = self._environment.catalogue.info(self.request.model)

    def _addressed(self) -> Request:
        """The request with the address it goes to, so that no other address's answer is taken."""
        endpoint = self._environment.keys.effective(self.endpoint)
        return msgspec.structs.replace(self.request, base_url=endpoint.base_url)

    def _refuse_too_long(self) -> None:
        """A prompt that cannot fit by any way of counting is not sent."""
        window = self.info.context_window
        if window is None:
            return
        size = len(self.request.system)
        for message in self.request.messages:
            for part in message.parts:
                size += len(part.text) if isinstance(part, TextPart) else window
        if size * 2 <= window:
            return
        tokens = estimate_tokens(self.request.messages, self.request.system, self.info)
        if tokens * 0.75 > window:
            raise ContextWindowExceeded(
                f"The prompt is about {tokens:,} tokens; {self.info.title} takes {window:,}.",
                "Shorten it, leave out attachments, or choose a model with a larger context window.",
                provider=self.endpoint.id,
            )

    async def _next(self) -> tuple[Call, Permit, Target]:
        """The next attempt, as this model at this endpoint takes it, with what is known by now."""
        request = self.request
        target = await self._target()
        timeouts = self._calling.timeouts
        tokens = target.bucket.counts_tokens
        expected_in = estimate_tokens(request.messages, request.system, self.info) if tokens else 0
        expected_out = (request.parameters.max_output_tokens or 0) if tokens else 0
        permit = target.bucket.try_acquire(expected_in, expected_out)
        if permit is None:
            permit = await self._queued(target.bucket, expected_in, expected_out)
        try:
            parameters, self.left_out = fit(
                request.parameters, target.info, target.wire.takes, target.endpoint.quirks.refused
            )
            if parameters is not request.parameters:
                request = msgspec.structs.replace(request, parameters=parameters)
            if self._deadline is not None:
                left = max(0.0, self._deadline - time.monotonic())
                total = left if timeouts.total is None else min(left, timeouts.total)
                timeouts = msgspec.structs.replace(timeouts, total=total)
            self._key = target.key
            exchange = Exchange(keep_body=self._calling.keep_raw)
            self._exchange = exchange
            call = Call(
                endpoint=target.endpoint,
                info=target.info,
                request=request,
                key=target.key,
                timeouts=timeouts,
                exchange=exchange,
            )
        except BaseException:
            permit.void()
            raise
        self.attempts += 1
        self._began = time.monotonic()
        return call, permit, target

    async def _queued(self, bucket: Bucket, expected_in: int, expected_out: int) -> Permit:
        self._queue = bucket
        try:
            permit = await self._in_time(bucket.acquire(expected_in, expected_out, asker=self))
        finally:
            self._queue = None
        self._queued_s += permit.waited_s
        return permit

    async def _in_time(self, waiting: Awaitable[T]) -> T:
        """Waits no longer than the whole call may take."""
        if self._deadline is None:
            return await waiting
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                return await waiting
        except TimeoutError:
            raise self.last_error or _out_of_time(self.endpoint) from None

    async def _target(self) -> Target:
        model, calling, router = self.request.model, self._calling, self._router
        target = await target_of(
            self._environment,
            calling,
            model,
            self.endpoint,
            self.info,
            self.request.api_version,
            calling.key if model.provider == self._key_provider else None,
        )
        if router is not None and router.weights == "dynamic":
            router.limited_by(model, target.bucket)
        return target

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
        """What follows a failed attempt: another model, or seconds to wait for this one. Raises
        `error` where nothing does."""
        late = self._deadline is not None and time.monotonic() >= self._deadline
        if late and isinstance(error, Timeout) and self.last_error is not None:
            # Cut short by the end of its time, it says less than what went wrong before.
            raise self.last_error
        self.last_error = self._failure = error
        log.info("%s failed at attempt %d: %s", self.request.model, self.attempts, type(error).__name__)
        environment, router = self._environment, self._router
        environment.targets.pop((self.request.model, self._calling.limits), None)
        if self.accumulator.has_visible_text and self._calling.broken == "keep":
            raise error
        if isinstance(error, BadRequest) and self._learned(error, call):
            return 0.0
        if router is not None:
            router.failed(self.request.model, error)
        delay = self._delay(error)
        if router is not None and (elsewhere(error) or (delay is None and error.retryable)):
            self._tried |= {self.request.model}
            route = router.pick(self._tried)
            if route is not None:
                return route
        if delay is None:
            self._name_near_models(error)
            raise error
        return delay

    def _learned(self, error: BadRequest, call: Call) -> bool:
        """Whether to ask again at once without the field that was refused; of each field only once."""
        place = (self.request.model, error.param)
        if place in self._refused:
            return False
        self._refused |= {place}
        return self._environment.learned.refusal(error, call.endpoint, self.info, call.request.parameters)

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

    def _void(self) -> None:
        """The attempt is made again. It was used, and is paid for, as far as it came."""
        if self.accumulator.usage is not None or self.accumulator.has_visible_text:
            lost = self.response()
            if self._reservation is not None:
                self._reservation.add(lost)
            if self._calling.ledger is not None:
                self._calling.ledger.record(lost)
        self.accumulator.apply(Reset())

    async def _go_on(self, step: Route | float, error: ProviderError) -> None:
        """Returns when the next attempt is due."""
        if isinstance(step, Route):
            self._turn_to(step)
            await self._readmit(error)
        else:
            await self._wait(step)

    def _turn_to(self, route: Route) -> None:
        """Makes another model the one that is asked, with parameters of its own, and all attempts
        before it."""
        log.info("turning to %s", route.model)
        self._failures = 0
        if self._own is None:
            before = self._router.own(self._asked.model) if self._router is not None else Parameters()
            self._own = self._calling.given.merged(differing(self.request.parameters, before))
        self.request = msgspec.structs.replace(
            self.request, model=route.model, parameters=route.parameters.merged(self._own)
        )
        self._exchange, self.left_out = None, ()
        self._moved()

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

    def _name_near_models(self, error: ProviderError) -> None:
        """A model the provider does not know: names like it, from what we know of that provider."""
        model = self.request.model
        if isinstance(error, NotFound) and (error.param == "model" or model.id in error.message):
            names = self._environment.catalogue.near(str(model))
            near = [n for n in names if n.startswith(f"{model.provider}/") and n != str(model)]
            if near:
                error.hint = f"Did you mean {' or '.join(near)}?"

    def _answered(self) -> Response:
        log.debug("%s answered at attempt %d", self.request.model, self.attempts)
        self._whole_response = response = self.response()
        if self._router is not None:
            self._router.succeeded(self.request.model, time.monotonic() - self._began)
        return response

    async def _conclude(self, response: Response) -> None:
        """Reads the answer to a schema, and lets the hooks see it."""
        calling = self._calling
        if calling.schema is not None:
            from chatbench.client.parsing import parsed

            response = await parsed(
                response, calling.schema, self.request, self._again if calling.repair else None
            )
        if calling.hooks is not None:
            response = await calling.hooks.after(self.request, response)
        self._result = response
        if calling.hooks is not None:
            await calling.hooks.done(response)

    async def _again(self, request: Request) -> Response:
        retries = self._calling.retries
        if self._deadline is not None:
            left = max(0.0, self._deadline - time.monotonic())
            retries = msgspec.structs.replace(retries, total_s=left)
        once = replace(self._calling, retries=retries, schema=None, repair=False, hooks=None, cached=None)
        return await AnswerStream(self._environment, request, once).complete()

    async def _told(self, error: ChatbenchError) -> Response:
        """An answer that a hook gives in place of an error; raises the error, or the hook's."""
        if self._calling.hooks is None:
            raise error
        replacement = await self._calling.hooks.error(self.request, error)
        if replacement is None:
            raise error
        return replacement

    def _answered_from(self, kept: Response) -> list[StreamEvent]:
        """An answer that did not come over the wire this time, as events."""
        events = events_of(kept)
        self.accumulator.apply(Reset())
        self.accumulator.extend(events)
        self._clock.note(events, self.accumulator)
        self._clock.finish(self.accumulator)
        timings = self.timings
        self._result = msgspec.structs.replace(
            kept, id=new_id(), request=shown(self.request), at=self._at, timings=timings
        )
        return events

    def _settle(self) -> None:
        """What was used is counted, once, also where the call was stopped or failed."""
        reservation, ledger = self._reservation, self._calling.ledger
        if self._settled or (reservation is None and ledger is None):
            return
        self._settled = True
        self._reservation = None
        response = self._whole_response
        if response is None and self.attempts:
            response = self.response()
        if reservation is not None:
            reservation.settle(response)
        if ledger is not None and response is not None:
            ledger.record(response)

    @property
    def timings(self) -> Timings:
        return self._clock.timings(self._queued_s or None)

    def response(self, error: ChatbenchError | None = None) -> Response:
        """The answer as far as it came, priced; `error` is recorded with it."""
        return outcome(
            self.request, self.endpoint, self.accumulator, self._exchange, self.left_out,
            self._environment.pricing, self._at, self._key, self.timings, self.attempts,
            error.report() if error else None,
        )  # fmt: skip


def _out_of_time(endpoint: Endpoint) -> Timeout:
    return Timeout(
        f"The call to {endpoint.name} could not begin within its time limit.",
        "Raise the limit on the time, or those on requests and tokens.",
        provider=endpoint.id,
    )
