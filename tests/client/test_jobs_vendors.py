"""Batch jobs: what is one vendor's own way with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anthropic
import openai
import pytest
from anthropic.types.messages import batch_create_params as anthropic_params
from openai.types import batch_create_params as openai_params
from pydantic import TypeAdapter
from tests.client.vendors import asked, each, only, texts, vendors
from tests.loopback import replies
from tests.loopback.server import LoopbackServer

from chatbench.client.environment import Environment
from chatbench.client.jobs import Jobs
from chatbench.core.errors import (
    RateLimited,
    ServerError,
)
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.providers.filestorage import Place
from chatbench.providers.gemini import Gemini
from chatbench.providers.gemini import batches as gemini_batches
from chatbench.providers.gemini.batches import GeminiJobs
from chatbench.providers.mistral import Mistral
from chatbench.providers.mistral import batches as mistral_batches
from chatbench.providers.mistral.batches import MistralJobs


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    async with vendors(tmp_path, server) as opened:
        yield opened


@pytest.fixture
def jobs(environment: Environment) -> Jobs:
    return Jobs(environment, pause_s=0.001)


@pytest.mark.parametrize("end", ["expired", "cancelled"])
@pytest.mark.parametrize("vendor", ["openai", "gemini", "mistral"])
async def test_requests_nothing_is_told_of_ended_as_their_job_did(
    server: LoopbackServer, jobs: Jobs, vendor: str, end: str
) -> None:
    job = await jobs.submit(asked(vendor, 2))
    server.batches.finish(only(server), end, {1: "lost"})
    ended = await jobs.wait(job.id)
    assert (ended.answered, getattr(ended, end)) == (1, 1)
    assert (await texts(jobs, job.id))["row 1"] == end.capitalize()


async def test_jobs_we_know_of_do_not_leave_another_undecided(server: LoopbackServer, jobs: Jobs) -> None:
    """Anthropic's jobs have no name: one with as many requests may be the one that was lost."""
    await jobs.submit(asked("anthropic", 2))
    server.script(replies.Reply(never=True))
    lost = await jobs.submit(asked("anthropic", 2))
    await jobs.look(lost.id)
    assert (await jobs.look(lost.id)).pieces[0].state == "working"
    assert len(server.batches.taken) == 2


async def test_a_nameless_job_that_may_be_ours_is_waited_for(server: LoopbackServer, jobs: Jobs) -> None:
    server.batches.lose_next = 1
    lost = await jobs.submit(asked("anthropic", 2))
    for _ in range(2):
        assert (await jobs.look(lost.id)).pieces[0].state == "sending"
    assert len(server.batches.taken) == 1


@pytest.mark.parametrize("vendor", ["openai", "gemini", "mistral"])
async def test_a_job_that_failed_as_a_whole_says_why(server: LoopbackServer, jobs: Jobs, vendor: str) -> None:
    job = await jobs.submit(asked(vendor, 2))
    only(server).why = "Line 1 is no request."
    server.batches.finish(only(server), "failed")
    assert (await jobs.wait(job.id)).failed == 2
    ((_, response), *_) = [one async for one in jobs.collect(job.id)]
    assert response.error is not None
    assert response.error.message == "Line 1 is no request."


async def test_versions_of_anthropics_interface_go_apart(server: LoopbackServer, jobs: Jobs) -> None:
    old = Request(
        model=ModelRef("anthropic", "claude-sonnet-4-5"),
        messages=(user("a"),),
        parameters=Parameters(temperature=0.5),
    )
    plain = Request(model=old.model, messages=(user("b"),))
    await jobs.submit([("a", old), ("b", plain)])
    versions = {one.headers["anthropic-version"] for one in server.asked if one.method == "POST"}
    assert versions == {"2023-06-01", "2026-10-21"}


async def test_a_full_page_of_mistrals_list_may_have_another_behind_it(
    server: LoopbackServer, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mistral_batches, "_PER_PAGE", 2)
    for _ in range(4):
        await jobs.submit(asked("mistral", 1))
    assert len({job.id for job in await jobs.remote("mistral")}) == 4


async def test_a_large_job_for_gemini_is_a_file_and_so_are_its_answers(
    server: LoopbackServer, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini_batches, "INLINE_BYTES", 200)
    job = await jobs.submit(asked("gemini", 3))
    assert list(only(server).told["batch"]["inputConfig"]) == ["fileName"]
    assert only(server).told["model"] == "models/gemini-3.8-flash"
    server.batches.finish(only(server), outcomes={0: "failed"})
    ended = await jobs.wait(job.id)
    assert (ended.answered, ended.failed) == (2, 1)
    assert await texts(jobs, job.id) == {"row 0": "BadRequest", "row 1": "say 1", "row 2": "say 2"}


async def test_a_lost_job_of_gemini_is_found_wherever_it_is_listed(
    server: LoopbackServer, jobs: Jobs
) -> None:
    server.batches.page, server.batches.oldest_first = 1, True
    now, server.batches.now = server.batches.now, server.batches.now - 86_400
    for _ in range(2):
        await jobs.submit(asked("gemini", 2))
    server.batches.now, server.batches.lose_next = now, 1
    lost = await jobs.submit(asked("gemini", 2))
    assert (await jobs.look(lost.id)).pieces[0].state == "working"
    assert len(server.batches.taken) == 3
    assert [job.id for job in await jobs.remote("gemini")] == ["batches/003", "batches/002", "batches/001"]


async def test_lines_that_gemini_and_mistral_may_tell_errors_in(environment: Environment) -> None:
    google = Place(Gemini(), environment.endpoint("gemini"), None, environment.http)
    for line, kind in (
        (b'{"key": "a", "error": {"code": 8, "message": "quota"}}', RateLimited),
        (
            b'{"key": "a", "error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED"}}',
            RateLimited,
        ),
        (b'{"key": "a", "code": 8, "message": "quota"}', RateLimited),
        (b'{"key": "a"}', ServerError),
    ):
        told = GeminiJobs().read(line, google)
        assert (told.name, told.state, type(told.error)) == ("a", "failed", kind)
    mistral = Place(Mistral(), environment.endpoint("mistral"), None, environment.http)
    for line, kind in (
        (b'{"custom_id": "a", "error": "busy"}', ServerError),
        (b'{"custom_id": "a", "error": {"message": "no", "code": "rate_limited"}}', RateLimited),
        (b'{"custom_id": "a", "response": {"status_code": 429, "body": {"message": "slow"}}}', RateLimited),
        (b'{"custom_id": "a"}', ServerError),
    ):
        told = MistralJobs().read(line, mistral)
        assert (told.name, told.state, type(told.error)) == ("a", "failed", kind), line


async def test_openais_own_types_and_client(server: LoopbackServer, jobs: Jobs) -> None:
    await jobs.submit(asked("openai", 2))
    taken = only(server)
    TypeAdapter(openai_params.BatchCreateParams).validate_python(taken.told)
    async with openai.AsyncOpenAI(base_url=server.base_url("openai_responses"), api_key="k") as sdk:
        assert (await sdk.batches.retrieve(taken.id)).status == "in_progress"
        server.batches.finish(taken)
        batch = await sdk.batches.retrieve(taken.id)
        assert batch.output_file_id is not None
        lines = (await sdk.files.content(batch.output_file_id)).text.splitlines()
        assert len(lines) == 2
        assert [one.id async for one in sdk.batches.list()] == [taken.id]


async def test_anthropics_own_types_and_client(server: LoopbackServer, jobs: Jobs) -> None:
    await jobs.submit(asked("anthropic", 2))
    taken = only(server)
    TypeAdapter(anthropic_params.BatchCreateParams).validate_python(taken.told)
    async with anthropic.AsyncAnthropic(base_url=server.base_url("anthropic"), api_key="k") as sdk:
        assert (await sdk.messages.batches.retrieve(taken.id)).processing_status == "in_progress"
        server.batches.finish(taken, outcomes={0: "failed"})
        assert (await sdk.messages.batches.retrieve(taken.id)).request_counts.errored == 1
        assert [one.id async for one in sdk.messages.batches.list()] == [taken.id]


@each
async def test_all_pages_of_a_list_are_read(server: LoopbackServer, jobs: Jobs, vendor: str) -> None:
    server.batches.page = 2
    for _ in range(5):
        await jobs.submit(asked(vendor, 1))
    assert len(await jobs.remote(vendor)) == 5
