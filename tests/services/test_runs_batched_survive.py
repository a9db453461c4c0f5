"""Runs by batch jobs that are left, killed, stopped or changed: nothing is lost, sent or paid twice."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.harness.waiting import until
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.services.batched import batched, jobs_at, paid, prepare, taken, texts
from tests.services.conftest import Open

from chatbench.core.runs import PlanData, PlanLimits
from chatbench.providers.openai_responses.batches import OpenAIJobs
from chatbench.services import Services
from chatbench.services.runs import batching

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def services(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    async with opened() as running:
        yield prepare(running, server)


async def test_a_paused_run_takes_its_job_up_again(opened: Open, server: LoopbackServer) -> None:
    """As after a quit: the answers come while nobody looks."""
    async with opened() as services:
        run = await prepare(services, server).runs.start(batched(3))
        await taken(server)
        other = await services.runs.start(batched(1))
        await taken(server, 2)
        await services.runs.pause(other.id)
    for job in jobs_at(server):
        server.batches.finish(job)
    async with opened() as services:
        prepare(services, server)
        assert (await services.runs.get(run.id)).state == "paused"
        assert [one.id for one in await services.runs.resume_left()] == [run.id]
        ended = await services.runs.wait(run.id)
        assert (ended.state, ended.done) == ("done", 3)
        assert (await paid(services))[0] == 3
    assert len(jobs_at(server)) == 2


@pytest.mark.parametrize("point", ["create", "claim", "sent", "settle", "ended", "put", "collected"])
async def test_a_run_that_broke_off_at_any_point_pays_for_nothing_twice(
    opened: Open, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Everything stops right after, and then right before, one thing was written."""
    server.batches.at_once = True
    store = "chatbench.storage.runs.RunStore" if point == "put" else "chatbench.storage.jobs.JobStore"
    for after in (True, False):
        server.batches.taken.clear()
        async with AsyncExitStack() as stack:
            services = prepare(await stack.enter_async_context(opened()), server)
            before = await paid(services)
            with monkeypatch.context() as patch:
                broken = _breaking(store, point, after=after)
                patch.setattr(f"{store}.{point}", broken.write)
                run = await services.runs.start(batched(3))
                await asyncio.wait_for(broken.reached.wait(), 30)
                await services.runs.pause(run.id, at_once=True)
            await services.runs.resume(run.id)
            ended = await services.runs.wait(run.id)
            assert (ended.state, ended.done, ended.failed) == ("done", 3, 0), after
            assert await texts(services, run) == ["Row 0", "Row 1", "Row 2"]
            calls, amount = await paid(services)
            assert (calls - before[0], amount - before[1]) == (3, ended.cost), after
            assert len(jobs_at(server)) == 1, after


class _Broken:
    def __init__(self, write: Callable[..., Any], *, after: bool) -> None:
        self.reached = asyncio.Event()
        self._write, self._after = write, after

    @property
    def write(self) -> Callable[..., Any]:
        async def write(*given: Any, **named: Any) -> Any:
            if self._after:
                await self._write(*given, **named)
            self.reached.set()
            await asyncio.Event().wait()

        return write


def _breaking(store: str, name: str, *, after: bool) -> _Broken:
    module, _, kind = store.rpartition(".")
    return _Broken(getattr(getattr(importlib.import_module(module), kind), name), after=after)


async def test_a_key_refused_while_jobs_are_looked_at_pauses_the_run(
    services: Services, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "_LARGEST_JOB", 1)
    run = await services.runs.start(batched(2))
    await until(lambda: (now := services.runs.live(run.id)) is not None and now.in_jobs == 2, "both jobs")
    refusal = {"error": {"message": "no", "type": "authentication_error"}}
    server.script(replies.data(refusal, 401))
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done) == ("paused", 0)
    assert "key" in ended.reason
    for job in jobs_at(server):
        server.batches.finish(job)
    await services.runs.resume(run.id)
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done, len(jobs_at(server))) == ("done", 2, 2)


@contextmanager
def child(folder: Path, server: LoopbackServer) -> Iterator[subprocess.Popen[str]]:
    base_url = server.base_url("openai_responses")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.batchedchild", str(folder), base_url, "4"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'app'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


async def test_kill_9_between_sending_and_collecting_loses_and_repeats_nothing(
    opened: Open, tmp_path: Path, server: LoopbackServer
) -> None:
    """Killed before it heard that its job was taken, and while it fetched the answers."""
    server.batches.now = int(time.time())
    server.batches.lose_next = 1
    folder = tmp_path / "profile"
    with child(folder, server):
        job = await taken(server)
    server.batches.finish(job)
    with child(folder, server):
        await until(lambda: any("/content" in asked.path for asked in server.asked), "the answers")
    with child(folder, server) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "done 4 \n"
    async with opened() as services:
        (run,) = await services.runs.runs()
        assert await texts(services, run) == [f"Row {n}" for n in range(4)]
        assert await paid(services) == (4, run.cost)
    assert len(jobs_at(server)) == 1


async def test_an_answer_to_what_was_asked_before_a_change_is_not_taken(
    services: Services, server: LoopbackServer
) -> None:
    dataset = await services.datasets.create("numbers", rows=({"n": "1"}, {"n": "2"}))
    run = await services.runs.start(batched(data=PlanData(id=dataset.id)))
    job = await taken(server)
    await services.runs.pause(run.id)
    rows = await services.datasets.select(dataset.id)
    await services.datasets.set_cells(dataset.id, [rows[1].id], {"n": "3"})
    server.batches.finish(job)
    await services.runs.rerun(run.id, "changed")
    server.batches.finish(await taken(server, 2))
    assert (await services.runs.wait(run.id)).done == 2
    assert await texts(services, run) == ["Row 1", "Row 3"]
    assert [len(job.requests) for job in jobs_at(server)] == [2, 1]


async def test_what_failed_in_one_piece_is_not_asked_as_long_as_it_stands(
    services: Services, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece was taken over, another is still open, and the run goes on after a pause: what came of the
    first is taken once, and asked anew only where somebody says so."""
    monkeypatch.setattr(OpenAIJobs, "max_requests", 1)
    run = await services.runs.start(batched(2, limits=PlanLimits(tries=1)))
    second = await taken(server, 2)
    server.batches.finish(jobs_at(server)[0], "expired", {0: "expired"})
    await until(lambda: (now := services.runs.live(run.id)) is not None and now.failed == 1, "a failure")
    await services.runs.pause(run.id)
    await services.runs.rerun(run.id, "failed")
    third = await taken(server, 3)
    server.batches.finish(second)
    server.batches.finish(third)
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done, len(jobs_at(server))) == ("done", 2, 3)


async def test_a_budget_holds_what_was_sent_before_a_pause(
    services: Services, server: LoopbackServer
) -> None:
    run = await services.runs.start(batched(3, limits=PlanLimits(budget=Decimal("0.0026"))))
    job = await taken(server)
    await until(lambda: (now := services.runs.live(run.id)) is not None and now.in_jobs == 2, "a job")
    await services.runs.pause(run.id)
    looks = len(server.asked)
    await services.runs.resume(run.id)
    await until(lambda: len(server.asked) >= looks + 3, "three looks")
    assert len(jobs_at(server)) == 1
    server.batches.finish(job)
    server.batches.finish(await taken(server, 2))
    assert (await services.runs.wait(run.id)).done == 3


@pytest.mark.parametrize("paused", [False, True])
async def test_a_stopped_run_cancels_its_jobs_and_can_go_on(
    services: Services, server: LoopbackServer, paused: bool
) -> None:
    run = await services.runs.start(batched(2))
    job = await taken(server)
    await until(lambda: (live := services.runs.live(run.id)) is not None and live.in_jobs == 2, "a job")
    if paused:
        await services.runs.pause(run.id)
    await services.runs.stop(run.id)
    assert (await services.runs.get(run.id)).state == "stopped"
    assert job.status == "cancelling"
    server.batches.finish(job, "cancelled", {0: "cancelled"})
    await services.runs.resume(run.id)
    server.batches.finish(await taken(server, 2))
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done) == ("done", 2)
    assert (await paid(services))[0] == 2


async def test_a_job_cancelled_elsewhere_pauses_the_run(services: Services, server: LoopbackServer) -> None:
    run = await services.runs.start(batched(2))
    server.batches.finish(await taken(server), "cancelled", {1: "cancelled"})
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done) == ("paused", 1)
    assert "was cancelled" in ended.reason
    await services.runs.resume(run.id)
    server.batches.finish(await taken(server, 2))
    assert (await services.runs.wait(run.id)).done == 2
    assert [len(job.requests) for job in jobs_at(server)] == [2, 1]


async def test_deleted_for_good_leaves_no_job_at_the_provider(
    services: Services, server: LoopbackServer
) -> None:
    """In the trash it can still come back, and take over what was answered."""
    run = await services.runs.start(batched(2))
    job = await taken(server)
    await until(lambda: (live := services.runs.live(run.id)) is not None and live.in_jobs == 2, "a job")
    await services.runs.pause(run.id)
    await services.runs.delete(run.id)
    assert job.status != "cancelling"
    await services.runs.delete_for_good([run.id])
    assert job.status == "cancelling"
