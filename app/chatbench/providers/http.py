"""The one HTTP seam: httpx values over connections of our own (see `transport`), imported when needed.

No redirects (a key must not travel), no cookies, the system's certificates, proxies from the
environment. Every error of the library becomes one of ours in `faults`.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec

from chatbench import __version__
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import InvalidHeader, ProviderError
from chatbench.providers import unpacking
from chatbench.providers.faults import errors, mapped, not_http, refused_by_proxy
from chatbench.providers.proxies import proxy_for
from chatbench.providers.unpacking import TooLarge, Unpacker, unpacker

if TYPE_CHECKING:
    import httpx

    from chatbench.providers.transport import Pieces, Proxied, Transport

LARGE_BYTES = 256 * 1024
"""A longer body is sent in pieces."""
_ROUTES = 256
"""So many different URLs, and headers of requests to each, are remembered."""
PROBE_S = 15.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `read` is the longest silence between two pieces of the body (any byte counts);
    `total` bounds the whole call; None is no limit."""

    connect: float = 10.0
    read: float = 120.0
    total: float | None = None


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What goes over the wire. Header values may hold a key: never log or show this value."""

    url: str
    method: Literal["GET", "POST", "DELETE"] = "POST"
    headers: Mapping[str, str] = {}
    body: bytes = b""


class HttpAnswer(Protocol):
    """A response whose body is still to be read. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]

    def pieces(self) -> AsyncIterator[bytes]:
        """The decoded body as it arrives. Raises the mapped `ProviderError`s."""
        ...

    async def read(self, limit: int | None = None) -> bytes:
        """The whole body, or its first `limit` bytes; over the cap raises InvalidResponse."""
        ...


class Fetched(NamedTuple):
    """A whole response, its body unpacked. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """Connections to all endpoints."""

    def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AbstractAsyncContextManager[HttpAnswer]:
        """Sends and waits for the head. Leaving the block closes the response.

        Raises InvalidHeader before anything is sent, ConfigurationError for a kind of proxy that
        is not supported, and the mapped `ProviderError`s.
        """
        ...

    async def fetch(self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> Fetched:
        """The whole response, with less work than `open` and `read`. Raises the same."""
        ...

    async def probe(self, endpoint: Endpoint) -> str:
        """Asks the base URL for anything at all, without a key; says what answered."""
        ...

    async def inspect_tls(self, endpoint: Endpoint) -> str:
        """Makes a TLS connection to the base URL, without a proxy; says its version and how long
        the certificate is valid. Raises UntrustedCertificate, Unreachable."""
        ...

    def load(self) -> None:
        """Imports the library and makes the TLS context: slow, for a thread of its own."""
        ...

    def abandon(self) -> None:
        """To be called in a child process after a fork: the connections are the parent's."""
        ...

    async def aclose(self) -> None:
        """Closes every connection."""
        ...


class Http:
    """`HttpClient` over the network. May be used from several event loops at once, also of several
    threads: each has connections of its own."""

    def __init__(
        self, environ: Mapping[str, str] | None = None, *, allowed: Callable[[str], bool] | None = None
    ) -> None:
        """`allowed` says which IP addresses may be connected to; None: all."""
        self._environ = os.environ if environ is None else environ
        self._allowed = allowed
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._loops: dict[asyncio.AbstractEventLoop, _Transports] = {}

    def load(self) -> None:
        with self._lock:
            if self._context is None:
                _import_library()
                self._context = _system_trust()

    def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AbstractAsyncContextManager[HttpAnswer]:
        return _Opening(self, request, endpoint, timeouts)

    async def fetch(self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> Fetched:
        if timeouts.total is None:
            return await self._whole(request, endpoint, timeouts)
        try:
            async with asyncio.timeout(timeouts.total):
                return await self._whole(request, endpoint, timeouts)
        except TimeoutError as error:
            late = mapped(error, endpoint, timeouts)
        raise late

    async def _whole(self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> Fetched:
        answer = await self.begun(request, endpoint, timeouts, whole=True)
        try:
            return Fetched(answer.status, answer.headers, await answer.read())
        finally:
            await answer.aclose()

    async def begun(
        self,
        request: HttpRequest,
        endpoint: Endpoint,
        timeouts: Timeouts,
        deadline: float | None = None,
        *,
        whole: bool = False,
    ) -> _Answer:
        """An answer whose head has come, or all of it; to be closed. Raises what `open` raises."""
        if self._context is None:
            check_headers(request.headers)
            await asyncio.to_thread(self.load)
        response = await self._send(request, endpoint, timeouts, deadline, whole=whole)
        if isinstance(response, ProviderError):
            raise response
        answer = _Answer(response, endpoint, timeouts, deadline)
        if answer.status in (101, 407):
            await answer.aclose()
            raise refused_by_proxy(endpoint) if answer.status == 407 else not_http(endpoint)
        return answer

    async def _send(
        self,
        request: HttpRequest,
        endpoint: Endpoint,
        timeouts: Timeouts,
        deadline: float | None,
        *,
        whole: bool,
    ) -> httpx.Response | ProviderError:
        """An error is given back and raised elsewhere: raised here it would carry the library's
        own, which holds the request's headers, the key among them."""
        loop = asyncio.get_running_loop()
        try:
            transports = self._loops.get(loop) or await self._transports(loop)
            route = transports.routes.get(request.url) or self._new_route(transports, request.url)
            outgoing = route.outgoing(request, timeouts, whole=whole)
            if deadline is None:
                return await route.transport.handle_async_request(outgoing)
            async with asyncio.timeout_at(deadline):
                return await route.transport.handle_async_request(outgoing)
        except errors() as error:
            return mapped(error, endpoint, timeouts)

    async def _transports(self, loop: asyncio.AbstractEventLoop) -> _Transports:
        """New ones for this loop. Those of loops that are closed by now are forgotten."""
        with self._lock:
            found = self._loops.setdefault(loop, _Transports())
            forgotten = [known for known in self._loops if known.is_closed()]
            left = [self._loops.pop(known) for known in forgotten]
        for transports in left:
            await transports.aclose()
        return found

    def _new_route(self, transports: _Transports, url: str) -> _Route:
        """Raises ValueError or httpx.InvalidURL for what is no address, ConfigurationError for an
        unknown kind of proxy."""
        import httpx

        told = httpx.URL(url)
        if told.scheme not in ("http", "https") or not told.host:
            raise httpx.UnsupportedProtocol("not an address of the web")
        origin = told.scheme, told.netloc.decode("ascii")
        transport = transports.by_origin.get(origin)
        if transport is None:
            transport = transports.by_origin[origin] = self._new_transport(
                told, proxy_for(url, self._environ)
            )
        if len(transports.routes) >= _ROUTES:
            transports.routes.clear()
        route = transports.routes[url] = _Route(transport, told)
        return route

    def _new_transport(self, origin: httpx.URL, proxy: str | None) -> Transport | Proxied:
        from chatbench.providers.transport import Proxied, Transport

        assert self._context is not None
        if proxy is not None:
            return Proxied(proxy, self._context)
        return Transport(origin, self._context, self._allowed)

    async def probe(self, endpoint: Endpoint) -> str:
        request = HttpRequest(url=endpoint.base_url, method="GET")
        limits = Timeouts(connect=PROBE_S, read=PROBE_S, total=PROBE_S)
        async with self.open(request, endpoint, limits) as answer:
            server = answer.headers.get("server", "")
            return f"HTTP/1.1, status {answer.status}{f', {server[:60]}' if server else ''}"

    async def inspect_tls(self, endpoint: Endpoint) -> str:
        if self._context is None:
            await asyncio.to_thread(self.load)
        parts = urlsplit(endpoint.base_url)
        try:
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 443, ssl=self._context, happy_eyeballs_delay=0.25
            )
        except OSError as error:
            raise mapped(error, endpoint, Timeouts()) from None
        tls = writer.get_extra_info("ssl_object")
        version = str(tls.version()).replace("TLSv", "")
        until = (tls.getpeercert() or {}).get("notAfter", "")
        writer.close()
        return f"{version}, certificate valid until {until}" if until else version

    def abandon(self) -> None:
        """To be called in a child process after a fork: the connections are the parent's."""
        loops, self._loops, self._lock = self._loops, {}, threading.Lock()
        for transports in loops.values():
            transports.abandon()

    async def aclose(self) -> None:
        with self._lock:
            loops, self._loops = self._loops, {}
        here = asyncio.get_running_loop()
        for loop, transports in loops.items():
            if loop is here or loop.is_closed():
                await transports.aclose()
            elif loop.is_running():
                await _elsewhere(loop, transports.aclose)


class _Transports:
    """What one loop has open."""

    def __init__(self) -> None:
        self.by_origin: dict[tuple[str, str], Transport | Proxied] = {}
        self.routes: dict[str, _Route] = {}

    async def aclose(self) -> None:
        for transport in self.by_origin.values():
            await transport.aclose()

    def abandon(self) -> None:
        for transport in self.by_origin.values():
            transport.abandon()


class _Route:
    """How requests to one URL begin. The same few are sent again and again, so that the headers of
    each are put together, and checked, once."""

    def __init__(self, transport: Transport | Proxied, told: httpx.URL) -> None:
        from chatbench.providers.transport import without_user

        self.transport = transport
        self._url = without_user(told)
        self._userinfo = told.userinfo
        self._begun: dict[tuple[str, ...], list[tuple[bytes, bytes]]] = {}

    def outgoing(self, request: HttpRequest, timeouts: Timeouts, *, whole: bool) -> httpx.Request:
        """Raises InvalidHeader."""
        import httpx

        from chatbench.providers.transport import Pieces

        told, body = request.headers, request.body
        key = (request.method, *told, *told.values())
        begun = self._begun.get(key)
        if begun is None:
            if len(self._begun) >= _ROUTES:
                self._begun.clear()
            begun = self._begun[key] = self._put_together(request)
        stream: httpx.ByteStream | Pieces = httpx.ByteStream(body)
        if len(body) > LARGE_BYTES:
            stream = Pieces(body)
        sized = request.method != "GET" or body
        extensions: dict[str, Any] = {"timeout": {"connect": timeouts.connect, "read": timeouts.read}}
        if whole:
            extensions["whole"] = unpacking.MAX_BODY_BYTES
        return httpx.Request(
            request.method,
            self._url,
            headers=[*begun, (b"content-length", b"%d" % len(body))] if sized else begun,
            stream=stream,
            extensions=extensions,
        )

    def _put_together(self, request: HttpRequest) -> list[tuple[bytes, bytes]]:
        from chatbench.providers.transport import basic

        check_headers(request.headers)
        # A stream is worth more early than small; lists of models are large and come at once.
        encoding = "gzip, deflate" if request.method == "GET" else "identity"
        headers = {"user-agent": f"Chatbench/{__version__}", "accept": "*/*", "accept-encoding": encoding}
        if self._userinfo:
            headers["authorization"] = basic(self._userinfo)
        headers.update((name.lower(), value.strip()) for name, value in request.headers.items())
        for ours in ("content-length", "transfer-encoding", "connection", "host"):
            headers.pop(ours, None)
        found = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        return [(b"Host", self._url.netloc), *found]


async def _elsewhere(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Has another thread's loop do `work`, and waits for it while that loop runs."""
    coroutine = work()
    try:
        waiting = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))
    except RuntimeError:
        coroutine.close()
        return
    tries = 10
    while loop.is_running() and not waiting.done() and tries:
        # A loop that is blocked until this is done would be waited for in vain.
        tries -= 1
        await asyncio.wait({waiting}, timeout=0.1)


class _Opening(AbstractAsyncContextManager[HttpAnswer]):
    """Sends on the way in, closes on the way out."""

    def __init__(self, http: Http, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._asked = http, request, endpoint, timeouts
        self._answer: _Answer | None = None

    async def __aenter__(self) -> HttpAnswer:
        http, request, endpoint, timeouts = self._asked
        loop = asyncio.get_running_loop()
        deadline = None if timeouts.total is None else loop.time() + timeouts.total
        self._answer = await http.begun(request, endpoint, timeouts, deadline)
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        if self._answer is not None:
            await self._answer.aclose()


class _Answer:
    """A response under way. httpx's own reading copies every piece, and unpacks without a limit: only
    its stream is used."""

    __slots__ = (
        "_deadline", "_endpoint", "_source", "_stream", "_timeouts", "_total", "_unpack", "headers", "status",
    )  # fmt: skip

    def __init__(
        self, response: httpx.Response, endpoint: Endpoint, timeouts: Timeouts, deadline: float | None
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = _plain(response.headers)
        self._stream: httpx.AsyncByteStream = response.stream  # type: ignore[assignment]
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._deadline = deadline
        self._source: AsyncIterator[bytes] | None = None
        self._unpack: Unpacker | None = None
        self._total = 0

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._safely(self._piece)
        if isinstance(piece, ProviderError):
            raise piece
        if not piece:
            raise StopAsyncIteration
        return piece

    async def read(self, limit: int | None = None) -> bytes:
        found = await self._safely(lambda: self._rest(limit))
        if isinstance(found, ProviderError):
            raise found
        return found[:limit]

    async def _safely(self, work: Callable[[], Awaitable[bytes]]) -> bytes | ProviderError:
        """An error is given back; see `Http._send`."""
        try:
            if self._deadline is None:
                return await work()
            async with asyncio.timeout_at(self._deadline):
                return await work()
        except errors() as error:
            return mapped(error, self._endpoint, self._timeouts, in_body=True)

    async def _rest(self, limit: int | None) -> bytes:
        found: list[bytes] = []
        begun = self._total
        async for piece in self._opened():
            found.append(self._taken(piece))
            if limit is not None and self._total - begun >= limit:
                break
        else:
            self._ended()
        return b"".join(found)

    async def _piece(self) -> bytes:
        """The next piece; nothing at the end. Raises the libraries' errors and ours."""
        async for arrived in self._opened():
            if piece := self._taken(arrived):
                return piece
        self._ended()
        return b""

    def _opened(self) -> AsyncIterator[bytes]:
        if self._source is None:
            if "content-encoding" in self.headers:
                self._unpack = unpacker(self.headers["content-encoding"])
            self._source = aiter(self._stream)
        return self._source

    def _taken(self, piece: bytes) -> bytes:
        """The piece, unpacked and counted; nothing where it takes the next to unpack it."""
        if self._unpack is not None:
            piece = self._unpack.feed(piece, unpacking.MAX_BODY_BYTES - self._total)
        self._total += len(piece)
        if self._total > unpacking.MAX_BODY_BYTES:
            raise TooLarge
        return piece

    def _ended(self) -> None:
        if self._unpack is not None:
            self._unpack.finish()

    async def aclose(self) -> None:
        """Keeps the connection if the body has come to its end, closes it at once otherwise: a
        provider that still writes must see that nobody listens."""
        await self._stream.aclose()


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Names in lower case, what was said of one several times joined by commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises InvalidHeader for a name or value that HTTP does not allow; no value is shown."""
    for name, value in headers.items():
        if not _TOKEN.match(name):
            raise InvalidHeader(f"{name[:60]!r} is not a header name.", "Correct the provider's headers.")
        if _UNSENDABLE.search(value):
            raise InvalidHeader(
                f"The value of the header {name} holds characters that cannot be sent.",
                "Correct the provider's headers or its key.",
            )


def _system_trust() -> ssl.SSLContext:
    """A context that trusts what the system trusts.

    Where OpenSSL finds the system's bundle it is read once, here; truststore would read it anew
    for every connection (20 ms), on the thread of the event loop.
    """
    if ssl.get_default_verify_paths().cafile and sys.platform not in ("win32", "darwin"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _import_library() -> None:
    # httpx imports its own command line (200 ms more) where click and rich are installed.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import chatbench.providers.transport  # noqa: F401  # with it come its libraries
