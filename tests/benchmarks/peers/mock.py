"""The provider that every side calls: as fast as Python allows, in a process of its own.

    python mock.py            prints its port; run by the peers' interpreter, on uvloop where it has that

POST /instant/…     one whole answer, at once
POST /slow/…        one whole answer, after 0.5 to 1.5 s, evenly spread
POST /stream/N/…    N deltas, each in its own HTTP chunk
POST /suite/…       what the question asks for, or an error; see suite.py
The shape follows the end of the path: `/chat/completions` or `/messages`; of the suite only the first.
This file imports nothing of the program: the interpreter that runs it has none.
"""

from __future__ import annotations

import asyncio
import json
import socket
from functools import lru_cache
from importlib import import_module
from typing import Any

from tests.benchmarks.peers import suite

WORDS = (" the", " cache", " halves", " p95", ",", " and", " the", " gaps", " stay", " apart", ".", "\n")
TEXT = "".join(WORDS[number % len(WORDS)] for number in range(200))
_GOLDEN = 0.6180339887498949
"""Multiples of it, less their whole parts, are spread evenly over 0 to 1."""


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chat_whole() -> bytes:
    usage = {"prompt_tokens": 12, "completion_tokens": 200, "total_tokens": 212}
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _json(
        {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000, "model": "mock",
            "choices": [choice], "usage": usage, "service_tier": "default", "system_fingerprint": "fp_1",
        }
    )  # fmt: skip


def _messages_whole() -> bytes:
    usage = {"input_tokens": 12, "output_tokens": 200}
    content = [{"type": "text", "text": TEXT}]
    return _json(
        {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "mock", "content": content,
            "stop_reason": "end_turn", "stop_sequence": None, "usage": usage,
        }
    )  # fmt: skip


def _chunked(data: bytes, event: str = "") -> bytes:
    name = b"event: %s\n" % event.encode() if event else b""
    text = b"%sdata: %s\n\n" % (name, data)
    return b"%x\r\n%s\r\n" % (len(text), text)


def _chat_stream(count: int) -> list[bytes]:
    def chunk(delta: dict[str, str], finish: str | None = None, usage: Any = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        told = {
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": "mock",
            "service_tier": "default", "system_fingerprint": "fp_1",
            "choices": [] if usage else [choice], "usage": usage,
        }  # fmt: skip
        return _chunked(_json(told))

    usage = {"prompt_tokens": 12, "completion_tokens": count, "total_tokens": 12 + count}
    return [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": WORDS[number % len(WORDS)]}) for number in range(count)),
        chunk({}, "stop"),
        chunk({}, usage=usage),
        _chunked(b"[DONE]"),
    ]


def _messages_stream(count: int) -> list[bytes]:
    def chunk(kind: str, **more: Any) -> bytes:
        return _chunked(_json({"type": kind, **more}), kind)

    begun = json.loads(_messages_whole()) | {"content": [], "stop_reason": None}
    return [
        chunk("message_start", message=begun),
        chunk("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        *(
            chunk(
                "content_block_delta",
                index=0,
                delta={"type": "text_delta", "text": WORDS[number % len(WORDS)]},
            )
            for number in range(count)
        ),
        chunk("content_block_stop", index=0),
        chunk(
            "message_delta",
            delta={"stop_reason": "end_turn", "stop_sequence": None},
            usage={"output_tokens": count},
        ),
        chunk("message_stop"),
    ]


@lru_cache(maxsize=16)
def _answer(path: bytes) -> bytes:
    """The bytes of the whole response to a path."""
    anthropic = path.endswith(b"/messages")
    if path.startswith(b"/stream/"):
        count = int(path.split(b"/")[2])
        chunks = _messages_stream(count) if anthropic else _chat_stream(count)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head + b"".join(chunks) + b"0\r\n\r\n"
    body = _messages_whole() if anthropic else _chat_whole()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def _suite(body: bytes) -> bytes:
    """The response to a question of the suite."""
    asked = json.loads(body)
    texts = {one["role"]: one["content"] for one in asked["messages"]}
    told = suite.answer(asked["model"], texts["user"], texts.get("system", ""))
    whole = json.loads(_chat_whole())
    whole["choices"][0]["message"]["content"] = told.text
    whole["usage"] = {
        "prompt_tokens": suite.PROMPT_TOKENS,
        "completion_tokens": told.tokens,
        "total_tokens": suite.PROMPT_TOKENS + told.tokens,
    }
    refused = {"error": {"message": told.text, "type": "invalid_request_error", "param": None, "code": None}}
    written = _json(whole if told.status == 200 else refused)
    head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (told.status, b"OK" if told.status == 200 else b"Bad Request", len(written)) + written


class _Connection(asyncio.Protocol):
    answered = 0

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.WriteTransport = transport

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            at = head.lower().find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._received) < end + 4 + length:
                return
            body, self._received = (
                self._received[end + 4 : end + 4 + length],
                self._received[end + 4 + length :],
            )
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        if path.startswith(b"/suite/"):
            self._transport.write(_suite(body))
            return
        if not path.startswith(b"/slow/"):
            self._transport.write(_answer(path))
            return
        _Connection.answered += 1
        delay = 0.5 + _Connection.answered * _GOLDEN % 1
        asyncio.get_running_loop().call_later(delay, self._transport.write, _answer(path))


async def listen() -> asyncio.Server:
    """Answers in the running loop until it is closed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    return await asyncio.get_running_loop().create_server(_Connection, sock=listener, backlog=1024)


async def serve() -> None:
    """Answers until the process is ended."""
    server = await listen()
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())
