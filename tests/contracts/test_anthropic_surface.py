"""All that an Anthropic request can say, against the types and the client of Anthropic."""

from __future__ import annotations

from typing import Any

import anthropic
import msgspec
import pydantic
import pytest
from anthropic import types
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from hypothesis import given, settings
from tests.contracts import conversations, parameters, surface
from tests.contracts.vendors import accept, expect_same, forbid_unknown_keys
from tests.loopback import anthropic as canned
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.errors import EndpointNotSupported, NotFound
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    RemoteUrl,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.tools import NamedTool
from chatbench.providers.anthropic import Anthropic
from chatbench.providers.anthropic.encode import SAMPLING, counted_fields
from chatbench.providers.http import Http

WIRE = Anthropic()
WHERE = wires.endpoint("anthropic", "https://api.anthropic.com", auth="header:x-api-key")
ROWS: tuple[dict[str, Any], ...] = (
    {"thinking": "optional", "efforts": ("low", "high"), "max_output_tokens": 128_000},
    {"thinking": "optional", "thinking_budget": True, "max_output_tokens": 64_000},
    {"thinking": "always", "efforts": ("low", "high")},
    {},
)

forbid_unknown_keys("anthropic.types")
STREAMED = pydantic.TypeAdapter[Any](MessageCreateParamsStreaming)
WHOLE = pydantic.TypeAdapter[Any](MessageCreateParamsNonStreaming)
COUNTED = pydantic.TypeAdapter[Any](MessageCountTokensParams)


@settings(max_examples=150)
@given(conversations.conversations(), parameters.requests(WIRE.takes - {*SAMPLING}))
def test_any_request_is_one_of_anthropics(messages: list[Message], request: dict[str, Any]) -> None:
    for row in ROWS:
        made = wires.call(WHERE, messages, row=row, model="claude-opus-5", **request)
        sent = wires.body(WIRE, made)
        accept(STREAMED if sent.get("stream") else WHOLE, sent)
        accept(COUNTED, counted_fields(made))
        assert str(sent).count("'cache_control'") <= 4
        _well_placed([turn["role"] for turn in sent["messages"]])


def _well_placed(roles: list[str]) -> None:
    """Turns alternate; a system message follows a user's turn, and an answer or nothing follows it."""
    for before, role, after in zip(["", *roles], roles, [*roles[1:], ""], strict=False):
        assert role != before
        assert role != "system" or (before == "user" and after in {"assistant", ""})


def test_judge_of_counts_refuses_what_only_answers_need() -> None:
    made = wires.call(WHERE, (user("Hi"),))
    with pytest.raises(pydantic.ValidationError):
        accept(COUNTED, wires.body(WIRE, made))


@pytest.mark.parametrize("name", parameters.ONE_OF_EACH)
def test_exactly_what_the_wire_takes_has_an_effect(name: str) -> None:
    row = ROWS[1] if name == "thinking_budget" else ROWS[0]

    def judge(messages: tuple[Message, ...], **request: Any) -> Any:
        return wires.body(WIRE, wires.call(WHERE, messages, row=row, **request))

    assert surface.changes(judge, name, parameters.ONE_OF_EACH[name]) == (name in WIRE.takes)


PNG = b"\x89PNG\r\n\x1a\n"
_B64 = "iVBORw0KGgo="
_ASKED: list[Any] = [
    {
        "role": "user",
        "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _B64}},
            {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "a"},
                "title": "a.txt",
            },
            {"type": "text", "text": "What is it?"},
        ],
    },
    {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "t1", "name": "clock", "input": {"zone": "UTC"}}],
    },
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "t1",
                "content": [{"type": "text", "text": "no"}],
                "is_error": True,
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            }
        ],
    },
    {"role": "system", "content": [{"type": "text", "text": "Speak French."}]},
]
_OURS = (
    user(
        "What is it?",
        ImagePart(source=InlineData(data=PNG), media_type="image/png"),
        ImagePart(source=RemoteUrl(url="https://example.org/a.png"), media_type="image/png"),
        FilePart(source=InlineData(data=b"a"), media_type="text/plain", name="a.txt"),
    ),
    Message(role="assistant", parts=(ToolCallPart(call_id="t1", name="clock", arguments='{"zone": "UTC"}'),)),
    Message(role="tool", parts=(ToolResultPart(call_id="t1", parts=(TextPart(text="no"),), is_error=True),)),
    Message(role="developer", parts=(TextPart(text="Speak French."),)),
)
_TOOL: dict[str, Any] = {
    "name": "clock",
    "description": "Tells the time",
    "input_schema": conversations.CLOCK.parameters,
    "strict": True,
}


def _common(server: LoopbackServer, **changes: Any) -> Any:
    where = wires.endpoint("anthropic", server.base_url("anthropic"), auth="header:x-api-key")
    request: dict[str, Any] = {
        "model": "claude-opus-5",
        "system": "Be brief.",
        "tools": (conversations.CLOCK,),
        "tool_choice": NamedTool(name="clock"),
        "parallel_tool_calls": False,
        "response_schema": conversations.SCHEMA,
        "extra_headers": {"anthropic-beta": "one,two"},
        "extra_query": {"beta": "true"},
    }
    return wires.call(where, _OURS, row=ROWS[0], **{**request, **changes})


_THEIRS: dict[str, Any] = {
    "model": "claude-opus-5",
    "messages": _ASKED,
    "system": "Be brief.",
    "tools": [_TOOL],
    "tool_choice": {"type": "tool", "name": "clock", "disable_parallel_tool_use": True},
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": conversations.SCHEMA}},
    "extra_headers": {"anthropic-beta": "one,two"},
    "extra_query": {"beta": "true"},
}
_ALIKE = ("anthropic-version", "anthropic-beta", "content-type")


@pytest.mark.parametrize("stream", [True, False])
def test_the_vendors_client_sends_what_we_send(server: LoopbackServer, stream: bool) -> None:
    asked = Parameters(
        max_output_tokens=500,
        stop=("END", "STOP"),
        reasoning_effort="high",
        service_tier="standard_only",
        user="u-1",
        cache_pattern="last_user_message",
        cache_ttl="1h",
        extra_body={"inference_geo": "eu"},
    )
    ours = WIRE.encode(_common(server, parameters=asked, stream=stream))
    with anthropic.Anthropic(api_key=wires.KEY, base_url=server.base_url("anthropic")) as vendor:
        create: Any = vendor.messages.create
        made = create(
            max_tokens=500,
            stop_sequences=["END", "STOP"],
            service_tier="standard_only",
            metadata={"user_id": "u-1"},
            inference_geo="eu",
            **({"stream": True} if stream else {}),
            **_THEIRS,
        )
        if stream:
            made.close()
    expect_same(ours, server, *_ALIKE)


def test_the_vendors_client_speaks_the_old_version_as_we_do(server: LoopbackServer) -> None:
    where = wires.endpoint("anthropic", server.base_url("anthropic"), auth="header:x-api-key")
    asked = Parameters(max_output_tokens=9, temperature=0.5, top_p=0.5, top_k=3)
    ours = WIRE.encode(wires.call(where, (user("Hi"),), model="m", parameters=asked, stream=False))
    with anthropic.Anthropic(
        api_key=wires.KEY,
        base_url=server.base_url("anthropic"),
        default_headers={"anthropic-version": "2023-06-01"},
    ) as vendor:
        vendor.messages.create(
            model="m",
            max_tokens=9,
            messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
            extra_body={"temperature": 0.5, "top_p": 0.5, "top_k": 3},
        )
    theirs = server.asked[-1]
    assert theirs.json == msgspec.json.decode(ours.body)
    assert theirs.headers["anthropic-version"] == ours.headers["anthropic-version"] == "2023-06-01"


async def test_tokens_are_counted_as_the_vendors_client_counts_them(server: LoopbackServer) -> None:
    asked = Parameters(
        max_output_tokens=500,
        stop=("END",),
        user="u-1",
        reasoning_effort="high",
        cache_pattern="last_user_message",
        cache_ttl="1h",
        extra_body={"inference_geo": "eu"},
    )
    http = Http({})
    try:
        assert await WIRE.count_tokens(_common(server, parameters=asked), http) == 2_095
    finally:
        await http.aclose()
    ours = server.asked[-1]
    with anthropic.Anthropic(api_key=wires.KEY, base_url=server.base_url("anthropic")) as vendor:
        assert vendor.messages.count_tokens(**_THEIRS).input_tokens == 2_095
    theirs = server.asked[-1]
    assert (ours.target, ours.json) == (theirs.target, theirs.json)
    assert ours.target == "/v1/messages/count_tokens?beta=true"
    assert [ours.headers[name] for name in _ALIKE] == [theirs.headers[name] for name in _ALIKE]
    types.MessageTokensCount.model_validate(canned.COUNTED)


async def test_proxies_that_do_not_count_are_named(server: LoopbackServer) -> None:
    http = Http({})
    server.script(
        replies.data({"detail": "Not Found"}, 404),
        replies.data(canned.error_body("not_found_error", "model: claude-9"), 404),
        replies.data({"input_tokens": "many"}),
    )
    try:
        for expected in (EndpointNotSupported, NotFound, EndpointNotSupported):
            with pytest.raises(expected) as caught:
                await WIRE.count_tokens(_common(server), http)
            wires.expect_named(caught.value)
    finally:
        await http.aclose()


@pytest.mark.parametrize("scene", canned.SCENES)
def test_the_vendors_client_reads_the_whole_answer_and_sends_it_back_as_we_do(
    scene: str, server: LoopbackServer
) -> None:
    where = wires.endpoint("anthropic", server.base_url("anthropic"), auth="header:x-api-key")
    answered = wires.parts_of(WIRE, wires.call(where), canned.SCENES[scene][0])
    history = (user("Hi"), Message(role="assistant", parts=answered), user("Go on"))
    ours = wires.body(WIRE, wires.call(where, history, model=scene, stream=False))
    with anthropic.Anthropic(api_key="k", base_url=server.base_url("anthropic")) as vendor:
        hi: Any = {"role": "user", "content": [{"type": "text", "text": "Hi"}]}
        message = vendor.messages.create(model=scene, max_tokens=9, messages=[hi])
        assert message.usage.service_tier == canned.USAGE["service_tier"]
        back: Any = {"role": "assistant", "content": message.content}
        vendor.messages.create(model=scene, max_tokens=9, messages=[hi, back])
    theirs = _without_nulls(server.asked[-1].json["messages"][1]["content"])
    assert _without_nulls(ours["messages"][1]["content"]) == theirs


def _without_nulls(value: Any) -> Any:
    """The vendor's client repeats every null it was told."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
