"""What every wire is: a pure codec between our values and one vendor's HTTP shape.

A wire file holds no I/O. It encodes a `Call` into an `HttpRequest`, decodes server events (or a
whole body) into `StreamEvent`s, and names the vendor's errors. `HttpWire` drives the codec over
the HTTP seam; the guide, which has no network, implements `Wire` directly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from chatbench.core.endpoints import Endpoint, origin_of
from chatbench.core.errors import InvalidResponse, ProviderError, StreamInterrupted
from chatbench.core.models import MediaLimits, Modality, ModelInfo
from chatbench.core.params import NO_FIELD, LeftOut, Parameters, fit
from chatbench.core.requests import Request
from chatbench.core.secrets import Secret
from chatbench.core.streams import StreamEvent
from chatbench.providers.encoding import body_of, headers_for
from chatbench.providers.faults import no_address
from chatbench.providers.http import Fetched, HttpAnswer, HttpClient, HttpRequest, Timeouts
from chatbench.providers.sse import ServerEvent, SseParser

if TYPE_CHECKING:
    from chatbench.providers.filestorage import FileStorage
    from chatbench.providers.jobs import JobWork

_FAILURE_BYTES = 64 * 1024


class Exchange:
    """What is known of one attempt; the wire writes it down as it goes.

    Header names are in lower case. `body` collects the pieces of the response where it is a list;
    None keeps none of them.
    """

    __slots__ = ("body", "headers", "request", "status")

    def __init__(self, *, keep_body: bool = False) -> None:
        self.request: HttpRequest | None = None
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.body: list[bytes] | None = [] if keep_body else None


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request bound to an endpoint. `request.parameters` fit `info` already, and every
    media source is `InlineData`, `RemoteUrl` or a `ProviderFile` of this provider."""

    endpoint: Endpoint
    info: ModelInfo
    request: Request
    key: Secret | None = None
    timeouts: Timeouts = Timeouts()
    exchange: Exchange = msgspec.field(default_factory=Exchange)


class HttpFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A response that is not a success: status, headers in lower case, at most 64 KiB of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Decoder(Protocol):
    """Turns one response's server events into stream events; one instance per response."""

    def feed(self, event: ServerEvent) -> list[StreamEvent]:
        """Raises the vendor's mid-stream error as a `ProviderError`."""
        ...

    def finish(self) -> list[StreamEvent]:
        """Called at the end of the body. Raises `StreamInterrupted` without a terminal marker."""
        ...


class EventParser(Protocol):
    """Cuts the pieces of a streamed body into events; one instance per response."""

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """The events that `piece` completes. Raises InvalidResponse for what is too large."""
        ...

    def finish(self) -> list[ServerEvent]:
        """What the end of the body completes."""
        ...


class Wire(Protocol):
    """What the client calls."""

    id: ClassVar[str]
    takes: ClassVar[frozenset[str]]
    """Names of the `Parameters` it has a field for, and of what else of a `Request` not all have one
    for: "parallel_tool_calls", and "name", of whoever says a message."""
    media: ClassVar[Mapping[Modality, MediaLimits]]
    """What it has a place for beside words and pictures, where the model takes that modality; "file"
    is a document as it is."""

    def stream(self, call: Call, http: HttpClient) -> AsyncGenerator[list[StreamEvent], None]:
        """Batches of events, one batch per piece of network data; ends after `Stop`.

        Raises `ProviderError` subclasses. Honours `call.request.stream`: False makes one whole
        answer of it, in a single batch.
        """
        ...

    async def complete(self, call: Call, http: HttpClient) -> list[StreamEvent]:
        """The events of one whole answer (`call.request.stream` is False), with less work than a
        stream of one batch. Raises `ProviderError` subclasses."""
        ...

    async def list_models(self, endpoint: Endpoint, key: Secret | None, http: HttpClient) -> list[ModelInfo]:
        """The provider's live list, all pages."""
        ...


def fitted(
    request: Request, info: ModelInfo, wire: Wire, endpoint: Endpoint
) -> tuple[Request, tuple[LeftOut, ...]]:
    """The request with the parameters that are sent, and what is left out of it: see `fit`."""
    parameters, left = fit(request.parameters, info, wire.takes, endpoint.quirks.refused)
    if parameters is not request.parameters:
        request = msgspec.structs.replace(request, parameters=parameters)
    if request.parallel_tool_calls is not None and "parallel_tool_calls" not in wire.takes:
        left = (*left, LeftOut("parallel_tool_calls", NO_FIELD))
    if "name" not in wire.takes and any(message.name for message in request.messages):
        left = (*left, LeftOut("name", NO_FIELD))
    return request, left


def posted(
    call: Call, url: str, fields: dict[str, Any], streamed_as: str = "text/event-stream"
) -> HttpRequest:
    """The request of a call, with what goes along in its headers and body. `streamed_as` is the type
    of the answer that is asked for where it is to be streamed."""
    request = call.request
    accept = {"accept": streamed_as} if request.stream else {}
    return HttpRequest(
        url=url,
        headers=headers_for(call.endpoint, call.key, accept, request.extra_headers),
        body=body_of(fields, request.parameters.extra_body),
    )


class HttpWire(ABC):
    """The driver shared by all wires that speak HTTP."""

    id: ClassVar[str]
    takes: ClassVar[frozenset[str]]
    media: ClassVar[Mapping[Modality, MediaLimits]] = {}
    storage: ClassVar[FileStorage | None] = None
    """How its vendor keeps files; whether an endpoint does, its quirks say."""
    jobs: ClassVar[JobWork | None] = None
    """How its vendor takes batch jobs; whether an endpoint does, its quirks say."""

    @abstractmethod
    def encode(self, call: Call) -> HttpRequest:
        """The request as it goes out, key included."""

    stream_type: ClassVar[str] = "event-stream"
    """What the content type of a streamed body contains; other JSON is a whole answer."""

    def parser(self) -> EventParser:
        """A fresh parser for a streamed response: server-sent events, unless the wire says else."""
        return SseParser()

    @abstractmethod
    def decoder(self, call: Call) -> Decoder:
        """A fresh decoder for a streamed response."""

    def takes_beginning(self, info: ModelInfo, parameters: Parameters) -> bool:
        """Whether an answer that a request ends with is gone on with, from its last letter."""
        return False

    @abstractmethod
    def decode_whole(self, body: bytes, call: Call) -> list[StreamEvent]:
        """The events of a response that was not streamed. Raises InvalidResponse."""

    @abstractmethod
    def error(self, failure: HttpFailure, endpoint: Endpoint) -> ProviderError:
        """The named error for a failed response."""

    @abstractmethod
    def models_request(self, endpoint: Endpoint, key: Secret | None, page: str | None) -> HttpRequest:
        """A page of the list of models; `page` is None for the first."""

    @abstractmethod
    def decode_models(self, body: bytes, endpoint: Endpoint) -> tuple[list[ModelInfo], str | None]:
        """The models of one page, and the next page's token. Raises InvalidResponse."""

    async def stream(self, call: Call, http: HttpClient) -> AsyncGenerator[list[StreamEvent], None]:
        if not call.endpoint.origin:
            raise no_address(call.endpoint)
        request, exchange = self.encode(call), call.exchange
        exchange.request = request
        try:
            async with http.open(request, call.endpoint, call.timeouts) as answer:
                exchange.status, exchange.headers = answer.status, answer.headers
                await self._refuse(answer, call.endpoint)
                kind = answer.headers.get("content-type", "").lower()
                if not call.request.stream or ("json" in kind and self.stream_type not in kind):
                    body = await answer.read()
                    if exchange.body is not None:
                        exchange.body.append(body)
                    yield self.decode_whole(body, call)
                    return
                parser, decoder = self.parser(), self.decoder(call)
                async for piece in answer.pieces():
                    if exchange.body is not None:
                        exchange.body.append(piece)
                    events, failure = _fed(parser, decoder, piece)
                    if events:
                        yield events
                    if failure is not None:
                        raise failure
                if last := _rest(parser, decoder, call.endpoint):
                    yield last
                if last := decoder.finish():
                    yield last
        except ProviderError as error:
            conceal(error, call.key, call.endpoint, call.request.secrets)
            raise

    async def complete(self, call: Call, http: HttpClient) -> list[StreamEvent]:
        if not call.endpoint.origin:
            raise no_address(call.endpoint)
        request, exchange = self.encode(call), call.exchange
        exchange.request = request
        try:
            found = await http.fetch(request, call.endpoint, call.timeouts)
            exchange.status, exchange.headers = found.status, found.headers
            self._refuse_whole(found, call.endpoint)
            if exchange.body is not None:
                exchange.body.append(found.body)
            return self.decode_whole(found.body, call)
        except ProviderError as error:
            conceal(error, call.key, call.endpoint, call.request.secrets)
            raise

    async def list_models(self, endpoint: Endpoint, key: Secret | None, http: HttpClient) -> list[ModelInfo]:
        if not endpoint.origin:
            raise no_address(endpoint)
        found: list[ModelInfo] = []
        page: str | None = None
        try:
            for _ in range(50):
                request = self.models_request(endpoint, key, page)
                answer = await http.fetch(request, endpoint, Timeouts())
                self._refuse_whole(answer, endpoint)
                models, page = self.decode_models(answer.body, endpoint)
                found.extend(models)
                if page is None:
                    break
        except ProviderError as error:
            conceal(error, key, endpoint)
            raise
        return found

    async def fetch(
        self,
        request: HttpRequest,
        endpoint: Endpoint,
        key: Secret | None,
        http: HttpClient,
        timeouts: Timeouts = Timeouts(),
        secrets: Sequence[str] = (),
    ) -> bytes:
        """The body that answers a request beside the calls; raises as `exchange`."""
        return (await self.exchange(request, endpoint, key, http, timeouts, secrets)).body

    async def exchange(
        self,
        request: HttpRequest,
        endpoint: Endpoint,
        key: Secret | None,
        http: HttpClient,
        timeouts: Timeouts = Timeouts(),
        secrets: Sequence[str] = (),
    ) -> Fetched:
        """What answers a request beside the calls. Raises `ProviderError`s, which quote neither the key
        nor one of the `secrets` that the request holds."""
        if not endpoint.origin:
            raise no_address(endpoint)
        try:
            answer = await http.fetch(request, endpoint, timeouts)
            self._refuse_whole(answer, endpoint)
            return answer
        except ProviderError as error:
            conceal(error, key, endpoint, secrets)
            raise

    async def _refuse(self, answer: HttpAnswer, endpoint: Endpoint) -> None:
        """`_refuse_whole` for an answer whose body is still to be read."""
        body = await answer.read(_FAILURE_BYTES) if answer.status >= 400 else b""
        self._refuse_whole(Fetched(answer.status, answer.headers, body), endpoint)

    def _refuse_whole(self, answer: Fetched, endpoint: Endpoint) -> None:
        """Raises the named error for a failure, a redirect or a page for people."""
        status, headers, body = answer
        if status >= 400:
            failure = HttpFailure(status=status, headers=headers, body=body[:_FAILURE_BYTES])
            raise self.error(failure, endpoint)
        if status >= 300:
            raise redirected(endpoint, headers.get("location", ""))
        refuse_markup(headers.get("content-type", "").lower(), endpoint)


def _fed(
    parser: EventParser, decoder: Decoder, piece: bytes
) -> tuple[list[StreamEvent], ProviderError | None]:
    """What a piece of the body tells: also where it ends in a failure, what came before that."""
    events: list[StreamEvent] = []
    try:
        for raw in parser.feed(piece):
            events += decoder.feed(raw)
    except ProviderError as error:
        return events, error
    return events, None


def _rest(parser: EventParser, decoder: Decoder, endpoint: Endpoint) -> list[StreamEvent]:
    """What the end of the body completes."""
    try:
        return [event for raw in parser.finish() for event in decoder.feed(raw)]
    except InvalidResponse as error:
        # Half an event at the end is a stream that was cut, not another protocol.
        raise interrupted(endpoint) from error


def conceal(
    error: ProviderError, key: Secret | None, endpoint: Endpoint, secrets: Sequence[str] = ()
) -> None:
    """Takes the key, the endpoint's headers and a request's own `secrets` out of an error that quotes
    them."""
    found = [value for value in (*endpoint.headers.values(), *secrets) if len(value) >= 8]
    if key:
        found.append(key.reveal())
    for secret in found:
        for name in ("message", "hint", "raw", "request_id"):
            setattr(error, name, getattr(error, name).replace(secret, "…"))
    error.args = (error.message,)


def redirected(endpoint: Endpoint, location: str) -> InvalidResponse:
    """The error for an answer that points elsewhere; it is not followed, for the key would go along."""
    try:
        elsewhere = origin_of(location) or "another address"
    except ValueError:
        elsewhere = "another address"
    return InvalidResponse(
        f"{endpoint.name} sends requests on to {elsewhere}.",
        "If that is right, make it the base URL: redirects are not followed, to keep the key safe.",
        provider=endpoint.id,
    )


def refuse_markup(content_type: str, endpoint: Endpoint) -> None:
    """A page for people instead of an answer is a wrong address or a proxy's login."""
    if "text/html" in content_type:
        raise InvalidResponse(
            f"{endpoint.name} answered with a web page instead of data.",
            "Check the base URL: it may lack /v1, or a proxy may be asking for a login.",
            provider=endpoint.id,
        )


def interrupted(endpoint: Endpoint) -> StreamInterrupted:
    """The error for a body that ended before its end marker."""
    return StreamInterrupted(
        f"The answer from {endpoint.name} broke off.",
        "What arrived is kept. Try again, or continue from it.",
        provider=endpoint.id,
    )
