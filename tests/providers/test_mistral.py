"""What the Mistral wire sends, and what it makes of answers, errors and lists."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.loopback import mistral as canned
from tests.providers import wires

from chatbench.core.errors import BadRequest, ProviderError, StreamInterrupted
from chatbench.core.messages import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    ProviderFile,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    VideoPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import TokenLogprob
from chatbench.core.streams import Stop
from chatbench.core.usage import Usage
from chatbench.providers.mistral import Mistral
from chatbench.providers.wire import HttpFailure

WIRE = Mistral()
WHERE = wires.endpoint("mistral", "https://api.mistral.ai")


def sent(*messages: Message, **request: Any) -> Any:
    return wires.body(WIRE, wires.call(WHERE, messages, **request))


def decoded(scene: str) -> Any:
    return wires.folded(wires.decode(WIRE, wires.call(WHERE), canned.SCENES[scene][0]))


def failed(status: int, body: bytes, **headers: str) -> ProviderError:
    return WIRE.error(HttpFailure(status=status, headers=headers, body=body), WHERE)


@pytest.mark.parametrize("base", ["https://api.mistral.ai", "https://api.mistral.ai/v1/"])
def test_address_key_and_what_comes_with_one_request(base: str) -> None:
    made = wires.call(
        wires.endpoint("mistral", base), (user("Hi"),),
        extra_headers={"X-Team": "a"}, extra_query={"trace": "1"},
    )  # fmt: skip
    request = WIRE.encode(made)
    assert request.url == "https://api.mistral.ai/v1/chat/completions?trace=1"
    assert request.headers["authorization"] == f"Bearer {wires.KEY}"
    assert request.headers["x-team"] == "a"
    assert wires.KEY.encode() not in request.body


def test_the_seed_has_another_name_and_forms_of_answers_are_asked_for() -> None:
    body = sent(user("Hi"), parameters=Parameters(seed=3, json_mode=True, extra_body={"safe_prompt": True}))
    assert body["random_seed"] == 3
    assert "seed" not in body
    assert body["response_format"] == {"type": "json_object"}
    assert body["safe_prompt"] is True
    schema = {"title": "A b", "type": "object", "properties": {}, "additionalProperties": False}
    asked = sent(user("Hi"), response_schema=schema, parameters=Parameters(json_mode=True))
    told = asked["response_format"]["json_schema"]
    assert (told["name"], told["strict"], told["schema"]) == ("A_b", True, schema)


def test_probabilities_follow_from_their_number() -> None:
    assert sent(user("Hi"), parameters=Parameters(top_logprobs=2))["logprobs"] is True
    assert "logprobs" not in sent(user("Hi"))


def test_strict_tools_is_said_of_each() -> None:
    from tests.contracts.conversations import CLOCK

    def strict(wanted: bool | None) -> Any:
        body = sent(user("Hi"), tools=(CLOCK,), parameters=Parameters(strict_tools=wanted))
        return body["tools"][0]["function"].get("strict")

    assert [strict(wanted) for wanted in (None, True, False)] == [True, True, None]


def test_media_have_their_own_chunks() -> None:
    body = sent(
        user(
            "What?",
            ImagePart(source=InlineData(data=b"x"), media_type="image/png", detail="original"),
            FilePart(source=InlineData(data=b"%PDF"), media_type="application/pdf", name="a.pdf"),
            FilePart(source=RemoteUrl(url="https://example.org/b.pdf"), media_type="application/pdf"),
            FilePart(source=ProviderFile(provider="mistral", file_id="f1"), media_type="application/pdf"),
            FilePart(source=InlineData(data="ä,b".encode()), media_type="text/csv", name="t.csv"),
            AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/wav"),
        )
    )
    assert body["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA==", "detail": "high"}},
        {
            "type": "document_url",
            "document_url": "data:application/pdf;base64,JVBERg==",
            "document_name": "a.pdf",
        },
        {"type": "document_url", "document_url": "https://example.org/b.pdf"},
        {"type": "file", "file_id": "f1"},
        {"type": "text", "text": "t.csv\n\nä,b"},
        {"type": "input_audio", "input_audio": "UklGRg=="},
        {"type": "text", "text": "What?"},
    ]
    with pytest.raises(BadRequest, match="video/mp4"):
        sent(user("Hi", VideoPart(source=InlineData(data=b"x"), media_type="video/mp4")))


def test_roles_and_the_beginning_of_an_answer() -> None:
    developer = Message(role="developer", parts=(TextPart(text="Be short."),))
    turns = sent(developer, user("Count"), assistant("One, "), system="Speak.")["messages"]
    assert [turn["role"] for turn in turns] == ["system", "system", "user", "assistant"]
    assert turns[-1] == {"role": "assistant", "content": "One, ", "prefix": True}
    assert "prefix" not in sent(user("a"), assistant("b"), user("c"))["messages"][1]


def test_foreign_call_ids_are_made_to_fit_and_stay_together() -> None:
    call = ToolCallPart(call_id="toolu_01-long", name="f", arguments="{")
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png")
    result = ToolResultPart(call_id="toolu_01-long", parts=(TextPart(text="12:00"), picture))
    _, asked, told = sent(
        user("Go"), Message(role="assistant", parts=(call,)), Message(role="tool", parts=(result,))
    )["messages"]
    (written,) = asked["tool_calls"]
    assert written["id"] == told["tool_call_id"]
    assert written["id"] != "toolu_01-long"
    assert written["function"]["arguments"] == '{"text":"{"}'
    assert told["name"] == "f"
    assert [chunk["type"] for chunk in told["content"]] == ["text", "image_url"]


def test_answers_go_back_as_they_came_and_only_home() -> None:
    for scene in ("thinking", "tool", "reference"):
        history = (user("Hi"), Message(role="assistant", parts=decoded(scene).parts()), user("More"))
        whole = canned.SCENES[scene][1]["choices"][0]["message"]
        told = sent(*history)["messages"][1]
        assert told["content"] == whole["content"]
        assert [c["id"] for c in told.get("tool_calls", ())] == [c["id"] for c in whole.get("tool_calls", ())]
        elsewhere = msgspec.structs.replace(WHERE, id="resold")
        away = wires.body(WIRE, wires.call(elsewhere, history))["messages"][1]
        assert isinstance(away["content"], str)


def test_thoughts_with_sources_keep_them() -> None:
    source = {"type": "tool_reference", "tool": "web_search", "title": "Peaks"}
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}, source]}
    frames = canned.stream([{"content": [thought]}, {"content": "High."}])
    parts = wires.parts_of(WIRE, wires.call(WHERE), frames)
    assert isinstance(parts[0], ThinkingPart)
    assert sent(Message(role="assistant", parts=parts), user("?"))["messages"][0]["content"][0] == thought


def test_answer_stopped_while_thinking_is_left_out() -> None:
    parts = decoded("thinking").parts()[:1]
    turns = sent(user("Hi"), Message(role="assistant", parts=parts), user("Again"))["messages"]
    assert [turn["role"] for turn in turns] == ["user", "user"]


def test_parts_of_answers() -> None:
    thinking, text = decoded("thinking").parts()
    assert thinking.text == "Let me see – 世界."
    assert thinking.provider_state["chunk"] == {"closed": True, "signature": "c2ln"}
    assert text == TextPart(text="Forty-two.")
    (cited,) = decoded("reference").parts()
    assert cited.text == "Peaks are high."
    assert cited.citations == (Citation(title="Reference 1", end=14), Citation(title="Reference 2", end=14))
    first, second = decoded("tool").parts()[1:]
    assert (first.call_id, first.name, first.arguments) == ("D681PevKs", "clock", '{"zone": "UTC"}')
    assert (second.call_id, second.arguments) == ("kR4mUJXiu", "{}")
    assert json.loads(decoded("object").parts()[0].arguments) == {"zone": "UTC"}
    assert [decoded("choices").parts(n)[0].text for n in (0, 1)] == ["Heads", "Tails"]


def test_fragments_of_calls_are_put_together() -> None:
    """Other servers that speak this form tell a call in pieces, and name it once or not at all."""
    pieces: list[Any] = [
        {"index": 0, "id": "null", "function": {"name": "f", "arguments": '{"a"'}},
        {"index": 0, "function": {"name": "", "arguments": ": 1}"}},
    ]
    frames = canned.stream(({"tool_calls": [piece]} for piece in pieces), "tool_calls")
    (call,) = wires.parts_of(WIRE, wires.call(WHERE), frames)
    assert isinstance(call, ToolCallPart)
    assert (call.name, call.arguments) == ("f", '{"a": 1}')
    assert call.call_id not in ("", "null")


@pytest.mark.parametrize("way", ["streamed", "whole"])
def test_probabilities(way: str) -> None:
    told = wires.told(WIRE, wires.call(WHERE), canned.SCENES["logprobs"], way)
    (token,) = told.logprobs[0]
    assert token == TokenLogprob("Yes", -0.25, (TokenLogprob("Yes", -0.25), TokenLogprob("No", -3.5)))


def test_usage_and_its_older_name_for_the_cache() -> None:
    assert decoded("text").usage == Usage(input_tokens=40, output_tokens=21, cache_read_tokens=32)
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "num_cached_tokens": 4}
    frames = [canned.frame(canned.chunk({"content": "Hi"}, "stop", usage=usage))]
    assert wires.folded(wires.decode(WIRE, wires.call(WHERE), frames)).usage == Usage(
        input_tokens=9, output_tokens=2, cache_read_tokens=4
    )


@pytest.mark.parametrize(
    ("scene", "reason", "detail"),
    [
        ("text", "end", "stop"),
        ("tool", "tool_calls", "tool_calls"),
        ("cut", "max_tokens", "length"),
        ("full", "context_window", "model_length"),
    ],
)
def test_stop_reasons(scene: str, reason: Any, detail: str) -> None:
    assert decoded(scene).stop == Stop(
        reason, detail, "cmpl-1", canned.MODEL, created=canned.CREATED, service_tier="standard"
    )


def test_one_of_two_answers_ended_is_no_end() -> None:
    frames = canned.SCENES["choices"][0][:3]
    with pytest.raises(StreamInterrupted):
        wires.decode(WIRE, wires.call(WHERE), frames)


@pytest.mark.parametrize(
    ("status", "body", "expected", "param", "retryable"),
    [
        (400, canned.error_body("unknown_model", "Invalid model: x"), "NotFound", "model", False),
        (400, canned.error_body("1500", "Invalid model: x"), "NotFound", "model", False),
        (
            400,
            canned.error_body("3051", "Prompt contains 40000 tokens, too large for model with 32768"),
            "ContextWindowExceeded",
            "",
            False,
        ),
        (400, canned.error_body("3000", "Bad", param="top_k"), "BadRequest", "top_k", False),
        (401, b'{"detail": "Unauthorized"}', "Authentication", "", False),
        (401, b'{"message": "Unauthorized", "request_id": "7"}', "Authentication", "", False),
        (402, canned.error_body("3900", "Pay"), "QuotaExhausted", "", False),
        (403, canned.error_body("3000", "Blocked by guardrails"), "ContentPolicy", "", False),
        (404, b'{"message": "no Route matched with those values"}', "NotFound", "", False),
        (
            422,
            canned.malformed(["messages", 0, "role"], "Field required"),
            "BadRequest",
            "messages.0.role",
            False,
        ),
        (
            422,
            b'{"object": "error", "message": {"detail": [{"loc": ["body", "top_k"], "msg": "extra"}]}}',
            "BadRequest",
            "top_k",
            False,
        ),
        (429, canned.error_body("rate_limited", "Slow", "rate_limit_error"), "RateLimited", "", True),
        (429, b'{"message": "Requests rate limit exceeded"}', "RateLimited", "", True),
        (429, canned.error_body("3505", "Full", "service_tier_capacity_exceeded"), "Overloaded", "", True),
        (500, canned.error_body("server_error", "Oops", "server_error"), "ServerError", "", True),
        (503, b"busy", "Overloaded", "", True),
    ],
)
def test_errors_have_names(status: int, body: bytes, expected: str, param: str, retryable: bool) -> None:
    error = failed(status, body, **{"mistral-correlation-id": "c-1", "retry-after": "7"})
    assert (type(error).__name__, error.param, error.retryable) == (expected, param, retryable)
    assert (error.status, error.request_id, error.retry_after) == (status, "c-1", 7.0)


def test_what_is_malformed_is_said() -> None:
    error = failed(422, canned.malformed(["messages", 0, "role"], "Field required"))
    assert "messages.0.role: Field required" in error.message


def test_error_within_a_stream() -> None:
    with pytest.raises(ProviderError) as caught:
        wires.decode(WIRE, wires.call(WHERE), canned.broken("Service unavailable"))
    assert type(caught.value).__name__ == "ServerError"
    frames = canned.stream([{"content": "Half"}], "error")
    with pytest.raises(ProviderError):
        wires.decode(WIRE, wires.call(WHERE), frames)


def test_models_that_chat() -> None:
    rows, page = WIRE.decode_models(json.dumps(canned.MODELS).encode(), WHERE)
    assert page is None
    large, medium, magistral, voxtral = rows
    assert (large.context_window, large.tools, large.thinking) == (262_144, True, "no")
    assert large.inputs == {"text", "image"}
    assert (medium.thinking, medium.efforts) == ("optional", ("none", "high"))
    assert (magistral.thinking, magistral.efforts, magistral.tools) == ("always", (), False)
    assert magistral.shutdown_on == "2027-03-31"
    assert voxtral.inputs == {"text", "audio"}
    assert {"seed", "top_k"} <= (large.parameters or frozenset())


def test_models_of_who_stands_in_for_mistral_are_names() -> None:
    (row,), _ = WIRE.decode_models(b'[{"id": "any"}]', WHERE)
    assert (row.ref.id, row.parameters, row.tools) == ("any", None, None)
