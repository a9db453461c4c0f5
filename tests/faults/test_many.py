"""Many calls to a provider on a bad day: all finish, none is lost, none is paid for twice."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.faults.conftest import QUICK, at, buckets
from tests.faults.server import SHARES, FaultServer, usual_plan, words
from tests.harness.waiting import until

from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.providers.http import Timeouts

SILENCE_S = 3.0
"""Longer than any answer takes on a busy computer, or it would be asked for twice."""


@pytest.mark.parametrize("wire", ["openai_chat", "anthropic"])
async def test_all_finish_none_is_lost_and_none_is_sent_twice(
    environment: Environment, request: pytest.FixtureRequest, wire: str
) -> None:
    """Half of them streamed, half whole. What was sent is exactly one request a call and one for
    each fault; each prompt was answered once, and its own answer came back, in its place."""
    count = 2000 if request.config.getoption("--long") else 400
    with FaultServer(usual_plan(seed=7)) as server:
        at(server, environment, wire, concurrent=100)
        client = LLMClient(
            "loop/m", environment=environment, retries=QUICK, timeouts=Timeouts(read=SILENCE_S)
        )
        began = time.monotonic()
        prompts = [f"prompt {number}" for number in range(count)]
        halves = await asyncio.gather(
            client.process_prompts(prompts[: count // 2], stream=True),
            client.process_prompts(prompts[count // 2 :], stream=False),
        )
        print(f"{count} calls, {len(server.faults)} faults, {time.monotonic() - began:.1f} s")
    responses = [response for half in halves for response in half]
    assert [response.error for response in responses] == [None] * count
    assert [response.text for response in responses] == ["".join(words(number)) for number in range(count)]
    assert server.answered == dict.fromkeys(range(count), 1)
    assert len(server.sent) == count + len(server.faults)
    assert [response.attempts for response in responses] == [server.attempts[n] for n in range(count)]
    assert {sent.fault for sent in server.sent} == {None, *SHARES}
    assert all((b.in_flight, b.waiting) == (0, 0) for b in buckets(environment).values())


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
async def test_a_cancelled_caller_stops_every_request_and_gives_its_permits_back(
    environment: Environment, streamed: bool
) -> None:
    """Ten are under way, thirty wait: the connections close, and nothing more is sent."""
    with FaultServer(lambda prompt, attempt: "silence") as server:
        at(server, environment, concurrent=10)
        client = LLMClient("loop/m", environment=environment)
        running = asyncio.ensure_future(
            client.process_prompts([f"prompt {n}" for n in range(40)], stream=streamed)
        )
        await until(lambda: len(server.open) == 10, "ten requests")
        bucket = buckets(environment)["m"]
        assert (bucket.in_flight, bucket.waiting) == (10, 30)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await until(lambda: not server.open, "the end of them")
        assert (bucket.in_flight, bucket.waiting) == (0, 0)
        assert len(server.sent) == 10


async def test_a_429_pauses_its_own_bucket_only(environment: Environment) -> None:
    """Everybody who asks this model waits as long as it said; another model answers meanwhile."""
    with FaultServer(
        lambda prompt, attempt: "429 in 0.5 s" if (prompt, attempt) == (0, 0) else None
    ) as server:
        at(server, environment, concurrent=1)
        limited = LLMClient("loop/limited", environment=environment, retries=QUICK)
        other = LLMClient("loop/other", environment=environment, retries=QUICK)
        running = asyncio.ensure_future(limited.process_prompts([f"prompt {n}" for n in range(5)]))
        await until(lambda: server.faults, "the 429")
        number = 100
        while buckets(environment)["limited"].remaining == 0:
            assert not (await other.complete(f"prompt {number}")).is_error
            number += 1
        assert not any(response.is_error for response in await running)
    refused = server.faults[0].at
    paused = [sent.at - refused for sent in server.sent if sent.model == "limited" and sent.at > refused]
    assert len(paused) == 5
    assert min(paused) >= 0.5
    assert [s for s in server.sent if s.model == "other" and s.at < refused + min(paused)]
