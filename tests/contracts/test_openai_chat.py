"""Our Chat Completions wire against OpenAI's own types, in both directions."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import openai
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from tests.contracts import conversations, surface
from tests.contracts.vendors import accept, data_of, expect_same, forbid_unknown_keys
from tests.loopback import openai_chat as canned
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    ProviderFile,
    RemoteUrl,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.providers.openai_chat import OpenAIChat
from chatbench.providers.registry import Registry

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


NOT_OPENAIS = {"top_k"}
"""Taken by others who speak this wire; the endpoint file of OpenAI names it as refused."""


def test_what_openai_does_not_know_its_endpoint_refuses(tmp_path: Path) -> None:
    with pytest.raises(pydantic.ValidationError, match="top_k"):
        judge((user("Hi"),), parameters=Parameters(top_k=1))
    shipped = Registry(tmp_path).get("openai")
    assert shipped is not None
    assert set(shipped.quirks.refused) == NOT_OPENAIS


@pytest.mark.parametrize(("name", "value"), surface.ONE_BY_ONE)
def test_every_parameter_is_openais(name: str, value: Any) -> None:
    """Each one alone: it changes what is sent, or is told to be left out."""
    if name in NOT_OPENAIS:
        return
    silent = {"json_mode": False, "cache_pattern": "tools_only", "strict_tools": True}
    told = name in WIRE.takes and name != "cache_ttl" and silent.get(name) != value
    assert surface.changes(judge, name, value) == told


@settings(max_examples=150, deadline=None)
@given(surface.parameters(WIRE.takes - NOT_OPENAIS), surface.requests(), conversations.conversations())
def test_any_request_is_an_openai_request(
    parameters: Parameters, request: dict[str, Any], messages: list[Message]
) -> None:
    judge(messages, parameters=parameters, **request)


@pytest.mark.parametrize(
    ("given_parameters", "vendors"),
    [
        ({"temperature": 0.5, "top_p": 0.9, "seed": 7}, {"temperature": 0.5, "top_p": 0.9, "seed": 7}),
        ({"max_output_tokens": 9}, {"max_completion_tokens": 9}),
        ({"stop": ("a", "b")}, {"stop": ["a", "b"]}),
        (
            {"presence_penalty": 0.1, "frequency_penalty": 0.2},
            {"presence_penalty": 0.1, "frequency_penalty": 0.2},
        ),
        ({"n": 2, "logit_bias": {"11": -100.0}}, {"n": 2, "logit_bias": {"11": -100}}),
        ({"logprobs": True}, {"logprobs": True}),
        ({"top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"json_mode": True}, {"response_format": {"type": "json_object"}}),
        ({"service_tier": "flex", "metadata": {"a": "b"}}, {"service_tier": "flex", "metadata": {"a": "b"}}),
        ({"user": "u", "prompt_cache_key": "k"}, {"safety_identifier": "u", "prompt_cache_key": "k"}),
        ({"reasoning_effort": "low", "verbosity": "high"}, {"reasoning_effort": "low", "verbosity": "high"}),
        ({"extra_body": {"store": True}}, {"extra_body": {"store": True}}),
    ],
)
def test_parameters_are_sent_as_the_vendors_client_sends_them(
    given_parameters: dict[str, Any], vendors: dict[str, Any]
) -> None:
    with LoopbackServer() as server:
        where = wires.endpoint(
            "openai_chat",
            server.base_url("openai_chat"),
            max_tokens_field="max_completion_tokens",
            developer_role=True,
        )
        call = wires.call(
            where,
            (user("Hi"),),
            model="text",
            stream=False,
            parameters=Parameters(**given_parameters),
            **surface.BESIDE,
        )
        ours = WIRE.encode(call)
        with openai.OpenAI(api_key=wires.KEY, base_url=server.base_url("openai_chat")) as vendor:
            vendor.chat.completions.create(
                model="text",
                messages=[{"role": "developer", "content": "Be brief"}, {"role": "user", "content": "Hi"}],
                tools=[{"type": "function", "function": msgspec.to_builtins(conversations.CLOCK)}],
                tool_choice={"type": "function", "function": {"name": "clock"}},
                **surface.VENDORS_BESIDE,
                **vendors,
            )
        expect_same(ours, server, "x-team")


def test_messages_are_sent_as_the_vendors_client_sends_them() -> None:
    """Names, the developer's role, pictures, files, sound, tools called and answered."""
    picture = "data:image/png;base64,iVBORw0KGgo="
    paper = "data:application/pdf;base64,JVBERi0xLjc="
    call = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"zone": "UTC"}'}}
    uploaded = FilePart(source=ProviderFile(provider="groq", file_id="f1"), media_type="application/pdf")
    with LoopbackServer() as server:
        where = wires.endpoint("openai_chat", server.base_url("openai_chat"), developer_role=True)
        ours = wires.body(
            WIRE,
            wires.call(
                where,
                (
                    Message(role="developer", parts=(TextPart(text="Be brief"),), name="boss"),
                    msgspec.structs.replace(
                        user(
                            "See",
                            msgspec.structs.replace(conversations.PICTURE, detail="high"),
                            conversations.DOCUMENT,
                            uploaded,
                            AudioPart(source=InlineData(data=b"ID3"), media_type="audio/mpeg"),
                        ),
                        name="ann",
                    ),
                    Message(
                        role="assistant",
                        parts=(ToolCallPart(call_id="c1", name="clock", arguments='{"zone": "UTC"}'),),
                    ),
                    Message(role="tool", parts=(ToolResultPart(call_id="c1", parts=(TextPart(text="12"),)),)),
                ),
                model="text",
                stream=False,
            ),
        )
        with openai.OpenAI(api_key=wires.KEY, base_url=server.base_url("openai_chat")) as vendor:
            content: Any = [
                {"type": "image_url", "image_url": {"url": picture, "detail": "high"}},
                {"type": "file", "file": {"filename": "paper.pdf", "file_data": paper}},
                {"type": "file", "file": {"file_id": "f1"}},
                {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
                {"type": "text", "text": "See"},
            ]
            messages: Any = [
                {"role": "developer", "content": "Be brief", "name": "boss"},
                {"role": "user", "content": content, "name": "ann"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "12"},
            ]
            vendor.chat.completions.create(model="text", messages=messages)
        theirs = server.asked[-1].json
    assert ours == theirs


@pytest.mark.parametrize("scene", canned.SCENES)
def test_the_vendors_client_reads_every_choice_as_we_do(scene: str) -> None:
    """Words, probabilities, sound and what stands at the head, of each alternative."""
    with (
        LoopbackServer() as server,
        openai.OpenAI(api_key="k", base_url=server.base_url("openai_chat")) as vendor,
    ):
        theirs = vendor.chat.completions.create(model=scene, messages=[{"role": "user", "content": "Hi"}])
    ours = wires.folded(wires.decode(WIRE, wires.call(WHERE), canned.SCENES[scene][0]))
    assert ours.choices == tuple(choice.index for choice in theirs.choices)
    for choice in theirs.choices:
        words = "".join(getattr(part, "text", "") for part in ours.parts(choice.index))
        assert words == (choice.message.content or choice.message.refusal or "")
        told = choice.logprobs.content or choice.logprobs.refusal or [] if choice.logprobs else []
        assert [
            (token.token, token.logprob, [(top.token, top.logprob) for top in token.top])
            for token in ours.logprobs.get(choice.index, ())
        ] == [
            (token.token, token.logprob, [(top.token, top.logprob) for top in token.top_logprobs])
            for token in told
        ]
        stop = ours.stops[choice.index]
        assert (stop.detail, stop.created) == (choice.finish_reason, theirs.created)
        assert (stop.system_fingerprint or None) == theirs.system_fingerprint
        assert (stop.service_tier or None) == theirs.service_tier
        if choice.message.audio is not None:
            (sound,) = (part for part in ours.parts(choice.index) if isinstance(part, AudioPart))
            assert isinstance(sound.source, InlineData)
            assert sound.source.data == base64.b64decode(choice.message.audio.data)
            assert sound.transcript == choice.message.audio.transcript


@pytest.mark.parametrize("scene", wires.scenes(canned))
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 4000), max_size=30))
def test_any_split_gives_the_same_answer(scene: str, cuts: list[int]) -> None:
    frames = wires.scenes(canned)[scene][0]
    answer, same = (
        wires.decode(WIRE, wires.call(WHERE), pieces) for pieces in (frames, wires.cut(frames, cuts))
    )
    assert wires.outcome(wires.folded(same)) == wires.outcome(wires.folded(answer))


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_openai_takes_them(scene: str) -> None:
    judge(conversations.going_on(wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])))


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
        expect_same(ours, server, "authorization", "content-type")


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
