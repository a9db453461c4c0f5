"""The floor under a streamed call: a bare server, and a client of socket and JSON alone.

The server answers any POST below `/N/` with N deltas of Chat Completions, each in its own HTTP
chunk. It runs in a process of its own, so that its time is nobody's.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

_WORDS = (" the", " cache", " halves", " p95", ",", " and", " the", " gaps", " stay", " apart", ".", "\n")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_decode = msgspec.json.Decoder().decode


def word(number: int) -> str:
    """The text of one delta."""
    return _WORDS[number % len(_WORDS)]


def _event(data: str) -> bytes:
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "floor",
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "choices": [choice],
    }
    return _event(json.dumps(whole, separators=(",", ":")))


def _answer(count: int) -> bytes:
    deltas = b"".join(_chunk({"content": word(number)}) for number in range(count))
    return b"".join(
        (_HEAD, _chunk({"role": "assistant", "content": ""}), deltas, _chunk({}, "stop"), _event("[DONE]"))
    ) + (b"0\r\n\r\n")


async def _serve() -> None:
    answers: dict[int, bytes] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                await reader.readexactly(length)
                count = int(head.split(b"/", 2)[1])
                if count not in answers:
                    answers[count] = _answer(count)
                writer.write(answers[count])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@contextmanager
def floor_server() -> Iterator[int]:
    """The server in a process of its own; yields its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.floor"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class FloorClient:
    """One kept connection, a request written by hand, JSON decoded without a type."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> FloorClient:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def stream(self, count: int, first: Callable[[], object] | None = None) -> str:
        """The text of an answer of `count` deltas; `first` is called at the first word."""
        question = {
            "model": "floor",
            "messages": [{"role": "user", "content": "Why?"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        body = json.dumps(question, separators=(",", ":")).encode()
        self._writer.write(
            b"POST /%d/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (count, len(body), body)
        )
        await self._reader.readuntil(b"\r\n\r\n")
        words: list[str] = []
        rest = b""
        while rest != b"0\r\n\r\n":
            lines = (rest + await self._reader.read(65_536)).split(b"\n")
            if lines[-3:] == [b"0\r", b"\r", b""]:
                rest = b"0\r\n\r\n"
            else:
                rest = lines.pop()
            for line in lines:
                if line.startswith(b"data: {"):
                    text = _decode(line[6:])["choices"][0]["delta"].get("content")
                    if text:
                        words.append(text)
                        if first is not None:
                            first()
                            first = None
        return "".join(words)

    def close(self) -> None:
        self._writer.close()


if __name__ == "__main__":
    asyncio.run(_serve())
