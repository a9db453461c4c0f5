"""Our Ollama wire against Ollama's own types and client.

The types ignore keys that they do not know, and take any object for a message: each message is read
as one, and what the type keeps is compared with what we wrote.
"""

from __future__ import annotations

import json
from typing import Any

import ollama
import pydantic
import pytest
from hypothesis import given, settings
from tests.contracts import conversations, parameters
from tests.contracts.vendors import heard, lost
from tests.loopback import ollama as canned
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import (
    FilePart,
    InlineData,
    Message,
    ThinkingPart,
    ToolCallPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.tools import NamedTool
from chatbench.providers.ollama import Ollama

WIRE = Ollama()
WHERE = wires.endpoint("ollama", "http://127.0.0.1:11434", auth="none")
EVERYTHING = parameters.every(WIRE.takes, reasoning_effort="low")
LEVELS = {"efforts": ("low", "medium", "high")}
SERVERS_OWN = {"truncate", "shift"}
"""Fields that the server takes (api/types.go) and its Python client has none for."""


def accept(sent: Any) -> None:
    """Raises where Ollama's types refuse or do not know what is sent."""
    fields = {name: value for name, value in sent.items() if name not in SERVERS_OWN}
    missing = lost(_plain(fields), _plain(ollama._types.ChatRequest.model_validate(fields).model_dump()))
    for message in sent["messages"]:
        if message["role"] not in ("system", "user", "assistant", "tool"):
            missing.append(f".role.{message['role']}")
        images = [{"value": data} for data in message.get("images", ())]
        read = ollama.Message.model_validate({**message, "images": images})
        missing += lost(message, read.model_dump(mode="json"))
    missing += lost(sent["options"], ollama.Options.model_validate(sent["options"]).model_dump())
    assert not missing, missing


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the tools' schemas, of which the client's type keeps only the usual words."""
    tools = [
        {"type": tool["type"], "function": {n: v for n, v in tool["function"].items() if n != "parameters"}}
        for tool in fields.get("tools") or ()
    ]
    return {**fields, "tools": tools}


def judge(messages: tuple[Message, ...] | list[Message], **request: Any) -> Any:
    sent = wires.body(WIRE, wires.call(WHERE, messages, **request))
    accept(sent)
    return sent


def test_judge_refuses_what_the_vendor_does_not_know() -> None:
    good = judge((user("Hi"),), tools=(conversations.CLOCK,))
    bare = {"role": "assistant", "content": ""}
    wrong: list[Any] = [
        {**good, "temperature": 1},
        {**good, "options": {"max_tokens": 5}},
        {**good, "options": {"num_ctx": "all"}},
        {**good, "format": 5},
        {**good, "messages": [{"role": "developer", "content": "Hi"}]},
        {**good, "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
        {**good, "messages": [{**bare, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]},
        {**good, "messages": [{"role": "tool", "content": "12:00", "tool_call_id": "a"}]},
        {
            **good,
            "tools": [{"type": "function", "function": {"name": "f", "strict": True, "parameters": {}}}],
        },
    ]
    for sent in wrong:
        with pytest.raises((pydantic.ValidationError, AssertionError)):
            accept(sent)


@pytest.mark.parametrize("request_fields", conversations.REQUESTS[:-1])
def test_requests_are_ollama_requests(request_fields: dict[str, Any]) -> None:
    judge((user("Hi"), assistant("Hello"), user("Again")), **request_fields)


def test_every_parameter_is_one_of_ollamas() -> None:
    sent = judge((user("Hi"),), parameters=EVERYTHING, row=LEVELS)
    assert len(sent["options"]) == 8 + 1, "and the context window"
    assert sent.keys() >= {"think", "logprobs", "top_logprobs", "format"}
    judge((user("Hi"),), parameters=Parameters(reasoning_effort="none"))


def test_media_and_tools_are_ollama_requests() -> None:
    text = FilePart(source=InlineData(data=b"a,b\n1,2\n"), media_type="text/csv", name="table.csv")
    judge((user("What is it?", conversations.PICTURE, text),))
    judge(conversations.with_tools(), tools=(conversations.CLOCK,))
    judge((user("Go"),), tools=(conversations.CLOCK,), tool_choice=NamedTool(name="clock"))


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_ollama_takes_them(scene: str) -> None:
    judge(conversations.going_on(wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])))


@settings(max_examples=60)
@given(conversations.conversations())
def test_any_conversation_is_an_ollama_request(messages: list[Message]) -> None:
    sent = judge(conversations.without_documents(messages))["messages"]
    for at, turn in enumerate(sent):
        asked = [call["function"]["name"] for call in turn.get("tool_calls", ())]
        results = sent[at + 1 : at + 1 + len(asked)]
        assert [result["tool_name"] for result in results] == asked


@pytest.mark.parametrize("scene", canned.SCENES)
def test_canned_streams_are_ollama_lines(scene: str) -> None:
    lines, whole = canned.SCENES[scene]
    for told in (*map(json.loads, lines), whole):
        read = ollama.ChatResponse.model_validate(told).model_dump(mode="json")
        missing = [place for place in lost(told, read) if not place.endswith(".id")]
        assert not missing, "newer servers name their calls"


def test_canned_models_are_ollamas() -> None:
    assert len(ollama.ListResponse.model_validate(canned.MODELS).models) == len(canned.SHOWN)
    for shown in canned.SHOWN.values():
        assert ollama.ShowResponse.model_validate(shown).capabilities == shown["capabilities"]


@pytest.mark.parametrize("scene", canned.SCENES)
def test_ollamas_client_reads_the_same(scene: str, server: LoopbackServer) -> None:
    lines = canned.SCENES[scene][0]
    words, thoughts, calls = "", "", []
    with ollama.Client(host=server.url) as vendor:
        read = list(vendor.chat(model=scene, messages=[{"role": "user", "content": "Hi"}], stream=True))
    for told in read:
        words += told.message.content or ""
        thoughts += told.message.thinking or ""
        calls += [call.function for call in told.message.tool_calls or ()]
    assert heard(WIRE, scene, lines, server) == (words, thoughts, [call.name for call in calls])
    parts = wires.parts_of(WIRE, wires.call(WHERE), lines)
    ours = [json.loads(part.arguments) for part in parts if isinstance(part, ToolCallPart)]
    assert [call.arguments for call in calls] == ours


@pytest.mark.parametrize("stream", [True, False])
def test_ollamas_client_sends_the_same(server: LoopbackServer, stream: bool) -> None:
    history = (
        user("What is it?", conversations.PICTURE),
        Message(
            role="assistant",
            parts=(
                ThinkingPart(text="The time.", provider_state={"provider": "ollama"}),
                ToolCallPart(call_id="clock_1", name="clock", arguments='{"zone": "UTC"}'),
            ),
        ),
    )
    made = wires.call(
        WHERE, history, system="Be short.", parameters=EVERYTHING, tools=(conversations.CLOCK,),
        row=LEVELS, stream=stream,
    )  # fmt: skip
    ours = {name: value for name, value in wires.body(WIRE, made).items() if name not in SERVERS_OWN}
    with ollama.Client(host=server.url) as vendor:
        answered = vendor.chat(**ours)
        assert list(answered) if stream else answered
    asked = server.asked[-1]
    assert set(asked.json) == set(ours)
    assert not lost(_plain(ours), _plain(asked.json))
    assert WIRE.encode(made).headers["content-type"] == asked.headers["content-type"]
    assert asked.path == "/api/chat"


def test_ollamas_client_lists_and_describes_the_same(server: LoopbackServer) -> None:
    with ollama.Client(host=server.url) as vendor:
        vendor.list()
        where = wires.endpoint("ollama", server.url)
        assert WIRE.models_request(where, None, None).url == server.url + server.asked[-1].target
        vendor.show(canned.MODEL)
    assert server.asked[-1].json == {"model": canned.MODEL}
    with pytest.raises(ollama.ResponseError), ollama.Client(host=server.url) as vendor:
        vendor.show("nobody")
