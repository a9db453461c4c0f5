"""What the Cohere wire sends, and what it makes of answers, errors and lists."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.contracts.conversations import CLOCK, SCHEMA
from tests.loopback import cohere as canned
from tests.providers import wires

from chatbench.core.errors import BadRequest, ProviderError, Timeout
from chatbench.core.messages import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    ProviderFile,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import TokenLogprob
from chatbench.core.streams import Stop
from chatbench.core.tools import NamedTool, ToolDefinition
from chatbench.core.usage import Usage
from chatbench.providers.cohere import Cohere
from chatbench.providers.wire import HttpFailure

WIRE = Cohere()
WHERE = wires.endpoint("cohere", "https://api.cohere.com")
TABLE = FilePart(source=InlineData(data="ä,b".encode()), media_type="text/csv", name="t.csv")


def sent(*messages: Message, **request: Any) -> Any:
    return wires.body(WIRE, wires.call(WHERE, messages, **request))


def decoded(scene: str) -> Any:
    return wires.folded(wires.decode(WIRE, wires.call(WHERE), canned.SCENES[scene][0]))


@pytest.mark.parametrize(
    "base", ["https://api.cohere.com", "https://api.cohere.com/v1", "https://api.cohere.com/v2/"]
)
def test_address_key_and_what_comes_with_one_request(base: str) -> None:
    where = wires.endpoint("cohere", base)
    made = wires.call(where, (user("Hi"),), extra_headers={"X-Client-Name": "a"}, extra_query={"q": "1"})
    request = WIRE.encode(made)
    assert request.url == "https://api.cohere.com/v2/chat?q=1"
    assert request.headers["authorization"] == f"Bearer {wires.KEY}"
    assert request.headers["x-client-name"] == "a"
    assert wires.KEY.encode() not in request.body
    assert WIRE.models_request(where, None, None).url.startswith("https://api.cohere.com/v1/models?")


def test_sampling_has_short_names() -> None:
    body = sent(user("Hi"), parameters=Parameters(top_p=0.5, top_k=9, extra_body={"safety_mode": "STRICT"}))
    assert (body["p"], body["k"], body["safety_mode"]) == (0.5, 9, "STRICT")


@pytest.mark.parametrize(
    ("parameters", "thinking"),
    [
        ({}, None),
        ({"reasoning_effort": "none"}, {"type": "disabled"}),
        ({"reasoning_effort": "medium"}, {"type": "enabled"}),
        ({"thinking_budget": 500}, {"type": "enabled", "token_budget": 500}),
        ({"thinking_budget": 0}, {"type": "disabled"}),
    ],
)
def test_thinking(parameters: dict[str, Any], thinking: Any) -> None:
    assert sent(user("Hi"), parameters=Parameters(**parameters)).get("thinking") == thinking


def test_a_tool_by_name_is_the_only_one_and_required() -> None:
    other = ToolDefinition(name="now")
    body = sent(user("Go"), tools=(CLOCK, other), tool_choice=NamedTool(name="now"))
    assert [tool["function"]["name"] for tool in body["tools"]] == ["now"]
    assert body["tool_choice"] == "REQUIRED"
    assert "strict_tools" not in body
    assert sent(user("Go"), tools=(CLOCK,), tool_choice="none")["tool_choice"] == "NONE"
    assert sent(user("Go"), tools=(CLOCK,))["strict_tools"] is True
    loose = sent(user("Go"), tools=(CLOCK,), parameters=Parameters(strict_tools=False))
    assert loose["strict_tools"] is False


def test_text_files_are_documents_unless_the_answer_has_a_form() -> None:
    body = sent(user("Sum it", TABLE))
    assert body["documents"] == [{"id": "document-1", "data": {"title": "t.csv", "text": "ä,b"}}]
    assert body["messages"] == [{"role": "user", "content": "Sum it"}]
    formed = sent(user("Sum it", TABLE), response_schema=SCHEMA)
    assert formed["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    assert formed["messages"][0]["content"] == "t.csv\n\nä,b\n\nSum it"
    assert "documents" not in formed
    assert "documents" not in sent(user("Sum it", TABLE), tools=(CLOCK,))
    call = ToolCallPart(call_id="a", name="read", arguments="{}")
    result = Message(role="tool", parts=(ToolResultPart(call_id="a", parts=(TABLE,)),))
    read = sent(Message(role="assistant", parts=(call,)), result)
    assert read["messages"][1]["content"] == "t.csv\n\nä,b"
    assert "documents" not in read


@pytest.mark.parametrize(
    "part",
    [
        FilePart(source=InlineData(data=b"%PDF"), media_type="application/pdf", name="a.pdf"),
        AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/wav", name="a.wav"),
        ImagePart(source=ProviderFile(provider="cohere", file_id="f"), media_type="image/png", name="a.png"),
    ],
)
def test_what_has_no_block_is_refused_with_a_reason(part: Any) -> None:
    with pytest.raises(BadRequest, match=r"a\.(pdf|wav|png)"):
        sent(user("Hi", part))


def test_pictures_of_a_result_follow_as_the_users() -> None:
    call = ToolCallPart(call_id="a", name="draw", arguments="{}")
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png", detail="original")
    result = ToolResultPart(call_id="a", parts=(picture,))
    turns = sent(Message(role="assistant", parts=(call,)), Message(role="tool", parts=(result,)))["messages"]
    assert [turn["role"] for turn in turns] == ["assistant", "tool", "user"]
    assert turns[1] == {"role": "tool", "tool_call_id": "a", "content": "The result follows as a picture."}
    assert turns[2]["content"][1]["image_url"]["detail"] == "high"


def test_answers_go_back_as_they_came_and_only_home() -> None:
    for scene in ("thinking", "tool", "cited"):
        whole = canned.SCENES[scene][1]["message"]
        history = (user("Hi"), Message(role="assistant", parts=decoded(scene).parts()), user("More"))
        told = sent(*history)["messages"][1]
        for name in ("tool_plan", "tool_calls", "citations"):
            assert told.get(name) == whole.get(name)
        plain = "".join(item.get("text", "") for item in whole.get("content", ()))
        assert told.get("content") in (whole.get("content"), plain)
        elsewhere = msgspec.structs.replace(WHERE, id="resold")
        away = wires.body(WIRE, wires.call(elsewhere, history))["messages"][1]
        assert set(away) <= {"role", "content", "tool_calls"}
        assert away.get("content", "") == plain


def test_answer_stopped_while_thinking_is_left_out() -> None:
    parts = decoded("thinking").parts()[:1]
    turns = sent(user("Hi"), Message(role="assistant", parts=parts), assistant("Yes"))["messages"]
    assert [turn["content"] for turn in turns] == ["Hi", "Yes"]


def test_parts_of_answers() -> None:
    thinking, text = decoded("thinking").parts()
    assert isinstance(thinking, ThinkingPart)
    assert (thinking.text, text.text) == ("Let me see – 世界.", "Forty-two.")
    plan, clock, now = decoded("tool").parts()
    assert (plan.text, plan.provider_state["field"]) == ("I will look.", "tool_plan")
    assert (clock.call_id, clock.name, clock.arguments) == ("clock_x1", "clock", '{"zone":"UTC"}')
    assert (now.name, now.arguments) == ("now", "{}")


def test_citations_name_document_and_tool() -> None:
    (text,) = decoded("cited").parts()
    assert isinstance(text, TextPart)
    assert text.citations == (
        Citation(title="Peaks.txt", cited_text="Peaks are high.", start=0, end=5),
        Citation(url="https://example.org/a", title="clock_x1:0", cited_text="Peaks!", start=0, end=5),
    )


def test_citation_in_a_thought_is_kept_apart() -> None:
    frames = list(canned.SCENES["thinking"][0])
    told = {**canned.CITATION, "type": "THINKING_CONTENT"}
    frames[-1:-1] = [canned.frame("citation-start", index=0, delta={"message": {"citations": told}})]
    accumulator = wires.folded(wires.decode(WIRE, wires.call(WHERE), frames))
    assert [event.data for event in accumulator.unknown] == [told]
    assert accumulator.parts()[1] == TextPart(text="Forty-two.")


def test_events_of_another_time_are_kept() -> None:
    frames = list(canned.SCENES["text"][0])
    frames[1:1] = [canned.frame("debug", prompt="…")]
    accumulator = wires.folded(wires.decode(WIRE, wires.call(WHERE), frames))
    assert [event.type for event in accumulator.unknown] == ["debug"]


@pytest.mark.parametrize("way", ["streamed", "whole"])
def test_probabilities_of_several_tokens_go_by_their_ids(way: str) -> None:
    told = wires.told(WIRE, wires.call(WHERE), canned.SCENES["logprobs"], way)
    assert told.logprobs[0] == [
        TokenLogprob("Yes", -0.25),
        TokenLogprob("8", -0.5),
        TokenLogprob("9", -0.75),
    ]


def test_usage_is_what_is_billed() -> None:
    assert decoded("text").usage == Usage(input_tokens=12, output_tokens=9, cache_read_tokens=8)
    told = json.loads(json.dumps(canned.SCENES["text"][1]))
    del told["usage"]["billed_units"]
    events = WIRE.decode_whole(json.dumps(told).encode(), wires.call(WHERE))
    assert wires.folded(events).usage == Usage(input_tokens=508, output_tokens=11, cache_read_tokens=8)


@pytest.mark.parametrize(
    ("scene", "reason", "detail"),
    [
        ("text", "end", "COMPLETE"),
        ("tool", "tool_calls", "TOOL_CALL"),
        ("sequence", "stop_sequence", "STOP_SEQUENCE"),
        ("cut", "max_tokens", "MAX_TOKENS"),
    ],
)
def test_stop_reasons(scene: str, reason: Any, detail: str) -> None:
    assert decoded(scene).stop == Stop(reason, detail, "c14c80c3")


@pytest.mark.parametrize(("word", "reason"), [("ERROR_TOXIC", "content_filter"), ("BORED", "other")])
def test_refusals_and_unknown_reasons(word: str, reason: str) -> None:
    frames = [*canned.answer(["Some words"])[:-1], canned.ended(word)]
    stop = wires.folded(wires.decode(WIRE, wires.call(WHERE), frames)).stop
    assert stop is not None
    assert (stop.reason, stop.detail) == (reason, word)


@pytest.mark.parametrize(
    ("status", "text", "expected", "param", "retryable"),
    [
        (
            400,
            "invalid request: unknown field: parameter 'top_p' is not a valid field",
            "BadRequest",
            "top_p",
            False,
        ),
        (400, "too many tokens: size limit exceeded by 11326 tokens", "ContextWindowExceeded", "", False),
        (401, "invalid api token", "Authentication", "", False),
        (403, "no access", "PermissionDenied", "", False),
        (404, "model 'x' not found, make sure the correct model ID was used", "NotFound", "model", False),
        (404, "page not found", "NotFound", "", False),
        (422, "temperature is out of range: field temperature", "BadRequest", "temperature", False),
        (429, "You are using a Trial key, limited to 1000 API calls / month", "QuotaExhausted", "", False),
        (429, "limited to 20 API calls / minute", "RateLimited", "", True),
        (498, "blocked token", "Authentication", "", False),
        (499, "request cancelled", "Timeout", "", True),
        (500, "internal error", "ServerError", "", True),
        (503, "busy", "Overloaded", "", True),
        (504, "late", "Timeout", "", True),
    ],
)
def test_errors_have_names(status: int, text: str, expected: str, param: str, retryable: bool) -> None:
    failure = HttpFailure(status=status, headers={"retry-after": "7"}, body=canned.error_body(text))
    error = WIRE.error(failure, WHERE)
    assert (type(error).__name__, error.retryable) == (expected, retryable)
    assert (error.status, error.request_id, error.retry_after) == (status, "8f1a", 7.0)
    assert not param or error.param == param


def test_error_at_the_end_of_a_stream() -> None:
    with pytest.raises(ProviderError, match="It says: broke") as caught:
        wires.decode(WIRE, wires.call(WHERE), canned.broken("broke"))
    assert type(caught.value).__name__ == "ServerError"
    with pytest.raises(Timeout):
        wires.decode(WIRE, wires.call(WHERE), canned.broken("late", "TIMEOUT"))
    bare = b'data: {"message": "internal server error"}\n\n'
    with pytest.raises(ProviderError, match="internal server error"):
        wires.decode(WIRE, wires.call(WHERE), [canned.begun(), bare])


def test_models_of_all_pages() -> None:
    first, page = WIRE.decode_models(json.dumps(canned.MODELS[None]).encode(), WHERE)
    assert page == "page-2"
    assert "page_token=page-2" in WIRE.models_request(WHERE, None, page).url
    second, end = WIRE.decode_models(json.dumps(canned.MODELS[page]).encode(), WHERE)
    assert end is None
    reasoning, vision, small = *first, *second
    assert (reasoning.thinking, reasoning.efforts, reasoning.thinking_budget) == (
        "optional",
        ("none", "medium"),
        True,
    )
    assert (reasoning.tools, reasoning.inputs) == (True, {"text"})
    assert (vision.tools, vision.inputs, vision.thinking) == (False, {"text", "image"}, "no")
    assert (small.context_window, small.tools, small.thinking) == (132_000, None, None)
