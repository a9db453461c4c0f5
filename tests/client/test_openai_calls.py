"""What the OpenAI wires can say, through the client: asked for, answered, left out, refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.loopback import openai_chat, openai_responses, replies
from tests.loopback.server import LoopbackServer

from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.errors import StreamInterrupted
from chatbench.core.messages import Message, TextPart, user
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut, Parameters
from chatbench.core.requests import Request, TokenLogprob


def at(environment: Environment, server: LoopbackServer, wire: str, **quirks: Any) -> None:
    environment.registry.register(
        Endpoint(
            id="here",
            name="Here",
            wire=wire,
            base_url=server.base_url(wire),
            auth="none",
            local=True,
            quirks=Quirks(**quirks),
        )
    )


def asking(model: str, **more: Any) -> Request:
    parameters = Parameters(**more.pop("parameters", {}))
    return Request(
        model=ModelRef("here", model), messages=(user("Hi"),), parameters=parameters, stream=False, **more
    )


async def test_alternatives_probabilities_and_the_head(client: LLMClient, server: LoopbackServer) -> None:
    at(client.environment, server, "openai_chat")
    response = await client.complete(asking("several", parameters={"n": 2, "logprobs": True}))
    assert server.asked[0].json["n"] == 2
    assert response.text == "Red and green."
    assert response.alternatives == ((TextPart(text="Blue."),),)
    assert response.logprobs[0] == TokenLogprob("Red ", -0.5)
    assert response.created == 1_790_000_000
    flex = await client.complete(asking("flex"))
    assert (flex.service_tier, flex.system_fingerprint) == ("flex", "fp_1")


async def test_what_an_endpoint_refuses_is_told(client: LLMClient, server: LoopbackServer) -> None:
    at(client.environment, server, "openai_chat", refused=("n",))
    parameters = {"n": 2, "thinking_budget": 5, "background": True, "user": "u"}
    response = await client.complete(asking("text", parameters=parameters))
    assert {left.name: left.reason for left in response.left_out} == {
        "n": "not taken by this provider",
        "thinking_budget": "this interface has no field for it",
        "background": "this interface has no field for it",
    }
    assert server.asked[0].json["user"] == "u"


async def test_a_name_that_an_interface_has_no_field_for_is_told(
    client: LLMClient, server: LoopbackServer
) -> None:
    at(client.environment, server, "openai_responses")
    named = msgspec.structs.replace(asking("text"), messages=(Message.user("Hi", name="ada"),))
    response = await client.complete(named)
    assert response.left_out == (LeftOut("name", "this interface has no field for it"),)
    assert "name" not in server.asked[0].json["input"][0]


async def test_a_refused_field_is_tried_once(client: LLMClient, server: LoopbackServer) -> None:
    at(client.environment, server, "openai_chat")
    refusal = openai_chat.error_body(
        "unsupported_parameter", "invalid_request_error", "Unsupported parameter: 'logprobs'", "logprobs"
    )
    server.script(replies.data(refusal, 400))
    for _ in range(2):
        response = await client.complete(asking("text", parameters={"top_logprobs": 2}))
        assert [left.name for left in response.left_out] == ["top_logprobs"]
    assert ["logprobs" in asked.json for asked in server.asked] == [True, False, False]


async def test_background_is_stored_and_says_so(client: LLMClient, server: LoopbackServer) -> None:
    at(client.environment, server, "openai_responses")
    plain = await client.complete(asking("text"))
    assert not plain.stored_by_provider
    response = await client.complete(asking("text", parameters={"background": True}))
    assert response.stored_by_provider
    assert response.response_id == "resp_1"
    assert [asked.json["store"] for asked in server.asked] == [False, True]


async def test_background_is_never_asked_for_twice(client: LLMClient, server: LoopbackServer) -> None:
    at(client.environment, server, "openai_responses")
    server.script(replies.events(openai_responses.SCENES["text"][0][:1], end="cut"))
    server.script(*[replies.data(openai_responses.error_body(None, "x", "gone"), 404)] * 3)
    streamed = msgspec.structs.replace(asking("text", parameters={"background": True}), stream=True)
    with pytest.raises(Exception, match="knows no such") as caught:
        await client.complete(streamed)
    assert not isinstance(caught.value, StreamInterrupted)
    assert [asked.method for asked in server.asked] == ["POST", "GET"]
