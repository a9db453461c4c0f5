"""What the Anthropic wire sends, and what it makes of answers, errors and lists."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.loopback import anthropic as canned
from tests.providers import wires

from chatbench.core.errors import BadRequest, ProviderError
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.streams import Stop, Unknown
from chatbench.core.tools import ToolDefinition
from chatbench.core.usage import Usage
from chatbench.providers.anthropic import Anthropic
from chatbench.providers.wire import HttpFailure

WIRE = Anthropic()
WHERE = wires.endpoint("anthropic", "https://api.anthropic.com", auth="header:x-api-key")
PICTURE = ImagePart(source=InlineData(data=b"x"), media_type="image/png")


def sent(*messages: Message, **request: Any) -> Any:
    return wires.body(WIRE, wires.call(WHERE, messages, **request))


def decoded(scene: str) -> Any:
    return wires.folded(wires.decode(WIRE, wires.call(WHERE), canned.SCENES[scene][0]))


def test_key_and_version_are_headers() -> None:
    request = WIRE.encode(wires.call(WHERE, (user("Hi"),)))
    assert request.url == "https://api.anthropic.com/v1/messages"
    assert request.headers["x-api-key"] == wires.KEY
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert "authorization" not in request.headers
    assert wires.KEY not in request.url
    assert wires.KEY.encode() not in request.body


def test_address_with_version_is_understood() -> None:
    where = wires.endpoint("anthropic", "http://localhost:1234/v1/")
    assert WIRE.encode(wires.call(where)).url == "http://localhost:1234/v1/messages"
    assert WIRE.models_request(where, None, None).url == "http://localhost:1234/v1/models?limit=1000"


@pytest.mark.parametrize(
    "parameters", [Parameters(temperature=0.0), Parameters(top_p=1.0), Parameters(top_k=1)]
)
def test_sampling_speaks_the_old_version(parameters: Parameters) -> None:
    made = wires.call(WHERE, (user("Hi"),), parameters=parameters)
    assert WIRE.encode(made).headers["anthropic-version"] == "2023-06-01"
    assert wires.body(WIRE, made).items() >= parameters.given().items()


@pytest.mark.parametrize(
    ("row", "parameters", "thinking", "effort"),
    [
        ({}, {}, None, None),
        ({"thinking": "no"}, {}, None, None),
        ({"thinking": "always"}, {}, {"type": "adaptive", "display": "summarized"}, None),
        ({"thinking": "optional"}, {}, None, None),
        (
            {"thinking": "optional"},
            {"reasoning_effort": "low"},
            {"type": "adaptive", "display": "summarized"},
            "low",
        ),
        ({"thinking": "optional"}, {"reasoning_effort": "none"}, {"type": "disabled"}, None),
        (
            {"thinking": "optional", "thinking_budget": True},
            {"thinking_budget": 2000},
            {"type": "enabled", "budget_tokens": 2000},
            None,
        ),
        (
            {"thinking": "optional", "thinking_budget": True},
            {"thinking_budget": 0},
            {"type": "disabled"},
            None,
        ),
    ],
)
def test_thinking_follows_the_row(
    row: dict[str, Any], parameters: dict[str, Any], thinking: Any, effort: str | None
) -> None:
    body = sent(user("Hi"), row=row, parameters=Parameters(**parameters))
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort


@pytest.mark.parametrize(
    ("row", "request_fields", "expected"),
    [
        ({}, {}, 8_192),
        ({"max_output_tokens": 64_000}, {}, 64_000),
        ({"max_output_tokens": 64_000}, {"parameters": Parameters(max_output_tokens=50)}, 50),
        ({"max_output_tokens": 128_000}, {"stream": False}, 21_333),
        ({"thinking_budget": True}, {"parameters": Parameters(thinking_budget=9_000)}, 17_192),
    ],
)
def test_max_tokens_is_always_sent(
    row: dict[str, Any], request_fields: dict[str, Any], expected: int
) -> None:
    assert sent(user("Hi"), row=row, **request_fields)["max_tokens"] == expected


def test_results_stand_first_right_after_their_calls() -> None:
    call = ToolCallPart(call_id="a", name="f", arguments='{"n": 1}')
    other = ToolCallPart(call_id="b", name="f")
    result = ToolResultPart(call_id="a", parts=(TextPart(text="one"),))
    turns = sent(
        user("Go"),
        Message(role="assistant", parts=(call, other)),
        Message(role="user", parts=(TextPart(text="Well?"), result)),
    )["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    first, second, words = turns[2]["content"]
    assert first == {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [{"type": "text", "text": "one"}],
    }
    assert second["tool_use_id"] == "b"
    assert second["is_error"] is True
    assert words == {"type": "text", "text": "Well?"}
    assert turns[1]["content"][0]["input"] == {"n": 1}


def test_thinking_goes_back_verbatim_and_only_home() -> None:
    parts = decoded("thinking").parts()
    blocks = sent(user("Hi"), Message(role="assistant", parts=parts), user("More"))["messages"][1]["content"]
    assert blocks[:2] == [canned.THOUGHT, canned.REDACTED]
    elsewhere = msgspec.structs.replace(WHERE, id="resold")
    history = (user("Hi"), Message(role="assistant", parts=parts), user("More"))
    away = wires.body(WIRE, wires.call(elsewhere, history))["messages"][1]["content"]
    assert away == [{"type": "text", "text": "Forty-two."}]


def test_search_goes_back_with_citations() -> None:
    parts = decoded("search").parts()
    assert isinstance(parts[0], UnknownPart)
    assert parts[0].data["input"] == {"query": "peaks"}
    blocks = sent(user("Hi"), Message(role="assistant", parts=parts))["messages"][1]["content"]
    assert blocks[:2] == [canned.SEARCH, canned.FOUND]
    assert blocks[2]["citations"] == [canned.CITED]


def test_answer_stopped_while_thinking_is_left_out() -> None:
    signed = ThinkingPart(text="Hm", provider_state={"provider": "anthropic", "signature": "x"})
    turns = sent(user("Hi"), Message(role="assistant", parts=(signed,)), user("Again"))["messages"]
    assert [turn["role"] for turn in turns] == ["user"]
    assert [block["text"] for block in turns[0]["content"]] == ["Hi", "Again"]


def test_unstreamed_answer_may_take_a_tier_and_a_speed() -> None:
    usage = {**canned.USAGE, "speed": "fast"}
    body = json.dumps(canned.message([canned.text("Hi")], usage=usage)).encode()
    stop = wires.folded(WIRE.decode_whole(body, wires.call(WHERE))).stop
    assert stop is not None
    assert stop.service_tier == "fast"


EPHEMERAL = {"type": "ephemeral"}
TOOLS = (ToolDefinition(name="f"), ToolDefinition(name="g", strict=True))


def marked(body: Any) -> list[str]:
    """Where marks are: "tools", "system", or the number of a message."""
    places = [place for place in ("tools", "system") if _marks(body.get(place))]
    return places + [str(n) for n, turn in enumerate(body["messages"]) if _marks(turn["content"])]


def _marks(blocks: Any) -> bool:
    if not isinstance(blocks, list):
        return False
    assert all("cache_control" not in block for block in blocks[:-1])
    return "cache_control" in blocks[-1]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("tools_only", ["tools"]),
        ("system_and_tools", ["tools", "system"]),
        ("last_user_message", ["4"]),
        ("last_2_user_messages", ["2", "4"]),
        ("last_3_user_messages", ["0", "2", "4"]),
    ],
)
def test_marks_stand_on_the_last_block_of_what_the_pattern_names(pattern: Any, expected: list[str]) -> None:
    turns = (user("One"), assistant("1"), user("Two"), assistant("2"), user("Three", PICTURE))
    asked = Parameters(cache_pattern=pattern, cache_ttl="1h")
    body = sent(*turns, system="Be brief.", tools=TOOLS, parameters=asked)
    assert marked(body) == expected
    assert "cache_control" not in body
    alone = sent(user("One"), parameters=Parameters(cache_pattern=pattern))
    assert marked(alone) == (["0"] if expected[-1] == "4" else [])


def test_marks_without_a_pattern_are_anthropics_own() -> None:
    assert sent(user("Hi"), parameters=Parameters(cache_ttl="5m"))["cache_control"] == {
        **EPHEMERAL,
        "ttl": "5m",
    }
    assert "cache_control" not in json.dumps(sent(user("Hi"), system="Be brief.", tools=TOOLS))


@pytest.mark.parametrize(
    ("tier", "expected"),
    [
        ("auto", {"service_tier": "auto"}),
        ("default", {"service_tier": "standard_only"}),
        ("standard_only", {"service_tier": "standard_only"}),
        ("fast", {"speed": "fast"}),
    ],
)
def test_tiers_have_anthropics_words(tier: Any, expected: Any) -> None:
    body = sent(user("Hi"), parameters=Parameters(service_tier=tier))
    assert {name: body[name] for name in ("service_tier", "speed") if name in body} == expected


def test_tier_that_is_not_offered_is_refused_with_a_reason() -> None:
    with pytest.raises(BadRequest, match="flex") as caught:
        sent(user("Hi"), parameters=Parameters(service_tier="flex"))
    assert caught.value.param == "service_tier"
    wires.expect_named(caught.value)


def test_user_and_strict_tools() -> None:
    body = sent(user("Hi"), tools=TOOLS, parameters=Parameters(user="u-1"))
    assert body["metadata"] == {"user_id": "u-1"}
    assert [tool.get("strict") for tool in body["tools"]] == [None, True]
    for strict, expected in ((True, [True, True]), (False, [None, None])):
        body = sent(user("Hi"), tools=TOOLS, parameters=Parameters(strict_tools=strict))
        assert [tool.get("strict") for tool in body["tools"]] == expected


def test_a_request_may_choose_version_headers_and_query() -> None:
    made = wires.call(
        WHERE,
        (user("Hi"),),
        api_version="2023-06-01",
        extra_headers={"Anthropic-Beta": "context-1m", "X-Api-Key": "other"},
        extra_query={"beta": "true"},
    )
    request = WIRE.encode(made)
    assert request.url == "https://api.anthropic.com/v1/messages?beta=true"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.headers["anthropic-beta"] == "context-1m"
    assert request.headers["x-api-key"] == "other"
    sampled = wires.call(
        WHERE, (user("Hi"),), api_version="2026-10-21", parameters=Parameters(temperature=0.5)
    )
    assert WIRE.encode(sampled).headers["anthropic-version"] == "2026-10-21"
    pinned = wires.endpoint("anthropic", "https://api.anthropic.com", api_version="2023-06-01")
    assert WIRE.encode(wires.call(pinned, (user("Hi"),))).headers["anthropic-version"] == "2023-06-01"


def said(role: Any, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text=text),))


LATER = (
    said("system", "Be kind."),
    said("developer", "Be brief."),
    user("One"),
    said("developer", "Speak French."),
    said("system", "And softly."),
    user("Two"),
    assistant("Un"),
    said("system", "Speak Latin."),
    user("Three"),
)


def roles_and_words(body: Any) -> list[tuple[str, list[str]]]:
    return [(turn["role"], [block["text"] for block in turn["content"]]) for turn in body["messages"]]


@pytest.mark.parametrize(
    "model", ["claude-opus-4-8", "claude-sonnet-5-5", "claude-fable-5-2", "claude-opus-5"]
)
def test_later_instructions_stand_behind_the_users_turn(model: str) -> None:
    body = sent(*LATER, system="Be good.", model=model)
    assert body["system"] == "Be good.\n\nBe kind.\n\nBe brief."
    assert roles_and_words(body) == [
        ("user", ["One", "Two"]),
        ("system", ["Speak French.", "And softly."]),
        ("assistant", ["Un"]),
        ("user", ["Three"]),
        ("system", ["Speak Latin."]),
    ]


@pytest.mark.parametrize(
    "model", ["claude-opus-4-7", "claude-haiku-4-5-20251001", "claude-sonnet-4-20250514", "model-1"]
)
def test_later_instructions_join_the_system_prompt_of_older_models(model: str) -> None:
    body = sent(*LATER, model=model)
    assert body["system"].endswith("Be brief.\n\nSpeak French.\n\nAnd softly.\n\nSpeak Latin.")
    assert [role for role, _ in roles_and_words(body)] == ["user", "assistant", "user"]


def test_instructions_that_no_users_turn_follows_join_the_system_prompt() -> None:
    body = sent(user("Hi"), assistant("Well,"), said("system", "Be kind."), model="claude-opus-5")
    assert body["system"] == "Be kind."
    assert [role for role, _ in roles_and_words(body)] == ["user", "assistant"]
    signed = ThinkingPart(text="Hm", provider_state={"provider": "anthropic", "signature": "x"})
    stopped = Message(role="assistant", parts=(signed,))
    body = sent(user("Hi"), said("system", "Be kind."), stopped, user("Again"), model="claude-opus-5")
    assert roles_and_words(body) == [("user", ["Hi", "Again"]), ("system", ["Be kind."])]


def test_what_a_user_sent_in_a_shape_of_anthropics_own_goes_as_it_is() -> None:
    found = {"type": "search_result", "source": "s", "title": "t", "content": []}
    own = UnknownPart(kind="search_result", data=found, provider_state={"provider": "anthropic"})
    others = UnknownPart(kind="odd", data={"type": "odd"}, provider_state={"provider": "elsewhere"})
    asked = Message(role="user", parts=(TextPart(text="Hi"), own, others))
    assert sent(asked)["messages"][0]["content"] == [{"type": "text", "text": "Hi"}, found]


def test_document_may_be_cited() -> None:
    state = {"provider": "anthropic", "citations": {"enabled": True}, "context": "A draft."}
    paper = FilePart(
        source=InlineData(data=b"%PDF"), media_type="application/pdf", name="a.pdf", provider_state=state
    )
    (document, _) = sent(user("Sum it", paper))["messages"][0]["content"]
    assert (document["citations"], document["context"]) == ({"enabled": True}, "A draft.")
    elsewhere = msgspec.structs.replace(WHERE, id="resold")
    (document, _) = wires.body(WIRE, wires.call(elsewhere, (user("Sum it", paper),)))["messages"][0][
        "content"
    ]
    assert "citations" not in document


def test_blank_text_is_left_out() -> None:
    turns = sent(user(" \n"), assistant(""), user("Hi"))["messages"]
    assert turns == [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]


def test_picture_of_an_answer_is_shown_by_the_user() -> None:
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png")
    drawn = Message(role="assistant", parts=(TextPart(text="Here"), picture))
    turns = sent(user("Draw"), drawn, user("Bluer"))["messages"]
    assert [block["type"] for block in turns[2]["content"]] == ["image", "text"]


def test_what_has_no_block_is_refused_with_a_reason() -> None:
    archive = FilePart(source=InlineData(data=b"PK"), media_type="application/zip", name="all.zip")
    with pytest.raises(BadRequest, match=r"all\.zip"):
        sent(user("Hi", archive))


def test_extra_body_is_merged() -> None:
    extra = {"cache_control": {"type": "ephemeral"}, "output_config": {"task": 1}}
    parameters = Parameters(reasoning_effort="low", extra_body=extra)
    body = sent(user("Hi"), row={"thinking": "optional"}, parameters=parameters)
    assert body["cache_control"] == {"type": "ephemeral"}
    assert body["output_config"] == {"effort": "low", "task": 1}


def test_usage_counts_the_cache_as_input() -> None:
    assert decoded("text").usage == Usage(
        input_tokens=65,
        output_tokens=31,
        cache_read_tokens=40,
        cache_write_tokens=20,
        cache_write_long_tokens=15,
        reasoning_tokens=11,
        web_searches=2,
    )


@pytest.mark.parametrize(
    ("scene", "reason", "detail"),
    [
        ("text", "end", "end_turn"),
        ("tool", "tool_calls", "tool_use"),
        ("refusal", "refusal", "This would help an attack."),
        ("sequence", "stop_sequence", "three"),
        ("paused", "pause", "pause_turn"),
        ("cut", "max_tokens", "max_tokens"),
        ("full", "context_window", "model_context_window_exceeded"),
    ],
)
def test_stop_reasons(scene: str, reason: Any, detail: str) -> None:
    assert decoded(scene).stop == Stop(reason, detail, "msg_01", canned.MODEL, service_tier="standard")


def test_unknown_events_and_stop_reasons_are_kept() -> None:
    frames = canned.answer(["Hi"])
    frames.insert(2, canned.frame("novelty", value=1))
    frames[3:3] = [
        canned.frame("content_block_delta", index=0, delta={"type": "aroma_delta", "aroma": "tea"})
    ]
    frames[-2:] = canned.ended("tired")
    accumulator = wires.folded(wires.decode(WIRE, wires.call(WHERE), frames))
    assert [event.type for event in accumulator.unknown] == ["novelty", "content_block_delta.aroma_delta"]
    assert isinstance(accumulator.unknown[0], Unknown)
    assert accumulator.stop is not None
    assert (accumulator.stop.reason, accumulator.stop.detail) == ("other", "tired")
    assert accumulator.parts() == (TextPart(text="Hi"),)


@pytest.mark.parametrize(
    ("status", "kind", "code", "text", "expected", "retryable"),
    [
        (400, "invalid_request_error", None, "`top_k` is not supported", "BadRequest", False),
        (
            400,
            "invalid_request_error",
            None,
            "prompt is too long: 9 tokens > 8",
            "ContextWindowExceeded",
            False,
        ),
        (401, "authentication_error", None, "invalid x-api-key", "Authentication", False),
        (402, "billing_error", None, "Pay", "QuotaExhausted", False),
        (403, "permission_error", None, "No", "PermissionDenied", False),
        (404, "not_found_error", None, "model: claude-9", "NotFound", False),
        (413, "request_too_large", None, "32 MB", "PayloadTooLarge", False),
        (429, "rate_limit_error", None, "Slow", "RateLimited", True),
        (429, "rate_limit_error", "enforced_spend_limit_reached", "Spent", "QuotaExhausted", False),
        (500, "api_error", None, "Oops", "ServerError", True),
        (504, "timeout_error", None, "Late", "Timeout", True),
        (529, "overloaded_error", None, "Overloaded", "Overloaded", True),
        (529, "brand_new_error", None, "Hm", "Overloaded", True),
    ],
)
def test_errors_have_names(
    status: int, kind: str, code: str | None, text: str, expected: str, retryable: bool
) -> None:
    headers = {"request-id": "req_9", "retry-after": "7"}
    failure = HttpFailure(status=status, headers=headers, body=canned.error_body(kind, text, code))
    error = WIRE.error(failure, WHERE)
    assert (type(error).__name__, error.retryable) == (expected, retryable)
    assert (error.status, error.request_id, error.retry_after) == (status, "req_9", 7.0)
    assert text in error.raw
    assert error.param == ("top_k" if "top_k" in text else "model" if "model:" in text else "")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("overloaded_error", "Overloaded"), ("api_error", "ServerError"), ("", "ServerError")],
)
def test_error_within_a_stream(kind: str, expected: str) -> None:
    with pytest.raises(ProviderError) as caught:
        wires.decode(WIRE, wires.call(WHERE), canned.broken(kind, "Overloaded"))
    assert type(caught.value).__name__ == expected
    assert caught.value.request_id == "req_011"
    assert caught.value.retryable


def test_models_of_all_pages() -> None:
    first, page = WIRE.decode_models(json.dumps(canned.MODELS[None]).encode(), WHERE)
    assert page == canned.MODEL
    assert f"after_id={canned.MODEL}" in WIRE.models_request(WHERE, None, page).url
    second, end = WIRE.decode_models(json.dumps(canned.MODELS[page]).encode(), WHERE)
    assert end is None
    sonnet, haiku = *first, *second
    assert (sonnet.name, sonnet.context_window, sonnet.max_output_tokens) == (
        "Claude Sonnet 5.5",
        1_000_000,
        128_000,
    )
    assert sonnet.inputs == {"text", "image", "file"}
    assert (sonnet.thinking, sonnet.thinking_budget) == ("always", False)
    assert sonnet.efforts == ("low", "medium", "high", "xhigh", "max")
    assert sonnet.parameters == {"max_output_tokens", "stop", "extra_body"}
    assert (haiku.thinking, haiku.thinking_budget, haiku.efforts) == ("optional", True, ("none",))
    assert "temperature" in (haiku.parameters or ())
    assert haiku.shutdown_on == "2027-06-01"
