"""Our Messages wire against Anthropic's own types, in both directions."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pydantic
import pytest
from anthropic import types
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from hypothesis import given, settings
from tests.contracts import conversations
from tests.contracts.vendors import accept, data_of, forbid_unknown_keys
from tests.loopback import anthropic as canned
from tests.providers import wires

from chatbench.core.messages import FilePart, InlineData, Message, assistant, user
from chatbench.core.params import Parameters
from chatbench.providers.anthropic import Anthropic

WIRE = Anthropic()
WHERE = wires.endpoint("anthropic", "https://api.anthropic.com", auth="header:x-api-key")
ADAPTIVE = {"thinking": "optional", "efforts": ("low", "high"), "max_output_tokens": 128_000}
BUDGETED = {"thinking": "optional", "thinking_budget": True, "max_output_tokens": 64_000}

forbid_unknown_keys("anthropic.types")
STREAMED = pydantic.TypeAdapter[Any](MessageCreateParamsStreaming)
WHOLE = pydantic.TypeAdapter[Any](MessageCreateParamsNonStreaming)
EVENT = pydantic.TypeAdapter[Any](types.RawMessageStreamEvent)


def judge(messages: tuple[Message, ...] | list[Message], **request: Any) -> Any:
    row = request.pop("row", ADAPTIVE)
    sent = wires.body(WIRE, wires.call(WHERE, messages, row=row, **request))
    accept(STREAMED if sent.get("stream") else WHOLE, sent)
    return sent


def test_judge_refuses_what_the_vendor_refuses() -> None:
    good = judge((user("Hi"),))
    call = {"type": "tool_use", "id": "a", "name": "f", "input": "{}"}
    for wrong in (
        {**good, "temperature": 1.0},
        {name: value for name, value in good.items() if name != "max_tokens"},
        {**good, "thinking": {"type": "adaptive", "budget_tokens": 1024}},
        {**good, "messages": [{"role": "assistant", "content": [call]}]},
    ):
        with pytest.raises(pydantic.ValidationError):
            accept(STREAMED, wrong)


@pytest.mark.parametrize("request_fields", conversations.REQUESTS)
def test_requests_are_anthropic_requests(request_fields: dict[str, Any]) -> None:
    judge((user("Hi"), assistant("Hello"), user("Again")), **request_fields)


def test_media_tools_and_parameters_are_anthropic_requests() -> None:
    judge(conversations.pictures("anthropic"))
    judge(conversations.with_tools(), tools=(conversations.CLOCK,))
    text = FilePart(source=InlineData(data=b"a,b\n1,2\n"), media_type="text/csv", name="table.csv")
    judge((user("Sum it", text),))
    judge((user("Hi"),), parameters=Parameters(stop=("END",), reasoning_effort="high"))
    judge((user("Hi"),), parameters=Parameters(thinking_budget=2048), row=BUDGETED)
    judge((user("Hi"),), parameters=Parameters(reasoning_effort="none"))
    judge((user("Hi"),), row={"thinking": "always"})


def test_sampling_is_known_only_to_the_old_version() -> None:
    parameters = Parameters(temperature=0.5, top_p=0.9, top_k=5)
    made = wires.call(WHERE, (user("Hi"),), parameters=parameters)
    assert WIRE.encode(made).headers["anthropic-version"] == "2023-06-01"
    sent = wires.body(WIRE, made)
    with pytest.raises(pydantic.ValidationError) as refused:
        accept(STREAMED, sent)
    assert {error["loc"][0] for error in refused.value.errors()} == {"temperature", "top_p", "top_k"}


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_anthropic_takes_them(scene: str) -> None:
    judge(conversations.going_on(wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])))


@settings(max_examples=60)
@given(conversations.conversations())
def test_any_conversation_is_an_anthropic_request(messages: list[Message]) -> None:
    sent = judge(messages)
    roles = [turn["role"] for turn in sent["messages"]]
    for turn, following in pairwise([*sent["messages"], {"content": []}]):
        asked = [block["id"] for block in turn["content"] if block["type"] == "tool_use"]
        results = following["content"][: len(asked)]
        assert [block.get("tool_use_id") for block in results] == asked
    assert set(roles) <= {"user", "assistant"}


@pytest.mark.parametrize("scene", canned.SCENES)
def test_canned_streams_are_anthropic_events(scene: str) -> None:
    frames, whole = canned.SCENES[scene]
    for data in data_of(frames):
        if json.loads(data)["type"] != "ping":
            EVENT.validate_json(data)
    types.Message.model_validate(whole)


def test_canned_errors_and_models_are_anthropic_ones() -> None:
    fallen = data_of(canned.broken("overloaded_error", "Overloaded"))[-1]
    types.ErrorResponse.model_validate_json(fallen)
    types.ErrorResponse.model_validate_json(canned.error_body("billing_error", "Pay"))
    for page in canned.MODELS.values():
        for model in page["data"]:
            types.ModelInfo.model_validate(model)
