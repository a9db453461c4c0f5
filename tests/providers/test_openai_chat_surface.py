"""Chat Completions beyond words: alternatives, single tokens, sound, marks, names, custom tools."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.loopback import openai_chat as canned
from tests.loopback.openai_chat import chunk
from tests.providers import wires
from tests.providers.test_openai_chat import CLOCK, PICTURE, WHERE, WIRE, decoded, sent, told

from chatbench.core.errors import StreamInterrupted
from chatbench.core.messages import (
    AudioPart,
    InlineData,
    Message,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import TokenLogprob
from chatbench.core.tools import ToolDefinition


def at_openai(*messages: Message, **request: Any) -> Any:
    where = wires.endpoint("openai_chat", "https://api.openai.com/v1", developer_role=True)
    return wires.body(WIRE, wires.call(where, messages, **request))


MARK = {"prompt_cache_breakpoint": {"mode": "explicit"}}


def test_a_user_is_named_as_the_endpoint_knows_it() -> None:
    parameters = Parameters(user="u")
    assert at_openai(parameters=parameters)["safety_identifier"] == "u"
    assert "user" not in at_openai(parameters=parameters)
    assert sent(parameters=parameters)["user"] == "u"


def test_alternatives_and_single_tokens() -> None:
    body = sent(parameters=Parameters(n=2, top_logprobs=3, logit_bias={"5": 1.5, "6": -100.0}))
    assert (body["n"], body["logprobs"], body["top_logprobs"]) == (2, True, 3)
    assert body["logit_bias"] == {"5": 1.5, "6": -100}
    assert isinstance(body["logit_bias"]["6"], int)
    assert sent(parameters=Parameters(json_mode=True))["response_format"] == {"type": "json_object"}
    assert "response_format" not in sent(parameters=Parameters(json_mode=False))


def test_a_schema_wins_over_json_mode() -> None:
    body = sent(parameters=Parameters(json_mode=True), response_schema={"type": "object"})
    assert body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize("strict", [True, False])
def test_strict_tools_overrides_every_tool(strict: bool) -> None:
    tools = (CLOCK, ToolDefinition(name="add", strict=not strict))
    body = sent(tools=tools, parameters=Parameters(strict_tools=strict))
    assert [tool["function"]["strict"] for tool in body["tools"]] == [strict, strict]


def test_names_and_the_developers_role() -> None:
    messages = (
        Message(role="developer", parts=(TextPart(text="Be kind"),), name="boss"),
        Message(role="user", parts=(TextPart(text="Hi"),), name="ann"),
        Message(role="assistant", parts=(TextPart(text="Hello"),), name="bot"),
    )
    shown = [(m["role"], m["name"], m["content"]) for m in at_openai(*messages)["messages"]]
    assert shown == [("developer", "boss", "Be kind"), ("user", "ann", "Hi"), ("assistant", "bot", "Hello")]
    assert sent(*messages)["messages"][0]["role"] == "system"


def test_a_call_brings_headers_query_and_version_of_its_own() -> None:
    where = wires.endpoint("openai_chat", "https://r.openai.azure.com", api_version="2024-10-21")
    call = wires.call(
        where,
        extra_headers={"X-Team": "a", "Authorization": "Bearer other"},
        extra_query={"region": "eu"},
        api_version="2025-04-01",
        model="m",
    )
    request = WIRE.encode(call)
    assert request.url == (
        "https://r.openai.azure.com/openai/deployments/m/chat/completions?api-version=2025-04-01&region=eu"
    )
    assert request.headers["x-team"] == "a"
    assert request.headers["authorization"] == "Bearer other"


@pytest.mark.parametrize(("pattern", "marked"), wires.MARKED)
def test_marks_for_the_providers_cache(pattern: Any, marked: list[str]) -> None:
    messages = (user("one", PICTURE), assistant("a"), user("two"), assistant("b"), user("three"))
    body = at_openai(*messages, system="Be brief", parameters=Parameters(cache_pattern=pattern))
    plain = at_openai(*messages, system="Be brief")
    found = [
        part["text"]
        for message in body["messages"]
        for part in (message["content"] if isinstance(message["content"], list) else ())
        if "prompt_cache_breakpoint" in part
    ]
    assert found == marked
    bare = json.loads(json.dumps(body).replace(", " + json.dumps(MARK)[1:-1], ""))
    for mine, other in zip(bare["messages"], plain["messages"], strict=True):
        content = mine["content"]
        if isinstance(other["content"], str) and isinstance(content, list):
            (content,) = (part["text"] for part in content)
        assert content == other["content"]


def test_a_longer_life_in_the_cache() -> None:
    parameters = Parameters(cache_pattern="last_user_message", cache_ttl="1h")
    (part,) = at_openai(user("Hi"), parameters=parameters)["messages"][0]["content"]
    assert part["prompt_cache_breakpoint"] == {"mode": "explicit", "ttl": "12h"}


def test_pictures_in_an_answer_follow_as_the_users_behind_the_results() -> None:
    call_part = ToolCallPart(call_id="a", name="clock", arguments="{}")
    result = ToolResultPart(call_id="a", parts=(PICTURE,))
    body = sent(
        user("Draw"),
        Message(role="assistant", parts=(TextPart(text="Here."), PICTURE, call_part)),
        Message(role="tool", parts=(result,)),
        user("Nice"),
    )
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "tool", "user", "user"]
    assert [part["type"] for part in body["messages"][3]["content"]] == ["image_url", "text", "image_url"]


def test_custom_tools_go_back_as_they_came() -> None:
    answered = Message(role="assistant", parts=decoded("custom tool").parts())
    back = sent(user("Hi"), answered)["messages"][1]["tool_calls"]
    assert back == [{"id": "a", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}]


def test_what_was_said_aloud_goes_back_by_its_id_while_it_is_kept() -> None:
    (sound,) = decoded("spoken").parts()
    back = sent(user("Hi"), Message(role="assistant", parts=(sound,)))["messages"][1]
    assert back == {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}
    gone = msgspec.structs.replace(sound, provider_state={**sound.provider_state, "expires_at": 5})
    for part in (gone, msgspec.structs.replace(sound, provider_state={"provider": "other", "id": "x"})):
        back = sent(user("Hi"), Message(role="assistant", parts=(part,)))["messages"][1]
        assert back == {"role": "assistant", "content": "Good morning."}


def test_a_refusal_goes_back_as_one_to_whom_it_came_from() -> None:
    answered = Message(role="assistant", parts=decoded("refusal").parts())
    back = sent(user("Hi"), answered)["messages"][1]
    assert back == {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    elsewhere = wires.endpoint("openai_responses", "https://x/v1")
    words = wires.body(WIRE, wires.call(elsewhere, (user("Hi"), answered)))["messages"][1]
    assert words == {"role": "assistant", "content": "I cannot help with that."}


# Alternatives, probabilities, sound.


def test_alternatives_are_told_apart() -> None:
    answer = decoded("several")
    assert answer.choices == (0, 1)
    assert [answer.parts(choice)[0].text for choice in (0, 1)] == ["Red and green.", "Blue."]  # type: ignore[union-attr]
    assert [answer.stops[choice].reason for choice in (0, 1)] == ["max_tokens", "end"]
    assert [len(answer.logprobs[choice]) for choice in (0, 1)] == [4, 2]


def test_one_finished_alternative_is_not_the_end() -> None:
    frames = canned.SCENES["several"][0]
    kept = frames[: canned.unfinished(frames) + 1]
    with pytest.raises(StreamInterrupted):
        wires.decode(WIRE, wires.call(WHERE), kept)


def test_alternatives_without_numbers() -> None:
    whole = {"choices": [{"message": {"content": text}, "finish_reason": "stop"} for text in ("a", "b")]}
    answer = wires.folded(WIRE.decode_whole(json.dumps(whole).encode(), wires.call(WHERE)))
    assert [answer.parts(choice) for choice in answer.choices] == [
        (TextPart(text="a"),),
        (TextPart(text="b"),),
    ]


def test_probabilities() -> None:
    expected = [
        TokenLogprob("Yes", -0.1, (TokenLogprob("Yes", -0.1), TokenLogprob("No", -2.5))),
        TokenLogprob(".", -0.002, (TokenLogprob(".", -0.002),)),
    ]
    assert decoded("likely").logprobs == {0: expected}
    assert decoded("unlikely").logprobs == {0: expected}
    assert decoded("logprobs side by side").logprobs == {0: [TokenLogprob("b", -1.5)]}


def test_head_of_an_answer() -> None:
    stop = decoded("flex").stop
    assert stop is not None
    assert (stop.created, stop.system_fingerprint, stop.service_tier) == (1_790_000_000, "fp_1", "flex")


def test_spoken_answers() -> None:
    (sound,) = decoded("spoken").parts()
    assert isinstance(sound, AudioPart)
    assert sound.source == InlineData(data=canned.SOUND)
    assert (sound.transcript, sound.media_type, sound.size) == (
        "Good morning.",
        "audio/wav",
        len(canned.SOUND),
    )
    parameters = Parameters(extra_body={"modalities": ["text", "audio"], "audio": {"format": "mp3"}})
    call = wires.call(WHERE, parameters=parameters)
    (heard,) = wires.parts_of(WIRE, call, canned.SCENES["spoken"][0])
    assert isinstance(heard, AudioPart)
    assert heard.media_type == "audio/mpeg"


def test_sound_cut_anywhere_is_put_together() -> None:
    data = canned.SPOKEN["data"]
    answer = told(
        chunk({"audio": {"id": "x", "data": data[:5]}}),
        chunk({"audio": {"data": data[5:]}}),
        chunk({}, "stop"),
    )
    (sound,) = answer.parts()
    assert isinstance(sound, AudioPart)
    assert sound.source == InlineData(data=canned.SOUND)


def test_a_function_call_in_the_old_form() -> None:
    answer = told(
        chunk({"function_call": {"name": "clock", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"zone": '}}),
        chunk({"function_call": {"arguments": '"UTC"}'}}),
        chunk({}, "function_call"),
    )
    (made,) = answer.parts()
    assert isinstance(made, ToolCallPart)
    assert (made.name, made.arguments) == ("clock", '{"zone": "UTC"}')
    assert answer.stop is not None
    assert answer.stop.reason == "tool_calls"


@pytest.mark.parametrize(
    "beside",
    [
        {"reasoning": "Hm"},
        {"reasoning_content": "Hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Hm", "index": 0}]},
        {"refusal": "No."},
        {"tool_calls": [canned.CALLS[0]]},
        {"function_call": {"name": "clock", "arguments": "{}"}},
        {"annotations": [canned.CITED]},
        {"images": [{"image_url": {"url": "https://example.org/a.png"}}]},
        {"audio": canned.SPOKEN},
    ],
    ids=str,
)
def test_nothing_beside_the_words_of_a_whole_answer_is_lost(beside: dict[str, Any]) -> None:
    whole = canned.whole({"content": "Peaks", **beside})
    answer = wires.folded(WIRE.decode_whole(json.dumps(whole).encode(), wires.call(WHERE)))
    streamed = told(chunk({"content": "Peaks"}), chunk(beside), chunk({}, "stop"))
    cited = [part.citations for part in answer.parts() if isinstance(part, TextPart)]
    assert len(answer.parts()) > 1 or cited[0]
    assert len(answer.parts()) == len(streamed.parts())
