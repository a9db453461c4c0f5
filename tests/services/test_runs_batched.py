"""Runs whose cells go by batch jobs of their providers: sent once, taken over once, paid once."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.harness.waiting import until
from tests.loopback import replies
from tests.loopback.batches import Taken
from tests.loopback.server import LoopbackServer
from tests.services.conftest import Open, loop
from tests.services.test_runs import plan_of, prompt

from chatbench.core.changes import Changes
from chatbench.core.checks import Check
from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanPrompt, PlanUser, Run
from chatbench.providers.openai_responses.batches import OpenAIJobs
from chatbench.services import Services
from chatbench.services.runs import batching

WIRES = {
    "openai": "openai_responses", "anthropic": "anthropic", "gemini": "gemini", "mistral": "mistral",
}  # fmt: skip
MODELS = {
    "openai": "openai/gpt-4.1", "anthropic": "anthropic/claude-fable-5", "gemini": "gemini/gemini-3.8-flash",
    "mistral": "mistral/mistral-medium-3",
}  # fmt: skip
MODEL = MODELS["openai"]
ROOT = Path(__file__).resolve().parents[2]


def vendor_at(server: LoopbackServer, vendor: str) -> Endpoint:
    version = "v1beta" if vendor == "gemini" else ""
    return Endpoint(
        id=vendor, name=vendor, wire=WIRES[vendor], base_url=server.base_url(WIRES[vendor]), auth="none",
        quirks=Quirks(file_storage=True, batch_jobs=True, api_version=version),
    )  # fmt: skip


def prepare(services: Services, server: LoopbackServer) -> Services:
    """The four vendors at the loopback server, looked at again and again without waiting."""
    server.batches.now = int(time.time())
    services.endpoints.save(loop(server))
    for vendor in WIRES:
        services.endpoints.save(vendor_at(server, vendor))
    services.runs.look_s = 0.005
    return services


@pytest.fixture
async def services(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    async with opened() as running:
        yield prepare(running, server)


def batched(rows: int = 3, models: tuple[str, ...] = (MODEL,), **more: Any) -> Plan:
    """Each row asks for its own number."""
    return plan_of(rows, models, batch=True, **more)


def jobs_at(server: LoopbackServer) -> list[Taken]:
    return list(server.batches.taken.values())


async def taken(server: LoopbackServer, count: int = 1) -> Taken:
    await until(lambda: len(server.batches.taken) >= count, f"{count} jobs")
    return jobs_at(server)[-1]


async def paid(services: Services) -> tuple[int, Decimal]:
    """Calls and US dollars in the ledger."""
    spent = await services.usage.since(datetime.fromtimestamp(0, UTC))
    return spent.calls, spent.amount


async def texts(services: Services, run: Run) -> list[str]:
    return [cell.text for cell in await services.runs.cells(run.id)]


@pytest.mark.parametrize("vendor", list(WIRES))
async def test_cells_are_answered_by_a_job_checked_and_paid_once_at_its_price(
    services: Services, server: LoopbackServer, vendor: str
) -> None:
    server.batches.at_once = True
    plan = batched(3, (MODELS[vendor],), checks=(Check(kind="contains", value="Row {{n}}"),))
    run = await services.runs.wait((await services.runs.start(plan)).id)
    assert (run.state, run.done, run.failed, run.unpriced) == ("done", 3, 0, 0)
    assert await texts(services, run) == ["Row 0", "Row 1", "Row 2"]
    cells = await services.runs.cells(run.id)
    assert [cell.passed for cell in cells] == [True] * 3
    (job,) = await services.jobs.all()
    assert {cell.job for cell in cells} == {job.id}
    assert (job.name, job.collected, cells[0].total_ms) == ("Run 1", True, None)
    assert Decimal(job.cost) == run.cost == sum(cell.cost or 0 for cell in cells)
    assert await paid(services) == (3, run.cost)
    assert len(jobs_at(server)) == 1


async def test_other_models_are_asked_as_usual_at_the_same_time(
    services: Services, server: LoopbackServer
) -> None:
    plan = batched(2, (MODEL, "loop/m"))
    forecast = await services.runs.check(plan)
    assert forecast.notes == ("loop/m takes no batch jobs: it is asked as usual.",)
    run = await services.runs.start(plan)
    job = await taken(server)
    await until(lambda: (now := services.runs.live(run.id)) is not None and now.done == 2, "live cells")
    await until(lambda: (now := services.runs.live(run.id)) is not None and now.in_jobs == 2, "a job")
    server.batches.finish(job)
    assert (await services.runs.wait(run.id)).state == "done"
    assert [bool(cell.job) for cell in await services.runs.cells(run.id)] == [True, False, True, False]


async def test_what_expires_or_fails_in_passing_goes_into_the_next_job(
    services: Services, server: LoopbackServer
) -> None:
    run = await services.runs.start(batched(4))
    server.batches.finish(await taken(server), "expired", {0: "expired", 1: "failed", 2: "lost"})
    second = await taken(server, 2)
    assert len(second.requests) == 2
    server.batches.finish(second)
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done, ended.failed) == ("done", 3, 1)
    assert await texts(services, run) == ["Row 0", "", "Row 2", "Row 3"]
    assert (await paid(services))[0] == 3


async def test_or_it_is_asked_as_usual_if_the_plan_says_so(
    services: Services, server: LoopbackServer
) -> None:
    run = await services.runs.start(batched(3, batch_again="live"))
    server.batches.finish(await taken(server), "expired", {1: "expired"})
    assert (await services.runs.wait(run.id)).done == 3
    assert [bool(cell.job) for cell in await services.runs.cells(run.id)] == [True, False, True]
    assert len(jobs_at(server)) == 1


async def test_what_expires_again_and_again_has_failed(services: Services, server: LoopbackServer) -> None:
    run = await services.runs.start(batched(1, limits=PlanLimits(tries=2)))
    for count in (1, 2):
        server.batches.finish(await taken(server, count), "expired", {0: "expired"})
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done, ended.failed) == ("done", 0, 1)
    assert len(jobs_at(server)) == 2


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


async def test_a_chain_goes_job_by_job(services: Services, server: LoopbackServer) -> None:
    server.batches.at_once = True
    prompts = (
        PlanPrompt(name="", prompt=prompt("first {{n}}")),
        PlanPrompt(prompt=prompt("then {{said}}"), outputs_of={"said": "Prompt 1"}),
    )
    run = await services.runs.wait((await services.runs.start(batched(2, prompts=prompts))).id)
    assert run.state == "done"
    assert await texts(services, run) == ["first 0", "then first 0", "first 1", "then first 1"]
    assert [len(job.requests) for job in jobs_at(server)] == [2, 2]


async def test_a_chain_ends_where_an_answer_is_missing(services: Services, server: LoopbackServer) -> None:
    prompts = (
        PlanPrompt(prompt=prompt("first {{n}}")),
        PlanPrompt(prompt=prompt("then {{said}}"), outputs_of={"said": "Prompt 1"}),
    )
    run = await services.runs.start(batched(2, prompts=prompts))
    server.batches.finish(await taken(server), outcomes={0: "failed"})
    server.batches.finish(await taken(server, 2))
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done, ended.failed) == ("done", 2, 2)
    assert await texts(services, run) == ["", "", "first 1", "then first 1"]


async def test_the_cache_is_asked_first_and_gets_the_answers(
    services: Services, server: LoopbackServer
) -> None:
    server.batches.at_once = True
    plan = batched(3, cache=True)
    await services.runs.wait((await services.runs.start(plan)).id)
    more = batched(4, cache=True)
    run = await services.runs.wait((await services.runs.start(more)).id)
    assert [len(job.requests) for job in jobs_at(server)] == [3, 1]
    cells = await services.runs.cells(run.id)
    assert [(cell.text, cell.from_cache) for cell in cells] == [
        ("Row 0", True), ("Row 1", True), ("Row 2", True), ("Row 3", False),
    ]  # fmt: skip
    assert [cell.cost for cell in cells[:3]] == [0, 0, 0]
    again = await services.runs.wait((await services.runs.start(plan_of(4, (MODEL,), cache=True))).id)
    assert (again.done, again.cost, len(jobs_at(server))) == (4, 0, 2)


async def test_a_budget_counts_what_jobs_are_expected_to_take(
    services: Services, server: LoopbackServer
) -> None:
    """300 tokens at half of 8 dollars a million are $0.0012: two of them have room, the third waits."""
    run = await services.runs.start(batched(3, limits=PlanLimits(budget=Decimal("0.0026"))))
    first = await taken(server)
    assert len(first.requests) == 2
    server.batches.finish(first)
    second = await taken(server, 2)
    assert len(second.requests) == 1
    server.batches.finish(second)
    ended = await services.runs.wait(run.id)
    assert (ended.state, ended.done) == ("done", 3)
    assert ended.cost < Decimal("0.0026")


async def test_a_run_without_room_for_a_job_pauses_and_says_so(
    services: Services, server: LoopbackServer
) -> None:
    run = await services.runs.start(batched(2, limits=PlanLimits(budget=Decimal("0.0001"))))
    ended = await services.runs.wait(run.id)
    assert ended.state == "paused"
    assert "of $0.0001 for the run" in ended.reason
    assert jobs_at(server) == []
    await services.runs.resume(run.id, budget=Decimal(1))
    server.batches.finish(await taken(server))
    assert (await services.runs.wait(run.id)).done == 2


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


async def test_what_failed_is_asked_anew_and_not_taken_from_the_old_job(
    services: Services, server: LoopbackServer
) -> None:
    run = await services.runs.start(batched(2))
    server.batches.finish(await taken(server), outcomes={1: "failed"})
    assert (await services.runs.wait(run.id)).failed == 1
    await services.runs.rerun(run.id, "failed")
    server.batches.finish(await taken(server, 2))
    assert (await services.runs.wait(run.id)).done == 2
    assert [len(job.requests) for job in jobs_at(server)] == [2, 1]


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


async def test_repeats_are_asked_whatever_the_cache_has(services: Services, server: LoopbackServer) -> None:
    server.batches.at_once = True
    for _ in range(2):
        await services.runs.wait((await services.runs.start(batched(2, repeats=2, cache=True))).id)
    assert [len(job.requests) for job in jobs_at(server)] == [4, 2]


async def test_a_refusal_pauses_the_run_and_keeps_no_job(services: Services, server: LoopbackServer) -> None:
    server.script(*[replies.data({"error": {"message": "no", "type": "authentication_error"}}, 401)] * 2)
    run = await services.runs.wait((await services.runs.start(batched(2))).id)
    assert (run.state, run.done, run.failed) == ("paused", 0, 0)
    assert run.reason
    assert await services.jobs.all() == []


async def test_large_runs_go_in_several_jobs(
    services: Services, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "_LARGEST_JOB", 2)
    server.batches.at_once = True
    run = await services.runs.wait((await services.runs.start(batched(5, repeats=1))).id)
    assert run.done == 5
    assert [len(job.requests) for job in jobs_at(server)] == [2, 2, 1]


async def test_a_talk_of_several_turns_is_asked_as_usual(services: Services, server: LoopbackServer) -> None:
    plan = batched(1, user=PlanUser(says=("And?",)))
    assert (await services.runs.check(plan)).notes == (
        "A talk of several turns cannot go by batch jobs: it is asked as usual.",
    )
    assert (await services.runs.wait((await services.runs.start(plan)).id)).done == 1
    assert jobs_at(server) == []


async def test_the_forecast_takes_the_prices_of_jobs(services: Services) -> None:
    plan = batched(2, (MODEL,))
    by_jobs, live = await services.runs.check(plan), await services.runs.check(plan_of(2, (MODEL,)))
    assert by_jobs.cost == by_jobs.cost_in_batches == live.cost_in_batches
    assert live.cost is not None
    assert by_jobs.cost == live.cost / 2
    mixed = await services.runs.check(batched(2, (MODEL, "anthropic/claude-fable-5", "loop/m")))
    assert mixed.seconds is None


async def test_windows_hear_of_jobs(services: Services, server: LoopbackServer, heard: list[Changes]) -> None:
    server.batches.at_once = True
    await services.runs.wait((await services.runs.start(batched(1))).id)
    (job,) = await services.jobs.all()
    assert [change.jobs for change in heard if change.jobs][-1] == {job.id}


async def test_jobs_are_listed_followed_and_cancelled(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    asked = [(f"{n}", Request(model=ModelRef.parse(MODEL), messages=(user(f"say {n}"),))) for n in range(2)]
    first, second = [await services.jobs.submit(asked, name=name) for name in ("a", "b")]
    assert [job.name for job in await services.jobs.all()] == ["b", "a"]
    server.batches.finish(jobs_at(server)[0])
    states = [job.state async for job in services.jobs.follow(first.id)]
    assert states == ["ended"]
    assert (await services.jobs.cancel(second.id)).stopped
    assert jobs_at(server)[1].status == "cancelling"
    assert [change.jobs for change in heard if change.jobs][:2] == [{first.id}, {second.id}]
