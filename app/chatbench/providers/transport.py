"""httpx's transport seam over connections that bear hundreds of requests at once.

httpx's own pool looks through all its connections for each request, which takes a whole core from
some fifty on. No redirects, no cookies, no unpacking. Imports its libraries: to be imported when the
first request is made.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import aiohappyeyeballs
import httpx

from chatbench.providers.connections import KEEP_S, Connection
from chatbench.providers.enclosing import Enclosed, read_piece
from chatbench.providers.faults import root

_PIECE_BYTES = 256 * 1024
_NAMES_S = 10.0
"""An address that was looked up is good for this long."""
_HEAD_START_S = 0.25
"""So long is one address tried before the next is tried beside it (RFC 8305)."""

_Addresses = list[tuple[Any, Any, int, str, Any]]


class Pieces(httpx.AsyncByteStream):
    """A large body in pieces: written in one go it would hold the loop, and the window."""

    def __init__(self, body: bytes) -> None:
        self._rest = memoryview(body)

    def __aiter__(self) -> AsyncIterator[bytes]:
        # No generator: one that is left early would need a task to be closed.
        return self

    async def __anext__(self) -> bytes:
        piece, self._rest = self._rest[:_PIECE_BYTES], self._rest[_PIECE_BYTES:]
        if not piece:
            raise StopAsyncIteration
        return bytes(piece)


class FilePieces(httpx.AsyncByteStream):
    """A body with a file in it, of which one piece is in memory at a time. The file is open only while
    a piece is read: a stream that nobody ends leaves nothing behind."""

    def __init__(self, body: Enclosed) -> None:
        self._body = body
        self._at = -1
        """Where in the file, -1 before what goes ahead of it."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        body = self._body
        if self._at < 0:
            self._at = 0
            return body.before
        if self._at > body.size:
            raise StopAsyncIteration
        if self._at == body.size:
            self._at += 1
            return body.after
        size = min(_PIECE_BYTES, body.size - self._at)
        piece = await asyncio.to_thread(read_piece, body.file, self._at, size)
        self._at += size
        return piece


class Transport(httpx.AsyncBaseTransport):
    """The connections of one event loop to one origin. The last one used is used again first.

    A request's `extensions` have in `timeout` seconds for `connect` and `read`, and may have in
    `whole` a number of bytes: then the response is given when all of its body is there, with a stream
    of it that is an `httpx.ByteStream`, and `TooLarge` raised beyond that number. Otherwise whoever
    has a response closes its stream.
    """

    def __init__(
        self,
        origin: httpx.URL,
        context: ssl.SSLContext | None,
        allowed: Callable[[str], bool] | None = None,
    ) -> None:
        """`context` is for https; `allowed` says which IP addresses may be connected to; None: all."""
        self._tls = origin.scheme == "https"
        # RFC 6874 has the network of a link-local address after "%25", the system after "%".
        self._host = origin.raw_host.decode("ascii").replace("%25", "%")
        self._port = origin.port or (443 if self._tls else 80)
        literal = _is_literal(self._host)
        self._literal = aiohappyeyeballs.addr_to_addr_infos((self._host, self._port)) if literal else None
        self._context = context
        self._guard = _guard(allowed) if allowed else None
        self._closed = False
        self._idle: dict[Connection, None] = {}
        self._all: set[Connection] = set()
        self._looked_up: tuple[float, asyncio.Future[_Addresses]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx's errors."""
        limits = request.extensions["timeout"]
        connection = self._take() or await self._connect(limits["connect"])
        stream = request.stream
        try:
            if isinstance(stream, httpx.ByteStream):
                connection.send(_head(request) + b"".join(stream), limits["read"])
            else:
                assert isinstance(stream, httpx.AsyncByteStream)
                connection.send(_head(request), limits["read"])
                await connection.send_rest(stream)
            cap = request.extensions.get("whole")
            if cap is None:
                await connection.head()
                body: httpx.AsyncByteStream = _Body(self, connection)
            else:
                body = httpx.ByteStream(await connection.whole(cap))
                self.give_back(connection)
        except BaseException:
            connection.abort()
            raise
        return httpx.Response(connection.status, headers=connection.headers, stream=body, request=request)

    def _take(self) -> Connection | None:
        """A connection that is open already."""
        idle = self._idle
        while idle:
            connection, _ = idle.popitem()
            if connection.fresh:
                return connection
            connection.abort()
        return None

    def give_back(self, connection: Connection) -> None:
        """Keeps it for the next request if it can take one, and closes it otherwise."""
        if connection.reusable and not self._closed:
            self._idle[connection] = None
        else:
            connection.abort()

    async def _connect(self, limit_s: float) -> Connection:
        """Raises httpx.ConnectTimeout, httpx.ConnectError with the cause."""
        try:
            async with asyncio.timeout(limit_s):
                return await self._connected()
        except TimeoutError:
            raise httpx.ConnectTimeout("not connected") from None
        except OSError as error:
            raise httpx.ConnectError(type(error).__name__) from error

    async def handshake(self, limit_s: float) -> ssl.SSLObject:
        """What a new TLS connection has agreed on. Raises httpx's errors, as a request does."""
        connection = await self._connect(limit_s)
        connection.abort()
        return connection.tls

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        sock = await aiohappyeyeballs.start_connection(
            await self._addresses(loop),
            happy_eyeballs_delay=_HEAD_START_S,
            interleave=1,
            loop=loop,
            socket_factory=self._guard,
        )
        connection = Connection(loop, self._forget)
        context, name = (self._context, _certified(self._host)) if self._tls else (None, None)
        self._all.add(connection)
        try:
            await loop.create_connection(lambda: connection, sock=sock, ssl=context, server_hostname=name)
            if self._closed:
                raise ConnectionAbortedError("closed while connecting")
        except BaseException:
            # The loop would end a TLS connection politely, and wait for the other side to do the same.
            connection.abort()
            self._forget(connection)
            raise
        return connection

    def _forget(self, connection: Connection) -> None:
        self._all.discard(connection)
        self._idle.pop(connection, None)

    async def _addresses(self, loop: asyncio.AbstractEventLoop) -> _Addresses:
        """Looked up once for all who ask at the same time. No task, which a caller who gives up would
        leave behind."""
        if self._literal is not None:
            return self._literal
        known = self._looked_up
        failed = known is not None and known[1].done() and known[1].exception() is not None
        if known is None or known[0] < loop.time() or failed:
            looking = loop.run_in_executor(None, _addresses_of, self._host, self._port)
            # Where all who asked have given up, nobody is left to see how it failed.
            looking.add_done_callback(lambda done: done.cancelled() or done.exception())
            known = self._looked_up = loop.time() + _NAMES_S, looking
        return await asyncio.shield(known[1])

    def abandon(self) -> None:
        """Leaves all connections as they are: in a forked child they are its parent's."""
        _LEFT.extend(self._all)
        self._all.clear()
        self._idle.clear()

    async def aclose(self) -> None:
        """Closes all connections, also those in use or under way, for good."""
        self._closed = True
        for connection in tuple(self._all):
            connection.abort()
        self._idle.clear()
        # Sockets are closed on the loop's next turn.
        await asyncio.sleep(0)


_LEFT: list[object] = []
"""Closing a connection, or its being collected, would tell the server of it."""


class _Body(httpx.AsyncByteStream):
    """What arrives, as it arrives."""

    def __init__(self, transport: Transport, connection: Connection) -> None:
        self._transport = transport
        self._connection: Connection | None = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._connection.piece() if self._connection is not None else b""
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Closes the connection at once, unless the body has come to its end: then it is kept."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.give_back(connection)


class Proxied(httpx.AsyncBaseTransport):
    """httpx's own connections through a proxy, one in each of its pools: see the module."""

    def __init__(self, proxy: str, context: ssl.SSLContext) -> None:
        """`proxy` is an address, with user and password. Raises httpx.ProxyError for what is none."""
        try:
            url = httpx.URL(proxy)
            self._tls = url.scheme == "https"
            self._proxy = httpx.Proxy(url, ssl_context=context if self._tls else None)
        except (httpx.InvalidURL, ValueError):
            raise httpx.ProxyError("the proxy has no address") from None
        self._context = context
        self._closed = False
        self._idle: list[tuple[float, httpx.AsyncHTTPTransport]] = []
        self._all: set[httpx.AsyncHTTPTransport] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx's errors; ProxyError where the proxy is not reached, or not trusted."""
        await self._close_idle()
        transport = self._idle.pop()[1] if self._idle else self._made()
        seen: list[str] = []
        if self._tls:

            async def note(event: str, _: object) -> None:
                seen.append(event)

            request.extensions = {**request.extensions, "trace": note}
        try:
            response = await transport.handle_async_request(request)
        except BaseException as error:
            await self._close(transport)
            # So TLS with the proxy is called; with the server behind it, it is "proxy.start_tls".
            to_proxy = not isinstance(root(error), ssl.SSLError) or "connection.start_tls.failed" in seen
            if isinstance(error, httpx.ConnectError) and to_proxy:
                raise httpx.ProxyError("the proxy cannot be reached") from error
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Lent(self, transport, response.stream)
        return response

    def _made(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_S)
        made = httpx.AsyncHTTPTransport(
            verify=self._context, proxy=self._proxy, limits=limits, trust_env=False
        )
        self._all.add(made)
        return made

    async def give_back(self, transport: httpx.AsyncHTTPTransport, *, usable: bool) -> None:
        """Keeps it for the next request, or closes it."""
        if usable and not self._closed:
            self._idle.append((asyncio.get_running_loop().time(), transport))
        else:
            await self._close(transport)

    async def _close_idle(self) -> None:
        """The library looks after a connection only when it is used again."""
        oldest = asyncio.get_running_loop().time() - KEEP_S
        while self._idle and self._idle[0][0] < oldest:
            await self._close(self._idle.pop(0)[1])

    async def _close(self, transport: httpx.AsyncHTTPTransport) -> None:
        self._all.discard(transport)
        await transport.aclose()

    def abandon(self) -> None:
        """Leaves all connections as they are: in a forked child they are its parent's."""
        _LEFT.extend(self._all)
        self._all.clear()
        self._idle.clear()

    async def aclose(self) -> None:
        """Closes all connections, also those in use, for good."""
        self._closed = True
        self._idle.clear()
        for transport in tuple(self._all):
            await self._close(transport)


class _Lent(httpx.AsyncByteStream):
    """A body, after which its connection is given back."""

    def __init__(
        self, lender: Proxied, transport: httpx.AsyncHTTPTransport, stream: httpx.AsyncByteStream
    ) -> None:
        self._lender = lender
        self._transport: httpx.AsyncHTTPTransport | None = transport
        self._stream = stream
        self._source: Any = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._source = aiter(self._stream)
        return self._source  # type: ignore[no-any-return]

    async def aclose(self) -> None:
        transport, self._transport = self._transport, None
        if transport is None:
            return
        usable = False
        try:
            if self._source is not None:
                # A generator that is left in the middle would be closed by a task of its own, some time.
                await self._source.aclose()
            await self._stream.aclose()
            usable = True
        finally:
            await self._lender.give_back(transport, usable=usable)


def _head(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _addresses_of(host: str, port: int) -> _Addresses:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _certified(host: str) -> str:
    """What stands in the certificate: without a network's name, or the dot that ends a full name."""
    return host.partition("%")[0].removesuffix(".")


def _guard(allowed: Callable[[str], bool]) -> Callable[[aiohappyeyeballs.AddrInfoType], socket.socket]:
    """Makes sockets for addresses that are allowed only. It is asked of the very address that is
    connected to: what a name meant a moment before does not count."""

    def made(address: aiohappyeyeballs.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = address
        try:
            host = str(ipaddress.ip_address(str(where[0]).partition("%")[0]))
        except ValueError:
            raise PermissionError("not an IP address") from None
        if not allowed(host):
            raise PermissionError("not an address that is allowed")
        return socket.socket(family, kind, protocol)

    return made


def check_literal(origin: httpx.URL, allowed: Callable[[str], bool] | None) -> None:
    """Raises httpx.ConnectError where the host is an address, and not one that is allowed."""
    host = origin.host.partition("%")[0]
    if allowed is not None and _is_literal(host) and not allowed(str(ipaddress.ip_address(host))):
        raise httpx.ConnectError("not an address that is allowed")


def without_user(url: httpx.URL) -> httpx.URL:
    """The address without the user and password in it."""
    return url.copy_with(userinfo=b"")


def basic(userinfo: bytes) -> str:
    """`Basic …`, of the user and password as they stand in an address."""
    name, _, password = userinfo.partition(b":")
    pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    return f"Basic {base64.b64encode(pair).decode()}"
