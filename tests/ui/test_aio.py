"""asyncio beside Qt: tasks kept and their errors routed, dialogs awaited, the loop's whole life."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QDialog

from chatbench.core.errors import DatabaseClosed
from chatbench.ui import aio

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    Runner = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    yield
    aio.set_error_handler(None)


def test_a_task_is_kept_until_it_ends(run_async: Runner) -> None:
    async def scenario() -> list[str]:
        done: list[str] = []
        ended = asyncio.Event()

        async def work() -> None:
            await asyncio.sleep(0)
            gc.collect()
            done.append("done")
            ended.set()

        aio.spawn(work())
        await ended.wait()
        return done

    assert run_async(scenario()) == ["done"]


def test_a_task_that_outlasts_a_run_of_the_loop_goes_on_on_that_loop(run_async: Runner) -> None:
    loops: list[object] = []

    async def work() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
            loops.append(asyncio.get_running_loop())

    async def begin() -> None:
        aio.spawn(work())

    async def end() -> None:
        await asyncio.gather(*aio._tasks)

    run_async(begin())
    run_async(end())
    assert len(loops) == 50
    assert len(set(loops)) == 1


def test_errors_go_to_their_own_handler_or_to_the_applications(run_async: Runner) -> None:
    async def fail(words: str) -> None:
        raise ValueError(words)

    async def scenario() -> tuple[list[str], list[str]]:
        own: list[str] = []
        common: list[str] = []
        aio.set_error_handler(lambda error: common.append(str(error)))
        tasks = [
            aio.spawn(fail("a"), on_error=lambda error: own.append(str(error))),
            aio.spawn(fail("b")),
        ]
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        return own, common

    assert run_async(scenario()) == (["a"], ["b"])


def test_without_a_handler_an_error_is_logged(run_async: Runner, expect_log: Callable[[str], None]) -> None:
    expect_log("a task failed")

    async def fail() -> None:
        raise ValueError("words")

    async def scenario() -> None:
        task = aio.spawn(fail())
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)

    run_async(scenario())


def test_being_cancelled_is_no_error(run_async: Runner) -> None:
    async def scenario() -> list[BaseException]:
        errors: list[BaseException] = []
        aio.set_error_handler(errors.append)
        never = aio.spawn(asyncio.Event().wait())
        await asyncio.sleep(0)
        await aio.cancel_spawned()
        assert never.cancelled()
        return errors

    assert run_async(scenario()) == []


def test_work_is_not_leaked_when_no_loop_runs() -> None:
    async def work() -> None:
        raise AssertionError("never runs")

    with pytest.raises(RuntimeError):
        aio.spawn(work())
    gc.collect()


def test_a_dialog_is_awaited_while_other_tasks_run(run_async: Runner) -> None:
    async def scenario() -> tuple[int, int]:
        ticks = 0
        dialog = QDialog()

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                if ticks == 6:
                    dialog.accept()
                await asyncio.sleep(0)

        aio.spawn(tick())
        answer = await aio.ask(dialog)
        await aio.cancel_spawned()
        return answer, ticks

    answer, ticks = run_async(scenario())
    assert answer == QDialog.DialogCode.Accepted
    assert ticks > 5


def test_a_cancelled_wait_closes_its_dialog(run_async: Runner) -> None:
    async def scenario() -> list[int]:
        dialog = QDialog()
        ended: list[int] = []
        dialog.finished.connect(ended.append)
        waiting = aio.spawn(aio.ask(dialog))
        await asyncio.sleep(0)
        assert dialog.isVisible()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return ended

    assert run_async(scenario()) == [QDialog.DialogCode.Rejected]


def test_run_ends_with_mains_code_after_closing_the_last_window_and_cleans_up() -> None:
    program = """
import asyncio
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from chatbench.core.errors import DatabaseClosed
from chatbench.ui import aio

app = QApplication([])
window = QWidget()
window.show()
QTimer.singleShot(0, window.close)

async def left_over():
    try:
        await asyncio.Event().wait()
    finally:
        print("cancelled")

async def main():
    aio.spawn(left_over())
    while window.isVisible():
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0.001)
    print("shut down")
    return 7

raise SystemExit(aio.run(app, main))
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout.split("\n")[:2]) == (7, ["shut down", "cancelled"]), ended.stderr


def test_what_comes_too_late_for_the_database_is_no_error(run_async: Runner) -> None:
    """A list that is loaded again while the program closes: nobody can do anything about it."""

    async def late() -> None:
        raise DatabaseClosed("The database is closed.")

    async def scenario() -> list[BaseException]:
        told: list[BaseException] = []
        aio.set_error_handler(told.append)
        await asyncio.gather(aio.spawn(late()), return_exceptions=True)
        await asyncio.sleep(0)
        return told

    assert run_async(scenario()) == []
