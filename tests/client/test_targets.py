"""Where calls go is looked up once for many of them, and again where something has changed."""

from __future__ import annotations

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.targets import Place, known_target, target_of
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.secrets import Secret

MODEL = ModelRef("loop", "m")
KEY = Secret("sk-test-0123456789")
PLACE = Place(MODEL, None, KEY, "")


@pytest.fixture
def endpoint(environment: Environment, server: LoopbackServer) -> Endpoint:
    endpoint = endpoint_at(server)
    environment.registry.register(endpoint)
    return endpoint


async def test_a_target_is_known_to_calls_with_the_same_key_and_limits(
    environment: Environment, endpoint: Endpoint
) -> None:
    found = await target_of(environment, PLACE, endpoint, ModelInfo(ref=MODEL))
    assert found.key == KEY
    assert known_target(environment, Place(MODEL, None, Secret(KEY.reveal()), ""), endpoint) is found
    others = [
        PLACE._replace(key=Secret("sk-other-0123456789")),
        PLACE._replace(key=None),
        PLACE._replace(limits=Limits(concurrent=1)),
        PLACE._replace(api_version="2026-01-01"),
    ]
    assert [known_target(environment, other, endpoint) for other in others] == [None] * 4


async def test_it_is_looked_up_again_at_another_endpoint_and_after_a_change_of_keys(
    environment: Environment, endpoint: Endpoint
) -> None:
    found = await target_of(environment, PLACE, endpoint, ModelInfo(ref=MODEL))
    moved = msgspec.structs.replace(endpoint, base_url="http://127.0.0.1:9/v1")
    assert known_target(environment, PLACE, moved) is None
    assert known_target(environment, PLACE, endpoint) is found
    await environment.keys.set(endpoint, Secret("sk-kept-0123456789"), session=True)
    assert known_target(environment, PLACE, endpoint) is None


async def test_a_refusal_is_heard_by_the_next_call_with_a_key_of_its_own(
    environment: Environment, endpoint: Endpoint, server: LoopbackServer
) -> None:
    client = LLMClient(MODEL, environment=environment, key=KEY, retries=QUICK)
    refusal = openai_chat.error_body(400, None, "Unsupported value: 'temperature'", "temperature")
    server.script(replies.data(refusal, 400))
    for _ in range(2):
        assert not (await client.complete("Hi", temperature=0.5)).is_error
    assert [ask.json.get("temperature") for ask in server.asked] == [0.5, None, None]
