"""Our Mistral wire against Mistral's own types and client.

The types ignore keys that they do not know and take any chunk, so that what they make of a request
is compared with what we wrote.
"""

from __future__ import annotations

from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from mistralai.client import Mistral as Vendor
from mistralai.client import models
from tests.contracts import conversations, parameters
from tests.contracts.vendors import data_of, heard, lost
from tests.loopback import mistral as canned
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import (
    AudioPart,
    FilePart,
    InlineData,
    Message,
    ToolCallPart,
    assistant,
    user,
)
from chatbench.core.models import EFFORTS
from chatbench.core.params import Parameters
from chatbench.providers.mistral import Mistral

WIRE = Mistral()
WHERE = wires.endpoint("mistral", "https://api.mistral.ai")
EVERYTHING = parameters.every(WIRE.takes, service_tier="standard_only", strict_tools=True)


def accept(sent: Any) -> None:
    """Raises where Mistral's types refuse, do not know or do not keep what is sent."""
    kind = models.ChatCompletionStreamRequest if sent.get("stream") else models.ChatCompletionRequest
    read = kind.model_validate(sent)
    missing = lost(sent, read.model_dump(mode="json", by_alias=True))
    assert not missing, missing


def judge(messages: tuple[Message, ...] | list[Message], **request: Any) -> Any:
    sent = wires.body(WIRE, wires.call(WHERE, messages, **request))
    accept(sent)
    return sent


def test_judge_refuses_what_the_vendor_does_not_know() -> None:
    good = judge((user("Hi"),), tools=(conversations.CLOCK,))
    wrong: list[Any] = [
        {**good, "seed": 1},
        {**good, "messages": [{"role": "robot", "content": "Hi"}]},
        {**good, "messages": [{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]},
        {**good, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 5}]}]},
        {**good, "tools": [{"type": "function", "function": {"parameters": {}}}]},
        {**good, "response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        {name: value for name, value in good.items() if name != "model"},
    ]
    for sent in wrong:
        with pytest.raises((pydantic.ValidationError, AssertionError)):
            accept(sent)


@pytest.mark.parametrize("request_fields", conversations.REQUESTS)
def test_requests_are_mistral_requests(request_fields: dict[str, Any]) -> None:
    judge((user("Hi"), assistant("Hello"), user("Again")), **request_fields)


def test_every_parameter_is_one_of_mistrals() -> None:
    sent = judge((user("Hi"),), parameters=EVERYTHING, tools=(conversations.CLOCK,))
    assert len(sent) == len(EVERYTHING.given()) - 1 + 4, "strict_tools is the tools'"
    for effort in EFFORTS:
        judge((user("Hi"),), parameters=Parameters(reasoning_effort=effort))


def test_media_tools_and_answers_are_mistral_requests() -> None:
    judge(conversations.pictures("mistral"))
    judge(conversations.with_tools(), tools=(conversations.CLOCK,))
    sound = AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/wav")
    text = FilePart(source=InlineData(data=b"a,b\n1,2\n"), media_type="text/csv", name="table.csv")
    judge((user("What is said?", sound, text), assistant("It is")))


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_mistral_takes_them(scene: str) -> None:
    judge(conversations.going_on(wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])))


@settings(max_examples=60)
@given(conversations.conversations())
def test_any_conversation_is_a_mistral_request(messages: list[Message]) -> None:
    called = conversations.expect_answered(judge(messages)["messages"])
    assert all(len(call_id) == 9 and call_id.isalnum() for call_id in called)


@pytest.mark.parametrize("scene", canned.SCENES)
def test_canned_streams_are_mistral_chunks(scene: str) -> None:
    frames, whole = canned.SCENES[scene]
    for data in data_of(frames)[:-1]:
        models.CompletionChunk.model_validate_json(data)
    models.ChatCompletionResponse.model_validate(whole)


def test_canned_models_and_errors_are_mistrals() -> None:
    listed = models.ModelList.model_validate(canned.MODELS).data or []
    assert [type(card).__name__ for card in listed] == ["BaseModelCard"] * len(canned.MODELS["data"])
    models.ValidationError.model_validate({"type": "missing", "loc": ["body", "model"], "msg": "required"})


@pytest.mark.parametrize("scene", canned.SCENES)
def test_mistrals_client_reads_the_same(scene: str, server: LoopbackServer) -> None:
    frames = canned.SCENES[scene][0]
    words, thoughts, calls = "", "", []
    with (
        Vendor(api_key="k", server_url=server.base_url("mistral")) as vendor,
        vendor.chat.stream(model=scene, messages=[{"role": "user", "content": "Hi"}]) as stream,
    ):
        for event in stream:
            for choice in event.data.choices:
                if choice.index:
                    continue
                content = choice.delta.content
                for chunk in [content] if isinstance(content, str) else content or []:
                    if isinstance(chunk, str):
                        words += chunk
                    elif isinstance(chunk, models.TextChunk):
                        words += chunk.text
                    elif isinstance(chunk, models.ThinkChunk):
                        thoughts += "".join(getattr(piece, "text", "") for piece in chunk.thinking)
                calls += [call.function.name for call in choice.delta.tool_calls or ()]
    assert heard(WIRE, scene, frames, server) == (words, thoughts, calls)


def test_mistrals_client_sends_the_same(server: LoopbackServer) -> None:
    """Key by key; the client writes out what is the default."""
    history = (
        user("What is it?", conversations.PICTURE),
        Message(role="assistant", parts=(ToolCallPart(call_id="D681PevKs", name="clock", arguments="{}"),)),
    )
    made = wires.call(
        WHERE, history, system="Be short.", parameters=EVERYTHING, tools=(conversations.CLOCK,),
        tool_choice="required", parallel_tool_calls=False,
    )  # fmt: skip
    ours = wires.body(WIRE, made)
    told = {name: value for name, value in ours.items() if name != "stream"}
    with (
        Vendor(api_key=wires.KEY, server_url=server.base_url("mistral")) as vendor,
        vendor.chat.stream(**told) as stream,
    ):
        assert list(stream)
    asked = server.asked[-1]
    theirs = asked.json
    defaults = {name for name in theirs if name not in ours}
    assert not defaults, defaults
    assert not lost(ours, theirs)
    headers = WIRE.encode(made).headers
    for name in ("authorization", "content-type", "accept"):
        assert headers[name] == asked.headers[name]
    assert asked.path == "/mistral/v1/chat/completions"


def test_mistrals_client_lists_the_same(server: LoopbackServer) -> None:
    with Vendor(api_key="k", server_url=server.base_url("mistral")) as vendor:
        listed = vendor.models.list().data or []
    where = wires.endpoint("mistral", server.base_url("mistral"))
    assert WIRE.models_request(where, None, None).url == server.url + server.asked[-1].target
    assert len(listed) == len(canned.MODELS["data"])
