"""One connection against a real server: forms of answers, when it is used again, who waits for whom."""

from __future__ import annotations

import asyncio
import contextlib
import queue

import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers.calls import asking, fetched, opened

from chatbench.core.errors import (
    InvalidResponse,
)
from chatbench.providers.http import Http


async def test_a_connection_is_used_again_and_one_cut_short_is_not(
    server: LoopbackServer, client: Http
) -> None:
    for _ in range(3):
        await fetched(client, server.url)
    assert server.connections == 1
    server.script(replies.events([b"data: 1\n\n"] * 9, end="hang"))
    async with opened(client, server.url) as answer:
        await anext(answer.pieces())
    await asyncio.to_thread(server.wait_for_leaving)
    await fetched(client, server.url)
    assert server.connections == 2


async def test_what_the_server_notices_is_real(server: LoopbackServer, client: Http) -> None:
    """An answer read to its end is no early leaving."""
    await fetched(client, server.url)
    with pytest.raises(queue.Empty):
        server.wait_for_leaving(0.05)
    assert openai_chat.TEXT.encode()[:5] == b"Hello"


async def test_a_large_request_arrives_whole(server: LoopbackServer, client: Http) -> None:
    body = b'{"model": "%s"}' % (b"x" * 5_000_000)
    await client.fetch(*asking(server.url, body))
    assert server.asked[0].body == body


async def test_an_answer_before_the_end_of_the_question(client: Http) -> None:
    """A server that refuses a body for its size does not read it to its end."""
    left = asyncio.Event()
    read = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal read
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nmuch")
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65_536):
                read += len(piece)
        writer.close()
        left.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        found = await client.fetch(*asking(url, bytes(50_000_000)))
        await left.wait()
    assert (found.status, found.body) == (413, b"much")
    assert read < 25_000_000


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil it closes", b"until it closes"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n", b"ok"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nevil",
            b"ok",
        ),
    ],
)
async def test_forms_of_an_answer(server: LoopbackServer, client: Http, raw: bytes, body: bytes) -> None:
    server.script(Reply(raw=raw))
    found = await client.fetch(*asking(server.url))
    assert found.body == body
    assert found.status < 300
    assert "x-late" not in found.headers


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
    ],
)
async def test_answers_that_are_not_to_be_trusted(server: LoopbackServer, client: Http, raw: bytes) -> None:
    server.script(Reply(raw=raw))
    with pytest.raises(InvalidResponse):
        await client.fetch(*asking(server.url))


async def test_what_nobody_asked_for_is_no_answer(client: Http) -> None:
    """It comes while the connection is idle; the next request must not be told of it."""
    connected = 0
    answered, told = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await answered.wait()
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        told.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        for _ in range(3):
            assert (await client.fetch(*asking(url))).status == 200
            answered.set()
            await told.wait()
            for _ in range(5):
                await asyncio.sleep(0)  # until the loop has read it
            answered.clear()
            told.clear()
        await client.aclose()
    assert connected == 3


async def test_a_reader_who_is_slow_holds_the_server_back(client: Http) -> None:
    written = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % 2**26)
        for _ in range(2**8):
            writer.write(bytes(2**18))
            await writer.drain()
        written.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with client.open(*asking(url)) as answer:
            await anext(answer.pieces())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(written.wait(), 0.5)
            assert 2**26 - 2**20 < len(await answer.read()) < 2**26
        await written.wait()


async def test_what_is_said_several_times_is_joined(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(raw=b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a\r\n\r\n"))
    found = await client.fetch(*asking(server.url))
    assert found.headers == {"x-a": "1, 2", "set-cookie": "a"}
