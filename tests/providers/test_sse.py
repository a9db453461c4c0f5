"""The parser of server-sent events: the standard, any split, hostile sizes."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbench.core.errors import InvalidResponse
from chatbench.providers.sse import ServerEvent, SseParser

ODD = '{"a":"\u2028\u2029\x85\x0b\x0c"}'
"""What str.splitlines takes for line ends, and the standard does not."""


def parse(pieces: Iterable[bytes], **caps: int) -> list[ServerEvent]:
    parser = SseParser(**caps)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return [*events, *parser.finish()]


def data(stream: bytes) -> list[bytes]:
    return [event.data for event in parse([stream])]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends(end: bytes) -> None:
    stream = end.join([b"event: a", b"id: 7", b"data: one", b"data:two", b"", b"data: three", b"", b""])
    assert parse([stream]) == [ServerEvent("a", b"one\ntwo", "7"), ServerEvent("", b"three", "7")]


def test_line_ends_may_be_mixed() -> None:
    assert data(b"data: a\r\n\ndata: b\r\rdata: c\n\r\n") == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a\n\n", [b" a"]),
        (b"data\n\n", [b""]),
        (b"data:\n\n", [b""]),
        (b"data:\ndata:\n\n", [b"\n"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data: \xef\xbb\xbfa\n\n", [b"\xef\xbb\xbfa"]),
        (b": ping\n\n: ping\n\ndata: a\n\n: ping\n\n", [b"a"]),
        (b"data: a\n: ping\ndata: b\n\n", [b"a\nb"]),
        (b"\n\n\ndata: a\n\n\n\ndata: b\n\n", [b"a", b"b"]),
        (b"dat: a\ndatas: b\n data: c\n\n", []),
        (b"event: x\n\ndata: a\n\n", [b"a"]),
        (b"retry: 5\ndata: a\n\n", [b"a"]),
        (b"data: a", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b"data: a\r", [b"a"]),
        (
            'data: {"a":"\u2028\u2029\x85\x0b\x0c"}\n\n'.encode(),
            ['{"a":"\u2028\u2029\x85\x0b\x0c"}'.encode()],
        ),
        (b"data: \xff\xfe\n\n", [b"\xff\xfe"]),
        (b"", []),
        (b"\xef\xbb", []),
    ],
)
def test_forms(stream: bytes, found: list[bytes]) -> None:
    assert data(stream) == found


def test_a_name_holds_for_one_event_and_an_id_for_the_rest() -> None:
    stream = b"event: x\nid: 1\ndata: a\n\ndata: b\n\nevent: y\n\ndata: c\nid: bad\0id\n\n"
    assert parse([stream]) == [
        ServerEvent("x", b"a", "1"),
        ServerEvent("", b"b", "1"),
        ServerEvent("", b"c", "1"),
    ]


def test_an_event_is_given_as_soon_as_its_empty_line_is_there() -> None:
    parser = SseParser()
    assert parser.feed(b"data: a\r\n\r") == [ServerEvent("", b"a", "")]
    assert parser.feed(b"\ndata: b\n") == []
    assert parser.feed(b"\n") == [ServerEvent("", b"b", "")]


_line = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data",
        b"event: e",
        b"id: 1",
        b": c",
        b"",
        b"",
        b"\xef\xbb\xbf",
        b"data: \xe2\x80\xa8",
    ]
)
_streams = st.lists(st.tuples(_line, st.sampled_from([b"\n", b"\r\n", b"\r"]))).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(stream=_streams | st.binary(max_size=200), seed=st.integers())
@example(stream=b"\xef\xbb\xbfdata: a\r\n\r\ndata: b\n\n", seed=0)
def test_any_split_gives_the_same_events(stream: bytes, seed: int) -> None:
    draw, pieces, at = random.Random(seed), [], 0
    while at < len(stream):
        size = draw.choice((0, 1, 1, 2, 3, 11))
        pieces.append(stream[at : at + size])
        at += size
    assert parse(pieces) == parse([stream]) == parse([stream[i : i + 1] for i in range(len(stream))])


@given(stream=_streams)
def test_fast_way_and_general_way_agree(stream: bytes) -> None:
    """A carriage return keeps the parser off its fast way."""
    unix = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removeprefix(b"\xef\xbb\xbf")
    fast = [event.data for event in parse([unix])]
    slow = [event.data for event in parse([unix.replace(b"\n", b"\r\n")])]
    assert fast == slow


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * 2000 + b"\n\n"],
        [b"data: ", *[b"x" * 100] * 20, b"\n\n"],
        [b"data: xxxxxxxx\n"] * 200,
        [b"data: xxxxxxxx\n" * 200],
        [b"event: e\n", b"data: " + b"x" * 2000 + b"\n\n"],
        [b": " + b"x" * 100] * 20,
    ],
)
def test_an_event_may_not_grow_past_its_cap(pieces: list[bytes]) -> None:
    with pytest.raises(InvalidResponse):
        parse(pieces, max_event_bytes=1000)
    parse(pieces, max_event_bytes=4000)


def test_a_stream_may_not_grow_past_its_cap() -> None:
    with pytest.raises(InvalidResponse):
        parse([b": ping\n\n"] * 200, max_stream_bytes=1000)


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_no_input_raises_anything_else(pieces: list[bytes]) -> None:
    with contextlib.suppress(InvalidResponse):
        parse(pieces, max_event_bytes=64, max_stream_bytes=512)
