"""A provider on this computer: speaks all wires, does as it is told, remembers what it was asked.

It runs on a thread and an event loop of its own, so that it serves tests, the window and other
processes alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import queue
import ssl
import threading
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.loopback import (
    anthropic,
    cohere,
    gemini,
    mistral,
    ollama,
    openai_chat,
    openai_responses,
    replies,
)
from tests.loopback.batches import BatchShelf
from tests.loopback.filestorage import FileShelf
from tests.loopback.replies import Reply

WORDS = "The quick brown fox jumps over the lazy dog. "
_ROOTS = {
    "openai_chat": "/v1", "openai_responses": "/v1", "anthropic": "", "gemini": "",
    "mistral": "/mistral", "cohere": "", "ollama": "",
}  # fmt: skip
"""Mistral's paths are OpenAI's, so that it has a folder of its own here."""


class Asked(NamedTuple):
    """A request that came. Header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def _not_of_who_left(record: logging.LogRecord) -> bool:
    """asyncio warns of writing to a client that has gone, which is what some tests are about."""
    return "socket.send() raised exception" not in record.getMessage()


class LoopbackServer:
    """`with LoopbackServer() as server:` serves until the block ends.

    `script` makes the next answers; when it is empty, `words` and `thinking` are streamed at
    `pace` tokens a second in whichever wire was spoken. A model called like a scene of that
    wire's module gets the scene, one in `told` what stands there, whatever is asked beside it.
    """

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.words: Sequence[str] = tuple(f"{word} " for word in (WORDS * 3).split())
        self.thinking: Sequence[str] = ()
        self.pace = 0.0
        self.told: dict[str, Reply] = {}
        self.files = FileShelf()
        self.batches = BatchShelf(self.files)
        self.asked: list[Asked] = []
        self.connections = 0
        self.answering = 0
        """Requests whose answer is under way."""
        self._wanted_port = port
        self._tls = tls
        self._script: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._came: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._left: queue.SimpleQueue[Asked] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="fixture:loopback", daemon=True)
        self.port = 0

    # For whoever uses it, on any thread.

    def __enter__(self) -> LoopbackServer:
        logging.getLogger("asyncio").addFilter(_not_of_who_left)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("asyncio").removeFilter(_not_of_who_left)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def base_url(self, wire: str) -> str:
        """The address as the vendor's own SDK takes it."""
        return self.url + _ROOTS[wire]

    def script(self, *answers: Reply) -> None:
        """What the next requests get, in this order."""
        for answer in answers:
            self._script.put(answer)

    def wait_for_asking(self, timeout_s: float = 5.0) -> Asked:
        """The next request that came and was not waited for yet. Raises queue.Empty."""
        return self._came.get(timeout=timeout_s)

    def wait_for_leaving(self, timeout_s: float = 5.0) -> Asked:
        """The next request whose client left before the answer was over. Raises queue.Empty."""
        return self._left.get(timeout=timeout_s)

    # On the server's thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listener = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self._wanted_port, ssl=self._tls, limit=2**26)
        )
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            listener.close()
            for task in self._open:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._open, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            begun: bytes | None = b""
            while begun is not None and (asked := await _read(reader, begun)) is not None:
                self.asked.append(asked)
                self._came.put(asked)
                begun = await self._answer(asked, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._open.discard(task)
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                writer.close()

    async def _answer(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes | None:
        """The beginning of the next request on this connection; None where it is over."""
        try:
            reply = self._script.get_nowait()
        except queue.Empty:
            reply = self._kept(asked) or self._usual(asked)
        self.answering += 1
        sending = asyncio.ensure_future(self._send(reply, writer))
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                self._left.put(asked)
                return None
            if not sending.result():
                return None
            return leaving.result() or None if leaving.done() else b""
        except ConnectionError:
            self._left.put(asked)
            return None
        finally:
            for waiting in (sending, leaving):
                waiting.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            self.answering -= 1

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        if reply.first_byte_s:
            await asyncio.sleep(reply.first_byte_s)
        if reply.raw or reply.never:
            writer.write(reply.raw)
            await writer.drain()
            return False
        length = "transfer-encoding: chunked"
        head = [f"HTTP/1.1 {reply.status} Told", length, *(f"{n}: {v}" for n, v in reply.headers.items())]
        writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
        async for piece in _paced(reply):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        if reply.end == "hang":
            await asyncio.Event().wait()
        if reply.end == "cut":
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    def _kept(self, asked: Asked) -> Reply | None:
        return self._told_of(asked) or self.batches.answer(asked) or self.files.answer(asked)

    def _told_of(self, asked: Asked) -> Reply | None:
        if not self.told or not asked.body.startswith(b"{"):
            return None
        return self.told.get(str(asked.json.get("model", "")))

    def _usual(self, asked: Asked) -> Reply:
        told = _models(asked) if asked.method == "GET" else _counted(asked)
        if told is not None:
            return replies.data(told)
        if not asked.body.startswith(b"{"):
            return replies.data(openai_chat.error_body(None, "invalid_request_error", "no JSON"), 400)
        wanted = asked.json
        path = asked.path
        module: Any = openai_chat
        streams, model = bool(wanted.get("stream")), str(wanted.get("model", ""))
        if path.endswith("/responses"):
            module = openai_responses
        elif path.endswith("/messages"):
            module = anthropic
        elif "Content" in path:
            module = gemini
            streams, model = ":stream" in path, path.rpartition("/")[2].partition(":")[0]
        elif path == "/v2/chat":
            module = cohere
        elif path == "/api/chat":
            module, streams = ollama, wanted.get("stream") is not False
        elif path == "/api/show":
            shown = ollama.SHOWN.get(model)
            return replies.data(shown) if shown else replies.data(ollama.error_body("model not found"), 404)
        elif path.startswith("/mistral/"):
            module = mistral
        elif not path.endswith("/chat/completions"):
            return replies.data(openai_chat.error_body(None, "invalid_request_error", "unknown path"), 404)
        scenes = {**getattr(module, "OTHERS", {}), **module.SCENES}
        if not streams:
            return replies.data(scenes[model if model in scenes else "text"][1])
        frames = scenes[model][0] if model in scenes else module.answer(self.words, self.thinking, model)
        return (replies.lines if module is ollama else replies.events)(frames, pace=self.pace)


def _models(asked: Asked) -> Any:
    query = parse_qs(urlsplit(asked.target).query)
    if "x-goog-api-key" in asked.headers or "pageSize" in query:
        page = query.get("pageToken", [None])[0]
        return gemini.MODELS.get(page, gemini.MODELS[None])
    if "anthropic-version" in asked.headers:
        page = query.get("after_id", [None])[0]
        return anthropic.MODELS.get(page, anthropic.MODELS[None])
    if "page_size" in query:
        page = query.get("page_token", [None])[0]
        return cohere.MODELS.get(page, cohere.MODELS[None])
    if asked.path == "/api/tags":
        return ollama.MODELS
    return mistral.MODELS if asked.path.startswith("/mistral/") else openai_chat.MODELS


def _counted(asked: Asked) -> Any:
    """The answer of a counting address, where this is one."""
    if asked.path.endswith("/messages/count_tokens"):
        return anthropic.COUNTED
    return gemini.COUNTED if asked.path.endswith(":countTokens") else None


async def _read(reader: asyncio.StreamReader, begun: bytes) -> Asked | None:
    """One request, of which some is read already; None at the end of the connection."""
    try:
        head = begun + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


async def _paced(reply: Reply) -> AsyncIterator[bytes]:
    """The pieces, each at its time; a late one is not made up for by the next coming early."""
    pieces: Iterable[bytes] = reply.pieces
    if reply.end == "endless":
        *first, last = reply.pieces
        pieces = itertools.chain(first, itertools.repeat(last))
    loop = asyncio.get_running_loop()
    due = loop.time()
    for number, piece in enumerate(pieces):
        if number == 2 and reply.gate is not None:
            await asyncio.to_thread(reply.gate.wait, 10)
        if reply.pace:
            due = max(due + 1 / reply.pace, loop.time() - 0.1)
            await asyncio.sleep(due - loop.time())
        if piece:
            yield piece
