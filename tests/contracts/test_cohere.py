"""Our Cohere wire against Cohere's own types and client.

The types keep keys that they do not know, so these are looked for; what a request may hold at its
top is the parameters of the client's own `chat`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cohere
import httpx
import pydantic
import pytest
from cohere.v2.types.v2chat_response import V2ChatResponse
from cohere.v2.types.v2chat_stream_response import V2ChatStreamResponse
from hypothesis import given, settings
from tests.contracts import conversations, parameters
from tests.contracts.vendors import data_of, extras, heard, lost
from tests.loopback import cohere as canned
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.messages import (
    FilePart,
    ImagePart,
    InlineData,
    Message,
    RemoteUrl,
    TextPart,
    ToolCallPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.tools import NamedTool
from chatbench.providers.cohere import Cohere

WIRE = Cohere()
WHERE = wires.endpoint("cohere", "https://api.cohere.com")
EVERYTHING = parameters.every(WIRE.takes)
TABLE = FilePart(source=InlineData(data=b"a,b\n1,2\n"), media_type="text/csv", name="table.csv")
TOP = set(inspect.signature(cohere.ClientV2.chat).parameters) - {"self", "request_options"} | {"stream"}
FIELDS: dict[str, Any] = {
    "messages": list[cohere.ChatMessageV2],
    "tools": list[cohere.ToolV2],
    "documents": list[cohere.Document],
    "response_format": cohere.ResponseFormatV2,
    "thinking": cohere.Thinking,
    "citation_options": cohere.CitationOptions,
}
JUDGES = {name: pydantic.TypeAdapter[Any](kind) for name, kind in FIELDS.items()}
EVENT = pydantic.TypeAdapter[Any](V2ChatStreamResponse)
CHOICES = {"REQUIRED", "NONE"}


@contextmanager
def client(server: LoopbackServer) -> Iterator[cohere.ClientV2]:
    """Cohere's own client, closed at the end."""
    with httpx.Client() as http:
        yield cohere.ClientV2(api_key=wires.KEY, base_url=server.url, httpx_client=http)


def accept(sent: Any) -> None:
    """Raises where Cohere's types refuse or do not know what is sent."""
    assert set(sent) <= TOP, set(sent) - TOP
    assert {"model", "messages"} <= set(sent)
    assert sent.get("tool_choice", "NONE") in CHOICES
    for name, judge_ in JUDGES.items():
        if name in sent:
            unknown = extras(judge_.validate_python(sent[name]), name)
            assert not unknown, unknown


def judge(messages: tuple[Message, ...] | list[Message], **request: Any) -> Any:
    sent = wires.body(WIRE, wires.call(WHERE, messages, **request))
    accept(sent)
    return sent


def test_judge_refuses_what_the_vendor_does_not_know() -> None:
    good = judge((user("Hi"),), tools=(conversations.CLOCK,))
    wrong: list[Any] = [
        {**good, "top_p": 1},
        {**good, "tool_choice": "auto"},
        {**good, "messages": [{"role": "robot", "content": "Hi"}]},
        {**good, "messages": [{"role": "user", "content": "Hi", "name": "Ann"}]},
        {**good, "messages": [{"role": "tool", "content": "12:00"}]},
        {**good, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 5}]}]},
        {
            **good,
            "tools": [{"type": "function", "function": {"name": "f", "strict": True, "parameters": {}}}],
        },
        {**good, "response_format": {"type": "json_schema", "json_schema": {}}},
        {**good, "thinking": {"type": "enabled", "budget_tokens": 5}},
    ]
    for sent in wrong:
        with pytest.raises((pydantic.ValidationError, AssertionError)):
            accept(sent)


@pytest.mark.parametrize("request_fields", conversations.REQUESTS[:-1])
def test_requests_are_cohere_requests(request_fields: dict[str, Any]) -> None:
    judge((user("Hi"), assistant("Hello"), user("Again")), **request_fields)


def test_every_parameter_is_one_of_coheres() -> None:
    sent = judge((user("Hi"),), parameters=EVERYTHING, tools=(conversations.CLOCK,))
    # Effort and budget are one field, `extra_body` none; model, messages, stream and tools come along.
    assert len(sent) == len(WIRE.takes) - 2 + 4
    judge((user("Hi"),), parameters=Parameters(reasoning_effort="none"))
    judge((user("Hi"),), parameters=Parameters(thinking_budget=0))


def test_media_tools_and_documents_are_cohere_requests() -> None:
    remote = ImagePart(
        source=RemoteUrl(url="https://example.org/a.png"), media_type="image/png", detail="low"
    )
    judge((user("What is it?", conversations.PICTURE, remote),))
    judge(conversations.with_tools(), tools=(conversations.CLOCK,))
    judge((user("Go"),), tools=(conversations.CLOCK,), tool_choice=NamedTool(name="clock"))
    assert "documents" in judge((user("Sum it", TABLE),))
    assert "documents" not in judge((user("Sum it", TABLE),), response_schema=conversations.SCHEMA)


@pytest.mark.parametrize("scene", canned.SCENES)
def test_answers_go_back_as_cohere_takes_them(scene: str) -> None:
    judge(conversations.going_on(wires.parts_of(WIRE, wires.call(WHERE), canned.SCENES[scene][0])))


@settings(max_examples=60)
@given(conversations.conversations())
def test_any_conversation_is_a_cohere_request(messages: list[Message]) -> None:
    conversations.expect_answered(judge(conversations.without_documents(messages))["messages"])


@pytest.mark.parametrize("scene", canned.SCENES)
def test_canned_streams_are_cohere_events(scene: str) -> None:
    frames, whole = canned.SCENES[scene]
    for data in data_of(frames):
        assert not extras(EVENT.validate_json(data))
    assert not extras(V2ChatResponse.model_validate(whole))


def test_canned_models_are_coheres() -> None:
    for page in canned.MODELS.values():
        assert not extras(cohere.ListModelsResponse.model_validate(page))


@pytest.mark.parametrize("scene", canned.SCENES)
def test_coheres_client_reads_the_same(scene: str, server: LoopbackServer) -> None:
    frames = canned.SCENES[scene][0]
    words, thoughts, calls, cited = "", "", [], 0
    asked: Any = [{"role": "user", "content": "Hi"}]
    with client(server) as vendor:
        events: list[Any] = list(vendor.chat_stream(model=scene, messages=asked))
    for event in events:
        if event.type == "content-delta":
            content = event.delta.message.content
            words += content.text or ""
            thoughts += content.thinking or ""
        elif event.type == "tool-plan-delta":
            thoughts += event.delta.message.tool_plan
        elif event.type == "tool-call-start":
            calls.append(event.delta.message.tool_calls.function.name)
        elif event.type == "citation-start":
            cited += len(event.delta.message.citations.sources)
    assert heard(WIRE, scene, frames, server) == (words, thoughts, calls)
    parts = wires.parts_of(WIRE, wires.call(WHERE), frames)
    assert cited == sum(len(part.citations) for part in parts if isinstance(part, TextPart))


@pytest.mark.parametrize("stream", [True, False])
def test_coheres_client_sends_the_same(server: LoopbackServer, stream: bool) -> None:
    history = (
        user("What is it?", conversations.PICTURE, TABLE),
        Message(role="assistant", parts=(ToolCallPart(call_id="clock_1", name="clock", arguments="{}"),)),
    )
    made = wires.call(
        WHERE, history, system="Be short.", parameters=EVERYTHING, tools=(conversations.CLOCK,),
        tool_choice="required", stream=stream,
    )  # fmt: skip
    ours = wires.body(WIRE, made)
    told = {name: value for name, value in ours.items() if name != "stream"}
    with client(server) as vendor:
        assert list(vendor.chat_stream(**told)) if stream else vendor.chat(**told)
    asked = server.asked[-1]
    assert set(asked.json) == set(ours)
    assert not lost(ours, asked.json)
    headers = WIRE.encode(made).headers
    for name in ("authorization", "content-type"):
        assert headers[name] == asked.headers[name]
    assert asked.path == "/v2/chat"


def test_coheres_client_lists_the_same(server: LoopbackServer) -> None:
    with client(server) as vendor:
        listed = vendor.models.list(page_size=1000, endpoint="chat", page_token="page-2")
    where = wires.endpoint("cohere", server.url)
    request = WIRE.models_request(where, None, "page-2")
    assert request.url.partition("?")[0] == server.url + server.asked[-1].path
    ours, theirs = (url.partition("?")[2].split("&") for url in (request.url, server.asked[-1].target))
    assert sorted(ours) == sorted(theirs)
    assert [model.name for model in listed.models] == ["command-r7b-12-2024", "embed-v4.0"]
