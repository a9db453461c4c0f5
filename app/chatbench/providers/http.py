"""The one HTTP seam: the only file that imports the HTTP library, and not before it is needed.

httpx values over aiohttp's connections: its own pool collapses with fifty and more requests in
flight. No redirects (a key must not travel), no cookies, the system's certificates, proxies from
the environment. Every error of the libraries becomes one of ours in `mapped`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import ssl
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from chatbench import __version__
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    ConfigurationError,
    InvalidHeader,
    InvalidResponse,
    ProviderError,
    StreamInterrupted,
    Timeout,
    Unreachable,
    UntrustedCertificate,
)

if TYPE_CHECKING:
    import aiohttp
    import httpx
    from httpx_aiohttp import AiohttpTransport

MAX_BODY_BYTES = 256 * 1024 * 1024
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


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

        Raises InvalidHeader before anything is sent, and the mapped `ProviderError`s.
        """
        ...

    async def probe(self, endpoint: Endpoint) -> str:
        """Asks the base URL for anything at all; says which HTTP the server speaks."""
        ...

    def load(self) -> None:
        """Imports the library and makes the TLS context; slow, for a thread of its own."""
        ...

    async def aclose(self) -> None:
        """Closes every connection."""
        ...


class Http:
    """`HttpClient` over the network."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._transports: dict[str, AiohttpTransport] = {}

    def load(self) -> None:
        with self._lock:
            if self._context is None:
                _import_library()
                import truststore

                self._context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    @asynccontextmanager
    async def open(
        self, request: HttpRequest, endpoint: Endpoint, timeouts: Timeouts
    ) -> AsyncGenerator[HttpAnswer, None]:
        headers = _checked(request.headers)
        if self._context is None:
            await asyncio.to_thread(self.load)
        import httpx

        loop = asyncio.get_running_loop()
        deadline = None if timeouts.total is None else loop.time() + timeouts.total
        encoding = "gzip, deflate" if request.method == "GET" else "identity"
        try:
            outgoing = httpx.Request(
                request.method,
                request.url,
                headers={
                    "user-agent": f"Chatbench/{__version__}",
                    "accept-encoding": encoding,
                    **headers,
                },
                content=request.body,
                extensions={"timeout": {"connect": timeouts.connect, "read": timeouts.read}},
            )
            transport = self._transport(request.url)
            async with asyncio.timeout_at(deadline):
                response = await transport.handle_async_request(outgoing)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError | ProviderError | ConfigurationError):
                raise
            raise mapped(error, endpoint, timeouts) from error
        try:
            yield _Answer(response, endpoint, timeouts, deadline)
        finally:
            await _release(response)

    async def probe(self, endpoint: Endpoint) -> str:
        request = HttpRequest(url=endpoint.base_url, method="GET")
        async with self.open(request, endpoint, Timeouts(read=15.0)) as answer:
            server = answer.headers.get("server", "")
            name = f" ({server[:60]})" if server else ""
            return f"the server speaks HTTP/1.1{name}"

    async def aclose(self) -> None:
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.aclose()

    def _transport(self, url: str) -> AiohttpTransport:
        proxy = self.proxy_for(url) or ""
        found = self._transports.get(proxy)
        if found is None:
            import aiohttp
            import httpx
            from httpx_aiohttp import AiohttpTransport

            assert self._context is not None
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ssl=self._context),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
            found = self._transports[proxy] = AiohttpTransport(
                verify=self._context,
                client=session,
                proxy=httpx.Proxy(proxy) if proxy else None,
            )
        return found

    def proxy_for(self, url: str) -> str | None:
        """The proxy the environment names for an address; this computer is never proxied.

        Raises ConfigurationError for a kind of proxy that is not supported.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if _is_this_computer(host) or self._is_excepted(host, parts.port):
            return None
        names = (f"{parts.scheme}_proxy", "all_proxy")
        for name in (spelling for name in names for spelling in (name, name.upper())):
            value = self._environ.get(name, "").strip()
            if not value or (name == "HTTP_PROXY" and "REQUEST_METHOD" in self._environ):
                continue
            if "://" not in value:
                value = f"http://{value}"
            if not value.lower().startswith(("http://", "https://")):
                raise ConfigurationError(
                    f"{name} names a kind of proxy that Chatbench does not know.",
                    "Use an http:// or https:// proxy, or unset it.",
                )
            return value
        return None

    def _is_excepted(self, host: str, port: int | None) -> bool:
        value = self._environ.get("no_proxy") or self._environ.get("NO_PROXY") or ""
        for entry in (entry.strip().lower() for entry in value.split(",")):
            name, _, wanted_port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
            if wanted_port and wanted_port != str(port or ""):
                continue
            name = name.removeprefix("*").removeprefix(".")
            if entry == "*" or (name and (host == name or host.endswith(f".{name}"))):
                return True
        return False


class _Answer:
    def __init__(
        self, response: httpx.Response, endpoint: Endpoint, timeouts: Timeouts, deadline: float | None
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}
        self._response = response
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._deadline = deadline

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        encoded = self.headers.get("content-encoding", "identity").lower() not in ("", "identity")
        source = self._response.aiter_bytes() if encoded else self._response.stream
        iterator = source.__aiter__()  # type: ignore[union-attr]
        total = 0
        while True:
            try:
                if self._deadline is None:
                    piece = await iterator.__anext__()
                else:
                    async with asyncio.timeout_at(self._deadline):
                        piece = await iterator.__anext__()
            except StopAsyncIteration:
                return
            except Exception as error:
                raise mapped(error, self._endpoint, self._timeouts, in_body=True) from error
            total += len(piece)
            if total > MAX_BODY_BYTES:
                raise InvalidResponse(
                    f"{self._endpoint.name} sent more than {MAX_BODY_BYTES // 1024 // 1024} MiB.",
                    "The server may be faulty. Try again, or check the provider.",
                    provider=self._endpoint.id,
                )
            yield piece

    async def read(self, limit: int | None = None) -> bytes:
        found: list[bytes] = []
        size = 0
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                found.append(piece)
                size += len(piece)
                if limit is not None and size >= limit:
                    break
        return b"".join(found)[:limit]


def mapped(
    error: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool = False
) -> ProviderError:
    """The error of ours for one of the libraries'. No text of theirs is passed on: it may hold
    an address with a password in it."""
    import aiohttp
    import httpx

    name, host = endpoint.name, urlsplit(endpoint.base_url).hostname or endpoint.base_url
    cause = error.__cause__ if isinstance(error, httpx.TransportError) and error.__cause__ else error
    tls = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None) or cause
    if isinstance(tls, ssl.SSLCertVerificationError) or isinstance(cause, aiohttp.ClientSSLError):
        reason = getattr(tls, "verify_message", "") or "the TLS handshake failed"
        return UntrustedCertificate(
            f"The certificate of {host} is not trusted: {reason}.",
            "If the server is yours, add its certificate to your system's, or set SSL_CERT_FILE.",
            provider=endpoint.id,
        )
    if isinstance(cause, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError | httpx.ProxyError):
        return Unreachable(
            f"The proxy on the way to {host} did not let us through.",
            "Check HTTPS_PROXY and its user and password.",
            provider=endpoint.id,
        )
    if isinstance(cause, TimeoutError | httpx.TimeoutException) and not isinstance(
        cause, httpx.ConnectTimeout
    ):
        return _timed_out(cause, endpoint, timeouts, in_body=in_body)
    if in_body:
        if isinstance(error, httpx.DecodingError):
            return InvalidResponse(
                f"The answer of {name} cannot be decompressed.", "Try again.", provider=endpoint.id
            )
        return StreamInterrupted(
            f"The answer from {name} broke off.",
            "What arrived is kept. Try again, or continue from it.",
            provider=endpoint.id,
        )
    return _unreachable(cause, endpoint, host)


def _timed_out(
    cause: BaseException, endpoint: Endpoint, timeouts: Timeouts, *, in_body: bool
) -> Timeout:
    import aiohttp

    connecting = isinstance(cause, aiohttp.ConnectionTimeoutError)
    reading = isinstance(cause, aiohttp.SocketTimeoutError) and not connecting
    if connecting:
        said = f"{endpoint.name} did not take a connection within {timeouts.connect:g} s."
    elif reading or timeouts.total is None:
        more = " more" if in_body else ""
        said = f"{endpoint.name} sent nothing{more} for {timeouts.read:g} s."
    else:
        said = f"{endpoint.name} did not finish within {timeouts.total:g} s."
    return Timeout(said, "Try again; the provider may be slow or busy.", provider=endpoint.id)


def _unreachable(cause: BaseException, endpoint: Endpoint, host: str) -> ProviderError:
    import aiohttp
    import httpx

    if isinstance(cause, aiohttp.InvalidURL | httpx.InvalidURL | httpx.UnsupportedProtocol):
        said, hint = f"{endpoint.base_url!r} is not a web address.", "Write it as https://host/path."
    elif isinstance(cause, aiohttp.ClientConnectorDNSError):
        said, hint = f"{host} cannot be found.", "Check the address and your network connection."
    elif isinstance(getattr(cause, "os_error", cause), ConnectionRefusedError):
        said = f"{host} refuses the connection."
        hint = "Start the server, or check the port." if endpoint.local else "Check address and port."
    elif isinstance(cause, aiohttp.ServerDisconnectedError):
        said, hint = f"{host} closed the connection without an answer.", "Try again."
    elif isinstance(cause, aiohttp.ClientResponseError | httpx.RemoteProtocolError):
        return InvalidResponse(
            f"{host} does not answer in HTTP.", "Check address and port.", provider=endpoint.id
        )
    else:
        said, hint = f"{host} cannot be reached.", "Check the address and your network connection."
    return Unreachable(said, hint, provider=endpoint.id)


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _TOKEN.match(name):
            raise InvalidHeader(f"{name[:60]!r} is not a header name.", "Correct the provider's headers.")
        if _UNSENDABLE.search(value) or not _is_latin(value):
            raise InvalidHeader(
                f"The value of the header {name} holds characters that cannot be sent.",
                "Correct the provider's headers or its key.",
            )
    return dict(headers)


def _is_latin(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises InvalidHeader for a name or value that HTTP does not allow."""
    _checked(headers)


def _is_this_computer(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _release(response: Any) -> None:
    """Keeps the connection if the body was read to its end, closes it at once otherwise: a
    provider that still writes must see that nobody listens."""
    stream = getattr(response.stream, "_aiohttp_response", None)
    if stream is None:
        await response.aclose()
        return
    answer: aiohttp.ClientResponse = stream
    if answer.content.at_eof():
        answer.release()
    else:
        answer.close()


def _import_library() -> None:
    # httpx imports its own command line (200 ms more) where click and rich are installed.
    placeholder: Any = None
    sys.modules.setdefault("httpx._main", placeholder)
    import aiohttp
    import httpx
    import httpx_aiohttp

    assert aiohttp and httpx and httpx_aiohttp
