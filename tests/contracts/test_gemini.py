"""Our Gemini wire against Google's own types, in both directions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pydantic
import pytest
from google.genai import types
from hypothesis import given, settings
from tests.contracts import conversations
from tests.contracts.vendors import data_of
from tests.loopback import gemini as canned
from tests.providers import wires

from chatbench.core.messages import AudioPart, InlineData, Message, VideoPart, assistant, user
from chatbench.core.params import Parameters
from chatbench.providers.gemini import Gemini

WIRE = Gemini()
WHERE = wires.endpoint("gemini", "https://generativelanguage.googleapis.com", auth="header:x-goog-api-key")
THINKS = {"thinking": "always", "efforts": ("low", "high")}
FIELDS = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "metadata"}


def accept(sent: dict[str, Any]) -> None:
    assert set(sent) <= FIELDS
    for content in sent["contents"]:
        types.Content.model_validate(content)
    if "systemInstruction" in sent:
        types.Content.model_validate(sent["systemInstruction"])
    config = types.GenerationConfig.model_validate(sent.get("generationConfig", {}))
    if config.thinking_config and config.thinking_config.thinking_level:
        assert config.thinking_config.thinking_level in list(types.ThinkingLevel)
    for tool in sent.get("tools", ()):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(sent.get("toolConfig", {}))


def judge(messages: tuple[Message, ...] | list[Message], **request: Any) -> Any:
    sent = wires.body(WIRE, wires.call(WHERE, messages, row=THINKS, **request))
    accept(sent)
    return sent


def test_judge_refuses_what_the_vendor_refuses() -> None:
    good = judge((user("Hi"),))
    for wrong in (
        {**good, "generationConfig": {"maxTokens": 5}},
        {**good, "contents": [{"role": "user", "parts": [{"type": "text", "text": "Hi"}]}]},
        {**good, "toolConfig": {"mode": "ANY"}},
    ):
        with pytest.raises(pydantic.ValidationError):
            accept(wrong)


@pytest.mark.parametrize("request_fields", conversations.REQUESTS)
def test_requests_are_gemini_requests(request_fields: dict[str, Any]) -> None:
    judge((user("Hi"), assistant("Hello"), user("Again")), **request_fields)


def test_media_tools_and_parameters_are_gemini_requests() -> None:
    judge(conversations.pictures("gemini"))
    judge(conversations.with_tools(), tools=(conversations.CLOCK,))
    sound = AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/wav")
    film = VideoPart(source=InlineData(data=b"ftyp"), media_type="video/mp4")
    judge((user("What is said?", sound, film),))
    everything = Parameters(
        temperature=0.5,
        top_p=0.9,
        top_k=4,
        max_output_tokens=10,
        stop=("END",),
        presence_penalty=0.1,
        frequency_penalty=0.2,
        seed=7,
        reasoning_effort="high",
    )
    sent = judge((user("Hi"),), parameters=everything)
    assert sent["generationConfig"]["thinkingConfig"] == {"includeThoughts": True, "thinkingLevel": "HIGH"}
    judge((user("Hi"),), parameters=Parameters(thinking_budget=512))
    judge((user("Hi"),), parameters=Parameters(reasoning_effort="none"))


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_gemini_takes_them(scene: str) -> None:
    judge(conversations.going_on(wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])))


@settings(max_examples=60)
@given(conversations.conversations())
def test_any_conversation_is_a_gemini_request(messages: list[Message]) -> None:
    sent = judge(messages)
    for turn, following in pairwise([*sent["contents"], {"parts": []}]):
        asked = sum("functionCall" in part for part in turn["parts"])
        answered = sum("functionResponse" in part for part in following["parts"])
        assert turn["role"] == "user" or asked == answered


@pytest.mark.parametrize("scene", canned.SCENES)
def test_canned_streams_are_gemini_chunks(scene: str) -> None:
    frames, whole = canned.SCENES[scene]
    for data in data_of(frames):
        types.GenerateContentResponse.model_validate_json(data)
    types.GenerateContentResponse.model_validate(whole)
    types.GenerateContentResponse.model_validate(canned.BLOCKED)
