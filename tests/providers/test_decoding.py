"""All wires together: streamed and whole answers agree, and hostile input has a name."""

from __future__ import annotations

import json
import random
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.loopback import anthropic, cohere, gemini, mistral, ollama, openai_chat, openai_responses
from tests.providers import wires

from chatbench.core.errors import InvalidResponse, ProviderError, StreamInterrupted
from chatbench.core.messages import Message, user
from chatbench.providers.anthropic import Anthropic
from chatbench.providers.cohere import Cohere
from chatbench.providers.gemini import Gemini
from chatbench.providers.mistral import Mistral
from chatbench.providers.ollama import Ollama
from chatbench.providers.openai_chat import OpenAIChat
from chatbench.providers.openai_responses import OpenAIResponses
from chatbench.providers.wire import HttpFailure, HttpWire

OPENAI = (
    OpenAIResponses(),
    wires.endpoint("openai_responses", "https://api.openai.com/v1"),
    openai_responses,
)
OPENAI_CHAT = (
    OpenAIChat(),
    wires.endpoint("openai_chat", "https://api.groq.com/openai/v1"),
    openai_chat,
)
ANTHROPIC = (Anthropic(), wires.endpoint("anthropic", "https://api.anthropic.com"), anthropic)
GEMINI = (Gemini(), wires.endpoint("gemini", "https://generativelanguage.googleapis.com"), gemini)
MISTRAL = (Mistral(), wires.endpoint("mistral", "https://api.mistral.ai"), mistral)
COHERE = (Cohere(), wires.endpoint("cohere", "https://api.cohere.com"), cohere)
OLLAMA = (Ollama(), wires.endpoint("ollama", "http://127.0.0.1:11434", auth="none"), ollama)
WIRES = (OPENAI, OPENAI_CHAT, ANTHROPIC, GEMINI, MISTRAL, COHERE, OLLAMA)
Canned = tuple[HttpWire, Any, ModuleType]
SCENES = [(canned, name) for canned in WIRES for name in wires.scenes(canned[2])]


def _named(value: object) -> str:
    return value if isinstance(value, str) else value[2].__name__.rpartition(".")[2]  # type: ignore[index]


@pytest.mark.parametrize(("canned", "scene"), SCENES, ids=_named)
def test_whole_answer_equals_streamed(canned: Canned, scene: str) -> None:
    wire, where, module = canned
    frames, whole = wires.scenes(module)[scene]
    made = wires.call(where)
    streamed = wires.folded(wires.decode(wire, made, frames))
    at_once = wires.folded(wire.decode_whole(json.dumps(whole).encode(), made))
    assert wires.outcome(streamed) == wires.outcome(at_once)
    assert streamed.parts()
    assert streamed.usage is not None
    assert streamed.stop is not None


@pytest.mark.parametrize(("canned", "scene"), SCENES, ids=_named)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_pieces_of_any_length_give_the_same_answer(canned: Canned, scene: str, seed: int) -> None:
    wire, where, module = canned
    frames = wires.scenes(module)[scene][0]
    made = wires.call(where)
    expected = wires.outcome(wires.folded(wires.decode(wire, made, frames)))
    pieces = wires.split(b"".join(frames), random.Random(seed))
    assert wires.outcome(wires.folded(wires.decode(wire, made, pieces))) == expected


@pytest.mark.parametrize(("canned", "scene"), SCENES, ids=_named)
def test_stream_without_its_end_is_interrupted(canned: Canned, scene: str) -> None:
    wire, where, module = canned
    frames = wires.scenes(module)[scene][0]
    ends_after = getattr(module, "unfinished", len)(frames)
    for kept in range(ends_after):
        with pytest.raises(StreamInterrupted):
            wires.decode(wire, wires.call(where), frames[:kept])


@pytest.mark.parametrize(("canned", "scene"), SCENES, ids=_named)
@given(seed=st.integers(0, 2**32))
def test_mutated_stream_raises_only_named_errors(canned: Canned, scene: str, seed: int) -> None:
    wire, where, module = canned
    draw = random.Random(seed)
    broken = wires.mutated(b"".join(wires.scenes(module)[scene][0]), draw)
    made = wires.call(where)
    try:
        wires.folded(wires.decode(wire, made, wires.split(broken, draw))).parts()
    except ProviderError as error:
        wires.expect_named(error)


@pytest.mark.parametrize(("canned", "scene"), SCENES, ids=_named)
@given(seed=st.integers(0, 2**32))
def test_mutated_body_raises_only_named_errors(canned: Canned, scene: str, seed: int) -> None:
    wire, where, module = canned
    broken = wires.mutated(json.dumps(wires.scenes(module)[scene][1]).encode(), random.Random(seed))
    made = wires.call(where)
    try:
        wires.folded(wire.decode_whole(broken, made)).parts()
    except ProviderError as error:
        wires.expect_named(error)


@pytest.mark.parametrize(("canned", "scene"), SCENES, ids=_named)
@given(seed=st.integers(0, 2**32))
def test_reshaped_answer_can_be_named_or_sent_back(canned: Canned, scene: str, seed: int) -> None:
    wire, where, module = canned
    draw = random.Random(seed)
    frames, whole = wires.scenes(module)[scene]
    made = wires.call(where)
    try:
        if draw.random() < 0.5:
            events = wires.decode(wire, made, wires.reshaped_frames(frames, draw))
        else:
            events = wire.decode_whole(json.dumps(wires.reshaped(whole, draw)).encode(), made)
    except ProviderError as error:
        wires.expect_named(error)
        return
    answered = Message(role="assistant", parts=wires.folded(events).parts())
    wire.encode(wires.call(where, (user("Hi"), answered, user("Go on"))))


@pytest.mark.parametrize("canned", WIRES, ids=_named)
@given(status=st.integers(400, 599), body=st.binary(max_size=300))
def test_any_failure_has_a_name(canned: Canned, status: int, body: bytes) -> None:
    wire, where, _ = canned
    error = wire.error(HttpFailure(status=status, headers={}, body=body), where)
    assert error.status == status
    assert error.message
    assert error.hint


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 600) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "type", "code", "message", "status", "details", "param", "reason"]),
            inner,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("canned", WIRES, ids=_named)
@given(value=_json)
def test_any_json_is_an_error_or_an_answer(canned: Canned, value: object) -> None:
    wire, where, _ = canned
    body = json.dumps(value).encode()
    assert wire.error(HttpFailure(status=400, headers={}, body=body), where).hint
    with pytest.raises(ProviderError):
        wire.decode_whole(body, wires.call(where))


@pytest.mark.parametrize("canned", WIRES, ids=_named)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b'"' + b"9" * 50, b"9" * 10_000, b"null", b"{}"]
)
def test_body_that_is_no_answer_is_invalid(canned: Canned, body: bytes) -> None:
    wire, where, _ = canned
    with pytest.raises(InvalidResponse):
        wire.decode_whole(body, wires.call(where))
    with pytest.raises(InvalidResponse):
        wire.decode_models(body.replace(b"{}", b"null"), where)


@pytest.mark.parametrize("canned", WIRES, ids=_named)
def test_pieces_of_an_answer_arrive_one_by_one(canned: Canned) -> None:
    wire, where, module = canned
    words = ["One ", "tö", " ", "three"]
    frames = module.answer(words, thinking=["hm ", "yes"])
    accumulator = wires.folded(wires.decode(wire, wires.call(where), frames))
    thinking, text = accumulator.parts()
    assert thinking.text == "hm yes"  # type: ignore[union-attr]
    assert text.text == "One tö three"  # type: ignore[union-attr]
