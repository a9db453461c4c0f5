"""A call as it is read: event by event, as words, or as one whole answer; and what comes after one."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import msgspec

from chatbench.client.attempts import Attempts
from chatbench.client.calling import Calling
from chatbench.client.environment import Environment
from chatbench.client.outcome import events_of
from chatbench.client.raw import shown
from chatbench.client.routing import Router
from chatbench.core.errors import ChatbenchError, ProviderError, StreamInterrupted
from chatbench.core.ids import new_id
from chatbench.core.messages import TextPart
from chatbench.core.requests import Request, Response
from chatbench.core.streams import PartDelta, PartStart, Reset, StreamEvent


class AnswerStream(Attempts):
    """One call under way: iterate it for its events, or `complete` it; read it at any time.

    Nothing is sent before that. An attempt that came to nothing is made void by a `Reset` before
    the next; see `Calling.broken` for one that broke off after its first words.
    """

    __slots__ = ("_result",)

    def __init__(
        self, environment: Environment, request: Request, calling: Calling, router: Router | None = None
    ) -> None:
        super().__init__(environment, request, calling, router)
        self._result: Response | None = None

    @property
    def result(self) -> Response:
        """The whole answer, once the call is over. Raises RuntimeError before that."""
        if self._result is None:
            raise RuntimeError("the call is not over")
        return self._result

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
        self._start()
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
                if yielded:
                    yield [Reset()]
                await self._go_on(step, failure)
            await self._keep(self._answered())
        except ChatbenchError as error:
            self._failure = error
            replacement = await self._told(error)
            yield [Reset(), *self._answered_from(replacement)]
        finally:
            self._settle()

    async def _whole(self) -> None:
        """The same for one whole answer, with less on the way; identical ones share one request."""
        self._start()
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
                await self._go_on(step, failure)
        finally:
            self._settle()

    async def _begin(self) -> None:
        """Hooks may change what is asked."""
        if self._calling.hooks is not None:
            self.request = await self._calling.hooks.before(self.request)
            self._moved()

    async def _kept(self) -> Response | None:
        """The answer to a stream from the cache."""
        calling = self._calling
        if calling.cached is None or calling.cache_mode != "use":
            return None
        kept = await calling.cached.get(self._addressed())
        return kept if kept is not None and self._fits(kept) else None

    async def _keep(self, response: Response) -> None:
        """The whole answer to a stream: counted, put into the cache, and concluded."""
        self._settle()
        calling = self._calling
        if calling.cached is not None and calling.cache_mode != "bypass":
            await calling.cached.put(self._addressed(), response)
        await self._conclude(response)

    def _fits(self, kept: Response) -> bool:
        """One that does not fit the schema is asked for anew: it would misfit for ever."""
        if self._calling.schema is None:
            return True
        from chatbench.client.parsing import fits

        return fits(kept, self._calling.schema)

    def _addressed(self) -> Request:
        """The request with the address it goes to, so that no other address's answer is taken."""
        endpoint = self._environment.keys.effective(self.endpoint)
        return msgspec.structs.replace(self.request, base_url=endpoint.base_url)

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
        call = AnswerStream(self._environment, request, once)
        try:
            return await call.complete()
        finally:
            self.attempts += call.attempts
            self._besides(call.response())

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
