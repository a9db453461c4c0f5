"""One call made well: route, fit, key, send, retry, measure, price."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec

from chatbench.client.clock import Clock
from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_text
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import BadRequest, ChatbenchError, NotFound, ProviderError
from chatbench.core.messages import Part
from chatbench.core.models import ModelInfo
from chatbench.core.params import LeftOut, fit
from chatbench.core.requests import Request, Response
from chatbench.core.streams import Accumulator, Reset, StreamEvent
from chatbench.core.usage import Timings
from chatbench.providers.http import Timeouts
from chatbench.providers.wire import Call

log = logging.getLogger(__name__)


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

    def stream(
        self,
        request: Request,
        *,
        endpoint: Endpoint | None = None,
        retries: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
    ) -> AnswerStream:
        """A call that is made when it is iterated. `endpoint` is called in place of the one
        registered under the model's provider. Raises UnknownModel for an unknown provider."""
        environment = self.environment
        return AnswerStream(
            environment,
            request,
            endpoint or environment.endpoint(request.model.provider),
            environment.catalogue.info(request.model),
            retries or self.retries,
            timeouts or self.timeouts,
        )

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

    def __init__(
        self,
        environment: Environment,
        request: Request,
        endpoint: Endpoint,
        info: ModelInfo,
        retries: RetryPolicy,
        timeouts: Timeouts,
    ) -> None:
        self._environment = environment
        self._retries = retries
        self._timeouts = timeouts
        self.request = request
        self.endpoint = endpoint
        self.info = info
        self.accumulator = Accumulator()
        self.left_out: tuple[LeftOut, ...] = ()
        self.attempts = 0
        self.retry_at: float | None = None
        """Monotonic time of the next attempt, while waiting for one."""
        self.last_error: ProviderError | None = None
        self._failures = 0
        self._hurry = asyncio.Event()
        self._clock = Clock()

    def retry_now(self) -> None:
        """Ends the present wait between two attempts."""
        self._hurry.set()

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Makes the call. Close the generator to stop it: the connection closes with it.

        An attempt that came to nothing visible is made void by a `Reset` before the next.
        Raises `ProviderError`s, and whatever finding the key raises.
        """
        self._clock.start()
        while True:
            self.attempts += 1
            yielded = False
            call = await self._call()
            try:
                async with aclosing(self._attempt(call)) as batches:
                    async for batch in batches:
                        self.accumulator.extend(batch)
                        self._clock.note(batch, self.accumulator)
                        yielded = True
                        yield batch
                log.debug("%s answered at attempt %d", self.request.model, self.attempts)
                return
            except ProviderError as error:
                await self._recover(error, call)
            finally:
                self._clock.finish(self.accumulator)
            reset = Reset()
            self.accumulator.apply(reset)
            if yielded:
                yield [reset]

    async def _call(self) -> Call:
        """The request as this model at this endpoint takes it, with what is known by now."""
        environment = self._environment
        endpoint = environment.learned.endpoint(environment.keys.effective(self.endpoint))
        info = environment.learned.info(self.info)
        key = await environment.keys.find(endpoint)
        parameters, self.left_out = fit(self.request.parameters, info)
        return Call(
            endpoint=endpoint,
            info=info,
            request=msgspec.structs.replace(self.request, parameters=parameters),
            key=key.secret if key else None,
            timeouts=self._timeouts,
        )

    async def _attempt(self, call: Call) -> AsyncGenerator[list[StreamEvent], None]:
        wire = self._environment.registry.wire(call.endpoint.wire)
        async with aclosing(wire.stream(call, self._environment.http)) as batches:
            async for batch in batches:
                yield batch

    async def _recover(self, error: ProviderError, call: Call) -> None:
        """Returns when the next attempt is due; raises `error` where there is none."""
        self.last_error = error
        log.info("%s failed at attempt %d: %s", self.request.model, self.attempts, type(error).__name__)
        if self.accumulator.has_visible_text:
            raise error
        if isinstance(error, BadRequest) and self._environment.learned.refusal(
            error, call.endpoint, self.info, call.request.parameters
        ):
            return
        self._failures += 1
        delay = self._retries.delay(error, self._failures)
        if delay is None:
            self._name_near_models(error)
            raise error
        await self._wait(delay)

    async def _wait(self, delay: float) -> None:
        self.retry_at = time.monotonic() + delay
        self._hurry.clear()
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            pass
        finally:
            self.retry_at = None

    def _name_near_models(self, error: ProviderError) -> None:
        """A model the provider does not know: names like it, from what we know of that provider."""
        model = self.request.model
        if isinstance(error, NotFound) and (error.param == "model" or model.id in error.message):
            names = self._environment.catalogue.near(str(model))
            near = [n for n in names if n.startswith(f"{model.provider}/") and n != str(model)]
            if near:
                error.hint = f"Did you mean {' or '.join(near)}?"

    @property
    def timings(self) -> Timings:
        return self._clock.timings

    def response(self, error: ChatbenchError | None = None) -> Response:
        """The answer as far as it came, priced; `error` is recorded with it."""
        accumulator = self.accumulator
        stop = accumulator.stop
        usage = accumulator.usage
        counted = max(0, _output_of(accumulator.parts()) - usage.output_tokens) if usage and not stop else 0
        if usage is not None and counted:
            usage = msgspec.structs.replace(usage, output_tokens=usage.output_tokens + counted)
        cost = None
        if usage is not None:
            cost = self._environment.pricing.cost(self.request.model, self.endpoint, usage, datetime.now(UTC))
        if cost is not None and counted:
            cost = msgspec.structs.replace(cost, estimated=True)
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


def _output_of(parts: tuple[Part, ...]) -> int:
    """About how many tokens the words of an answer are."""
    texts = (getattr(part, "text", "") or getattr(part, "arguments", "") for part in parts)
    return sum(estimate_text(text) for text in texts if text)
