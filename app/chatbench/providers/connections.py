"""One HTTP/1.1 connection: a request goes out, the parser of httptools (Node's llhttp) reads the answer.

Imports its libraries: to be imported when the first request is made.
"""

from __future__ import annotations

import asyncio
import re
import select
import ssl
import sys
from collections.abc import AsyncIterable, Callable
from typing import Any

import httpx
from httptools import HttpResponseParser

from chatbench.providers.unpacking import TooLarge

KEEP_S = 60.0
"""An idle connection is closed after this."""
_FRAMING_BYTES = 128 * 1024
"""So much may come without a byte of body: heads, also interim ones, sizes of chunks, trailers."""
_HEADER_LINES = 1000
_TIMEOUT = re.compile(rb"timeout=(\d{1,4})\b", re.IGNORECASE)
_MANY = 1000
"""So many pieces of a whole body are kept each by itself."""
_AHEAD_BYTES = 1024 * 1024
"""So much may have arrived that nobody has read yet."""


class NotHttp(httpx.RemoteProtocolError):
    """What came is not an answer in HTTP/1.1."""


class Disconnected(httpx.RemoteProtocolError):
    """The server closed the connection before it began to answer."""


class CutShort(httpx.ReadError):
    """The connection was closed in the middle of an answer."""


class Connection(asyncio.Protocol):
    """To be used on one loop, for one request at a time: `send`, then either `whole`, or `head` and
    `piece` until it is empty. Afterwards `reusable` says whether it may take the next request.

    Whoever gives up before that calls `abort`. `lost` is told when the connection is no more.
    """

    __slots__ = (
        "_answered", "_arrived", "_cap", "_chunks", "_close_delimited", "_complete", "_done", "_drained",
        "_failure", "_framing", "_handle", "_has_news", "_head_done", "_heard", "_held", "_interim", "_keeps",
        "_loop", "_lost", "_parser", "_paused", "_read_s", "_size", "_spoilt", "_transport", "_wake_at",
        "busy", "closed", "headers", "idle_since", "keep_s", "status",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, lost: Callable[[Connection], object]) -> None:
        self._loop = loop
        self._parser = HttpResponseParser(self)
        self._lost = lost
        self._transport: Any = None
        self._handle: asyncio.TimerHandle | None = None
        self._wake_at = 0.0
        self._drained: asyncio.Future[None] | None = None
        self._held = False
        self.closed = False
        self.busy = False
        self.idle_since = loop.time()
        self.keep_s = KEEP_S
        self._fresh()

    def _fresh(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes | bytearray] = []
        self._size = 0
        self._framing = 0
        self._head_done = self._complete = self._paused = self._interim = False
        self._close_delimited = self._spoilt = self._keeps = False
        self._failure: Exception | None = None
        self._answered: asyncio.Future[None] | None = None
        self._arrived: asyncio.Future[None] | None = None
        self._done: asyncio.Future[None] | None = None

    # What a caller does

    def send(self, data: bytes, read_s: float) -> None:
        """Begins a call with its head and what is to be written of its body at once. Silence is
        longer than `read_s`."""
        self._fresh()
        self.busy = True
        self._read_s = read_s
        self._heard = now = self._loop.time()
        wake_at = now + min(read_s, KEEP_S)
        if self._handle is None or self._wake_at > wake_at:
            self._wake(wake_at)
        if self.closed:
            self._fail(Disconnected("closed"))
        else:
            self._transport.write(data)

    async def send_rest(self, pieces: AsyncIterable[bytes]) -> None:
        """The body that follows. Ends early where the answer comes early."""
        async for piece in pieces:
            if self._head_done or not self.busy:
                # The rest would be taken for another request.
                self._spoilt = True
                return
            self._transport.write(piece)
            self._heard = self._loop.time()
            if self._held:
                self._drained = self._loop.create_future()
                await self._drained
            else:
                await asyncio.sleep(0)

    async def head(self) -> None:
        """Returns when `status` and `headers` are there. Raises httpx's errors."""
        if not self._head_done and self._failure is None:
            self._answered = self._loop.create_future()
            await self._answered
        if not self._head_done and self._failure is not None:
            raise self._failure

    async def whole(self, cap: int) -> bytes:
        """The body, once all of it is there. To be called once. Raises httpx's errors; TooLarge beyond
        `cap` bytes."""
        self._cap = cap
        if not self._complete and self._failure is None:
            self._done = self._loop.create_future()
            self._resume()
            await self._done
        if self._failure is not None:
            raise self._failure
        if self._size > cap:
            raise TooLarge
        chunks, self._chunks = self._chunks, []
        return bytes(chunks[0]) if len(chunks) == 1 else b"".join(chunks)

    async def piece(self) -> bytes:
        """What has arrived of the body since; empty at its end. Raises httpx's errors."""
        while not self._chunks:
            if self._failure is not None:
                raise self._failure
            if self._complete:
                return b""
            self._arrived = self._loop.create_future()
            await self._arrived
        found, self._chunks, self._size = self._chunks, [], 0
        self._resume()
        return bytes(found[0]) if len(found) == 1 else b"".join(found)

    @property
    def fresh(self) -> bool:
        """Whether an idle connection may still be used. The system is asked as well: what came while
        the loop was busy elsewhere, or stood still, would be taken for the answer to come."""
        in_time = not self.closed and self._loop.time() - self.idle_since < self.keep_s
        return in_time and not self._has_news()

    @property
    def tls(self) -> ssl.SSLObject:
        """What was agreed on; of https only."""
        found = self._transport.get_extra_info("ssl_object")
        assert isinstance(found, ssl.SSLObject)
        return found

    @property
    def reusable(self) -> bool:
        """Whether the answer has come to its end and another request may follow."""
        ended = self._complete and not self._paused and not self._held
        return ended and self._keeps and not self._spoilt and not self.closed

    def abort(self) -> None:
        """Closes at once: a server that still writes must see that nobody listens."""
        self.closed = True
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._transport is not None and not self._loop.is_closed():
            self._transport.abort()

    # What the loop tells

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._has_news = _watched(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        if not self.busy:
            # Nobody asked: a server that says good-bye, or one that is not to be trusted.
            self.abort()
            return
        self._heard = self._loop.time()
        self._framing += len(data)
        try:
            self._parser.feed_data(data)
        except Exception as error:  # noqa: BLE001 - of the parser, which has several kinds
            self._spoilt = True
            if not self._complete:
                self._fail(NotHttp(type(error).__name__))
                return
        if self._complete:
            self._end()
        elif self._framing > _FRAMING_BYTES:
            self._fail(NotHttp("a head or trailer without an end"))
        elif self._done is not None:
            if self._size > self._cap:
                self._fail(TooLarge())
            elif len(self._chunks) > _MANY:
                # Small ones take far more memory than what is in them.
                gathered, *rest = self._chunks
                if not isinstance(gathered, bytearray):
                    gathered = bytearray(gathered)
                gathered += b"".join(rest)
                self._chunks = [gathered]
        elif self._chunks:
            _tell(self._arrived)
            if self._size > _AHEAD_BYTES and not self._paused:
                self._paused = True
                self._transport.pause_reading()

    def eof_received(self) -> None:
        """Does not wait until all is written, as the loop would: a server that has said all it has to
        say may read no more."""
        if self.busy and self._close_delimited and _ended_well(self._transport):
            self._complete = True
            self._end()
        self._over(None)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._over(exc)
        self.resume_writing()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._lost(self)

    def pause_writing(self) -> None:
        self._held = True

    def resume_writing(self) -> None:
        self._held = False
        _tell(self._drained)

    # What the parser tells

    def on_message_begin(self) -> None:
        if self._complete:
            self._spoilt = True

    def on_header(self, name: bytes, value: bytes) -> None:
        # What stands after the body is not told: it would come too late for those who look.
        if not self._head_done:
            self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if self._complete:
            return
        status = self._parser.get_status_code()
        if status < 100 or len(self.headers) > _HEADER_LINES:
            raise NotHttp("not a head")
        if status < 200:
            self._interim = True
            self.headers = []
            return
        self._interim = False
        self.status = status
        self._keeps = self._parser.should_keep_alive()
        self._read_framing()
        self._head_done = True
        for waiting in (self._answered, self._drained):
            _tell(waiting)

    def on_body(self, body: bytes) -> None:
        if not self._complete:
            self._chunks.append(body)
            self._size += len(body)
            self._framing = 0

    def on_message_complete(self) -> None:
        if not self._interim:
            self._complete = True

    # Inside

    def _read_framing(self) -> None:
        """How the body ends, and how long the connection is kept after it."""
        self._close_delimited = True
        self.keep_s = KEEP_S
        for name, value in self.headers:
            lower = name.lower()
            if lower == b"content-length":
                self._close_delimited = False
            elif lower == b"transfer-encoding":
                if value.lower() != b"chunked":
                    raise NotHttp("encoded in a way that was not asked for")
                self._close_delimited = False
            elif lower == b"keep-alive" and (told := _TIMEOUT.search(value)):
                # "timeout=5, max=100": it will close by then, and a request under way would be lost.
                self.keep_s = min(KEEP_S, float(told[1]) - 1)

    def _over(self, cause: Exception | None) -> None:
        """The connection is no more."""
        if not self.busy:
            return
        failure = CutShort("cut short") if self._head_done else Disconnected("closed without an answer")
        failure.__cause__ = cause
        self._fail(failure)

    def _end(self) -> None:
        """The answer is all there."""
        self.busy = False
        self.idle_since = self._heard
        for waiting in (self._answered, self._done, self._arrived):
            _tell(waiting)

    def _fail(self, failure: Exception) -> None:
        self._failure = failure
        self._end()
        self.abort()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._heard = self._loop.time()
            self._transport.resume_reading()

    def _wake(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._wake_at = at
        self._handle = self._loop.call_at(at, self._tick)

    def _tick(self) -> None:
        """One timer a connection looks after silence and idleness; it is not set anew for each call,
        for that would cost more than the rest of a quick one."""
        self._handle = None
        now = self._loop.time()
        if not self.busy:
            due = self.idle_since + self.keep_s
            if now >= due:
                self.abort()
            else:
                self._wake(due)
            return
        if self._paused:
            # It is the reader who is slow.
            self._heard = now
        due = self._heard + self._read_s
        if now >= due:
            self._fail(httpx.ReadTimeout("silent"))
        else:
            self._wake(due)


def _watched(sock: Any) -> Callable[[], object]:
    """Says whether there is something to be read, or the end of it, without reading."""
    if sys.platform == "win32":
        return lambda: select.select([sock], [], [], 0)[0]
    polling = select.poll()
    polling.register(sock.fileno(), select.POLLIN)
    return lambda: polling.poll(0)


def _ended_well(transport: Any) -> bool:
    """Whether the other side said that it closes, as TLS wants it: otherwise anybody on the way may
    have cut off the rest (RFC 9112, 9.8)."""
    tls = transport.get_extra_info("ssl_object")
    try:
        return tls is None or tls.read(1) == b""
    except ssl.SSLError:
        return False


def _tell(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
