"""Runs that are killed, or run into a full disk: nothing that was written is lost or asked again."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.server import Fault, FaultServer
from tests.harness.waiting import until
from tests.loopback.server import LoopbackServer

from chatbench.core.runs import Run
from chatbench.storage.database import Database
from chatbench.storage.profile import Profile
from chatbench.storage.runs import CRASHED, RunStore

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")
ROOT = Path(__file__).resolve().parents[2]
ROWS, EACH = 300, 60


def bad_day(prompt: int, attempt: int) -> Fault | None:
    """Now and then a call fails and is made again; others take their time, so that a kill comes between."""
    point = random.Random(f"{prompt} {attempt}").random()
    if point < 0.3:
        return "slow"
    return "500 at once" if point < 0.33 else "cut before a word" if point < 0.35 else None


@contextmanager
def child(folder: Path, server: FaultServer | LoopbackServer, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "tests.services.runchild",
        str(folder),
        str(server.port),
        *more,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'app'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


async def left(folder: Path) -> tuple[Run, set[int]]:
    """The run as the next program finds it, and the rows that have their answer."""
    profile = Profile.open(folder, environ={})
    database = Database.open(profile.database, backups=profile.backups)
    store = RunStore(database, profile.owner)
    await store.release_orphans()
    (run,) = await store.all()
    cells = await store.cells(run, 0, run.total)
    figures = await store.figures(run)
    assert await database.check() == []
    await database.close()
    profile.close()
    done = {cell.key.row for cell in cells if cell.state == "done"}
    assert len(figures) == len(cells)
    assert run.done == len(done) == len([cell for cell in cells if cell.state == "done"])
    assert all(f"{cell.key.row}" in cell.text for cell in cells if cell.state == "done")
    return run, done


async def asked(server: FaultServer, count: int) -> None:
    await until(lambda: len(server.sent) >= count, f"{count} calls")


async def test_kill_9_loses_nothing_and_pays_for_nothing_twice(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rounds = 50 if request.config.getoption("--long") else 5
    rows = rounds * EACH
    chance = random.Random(5)
    with FaultServer(bad_day) as server:
        kept: dict[int, int] = {}
        for _ in range(rounds):
            wanted = len(server.sent) + chance.randrange(1, EACH)
            with child(tmp_path / "profile", server, str(rows)) as process:
                await asked(server, wanted)
                process.kill()
            run, done = await left(tmp_path / "profile")
            assert set(kept) <= done
            assert (run.state, run.reason) == ("paused", CRASHED)
            kept |= {row: server.answered[row] for row in done if row not in kept}
        with child(tmp_path / "profile", server, str(rows)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"done {rows} \n"
        run, done = await left(tmp_path / "profile")
        assert (run.state, run.done, done) == ("done", rows, set(range(rows)))
        assert {row: server.answered[row] for row in kept} == kept
        assert len(kept) > rows / 10


async def test_a_full_disk_pauses_the_run_and_loses_nothing(tmp_path: Path) -> None:
    """What had come is kept in memory, and written when there is room; then the rest is asked."""
    with FaultServer(lambda prompt, attempt: None) as server:
        with child(tmp_path / "profile", server, str(ROWS), "60000") as process:
            assert process.stdout is not None
            first, second = process.stdout.readline(), process.stdout.readline()
        run, done = await left(tmp_path / "profile")
        assert first.startswith("paused ")
        assert "No space is left" in first
        assert second == f"done {ROWS} \n"
        assert (run.state, len(done)) == ("done", ROWS)
        assert server.answered == dict.fromkeys(range(ROWS), 1)
