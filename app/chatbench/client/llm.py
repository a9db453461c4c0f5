"""One call made well: route, fit, key, send, retry, measure, price."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest, ChatbenchError, ProviderError
from chatbench.core.messages import TextPart, ThinkingPart
from chatbench.core.models import ModelInfo
from chatbench.core.params import LeftOut, fit
from chatbench.core.requests import Request, Response
from chatbench.core.streams import Accumulator, PartDelta, PartEnd, PartStart, StreamEvent
from chatbench.core.usage import Timings
from chatbench.providers.http import Timeouts
from chatbench.providers.wire import Call


class LLMClient:
    """Makes calls. Holds nothing of its own but the settings of how to call."""

    def __init__(
        self,
        environment: Environment,
        *,
        retries: RetryPolicy = RetryPolicy(),
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self.environment = environment
        self.retries = retries
        self.timeouts = timeouts

    def stream(self, request: Request) -> AnswerStream:
        """A call that is made when it is iterated. Raises UnknownModel for an unknown provider."""
        endpoint = self.environment.endpoint(request.model.provider)
        info = self.environment.catalogue.info(request.model)
        return AnswerStream(self, request, endpoint, info)

    async def complete(self, request: Request) -> Response:
        """The finished answer. Raises `ProviderError` and whatever finding the key raises."""
        stream = self.stream(request)
        async with aclosing(stream.events()) as batches:
            async for _ in batches:
                pass
        return stream.response()


class AnswerStream:
    """One call under way: iterate it for batches of events, read it at any time.

    Retries happen before the first visible token. After it, an error is raised as it came and
    what arrived stays readable.
    """

    def __init__(self, client: LLMClient, request: Request, endpoint: Endpoint, info: ModelInfo) -> None:
        self._client = client
        self._environment = client.environment
        self.request = request
        self.endpoint = endpoint
        self.info = info
        self.accumulator = Accumulator()
        self.left_out: tuple[LeftOut, ...] = ()
        self.attempts = 0
        self.retry_at: float | None = None
        """Monotonic time of the next attempt, while waiting for one."""
        self.last_error: ProviderError | None = None
        self._hurry = asyncio.Event()
        self._clock = _Clock()

    def retry_now(self) -> None:
        """Ends the present wait between two attempts."""
        self._hurry.set()

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Makes the call. Close the generator to stop it: the connection closes with it.

        Raises `ProviderError`s, and whatever finding the key raises.
        """
        self._clock.start()
        while True:
            self.attempts += 1
            try:
                async with aclosing(self._attempt()) as batches:
                    async for batch in batches:
                        self.accumulator.extend(batch)
                        self._clock.note(batch, self.accumulator)
                        yield batch
                self._clock.finish(self.accumulator)
                return
            except ProviderError as error:
                self._clock.finish(self.accumulator)
                self.last_error = error
                if self.accumulator.has_visible_text:
                    raise
                if not self._learn(error):
                    await self._wait(error)
                self.accumulator = Accumulator()

    async def _attempt(self) -> AsyncGenerator[list[StreamEvent], None]:
        environment = self._environment
        endpoint = environment.keys.effective(self.endpoint)
        endpoint = environment.learned.endpoint(endpoint)
        info = environment.learned.info(self.info)
        key = await environment.keys.find(endpoint)
        parameters, self.left_out = fit(self.request.parameters, info)
        call = Call(
            endpoint=endpoint,
            info=info,
            request=msgspec.structs.replace(self.request, parameters=parameters),
            key=key.secret if key else None,
            timeouts=self._client.timeouts,
        )
        wire = environment.registry.wire(endpoint.wire)
        async with aclosing(wire.stream(call, environment.http)) as batches:
            async for batch in batches:
                yield batch

    def _learn(self, error: ProviderError) -> bool:
        """Whether the provider named something it does not take that can be left out."""
        return isinstance(error, BadRequest) and self._environment.learned.refusal(
            error.param, self.endpoint, self.info, self.request.parameters
        )

    async def _wait(self, error: ProviderError) -> None:
        delay = self._client.retries.delay(error, self.attempts)
        if delay is None:
            raise error
        self.retry_at = time.monotonic() + delay
        self._hurry.clear()
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            pass
        finally:
            self.retry_at = None

    @property
    def timings(self) -> Timings:
        return self._clock.timings

    def response(self, error: ChatbenchError | None = None) -> Response:
        """The answer as far as it came, priced; `error` is recorded with it."""
        accumulator = self.accumulator
        stop = accumulator.stop
        usage = accumulator.usage
        cost = None
        if usage is not None:
            cost = self._environment.pricing.cost(self.request.model, self.endpoint, usage, datetime.now(UTC))
        return Response(
            model=self.request.model,
            parts=accumulator.parts(),
            alternatives=tuple(accumulator.parts(c) for c in accumulator.choices if c != 0),
            stop_reason=stop.reason if stop else None,
            stop_detail=stop.detail if stop else "",
            usage=usage,
            cost=cost,
            timings=self.timings,
            left_out=self.left_out,
            attempts=self.attempts,
            response_id=stop.response_id if stop else "",
            model_answered=stop.model_answered if stop else "",
            error=error.report() if error else None,
        )


class _Clock:
    """Takes the times of a call: first token, first text, end, and of each stretch of thinking."""

    def __init__(self) -> None:
        self.timings = Timings()
        self._start = 0.0
        self._thinking: tuple[int, float] | None = None

    def start(self) -> None:
        self._start = time.monotonic()

    def note(self, batch: list[StreamEvent], accumulator: Accumulator) -> None:
        """Looks at every event; costs next to nothing once the first text has come."""
        elapsed = time.monotonic() - self._start
        for event in batch:
            if type(event) is PartDelta:
                if self.timings.first_text_s is None:
                    self._first(elapsed, text=self._thinking is None and bool(event.text))
            elif type(event) is PartStart:
                self._end_thinking(elapsed, accumulator)
                if isinstance(event.part, ThinkingPart):
                    self._thinking = (event.index, elapsed)
                self._first(elapsed, text=isinstance(event.part, TextPart) and bool(event.part.text))
            elif type(event) is PartEnd:
                self._end_thinking(elapsed, accumulator)

    def _first(self, elapsed: float, *, text: bool) -> None:
        if self.timings.first_token_s is None:
            self.timings = msgspec.structs.replace(self.timings, first_token_s=elapsed)
        if text and self.timings.first_text_s is None:
            self.timings = msgspec.structs.replace(self.timings, first_text_s=elapsed)

    def _end_thinking(self, elapsed: float, accumulator: Accumulator) -> None:
        if self._thinking is not None:
            index, began = self._thinking
            self._thinking = None
            accumulator.set_thinking_seconds(index, round(elapsed - began, 3))

    def finish(self, accumulator: Accumulator) -> None:
        elapsed = time.monotonic() - self._start
        self._end_thinking(elapsed, accumulator)
        self.timings = msgspec.structs.replace(self.timings, total_s=elapsed)
