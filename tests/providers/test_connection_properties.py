"""Whatever the bytes, and however they are cut into pieces, a connection says the same of them."""

from __future__ import annotations

import asyncio
import itertools
import socket
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.providers.connections import Connection
from chatbench.providers.unpacking import TooLarge


class Wire(asyncio.Transport):
    """Takes what is written, and does nothing with it."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})

    def write(self, data: Any) -> None:
        pass

    def abort(self) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Sent(NamedTuple):
    """An answer, as bytes and as what it says."""

    raw: bytes
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Read(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


_NAMES = st.from_regex(rb"X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}", fullmatch=True)
_VALUES = st.from_regex(rb"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]{0,20}[!-~\x80-\xff])?)?", fullmatch=True)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=5)
_STATUSES = st.integers(200, 599).filter(lambda status: status not in (204, 304))
_BODIES = st.lists(st.binary(min_size=1, max_size=300), max_size=6)


@st.composite
def _answers(draw: st.DrawFn) -> Sent:
    raw = b""
    for status in draw(st.lists(st.sampled_from([100, 102, 103]), max_size=2)):
        raw += _head(status, draw(_HEADERS))
    status, headers, pieces = draw(_STATUSES), draw(_HEADERS), draw(_BODIES)
    body = b"".join(pieces)
    form = draw(st.sampled_from(["length", "chunked", "close"]))
    if form == "length":
        headers.append((b"Content-Length", b"%d" % len(body)))
        sent = body
    elif form == "chunked":
        headers.append((b"Transfer-Encoding", b"chunked"))
        extension = draw(st.sampled_from([b"", b";a=b", b';a="b"']))
        sent = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
        sent += b"0\r\n" + _lines(draw(_HEADERS)) + b"\r\n"
    else:
        sent = body
    return Sent(raw + _head(status, headers) + sent, status, headers, body)


def _head(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"HTTP/1.1 %d Said\r\n" % status + _lines(headers) + b"\r\n"


def _lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers)


def _cut(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted({cut % (len(raw) + 1) for cut in cuts}), len(raw)]
    return [raw[start:end] for start, end in itertools.pairwise(places)]


async def _read(pieces: list[bytes], *, whole: bool, late: bool, cap: int = 100_000) -> Read:
    """`late`: the reader comes when all has arrived."""
    connection = Connection(asyncio.get_running_loop(), lambda _: None)
    with socket.socket() as never_read:
        connection.connection_made(Wire(never_read))
    connection.send(b"GET / HTTP/1.1\r\n\r\n", 60)
    reading = asyncio.ensure_future(_all_of(connection, whole=whole, cap=cap))
    if not late:
        await asyncio.sleep(0)
    for piece in pieces:
        connection.data_received(piece)
        if not late:
            await asyncio.sleep(0)
    connection.eof_received()
    connection.connection_lost(None)
    return await reading


async def _all_of(connection: Connection, *, whole: bool, cap: int) -> Read:
    if whole:
        body = await connection.whole(cap)
    else:
        await connection.head()
        body = b""
        while piece := await connection.piece():
            body += piece
    return Read(connection.status, connection.headers, body)


@given(_answers(), st.lists(st.integers(0, 5000), max_size=12), st.booleans(), st.booleans())
def test_however_an_answer_is_cut_it_says_the_same(
    sent: Sent, cuts: list[int], whole: bool, late: bool
) -> None:
    found = asyncio.run(_read(_cut(sent.raw, cuts), whole=whole, late=late))
    assert (found.status, found.headers, found.body) == (sent.status, sent.headers, sent.body)


@given(_answers(), st.integers(0, 2000), st.booleans())
def test_no_more_is_given_than_was_asked_for(sent: Sent, cap: int, late: bool) -> None:
    try:
        found = asyncio.run(_read([sent.raw], whole=True, late=late, cap=cap))
    except TooLarge:
        assert len(sent.body) > cap
    else:
        assert found.body == sent.body
        assert len(sent.body) <= cap


@given(_answers(), st.booleans(), st.data())
def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(
    sent: Sent, whole: bool, data: st.DataObject
) -> None:
    raw = sent.raw[: data.draw(st.integers(0, len(sent.raw) - 1))]
    try:
        found = asyncio.run(_read([raw], whole=whole, late=False))
    except httpx.HTTPError:
        return
    # Only where the end of the connection is the end of the body, or the last of the body came.
    framed = {name for name, _ in sent.headers} & {b"Content-Length", b"Transfer-Encoding"}
    assert sent.body.startswith(found.body)
    assert not framed


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.sampled_from(
                [
                    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Go\r\n\r\n", b"HTTP/1.1 101 Go\r\n\r\n", b"\r\n",
                    b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\n", b"0\r\n", b"abc",
                    b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: x\r\n", b"HTTP/0.9 099 \r\n",
                    b"Keep-Alive: timeout=x\r\n", b"Transfer-Encoding: gzip\r\n", b"HTTP/1.0 204 No\r\n\r\n",
                ]
            ),
        ),
        max_size=10,
    ),
    st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_whatever_comes_is_an_answer_or_an_error_of_the_seam(
    pieces: list[bytes], whole: bool, late: bool
) -> None:
    try:
        found = asyncio.run(_read(pieces, whole=whole, late=late))
    except (httpx.HTTPError, TooLarge):
        return
    assert 200 <= found.status <= 999


async def test_a_connection_with_something_left_to_write_takes_no_request() -> None:
    """The server answered the question before its last piece had left: what follows would wait behind it."""
    connection = Connection(asyncio.get_running_loop(), lambda _: None)
    with socket.socket() as never_read:
        connection.connection_made(Wire(never_read))
    connection.send(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", 60)
    connection.pause_writing()
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert await connection.whole(2) == b"ok"
    assert not connection.reusable
    connection.resume_writing()
    assert connection.reusable
    connection.abort()


async def test_a_connection_that_is_held_back_takes_no_request() -> None:
    """Its end came although reading was stopped, as it may from within TLS."""
    connection = Connection(asyncio.get_running_loop(), lambda _: None)
    with socket.socket() as never_read:
        connection.connection_made(Wire(never_read))
    connection.send(b"GET / HTTP/1.1\r\n\r\n", 60)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + bytes(1_900_000))
    connection.data_received(bytes(100_000))
    assert not connection.reusable
    assert await connection.piece() == bytes(2_000_000)
    assert connection.reusable
    connection.abort()


@pytest.mark.parametrize("more", [b"HTTP/1.1 500 No\r\n", b"x"])
async def test_who_says_more_than_the_answer_takes_no_request(more: bytes) -> None:
    connection = Connection(asyncio.get_running_loop(), lambda _: None)
    with socket.socket() as never_read:
        connection.connection_made(Wire(never_read))
    connection.send(b"GET / HTTP/1.1\r\n\r\n", 60)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + more)
    assert await connection.whole(2) == b"ok"
    assert not connection.reusable
    connection.abort()


async def test_a_body_is_too_large_before_its_end() -> None:
    connection = Connection(asyncio.get_running_loop(), lambda _: None)
    with socket.socket() as never_read:
        connection.connection_made(Wire(never_read))
    connection.send(b"GET / HTTP/1.1\r\n\r\n", 60)
    reading = asyncio.ensure_future(connection.whole(100))
    await asyncio.sleep(0)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + bytes(101))
    with pytest.raises(TooLarge):
        await asyncio.wait_for(reading, 5)
