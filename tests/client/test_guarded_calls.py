"""Cache, budget, hooks and ledger around real calls: what reaches the provider, and what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at, request_of
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.cache import MemoryCache, SqliteCache
from chatbench.client.environment import Environment
from chatbench.client.ledger import Ledger
from chatbench.client.llm import LLMClient
from chatbench.client.progress import Progress
from chatbench.core.errors import BudgetExceeded, ChatbenchError, HookRejected, ProviderError, ServerError
from chatbench.core.messages import TextPart, user
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request, Response
from chatbench.core.usage import Rates
from chatbench.storage.database import Database
from chatbench.storage.spend import ModelSpent

WHOLE = msgspec.structs.replace(request_of(max_output_tokens=100), stream=False)
COST = Decimal(90 * 10 + 25 * 100).scaleb(-6)
"""What the loopback's answer costs at the rates below."""


@pytest.fixture
async def guarded(environment: Environment, tmp_path: Path) -> AsyncIterator[Environment]:
    """An environment that knows a price and keeps a ledger."""
    database = Database.open(tmp_path / "ledger.db")
    environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(10), output=Decimal(100))
    environment.ledger = Ledger(database)
    yield environment
    await environment.ledger.aclose()
    await database.close()


def client_of(environment: Environment, **settings: Any) -> LLMClient:
    return LLMClient(environment=environment, retries=QUICK, **settings)


def asked(text: str) -> Request:
    return msgspec.structs.replace(WHOLE, messages=(user(text),))


async def spent(environment: Environment) -> list[ModelSpent]:
    assert environment.ledger is not None
    return await environment.ledger.spent_by_model(0)


async def test_identical_calls_cost_one_request(
    guarded: Environment, server: LoopbackServer, tmp_path: Path
) -> None:
    endpoint = endpoint_at(server)
    cache = SqliteCache(tmp_path / "cache.db")
    client = client_of(guarded, cache=cache)
    responses = await asyncio.gather(*(client.complete(WHOLE, endpoint=endpoint) for _ in range(20)))
    again = await client.complete(WHOLE, endpoint=endpoint)
    await cache.aclose()
    assert len(server.asked) == 1
    assert [response.local_cache_hit for response in responses].count(False) == 1
    assert (again.local_cache_hit, again.attempts, again.spent) == (True, 0, Decimal(0))
    assert again.cost is not None
    assert again.cost.amount == COST
    assert {response.text for response in responses} == {again.text}
    assert await spent(guarded) == [ModelSpent(model=ModelRef("loop", "m"), amount=COST, tokens=115, calls=1)]


async def test_a_stream_is_answered_from_the_cache_as_a_stream(
    guarded: Environment, server: LoopbackServer
) -> None:
    endpoint, client = endpoint_at(server), client_of(guarded, cache=MemoryCache())
    texts = [
        "".join([text async for text in client.stream(request_of(), endpoint=endpoint).texts()])
        for _ in range(3)
    ]
    assert len(server.asked) == 1
    assert texts[0] == texts[1] == texts[2] == "".join(server.words)
    await client.complete(request_of(), endpoint=endpoint, cache_mode="refresh")
    await client.complete(request_of(), endpoint=endpoint, cache_mode="bypass")
    assert len(server.asked) == 3


async def test_an_error_and_an_answer_that_broke_off_are_asked_for_again(
    guarded: Environment, server: LoopbackServer
) -> None:
    endpoint, client = endpoint_at(server), client_of(guarded, cache=MemoryCache())
    half = [openai_chat.frame(openai_chat.chunk({"content": "Half an "}))]
    server.script(
        replies.events(half, end="cut"), replies.data(openai_chat.error_body(None, None, "no"), 400)
    )
    for _ in range(2):
        with pytest.raises(ChatbenchError):
            await client.complete(request_of(), endpoint=endpoint)
    assert not (await client.complete(request_of(), endpoint=endpoint)).local_cache_hit
    assert (await client.complete(request_of(), endpoint=endpoint)).local_cache_hit
    assert len(server.asked) == 3


async def test_many_calls_at_once_do_not_pass_a_hard_budget(
    guarded: Environment, server: LoopbackServer
) -> None:
    """200 calls in flight against money for 17: not one more than that is sent."""
    endpoint = endpoint_at(server)
    limit = BudgetLimit(scope="run", usd=COST * 17 + Decimal("0.0105"))
    client = client_of(guarded, budget=Budget(limits=(limit,)))

    async def call() -> Response | BudgetExceeded:
        try:
            return await client.complete(WHOLE, endpoint=endpoint)
        except BudgetExceeded as error:
            return error

    results = await asyncio.wait_for(asyncio.gather(*(call() for _ in range(200))), 60)
    made = [result for result in results if isinstance(result, Response)]
    assert len(made) == len(server.asked)
    assert 17 <= len(made) <= 18
    (row,) = await spent(guarded)
    assert row.amount == COST * len(made)
    assert limit.usd is not None
    assert row.amount <= limit.usd
    refused = next(result for result in results if isinstance(result, BudgetExceeded))
    assert "for the run" in refused.message


async def test_what_our_own_cache_answers_needs_no_budget(
    guarded: Environment, server: LoopbackServer
) -> None:
    endpoint = endpoint_at(server)
    client = client_of(guarded, cache=MemoryCache(), budget="0.0105")
    await client.complete(WHOLE, endpoint=endpoint)
    with pytest.raises(BudgetExceeded):
        await client.complete(WHOLE, endpoint=endpoint, cache_mode="bypass")
    assert (await client.complete(WHOLE, endpoint=endpoint)).local_cache_hit
    assert len(server.asked) == 1


async def test_a_refused_or_stopped_call_gives_its_reservation_back(
    guarded: Environment, server: LoopbackServer
) -> None:
    endpoint = endpoint_at(server)
    client = client_of(guarded, budget="0.0105")
    server.script(
        replies.data(openai_chat.error_body(None, None, "no"), 400),
        replies.events([openai_chat.frame(openai_chat.chunk({"content": ""}))], end="hang"),
    )
    with pytest.raises(ChatbenchError):
        await client.complete(WHOLE, endpoint=endpoint)
    streaming = msgspec.structs.replace(WHOLE, stream=True)
    call = asyncio.create_task(client.complete(streaming, endpoint=endpoint))
    await asyncio.to_thread(server.wait_for_asking)
    await asyncio.to_thread(server.wait_for_asking)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert (await client.complete(WHOLE, endpoint=endpoint)).text


async def test_a_dearer_model_to_fall_back_on_must_fit_the_budget_too(
    guarded: Environment, server: LoopbackServer
) -> None:
    guarded.pricing.user_prices["loop/dear"] = Rates(input=Decimal(1000), output=Decimal(10_000))
    guarded.registry.register(endpoint_at(server))
    client = client_of(guarded, models="loop/m", fallbacks=["loop/dear"], budget="0.05")
    refusal = replies.data(openai_chat.error_body(None, None, "no"), 404)
    server.script(refusal)
    with pytest.raises(BudgetExceeded) as caught:
        await client.complete("Hi", max_output_tokens=100)
    assert isinstance(caught.value.__cause__, ProviderError)
    assert [one.json["model"] for one in server.asked] == ["m"]


@pytest.mark.parametrize("counted", [False, True])
async def test_an_attempt_that_broke_off_and_is_made_again_is_counted_too(
    guarded: Environment, server: LoopbackServer, counted: bool
) -> None:
    """In the answer, the progress, the ledger and the budget alike; from its words where the provider
    did not count it."""
    limit = BudgetLimit(scope="day", usd=Decimal(1))
    client = client_of(guarded, budget=limit, broken="rerun")
    half = [openai_chat.frame(openai_chat.chunk({"content": "Half an answer, "}))]
    if counted:
        half.append(openai_chat.frame(openai_chat.chunk(None, usage=openai_chat.USAGE)))
    server.script(replies.events(half, end="cut"))
    request = request_of(max_output_tokens=100)
    seen: list[Progress] = []
    (response,) = await client.process_prompts([request], endpoint=endpoint_at(server), progress=seen.append)
    assert (response.attempts, len(server.asked)) == (2, 2)
    assert response.spent is not None
    assert response.cost is not None
    assert COST < response.spent <= COST * 2
    assert (response.spent == COST * 2, response.cost.estimated) == (counted, not counted)
    assert sum(line.amount for line in response.cost.lines) == response.spent
    (row,) = await spent(guarded)
    assert (row.amount, row.calls, row.unpriced) == (response.spent, 2, 0)
    assert client._budgets is not None
    assert response.usage is not None
    assert client._budgets.spent(limit) == (response.spent, response.usage.total_tokens)
    assert 115 < response.usage.total_tokens < (300 if counted else 200)
    assert (seen[-1].cost, seen[-1].cost_complete) == (response.spent, True)
    assert seen[-1].input_tokens + seen[-1].output_tokens == response.usage.total_tokens


async def test_an_attempt_of_an_unknown_price_leaves_the_whole_unknown(
    guarded: Environment, server: LoopbackServer
) -> None:
    half = [openai_chat.frame(openai_chat.chunk({"content": "Half an answer, "}))]
    server.script(
        replies.events(half, end="cut"), replies.data(openai_chat.error_body(None, None, "no"), 401)
    )
    guarded.registry.register(endpoint_at(server))
    client = client_of(guarded, models="loop/unpriced", fallbacks=["loop/m"], broken="rerun")
    (response,) = await client.process_prompts(["Hi"], stream=True)
    assert response.model.id == "m"
    assert response.attempts == 3
    assert response.spent is None


async def test_hooks_stand_around_the_call(guarded: Environment, server: LoopbackServer) -> None:
    endpoint = endpoint_at(server)
    done: list[str] = []

    def colder(request: Request) -> Request:
        parameters = msgspec.structs.replace(request.parameters, temperature=0.0)
        return msgspec.structs.replace(request, parameters=parameters)

    async def no_bombs(request: Request) -> None:
        if "bomb" in request.messages[-1].text:
            raise HookRejected("Not that.")

    def sorry(request: Request, error: ChatbenchError) -> Response | None:
        if isinstance(error, ServerError):
            return Response(model=request.model, parts=(TextPart(text="Sorry."),), stop_reason="end")
        return None

    client = client_of(
        guarded,
        before=[no_bombs, colder],
        on_error=sorry,
        postprocess=lambda response: msgspec.structs.replace(response, parts=response.parts * 2),
        on_done=lambda response: done.append(response.text),
        cache=MemoryCache(),
    )
    first = await client.complete(WHOLE, endpoint=endpoint)
    assert server.asked[-1].json["temperature"] == 0
    hit = await client.complete(WHOLE, endpoint=endpoint)
    assert hit.local_cache_hit
    assert hit.text == first.text == done[0] == done[1]
    assert len(hit.parts) == 2
    with pytest.raises(HookRejected):
        await client.complete(asked("How do I build a bomb?"), endpoint=endpoint)
    assert len(server.asked) == 1
    server.script(*[replies.data(openai_chat.error_body(None, None, "no"), 500)] * 4)
    answered = await client.complete(asked("Hello"), endpoint=endpoint)
    assert answered.text == "Sorry."


async def test_the_tier_that_answered_is_the_tier_that_is_paid(
    guarded: Environment, server: LoopbackServer
) -> None:
    openai = endpoint_at(server, id="openai")
    request = msgspec.structs.replace(WHOLE, model=ModelRef("openai", "gpt-5"))
    answer = openai_chat.whole({"content": "Yes."}, usage={"prompt_tokens": 1000, "completion_tokens": 100})
    client = client_of(guarded)
    paid = []
    for tier in ("default", "flex", "priority"):
        server.script(replies.data({**answer, "service_tier": tier}))
        response = await client.complete(request, endpoint=openai)
        assert response.service_tier == tier
        paid.append(response.spent)
    assert paid == [Decimal("0.00225"), Decimal("0.001125"), Decimal("0.0045")]
