"""Runs of 100,000 cells in their view: opened, scrolled through while they grow, and what that keeps the
window from."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from tests.benchmarks.measuring import Passes, median, percentile, stall
from tests.benchmarks.peers.ours import provider
from tests.benchmarks.peers.processes import mock
from tests.benchmarks.rows import Measured
from tests.scenarios.window import until

from chatbench.core.checks import Check, Verdict
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import (
    Cell,
    Plan,
    PlanData,
    PlanLimits,
    PlanModel,
    PlanPrompt,
    Run,
    RunColumn,
    RunRow,
)
from chatbench.core.usage import Usage
from chatbench.main import build
from chatbench.services import Services
from chatbench.storage.runs import DONE, Finished, Tally, key_of
from chatbench.ui import aio
from chatbench.ui.app import make_application
from chatbench.ui.workbench.runs import RunView

MANY, FEW = 100_000, 1_000
COLUMNS = 4
AT_ONCE = 50
WATCHED_S = 20.0
IDLE_S = 2.0
ROUNDS = 8
STEP = 40
"""Pixels a frame: a page in a third of a second."""
JUMPS_EVERY = 30
"""Frames, of which one goes a page further: all of it is painted anew."""
SIZE = (1_280, 860)


def run_grid_frame_ms() -> Measured:
    """What a frame costs the GUI thread, 99th percentile: scrolled by a step (every 30th by a page)
    and painted, while cells are asked and answered at once."""
    frames: list[float] = []

    async def work(view: RunView) -> None:
        bar = view.grid.verticalScrollBar()
        end = time.monotonic() + WATCHED_S
        while time.monotonic() < end:
            began = time.thread_time()
            far = bar.pageStep() if len(frames) % JUMPS_EVERY == 0 else STEP
            bar.setValue((bar.value() + far) % bar.maximum())
            QApplication.sendPostedEvents(view, QEvent.Type.UpdateRequest.value)
            frames.append((time.thread_time() - began) * 1000)
            await asyncio.sleep(1 / 60)

    done = _watched(work)
    notes = (f"{len(frames)} frames, the median {median(frames):.1f} ms; {done:,} cells meanwhile",)
    return Measured(percentile(frames, 0.99), notes=notes)


def run_stall_ms() -> Measured:
    """What a pass of the loop costs the GUI thread, 99.9th percentile, less that of the idle window: the run
    itself goes on in the same loop."""
    found: list[list[float]] = []

    async def work(view: RunView) -> None:
        passes = Passes()
        gc.collect()
        passes.start()
        await asyncio.sleep(WATCHED_S)
        found.append(passes.stop())
        await view._services.runs.pause(view.id, at_once=True)
        await view.settled()
        await asyncio.sleep(1)
        passes.start()
        await asyncio.sleep(IDLE_S)
        found.append(passes.stop())

    done = _watched(work)
    busy, idle = found
    longest = ", ".join(f"{cost:.0f}" for cost in sorted(busy)[:-6:-1])
    notes = (f"{len(busy)} passes, the longest {longest} ms; {done:,} cells meanwhile",)
    return Measured(stall(busy, idle), notes=notes)


def open_run_100000_vs_1000() -> Measured:
    """CPU time (all threads) from the wish until the cells in view are painted, 100,000 cells to 1,000; each
    in turn, medians. What the heads say is counted afterwards, on another thread."""
    found: list[list[float]] = [[], []]

    async def scenario() -> int:
        async with _services() as services:
            runs = [await _stored(services, count) for count in (FEW, MANY)]
            for number in range(ROUNDS + 1):
                for costs, run in zip(found, runs, strict=True):
                    gc.collect()
                    cost = await _open(services, run)
                    if number:
                        costs.append(cost)
        return 0

    aio.run(make_application(), scenario)
    less, more = (median(costs) * 1000 for costs in found)
    return Measured(more / less, notes=(f"{more:.0f} and {less:.0f} ms of CPU time",))


async def _open(services: Services, run: Run) -> float:
    began = time.process_time()
    view = RunView(services, run.id)
    view.resize(*SIZE)
    view.show()
    await until(lambda: view.run is not None and view._model.is_there(10), "the cells")
    view.grid.viewport().repaint()
    spent = time.process_time() - began
    await view.settled()
    view.release()
    view.close()
    view.deleteLater()
    await asyncio.sleep(0.1)
    return spent


def _watched(work: Callable[[RunView], Awaitable[None]]) -> int:
    """Does something with the view of a run that is under way; how many cells came meanwhile."""
    done: list[int] = []

    async def scenario() -> int:
        async with _services(base) as services:
            run = await services.runs.start(_plan())
            view = RunView(services, run.id)
            view.resize(*SIZE)
            view.show()
            await until(lambda: view.is_live and view._model.is_there(10), "the run")
            before = services.runs.live(run.id)
            assert before is not None
            await asyncio.sleep(1)
            await work(view)
            live = services.runs.live(run.id)
            after = live.done if live is not None else (await services.runs.get(run.id)).done
            done.append(after - before.done)
            assert after < MANY, "the run was over too soon"
            await services.runs.pause(run.id, at_once=True)
            await view.settled()
            view.release()
            view.close()
            view.deleteLater()
        return 0

    with mock() as address:
        base = f"{address}/instant/v1"
        aio.run(make_application(), scenario)
    return done[0]


def _plan() -> Plan:
    texts = [f"Question {number} of {{{{number}}}}" for number in range(COLUMNS)]
    return Plan(
        prompts=tuple(PlanPrompt(prompt=Prompt(messages=(PromptMessage(text=text),))) for text in texts),
        data=PlanData(rows=tuple({"number": number} for number in range(MANY // COLUMNS))),
        models=(PlanModel(model="mock/mock"),),
        checks=(Check(kind="contains", value="the cache"), Check(kind="cost", value=1)),
        limits=PlanLimits(concurrent=AT_ONCE),
    )


async def _stored(services: Services, count: int) -> Run:
    """A run of so many cells that is over, written straight into the database."""
    store = services.runs._store
    prompt = Prompt(messages=(PromptMessage(text="Question {{number}}"),))
    columns = tuple(
        RunColumn(index=at, label=f"Prompt {at + 1}", model="mock/mock", prompt=prompt, key=str(at))
        for at in range(COLUMNS)
    )
    plan = _plan_of(prompt)
    rows = count // COLUMNS
    run = await store.create(plan, columns)
    told = [
        RunRow(id=f"r{at}", values={"number": f"Question {at} of a few words"}, expected="Yes")
        for at in range(rows)
    ]
    await store.add_rows(run, 0, told)
    run = await store.settle(run, rows)
    run = await store.claim(run.id)
    for first in range(0, count, 5_000):
        cells = [_finished(run, place) for place in range(first, min(count, first + 5_000))]
        await store.put(run, cells, Tally(done=len(cells), cost=Decimal("0.0001") * len(cells)))
    return await store.leave(run, "done")


def _plan_of(prompt: Prompt) -> Plan:
    """The plan of a run that is written straight into the database."""
    checks = (Check(kind="contains", value="Yes"), Check(kind="equals"))
    return Plan(prompts=(PlanPrompt(prompt=prompt),), models=(PlanModel(model="mock/mock"),), checks=checks)


def _finished(run: Run, place: int) -> Finished:
    passed = place % 7 != 0
    cell = Cell(
        key=key_of(run, place),
        state="done",
        text=f'{{"answer": "Yes", "number": {place}, "because": "of what was asked in the question"}}',
        usage=Usage(input_tokens=120, output_tokens=40),
        cost=Decimal("0.0001"),
        first_ms=300,
        total_ms=900 + place % 1000,
        tries=1,
        verdicts=(Verdict(passed=True, score=1.0), Verdict(passed=passed, score=float(passed))),
        score=0.5 + passed / 2,
        passed=passed,
    )
    return Finished(place, cell, DONE, "11" if passed else "10")


@asynccontextmanager
async def _services(base: str = "http://127.0.0.1:9/v1") -> AsyncIterator[Services]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "providers").mkdir()
        told = provider(base, AT_ONCE).replace("base_url", 'auth = "none"\nbase_url')
        (folder / "providers" / "mock.toml").write_text(told)
        services = build(folder, environ={}, shared_loop=True)
        await services.profile.ready()
        try:
            yield services
        finally:
            await services.aclose()
