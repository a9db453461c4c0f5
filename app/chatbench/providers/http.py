"""The one HTTP seam: what goes to providers goes through here.

Connections are made in `dialing` and read in `connections`. No redirects (a key must not travel),
no cookies, the system's certificates, proxies from the environment. Every error becomes one of ours
in `mapped`.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import sys
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec

from chatbench import __version__
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    InvalidHeader,
    InvalidResponse,
    ProviderError,
    StreamInterrupted,
    Timeout,
    Unreachable,
    UntrustedCertificate,
)
from chatbench.providers.connections import (
    LARGE_BYTES,
    Connection,
    CutShort,
    Disconnected,
    NotConnected,
    NotHttp,
    OutOfTime,
    TooLarge,
)
from chatbench.providers.dialing import Place, Pool, ProxyRefused, place_of
from chatbench.providers.proxies import proxy_for

MAX_BODY_BYTES = 256 * 1024 * 1024
_ROUTES = 256
"""So many different URLs, and beginnings of requests to each, are remembered."""
PROBE_S = 15.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `read` is the longest silence between two pieces of the body (any byte counts);
    `total` bounds the whole call; None is no limit."""

    connect: float = 10.0
    read: float = 120.0
    total: float | None = None


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
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


class NotAsked(Exception):
    """The body is compressed in a way that was not asked for."""


ERRORS = (OSError, ValueError, NotHttp, TooLarge, NotAsked, zlib.error)
"""What sending and reading raise; `mapped` knows each."""


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
        self._parser: Any = None
        self._loops: dict[asyncio.AbstractEventLoop, _Connections] = {}

    def load(self) -> None:
        with self._lock:
            if self._context is None:
                from httptools import HttpResponseParser

                self._parser = HttpResponseParser
                self._context = _system_trust()

    def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AbstractAsyncContextManager[HttpAnswer]:
        return _Opening(self, request, endpoint, timeouts)

    async def fetch(self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> Fetched:
        sent = await self.begun(request, endpoint, timeouts)
        if isinstance(sent, ProviderError):
            raise sent
        pool, connection, _ = sent
        found = await self._whole(connection, endpoint, timeouts)
        if isinstance(found, ProviderError):
            connection.abort()
            raise found
        pool.give_back(connection)
        if found.status == 407:
            raise _refused_by_proxy(endpoint)
        return found

    async def _whole(
        self, connection: Connection, endpoint: Endpoint, timeouts: Timeouts
    ) -> Fetched | ProviderError:
        """An error is given back and raised elsewhere: raised here it would carry the system's own
        along, and a trace of what was sent."""
        try:
            body = await connection.whole(MAX_BODY_BYTES)
            headers = connection.headers
            if "content-encoding" in headers:
                unpack = _unpacker(headers["content-encoding"])
                body = unpack.feed(body, MAX_BODY_BYTES) if unpack else body
            return Fetched(connection.status, headers, body)
        except ERRORS as error:
            return mapped(error, endpoint, timeouts, in_body=connection.status != 0)
        except BaseException:
            connection.abort()
            raise

    async def begun(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> tuple[Pool, Connection, float | None] | ProviderError:
        """A connection with the request on its way; an error is given back, as in `_whole`."""
        if self._context is None:
            check_headers(request.headers)
            await asyncio.to_thread(self.load)
        loop = asyncio.get_running_loop()
        deadline = None if timeouts.total is None else loop.time() + timeouts.total
        connection: Connection | None = None
        try:
            route = self._route(loop, request.url)
            head = route.head(request)
            connection = route.pool.idle()
            if connection is None:
                connection = await _connected(route.pool, timeouts)
            connection.send(head, request.body, timeouts.read, deadline)
            if len(request.body) > LARGE_BYTES:
                await connection.write_large(request.body)
            return route.pool, connection, deadline
        except ERRORS as error:
            return mapped(error, endpoint, timeouts)
        except BaseException:
            if connection is not None:
                connection.abort()
            raise

    def _route(self, loop: asyncio.AbstractEventLoop, url: str) -> _Route:
        found = self._loops.get(loop)
        if found is None:
            with self._lock:
                # What belonged to a loop that is closed cannot be used or closed any more.
                self._loops = {known: its for known, its in self._loops.items() if not known.is_closed()}
                found = self._loops[loop] = _Connections(loop)
        return found.routes.get(url) or self._new_route(found, url)

    def _new_route(self, connections: _Connections, url: str) -> _Route:
        """Raises ValueError for what is no address, ConfigurationError for an unknown kind of proxy."""
        assert self._context is not None
        place = place_of(url)
        origin = place.tls, place.host, place.port
        pool = connections.pools.get(origin)
        if pool is None:
            proxy = proxy_for(url, self._environ)
            pool = Pool(connections.loop, place, proxy, self._context, self._parser, self._allowed)
            connections.pools[origin] = pool
        if len(connections.routes) >= _ROUTES:
            connections.routes.clear()
        route = connections.routes[url] = _Route(pool, place)
        return route

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

    async def aclose(self) -> None:
        with self._lock:
            loops, self._loops = self._loops, {}
        here = asyncio.get_running_loop()
        for loop, connections in loops.items():
            if loop is here:
                connections.close()
                # Sockets are closed on the loop's next turn.
                await asyncio.sleep(0)
            elif loop.is_running():
                await _elsewhere(loop, connections.close)


async def _elsewhere(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    """Has another thread's loop do `work`, and waits for it while that loop runs."""

    async def done() -> None:
        work()

    coroutine = done()
    try:
        waiting = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))
    except RuntimeError:
        coroutine.close()
        return
    while loop.is_running() and not waiting.done():
        await asyncio.wait({waiting}, timeout=0.1)


class _Connections:
    """What one loop has open."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.pools: dict[tuple[bool, str, int], Pool] = {}
        self.routes: dict[str, _Route] = {}

    def close(self) -> None:
        for pool in self.pools.values():
            pool.close()


class _Route:
    """How requests to one URL begin. The same few are sent again and again, so that each is put
    together, and its headers checked, once."""

    def __init__(self, pool: Pool, place: Place) -> None:
        self.pool = pool
        self._place = place
        self._heads: dict[tuple[str, ...], str] = {}

    def head(self, request: HttpRequest) -> bytes:
        """Raises InvalidHeader."""
        told = request.headers
        key = (request.method, *told, *told.values())
        head = self._heads.get(key)
        if head is None:
            if len(self._heads) >= _ROUTES:
                self._heads.clear()
            head = self._heads[key] = self._begin(request)
        if request.body or request.method == "POST":
            return f"{head}Content-Length: {len(request.body)}\r\n\r\n".encode("latin-1")
        return f"{head}\r\n".encode("latin-1")

    def _begin(self, request: HttpRequest) -> str:
        check_headers(request.headers)
        place, forwarding = self._place, self.pool.forwards
        target = place.target if forwarding is None else f"http://{place.authority}{place.target}"
        # A stream is worth more early than small; lists of models are large and come at once.
        encoding = "gzip, deflate" if request.method == "GET" else "identity"
        headers = {
            "host": place.authority,
            "user-agent": f"Chatbench/{__version__}",
            "accept": "*/*",
            "accept-encoding": encoding,
        }
        if place.credentials:
            headers["authorization"] = place.credentials
        headers.update((name.lower(), value) for name, value in request.headers.items())
        for ours in ("content-length", "transfer-encoding", "connection"):
            headers.pop(ours, None)
        if forwarding:
            headers["Proxy-Authorization"] = forwarding
        lines = [f"{name}: {value.strip()}" for name, value in headers.items()]
        return "\r\n".join((f"{request.method} {target} HTTP/1.1", *lines, ""))


async def _connected(pool: Pool, timeouts: Timeouts) -> Connection:
    """Raises what `Pool.connect` raises, and OutOfTime where the whole call's limit is the first to pass."""
    total = timeouts.total
    if total is None or total >= timeouts.connect:
        return await pool.connect(timeouts.connect)
    try:
        return await pool.connect(total)
    except NotConnected:
        raise OutOfTime from None


class _Opening(AbstractAsyncContextManager[HttpAnswer]):
    """Sends on the way in, closes on the way out."""

    def __init__(self, http: Http, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._asked = http, request, endpoint, timeouts
        self._answer: _Answer | None = None

    async def __aenter__(self) -> HttpAnswer:
        http, request, endpoint, timeouts = self._asked
        sent = await http.begun(request, endpoint, timeouts)
        if isinstance(sent, ProviderError):
            raise sent
        pool, connection, _ = sent
        answer = _Answer(pool, connection, endpoint, timeouts)
        failure = await answer.begin()
        if failure is not None:
            raise failure
        if answer.status == 407:
            answer.close()
            raise _refused_by_proxy(endpoint)
        self._answer = answer
        return answer

    async def __aexit__(self, *_: object) -> None:
        if self._answer is not None:
            self._answer.close()


class _Answer:
    """A response under way."""

    def __init__(self, pool: Pool, connection: Connection, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._pool = pool
        self._connection: Connection | None = connection
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._unpack: _Unpacker | None = None
        self._total = 0

    async def begin(self) -> ProviderError | None:
        """Waits for the head. An error is given back, as in `Http._whole`."""
        connection = self._connection
        assert connection is not None
        try:
            await connection.head()
            self.status, self.headers = connection.status, connection.headers
        except ERRORS as error:
            self.close()
            return mapped(error, self._endpoint, self._timeouts)
        except BaseException:
            self.close()
            raise
        return None

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._next()
        if isinstance(piece, ProviderError):
            raise piece
        if not piece:
            raise StopAsyncIteration
        return piece

    async def _next(self) -> bytes | ProviderError:
        """An error is given back; see `Http._whole`."""
        try:
            if self._total == 0 and "content-encoding" in self.headers and self._unpack is None:
                self._unpack = _unpacker(self.headers["content-encoding"])
            while self._connection is not None:
                piece = await self._connection.piece()
                if not piece:
                    if self._unpack is not None:
                        self._unpack.finish()
                    return b""
                if self._unpack is not None:
                    piece = self._unpack.feed(piece, MAX_BODY_BYTES - self._total)
                self._total += len(piece)
                if self._total > MAX_BODY_BYTES:
                    raise TooLarge
                if piece:
                    return piece
            return b""
        except ERRORS as error:
            return mapped(error, self._endpoint, self._timeouts, in_body=True)

    async def read(self, limit: int | None = None) -> bytes:
        found: list[bytes] = []
        size = 0
        async for piece in self:
            found.append(piece)
            size += len(piece)
            if limit is not None and size >= limit:
                break
        return b"".join(found)[:limit]

    def close(self) -> None:
        """Keeps the connection if the answer has come to its end, closes it at once otherwise: a
        provider that still writes must see that nobody listens."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)


class _Unpacker:
    """Undoes a compression, with an eye on the size."""

    def __init__(self, encoding: str) -> None:
        self._raw_may_come = encoding == "deflate"
        self._packed = zlib.decompressobj(zlib.MAX_WBITS | (16 if encoding == "gzip" else 0))

    def feed(self, data: bytes, cap: int) -> bytes:
        """Raises TooLarge for more than `cap` bytes, zlib.error."""
        try:
            found = self._packed.decompress(data, cap + 1)
        except zlib.error:
            if not self._raw_may_come:
                raise
            # Some servers leave out the two bytes that the standard has before the data.
            self._packed = zlib.decompressobj(-zlib.MAX_WBITS)
            found = self._packed.decompress(data, cap + 1)
        self._raw_may_come = False
        if len(found) > cap:
            raise TooLarge
        return found

    def finish(self) -> None:
        """Raises zlib.error for what lacks its end."""
        if not self._packed.eof:
            raise zlib.error("incomplete")


def _unpacker(encoding: str) -> _Unpacker | None:
    """None for what is not compressed. Raises NotAsked, also for encodings stacked on one another,
    which unpack to anything at all."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "deflate"):
        raise NotAsked
    return _Unpacker(encoding)


def mapped(
    error: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool = False
) -> ProviderError:
    """The error of ours for one of `ERRORS`. Of those, `raw` gets the kind and what the system
    said; the rest may hold an address with a password in it."""
    cause = error.__cause__ if isinstance(error, ProxyRefused) and error.__cause__ else error
    ours = _named(error, endpoint, timeouts, in_body=in_body)
    system = cause.strerror if isinstance(cause, OSError) else None
    ours.raw = f"{type(cause).__name__}: {system}" if system else type(cause).__name__
    return ours


def _named(error: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool) -> ProviderError:
    host = _host(endpoint)
    if isinstance(error, ssl.SSLCertVerificationError):
        return UntrustedCertificate(
            f"The certificate of {host} is not trusted: {getattr(error, 'verify_message', '')}.",
            "If the server is yours, add its certificate to your system's, or set SSL_CERT_FILE.",
            provider=endpoint.id,
        )
    if isinstance(error, ProxyRefused):
        return _refused_by_proxy(endpoint)
    if isinstance(error, TimeoutError):
        return _timed_out(error, endpoint, timeouts, in_body=in_body)
    if isinstance(error, TooLarge | NotAsked | zlib.error):
        return _unreadable(error, endpoint)
    if isinstance(error, NotHttp):
        return InvalidResponse(
            f"{host} does not answer in HTTP.", "Check address and port.", provider=endpoint.id
        )
    if in_body or isinstance(error, CutShort):
        return StreamInterrupted(
            f"The answer from {endpoint.name} broke off.",
            "What arrived is kept. Try again, or continue from it.",
            provider=endpoint.id,
        )
    return _unreachable(error, endpoint, host)


def _timed_out(error: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool) -> Timeout:
    name = endpoint.name
    if isinstance(error, NotConnected):
        said = f"{name} did not take a connection within {timeouts.connect:g} s."
    elif isinstance(error, OutOfTime) and timeouts.total is not None:
        said = f"{name} did not finish within {timeouts.total:g} s."
    else:
        said = f"{name} sent nothing{' more' if in_body else ''} for {timeouts.read:g} s."
    return Timeout(said, "Try again; the provider may be slow or busy.", provider=endpoint.id)


def _unreadable(error: BaseException, endpoint: Endpoint) -> InvalidResponse:
    if isinstance(error, TooLarge):
        said = f"{endpoint.name} sent more than {MAX_BODY_BYTES // 1024 // 1024} MiB."
    elif isinstance(error, NotAsked):
        said = f"{endpoint.name} compressed its answer in a way it was not asked for."
    else:
        said = f"The answer of {endpoint.name} cannot be decompressed."
    hint = "The server may be faulty. Try again, or check the provider."
    return InvalidResponse(said, hint, provider=endpoint.id)


def _unreachable(error: BaseException, endpoint: Endpoint, host: str) -> ProviderError:
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return no_address(endpoint)
    if isinstance(error, ssl.SSLError):
        said = f"No encrypted connection to {host} came about."
        return Unreachable(
            said, "Check whether the address begins with http://.", provider=endpoint.id, should_retry=False
        )
    if isinstance(error, socket.gaierror):
        said, hint = f"{host} cannot be found.", "Check the address and your network connection."
    elif isinstance(error, ConnectionRefusedError):
        said = f"{host} refuses the connection."
        hint = "Start the server, or check the port." if endpoint.local else "Check address and port."
    elif isinstance(error, Disconnected):
        said, hint = f"{host} closed the connection without an answer.", "Try again."
    else:
        said, hint = f"{host} cannot be reached.", "Check the address and your network connection."
    return Unreachable(said, hint, provider=endpoint.id)


def no_address(endpoint: Endpoint) -> Unreachable:
    """The error for a base URL that leads nowhere at all."""
    said = f"The base URL of {endpoint.name} is not a web address."
    return Unreachable(said, "Write it as https://host/path.", provider=endpoint.id, should_retry=False)


def _refused_by_proxy(endpoint: Endpoint) -> Unreachable:
    return Unreachable(
        f"The proxy on the way to {_host(endpoint)} did not let us through.",
        "Check HTTPS_PROXY and HTTP_PROXY, and the user and password in them.",
        provider=endpoint.id,
    )


def _host(endpoint: Endpoint) -> str:
    try:
        return urlsplit(endpoint.base_url).hostname or endpoint.name
    except ValueError:
        return endpoint.name


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
