"""Answers to a schema that are cut, refused, mixed with tools, mended within a budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
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
from chatbench.client.progress import Progress
from chatbench.client.retries import RetryPolicy
from chatbench.core.errors import ChatbenchError, SchemaMismatch
from chatbench.core.messages import TextPart
from chatbench.core.requests import Request, Response
from chatbench.core.usage import Rates
from chatbench.storage.profile import Profile

DOG = "name, age int"


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    environment = open_environment(Profile.open(tmp_path / "profile"))
    environment.registry.register(endpoint_at(server))
    yield environment
    await aclose_environment(environment)


def client_of(environment: Environment, **settings: Any) -> LLMClient:
    return LLMClient("loop/m", **{"environment": environment, "retries": QUICK, **settings})


def saying(text: str, finish: str = "stop", **message: Any) -> Reply:
    return replies.data(openai_chat.whole({"content": text, **message}, finish=finish))


def streaming(text: str) -> Reply:
    return replies.events(openai_chat.answer([text], (), "m"))


async def test_an_answer_that_was_cut_off_is_called_so(
    environment: Environment, server: LoopbackServer
) -> None:
    """And is not asked for again: it would be cut off at the same place."""
    server.script(saying('{"name": "Re', "length"))
    with pytest.raises(SchemaMismatch, match="cut off") as caught:
        await client_of(environment).complete("A dog", schema=DOG, repair=True, max_tokens=5)
    assert "max_output_tokens" in caught.value.hint
    assert len(server.asked) == 1


async def test_a_whole_object_is_read_though_the_limit_was_reached(
    environment: Environment, server: LoopbackServer
) -> None:
    server.script(saying('{"name": "Rex", "age": 3}', "length"))
    assert (await client_of(environment).complete("A dog", schema=DOG)).parsed["age"] == 3


async def test_a_refusal_is_called_so(environment: Environment, server: LoopbackServer) -> None:
    server.script(saying("", refusal="I will not describe dogs."))
    with pytest.raises(SchemaMismatch, match="I will not describe dogs"):
        await client_of(environment).complete("A dog", schema=DOG, repair=True)
    assert len(server.asked) == 1


async def test_an_answer_that_asks_for_tools_is_handed_out(
    environment: Environment, server: LoopbackServer
) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    server.script(saying("Let me look.", "tool_calls", tool_calls=[call]))
    response = await client_of(environment).complete("A dog", schema=DOG, tools=[{"name": "look"}])
    assert response.parsed is None
    assert [asked.name for asked in response.tool_calls] == ["look"]


async def test_a_repair_needs_no_more_budget_than_a_call(
    environment: Environment, server: LoopbackServer
) -> None:
    """The first answer is over and gives back its share before the second asks for one."""
    environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(10), output=Decimal(100))
    client = client_of(environment, budget=BudgetLimit(scope="run", usd=Decimal("0.07")), max_tokens=500)
    server.script(streaming('{"name": "Rex"}'), streaming('{"name": "Rex", "age": 4}'))
    async with asyncio.timeout(5):
        response = await client.complete("A dog", schema=DOG, repair=True, stream=True)
    assert response.parsed["age"] == 4
    assert environment.ledger is not None
    (row,) = await environment.ledger.spent_by_model(0)
    assert response.usage is not None
    assert response.cost is not None
    assert row.amount == response.cost.amount, "each is counted once"


async def test_words_that_fit_no_schema_can_be_answered_by_a_hook(
    environment: Environment, server: LoopbackServer
) -> None:
    """The words were given out already: who reads only words is told that they are void."""

    def instead(request: Request, error: ChatbenchError) -> Response:
        return Response(model=request.model, parts=(TextPart(text="{}"),))

    server.script(streaming("no JSON"))
    with pytest.raises(SchemaMismatch):
        async for _ in client_of(environment, on_error=instead).stream("A dog", schema=DOG).texts():
            pass


async def test_repair_among_many(environment: Environment, server: LoopbackServer) -> None:
    server.script(saying('{"name": "Rex"}'), saying('{"name": "Rex", "age": 4}'))
    (answer,) = await client_of(environment).process_prompts(["A dog"], schema=DOG, repair=True)
    assert answer.parsed["age"] == 4


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("end", "requests"), [("misfit", 2), ("refused", 2), ("interrupted", 2)])
async def test_a_repair_that_fails_too_is_told_with_all_that_was_used(
    environment: Environment, server: LoopbackServer, end: str, requests: int, stream: bool
) -> None:
    environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(10), output=Decimal(100))
    second = {
        "misfit": streaming('{"age": 4}') if stream else saying('{"age": 4}'),
        "refused": replies.data(openai_chat.error_body(None, None, "no"), 401),
        "interrupted": replies.events([], end="cut"),
    }[end]
    server.script(streaming('{"name": "Rex"}') if stream else saying('{"name": "Rex"}'), second)
    seen: list[Progress] = []
    (response,) = await client_of(environment, retries=RetryPolicy(max_attempts=1)).process_prompts(
        ["A dog"], schema=DOG, repair=True, stream=stream, progress=seen.append
    )
    assert response.is_error
    assert response.attempts == len(server.asked) == requests
    assert environment.ledger is not None
    (row,) = await environment.ledger.spent_by_model(0)
    assert response.spent == row.amount == seen[-1].cost > 0
    assert row.calls == (2 if end == "misfit" else 1)
    assert response.usage is not None
    assert response.usage.total_tokens == row.tokens


async def test_a_repair_that_is_stopped_is_told_with_what_it_used(
    environment: Environment, server: LoopbackServer
) -> None:
    environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(10), output=Decimal(100))
    hanging = replies.events(openai_chat.answer(["no", " J"], (), "m")[:-1], end="hang")
    server.script(streaming("no JSON"), hanging)
    stream = client_of(environment).stream("A dog", schema=DOG, repair=True)
    running = asyncio.ensure_future(stream.complete())
    await until(lambda: len(server.asked) == 2, "the repair is asked for")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stream.response().attempts == 2


async def test_an_answer_that_fits_no_schema_is_not_kept(
    environment: Environment, server: LoopbackServer
) -> None:
    """To ask again would bring the same misfit for ever."""
    client = client_of(environment, cache=MemoryCache())
    server.script(saying('{"name": "Rex"}'), saying('{"name": "Rex", "age": 4}'))
    with pytest.raises(SchemaMismatch):
        await client.complete("A dog", schema=DOG)
    assert (await client.complete("A dog", schema=DOG)).parsed["age"] == 4
    assert (await client.complete("A dog", schema=DOG)).parsed["age"] == 4
    assert len(server.asked) == 2
