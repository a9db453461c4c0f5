"""The one HTTP seam: the only file that imports the HTTP library, and not before it is needed.

httpx values over aiohttp's connections: its own pool collapses with fifty and more requests in
flight. No redirects (a key must not travel), no cookies, the system's certificates, proxies from
the environment. Every error of the libraries becomes one of ours in `mapped`.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import unquote_to_bytes, urlsplit

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
from chatbench.providers.proxies import proxy_for

if TYPE_CHECKING:
    import httpx
    from httpx_aiohttp import AiohttpTransport

MAX_BODY_BYTES = 256 * 1024 * 1024
_PIECE_BYTES = 256 * 1024
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
    """`HttpClient` over the network. To be used from one event loop."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._transports: dict[tuple[str, str], AiohttpTransport] = {}

    def load(self) -> None:
        with self._lock:
            if self._context is None:
                _import_library()
                self._context = _system_trust()

    @asynccontextmanager
    async def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AsyncIterator[HttpAnswer]:
        check_headers(request.headers)
        if self._context is None:
            await asyncio.to_thread(self.load)
        loop = asyncio.get_running_loop()
        deadline = None if timeouts.total is None else loop.time() + timeouts.total
        response = await self._send(request, endpoint, timeouts, deadline)
        if isinstance(response, ProviderError):
            raise response
        answer = _Answer(response, endpoint, timeouts, deadline)
        try:
            if response.status_code == 407:
                raise _refused_by_proxy(endpoint)
            yield answer
        finally:
            await answer.aclose()

    async def _send(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts, deadline: float | None
    ) -> httpx.Response | ProviderError:
        """An error is given back and raised elsewhere: raised here it would carry the library's
        own, which holds the request's headers, the key among them."""
        try:
            transport = self._transport(request.url)
            outgoing = _outgoing(request, timeouts)
            async with asyncio.timeout_at(deadline):
                return await transport.handle_async_request(outgoing)
        except _library_errors() as error:
            return mapped(error, endpoint, timeouts)

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
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()

    def _transport(self, url: str) -> AiohttpTransport:
        parts = urlsplit(url)
        place = parts.scheme, parts.netloc
        found = self._transports.get(place)
        if found is None:
            assert self._context is not None
            proxy = proxy_for(url, self._environ)
            found = self._transports[place] = _new_transport(self._context, proxy)
        return found


class _Answer:
    """A response under way. The iterator of its body is held here, so that it is closed here."""

    def __init__(
        self, response: httpx.Response, endpoint: Endpoint, timeouts: Timeouts, deadline: float | None
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}
        self._response = response
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._deadline = deadline
        self._source: Any = None
        self._total = 0

    def pieces(self) -> AsyncIterator[bytes]:
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._next()
        if isinstance(piece, ProviderError):
            raise piece
        self._total += len(piece)
        if self._total > MAX_BODY_BYTES:
            raise self._invalid(f"sent more than {MAX_BODY_BYTES // 1024 // 1024} MiB.")
        return piece

    async def _next(self) -> bytes | ProviderError:
        """An error is given back; see `Http._send`."""
        if self._source is None:
            self._source = self._open_body()
        try:
            if self._deadline is None:
                return await anext(self._source)
            async with asyncio.timeout_at(self._deadline):
                return await anext(self._source)
        except _library_errors() as error:
            return mapped(error, self._endpoint, self._timeouts, in_body=True)

    def _open_body(self) -> Any:
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding in ("", "identity"):
            # Both are an AsyncByteStream here; the plain one is read without httpx's copying.
            return aiter(self._response.stream)  # type: ignore[arg-type]
        if encoding not in ("gzip", "deflate"):
            # Also encodings stacked on one another, which unpack to anything at all.
            raise self._invalid("compressed its answer in a way it was not asked for.")
        return self._response.aiter_bytes()

    def _invalid(self, what: str) -> InvalidResponse:
        return InvalidResponse(
            f"{self._endpoint.name} {what}",
            "The server may be faulty. Try again, or check the provider.",
            provider=self._endpoint.id,
        )

    async def read(self, limit: int | None = None) -> bytes:
        found: list[bytes] = []
        size = 0
        async for piece in self:
            found.append(piece)
            size += len(piece)
            if limit is not None and size >= limit:
                break
        return b"".join(found)[:limit]

    async def aclose(self) -> None:
        """Keeps the connection if the body was read to its end, closes it at once otherwise: a
        provider that still writes must see that nobody listens."""
        source = self._source
        if source is not None:
            async with aclosing(source):
                pass
        await self._response.aclose()


def mapped(
    error: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool = False
) -> ProviderError:
    """The error of ours for one of the libraries'. Of theirs, `raw` gets the kind and what the
    system said; the rest may hold an address with a password in it."""
    import httpx

    cause = error.__cause__ if isinstance(error, httpx.TransportError) and error.__cause__ else error
    ours = _named(error, cause, endpoint, timeouts, in_body=in_body)
    system = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None)
    ours.raw = f"{type(cause).__name__}: {system}" if system else type(cause).__name__
    return ours


def _named(
    error: BaseException, cause: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool
) -> ProviderError:
    import aiohttp
    import httpx

    host = _host(endpoint)
    told = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None) or cause
    if isinstance(told, ssl.SSLCertVerificationError):
        return UntrustedCertificate(
            f"The certificate of {host} is not trusted: {getattr(told, 'verify_message', '')}.",
            "If the server is yours, add its certificate to your system's, or set SSL_CERT_FILE.",
            provider=endpoint.id,
        )
    proxy_errors = (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError, httpx.ProxyError)
    if isinstance(cause, proxy_errors):
        return _refused_by_proxy(endpoint)
    if isinstance(cause, TimeoutError | httpx.TimeoutException):
        return _timed_out(cause, endpoint, timeouts, in_body=in_body)
    if isinstance(error, httpx.DecodingError):
        return InvalidResponse(
            f"The answer of {endpoint.name} cannot be decompressed.", "Try again.", provider=endpoint.id
        )
    if in_body:
        return StreamInterrupted(
            f"The answer from {endpoint.name} broke off.",
            "What arrived is kept. Try again, or continue from it.",
            provider=endpoint.id,
        )
    return _unreachable(cause, endpoint, host)


def _timed_out(cause: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool) -> Timeout:
    import aiohttp
    import httpx

    name = endpoint.name
    if isinstance(cause, aiohttp.ConnectionTimeoutError | httpx.ConnectTimeout | httpx.PoolTimeout):
        said = f"{name} did not take a connection within {timeouts.connect:g} s."
    elif isinstance(cause, aiohttp.SocketTimeoutError) or timeouts.total is None:
        said = f"{name} sent nothing{' more' if in_body else ''} for {timeouts.read:g} s."
    else:
        said = f"{name} did not finish within {timeouts.total:g} s."
    return Timeout(said, "Try again; the provider may be slow or busy.", provider=endpoint.id)


def _unreachable(cause: BaseException, endpoint: Endpoint, host: str) -> ProviderError:
    import aiohttp
    import httpx

    wrong_address = (
        aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, httpx.InvalidURL, httpx.UnsupportedProtocol,
        ValueError,
    )  # fmt: skip
    if isinstance(cause, wrong_address):
        return no_address(endpoint)
    if isinstance(cause, aiohttp.ClientResponseError | httpx.ProtocolError):
        return InvalidResponse(
            f"{host} does not answer in HTTP.", "Check address and port.", provider=endpoint.id
        )
    if isinstance(cause, aiohttp.ClientSSLError | ssl.SSLError):
        said = f"No encrypted connection to {host} came about."
        return Unreachable(
            said, "Check whether the address begins with http://.", provider=endpoint.id, should_retry=False
        )
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        said, hint = f"{host} cannot be found.", "Check the address and your network connection."
    elif isinstance(getattr(cause, "os_error", cause), ConnectionRefusedError):
        said = f"{host} refuses the connection."
        hint = "Start the server, or check the port." if endpoint.local else "Check address and port."
    elif isinstance(cause, aiohttp.ServerDisconnectedError):
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


def _outgoing(request: HttpRequest, timeouts: Timeouts) -> httpx.Request:
    import httpx

    # A stream is worth more early than small; lists of models are large and come at once.
    encoding = "gzip, deflate" if request.method == "GET" else "identity"
    own = {"user-agent": f"Chatbench/{__version__}", "accept-encoding": encoding}
    headers = {**own, **{name.lower(): value for name, value in request.headers.items()}}
    limits = {"connect": timeouts.connect, "pool": timeouts.connect, "read": timeouts.read}
    content: bytes | AsyncIterator[bytes] = request.body
    if len(request.body) > _PIECE_BYTES:
        # Written in one go it would hold the loop, and the window, for as long as that takes.
        content = _in_pieces(request.body)
        headers["content-length"] = str(len(request.body))
    return httpx.Request(
        request.method,
        _url(request.url),
        headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()],
        content=content,
        extensions={"timeout": limits},
    )


@lru_cache(maxsize=64)
def _url(text: str) -> httpx.URL:
    """Parsed once: the same few addresses are asked again and again."""
    import httpx

    return httpx.URL(text)


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PIECE_BYTES):
        yield body[start : start + _PIECE_BYTES]


def _new_transport(context: ssl.SSLContext, proxy: str | None) -> AiohttpTransport:
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ssl=context),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
    return AiohttpTransport(verify=context, client=session, proxy=_proxy(proxy) if proxy else None)


def _proxy(address: str) -> httpx.Proxy:
    """User and password go as the header aiohttp makes Proxy-Authorization of, for tunnels and
    plain requests alike; its own way for them is deprecated."""
    import httpx

    url = httpx.URL(address)
    headers = {}
    if url.userinfo:
        name, _, password = url.userinfo.partition(b":")
        pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
        headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return httpx.Proxy(url.copy_with(userinfo=b""), headers=headers)


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


def _library_errors() -> tuple[type[Exception], ...]:
    import aiohttp
    import httpx
    from aiohttp.http_exceptions import HttpProcessingError

    return (
        httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, HttpProcessingError,
        OSError, ValueError,
    )  # fmt: skip


def _import_library() -> None:
    # httpx imports its own command line (200 ms more) where click and rich are installed.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import httpx_aiohttp  # noqa: F401  # with it come httpx and aiohttp
