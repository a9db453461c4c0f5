"""What a compressed body unpacks to, in whatever pieces it comes."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers.calls import asking, fetched

from chatbench.core.errors import InvalidResponse, StreamInterrupted
from chatbench.providers import unpacking
from chatbench.providers.http import Http, HttpRequest
from chatbench.providers.unpacking import NotAsked, TooLarge, unpacker


def raw_deflate(data: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(data) + packing.flush()


def members(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:])


FORMS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip of several members": ("gzip", members),
    "deflate": ("deflate", zlib.compress),
    "deflate without a head": ("deflate", raw_deflate),
}


def unpacked(encoding: str, pieces: list[bytes], cap: int = 10**6) -> bytes:
    unpack = unpacker(encoding)
    assert unpack is not None
    found = b"".join(unpack.feed(piece, cap) for piece in pieces)
    unpack.finish()
    return found


@given(st.sampled_from(sorted(FORMS)), st.binary(max_size=500), st.lists(st.integers(0, 600), max_size=8))
def test_however_it_is_cut_it_unpacks_to_the_same(form: str, data: bytes, cuts: list[int]) -> None:
    encoding, pack = FORMS[form]
    packed = pack(data)
    places = [0, *sorted(min(cut, len(packed)) for cut in cuts), len(packed)]
    pieces = [packed[start:end] for start, end in itertools.pairwise(places)]
    assert unpacked(encoding, pieces) == data
    with pytest.raises(zlib.error):
        unpacked(encoding, [packed[:-1]])


@pytest.mark.parametrize("form", sorted(FORMS))
def test_no_piece_unpacks_to_more_than_it_may(form: str) -> None:
    encoding, pack = FORMS[form]
    assert len(unpacked(encoding, [pack(bytes(1000))], 1000)) == 1000
    with pytest.raises(TooLarge):
        unpacked(encoding, [pack(bytes(1001))], 1000)


def test_what_is_no_member_after_the_last_is_left_out() -> None:
    """Some fill up their blocks with zeros."""
    assert unpacked("gzip", [gzip.compress(b"a") + bytes(100), bytes(100)]) == b"a"


@pytest.mark.parametrize("form", sorted(FORMS))
def test_what_follows_the_end_is_a_fault(form: str) -> None:
    encoding, pack = FORMS[form]
    for pieces in ([pack(b"a") + b"more"], [pack(b"a"), b"more"]):
        with pytest.raises(zlib.error):
            unpacked(encoding, pieces)


def test_members_without_an_end() -> None:
    with pytest.raises(zlib.error):
        unpacked("gzip", [gzip.compress(b"")] * 20_000)


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "gzip, deflate", "zstd", "x"])
def test_what_was_not_asked_for(encoding: str) -> None:
    with pytest.raises(NotAsked):
        unpacker(encoding)


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_what_is_not_compressed(encoding: str) -> None:
    assert unpacker(encoding) is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_no_body_is_no_broken_one(server: LoopbackServer, client: Http, encoding: str) -> None:
    reply = Reply(headers={"content-encoding": encoding})
    server.script(reply, reply)
    request, where, limits = asking(server.url)
    found = await client.fetch(HttpRequest(url=request.url, method="GET"), where, limits)
    assert found.body == await fetched(client, server.url) == b""


@pytest.mark.parametrize("packed", [True, False])
async def test_a_stream_stops_at_the_cap(
    server: LoopbackServer, client: Http, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(unpacking, "MAX_BODY_BYTES", 2**20)
    data = gzip.compress(bytes(2**22)) if packed else bytes(2**22)
    server.script(Reply([data], headers={"content-encoding": "gzip" if packed else "identity"}))
    with pytest.raises(InvalidResponse, match="more than 1 MiB"):
        await fetched(client, server.url)


async def test_what_is_cut_is_no_answer(server: LoopbackServer, client: Http) -> None:
    server.script(Reply([gzip.compress(b"a" * 99)[:-4]], headers={"content-encoding": "gzip"}))
    with pytest.raises(InvalidResponse, match="cannot be decompressed"):
        await fetched(client, server.url)
    server.script(Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"))
    with pytest.raises(StreamInterrupted):
        await client.fetch(*asking(server.url))
