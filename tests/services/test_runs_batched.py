"""Runs whose cells go by batch jobs of their providers: sent once, taken over once, paid once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from tests.harness.waiting import until
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.services.batched import MODEL, MODELS, WIRES, batched, jobs_at, paid, prepare, taken, texts
from tests.services.conftest import Open
from tests.services.test_runs import plan_of, prompt

from chatbench.core.changes import Changes
from chatbench.core.checks import Check
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request
from chatbench.core.runs import PlanLimits, PlanPrompt, PlanUser
from chatbench.services import Services
from chatbench.services.runs import batching


@pytest.fixture
async def services(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    async with opened() as running:
        yield prepare(running, server)


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
    live = services.runs.live(run.id)
    assert live is not None
    assert (live.done, live.seconds_left) == (2, None)
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
