"""A key, and headers of the user's own, on a run with every feature on: they are nowhere but on the wire."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.client.budget import BudgetLimit
from chatbench.client.cache import SqliteCache
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.storage.profile import Profile

KEY = "sk-canary-key-0123456789"
HEADER = "canary-of-a-header-0123456789"
ENDPOINT = "canary-of-an-endpoint-0123456789"
QUERY = "canary of a query/0123456789"
SECRETS = (KEY, HEADER, ENDPOINT, QUERY, quote(QUERY), quote_plus(QUERY), quote(QUERY, safe=""))


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    environment = open_environment(Profile.open(tmp_path / "profile"))
    endpoint = endpoint_at(server, auth="bearer", headers={"x-team": ENDPOINT})
    environment.registry.register(endpoint)
    yield environment
    await aclose_environment(environment)


Make = Callable[..., LLMClient]


@pytest.fixture
def make(environment: Environment) -> Make:
    def client(models: Any = "loop/m", **settings: Any) -> LLMClient:
        return LLMClient(models, **{"environment": environment, "retries": QUICK, "key": KEY, **settings})

    return client


def assert_clean(*things: object) -> None:
    for thing in things:
        data = thing if isinstance(thing, bytes) else str(thing).encode()
        for secret in SECRETS:
            assert secret.encode() not in data


async def test_a_run_with_every_feature_leaves_no_secret(
    make: Make, server: LoopbackServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cache = SqliteCache(tmp_path / "cache.db")
    client = make(
        cache=cache, extra_headers={"x-secret": HEADER}, history=True, keep_raw=True,
        extra_query={"code": QUERY, "api-version": "1"}, temperature=0.1,
        budget=BudgetLimit(scope="run", tokens=10**7),
    )  # fmt: skip
    echo = {"authorization-was": f"Bearer {KEY}", "x-was": HEADER}
    quoting = openai_chat.whole({"content": "Hello"}, echoed=f"{KEY} {HEADER} {ENDPOINT}")
    server.script(replies.data(quoting, headers=echo))
    response = await client.complete("one")
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert (server.asked[0].headers["x-secret"], server.asked[0].headers["x-team"]) == (HEADER, ENDPOINT)
    assert response.raw is not None
    assert b"Hello" in response.raw.response
    again = await client.complete("one")
    assert again.local_cache_hit
    streamed = await client.complete("two", stream=True)
    address = f"{QUERY} {quote(QUERY)} {quote_plus(QUERY)} {quote(QUERY, safe='')}"
    refusal = openai_chat.error_body(None, None, f"bad key {KEY}, {HEADER}, {ENDPOINT}, {address}")
    server.script(replies.data(refusal, 401))
    with pytest.raises(ChatbenchError) as caught:
        await client.complete("three")
    server.script(replies.data(refusal, 401))
    answers = await client.process_prompts(["eight", "nine"])
    await client.run(["four", "five"], tmp_path / "out.jsonl")
    await client.run(["six"], tmp_path / "out.db")
    session = client.conversation()
    await session.complete("seven")
    for seen in (response, again, streamed, *answers, *session.responses):
        assert_clean(repr(seen), msgspec.json.encode(seen))
    error = caught.value
    assert_clean(repr(error), error.report(), str(error.__cause__), repr(client), repr(client.to_dict()))
    assert_clean(caplog.text, repr(client._calling(many=False)))
    assert client.environment.ledger is not None
    await client.environment.ledger.flush()
    await cache.aclose()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        assert_clean(path.read_bytes())


def test_settings_that_differ_from_the_usual_come_back(make: Make, environment: Environment) -> None:
    told = make(keep_raw=False, max_tokens=5).to_dict()
    assert LLMClient.from_dict(told, environment=environment).keep_raw is False
    again = LLMClient.from_dict({"models": ["loop/m"], "max_tokens": 5}, environment=environment)
    assert again.parameters[0].max_output_tokens == 5


async def test_what_is_said_for_a_call_holds_for_a_request_too(make: Make, server: LoopbackServer) -> None:
    """A `Request` goes as it is, but for what the call says, and with the client's headers."""
    request = Request(model=ModelRef("loop", "c"), messages=(user("Hi"),), system="Old", stream=False)
    server.script(replies.data(openai_chat.whole({"content": '{"age": 3}'})))
    client = make(extra_headers={"x-secret": HEADER}, system="The client's")
    response = await client.complete(request, schema="age int", tools=[{"name": "look"}], temperature=0.5)
    assert response.parsed == {"age": 3}
    asked = server.asked[0]
    assert asked.json["model"] == "c"
    assert asked.json["messages"][0]["content"] == "Old"
    assert "response_format" in asked.json
    assert asked.json["tools"][0]["function"]["name"] == "look"
    assert asked.headers["x-secret"] == HEADER
    await client.complete(request, system="New")
    assert server.asked[1].json["messages"][0]["content"] == "New"


async def test_nothing_said_leaves_the_clients_own(make: Make, server: LoopbackServer) -> None:
    client = make(system="Be short.")
    await client.complete(
        "Hi", system=None, tools=None, extra_headers=None, attachments=None, temperature=None
    )
    assert server.asked[0].json["messages"][0]["content"] == "Be short."
    await client.complete("Hi", fragments="one fragment")
    assert "one fragment" in str(server.asked[1].json["messages"][-1])


async def test_what_was_left_out_is_not_taken_for_sent(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    response = await make().complete("Hi", parameters=Parameters(background=True))
    assert [item.name for item in response.left_out] == ["background"]
    assert not response.stored_by_provider


def test_settings_and_requests_are_told_without_secrets_of_the_address(make: Make) -> None:
    client = make(extra_query={"code": QUERY, "api_key": QUERY, "api-version": "1"})
    assert client.to_dict()["extra_query"] == {"api-version": "1"}
    assert client.to_dict(include_key=True)["extra_query"] == client.extra_query
    request = Request(model=ModelRef("loop", "m"), messages=(user("a"),), extra_query=client.extra_query)
    assert request.to_dict()["extra_query"] == {"api-version": "1"}
    with pytest.raises(ConfigurationError, match="user name or password"):
        make(base_url="https://me:password@host/v1")


async def test_what_is_asked_beside_the_calls_keeps_secrets_too(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    endpoint = endpoint_at(server, "anthropic", id="other", name="Other", headers={"x-team": ENDPOINT})
    environment.registry.register(endpoint)
    client = make("other/m", extra_query={"code": QUERY}, extra_headers={"x-secret": HEADER})
    server.script(replies.data({"error": {"message": f"{KEY} {HEADER} {ENDPOINT} {quote_plus(QUERY)}"}}, 403))
    with pytest.raises(ChatbenchError) as caught:
        await client.count_tokens("Hi", exact=True)
    assert server.asked[0].path.endswith("count_tokens")
    assert quote_plus(QUERY) in server.asked[0].target
    assert_clean(repr(caught.value), caught.value.report())
    assert "… … … …" in caught.value.message
