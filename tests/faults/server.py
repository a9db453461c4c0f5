"""A provider that fails by plan: which attempt at which prompt gets which fault is settled beforehand.

It speaks Chat Completions and Anthropic's Messages, runs on a thread and an event loop of its own,
and takes down every request that comes and every answer that went out whole.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from tests.loopback import anthropic, openai_chat, replies

Fault = Literal[
    "429 in 0.05 s", "429 in 0.5 s", "429 in 999 s", "429", "500", "500 at once", "529",
    "cut before a word", "cut after some words", "silence", "slow",
]  # fmt: skip
Plan = Callable[[int, int], Fault | None]
SLOW_S = 0.2
"""How long a slow first byte takes; it is late, but it is an answer."""
SHARES: dict[Fault, float] = {
    "429 in 0.05 s": 0.025,
    "429": 0.025,
    "500": 0.02,
    "529": 0.01,
    "cut before a word": 0.01,
    "cut after some words": 0.01,
    "silence": 0.01,
    "slow": 0.02,
}
"""Of all attempts."""
_PROMPT = re.compile(rb"prompt (\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAMED = re.compile(rb'"stream": *true')
_MODEL = re.compile(rb'"model": *"([^"]*)"')


def usual_plan(seed: int) -> Plan:
    """Each attempt fails with the shares of a bad day, whatever came before it."""

    def plan(prompt: int, attempt: int) -> Fault | None:
        point = random.Random(f"{seed} {prompt} {attempt}").random()
        for fault, share in SHARES.items():
            point -= share
            if point < 0:
                return fault
        return None

    return plan


class Sent(NamedTuple):
    """A request that came: when (monotonic), to which model, the what-th for its prompt, what it got."""

    at: float
    model: str
    prompt: int
    attempt: int
    fault: Fault | None


class FaultServer:
    """`with FaultServer(plan) as server:` serves until the block ends."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sent: list[Sent] = []
        self.attempts: collections.Counter[int] = collections.Counter()
        self.answered: collections.Counter[int] = collections.Counter()
        """Whole answers by prompt."""
        self.open: set[Connection] = set()
        """Connections with a request whose answer is not over."""
        self.port = 0
        self._connections: set[Connection] = set()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fixture:faults", daemon=True)

    def __enter__(self) -> FaultServer:
        logging.getLogger("asyncio").addFilter(_not_of_who_left)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("asyncio").removeFilter(_not_of_who_left)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def faults(self) -> list[Sent]:
        """The requests that did not get a whole answer."""
        return [sent for sent in self.sent if sent.fault not in (None, "slow")]

    def base_url(self, wire: str) -> str:
        """The address as the vendor's own SDK takes it."""
        return f"http://127.0.0.1:{self.port}" + ("/v1" if wire == "openai_chat" else "")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listener = self._loop.run_until_complete(
            self._loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=1000)
        )
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            listener.close()
            for connection in list(self._connections):
                connection.transport.abort()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.run_until_complete(listener.wait_closed())
            self._loop.close()


class Connection(asyncio.Protocol):
    """One connection of a client, which may send several requests over it, one after another."""

    def __init__(self, server: FaultServer) -> None:
        self._server = server
        self._data = b""
        self.transport: asyncio.Transport
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._server._connections.discard(self)
        self._server.open.discard(self)
        if self._late is not None:
            self._late.cancel()

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        told = _LENGTH.search(self._data, 0, end)
        whole = end + 4 + (int(told[1]) if told else 0)
        if len(self._data) >= whole:
            request, self._data = self._data[:whole], self._data[whole:]
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        server = self._server
        found, model = _PROMPT.search(request), _MODEL.search(request)
        assert found is not None
        assert model is not None
        prompt = int(found[1])
        attempt = server.attempts[prompt]
        server.attempts[prompt] += 1
        fault = server.plan(prompt, attempt)
        server.sent.append(Sent(time.monotonic(), model[1].decode(), prompt, attempt, fault))
        server.open.add(self)
        streamed = _STREAMED.search(request) is not None
        is_anthropic = request.startswith(b"POST /v1/messages ")
        pieces = _streamed(prompt, is_anthropic) if streamed else [_whole(prompt, is_anthropic)]
        kind = "text/event-stream" if streamed else "application/json"
        if fault is None:
            self._finish(prompt, _head(200, kind, sum(map(len, pieces))) + b"".join(pieces))
        elif fault == "slow":
            answer = _head(200, kind, sum(map(len, pieces))) + b"".join(pieces)
            self._late = asyncio.get_running_loop().call_later(SLOW_S, self._finish, prompt, answer)
        elif fault in ("cut before a word", "cut after some words"):
            body = b"".join(pieces)
            kept = _first_words(pieces) if streamed and fault == "cut after some words" else body[:20]
            self.transport.write(_head(200, kind, len(body)) + kept)
            self.transport.close()
        elif fault != "silence":
            self.transport.write(_failure(fault, is_anthropic))
            server.open.discard(self)

    def _finish(self, prompt: int, answer: bytes) -> None:
        self.transport.write(answer)
        self._server.answered[prompt] += 1
        self._server.open.discard(self)


def words(prompt: int) -> list[str]:
    """What the answer to a prompt is, in pieces."""
    return ["This ", "is ", "the ", f"answer to {prompt}", "."]


def _streamed(prompt: int, is_anthropic: bool) -> list[bytes]:
    told = words(prompt)
    return list(anthropic.answer(told) if is_anthropic else openai_chat.answer(told))


def _whole(prompt: int, is_anthropic: bool) -> bytes:
    text = "".join(words(prompt))
    if is_anthropic:
        value = anthropic.message([{"type": "text", "text": text}])
    else:
        value = openai_chat.whole({"content": text})
    return b"".join(replies.data(value).pieces)


def _first_words(frames: Iterable[bytes]) -> bytes:
    """The frames up to the middle of the one after "the"."""
    kept = b""
    for frame in frames:
        if b"answer to" in frame:
            return kept + frame[: len(frame) // 2]
        kept += frame
    return kept


def _failure(fault: Fault, is_anthropic: bool) -> bytes:
    status = int(fault[:3])
    if is_anthropic:
        kind = {429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}[status]
        body = anthropic.error_body(kind, "not now")
    else:
        body = openai_chat.error_body(None, None, "not now")
    told = "0" if fault == "500 at once" else fault[7:-2]
    more = b"retry-after: %s\r\n" % told.encode() if told else b""
    return _head(status, "application/json", len(body), more) + body


def _head(status: int, kind: str, length: int, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Told\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n" % (
        status, kind.encode(), length, more,
    )  # fmt: skip


def _not_of_who_left(record: logging.LogRecord) -> bool:
    """asyncio warns of writing to a client that has gone, which is what some tests are about."""
    return "socket.send() raised exception" not in record.getMessage()
