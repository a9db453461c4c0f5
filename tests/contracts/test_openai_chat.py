"""Our Chat Completions wire against OpenAI's own types, in both directions."""

from __future__ import annotations

from typing import Any

import msgspec
import openai
import pydantic
import pytest
from hypothesis import given, settings
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from tests.contracts import conversations
from tests.contracts.vendors import accept, data_of, forbid_unknown_keys
from tests.loopback import openai_chat as canned
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    RemoteUrl,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.providers.openai_chat import OpenAIChat

WIRE = OpenAIChat()
WHERE = wires.endpoint("openai_chat", "https://api.openai.com/v1", max_tokens_field="max_completion_tokens")

forbid_unknown_keys("openai.types")
STREAMED = pydantic.TypeAdapter[Any](CompletionCreateParamsStreaming)
WHOLE = pydantic.TypeAdapter[Any](CompletionCreateParamsNonStreaming)


def judge(messages: tuple[Message, ...] | list[Message], **request: Any) -> Any:
    sent = wires.body(WIRE, wires.call(WHERE, messages, **request))
    accept(STREAMED if sent.get("stream") else WHOLE, sent)
    return sent


def test_judge_refuses_what_the_vendor_refuses() -> None:
    good = judge((user("Hi"),))
    for wrong in (
        {**good, "max_token": 5},
        {**good, "reasoning_effort": "much"},
        {**good, "messages": [{"role": "robot", "content": "Hi"}]},
        {**good, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
        {**good, "tools": [{"type": "function", "name": "f"}]},
        {name: value for name, value in good.items() if name != "model"},
    ):
        with pytest.raises(pydantic.ValidationError):
            accept(STREAMED, wrong)


@pytest.mark.parametrize("request_fields", conversations.REQUESTS)
def test_requests_are_openai_requests(request_fields: dict[str, Any]) -> None:
    judge((user("Hi"), assistant("Hello"), user("Again")), **request_fields)


def test_media_tools_and_parameters_are_openai_requests() -> None:
    judge(conversations.with_tools(), tools=(conversations.CLOCK,))
    judge(
        (
            user(
                "Hi",
                conversations.PICTURE,
                conversations.DOCUMENT,
                ImagePart(
                    source=RemoteUrl(url="https://example.org/a.png"), media_type="image/png", detail="high"
                ),
                FilePart(source=InlineData(data=b"a"), media_type="text/plain"),
                AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/x-wav"),
            ),
        )
    )
    everything = Parameters(
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=10,
        stop=("a", "b"),
        presence_penalty=0.1,
        frequency_penalty=0.1,
        seed=5,
        reasoning_effort="high",
        verbosity="low",
    )
    judge((user("Hi"),), parameters=everything)


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_openai_takes_them(scene: str) -> None:
    answered = wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])
    judge((user("Hi"), Message(role="assistant", parts=answered), user("Go on")))


@settings(max_examples=60)
@given(conversations.conversations())
def test_any_conversation_is_an_openai_request(messages: list[Message]) -> None:
    judge(messages)


@pytest.mark.parametrize("scene", canned.SCENES)
def test_canned_answers_are_openai_answers(scene: str) -> None:
    frames, whole = canned.SCENES[scene]
    for data in data_of(frames):
        if data != b"[DONE]":
            ChatCompletionChunk.model_validate_json(data)
    ChatCompletion.model_validate(whole)


def test_canned_failures_and_models_are_openais() -> None:
    for model in canned.MODELS["data"]:
        openai.types.Model.model_validate(model)
    with LoopbackServer() as server:
        vendor = openai.OpenAI(api_key="k", base_url=server.base_url("openai_chat"), max_retries=0)
        with vendor:
            assert [model.id for model in vendor.models.list()] == [m["id"] for m in canned.MODELS["data"]]


@pytest.mark.parametrize("scene", canned.SCENES)
def test_the_vendors_client_reads_the_stream_as_we_do(scene: str) -> None:
    with (
        LoopbackServer() as server,
        openai.OpenAI(api_key="k", base_url=server.base_url("openai_chat")) as vendor,
    ):
        words, refused = "", ""
        names: list[str] = []
        stream = vendor.chat.completions.create(
            model=scene, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        for event in stream:
            for choice in event.choices[:1]:
                if choice.index:
                    continue
                words += choice.delta.content or ""
                refused += choice.delta.refusal or ""
                functions = [made.function for made in choice.delta.tool_calls or ()]
                names += [made.name for made in functions if made and made.name]
        whole = vendor.chat.completions.create(model=scene, messages=[{"role": "user", "content": "Hi"}])
    parts = wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])
    told = msgspec.to_builtins(parts)
    assert words == "".join(part["text"] for part in told if part["type"] == "text")
    assert refused == "".join(part["text"] for part in told if part["type"] == "refusal")
    assert names == [part["name"] for part in told if part["type"] == "tool_call"]
    assert (whole.choices[0].message.content or "") == words


def test_the_vendors_client_sends_what_we_send() -> None:
    """Method, path, key and body, but for what tells the two clients apart."""
    with LoopbackServer() as server:
        where = wires.endpoint("openai_chat", server.base_url("openai_chat"))
        ours = WIRE.encode(wires.call(where, (user("Hi"),), system="Be brief", model="text"))
        with openai.OpenAI(api_key=wires.KEY, base_url=server.base_url("openai_chat")) as vendor:
            vendor.chat.completions.create(
                model="text",
                messages=[{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hi"}],
                stream=True,
                stream_options={"include_usage": True},
            ).close()
        theirs = server.asked[-1]
        assert server.url + theirs.target == ours.url
        assert theirs.headers["authorization"] == ours.headers["authorization"]
        assert theirs.headers["content-type"] == ours.headers["content-type"]
        assert theirs.json == msgspec.json.decode(ours.body)


def test_azures_client_asks_at_the_same_dated_address() -> None:
    with LoopbackServer() as server:
        where = wires.endpoint("openai_chat", server.url, auth="header:api-key", api_version="2024-10-21")
        ours = WIRE.encode(wires.call(where, (user("Hi"),), model="text"))
        with openai.AzureOpenAI(
            azure_endpoint=server.url, api_key=wires.KEY, api_version="2024-10-21"
        ) as vendor:
            vendor.chat.completions.create(model="text", messages=[{"role": "user", "content": "Hi"}])
        theirs = server.asked[-1]
    assert server.url + theirs.target == ours.url
    assert theirs.headers["api-key"] == ours.headers["api-key"]
