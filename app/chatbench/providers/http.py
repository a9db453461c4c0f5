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
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

from chatbench import __version__
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import InvalidHeader, ProviderError
from chatbench.providers import unpacking
from chatbench.providers.answers import Answer
from chatbench.providers.enclosing import Enclosed
from chatbench.providers.faults import errors, mapped, not_http, refused_by_proxy
from chatbench.providers.proxies import proxy_for

if TYPE_CHECKING:
    import httpx

    from chatbench.providers.transport import Pieces, Proxied, Transport

LARGE_BYTES = 256 * 1024
"""A longer body is sent in pieces."""
_ROUTES = 256
"""So many different URLs, and headers of requests to each, are remembered."""
PROBE_S = 15.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_ZONE = re.compile(rb"%[^\]]*\]")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `read` is the longest silence between two pieces of the body (any byte counts);
    `total` bounds the whole call; None is no limit."""

    connect: float = 10.0
    read: float = 120.0
    total: float | None = None


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What goes over the wire: `enclosed` where there is one, or `body`. Header values may hold a key:
    never log or show this value."""

    url: str
    method: Literal["GET", "POST", "DELETE"] = "POST"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    enclosed: Enclosed | None = None


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
        """`allowed` says which IP addresses may be connected to; None: all. A proxy looks up names
        itself: through one, only addresses that stand in a URL are held against it."""
        self._environ = os.environ if environ is None else environ
        self._allowed = allowed
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._loops: dict[asyncio.AbstractEventLoop, _Transports] = {}

    def load(self) -> None:
        _import_library()
        self._trust()

    def _trust(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = _system_trust()
            return self._context

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
    ) -> Answer:
        """An answer whose head has come, or all of it; to be closed. Raises what `open` raises."""
        response = await self._send(request, endpoint, timeouts, deadline, whole=whole)
        if isinstance(response, ProviderError):
            raise response
        answer = Answer(response, endpoint, timeouts, deadline)
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
            transports = self._loops.get(loop) or self._transports(loop)
            route = transports.routes.get(request.url) or await self._new_route(transports, request.url)
            outgoing = route.outgoing(request, timeouts, whole=whole)
            if deadline is None:
                return await route.transport.handle_async_request(outgoing)
            async with asyncio.timeout_at(deadline):
                return await route.transport.handle_async_request(outgoing)
        except errors() as error:
            return mapped(error, endpoint, timeouts)

    def _transports(self, loop: asyncio.AbstractEventLoop) -> _Transports:
        """New ones for this loop. Those of loops that are closed by now are forgotten: nobody can close
        what they left, it goes when it is collected."""
        with self._lock:
            found = self._loops.setdefault(loop, _Transports())
            for known in [known for known in self._loops if known.is_closed()]:
                del self._loops[known]
        return found

    async def _new_route(self, transports: _Transports, url: str) -> _Route:
        """Raises httpx.InvalidURL or httpx.UnsupportedProtocol for what is no address of the web,
        ConfigurationError for an unknown kind of proxy."""
        await asyncio.to_thread(_import_library)
        import httpx

        told = httpx.URL(url)
        if told.scheme not in ("http", "https") or not told.host:
            raise httpx.UnsupportedProtocol("not an address of the web")
        origin = told.scheme, told.netloc.decode("ascii")
        if origin not in transports.by_origin:
            made = await self._new_transport(told, proxy_for(url, self._environ))
            if transports.closed:
                raise httpx.ConnectError("closed while a request began")
            transports.by_origin.setdefault(origin, made)
        if len(transports.routes) >= _ROUTES:
            transports.routes.clear()
        route = transports.routes[url] = _Route(transports.by_origin[origin], told)
        return route

    async def _new_transport(self, origin: httpx.URL, proxy: str | None) -> Transport | Proxied:
        """With certificates only where they are asked for: a server on this computer seldom does."""
        from chatbench.providers.transport import Proxied, Transport, check_literal

        if origin.scheme == "http" and proxy is None:
            return Transport(origin, None, self._allowed)
        context = await asyncio.to_thread(self._trust) if self._context is None else self._context
        if proxy is not None:
            check_literal(origin, self._allowed)
            return Proxied(proxy, context)
        return Transport(origin, context, self._allowed)

    async def probe(self, endpoint: Endpoint) -> str:
        request = HttpRequest(url=endpoint.base_url, method="GET")
        limits = Timeouts(connect=PROBE_S, read=PROBE_S, total=PROBE_S)
        async with self.open(request, endpoint, limits) as answer:
            server = answer.headers.get("server", "")
            return f"HTTP/1.1, status {answer.status}{f', {server[:60]}' if server else ''}"

    async def inspect_tls(self, endpoint: Endpoint) -> str:
        limits = Timeouts(connect=PROBE_S)
        try:
            await asyncio.to_thread(self.load)
            return await self._tls_told(endpoint.base_url, limits)
        except errors() as error:
            failure = mapped(error, endpoint, limits)
        raise failure

    async def _tls_told(self, url: str, limits: Timeouts) -> str:
        import httpx

        from chatbench.providers.transport import Transport

        transport = Transport(httpx.URL(url).copy_with(scheme="https"), self._trust(), self._allowed)
        try:
            tls = await transport.handshake(limits.connect)
        finally:
            await transport.aclose()
        version = str(tls.version()).replace("TLSv", "")
        until = (tls.getpeercert() or {}).get("notAfter", "")
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
            if loop is here:
                await transports.aclose()
            elif loop.is_running():
                await _elsewhere(loop, transports.aclose)


class _Transports:
    """What one loop has open."""

    def __init__(self) -> None:
        self.by_origin: dict[tuple[str, str], Transport | Proxied] = {}
        self.routes: dict[str, _Route] = {}
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True
        for transport in tuple(self.by_origin.values()):
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

        from chatbench.providers.transport import FilePieces, Pieces

        told, body, enclosed = request.headers, request.body, request.enclosed
        key = (request.method, *told, *told.values())
        begun = self._begun.get(key)
        if begun is None:
            if len(self._begun) >= _ROUTES:
                self._begun.clear()
            begun = self._begun[key] = self._put_together(request)
        length = len(body) if enclosed is None else enclosed.length
        stream: httpx.ByteStream | Pieces | FilePieces = httpx.ByteStream(body)
        if enclosed is not None:
            stream = FilePieces(enclosed)
        elif length > LARGE_BYTES:
            stream = Pieces(body)
        sized = request.method != "GET" or body
        extensions: dict[str, Any] = {"timeout": {"connect": timeouts.connect, "read": timeouts.read}}
        if whole:
            extensions["whole"] = unpacking.MAX_BODY_BYTES
        return httpx.Request(
            request.method,
            self._url,
            headers=[*begun, (b"content-length", b"%d" % length)] if sized else begun,
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
        # The name of a network, in a link-local address, means something on this computer only.
        return [(b"Host", _ZONE.sub(b"]", self._url.netloc)), *found]


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
        self._answer: Answer | None = None

    async def __aenter__(self) -> HttpAnswer:
        http, request, endpoint, timeouts = self._asked
        loop = asyncio.get_running_loop()
        deadline = None if timeouts.total is None else loop.time() + timeouts.total
        self._answer = await http.begun(request, endpoint, timeouts, deadline)
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        if self._answer is not None:
            await self._answer.aclose()


def check_headers(headers: Mapping[Any, Any]) -> None:
    """Raises InvalidHeader for a name or value that HTTP does not allow; no value is shown."""
    for name, value in headers.items():
        if not isinstance(name, str) or not _TOKEN.match(name):
            told = str(name)[:60]
            raise InvalidHeader(f"{told!r} is not a header name.", "Correct the provider's headers.")
        if not isinstance(value, str):
            raise InvalidHeader(f"The value of the header {name} is no text.", "Put it in quotes.")
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
