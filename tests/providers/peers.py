"""Who is at the other end, or elsewhere: servers of a few lines, proxies, another thread's loop."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def speaking(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that does `serve` on each connection; gives its URL."""
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as listener:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


class Proxy:
    """An HTTP proxy that answers for every host itself."""

    def __init__(self) -> None:
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if "cHJveHk6c2VjcmV0" in self.heads[-1]:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        else:
            writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def proxying() -> AsyncIterator[tuple[Proxy, str]]:
    proxy = Proxy()
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with listener:
        yield proxy, f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"


class Tunnel:
    """An HTTP proxy that makes tunnels to one place, whatever is asked for."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None, refuses: bool = False) -> None:
        self.heads: list[str] = []
        self.open = 0
        self.left = asyncio.Event()
        self.left.set()
        """Set when nobody is connected any more."""
        self._refuses = refuses
        self._port = port
        self._tls = tls

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Gives the proxy's address, without user and password."""
        async with speaking(self._serve, self._tls) as url:
            yield url.removeprefix("http://").removeprefix("https://")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.left.clear()
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if "cHJveHk6c2VjcmV0" not in self.heads[-1]:
                writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            elif self._refuses:
                writer.write(b"HTTP/1.1 403 Not there\r\nContent-Length: 0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 Go on\r\n\r\n")
                await self._join(reader, writer)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            if not self.open:
                self.left.set()
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [asyncio.ensure_future(_passed(reader, back)), asyncio.ensure_future(_passed(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.transport.abort()


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
        await writer.drain()


class Elsewhere:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    async def run(self, work: Coroutine[Any, Any, bytes]) -> bytes:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Names:
    """A resolver that knows one name, or several addresses of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
        self.asked = 0
        self._places = places
        self._look_up = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: Any, *rest: Any, **more: Any) -> Any:
        if str(host).removesuffix(".") != "many.example":
            return self._look_up(host, *rest, **more)
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in self._places]


def alive(kind: type) -> list[object]:
    """What there is of a kind, after a collection."""
    gc.collect()
    return [one for one in gc.get_objects() if type(one) is kind]
