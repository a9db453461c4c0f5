"""Batch jobs: sent once, found again, mapped back, completed, paid once at their own prices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.client.conftest import endpoint_at
from tests.client.vendors import KINDS, MODELS, asked, each, only, spent, texts, vendors
from tests.loopback import replies
from tests.loopback.server import LoopbackServer

import chatbench
from chatbench.client.environment import Environment
from chatbench.client.jobs import Jobs
from chatbench.client.llm import LLMClient
from chatbench.core.errors import (
    Authentication,
    ConfigurationError,
    EndpointNotSupported,
)
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request
from chatbench.storage.profile import Profile


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    async with vendors(tmp_path, server) as opened:
        yield opened


@pytest.fixture
def jobs(environment: Environment) -> Jobs:
    return Jobs(environment, pause_s=0.001)


@each
async def test_answers_come_back_by_id_and_are_paid_once_at_half_the_price(
    environment: Environment, server: LoopbackServer, jobs: Jobs, vendor: str
) -> None:
    job = await jobs.submit(asked(vendor, 3), name="evening")
    assert (job.state, job.total, job.due) == ("open", 3, 3)
    assert await texts(jobs, job.id) == {}
    server.batches.finish(only(server))
    ended = await jobs.wait(job.id)
    assert (ended.state, ended.answered, ended.due) == ("ended", 3, 0)
    assert await texts(jobs, job.id) == {f"row {n}": f"say {n}" for n in range(3)}
    (response, *_) = [one async for _, one in jobs.collect(job.id)]
    assert response.usage is not None
    assert response.cost is not None
    assert response.at is not None
    full = environment.pricing.rates(response.model, environment.endpoint(vendor), response.at)
    halved = response.cost.rates
    assert full is not None
    assert halved is not None
    assert full.input is not None
    assert full.output is not None
    assert (halved.input, halved.output) == (full.input / 2, full.output / 2)
    paid = await spent(environment)
    assert (paid.calls, paid.amount) == (3, 3 * response.cost.amount)
    assert Decimal(ended.cost) == paid.amount
    await jobs.look(job.id)
    assert (await spent(environment)).calls == 3


@each
async def test_what_failed_expired_or_was_lost_is_asked_again_alone(
    environment: Environment, server: LoopbackServer, jobs: Jobs, vendor: str
) -> None:
    job = await jobs.submit(asked(vendor, 4))
    server.batches.finish(only(server), "expired", {0: "failed", 2: "expired"})
    ended = await jobs.wait(job.id)
    assert (ended.answered, ended.failed, ended.expired) == (2, 1, 1)
    assert await texts(jobs, job.id) == {
        "row 0": "BadRequest", "row 1": "say 1", "row 2": "Expired", "row 3": "say 3",
    }  # fmt: skip
    server.batches.at_once = True
    await jobs.again(job.id)
    assert len(list(server.batches.taken.values())[-1].requests) == 2
    assert (await jobs.wait(job.id)).answered == 4
    assert await texts(jobs, job.id) == {f"row {n}": f"say {n}" for n in range(4)}
    assert (await spent(environment)).calls == 4
    with pytest.raises(ConfigurationError, match="misses no answer"):
        await jobs.again(job.id)


@each
async def test_a_request_nobody_told_the_result_of_has_failed(
    server: LoopbackServer, jobs: Jobs, vendor: str
) -> None:
    job = await jobs.submit(asked(vendor, 2))
    server.batches.finish(only(server), outcomes={1: "lost"})
    assert (await jobs.wait(job.id)).failed == 1
    (_, lost) = [response async for _, response in jobs.collect(job.id)]
    assert lost.error is not None
    assert (lost.error.kind, lost.error.retryable) == ("ServerError", True)


@each
async def test_results_that_are_fetched_twice_are_kept_and_paid_once(
    environment: Environment, server: LoopbackServer, jobs: Jobs, vendor: str
) -> None:
    """As after an end between the answers and the note that they are there."""
    job = await jobs.submit(asked(vendor, 2))
    server.batches.finish(only(server))
    await jobs.wait(job.id)
    before = [one async for one in jobs.collect(job.id)]
    await environment.need_database().write(
        lambda connection: connection.execute("UPDATE job_pieces SET state = 'working'")
    )
    assert (await jobs.wait(job.id)).state == "ended"
    assert [one async for one in jobs.collect(job.id)] == before
    assert (await spent(environment)).calls == 2


@each
async def test_a_cancelled_job_keeps_what_was_answered(
    server: LoopbackServer, jobs: Jobs, vendor: str
) -> None:
    job = await jobs.submit(asked(vendor, 3))
    assert (await jobs.cancel(job.id)).state == "open"
    assert only(server).status == "cancelling"
    server.batches.finish(only(server), "cancelled", {1: "cancelled", 2: "cancelled"})
    ended = await jobs.wait(job.id)
    assert (ended.state, ended.answered, ended.cancelled) == ("cancelled", 1, 2)


@each
async def test_a_job_whose_taking_nobody_heard_of_is_found_and_not_sent_twice(
    environment: Environment, server: LoopbackServer, jobs: Jobs, vendor: str
) -> None:
    server.batches.lose_next = 1
    job = await jobs.submit(asked(vendor, 2))
    assert [piece.state for piece in job.pieces] == ["sending"]
    later = Jobs(environment, pause_s=0.001)
    await later.look(job.id)
    server.batches.finish(only(server))
    assert (await later.look(job.id)).pieces[0].remote_id == only(server).id
    assert (await later.wait(job.id)).answered == 2
    assert len(server.batches.taken) == 1


@each
async def test_what_another_process_was_sending_is_looked_for_once_it_is_dead(
    environment: Environment, server: LoopbackServer, jobs: Jobs, vendor: str, tmp_path: Path
) -> None:
    server.batches.lose_next = 1
    job = await jobs.submit(asked(vendor, 2))
    server.batches.finish(only(server))
    other = Profile.open(tmp_path / "profile")

    async def sent_by_other() -> None:
        await environment.need_database().write(
            lambda connection: connection.execute("UPDATE job_pieces SET owner = ?", (other.owner.id,))
        )

    await sent_by_other()
    assert (await jobs.look(job.id)).pieces[0].state == "sending"
    other.close()
    assert (await jobs.look(job.id)).pieces[0].remote_id == only(server).id
    assert (await jobs.wait(job.id)).answered == 2
    assert len(server.batches.taken) == 1


@each
async def test_what_never_arrived_is_sent_when_it_is_known_that_it_did_not(
    server: LoopbackServer, jobs: Jobs, vendor: str
) -> None:
    server.script(replies.Reply(never=True))
    job = await jobs.submit(asked(vendor, 2))
    assert (job.pieces[0].state, len(server.batches.taken)) == ("sending", 0)
    server.batches.at_once = True
    assert (await jobs.wait(job.id)).answered == 2
    assert len(server.batches.taken) == 1


@each
async def test_a_refused_job_is_not_kept(server: LoopbackServer, jobs: Jobs, vendor: str) -> None:
    server.script(replies.data({"error": {"message": "no", "type": "authentication_error"}}, 401))
    with pytest.raises(Authentication):
        await jobs.submit(asked(vendor, 1))
    assert await jobs.jobs() == []


@each
async def test_pieces_hold_to_the_vendors_limits(
    server: LoopbackServer, jobs: Jobs, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS[vendor]
    monkeypatch.setattr(kind, "max_requests", 2)
    server.batches.at_once = True
    job = await jobs.submit(asked(vendor, 5))
    assert [len(taken.requests) for taken in server.batches.taken.values()] == [2, 2, 1]
    monkeypatch.setattr(kind, "max_bytes", 300)
    assert (await jobs.wait(job.id)).answered == 5
    assert len((await jobs.submit(asked(vendor, 2, system="x" * 200))).pieces) == 2


@each
async def test_a_passing_failure_is_waited_out(server: LoopbackServer, jobs: Jobs, vendor: str) -> None:
    job = await jobs.submit(asked(vendor, 1))
    server.batches.finish(only(server))
    told = {"error": {"message": "slow", "type": "rate_limit_error"}}
    server.script(replies.data(told, 429, {"retry-after": "0.01"}), replies.data(told, 503))
    assert (await jobs.wait(job.id)).answered == 1


async def test_what_cannot_go_is_refused_before_anything_is_sent(
    environment: Environment, server: LoopbackServer, jobs: Jobs
) -> None:
    environment.registry.register(endpoint_at(server))
    (first,) = asked("openai", 1)
    for wrong, kind in (
        ([], ConfigurationError),
        ([first, first], ConfigurationError),
        (asked("openai", 1, extra_headers={"x-secret": "s"}), ConfigurationError),
        ([("a", Request(model=ModelRef("loop", "m"), messages=(user("a"),)))], EndpointNotSupported),
    ):
        with pytest.raises(kind):
            await jobs.submit(wrong)
    assert server.asked == []
    assert await jobs.jobs() == []


@each
async def test_the_clients_own_methods(environment: Environment, server: LoopbackServer, vendor: str) -> None:
    client = LLMClient(f"{vendor}/{MODELS[vendor]}", environment=environment)
    server.batches.at_once = True
    job = await client.submit_batch_job(["one", "two"], system="Be brief", name="n")
    responses = await client.wait_for_batch_job(job)
    assert [response.text for response in responses] == ["one", "two"]
    (listed,) = await client.list_batches()
    assert (listed.id, listed.name, listed.state) == (job.id, "n", "ended")
    assert (await client.cancel_batch_job(job)).state == "ended"
    (there,) = await client.jobs.remote(vendor)
    assert (there.total, there.state) == (2, "ended")


async def test_a_job_that_is_followed_is_told_of_at_each_change(
    environment: Environment, server: LoopbackServer
) -> None:
    told: list[str] = []
    jobs = Jobs(environment, pause_s=0.001, told=told.append)
    job = await jobs.submit(asked("openai", 2), source="run:1")
    assert told == [job.id]
    states: list[tuple[str, int]] = []
    async for looked in jobs.follow(job.id):
        states.append((looked.state, looked.answered))
        if len(states) == 2:
            server.batches.finish(only(server))
    assert states == [("open", 0), ("open", 0), ("ended", 2)]
    assert told == [job.id, job.id]


async def test_jobs_are_kept_for_whom_they_were_sent_until_the_answers_went_there(
    server: LoopbackServer, jobs: Jobs
) -> None:
    server.batches.at_once = True
    mine = await jobs.submit(asked("openai", 2), source="run:1")
    await jobs.submit(asked("openai", 1))
    assert await jobs.asked(mine.id) == ["row 0", "row 1"]
    assert [job.id for job in await jobs.jobs(source="run:1")] == [mine.id]
    await jobs.wait(mine.id)
    with pytest.raises(ConfigurationError, match="belongs to a run"):
        await jobs.again(mine.id)
    await jobs.collected(mine.id)
    assert await jobs.jobs(source="run:1") == []
    assert (await jobs.get(mine.id)).collected
    assert len(await jobs.jobs()) == 2


async def test_a_job_refused_in_passing_is_kept_and_sent_later(server: LoopbackServer, jobs: Jobs) -> None:
    told = {"error": {"message": "slow", "type": "rate_limit_error"}}
    server.script(replies.data(told, 429, {"retry-after": "0.01"}))
    server.batches.at_once = True
    job = await jobs.submit(asked("anthropic", 2))
    assert (job.state, job.pieces[0].state) == ("open", "ready")
    assert (await jobs.wait(job.id)).answered == 2


async def test_a_script_needs_no_client_for_its_jobs(
    environment: Environment, server: LoopbackServer
) -> None:
    server.batches.at_once = True
    model = f"mistral/{MODELS['mistral']}"
    jobs = [
        await chatbench.submit_batch_job(said, model, environment=environment, name="n", temperature=0.5)
        for said in (["one", "two"], ["three"])
    ]
    assert only_bodies(server)[0]["temperature"] == 0.5
    seen: list[str] = []
    responses = await chatbench.wait_for_batch_job(
        jobs, environment=environment, on_progress=lambda job: seen.append(job.state)
    )
    assert [response.text for response in responses] == ["one", "two", "three"]
    assert set(seen) == {"ended"}
    listed = await chatbench.list_batches(environment=environment)
    assert [job.id for job in listed] == [jobs[1].id, jobs[0].id]
    assert (await chatbench.cancel_batch_job(jobs[0], environment=environment)).state == "ended"
    with pytest.raises(ConfigurationError, match="no batch job"):
        await chatbench.wait_for_batch_job("unknown", environment=environment)


def only_bodies(server: LoopbackServer) -> list[dict[str, Any]]:
    return [request["body"] for job in server.batches.taken.values() for request in job.requests]
