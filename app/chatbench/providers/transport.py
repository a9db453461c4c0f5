"""httpx's transport seam over aiohttp's connections, whose pool bears hundreds of requests at once.

No redirects, no cookies, no unpacking. Imports both libraries: to be imported when the first request
is made.
"""

from __future__ import annotations

import base64
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import aiohttp
import httpx
from multidict import CIMultiDict
from yarl import URL

_PIECE_BYTES = 256 * 1024
_KEEP_S = 60.0
"""An idle connection is kept for this long."""


class Pieces(httpx.AsyncByteStream):
    """A large body in pieces: written in one go it would hold the loop, and the window."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), _PIECE_BYTES):
            yield self._body[start : start + _PIECE_BYTES]


class Head(NamedTuple):
    """What a request begins with, as aiohttp takes it."""

    url: URL
    headers: CIMultiDict[str]


def head_of(url: httpx.URL, headers: httpx.Headers) -> Head:
    """Put together once: the same few are sent again and again."""
    return Head(
        URL(str(url.copy_with(raw_path=url.raw_path)), encoded=True),
        CIMultiDict((name.decode("ascii"), value.decode("latin-1")) for name, value in headers.raw),
    )


class _Body(httpx.AsyncByteStream):
    """What arrives, as it arrives."""

    def __init__(self, response: aiohttp.ClientResponse, under_way: set[_Body]) -> None:
        self._response = response
        self._under_way = under_way
        under_way.add(self)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._response.content.readany()
        except RuntimeError:
            # What aiohttp says where the connection was closed on this side before it was waited for.
            raise httpx.ReadError("closed", request=None) from None
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Closes the connection at once, unless the body has come to its end: then it is kept."""
        self._under_way.discard(self)
        if not self._response.closed:
            self._response.close()


class _Connector(aiohttp.TCPConnector):
    """Uses no connection again on which something came that nobody asked for: it would be taken for
    the answer to the next request."""

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        while True:
            connection = await super().connect(req, traces, timeout)
            if connection.protocol is None or not connection.protocol.should_close:
                return connection
            connection.close()

    def abandon(self) -> None:
        """Forgets every connection without closing it."""
        self._conns.clear()


class Transport(httpx.AsyncBaseTransport):
    """Connections of one event loop, to any place.

    A request's `extensions["timeout"]` has seconds for `connect` and `read`, `extensions["head"]` its
    `Head`. What fails is raised as aiohttp has it.
    """

    def __init__(
        self, context: ssl.SSLContext, proxy: str | None = None, allowed: Callable[[str], bool] | None = None
    ) -> None:
        """`proxy` is an address, with user and password. `allowed` says which IP addresses may be
        connected to where there is no proxy. Raises httpx.InvalidURL for a proxy that is no address."""
        self._through: dict[str, Any] = _through(proxy) if proxy else {}
        self._under_way: set[_Body] = set()
        guard = _guard(allowed) if allowed and not proxy else None
        self._connector = _Connector(limit=0, keepalive_timeout=_KEEP_S, ssl=context, socket_factory=guard)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        limits: Mapping[str, float] = request.extensions["timeout"]
        head: Head = request.extensions["head"]
        response = await self._session.request(
            request.method,
            head.url,
            headers=head.headers,
            data=_payload(request),
            allow_redirects=False,
            timeout=_limits(limits["connect"], limits["read"]),
            **self._through,
        )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=_Body(response, self._under_way),
            request=request,
        )

    def abandon(self) -> None:
        """Forgets all connections without closing them: in a forked child they are its parent's."""
        self._session.detach()
        self._connector.abandon()

    async def aclose(self) -> None:
        """Closes all connections, also those in use."""
        # The session closes them as well, but lets those who wait for a piece of a body wait on.
        for body in tuple(self._under_way):
            await body.aclose()
        await self._session.close()


def _payload(request: httpx.Request) -> Any:
    stream = request.stream
    if not isinstance(stream, httpx.ByteStream):
        return stream
    body = request.read()
    return aiohttp.BytesPayload(body) if body else None


@lru_cache(maxsize=64)
def _limits(connect: float, read: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_read=read)


def _guard(allowed: Callable[[str], bool]) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    """Makes sockets for addresses that are allowed only. It is asked of the very address that is
    connected to: what a name meant a moment before does not count."""

    def made(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = address
        try:
            host = str(ipaddress.ip_address(str(where[0]).partition("%")[0]))
        except ValueError:
            raise PermissionError("not an IP address") from None
        if not allowed(host):
            raise PermissionError("not an address that is allowed")
        return socket.socket(family, kind, protocol)

    return made


def _through(proxy: str) -> dict[str, Any]:
    """User and password go as the header aiohttp makes Proxy-Authorization of, for tunnels and
    plain requests alike; its own way for them is deprecated."""
    url = httpx.URL(proxy)
    headers = {"Authorization": basic(url.userinfo)} if url.userinfo else {}
    return {"proxy": URL(str(without_user(url)), encoded=True), "proxy_headers": headers}


def without_user(url: httpx.URL) -> httpx.URL:
    """The address without the user and password in it."""
    return url.copy_with(userinfo=b"")


def basic(userinfo: bytes) -> str:
    """`Basic …`, of the user and password as they stand in an address."""
    name, _, password = userinfo.partition(b":")
    pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    return f"Basic {base64.b64encode(pair).decode()}"
