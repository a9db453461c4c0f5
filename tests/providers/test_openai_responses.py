"""What the Responses wire sends, and what it makes of answers, errors and lists."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.loopback import openai_responses as canned
from tests.providers import wires

from chatbench.core.errors import BadRequest, ProviderError
from chatbench.core.messages import (
    AudioPart,
    ImagePart,
    InlineData,
    Message,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import TokenLogprob
from chatbench.core.streams import Stop
from chatbench.core.tools import ToolDefinition
from chatbench.core.usage import Usage
from chatbench.providers.openai_responses import OpenAIResponses
from chatbench.providers.wire import HttpFailure

WIRE = OpenAIResponses()
WHERE = wires.endpoint("openai_responses", "https://api.openai.com/v1")


def sent(*messages: Message, **request: Any) -> Any:
    return wires.body(WIRE, wires.call(WHERE, messages, **request))


def decoded(scene: str) -> Any:
    return wires.folded(wires.decode(WIRE, wires.call(WHERE), canned.SCENES[scene][0]))


def test_nothing_is_stored_at_the_provider() -> None:
    request = WIRE.encode(wires.call(WHERE, (user("Hi"),)))
    assert request.url == "https://api.openai.com/v1/responses"
    assert request.headers["authorization"] == f"Bearer {wires.KEY}"
    assert request.headers["accept"] == "text/event-stream"
    body = msgspec.json.decode(request.body)
    assert body["store"] is False
    assert body["input"] == [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]


def test_azure_with_a_date_asks_for_it() -> None:
    where = wires.endpoint(
        "openai_responses",
        "https://res.openai.azure.com/openai",
        auth="header:api-key",
        api_version="2025-04-01",
    )
    request = WIRE.encode(wires.call(where))
    assert request.url == "https://res.openai.azure.com/openai/responses?api-version=2025-04-01"
    assert request.headers["api-key"] == wires.KEY
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("row", "effort", "reasoning", "include"),
    [
        ({}, None, None, None),
        ({"thinking": "no"}, None, None, None),
        ({"thinking": "always"}, None, {"summary": "auto"}, ["reasoning.encrypted_content"]),
        ({"efforts": ("low",)}, "low", {"effort": "low", "summary": "auto"}, ["reasoning.encrypted_content"]),
        ({"thinking": "optional"}, "none", {"effort": "none"}, ["reasoning.encrypted_content"]),
    ],
)
def test_reasoning_follows_the_row(row: dict[str, Any], effort: Any, reasoning: Any, include: Any) -> None:
    body = sent(user("Hi"), row=row, parameters=Parameters(reasoning_effort=effort))
    assert body.get("reasoning") == reasoning
    assert body.get("include") == include


def test_summary_is_not_asked_where_it_was_refused() -> None:
    where = wires.endpoint("openai_responses", "https://api.openai.com/v1", reasoning_summary=False)
    body = wires.body(WIRE, wires.call(where, row={"thinking": "always"}))
    assert "reasoning" not in body


def test_schema_is_strict_only_where_it_can_be() -> None:
    closed = {
        "title": "My answer!",
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    shape = sent(user("Hi"), response_schema=closed)["text"]["format"]
    assert (shape["name"], shape["strict"]) == ("My_answer", True)
    loose = sent(user("Hi"), response_schema={"type": "object"})["text"]["format"]
    assert (loose["name"], loose["strict"]) == ("answer", False)


@pytest.mark.parametrize("scene", ["thinking", "tool", "search", "refusal"])
def test_own_items_go_back_verbatim(scene: str) -> None:
    answered = Message(role="assistant", parts=decoded(scene).parts())
    items = sent(user("Hi"), answered, user("More"))["input"][1:-1]
    expected = json.loads(json.dumps(canned.SCENES[scene][1]["output"]))
    for item in expected:
        for content in item.get("content") or ():
            content.pop("logprobs", None)
    results = [item for item in items if item["type"] == "function_call_output"]
    assert [item for item in items if item not in results] == expected
    assert len(results) == (scene == "tool")


def test_answer_of_another_provider_goes_as_words() -> None:
    answered = Message(role="assistant", parts=decoded("thinking").parts())
    elsewhere = msgspec.structs.replace(WHERE, id="azure")
    items = wires.body(WIRE, wires.call(elsewhere, (user("Hi"), answered, user("More"))))["input"]
    assert items[1] == {"role": "assistant", "content": "Forty-two."}
    assert len(items) == 3


def test_reasoning_that_broke_off_takes_no_ids_along() -> None:
    thought, words = decoded("thinking").parts()
    for parts in ((thought,), (thought, TextPart(text="Forty"))):
        items = sent(user("Hi"), Message(role="assistant", parts=parts), user("More"))["input"]
        assert all("id" not in item for item in items)
    unsealed = msgspec.structs.replace(thought, provider_state={"provider": "openai", "item": {"id": "rs_1"}})
    items = sent(user("Hi"), Message(role="assistant", parts=(unsealed, words)))["input"]
    assert items[1] == {"role": "assistant", "content": "Forty-two."}


def test_phase_is_resent_even_without_ids() -> None:
    parts = (
        TextPart(text="Soon", provider_state={"provider": "openai", "phase": "commentary"}),
        TextPart(text="", provider_state={}),
    )
    items = sent(user("Hi"), Message(role="assistant", parts=parts))["input"]
    assert items[1] == {"role": "assistant", "content": "Soon", "phase": "commentary"}


def test_tool_results_may_hold_pictures() -> None:
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png", detail="high")
    call = ToolCallPart(call_id="c", name="look")
    result = ToolResultPart(call_id="c", parts=(TextPart(text="See"), picture))
    items = sent(
        user("Look"), Message(role="assistant", parts=(call,)), Message(role="tool", parts=(result,))
    )["input"]
    assert items[1] == {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
    assert items[2]["output"] == [
        {"type": "input_text", "text": "See"},
        {"type": "input_image", "detail": "high", "image_url": "data:image/png;base64,eA=="},
    ]


def test_sound_is_refused_with_a_reason() -> None:
    sound = AudioPart(source=InlineData(data=b"x"), media_type="audio/wav", name="a.wav")
    with pytest.raises(BadRequest, match=r"a\.wav"):
        sent(user("Hi", sound))


def test_developer_role_is_a_quirk() -> None:
    where = wires.endpoint("openai_responses", "https://x/v1", developer_role=True)
    message = Message(role="system", parts=(TextPart(text="Be brief"),))
    assert wires.body(WIRE, wires.call(where, (message,)))["input"][0]["role"] == "developer"
    assert sent(message)["input"][0]["role"] == "system"


def test_parts_of_an_answer() -> None:
    thought, words = decoded("thinking").parts()
    assert isinstance(thought, ThinkingPart)
    assert thought.text == "**First** look.\n\nThen answer."
    assert words.text == "Forty-two."
    hidden, call = decoded("tool").parts()
    assert hidden.redacted
    assert (call.call_id, call.name, call.arguments) == ("call_1", "clock", '{"zone": "UTC"}')
    search, cited = decoded("search").parts()
    assert isinstance(search, UnknownPart)
    assert search.kind == "web_search_call"
    assert (cited.citations[0].url, cited.citations[0].end) == ("https://example.org/a", 5)
    (refusal,) = decoded("refusal").parts()
    assert isinstance(refusal, RefusalPart)
    assert refusal.text == "I cannot help with that."


def test_deltas_alone_make_the_answer_where_items_never_end() -> None:
    frames = [f for f in canned.SCENES["thinking"][0] if b"output_item" not in f and b"part.added" not in f]
    frames[-1] = canned.stream([])[-1]
    thought, words = wires.parts_of(WIRE, wires.call(WHERE), frames)
    assert thought == ThinkingPart(text="**First** look.\n\nThen answer.")
    assert words == TextPart(text="Forty-two.")


def test_item_wins_over_its_deltas() -> None:
    frames = [f.replace(b'"delta": "Fort"', b'"delta": "Lost"') for f in canned.SCENES["thinking"][0]]
    assert frames != canned.SCENES["thinking"][0]
    assert wires.parts_of(WIRE, wires.call(WHERE), frames) == decoded("thinking").parts()


def test_usage() -> None:
    assert decoded("search").usage == Usage(
        input_tokens=90,
        output_tokens=25,
        cache_read_tokens=40,
        cache_write_tokens=30,
        cache_write_long_tokens=20,
        reasoning_tokens=12,
        web_searches=2,
    )


@pytest.mark.parametrize(
    ("scene", "reason", "detail"),
    [
        ("text", "end", "completed"),
        ("tool", "tool_calls", "completed"),
        ("refusal", "refusal", "completed"),
        ("cut", "max_tokens", "max_output_tokens"),
        ("filtered", "content_filter", "content_filter"),
    ],
)
def test_stop_reasons(scene: str, reason: Any, detail: str) -> None:
    assert decoded(scene).stop == Stop(reason, detail, "resp_1", canned.MODEL, created=1_790_000_000)


def test_unknown_events_are_kept() -> None:
    script = canned.Transcript()
    script.add("response.aroma.delta", delta={"tea": 1})
    script.add("response.steer.done")
    frames = canned.answer(["Hi"])
    frames[2:2] = script.frames
    accumulator = wires.folded(wires.decode(WIRE, wires.call(WHERE), frames))
    assert [event.type for event in accumulator.unknown] == ["response.aroma.delta", "response.steer.done"]
    assert accumulator.parts()[0].text == "Hi"  # type: ignore[union-attr]


def test_events_are_understood_by_their_data_too() -> None:
    frames = [frame.split(b"\n", 1)[1] for frame in canned.SCENES["tool"][0]]
    assert wires.parts_of(WIRE, wires.call(WHERE), [*frames, b"data: [DONE]\n\n"]) == decoded("tool").parts()


@pytest.mark.parametrize(
    ("status", "code", "kind", "expected", "retryable"),
    [
        (400, "context_length_exceeded", "invalid_request_error", "ContextWindowExceeded", False),
        (400, "unsupported_parameter", "invalid_request_error", "BadRequest", False),
        (400, "invalid_prompt", "invalid_request_error", "ContentPolicy", False),
        (401, "invalid_api_key", "invalid_request_error", "Authentication", False),
        (401, None, "invalid_request_error", "Authentication", False),
        (403, None, "invalid_request_error", "PermissionDenied", False),
        (404, "model_not_found", "invalid_request_error", "NotFound", False),
        (413, None, "invalid_request_error", "PayloadTooLarge", False),
        (422, None, "invalid_request_error", "BadRequest", False),
        (429, "rate_limit_exceeded", "requests", "RateLimited", True),
        (429, "slow_down", "rate_limit_error", "RateLimited", True),
        (429, "insufficient_quota", "insufficient_quota", "QuotaExhausted", False),
        (429, "organization_spend_limit_reached", "requests", "QuotaExhausted", False),
        (500, "server_error", "server_error", "ServerError", True),
        (503, "server_is_overloaded", "service_unavailable_error", "Overloaded", True),
    ],
)
def test_errors_have_names(status: int, code: str | None, kind: str, expected: str, retryable: bool) -> None:
    body = canned.error_body(code, kind, "It did not work.", "temperature")
    headers = {"x-request-id": "req_1", "retry-after-ms": "1500", "retry-after": "9"}
    error = WIRE.error(HttpFailure(status=status, headers=headers, body=body), WHERE)
    assert (type(error).__name__, error.retryable) == (expected, retryable)
    assert (error.status, error.request_id, error.retry_after) == (status, "req_1", 1.5)
    assert error.param == "temperature"
    assert "It did not work." in error.raw


def test_provider_may_forbid_a_retry() -> None:
    failure = HttpFailure(status=500, headers={"x-should-retry": "false"}, body=b"<html>")
    assert not WIRE.error(failure, WHERE).retryable


@pytest.mark.parametrize("broken", [canned.failed, canned.broken])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("server_error", "ServerError"),
        ("rate_limit_exceeded", "RateLimited"),
        ("bio_policy", "ContentPolicy"),
        ("invalid_image", "BadRequest"),
        ("vector_store_timeout", "Timeout"),
        ("brand_new", "ServerError"),
    ],
)
def test_error_within_a_stream(broken: Any, code: str, expected: str) -> None:
    with pytest.raises(ProviderError) as caught:
        wires.decode(WIRE, wires.call(WHERE), broken(code, "It broke"))
    assert type(caught.value).__name__ == expected
    assert "It broke" in caught.value.raw


def test_failed_whole_answer_is_an_error() -> None:
    failed = canned.response((), "failed", error={"code": "server_error", "message": "It broke"})
    with pytest.raises(ProviderError, match="It broke"):
        WIRE.decode_whole(json.dumps(failed).encode(), wires.call(WHERE))


def test_models_that_chat() -> None:
    models, page = WIRE.decode_models(json.dumps(canned.MODELS).encode(), WHERE)
    assert page is None
    assert [(model.ref.id, model.shutdown_on) for model in models] == [
        (canned.MODEL, ""),
        ("o3", "2026-12-11"),
    ]
    assert WIRE.models_request(WHERE, None, None).url == "https://api.openai.com/v1/models"


def test_refused_words_and_empty_answers_are_sent_as_words() -> None:
    parts = (RefusalPart(text="No."),)
    items = sent(user("Hi"), Message(role="assistant", parts=parts), assistant(""), user("Why?"))["input"]
    assert items[1:-1] == [{"role": "assistant", "content": "No."}]


# What the service is told, and what comes back of single tokens, pictures and custom tools.


def test_the_service_is_told_by_its_own_names() -> None:
    parameters = Parameters(
        top_logprobs=2,
        user="u",
        prompt_cache_key="k",
        metadata={"a": "b"},
        service_tier="flex",
        json_mode=True,
        verbosity="low",
        strict_tools=True,
    )
    body = sent(user("Hi"), parameters=parameters, tools=(ToolDefinition(name="f"),))
    assert body["include"] == ["message.output_text.logprobs"]
    assert body["text"] == {"format": {"type": "json_object"}, "verbosity": "low"}
    assert body["tools"][0]["strict"] is True
    told = {
        name: body[name] for name in ("top_logprobs", "safety_identifier", "prompt_cache_key", "metadata")
    }
    assert told == {
        "top_logprobs": 2, "safety_identifier": "u", "prompt_cache_key": "k", "metadata": {"a": "b"}
    }  # fmt: skip
    assert "include" not in sent(user("Hi"), parameters=Parameters(logprobs=False))


@pytest.mark.parametrize(("pattern", "marked"), wires.MARKED)
def test_marks_for_the_providers_cache(pattern: Any, marked: list[str]) -> None:
    messages = (user("one"), assistant("a"), user("two"), assistant("b"), user("three"))
    body = sent(*messages, system="Be brief", parameters=Parameters(cache_pattern=pattern, cache_ttl="1h"))
    found = [
        part["text"]
        for item in body["input"]
        for part in (item["content"] if isinstance(item["content"], list) else ())
        if part.get("prompt_cache_breakpoint") == {"mode": "explicit", "ttl": "12h"}
    ]
    assert found == marked
    assert ("instructions" in body) is (pattern != "system_and_tools")
    if pattern == "system_and_tools":
        assert body["input"][0]["role"] == "system"


def test_the_developers_role_is_always_known() -> None:
    message = Message(role="developer", parts=(TextPart(text="Be kind"),))
    assert sent(message)["input"][0]["role"] == "developer"


def test_custom_tools_and_their_results() -> None:
    answered = Message(role="assistant", parts=decoded("custom tool").parts())
    result = Message(role="tool", parts=(ToolResultPart(call_id="call_2", parts=(TextPart(text="1"),)),))
    items = sent(user("Hi"), answered, result)["input"]
    assert items[2] == canned.SQL
    assert items[3] == {"type": "custom_tool_call_output", "call_id": "call_2", "output": "1"}
    assert decoded("custom tool").stop.reason == "tool_calls"
    broken_off = Message(role="assistant", parts=answered.parts[1:] + answered.parts[:1])
    kinds = [item.get("type") for item in sent(user("Hi"), broken_off, result)["input"]]
    assert kinds == [None, "custom_tool_call", "custom_tool_call_output"]


def test_pictures_of_the_providers_own_tool() -> None:
    picture, _ = decoded("picture").parts()
    assert isinstance(picture, ImagePart)
    assert (picture.source, picture.media_type) == (InlineData(data=b"RIFF....WEBP"), "image/webp")
    answered = Message(role="assistant", parts=decoded("picture").parts())
    assert sent(user("Draw"), answered)["input"][1] == canned.DRAWN


def test_files_are_cited_by_name_and_go_back_by_id() -> None:
    (words,) = decoded("files").parts()
    assert words.citations[0].title == "peaks.pdf"
    back = sent(user("Hi"), Message(role="assistant", parts=(words,)))["input"][1]
    assert back["content"][0]["annotations"] == [canned.FILED]


def test_probabilities_and_tier() -> None:
    answer = decoded("likely")
    assert answer.logprobs == {
        0: [
            TokenLogprob("Yes", -0.1, (TokenLogprob("Yes", -0.1), TokenLogprob("No", -2.5))),
            TokenLogprob(".", -0.002, (TokenLogprob(".", -0.002),)),
        ]
    }
    assert answer.stop.service_tier == "flex"


def test_items_of_any_other_form_are_kept() -> None:
    odd = {"type": "tool_search_call", "id": "x", "arguments": {"paths": ["a"]}, "name": None}
    whole = canned.response([odd, canned.message(canned.said("Hi"))])
    events = WIRE.decode_whole(json.dumps(whole).encode(), wires.call(WHERE))
    kept, words = wires.folded(events).parts()
    assert isinstance(kept, UnknownPart)
    assert kept.data == odd
    assert isinstance(words, TextPart)
