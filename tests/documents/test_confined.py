"""A function in a process of its own: what it gets and gives, what it may not, how it ends."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from tests.documents import misbehaving
from tests.documents.misbehaving import Page

from chatbench.core.errors import AttachmentRefused
from chatbench.documents import child
from chatbench.documents import confined as module
from chatbench.documents.confined import confined, confined_stream
from chatbench.documents.frames import Limits

MIB = 1 << 20
COMMAND = module.command()


@pytest.fixture(autouse=True)
def _misbehaving_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The functions of the test can be called, on both sides; nothing is left in the temporary folder."""
    told = module.command()
    more = "from chatbench.documents import child; from tests.documents import misbehaving as m; "
    told[-1] = told[-1].replace("from chatbench", f"{more}child.TASKS.update(m.TASKS); from chatbench", 1)
    monkeypatch.setattr(module, "command", lambda: told)
    for name, place in misbehaving.TASKS.items():
        monkeypatch.setitem(child.TASKS, name, place)
    yield
    assert children() == [], "a process is left"


def children() -> list[int]:
    """Processes, running or waiting to be buried, that this one has started as readers."""
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    found = [int(number) for one in listed for number in one.read_text().split()]
    return [number for number in found if b"documents.child" in Path(f"/proc/{number}/cmdline").read_bytes()]


async def test_values_come_back_as_they_went() -> None:
    page = Page(3, bytes(range(256)))
    given = (b"\x00\xff" * 40_000, "Füße 会议 \x00", page, (7, 0.25))
    assert await confined("echo", *given) == given


async def test_a_path_is_handed_on_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "three.txt").write_bytes(b"abc")
    monkeypatch.chdir(tmp_path)
    assert await confined("size_of", Path("three.txt")) == 3
    assert await confined("size_of", b"four") == 4


async def test_values_come_one_by_one_with_progress() -> None:
    told: list[tuple[int, int]] = []
    stream = confined_stream("pages", 500, 10, on_progress=lambda done, total: told.append((done, total)))
    assert [page async for page in stream] == [Page(number, b"p" * 10) for number in range(500)]
    assert told[-1] == (500, 500)
    assert told == sorted(told)


async def test_a_stream_that_is_left_early_leaves_nothing() -> None:
    async with aclosing(confined_stream("pages", 100_000, 1000, limits=Limits(output=1 << 40))) as stream:
        async for page in stream:
            if page.number == 2:
                break
    assert children() == []


async def test_time_between_two_items_does_not_count() -> None:
    stream = confined_stream("pages", 40, 100_000, limits=Limits(seconds=1.5))
    began = time.monotonic()
    async for _ in stream:
        await asyncio.sleep(0.05)
    assert time.monotonic() - began > 1.9


def test_it_works_on_the_loop_of_the_window(run_async: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def both() -> tuple[Any, Any]:
        return await asyncio.gather(confined("size_of", b"abc"), confined("size_of", b"abcd"))

    assert run_async(both()) == [3, 4]


async def test_many_wait_their_turn() -> None:
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(children()))
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    sizes = await asyncio.gather(*(confined("size_of", b"x" * number) for number in range(12)))
    watching.cancel()
    assert sizes == list(range(12))
    assert 1 <= most <= min(4, os.cpu_count() or 1)


def test_only_named_functions_can_be_called() -> None:
    with pytest.raises(KeyError):
        asyncio.run(confined("os:system", "true"))


@pytest.mark.parametrize("given", [(b"", 3, Page(1), (1, 1.0)), (b"", "", Page(1), (1, 1.0), "more")])
async def test_a_call_of_the_wrong_types_is_the_callers_fault(given: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError)):
        await confined("echo", *given)


async def test_a_refusal_comes_back_as_it_was_raised() -> None:
    with pytest.raises(AttachmentRefused) as caught:
        await confined("refuse", name="report.docx")
    assert (caught.value.message, caught.value.hint) == ("Page 3 is missing.", "Find it.")


@pytest.mark.parametrize(
    ("task", "given", "limits", "sentence"),
    [
        ("take_memory", (), Limits(), "report.docx needs more memory than a document may take (1 GiB)."),
        ("take_memory", (), Limits(memory=256 * MIB), "than a document may take (256 MiB)."),
        ("spin", (), Limits(seconds=0.5), "takes longer to read than a document may (0.5 seconds)."),
        ("wait_for_ever", (), Limits(seconds=0.5), "takes longer to read"),
        ("drip", (), Limits(seconds=0.7), "takes longer to read"),
        ("pages", (100, MIB), Limits(output=8 * MIB), "more text and pictures than a document may (8 MiB)."),
        ("nest", (), Limits(), "report.docx is nested too deeply to be read."),
        ("crash", (), Limits(), "report.docx cannot be read."),
        ("kill_itself", (int(signal.SIGKILL),), Limits(), "needs more memory"),
        ("kill_itself", (int(signal.SIGXCPU),), Limits(), "takes longer to read"),
        ("kill_itself", (int(signal.SIGABRT),), Limits(), "report.docx cannot be read."),
        ("fail", (), Limits(), "report.docx cannot be read."),
        ("lie", (), Limits(), "report.docx cannot be read."),
        ("babble", (), Limits(), "report.docx cannot be read."),
    ],
)  # fmt: skip
async def test_every_bad_end_is_a_sentence(
    task: str, given: tuple[Any, ...], limits: Limits, sentence: str
) -> None:
    began = time.monotonic()
    with pytest.raises(AttachmentRefused) as caught:
        await confined(task, *given, name="report.docx", limits=limits)
    assert sentence in caught.value.message
    assert caught.value.hint
    assert time.monotonic() - began < 15, "long before the thirty seconds that it may take"


async def test_what_a_document_says_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with pytest.raises(AttachmentRefused):
        await confined("fail", name="report.docx")
    assert "KeyError in child.py" in caplog.text
    assert "misbehaving.py" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("after", [0.0, 0.002, 0.01, 0.3])
async def test_to_cancel_ends_the_process_at_once(after: float) -> None:
    reading = asyncio.create_task(confined("spin"))
    await asyncio.sleep(after)
    began = time.monotonic()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert time.monotonic() - began < 5
    assert children() == []


async def test_one_that_is_not_read_from_can_be_cancelled_while_it_is_written_to() -> None:
    reading = asyncio.create_task(confined("wait_for_ever"))
    large = asyncio.create_task(confined("size_of", bytes(200 * MIB)))
    await asyncio.sleep(0.06)
    for task in (reading, large):
        task.cancel()
    ended = await asyncio.gather(reading, large, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("write", "PermissionError"),
        ("write past Python", "PermissionError"),
        ("rename", "PermissionError"),
        ("connect", "PermissionError"),
        ("run", "PermissionError"),
        ("fork", "PermissionError"),
    ],
)
async def test_a_misdeed_is_refused(what: str, error: str) -> None:
    assert await confined("try_to", what) == error


async def test_it_has_nothing_but_its_pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-CANARY")
    with (tmp_path / "open").open("wb") as file:
        os.set_inheritable(file.fileno(), True)
        variables, folder, files = await confined("environment")
    assert set(variables) <= {"SYSTEMROOT", "LD_LIBRARY_PATH", "LC_CTYPE"}
    assert folder == ()
    assert set(files) <= {0, 1, 2, 3, 4}, "its pipes, and where the noise goes"


async def test_what_a_library_prints_is_no_answer() -> None:
    assert await confined("print_much") == 1


async def test_large_bytes_are_there_once_on_each_side() -> None:
    small = await confined("peak_kib", b"x")
    data = bytes(100 * MIB)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert await confined("peak_kib", data) - small < 110 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024


def spent() -> float:
    """Seconds of processor time of processes that have ended, which a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def test_to_start_one_costs_little() -> None:
    await confined("size_of", b"abc")
    taken = []
    for _ in range(5):
        before = spent()
        await confined("size_of", b"abc")
        taken.append(spent() - before)
    assert median(taken) < 0.12


def test_the_child_imports_nothing_heavy() -> None:
    said = subprocess.run(
        [*COMMAND[:-1], COMMAND[-1].replace("; main()", "; print(*sys.modules)")],
        capture_output=True,
        check=True,
    )
    loaded = set(said.stdout.decode().split())
    assert "msgspec" in loaded
    heavy = {"asyncio", "PIL", "lxml", "httpx", "PySide6", "subprocess", "socket", "json", "logging"}
    assert not heavy & loaded, sorted(heavy & loaded)


def test_the_command_names_this_interpreter() -> None:
    assert COMMAND[0] == sys.executable
