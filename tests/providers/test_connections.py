"""One connection against a real server: forms of answers, when it is used again, who waits for whom."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
import tracemalloc

import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers.calls import asking, fetched, opened
from tests.providers.peers import alive, speaking

from chatbench.core.errors import InvalidResponse, Timeout, Unreachable
from chatbench.providers import connections
from chatbench.providers.http import Http, Timeouts


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
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", b""),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX-Late: 1\r\n\r\n%s"
            % b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\tChunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n",
            b"ok",
        ),
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
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 2000 + b"Content-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 099 Odd\r\nContent-Length: 4\r\n\r\nevilHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
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
        request, where, _ = asking(url)
        # It is not the server who is silent meanwhile.
        async with client.open(request, where, Timeouts(read=0.2)) as answer:
            await anext(answer.pieces())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(written.wait(), 0.5)
            assert 2**26 - 2**20 < len(await answer.read()) < 2**26
        await written.wait()


async def test_what_is_said_several_times_is_joined(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(raw=b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a\r\n\r\n"))
    found = await client.fetch(*asking(server.url))
    assert found.headers == {"x-a": "1, 2", "set-cookie": "a"}


# Early answers.


async def stalled(left: asyncio.Event) -> None:
    """Until whoever writes without being read has filled all there is to fill."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(left.wait(), 0.3)


async def test_an_early_answer_of_a_server_that_reads_no_more(client: Http) -> None:
    """It neither reads the rest nor closes: waiting for the rest to be sent would be waiting for ever."""
    connected = 0
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        await reader.readuntil(b"\r\n\r\n")
        await stalled(left)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nmuch")
        await left.wait()
        writer.close()

    async with speaking(serve) as url:
        for _ in range(2):
            async with asyncio.timeout(5):
                found = await client.fetch(*asking(url, bytes(50_000_000)))
            assert (found.status, found.body) == (413, b"much")
        left.set()
    assert connected == 2


async def test_the_head_of_an_early_answer_is_not_held_back(client: Http) -> None:
    """Nor is more of the question taken than there is room for."""
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await stalled(left)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\n")
        await left.wait()
        writer.transport.abort()

    async with speaking(serve) as url:
        tracemalloc.start()
        try:
            async with asyncio.timeout(5), client.open(*asking(url, bytes(50_000_000))) as answer:
                _, most = tracemalloc.get_traced_memory()
                assert answer.status == 413
                left.set()
        finally:
            tracemalloc.stop()
    assert most < 75_000_000


async def test_an_early_answer_that_ends_with_the_connection(client: Http) -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await stalled(left)
        writer.write(b"HTTP/1.1 413 Too Large\r\n\r\nmuch")
        writer.write_eof()
        await left.wait()
        writer.close()

    async with speaking(serve) as url:
        async with asyncio.timeout(5):
            found = await client.fetch(*asking(url, bytes(50_000_000)))
        left.set()
    assert (found.status, found.body) == (413, b"much")


async def test_a_server_that_leaves_while_the_question_is_sent(client: Http) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with speaking(serve) as url:
        with pytest.raises(Unreachable, match="closed the connection without an answer") as caught:
            await client.fetch(*asking(url, bytes(50_000_000)))
    assert caught.value.retryable


async def test_a_server_that_takes_nothing_is_waited_for_as_long_as_for_an_answer(client: Http) -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await left.wait()
        writer.transport.abort()

    async with speaking(serve) as url:
        request, where, _ = asking(url, bytes(50_000_000))
        with pytest.raises(Timeout, match=r"sent nothing for 0\.2 s"):
            await client.fetch(request, where, Timeouts(read=0.2))
        left.set()


# What is more than an answer.


@pytest.mark.parametrize(
    "endless", [b"2;" + b"x" * 65_000, b"0\r\nX: " + b"x" * 65_000, b"0\r\n" + b"X: 1\r\n" * 10_000]
)
@pytest.mark.parametrize("whole", [True, False])
async def test_what_frames_a_body_has_an_end(client: Http, endless: bytes, whole: bool) -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n{")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n" + endless)
        more = endless[-60_000:]
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                writer.write(more)
                sent += len(more)
                await writer.drain()
        writer.close()

    async with speaking(serve) as url:
        with pytest.raises(InvalidResponse, match="does not answer in HTTP"):
            await (client.fetch(*asking(url)) if whole else fetched(client, url))
    assert sent < 20_000_000


async def test_many_small_pieces_are_no_framing_without_an_end(server: LoopbackServer, client: Http) -> None:
    server.script(Reply([b"x"] * 60_000))
    assert await fetched(client, server.url) == b"x" * 60_000


async def test_what_stands_around_a_value_is_none_of_it(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(raw=b"HTTP/1.1 204 No Content\r\nRetry-After: \t 5 \t\r\n\r\n"))
    assert (await client.fetch(*asking(server.url))).headers == {"retry-after": "5"}


# When a connection is used again.


class Counting:
    """Gives one answer again and again, and counts connections, and those that the client closed."""

    def __init__(self, answer: bytes) -> None:
        self.connected = 0
        self.left = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n{}"):
                writer.write(self._answer)
        self.left.set()
        writer.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\nok"


@pytest.mark.parametrize(
    ("header", "connected"),
    [
        (b"", 1),
        (b"Keep-Alive: timeout=5, max=100\r\n", 1),
        (b"Keep-Alive: timeout=1\r\n", 2),
        (b"keep-alive: max=9, Timeout=0\r\n", 2),
        (b"Keep-Alive: timeout=99999\r\n", 1),
        (b"Connection: close\r\n", 2),
    ],
)
async def test_how_long_a_connection_is_kept(client: Http, header: bytes, connected: int) -> None:
    there = Counting(OK % header)
    async with speaking(there.serve) as url:
        for _ in range(2):
            assert (await client.fetch(*asking(url))).body == b"ok"
        await client.aclose()
    assert there.connected == connected


async def test_an_idle_connection_is_closed_in_time(client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEEP_S", 0.1)
    there = Counting(OK % b"")
    async with speaking(there.serve) as url:
        request, where, _ = asking(url)
        await client.fetch(request, where, Timeouts(read=60))
        async with asyncio.timeout(5):
            await there.left.wait()
        await client.fetch(request, where, Timeouts(read=60))
        await client.aclose()
    assert there.connected == 2


async def test_a_connection_that_is_used_is_not_idle(client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer takes longer than an idle connection is kept."""
    monkeypatch.setattr(connections, "KEEP_S", 0.05)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.3)
        writer.write(OK % b"")
        await reader.read()
        writer.close()

    async with speaking(serve) as url:
        assert (await client.fetch(*asking(url))).body == b"ok"
        await client.aclose()


@pytest.mark.parametrize("late", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
def test_what_came_while_the_loop_stood_still(late: bytes) -> None:
    """The server has left, or said good-bye, before the request was made: it is not to be sent there."""
    answered, gone = threading.Event(), threading.Event()
    heads: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            with contextlib.suppress(TimeoutError), listener.accept()[0] as peer:
                heads.append(peer.recv(65_536))
                peer.sendall(OK % b"")
                answered.wait(5)
                if not gone.is_set():
                    peer.sendall(late)
            gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with asyncio.Runner() as runner:
            client = Http({})
            assert runner.run(client.fetch(*asking(url))).status == 200
            answered.set()
            assert gone.wait(5)
            assert runner.run(client.fetch(*asking(url))).status == 200
            runner.run(client.aclose())
        thread.join()
    assert len(heads) == 2


async def test_a_server_that_closes_as_a_request_is_written(client: Http) -> None:
    """It is told, to be tried again by those who know whether it may be; it is not sent twice."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n{}"))
        writer.write(OK % b"")
        heads.append(await reader.readuntil(b"\r\n\r\n{}"))
        writer.close()

    async with speaking(serve) as url:
        await client.fetch(*asking(url))
        with pytest.raises(Unreachable, match="without an answer") as caught:
            await client.fetch(*asking(url))
    assert caught.value.retryable
    assert len(heads) == 2


async def test_an_idle_connection_holds_no_body(server: LoopbackServer, client: Http) -> None:
    size = 8_000_000
    server.script(Reply([bytes(size)]))
    tracemalloc.start()
    try:
        assert len((await client.fetch(*asking(server.url))).body) == size
        ours = tracemalloc.Filter(inclusive=True, filename_pattern=connections.__file__)
        held = tracemalloc.take_snapshot().filter_traces([ours]).statistics("filename")
    finally:
        tracemalloc.stop()
    assert sum(one.size for one in held) < size / 10


async def test_small_pieces_take_no_more_memory_than_what_is_in_them(
    server: LoopbackServer, client: Http
) -> None:
    count = 200_000
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"2\r\nab\r\n" * count + b"0\r\n\r\n"
    server.script(Reply(raw=raw))
    tracemalloc.start()
    try:
        found = await client.fetch(*asking(server.url))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.body == b"ab" * count
    assert most < len(raw) + 6_000_000


async def test_connections_that_are_closed_are_forgotten(client: Http) -> None:
    there = Counting(OK % b"")
    async with speaking(there.serve) as url:
        before = len(alive(connections.Connection))
        await asyncio.gather(*[client.fetch(*asking(url)) for _ in range(10)])
        assert len(alive(connections.Connection)) == before + there.connected
        for writer in there.writers:
            writer.close()
        async with asyncio.timeout(5):
            await asyncio.gather(*[writer.wait_closed() for writer in there.writers])
            await asyncio.sleep(0)
        assert len(alive(connections.Connection)) == before


# Leaving.


async def test_who_gives_up_while_a_body_is_sent(client: Http) -> None:
    begun, given_up, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await given_up.wait()
        with contextlib.suppress(ConnectionError):
            while await reader.read(2**20):
                pass
        left.set()
        writer.close()

    async with speaking(serve) as url:
        task = asyncio.create_task(client.fetch(*asking(url, bytes(100_000_000))))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        given_up.set()
        async with asyncio.timeout(5):
            await left.wait()


async def test_each_request_has_a_limit_of_its_own(server: LoopbackServer, client: Http) -> None:
    """On one connection, first a patient one, then one that is not."""
    server.script(replies.data({}), Reply(first_byte_s=60))
    await fetched(client, server.url, Timeouts(read=60))
    async with asyncio.timeout(5):
        with pytest.raises(Timeout):
            await fetched(client, server.url, Timeouts(read=0.1))
    assert server.connections == 1
