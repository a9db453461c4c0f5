"""Caches of answers, and identical calls in flight that share one request."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import shelve
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.client.conftest import request_of

from chatbench.client import cacheentries
from chatbench.client.cache import (
    Cached,
    CacheMode,
    KeyedCache,
    LevelDBCache,
    MappingCache,
    MemoryCache,
    SqliteCache,
)
from chatbench.core.errors import ConfigurationError, DatabaseCorrupt, RateLimited, StorageError
from chatbench.core.messages import (
    Citation,
    ImagePart,
    InlineData,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    UnknownPart,
    user,
)
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut
from chatbench.core.requests import RawExchange, Request, Response, TokenLogprob
from chatbench.core.usage import Cost, CostLine, Rates, Timings, Usage

CANARY = "sk-canary-0123456789abcdef"
REQUEST = msgspec.structs.replace(request_of(), extra_headers={"x-secret": CANARY})


def other(number: int) -> Request:
    return msgspec.structs.replace(request_of(), messages=(user(f"Question {number}"),))


def answer(text: str = "yes", **more: Any) -> Response:
    fields: dict[str, Any] = {
        "model": REQUEST.model,
        "id": "1",
        "request": REQUEST,
        "parts": (TextPart(text=text),),
        "stop_reason": "end",
        "usage": Usage(input_tokens=10, output_tokens=3),
        "cost": Cost(amount=Decimal("0.0123")),
    }
    return Response(**{**fields, **more})


FULL = answer(
    parts=(
        ThinkingPart(text="hm", provider_state={"provider": "loop", "signature": "abc="}),
        TextPart(text="ünïcode \u2028", citations=(Citation(url="https://example.invalid", start=1, end=2),)),
        ToolCallPart(call_id="c", name="look", arguments='{"a": 1'),
        ImagePart(source=InlineData(data=bytes(range(256))), media_type="image/png"),
        UnknownPart(kind="new", data={"deep": [1, 2.5, None, {"x": "y"}]}),
    ),
    alternatives=((TextPart(text="no"),), (TextPart(text="perhaps"),)),
    cost=Cost(
        amount=Decimal("0.000000125"),
        rates=Rates(input=Decimal("0.125")),
        prices_of="2026-11-21",
        lines=(CostLine(what="input", count=1, amount=Decimal("0.000000125")),),
    ),
    logprobs=(TokenLogprob("a", -0.5, (TokenLogprob("b", -1.5),)),),
    left_out=(LeftOut("seed", "not taken"),),
    raw=RawExchange(url="https://example.invalid", request=b"{}"),
    parsed={"a": 1},
    timings=Timings(total_s=3.5),
    created=1_700_000_000,
    status=200,
    at=datetime(2026, 11, 21, tzinfo=UTC),
)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def shared_dict() -> Iterator[Any]:
    with multiprocessing.get_context("spawn").Manager() as manager:
        yield manager.dict()


KINDS = ("memory", "dict", "text", "shelf", "sqlite", "leveldb")


@pytest.fixture(params=KINDS)
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes a cache of each kind; the same store each time it is called."""
    made: list[KeyedCache] = []
    store: dict[str, Any] = {}
    shelf: list[Any] = []

    def build(**settings: Any) -> KeyedCache:
        match request.param:
            case "memory":
                cache: KeyedCache = MemoryCache(**settings)
            case "dict":
                cache = MappingCache(store, **settings)
            case "text":
                cache = MappingCache(store, text=True, in_thread=True, **settings)
            case "shelf":
                shelf[:] = shelf or [shelve.open(str(tmp_path / "shelf"))]  # noqa: SIM115
                cache = MappingCache(shelf[0], **settings)
            case "sqlite":
                cache = SqliteCache(tmp_path / "cache.db", commit_s=0.01, **settings)
            case _:
                cache = LevelDBCache(tmp_path / "level", **settings)
        made.append(cache)
        return cache

    yield build
    for cache in made:
        await cache.aclose()
    for one in shelf:
        one.close()


async def get(cache: KeyedCache, request: Request) -> Response | None:
    found = cache.get(request)
    return await found if isinstance(found, Awaitable) else found


async def put(cache: KeyedCache, request: Request, response: Response) -> None:
    done = cache.put(request, response)
    if isinstance(done, Awaitable):
        await done


# ---- every kind of cache


async def test_an_answer_comes_back_whole_and_marked_as_a_hit(make: Callable[..., KeyedCache]) -> None:
    cache = make()
    assert await get(cache, REQUEST) is None
    await put(cache, REQUEST, FULL)

    hit = await get(cache, REQUEST)

    expected = msgspec.structs.replace(
        FULL,
        request=None,
        raw=None,
        parsed=None,
        timings=Timings(),
        at=None,
        local_cache_hit=True,
        attempts=0,
    )
    assert hit == expected
    assert await get(cache, other(1)) is None


async def test_what_must_not_be_kept_is_not(make: Callable[..., KeyedCache]) -> None:
    cache = make()
    failed = RateLimited("slow down").report()
    for number, response in enumerate(
        (
            answer(error=failed),
            answer(stop_reason=None),
            answer(stop_reason="cancelled"),
            answer(local_cache_hit=True),
        )
    ):
        await put(cache, other(number), response)
        assert await get(cache, other(number)) is None
    await put(cache, REQUEST, answer("cut at its limit", stop_reason="max_tokens"))
    hit = await get(cache, REQUEST)
    assert hit is not None
    assert hit.stop_reason == "max_tokens"


async def test_an_answer_grows_old(make: Callable[..., KeyedCache]) -> None:
    clock = Clock()
    cache = make(ttl_s=60, now=clock)
    await put(cache, REQUEST, answer())
    clock.seconds += 59
    assert await get(cache, REQUEST) is not None
    clock.seconds += 2
    assert await get(cache, REQUEST) is None
    await put(cache, REQUEST, answer("again"))
    hit = await get(cache, REQUEST)
    assert hit is not None
    assert hit.text == "again"


async def test_the_newest_answer_counts(make: Callable[..., KeyedCache]) -> None:
    cache = make()
    await put(cache, REQUEST, answer("first"))
    await put(cache, REQUEST, answer("second"))
    hit = await get(cache, REQUEST)
    assert hit is not None
    assert hit.text == "second"


async def test_the_number_of_answers_is_limited(make: Callable[..., KeyedCache]) -> None:
    clock = Clock()
    cache = make(max_entries=20, now=clock)
    for number in range(60):
        clock.seconds += 1
        await put(cache, other(number), answer(f"{number}"))
        if isinstance(cache, SqliteCache):
            assert (await cache.totals()).entries <= 20
    kept = [number for number in range(60) if await get(cache, other(number)) is not None]
    assert 18 <= len(kept) <= 20
    if not (isinstance(cache, MappingCache) and isinstance(cache.mapping, shelve.Shelf)):
        assert kept == list(range(60 - len(kept), 60))


@pytest.mark.parametrize("settings", [{"ttl_s": 0}, {"ttl_s": -1}, {"max_entries": 0}, {"max_bytes": 0}])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    builds: list[Callable[[], object]] = [
        lambda: MemoryCache(**settings),
        lambda: SqliteCache(tmp_path / "x", **settings),
        lambda: LevelDBCache(tmp_path / "y", **settings),
    ]
    if "max_bytes" not in settings:
        builds.append(lambda: MappingCache({}, **settings))
    for build in builds:
        with pytest.raises(ConfigurationError, match=r"is (0|-1)\.") as caught:
            build()
        assert "above 0" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


async def test_one_answer_is_the_least_there_may_be(make: Callable[..., KeyedCache]) -> None:
    clock = Clock()
    cache = make(max_entries=1, now=clock)
    for number in range(4):
        clock.seconds += 1
        await put(cache, other(number), answer(str(number)))
    if isinstance(cache, SqliteCache):
        assert (await cache.totals()).entries <= 1
        return
    kept = [number for number in range(4) if await get(cache, other(number)) is not None]
    assert kept == [3], "the newest is never the one to go"


def test_an_entry_is_kept_to_the_end_of_its_time() -> None:
    entry = cacheentries.encode("k", answer(), 100.0)
    assert cacheentries.decode("k", entry, oldest=100.0) is not None
    assert cacheentries.decode("k", entry, oldest=100.001) is None
    assert cacheentries.saved_at(entry) == 100.0


# ---- what is stored


async def test_nothing_secret_is_stored(tmp_path: Path) -> None:
    store: dict[str, bytes] = {}
    await put(
        MappingCache(store), REQUEST, msgspec.structs.replace(FULL, raw=RawExchange(request=CANARY.encode()))
    )
    cache = SqliteCache(tmp_path / "cache.db")
    await put(cache, REQUEST, FULL)
    await cache.aclose()
    written = [*store.values(), *(path.read_bytes() for path in tmp_path.iterdir())]
    assert len(written) >= 2
    assert not any(CANARY.encode() in data for data in written)
    assert any("ünïcode".encode() in data for data in written)


async def test_a_damaged_foreign_or_newer_entry_is_a_miss() -> None:
    store: dict[str, Any] = {}
    cache = MappingCache(store)
    await put(cache, REQUEST, answer())
    ((key, good),) = store.items()
    newer = msgspec.json.decode(good)
    newer["v"] += 1
    swapped = good.replace(b'"yes"', b'"no!"')
    assert swapped != good
    for bad in (
        b"", b"{}", b"\xff\xfe", "text", 7, None, {"v": 1}, good[:-9], good + b"}",
        swapped, msgspec.json.encode(newer), good.replace(key.partition(":")[2].encode(), b"0" * 64),
    ):  # fmt: skip
        store[key] = bad
        assert await get(cache, REQUEST) is None, bad
        assert key not in store
    store[key] = good.decode()
    assert await get(cache, REQUEST) is not None


async def test_namespaces_are_apart(tmp_path: Path) -> None:
    store: dict[str, bytes] = {}
    one, two = MappingCache(store, namespace="one"), MappingCache(store, namespace="two")
    await put(one, REQUEST, answer())
    assert await get(two, REQUEST) is None
    assert await get(one, REQUEST) is not None
    first, second = (SqliteCache(tmp_path / "c.db", namespace=name) for name in ("one", "two"))
    await put(first, REQUEST, answer())
    await first.aclose()
    assert await get(second, REQUEST) is None
    assert await get(first, REQUEST) is not None
    await first.clear()
    assert (await first.totals()).entries == 0
    assert await get(first, REQUEST) is None
    await first.aclose()
    await second.aclose()
    level = LevelDBCache(tmp_path / "level", namespace="one")
    await put(level, REQUEST, answer())
    await put(level, other(1), answer())
    await level.aclose()
    level = LevelDBCache(tmp_path / "level", namespace="two", max_entries=1)
    assert (len(level), level.size) == (0, 0)
    assert await get(level, REQUEST) is None
    await put(level, other(2), answer())
    await level.aclose()
    level = LevelDBCache(tmp_path / "level", namespace="one")
    assert len(level) == 2
    assert await get(level, REQUEST) is not None
    await level.aclose()


# ---- in memory


async def test_memory_drops_the_least_recently_used_when_it_is_full() -> None:
    clock = Clock()  # or the entries would not be of one size
    probe = MemoryCache(now=clock)
    probe.put(REQUEST, answer("x" * 1000))
    cache = MemoryCache(max_bytes=probe.size * 3 + 10, now=clock)
    for number in range(3):
        cache.put(other(number), answer("x" * 1000))
    assert cache.get(other(0)) is not None
    cache.put(other(3), answer("x" * 1000))
    assert [cache.get(other(number)) is not None for number in range(4)] == [True, False, True, True]
    assert cache.size <= probe.size * 3 + 10
    cache.put(other(4), answer("x" * 100_000))
    assert len(cache) == 3
    cache.clear()
    assert (len(cache), cache.size) == (0, 0)
    exact = MemoryCache(max_bytes=probe.size, now=clock)
    exact.put(REQUEST, answer("x" * 1000))
    assert len(exact) == 1


def test_memory_lets_go_of_what_is_too_old_and_of_nothing_newer() -> None:
    clock = Clock()
    cache = MemoryCache(ttl_s=60, now=clock)
    cache.put(REQUEST, answer())
    ((key, old),) = cache._entries.items()
    clock.seconds += 61
    assert cache.get(REQUEST) is None
    assert (len(cache), cache.size) == (0, 0)
    cache.put(REQUEST, answer("newer"))
    size = cache.size
    cache._drop(key, old)  # as one who read it before it was replaced
    assert (len(cache), cache.size) == (1, size)
    assert cache.get(REQUEST) is not None


def test_memory_may_be_used_by_threads() -> None:
    cache = MemoryCache(max_entries=8)
    requests = [other(number) for number in range(16)]

    def work() -> None:
        for _ in range(100):
            for request in requests:
                cache.put(request, answer())
                cache.get(request)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) == 8
    entry = cache.size // 8
    cache.clear()
    cache.put(requests[0], answer())
    assert abs(cache.size - entry) <= 8


# ---- any dictionary


class Store(dict[str, Any]):
    """Lists the newest first, has always lost a key to another process when we delete it, and tells
    who used it."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.threads: set[int] = set()
        self.listed = 0

    def __getitem__(self, key: str) -> Any:
        self.threads.add(threading.get_ident())
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.threads.add(threading.get_ident())
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.pop(key, None)
        raise KeyError(key)

    def keys(self) -> Any:
        self.listed += 1
        return list(reversed(list(super().keys())))


async def test_only_our_entries_go_and_never_the_newest() -> None:
    store = Store({"mine": 7, "other:x": b"theirs"})
    cache = MappingCache(store, max_entries=2, namespace="ours")
    for number in range(9):
        await put(cache, other(number), answer())
        assert await get(cache, other(number)) is not None
    assert sum(key.startswith("ours:") for key in list(store)) <= 2
    assert (store["mine"], store["other:x"]) == (7, b"theirs")


async def test_a_store_is_not_listed_for_every_entry() -> None:
    store = Store()
    cache = MappingCache(store, max_entries=100)
    for number in range(101):
        await put(cache, other(number), answer())
    before = store.listed
    assert before <= 4
    store.clear()  # by another process
    for number in range(100):
        await put(cache, other(1000 + number), answer())
    assert store.listed - before <= 3
    assert len(store) == 100


async def test_an_entry_another_process_deletes_first_is_a_miss() -> None:
    store = Store()
    cache = MappingCache(store)
    await put(cache, REQUEST, answer())
    for key in list(store):
        store[key] = b"damaged"
    assert await get(cache, REQUEST) is None
    assert not store


async def test_a_store_that_makes_wait_is_used_on_another_thread() -> None:
    store = Store()
    cache = MappingCache(store, in_thread=True, text=True)
    await put(cache, REQUEST, answer())
    assert await get(cache, REQUEST) is not None
    assert threading.get_ident() not in store.threads
    assert {type(value) for value in store.values()} == {str}


# ---- a dictionary that processes share


async def test_a_managers_dict_is_shared() -> None:
    with shared_dict() as mapping:
        cache = MappingCache(mapping, in_thread=True)
        await put(cache, REQUEST, answer())
        process = multiprocessing.get_context("spawn").Process(target=answer_elsewhere, args=(mapping,))
        process.start()
        await asyncio.to_thread(process.join)
        assert process.exitcode == 0
        hit = await get(cache, other(1))
        assert hit is not None
        assert hit.text == "yes, seen elsewhere"


def answer_elsewhere(mapping: Any) -> None:
    """In another process: finds what the first one put, and puts another answer."""
    cache = MappingCache(mapping)
    found = cache.get(REQUEST)
    assert isinstance(found, Response)
    cache.put(other(1), answer(f"{found.text}, seen elsewhere"))


# ---- LevelDB


async def test_leveldb_keeps_its_size_over_a_restart(tmp_path: Path) -> None:
    cache = LevelDBCache(tmp_path / "level")
    for number in range(10):
        await put(cache, other(number), answer("x" * 1000))
    size, count = cache.size, len(cache)
    await cache.aclose()
    again = LevelDBCache(tmp_path / "level", max_bytes=size)
    assert (again.size, len(again)) == (size, count) == (size, 10)
    await put(again, other(10), answer("x" * 1000))
    assert again.size <= size
    assert await get(again, other(0)) is None
    assert await get(again, other(10)) is not None
    await again.aclose()


async def test_leveldb_leaves_out_what_is_too_large_and_drops_what_is_too_old(tmp_path: Path) -> None:
    clock = Clock()
    cache = LevelDBCache(tmp_path / "level", max_bytes=5000, ttl_s=60, now=clock)
    for number in range(3):
        await put(cache, other(number), answer("x" * 100))
    await put(cache, other(3), answer("x" * 100_000))
    assert len(cache) == 3
    assert await get(cache, other(3)) is None
    clock.seconds += 61
    await put(cache, other(4), answer())
    assert len(cache) == 1
    size = cache.size
    await put(cache, other(4), answer())
    assert (len(cache), cache.size) == (1, size), "in place of the one before"
    await cache.aclose()


async def test_leveldb_puts_a_new_entry_in_the_place_of_a_damaged_one(tmp_path: Path) -> None:
    cache = LevelDBCache(tmp_path / "level")
    for bad in (b"", b"\xff", b'{"v":1,"key":"\xff","saved_at":1,"check":1,"response":{}}'):
        cache._answers.put(REQUEST.fingerprint.encode(), bad)
        assert await get(cache, REQUEST) is None
        await put(cache, REQUEST, answer())
        assert await get(cache, REQUEST) is not None
    await cache.aclose()


async def test_a_leveldb_folder_in_use_is_named(tmp_path: Path) -> None:
    cache = LevelDBCache(tmp_path / "level")
    with pytest.raises(StorageError, match=r"cannot be opened: IO error: lock") as caught:
        LevelDBCache(tmp_path / "level")
    assert "other program" in caught.value.hint
    await cache.aclose()
    with pytest.raises(StorageError, match="No such file or directory"):
        LevelDBCache(tmp_path / "nowhere" / "level")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
async def test_nobody_else_may_read_the_answers(tmp_path: Path) -> None:
    level, sqlite = LevelDBCache(tmp_path / "level"), SqliteCache(tmp_path / "cache.db")
    for cache in (level, sqlite):
        await put(cache, REQUEST, answer())
        await cache.aclose()
    assert (tmp_path / "level").stat().st_mode & 0o077 == 0
    assert (tmp_path / "cache.db").stat().st_mode & 0o077 == 0


def test_without_the_library_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plyvel", None)
    monkeypatch.setitem(sys.modules, "plyvel_next", None)
    with pytest.raises(ConfigurationError, match="not installed") as caught:
        LevelDBCache(tmp_path / "level")
    assert "pip install 'chatbench[leveldb]'" in caught.value.hint


# ---- calls that share one request


class Provider:
    """Answers when it is told to, and counts."""

    def __init__(self, response: Response | None = None, error: Exception | None = None) -> None:
        self.calls = 0
        self.cancelled = 0
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self._response = response or answer()
        self._error = error

    async def __call__(self) -> Response:
        self.calls += 1
        self.asked.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self._error is not None:
            raise self._error
        return self._response


async def test_identical_calls_in_flight_share_one_request() -> None:
    cached, provider = Cached(MemoryCache()), Provider()
    calls = [asyncio.create_task(cached.fetch(REQUEST, provider)) for _ in range(50)]
    await provider.asked.wait()
    provider.go.set()
    responses = await asyncio.gather(*calls)
    assert provider.calls == 1
    paid = [response for response in responses if not response.local_cache_hit]
    assert len(paid) == 1
    assert sum((response.spent or Decimal(0) for response in responses), Decimal(0)) == Decimal("0.0123")
    shared = [response for response in responses if response.local_cache_hit]
    assert {response.attempts for response in shared} == {0}
    assert {response.cost for response in shared} == {Cost(amount=Decimal("0.0123"))}
    assert all(response.request is REQUEST and response.timings.total_s is not None for response in shared)
    assert all(response.at is not None for response in shared)
    assert len({response.id for response in responses}) == 50
    later = await cached.fetch(REQUEST, provider)
    assert later.local_cache_hit
    assert provider.calls == 1


async def test_a_call_joins_one_that_refreshes() -> None:
    cached, provider = Cached(MemoryCache()), Provider()
    first = asyncio.create_task(cached.fetch(REQUEST, provider, "refresh"))
    await provider.asked.wait()
    second = asyncio.create_task(cached.fetch(REQUEST, provider))
    await asyncio.sleep(0)
    provider.go.set()
    assert (await first).local_cache_hit is False
    assert (await second).local_cache_hit is True
    assert provider.calls == 1


async def test_a_hit_is_a_response_of_its_own_also_from_a_slow_cache(make: Callable[..., KeyedCache]) -> None:
    cached, provider = Cached(make()), Provider()
    provider.go.set()
    first = await cached.fetch(REQUEST, provider)
    hits = [await cached.fetch(REQUEST, provider) for _ in range(2)]
    assert provider.calls == 1
    assert len({response.id for response in (first, *hits)}) == 3
    for hit in hits:
        assert (hit.local_cache_hit, hit.attempts, hit.request) == (True, 0, REQUEST)
        assert hit.at is not None
        assert hit.timings.total_s is not None
    found = await cached.get(REQUEST)
    assert found is not None
    assert (found.text, found.local_cache_hit, found.request) == ("yes", True, REQUEST)


async def test_different_calls_do_not() -> None:
    cached, provider = Cached(MemoryCache()), Provider()
    provider.go.set()
    await asyncio.gather(*(cached.fetch(other(number), provider) for number in range(5)))
    assert provider.calls == 5


async def test_a_cancelled_leader_does_not_take_the_others_along() -> None:
    cached, provider = Cached(MemoryCache()), Provider()
    leader = asyncio.create_task(cached.fetch(REQUEST, provider))
    await provider.asked.wait()
    follower = asyncio.create_task(cached.fetch(REQUEST, provider))
    await asyncio.sleep(0)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    provider.go.set()
    assert (await follower).text == "yes"
    assert (provider.calls, provider.cancelled) == (1, 0)


async def test_the_last_to_be_cancelled_stops_the_request() -> None:
    cached, provider = Cached(MemoryCache()), Provider()
    calls = [asyncio.create_task(cached.fetch(REQUEST, provider)) for _ in range(3)]
    await provider.asked.wait()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert (provider.calls, provider.cancelled) == (1, 1)
    assert all(call.cancelled() for call in calls)
    provider.go.set()
    assert not (await cached.fetch(REQUEST, provider)).local_cache_hit
    assert provider.calls == 2


async def test_whoever_gives_up_last_waits_until_the_request_has_ended() -> None:
    cached, ended = Cached(MemoryCache()), asyncio.Event()
    begun = asyncio.Event()

    async def make() -> Response:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            ended.set()
        raise AssertionError

    call = asyncio.create_task(cached.fetch(REQUEST, make))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended.is_set()


async def test_an_error_nobody_waits_for_any_more_is_no_complaint() -> None:
    cached, begun = Cached(MemoryCache()), asyncio.Event()

    async def make() -> Response:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RateLimited("slow down") from None
        raise AssertionError

    call = asyncio.create_task(cached.fetch(REQUEST, make))
    await begun.wait()
    call.cancel()
    await asyncio.wait({call})
    assert call.cancelled()
    gc.collect()  # the loop would log an error that was never seen


async def test_an_answer_of_another_model_is_not_kept_for_the_one_that_was_asked() -> None:
    cached, provider = Cached(MemoryCache()), Provider(answer(model=ModelRef("loop", "fallback")))
    provider.go.set()
    for number in (1, 2):
        response = await cached.fetch(REQUEST, provider)
        assert response.model == ModelRef("loop", "fallback")
        assert provider.calls == number


async def test_an_error_is_shared_and_not_kept() -> None:
    cached, provider = Cached(MemoryCache()), Provider(error=RateLimited("slow down"))
    calls = [asyncio.create_task(cached.fetch(REQUEST, provider)) for _ in range(5)]
    await provider.asked.wait()
    provider.go.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [RateLimited] * 5
    assert provider.calls == 1
    with pytest.raises(RateLimited):
        await cached.fetch(REQUEST, provider)
    assert provider.calls == 2


@pytest.mark.parametrize(
    ("mode", "calls", "kept"), [("use", 0, "old"), ("bypass", 1, "old"), ("refresh", 1, "new")]
)
async def test_the_mode_of_a_call(mode: CacheMode, calls: int, kept: str) -> None:
    cached, provider = Cached(MemoryCache()), Provider(answer("new"))
    provider.go.set()
    await cached.put(REQUEST, answer("old"))
    response = await cached.fetch(REQUEST, provider, mode)
    assert provider.calls == calls
    assert response.text == ("new" if calls else "old")
    found = await cached.get(REQUEST)
    assert found is not None
    assert found.text == kept


async def test_a_bypassing_call_shares_nothing() -> None:
    cached, provider = Cached(MemoryCache()), Provider()
    provider.go.set()
    await asyncio.gather(*(cached.fetch(REQUEST, provider, "bypass") for _ in range(3)))
    assert provider.calls == 3
    assert await cached.get(REQUEST) is None


async def test_a_slow_cache_lets_nobody_ask_twice() -> None:
    """Between a miss and the request that follows from it, no identical call slips through."""

    class Slow:
        def __init__(self) -> None:
            self.kept: dict[str, Response] = {}

        async def get(self, request: Request) -> Response | None:
            for _ in range(5):
                await asyncio.sleep(0)
            return self.kept.get(request.fingerprint)

        async def put(self, request: Request, response: Response) -> None:
            await asyncio.sleep(0)
            self.kept[request.fingerprint] = response

    cached, provider = Cached(Slow()), Provider()
    provider.go.set()

    async def ask(number: int) -> Response:
        for _ in range(number):
            await asyncio.sleep(0)
        return await cached.fetch(REQUEST, provider)

    responses = await asyncio.gather(*(ask(number) for number in range(30)))
    assert provider.calls == 1
    assert sum(not response.local_cache_hit for response in responses) == 1


class Broken:
    """A cache of somebody else's, with a fault."""

    def get(self, request: Request) -> Response | None:
        raise KeyError("get")

    async def put(self, request: Request, response: Response) -> None:
        raise ValueError("put")


@pytest.mark.expects_log(r"the cache could not be read: KeyError")
async def test_a_broken_cache_stops_no_call_and_is_told_of_once() -> None:
    cached, provider = Cached(Broken()), Provider()
    provider.go.set()
    for number in (1, 2):
        assert (await cached.fetch(REQUEST, provider)).text == "yes"
        assert provider.calls == number


async def test_any_object_with_get_and_put_will_do() -> None:
    class Simple:
        def __init__(self) -> None:
            self.kept: dict[str, Response] = {}

        def get(self, request: Request) -> Response | None:
            return self.kept.get(request.fingerprint)

        def put(self, request: Request, response: Response) -> None:
            self.kept[request.fingerprint] = response

    simple, provider = Simple(), Provider(FULL)
    provider.go.set()
    cached = Cached(simple)
    await cached.fetch(REQUEST, provider)
    hit = await cached.fetch(REQUEST, provider)
    assert (provider.calls, hit.local_cache_hit, hit.attempts, hit.text) == (1, True, 0, FULL.text)
    (kept,) = simple.kept.values()
    assert (kept.request, kept.raw, kept.parsed) == (None, None, None)
    found = await cached.get(REQUEST)
    assert found is not None
    assert (found.local_cache_hit, found.request) == (True, REQUEST)
    for response in (answer(error=RateLimited("slow down").report()), answer(stop_reason=None)):
        await cached.put(other(1), response)
        assert await cached.get(other(1)) is None
    await cached.aclose()


async def test_a_cache_is_closed_in_its_own_way() -> None:
    class Closed(MemoryCache):
        closed = 0

        async def aclose(self) -> None:
            await asyncio.sleep(0)
            self.closed += 1

    class Plain:
        closed = 0

        def get(self, request: Request) -> Response | None:
            return None

        def put(self, request: Request, response: Response) -> None:
            pass

        def close(self) -> None:
            self.closed += 1

    for cache in (Closed(), Plain()):
        await Cached(cache).aclose()
        assert cache.closed == 1


@pytest.mark.expects_log(r"the cache could not be read: KeyError: 'later'")
async def test_a_cache_that_breaks_while_it_is_waited_for_stops_no_call() -> None:
    class Late(Broken):
        def get(self, request: Request) -> Any:
            return self.later()

        async def later(self) -> Response | None:
            await asyncio.sleep(0)
            raise KeyError("later")

    cached, provider = Cached(Late()), Provider()
    provider.go.set()
    assert (await cached.fetch(REQUEST, provider)).text == "yes"
    assert await cached.get(REQUEST) is None


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_a_cache_says_in_our_own_words_is_raised(at_once: bool) -> None:
    class Refusing(Broken):
        def get(self, request: Request) -> Any:
            if at_once:
                raise StorageError("no", "do something")
            return self.later()

        async def later(self) -> Response | None:
            raise StorageError("no", "do something")

    cached, provider = Cached(Refusing()), Provider()
    provider.go.set()
    with pytest.raises(StorageError):
        await cached.fetch(REQUEST, provider)
    with pytest.raises(StorageError):
        await cached.get(REQUEST)
    assert provider.calls == 0


def test_two_loops_do_not_disturb_one_another() -> None:
    """The window's loop and the one behind the synchronous methods may share a cache."""
    cached = Cached(MemoryCache())
    results: list[Response] = []

    async def work() -> None:
        provider = Provider()
        provider.go.set()
        results.extend([await cached.fetch(other(number), provider) for number in range(100)])

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 400


def test_the_same_call_under_way_on_two_loops_is_made_on_each() -> None:
    cached = Cached(MemoryCache())
    both = threading.Barrier(2, timeout=5)
    results: list[Response] = []

    async def make() -> Response:
        await asyncio.to_thread(both.wait)
        return answer()

    async def work() -> None:
        results.append(await cached.fetch(REQUEST, make))

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [response.local_cache_hit for response in results] == [False, False]


# ---- the SQLite file seen from here


async def test_a_file_that_is_no_cache_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database")
    cached, provider = Cached(SqliteCache(path)), Provider()
    provider.go.set()
    with pytest.raises(DatabaseCorrupt, match="not a database"):
        await cached.fetch(REQUEST, provider)
    assert provider.calls == 0
    assert path.read_text() == "not a database"
    await cached.aclose()
    with pytest.raises(StorageError, match="no folder"):
        SqliteCache(tmp_path / "nowhere" / "cache.db")
