"""Our Responses wire against OpenAI's own types, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import openai
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import responses
from openai.types.responses.input_token_count_params import InputTokenCountParams
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from tests.contracts import conversations, surface
from tests.contracts.vendors import accept, data_of, expect_same, forbid_unknown_keys
from tests.loopback import openai_responses as canned
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import Message, TextPart, assistant, user
from chatbench.core.params import Parameters
from chatbench.providers.http import Http
from chatbench.providers.openai_responses import OpenAIResponses
from chatbench.providers.openai_responses.encode import counted_fields

WIRE = OpenAIResponses()
WHERE = wires.endpoint("openai_responses", "https://api.openai.com/v1")
THINKS = {"thinking": "always", "efforts": ("low", "high")}

forbid_unknown_keys("openai.types")
STREAMED = pydantic.TypeAdapter[Any](ResponseCreateParamsStreaming)
WHOLE = pydantic.TypeAdapter[Any](ResponseCreateParamsNonStreaming)
COUNTED = pydantic.TypeAdapter[Any](InputTokenCountParams)
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


@pytest.mark.parametrize(("name", "value"), surface.ONE_BY_ONE)
def test_every_parameter_is_openais(name: str, value: Any) -> None:
    """Each one alone: it changes what is sent, or is told to be left out."""
    silent = {"json_mode": False, "cache_pattern": "tools_only", "strict_tools": True, "logprobs": False}
    told = name in WIRE.takes and name != "cache_ttl" and silent.get(name) != value
    assert surface.changes(judge, name, value) == told


@settings(max_examples=150, deadline=None)
@given(surface.parameters(WIRE.takes), surface.requests(), conversations.conversations())
def test_any_request_is_an_openai_request(
    parameters: Parameters, request: dict[str, Any], messages: list[Message]
) -> None:
    sent = judge(messages, parameters=parameters, **request)
    assert sent["store"] is bool(parameters.background)
    call = wires.call(WHERE, messages, row=THINKS, parameters=parameters, **request)
    accept(COUNTED, counted_fields(call))


@pytest.mark.parametrize(
    ("given_parameters", "vendors"),
    [
        ({"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "top_p": 0.9}),
        ({"max_output_tokens": 9}, {"max_output_tokens": 9}),
        ({"logprobs": True}, {"include": ["message.output_text.logprobs"]}),
        ({"top_logprobs": 3}, {"include": ["message.output_text.logprobs"], "top_logprobs": 3}),
        ({"json_mode": True}, {"text": {"format": {"type": "json_object"}}}),
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
        ({"service_tier": "flex", "metadata": {"a": "b"}}, {"service_tier": "flex", "metadata": {"a": "b"}}),
        ({"user": "u", "prompt_cache_key": "k"}, {"safety_identifier": "u", "prompt_cache_key": "k"}),
        ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
        ({"background": True}, {"background": True, "store": True}),
        ({"extra_body": {"truncation": "auto"}}, {"extra_body": {"truncation": "auto"}}),
    ],
)
def test_parameters_are_sent_as_the_vendors_client_sends_them(
    given_parameters: dict[str, Any], vendors: dict[str, Any]
) -> None:
    with LoopbackServer() as server:
        where = wires.endpoint("openai_responses", server.base_url("openai_responses"))
        ours = WIRE.encode(
            wires.call(
                where,
                (Message(role="developer", parts=(TextPart(text="Be kind"),)), user("Hi")),
                model="text",
                stream=False,
                parameters=Parameters(**given_parameters),
                **surface.BESIDE,
            )
        )
        with openai.OpenAI(api_key=wires.KEY, base_url=server.base_url("openai_responses")) as vendor:
            clock: Any = {"type": "function", **msgspec.to_builtins(conversations.CLOCK)}
            vendor.responses.create(
                model="text",
                input=[
                    {"role": "developer", "content": [{"type": "input_text", "text": "Be kind"}]},
                    {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                ],
                instructions="Be brief",
                tools=[clock],
                tool_choice={"type": "function", "name": "clock"},
                **surface.VENDORS_BESIDE,
                **{"store": False, **vendors},
            )
        expect_same(ours, server, "x-team")


def test_stored_responses_are_asked_for_as_the_vendors_client_asks() -> None:
    """Retrieving, taking up a stream again, cancelling, deleting, counting: address and method."""
    count = {"object": "response.input_tokens", "input_tokens": 7}
    whole = canned.SCENES["text"][1]
    bodies = (whole, whole, {"id": "resp_1", "object": "response", "deleted": True}, count)
    frames = canned.SCENES["text"][0]
    with LoopbackServer() as server:
        for ask in (_we_ask, _vendor_asks):
            server.script(*map(replies.data, bodies))
            server.script(replies.events(frames[:4], end="cut"), replies.events(frames[4:]))
            ask(server)
    half = len(server.asked) // 2
    ours, theirs = server.asked[:half], server.asked[half:]
    assert [(each.method, each.path) for each in ours] == [(each.method, each.path) for each in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert parse_qs(urlsplit(mine.target).query) == parse_qs(urlsplit(other.target).query)
        assert not mine.body or mine.json == other.json


def _we_ask(server: LoopbackServer) -> None:
    async def asking() -> None:
        where = wires.endpoint("openai_responses", server.base_url("openai_responses"))
        call = wires.call(where, (user("Hi"),), system="Be brief", model="m")
        working = wires.call(where, (user("Hi"),), parameters=Parameters(background=True), model="m")
        http = Http({})
        try:
            await WIRE.retrieve(call, "resp_1", http)
            await WIRE.cancel(call, "resp_1", http)
            await WIRE.delete(call, "resp_1", http)
            assert await WIRE.count_tokens(call, http) == 7
            batches = [batch async for batch in WIRE.stream(working, http)]
            assert wires.folded(event for batch in batches for event in batch).stop is not None
        finally:
            await http.aclose()

    asyncio.run(asking())


def _vendor_asks(server: LoopbackServer) -> None:
    with openai.OpenAI(api_key="k", base_url=server.base_url("openai_responses"), max_retries=0) as vendor:
        vendor.responses.retrieve("resp_1")
        vendor.responses.cancel("resp_1")
        vendor.responses.delete("resp_1")
        said: Any = [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]
        counted = vendor.responses.input_tokens.count(model="m", input=said, instructions="Be brief")
        assert counted.input_tokens == 7
        last = -1
        with (
            contextlib.suppress(openai.APIConnectionError),
            vendor.responses.create(model="m", input=said, stream=True, background=True, store=True) as begun,
        ):
            for event in begun:
                last = event.sequence_number
        assert last == 3
        with vendor.responses.retrieve("resp_1", stream=True, starting_after=last) as rest:
            assert [event.type for event in rest][-1] == "response.completed"


@pytest.mark.parametrize("scene", canned.SCENES)
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 8000), max_size=30))
def test_any_split_gives_the_same_answer(scene: str, cuts: list[int]) -> None:
    frames = canned.SCENES[scene][0]
    answer, same = (
        wires.decode(WIRE, wires.call(WHERE), pieces) for pieces in (frames, wires.cut(frames, cuts))
    )
    assert wires.outcome(wires.folded(same)) == wires.outcome(wires.folded(answer))


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_openai_takes_them(scene: str) -> None:
    judge(conversations.going_on(wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])))


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
