"""Responses that the provider keeps: work in the background, and what can be done with it later.

Facts from openai 3.52.0, `resources/responses/responses.py` (retrieve, cancel, delete) and
`types/responses/response_retrieve_params.py`. A response that was accepted is never asked for a
second time: a broken connection is taken up again where it broke, by the number of the last event.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal
from urllib.parse import quote

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import InvalidResponse, ProviderError, Timeout
from chatbench.core.streams import StreamEvent
from chatbench.providers.decoding import UNREADABLE
from chatbench.providers.encoding import headers_for
from chatbench.providers.faults import no_address
from chatbench.providers.http import HttpAnswer, HttpClient, HttpRequest
from chatbench.providers.openai_responses.addresses import call_url
from chatbench.providers.openai_responses.decode import EventDecoder
from chatbench.providers.openai_responses.objects import UNFINISHED, read_response
from chatbench.providers.sse import ServerEvent, SseParser
from chatbench.providers.wire import Call, HttpWire, conceal, interrupted

log = logging.getLogger(__name__)

_CANCEL_S = 10.0


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between two questions whether an answer is ready: the first pause, and the longest
    it grows to. After `failures` in a row nobody asks any more."""

    first_s: float = 1.0
    longest_s: float = 10.0
    failures: int = 5


class _Named(msgspec.Struct, gc=False):
    id: str = ""


class _Numbered(msgspec.Struct, gc=False):
    """Of any event: its number, and the response it tells of."""

    sequence_number: int | None = None
    response: _Named | None = None


_numbered = msgspec.json.Decoder(_Numbered)


class _Job:
    """One answer that is made in the background, as far as it came."""

    def __init__(self, call: Call) -> None:
        self.decoder = EventDecoder(call.endpoint)
        self.id = ""
        self.named = asyncio.Event()
        self.last = -1
        self.accepted = False
        self.over = False
        """The provider said how it ended, or the error it ended with."""
        loop = asyncio.get_running_loop()
        self._now = loop.time
        total = call.timeouts.total
        self._deadline = None if total is None else loop.time() + total

    @property
    def left_s(self) -> float | None:
        """What is left of the time limit on the whole call; None where there is none."""
        return None if self._deadline is None else max(0.001, self._deadline - self._now())

    @property
    def out_of_time(self) -> bool:
        return self._deadline is not None and self._now() >= self._deadline

    def _name(self, response_id: str) -> None:
        self.id = self.id or response_id
        if self.id:
            self.named.set()

    def is_new(self, event: ServerEvent) -> bool:
        """Takes note of an event's number; False for one that came before."""
        try:
            told = _numbered.decode(event.data)
        except UNREADABLE:
            return True
        if told.response is not None:
            self._name(told.response.id)
        number = told.sequence_number
        if number is None:
            return True
        if number <= self.last:
            return False
        self.last = number
        return True

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        if not self.is_new(event):
            return []
        try:
            events = self.decoder.feed(event)
        except ProviderError as error:
            self.over = not isinstance(error, InvalidResponse)
            raise
        self.over = self.decoder.stopped
        return events

    def take(self, body: bytes, endpoint: Endpoint) -> list[StreamEvent] | None:
        """The events of a response object; None where it is not at its end."""
        response = read_response(body, endpoint)
        self._name(response.id)
        if response.status in UNFINISHED:
            return None
        self.over = True
        return self.decoder.ended(response, body)


class StoredResponses(HttpWire):
    """The part of the wire that is about responses which outlive their connection."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()

    async def retrieve(self, call: Call, response_id: str, http: HttpClient) -> list[StreamEvent]:
        """The events of a stored response as far as it came: without a `Stop` it is still being
        made. Of `call` counts who is asked, and what goes along in headers and query. Raises
        NotFound, and the error it ended with."""
        body = await self._answered(_stored(call, response_id), call, http)
        return EventDecoder(call.endpoint).ended(read_response(body, call.endpoint), body)

    async def cancel(self, call: Call, response_id: str, http: HttpClient) -> list[StreamEvent]:
        """Stops a response that is made in the background; the events of what there is of it."""
        body = await self._answered(_stored(call, response_id, "POST", "/cancel"), call, http)
        return EventDecoder(call.endpoint).ended(read_response(body, call.endpoint), body)

    async def delete(self, call: Call, response_id: str, http: HttpClient) -> None:
        """Makes the provider forget a stored response. Raises NotFound where it knows none."""
        await self._answered(_stored(call, response_id, "DELETE"), call, http)

    async def _answered(self, request: HttpRequest, call: Call, http: HttpClient) -> bytes:
        return await self.fetch(request, call.endpoint, call.key, http, secrets=call.request.secrets)

    def stream(self, call: Call, http: HttpClient) -> AsyncGenerator[list[StreamEvent], None]:
        """As every wire's; an answer made in the background is cancelled at the provider when the
        generator is closed before its end."""
        if not call.request.parameters.background:
            return super().stream(call, http)
        return self._in_background(call, http)

    async def complete(self, call: Call, http: HttpClient) -> list[StreamEvent]:
        if not call.request.parameters.background:
            return await super().complete(call, http)
        async with aclosing(self._in_background(call, http)) as batches:
            return [event async for batch in batches for event in batch]

    async def _in_background(self, call: Call, http: HttpClient) -> AsyncGenerator[list[StreamEvent], None]:
        if not call.endpoint.origin:
            raise no_address(call.endpoint)
        job = _Job(call)
        try:
            async with aclosing(self._worked(job, call, http)) as batches:
                async for batch in batches:
                    yield batch
        except (GeneratorExit, asyncio.CancelledError):
            await self._abandon(job, call, http)
            raise
        except ProviderError as error:
            conceal(error, call.key, call.endpoint, call.request.secrets)
            if job.accepted or error.status is None:
                # It was accepted, or may have been: a second request would be a second answer to
                # pay for.
                error.retryable = False
            if job.out_of_time:
                await self._abandon(job, call, http)
            elif job.id and not job.over:
                error.hint = f"{error.hint} The provider keeps the answer as {job.id}.".strip()
            raise

    async def _worked(
        self, job: _Job, call: Call, http: HttpClient
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """The whole of the work: begun, followed, taken up again, asked for."""
        patience = self._patience
        request = call.exchange.request = self.encode(call)
        failures, pause = 0, patience.first_s
        while True:
            before = job.last
            try:
                async with aclosing(self._followed(job, request, call, http)) as batches:
                    if not job.id and (first := await _first(job, batches)):
                        yield first
                    async for batch in batches:
                        yield batch
                failures = 0
            except ProviderError as error:
                failures = 0 if job.last > before else failures + 1
                if not self._may_go_on(job, error, failures):
                    raise
                pause = max(pause, error.retry_after or 0.0)
            if job.over:
                return
            if not call.request.stream or job.last == before:
                await self._pause(pause, job, call)
                pause = min(pause * 1.5, patience.longest_s)
            # A stream that twice told nothing new is no help: ask how the answer stands.
            request = self._taken_up(job, call, streamed=call.request.stream and failures < 2)

    def _may_go_on(self, job: _Job, error: ProviderError, failures: int) -> bool:
        known = bool(job.id) and not job.over and not job.out_of_time
        return known and error.retryable and failures <= self._patience.failures

    async def _pause(self, seconds: float, job: _Job, call: Call) -> None:
        left = job.left_s
        await asyncio.sleep(seconds if left is None else min(seconds, left))
        if job.out_of_time:
            raise Timeout(
                f"{call.endpoint.name} did not finish within {call.timeouts.total:g} s.",
                "Give it more time; it works in the background.",
                provider=call.endpoint.id,
            )

    async def _followed(
        self, job: _Job, request: HttpRequest, call: Call, http: HttpClient
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """One connection: a stream of events, or the response as it stands."""
        timeouts = msgspec.structs.replace(call.timeouts, total=job.left_s)
        exchange = call.exchange
        async with http.open(request, call.endpoint, timeouts) as answer:
            if not job.accepted:
                exchange.status, exchange.headers = answer.status, answer.headers
            await self._refuse(answer, call.endpoint)
            job.accepted = True
            if "event-stream" in answer.headers.get("content-type", "").lower():
                async with aclosing(self._told(job, answer, call)) as batches:
                    async for batch in batches:
                        yield batch
                return
            body = await answer.read()
            if exchange.body is not None:
                exchange.body.append(body)
            if events := job.take(body, call.endpoint):
                yield events

    async def _told(
        self, job: _Job, answer: HttpAnswer, call: Call
    ) -> AsyncGenerator[list[StreamEvent], None]:
        parser, kept = SseParser(), call.exchange.body
        async for piece in answer.pieces():
            if kept is not None:
                kept.append(piece)
            found: list[StreamEvent] = []
            try:
                for raw in parser.feed(piece):
                    found += job.feed(raw)
            except ProviderError:
                if found:
                    yield found
                raise
            if found:
                yield found
        try:
            last = [event for raw in parser.finish() for event in job.feed(raw)]
        except InvalidResponse as error:
            # Half an event at the end is a stream that was cut.
            raise interrupted(call.endpoint) from error
        if last:
            yield last
        if not job.over:
            raise interrupted(call.endpoint)

    def _taken_up(self, job: _Job, call: Call, *, streamed: bool) -> HttpRequest:
        query = {"stream": "true"} if streamed else {}
        if streamed and job.last >= 0:
            query["starting_after"] = str(job.last)
        return _stored(call, job.id, query=query)

    async def _abandon(self, job: _Job, call: Call, http: HttpClient) -> None:
        """Nobody waits for the answer any more: the provider is told, if it can be."""
        if not job.id or job.over:
            return
        request = _stored(call, job.id, "POST", "/cancel")
        try:
            async with asyncio.timeout(_CANCEL_S):
                await self._answered(request, call, http)
        except (ProviderError, TimeoutError) as error:
            log.info("%s could not be cancelled: %s", job.id, type(error).__name__)


async def _first(job: _Job, batches: AsyncGenerator[list[StreamEvent], None]) -> list[StreamEvent]:
    """The first batch of a call. Whoever leaves before it came is held until the response has a
    name, without which it could not be cancelled."""
    nothing: list[StreamEvent] = []
    coming = asyncio.ensure_future(anext(batches, nothing))
    try:
        return await asyncio.shield(coming)
    except asyncio.CancelledError:
        named = asyncio.ensure_future(job.named.wait())
        await asyncio.wait((coming, named), timeout=_CANCEL_S, return_when=asyncio.FIRST_COMPLETED)
        coming.cancel()
        named.cancel()
        await asyncio.gather(coming, named, return_exceptions=True)
        raise


def _stored(
    call: Call,
    response_id: str,
    method: Literal["GET", "POST", "DELETE"] = "GET",
    path: str = "",
    query: dict[str, str] | None = None,
) -> HttpRequest:
    return HttpRequest(
        url=call_url(call, f"responses/{quote(response_id, safe='')}{path}", query),
        method=method,
        headers=headers_for(call.endpoint, call.key, None, call.request.extra_headers),
    )
