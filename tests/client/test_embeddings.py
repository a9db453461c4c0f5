"""Embeddings held to a client's budget, limits and cache, and paid for as its calls are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.client.conftest import QUICK
from tests.loopback import replies
from tests.loopback.server import LoopbackServer

from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.cache import MemoryCache
from chatbench.client.embeddings import embed, why_not
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.errors import BudgetExceeded, EndpointNotSupported, LimitUnattainable
from chatbench.core.models import ModelRef
from chatbench.core.usage import Rates

MODEL = ModelRef("loop", "embed")


def vectors(*rows: list[float], tokens: int = 1_000) -> replies.Reply:
    data = [{"index": at, "embedding": row} for at, row in enumerate(rows)]
    return replies.data({"data": data, "usage": {"prompt_tokens": tokens}})


@pytest.fixture
def held(environment: Environment, server: LoopbackServer) -> Environment:
    """With a provider on this computer; a token costs a tenth of a cent."""
    endpoint = Endpoint(
        id="loop", name="Loop", wire="openai_chat", base_url=server.base_url("openai_chat"), auth="none"
    )
    environment.registry.register(endpoint)
    environment.pricing.user_prices[str(MODEL)] = Rates(input=Decimal(1_000))
    return environment


def asked(server: LoopbackServer) -> list[Any]:
    return [json.loads(one.body)["input"] for one in server.asked]


async def test_they_are_counted_towards_the_budget_and_not_asked_past_it(
    held: Environment, server: LoopbackServer
) -> None:
    budget = Budget(limits=(BudgetLimit(scope="run", usd=Decimal("1.5")),))
    client = LLMClient(environment=held, budget=budget)
    server.script(vectors([1.0]), vectors([1.0], tokens=600))
    assert (await embed(["one"], MODEL, client)).cost == Decimal(1)
    assert (await embed(["two"], MODEL, client)).cost == Decimal("0.6")
    with pytest.raises(BudgetExceeded):
        await embed(["three"], MODEL, client)
    assert asked(server) == [["one"], ["two"]]


async def test_what_failed_gives_back_what_was_set_aside(held: Environment, server: LoopbackServer) -> None:
    budget = Budget(limits=(BudgetLimit(scope="run", usd=Decimal("0.1")),))
    client = LLMClient(environment=held, budget=budget, retries=QUICK)
    text = "word " * 60
    for _ in range(3):
        server.script(replies.data({"error": {"message": "no"}}, 400))
        with pytest.raises(Exception, match="no"):
            await embed([text], MODEL, client)
    assert len(server.asked) == 3


async def test_what_the_cache_has_is_not_asked_again(held: Environment, server: LoopbackServer) -> None:
    client = LLMClient(environment=held, cache=MemoryCache())
    server.script(vectors([0.1, 0.2], [1.0, 2.0]), vectors([3.0, 4.0]))
    first = await embed(["one", "two"], MODEL, client)
    second = await embed(["three", "two"], MODEL, client)
    third = await embed(["one"], MODEL, client)
    assert asked(server) == [["one", "two"], ["three"]]
    assert [list(one) for one in second.vectors] == [[3.0, 4.0], [1.0, 2.0]]
    assert third.vectors == first.vectors[:1]
    assert (third.cost, third.input_tokens) == (Decimal(0), 0)


async def test_a_limit_holds_for_them(held: Environment, server: LoopbackServer) -> None:
    client = LLMClient(environment=held, limits=Limits(tokens_per_minute=5))
    with pytest.raises(LimitUnattainable):
        await embed(["word " * 100], MODEL, client)
    assert server.asked == []


async def test_they_are_asked_again_and_what_says_no_tokens_has_no_price(
    held: Environment, server: LoopbackServer
) -> None:
    busy = replies.data({"error": {"message": "later"}}, 429, {"retry-after": "0"})
    server.script(busy, replies.data({"data": [{"index": 0, "embedding": [1.0]}]}))
    found = await embed(["one"], MODEL, LLMClient(environment=held, retries=QUICK))
    assert (list(found.vectors[0]), found.cost) == ([1.0], None)
    assert len(server.asked) == 2


async def test_a_provider_without_embeddings_says_so(held: Environment, server: LoopbackServer) -> None:
    endpoint = held.endpoint("loop")
    held.registry.register(msgspec.structs.replace(endpoint, wire="anthropic"))
    assert why_not(MODEL, held) == "Loop has no embeddings that Chatbench could ask for."
    with pytest.raises(EndpointNotSupported, match="Loop has no embeddings"):
        await embed(["one"], MODEL, LLMClient(environment=held))
    assert server.asked == []
