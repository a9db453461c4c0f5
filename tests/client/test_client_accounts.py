"""What a call holds of limits and budgets, and what it leaves of them when it went another way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench.client.budget import BudgetLimit
from chatbench.client.cache import MemoryCache
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Limits
from chatbench.core.errors import SchemaMismatch
from chatbench.core.requests import Request, Response
from chatbench.storage.profile import Profile

Make = Callable[..., LLMClient]


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    environment = open_environment(Profile.open(tmp_path / "profile"))
    environment.registry.register(endpoint_at(server))
    yield environment
    await aclose_environment(environment)


@pytest.fixture
def make(environment: Environment) -> Make:
    def client(models: Any = "loop/m", **settings: Any) -> LLMClient:
        return LLMClient(models, **{"environment": environment, "retries": QUICK, **settings})

    return client


def saying(text: str) -> Reply:
    return replies.data(openai_chat.whole({"content": text}))


@pytest.mark.parametrize("stream", [False, True])
async def test_what_was_used_takes_the_place_of_what_was_expected(
    make: Make, environment: Environment, stream: bool
) -> None:
    limits = Limits(output_tokens_per_minute=100_000)
    response = await make(limits=limits).complete("Hi", max_output_tokens=50_000, stream=stream)
    assert response.usage is not None
    bucket = environment.limiter.bucket("loop", "", "m", limits, own=True)
    assert bucket.remaining == pytest.approx(1 - response.usage.output_tokens / 100_000)


async def test_what_was_held_for_one_model_is_free_when_another_is_asked(
    make: Make, server: LoopbackServer
) -> None:
    limit = BudgetLimit(scope="run", tokens=10**9)
    client = make("loop/a", fallbacks=["loop/b"], budget=limit)
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 401))
    response = await client.complete("Hi")
    assert response.model.id == "b"
    assert response.usage is not None
    assert client._budgets is not None
    (counter,) = client._budgets._counters.values()
    assert counter.reserved_tokens == 0
    assert counter.tokens == response.usage.total_tokens


async def test_hooks_see_a_repaired_answer_once(make: Make, server: LoopbackServer) -> None:
    seen: list[str] = []

    def before(request: Request) -> None:
        seen.append("before")

    def after(request: Request, response: Response) -> None:
        seen.append(response.text)

    server.script(saying("no JSON"), saying('{"age": 4}'))
    client = make(before=before, after=after, on_done=lambda response: seen.append("done"))
    response = await client.complete("A dog", schema="age int", repair=True)
    assert response.parsed == {"age": 4}
    assert seen == ["before", '{"age": 4}', "done"]


async def test_a_stream_is_not_answered_with_what_fits_no_schema(make: Make, server: LoopbackServer) -> None:
    client = make(cache=MemoryCache())
    server.script(saying("no JSON"), saying('{"age": 4}'))
    with pytest.raises(SchemaMismatch):
        await client.stream("A dog", schema="age int").complete()
    for _ in range(2):
        assert (await client.stream("A dog", schema="age int").complete()).parsed == {"age": 4}
    assert len(server.asked) == 2


async def test_spending_is_not_written_down_where_that_is_not_wanted(
    make: Make, environment: Environment
) -> None:
    assert environment.ledger is not None
    await make(count_spending=False).complete("Hi")
    assert await environment.ledger.spent_by_model(0) == []
    await make().complete("Hi")
    assert [one.calls for one in await environment.ledger.spent_by_model(0)] == [1]


async def test_a_session_is_a_conversation_of_the_budget_and_a_prompt_may_differ(
    make: Make, server: LoopbackServer
) -> None:
    limit = BudgetLimit(scope="conversation", tokens=10**9)
    client = make(budget=limit)
    session = client.conversation(temperature=0.3, system="S")
    response = await session.complete("one", temperature=0.7)
    assert server.asked[-1].json["temperature"] == 0.7
    await session.complete("two")
    assert server.asked[-1].json["temperature"] == 0.3
    assert client._budgets is not None
    assert response.usage is not None
    assert client._budgets.spent(limit, session.id)[1] == 2 * response.usage.total_tokens


async def test_another_model_has_all_attempts_before_it(make: Make, server: LoopbackServer) -> None:
    server.script(*[replies.data(openai_chat.error_body(None, None, "no"), 500)] * 3)
    retries = RetryPolicy(max_attempts=2, base_s=0.001)
    response = await make("loop/a", fallbacks=["loop/b"], retries=retries).complete("Hi")
    assert [asked.json["model"] for asked in server.asked] == ["a", "a", "b", "b"]
    assert response.attempts == 4


async def test_what_a_provider_says_of_its_limits_is_heeded(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    bucket = environment.limiter.bucket("loop", "", "m", Limits())
    told = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "60s"}
    server.script(replies.data(openai_chat.whole({"content": "Yes"}), headers=told))
    assert bucket.remaining == 1
    await make().complete("Hi")
    assert bucket.remaining == 0


async def test_a_refusal_for_now_holds_back_everyone_who_asks_there(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    bucket = environment.limiter.bucket("loop", "", "m", Limits())
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 429, {"retry-after": "30"}))
    stream = make().stream("Hi")
    running = asyncio.ensure_future(stream.complete())
    await until(lambda: stream.retry_at is not None, "it waits")
    assert bucket.remaining == 0
    assert bucket.try_acquire() is None
    stream.retry_now()
    assert (await asyncio.wait_for(running, 5)).attempts == 2
    assert bucket.remaining == 1


async def test_a_model_of_another_provider_is_asked_there(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    environment.registry.register(endpoint_at(server, "anthropic", id="other", name="Other"))
    server.script(replies.data(openai_chat.error_body(None, None, "no"), 401))
    client = make("loop/a", fallbacks=["other/b"])
    assert (await client.complete("Hi", max_output_tokens=9)).text
    assert [asked.path.rpartition("/")[2] for asked in server.asked] == ["completions", "messages"]
    assert client._router is not None
    failed, answered = client._router.records.values()
    assert failed.success < 1
    assert failed.seconds is None
    assert answered.seconds is not None, "how fast it was is remembered"
