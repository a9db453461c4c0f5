"""The file of kept answers: batches, limits, several processes, sudden ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.harness.waiting import until

from chatbench.core.errors import DatabaseCorrupt, DatabaseTooNew
from chatbench.storage.database import Database
from chatbench.storage.responsecache import ResponseFile, Totals

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import asyncio, sys
from pathlib import Path
from chatbench.storage.database import Database
from chatbench.storage.responsecache import ResponseFile

async def main(path, name, count):
    file = ResponseFile(Path(path), commit_s=0.01)
    for number in range(count):
        file.put(f"{name}:{number}", f"{name} {number}".encode() * 50)
        if number % 50 == 0:
            await file.flush()
            print(number, flush=True)
    await file.aclose()
    print("done", flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def start(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "app")}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[ResponseFile]:
    opened = ResponseFile(tmp_path / "cache.db", commit_s=0.01)
    yield opened
    await opened.aclose()


async def test_what_was_put_is_there_at_once_and_after_a_restart(file: ResponseFile, tmp_path: Path) -> None:
    file.put("a", b"one")
    assert await file.get("a") == b"one"
    assert await file.get("b") is None
    await file.aclose()
    again = ResponseFile(tmp_path / "cache.db")
    assert await again.get("a") == b"one"
    assert await again.totals() == Totals(1, 3)
    await again.clear()
    assert await again.get("a") is None
    assert await again.totals() == Totals(0, 0)
    await again.aclose()


async def test_puts_are_committed_in_batches_without_being_waited_for(tmp_path: Path) -> None:
    file = ResponseFile(tmp_path / "cache.db", commit_s=0.02)
    await file.totals()
    database, commits, committed = file._database, [0], asyncio.Event()
    assert database is not None
    submit = database.submit

    def counting(work: Callable[[apsw.Connection], Any]) -> Future[Any]:
        commits[0] += 1
        committed.set()
        return submit(work)

    database.submit = counting  # type: ignore[method-assign]
    for number in range(2000):
        file.put(f"{number}", b"x" * 100)
    assert commits == [0]
    await committed.wait()
    assert await database.write(lambda c: next(c.execute("SELECT entries FROM totals"))) == (2000,)
    assert commits == [1]
    await file.aclose()


async def test_the_limits_hold_and_the_least_recently_used_go(tmp_path: Path) -> None:
    seconds = [1_800_000_000.0]
    file = ResponseFile(tmp_path / "cache.db", max_bytes=10_000, now=lambda: seconds[0])
    for number in range(10):
        seconds[0] += 1
        file.put(f"{number}", b"x" * 1000)
    await file.flush()
    seconds[0] += 1
    assert await file.get("0") is not None
    file.put("more", b"x" * 1000)
    totals = await file.totals()
    assert totals.bytes <= 10_000
    assert totals.bytes == 1000 * totals.entries
    assert await file.get("0") is not None
    assert await file.get("1") is None
    assert await file.get("more") is not None
    file.put("huge", b"x" * 10_001)
    assert await file.get("huge") is None
    file.put("more", b"y")
    assert (await file.totals()).bytes == totals.bytes - 999
    await file.aclose()


async def test_what_is_too_old_is_removed_from_the_file(tmp_path: Path) -> None:
    seconds = [1_800_000_000.0]
    file = ResponseFile(tmp_path / "cache.db", ttl_s=60, now=lambda: seconds[0])
    file.put("old", b"1")
    assert await file.get("old") == b"1"
    seconds[0] += 61
    assert await file.get("old") is None
    await file.flush()
    assert await file.get("old") is None
    file.put("new", b"2")
    assert await file.totals() == Totals(1, 1)
    await file.aclose()


async def test_several_processes_may_write_and_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    writers = [start(path, name, 300) for name in "abc"]
    said = [await asyncio.to_thread(writer.communicate, timeout=60) for writer in writers]
    assert [text.splitlines()[-1] for text, _ in said] == ["done"] * 3
    file = ResponseFile(path)
    assert (await file.totals()).entries == 900
    for name in "abc":
        for number in (0, 150, 299):
            assert await file.get(f"{name}:{number}") == f"{name} {number}".encode() * 50
    await file.aclose()


@pytest.mark.skipif(os.name != "posix", reason="a signal of POSIX")
async def test_a_killed_process_leaves_a_whole_file(tmp_path: Path, fault_rounds: int) -> None:
    path = tmp_path / "cache.db"
    for round_ in range(max(3, fault_rounds // 3)):
        writer = start(path, f"r{round_}", 1_000_000)
        assert writer.stdout is not None
        acknowledged = [await asyncio.to_thread(writer.stdout.readline) for _ in range(2 + round_)]
        writer.kill()
        await asyncio.to_thread(writer.communicate)
        file = ResponseFile(path)
        last = int(acknowledged[-1])
        assert await file.get(f"r{round_}:{last}") == f"r{round_} {last}".encode() * 50
        totals = await file.totals()
        counted = await file._open().read(
            lambda c: next(c.execute("SELECT count(*), sum(size), sum(length(entry)) FROM responses"))
        )
        assert counted == (totals.entries, totals.bytes, totals.bytes)
        assert await file._open().read(lambda c: c.pragma("integrity_check")) == "ok"
        await file.aclose()


async def test_the_rest_is_written_when_the_program_ends_without_closing(tmp_path: Path) -> None:
    program = WRITER.replace("await file.aclose()", "file.put('last', b'written at the end')")
    path = tmp_path / "cache.db"
    subprocess.run(
        [sys.executable, "-c", program, str(path), "a", "1"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "app")},
        check=True, timeout=60, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    file = ResponseFile(path)
    assert await file.get("last") == b"written at the end"
    await file.aclose()


async def test_a_later_or_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    file = ResponseFile(path)
    file.put("a", b"1")
    await file.aclose()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    later = ResponseFile(path)
    with pytest.raises(DatabaseTooNew):
        await later.get("a")
    await later.aclose()
    path.write_bytes(b"")
    empty = ResponseFile(path)
    with pytest.raises(DatabaseCorrupt) as caught:
        await empty.get("a")
    assert "another file for the cache" in caught.value.hint
    await empty.aclose()


async def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "chatbench.db"
    database = Database.open(path, migrations=(lambda connection: None,))
    await database.ready()
    await database.close()
    before = path.read_bytes()
    file = ResponseFile(path)
    with pytest.raises(DatabaseCorrupt, match="something else"):
        await file.get("a")
    await file.aclose()
    assert path.read_bytes() == before


@pytest.mark.expects_log("answers could not be read from")
async def test_a_file_that_is_damaged_inside_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    file = ResponseFile(path)
    for number in range(500):
        file.put(f"{number}", b"x" * 500)
    await file.aclose()
    data = bytearray(path.read_bytes())
    page = 4096
    for start in range(8 * page, len(data), page):
        data[start : start + page] = os.urandom(page)
    path.write_bytes(data)
    damaged = ResponseFile(path, commit_s=0.01)
    assert [await damaged.get(f"{number}") for number in range(0, 500, 50)].count(None) > 5
    damaged.put("more", b"1")
    await damaged.flush()
    await damaged.aclose()


@pytest.mark.expects_log("answers could not be written to")
async def test_what_cannot_be_written_is_logged_and_raises_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(b"not a database at all")
    file = ResponseFile(path, commit_s=0.01)
    file.put("a", b"1")
    await file.flush()
    await file.aclose()


def test_it_may_be_used_from_several_loops_and_threads(tmp_path: Path) -> None:
    file = ResponseFile(tmp_path / "cache.db", commit_s=0.005, max_entries=10_000)
    failures: list[BaseException] = []

    async def work(name: str) -> None:
        for number in range(100):
            file.put(f"{name}{number}", name.encode())
            assert await file.get(f"{name}{number}") == name.encode()
            await asyncio.sleep(0)

    def run(name: str) -> None:
        try:
            asyncio.run(work(name))
        except BaseException as error:  # a thread has nobody to raise to
            failures.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []

    async def finish() -> Totals:
        totals = await file.totals()
        await file.aclose()
        return totals

    assert asyncio.run(finish()).entries == 400


async def test_flush_waits_for_what_is_being_written_already(tmp_path: Path) -> None:
    file = ResponseFile(tmp_path / "cache.db", commit_s=0.0)
    assert await file.get("a") is None
    other = apsw.Connection(str(tmp_path / "cache.db"))
    other.execute("BEGIN IMMEDIATE")
    file.put("a", b"1")
    await until(lambda: bool(file._writing), "the entry is on its way")
    flushing = asyncio.ensure_future(file.flush())
    await asyncio.wait({flushing}, timeout=0.1)
    assert not flushing.done()
    other.execute("COMMIT")
    await flushing
    assert other.execute("SELECT key FROM responses").fetchall() == [("a",)]
    other.close()
    await file.aclose()
