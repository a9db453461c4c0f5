"""Limits and retries where they meet the provider: what goes out over the wire, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing

import pytest
from tests.faults.conftest import QUICK, at, buckets
from tests.faults.server import FaultServer
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.errors import LimitUnattainable, RateLimited, ServerError

ANSWER = openai_chat.whole({"content": "Yes."})


@pytest.fixture
def loopback() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


async def test_a_permit_lives_as_long_as_its_stream(
    environment: Environment, loopback: LoopbackServer
) -> None:
    """The second call goes out when the first has been read to its end, or left."""
    at(loopback, environment, concurrent=1)
    loopback.script(
        replies.events(openai_chat.answer(["One ", "two."])[:3], end="hang"), replies.data(ANSWER)
    )
    client = LLMClient("loop/m", environment=environment)
    async with aclosing(client.stream("prompt 1").events()) as first:
        await anext(first)
        second = asyncio.ensure_future(client.complete("prompt 2"))
        await until(lambda: buckets(environment)["m"].waiting == 1, "the second in the queue")
        assert len(loopback.asked) == 1
    response = await second
    assert response.text == "Yes."
    assert response.timings.queued_s
    assert len(loopback.asked) == 2
    assert buckets(environment)["m"].in_flight == 0


async def test_the_providers_own_limit_is_waited_for(
    environment: Environment, loopback: LoopbackServer
) -> None:
    """Nothing remains for 300 ms, says the first answer: so long nothing is sent."""
    at(loopback, environment)
    told = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"}
    loopback.script(replies.data(ANSWER, headers=told), replies.data(ANSWER))
    client = LLMClient("loop/m", environment=environment)
    await client.complete("prompt 1")
    began = time.monotonic()
    await client.complete("prompt 2")
    assert time.monotonic() - began > 0.25
    assert len(loopback.asked) == 2


async def test_what_no_limit_can_hold_is_not_sent(environment: Environment, loopback: LoopbackServer) -> None:
    at(loopback, environment, output_tokens_per_minute=100)
    client = LLMClient("loop/m", environment=environment)
    with pytest.raises(LimitUnattainable, match="needs 200 output tokens; the limit is 100 per minute"):
        await client.complete("prompt 1", max_output_tokens=200)
    [response] = await client.process_prompts(["prompt 2"], max_output_tokens=200)
    assert response.error is not None
    assert response.error.kind == "LimitUnattainable"
    assert loopback.asked == []


async def test_a_429_that_says_when_uses_up_no_attempt_but_the_time(environment: Environment) -> None:
    """More refusals than there are attempts, and the answer still comes; and it ends with the time
    where it does not."""
    patient = RetryPolicy(max_attempts=2, total_s=20)
    with FaultServer(lambda prompt, attempt: "429 in 0.05 s" if attempt < 5 else None) as server:
        at(server, environment)
        response = await LLMClient("loop/m", environment=environment, retries=patient).complete("prompt 1")
        assert response.attempts == 6 == len(server.sent)
    with FaultServer(lambda prompt, attempt: "429 in 0.05 s") as server:
        at(server, environment)
        hurried = RetryPolicy(max_attempts=2, total_s=0.5)
        began = time.monotonic()
        with pytest.raises(RateLimited):
            await LLMClient("loop/m", environment=environment, retries=hurried).complete("prompt 2")
        assert time.monotonic() - began < 5
        assert 2 < len(server.sent) < 11


async def test_a_wait_that_is_too_long_ends_its_call_and_holds_up_no_other(environment: Environment) -> None:
    with FaultServer(lambda prompt, attempt: "429 in 999 s" if prompt == 1 else None) as server:
        at(server, environment)
        client = LLMClient("loop/m", environment=environment)
        with pytest.raises(RateLimited) as caught:
            await client.complete("prompt 1")
        assert caught.value.retry_after == 999
        async with asyncio.timeout(20):
            assert not (await client.complete("prompt 2")).is_error
        assert len(server.sent) == 2


async def test_where_attempts_run_out_the_number_sent_is_theirs(environment: Environment) -> None:
    with FaultServer(lambda prompt, attempt: "500") as server:
        at(server, environment)
        client = LLMClient("loop/m", environment=environment, retries=QUICK)
        with pytest.raises(ServerError):
            await client.complete("prompt 1")
        assert len(server.sent) == QUICK.max_attempts
        assert buckets(environment)["m"].in_flight == 0


async def test_runs_try_ten_times_and_single_calls_four(environment: Environment) -> None:
    """With the policy nobody chose; a provider that says "at once" makes it quick."""
    with FaultServer(lambda prompt, attempt: "500 at once") as server:
        at(server, environment)
        client = LLMClient("loop/m", environment=environment)
        with pytest.raises(ServerError):
            await client.complete("prompt 1")
        assert server.attempts[1] == 4
        [response] = await client.process_prompts(["prompt 2"])
        assert response.error is not None
        assert response.attempts == server.attempts[2] == 10
