"""How a connection comes about: names, addresses, proxies, TLS; and the idle ones that are kept."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlsplit

from chatbench.providers.connections import Connection, NotConnected

if TYPE_CHECKING:
    from httptools import HttpResponseParser

_HOST = re.compile(r"[A-Za-z0-9._-]+\Z|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\Z")
_IN_PATH, _IN_QUERY = "/%:@!$&'()*+,;=~-._", "/?%:@!$&'()*+,;=~-._[]"
_NAMES_S = 10.0
"""An address that was looked up is good for this long."""
_STAGGER_S = 0.25
_TUNNEL_BYTES = 64 * 1024

_Address = tuple[Any, ...]


class ProxyRefused(ConnectionError):
    """The proxy cannot be reached, or did not let us through."""


class Place(NamedTuple):
    """Where a URL leads: what a connection is made to, and what a request to it says."""

    tls: bool
    host: str
    port: int
    authority: str
    """As in the Host header."""
    target: str
    """Path and query."""
    credentials: str = ""
    """`Basic …`, where the URL names a user."""


def place_of(url: str) -> Place:
    """Raises ValueError for what is no address of the web."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("not http")
    host = parts.hostname or ""
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not _HOST.match(host):
        raise ValueError("not a host")
    tls = parts.scheme == "https"
    usual = 443 if tls else 80
    port = usual if parts.port is None else parts.port
    shown = f"[{host}]" if ":" in host else host
    target = quote(parts.path, safe=_IN_PATH) or "/"
    if parts.query:
        target += f"?{quote(parts.query, safe=_IN_QUERY)}"
    userinfo, at, _ = parts.netloc.rpartition("@")
    return Place(
        tls, host, port, shown if port == usual else f"{shown}:{port}", target, _basic(userinfo) if at else ""
    )


def _basic(userinfo: str) -> str:
    name, _, password = userinfo.partition(":")
    pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    return f"Basic {base64.b64encode(pair).decode()}"


class Pool:
    """The connections to one origin, on one loop. The last one used is used again first."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        place: Place,
        proxy: str | None,
        context: ssl.SSLContext,
        parser: Callable[[Any], HttpResponseParser],
        allowed: Callable[[str], bool] | None = None,
    ) -> None:
        """`allowed` says to which addresses a connection may be made; one that is not among a
        host's refuses the host. Raises ValueError for a proxy that is no address."""
        self._loop = loop
        self._place = place
        self._proxy = place_of(proxy) if proxy else None
        self._context = context
        self._parser = parser
        self._allowed = allowed
        self._idle: deque[Connection] = deque()
        self._all: set[Connection] = set()
        self._names: dict[tuple[str, int], tuple[float, asyncio.Future[list[_Address]]]] = {}

    @property
    def forwards(self) -> str | None:
        """Where a proxy passes plain requests on: its own credentials, which may be empty."""
        return None if self._proxy is None or self._place.tls else self._proxy.credentials

    def idle(self) -> Connection | None:
        """A connection that is open already."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if not connection.closed and self._loop.time() - connection.idle_since < connection.keep_s:
                return connection
            connection.abort()
        return None

    def give_back(self, connection: Connection) -> None:
        """Keeps it for the next request if it can take one, and closes it otherwise."""
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.abort()

    async def connect(self, limit_s: float) -> Connection:
        """A new connection. Raises NotConnected, OSError, ssl.SSLError, ProxyRefused."""
        try:
            async with asyncio.timeout(limit_s):
                if self._proxy is None:
                    return await self._direct(self._place)
                return await self._through(self._proxy)
        except TimeoutError:
            raise NotConnected from None

    def close(self) -> None:
        """Closes all, also those in use."""
        for connection in list(self._all):
            connection.abort()
        self._all.clear()
        self._idle.clear()

    def _new(self) -> Connection:
        return Connection(self._loop, self._parser, self._all.discard)

    async def _direct(self, place: Place) -> Connection:
        connection = self._new()
        await self._open(place, lambda: connection)
        self._all.add(connection)
        return connection

    async def _open(self, place: Place, protocol: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
        sock = await self._socket(place)
        context, name = (self._context, place.host) if place.tls else (None, None)
        transport, _ = await self._loop.create_connection(
            protocol, sock=sock, ssl=context, server_hostname=name
        )
        return transport

    async def _through(self, proxy: Place) -> Connection:
        if not self._place.tls:
            try:
                return await self._direct(proxy)
            except OSError as error:
                raise ProxyRefused from error
        tunnel = _Tunnel(self._loop)
        connection = self._new()
        try:
            transport = await self._open(proxy, lambda: tunnel)
        except OSError as error:
            raise ProxyRefused from error
        try:
            await tunnel.ask(self._place, proxy.credentials)
            secured = await self._loop.start_tls(
                transport, connection, self._context, server_hostname=self._place.host
            )
        except BaseException:
            transport.abort()
            raise
        assert secured is not None, "the transport was closed"
        connection.connection_made(secured)
        self._all.add(connection)
        return connection

    async def _socket(self, place: Place) -> socket.socket:
        addresses = await self._addresses(place.host, place.port)
        allowed = self._allowed if place is self._place else None
        # Asked of the very addresses that are connected to: a name may mean another by now.
        if allowed is not None and not all(allowed(address[4][0]) for address in addresses):
            raise PermissionError("not an address that is allowed")
        if len(addresses) == 1:
            return await _reach(self._loop, addresses[0])
        return await _first_reached(self._loop, addresses)

    async def _addresses(self, host: str, port: int) -> list[_Address]:
        """Looked up once for all who ask at the same time. No task, which a caller who gives up
        would leave behind."""
        known = self._names.get((host, port))
        failed = known is not None and known[1].done() and known[1].exception() is not None
        if known is None or known[0] < self._loop.time() or failed:
            known = self._loop.time() + _NAMES_S, self._look_up(host, port)
            self._names[host, port] = known
        return await asyncio.shield(known[1])

    def _look_up(self, host: str, port: int) -> asyncio.Future[list[_Address]]:
        try:
            version = ipaddress.ip_address(host).version
        except ValueError:
            looking = self._loop.run_in_executor(None, _addresses_of, host, port)
            # Where all who asked have given up, nobody is left to see how it failed.
            looking.add_done_callback(lambda done: done.cancelled() or done.exception())
            return looking
        found: asyncio.Future[list[_Address]] = self._loop.create_future()
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        found.set_result([(family, socket.SOCK_STREAM, 0, "", (host, port))])
        return found


def _addresses_of(host: str, port: int) -> list[_Address]:
    """All addresses, the families in turn, the system's favourite first."""
    found: Sequence[_Address] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    first = [one for one in found if one[0] == found[0][0]]
    second = [one for one in found if one[0] != found[0][0]]
    return [one for one in chain.from_iterable(zip_longest(first, second)) if one is not None]


async def _reach(loop: asyncio.AbstractEventLoop, address: _Address) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await loop.sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


async def _first_reached(loop: asyncio.AbstractEventLoop, addresses: Sequence[_Address]) -> socket.socket:
    """The first of several addresses that answers; each gets a head start on the next (RFC 8305).
    Raises the first address's error when none does."""
    waiting = deque(addresses)
    tasks: list[asyncio.Task[socket.socket]] = []
    try:
        while True:
            running = {task for task in tasks if not task.done()}
            if waiting:
                running.add(loop.create_task(_reach(loop, waiting.popleft())))
                tasks += running.difference(tasks)
            elif not running:
                raise next(error for task in tasks if (error := task.exception()))
            limit = _STAGGER_S if waiting else None
            await asyncio.wait(running, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and task.exception() is None:
                    tasks.remove(task)
                    return task.result()
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, socket.socket):
                result.close()


class _Tunnel(asyncio.Protocol):
    """Asks a proxy for a way through to another host."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._answered: asyncio.Future[bytes] = loop.create_future()
        self._received = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def ask(self, place: Place, credentials: str) -> None:
        """Returns when the way is open. Raises ProxyRefused."""
        shown = f"[{place.host}]" if ":" in place.host else place.host
        where = f"{shown}:{place.port}"
        head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n"
        if credentials:
            head += f"Proxy-Authorization: {credentials}\r\n"
        self._transport.write(f"{head}\r\n".encode("latin-1"))
        status = (await self._answered).split(b" ", 2)
        if len(status) < 2 or not status[0].startswith(b"HTTP/1.") or not status[1].startswith(b"2"):
            raise ProxyRefused

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._answered.done() and (
            b"\r\n\r\n" in self._received or len(self._received) > _TUNNEL_BYTES
        ):
            self._answered.set_result(self._received.split(b"\r\n", 1)[0])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_result(b"")
