"""Our Responses wire against OpenAI's own types, in both directions."""

from __future__ import annotations

from typing import Any

import openai
import pydantic
import pytest
from hypothesis import given, settings
from openai.types import responses
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from tests.contracts import conversations
from tests.contracts.vendors import accept, data_of, forbid_unknown_keys
from tests.loopback import openai_responses as canned
from tests.providers import wires

from chatbench.core.messages import Message, assistant, user
from chatbench.core.params import Parameters
from chatbench.providers.openai_responses import OpenAIResponses

WIRE = OpenAIResponses()
WHERE = wires.endpoint("openai_responses", "https://api.openai.com/v1")
THINKS = {"thinking": "always", "efforts": ("low", "high")}

forbid_unknown_keys("openai.types")
STREAMED = pydantic.TypeAdapter[Any](ResponseCreateParamsStreaming)
WHOLE = pydantic.TypeAdapter[Any](ResponseCreateParamsNonStreaming)
EVENT = pydantic.TypeAdapter[Any](responses.ResponseStreamEvent)


def judge(messages: tuple[Message, ...] | list[Message], **request: Any) -> Any:
    sent = wires.body(WIRE, wires.call(WHERE, messages, row=THINKS, **request))
    accept(STREAMED if sent.get("stream") else WHOLE, sent)
    return sent


def test_judge_refuses_what_the_vendor_refuses() -> None:
    good = judge((user("Hi"),))
    for wrong in (
        {**good, "max_tokens": 5},
        {**good, "reasoning": {"effort": "much"}},
        {**good, "tools": [{"type": "function", "function": {"name": "f"}}]},
        {**good, "input": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
    ):
        with pytest.raises(pydantic.ValidationError):
            accept(STREAMED, wrong)


@pytest.mark.parametrize("request_fields", conversations.REQUESTS)
def test_requests_are_openai_requests(request_fields: dict[str, Any]) -> None:
    judge((user("Hi"), assistant("Hello"), user("Again")), **request_fields)


def test_media_tools_and_parameters_are_openai_requests() -> None:
    judge(conversations.pictures("openai"))
    judge(conversations.with_tools(), tools=(conversations.CLOCK,))
    everything = Parameters(
        temperature=0.5, top_p=0.9, max_output_tokens=10, reasoning_effort="high", verbosity="low"
    )
    judge((user("Hi"),), parameters=everything)


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_openai_takes_them(scene: str) -> None:
    answered = wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])
    judge((user("Hi"), Message(role="assistant", parts=answered), user("Go on")))


@settings(max_examples=60, deadline=None)
@given(conversations.conversations())
def test_any_conversation_is_an_openai_request(messages: list[Message]) -> None:
    judge(messages)


@pytest.mark.parametrize("scene", canned.SCENES)
def test_canned_streams_are_openai_events(scene: str) -> None:
    frames, whole = canned.SCENES[scene]
    for data in data_of(frames):
        EVENT.validate_json(data)
    responses.Response.model_validate(whole)


@pytest.mark.parametrize("frames", [canned.failed("server_error", "x"), canned.broken("server_error", "x")])
def test_canned_failures_are_openai_events(frames: list[bytes]) -> None:
    for data in data_of(frames):
        EVENT.validate_json(data)


def test_canned_models_are_openai_models() -> None:
    for model in canned.MODELS["data"]:
        openai.types.Model.model_validate(model)
