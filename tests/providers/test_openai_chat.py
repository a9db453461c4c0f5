"""What the Chat Completions wire sends, and what it makes of the forms servers give their answers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.loopback import openai_chat as canned
from tests.loopback.openai_chat import chunk, frame
from tests.providers import wires

from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContentPolicy,
    ContextWindowExceeded,
    EndpointNotSupported,
    InvalidResponse,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    ServerError,
    StreamInterrupted,
    Timeout,
)
from chatbench.core.messages import (
    AudioPart,
    Citation,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    ProviderFile,
    RefusalPart,
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
from chatbench.core.streams import Accumulator, PartDelta, Unknown
from chatbench.core.tools import NamedTool, ToolDefinition
from chatbench.core.usage import Usage
from chatbench.providers.openai_chat import OpenAIChat
from chatbench.providers.wire import HttpFailure

WIRE = OpenAIChat()
WHERE = wires.endpoint("openai_chat", "https://api.groq.com/openai/v1")
PICTURE = ImagePart(source=InlineData(data=b"\x89PNG"), media_type="image/png", detail="low")
CLOCK = ToolDefinition(name="clock", description="Tells the time")


def sent(*messages: Message, **request: Any) -> Any:
    return wires.body(WIRE, wires.call(WHERE, messages, **request))


def told(*chunks: dict[str, Any], done: bool = True) -> Accumulator:
    frames = [*map(frame, chunks), *([canned.DONE] if done else [])]
    return wires.folded(wires.decode(WIRE, wires.call(WHERE), frames))


def failed(status: int, body: bytes, **headers: str) -> ProviderError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WIRE.error(HttpFailure(status=status, headers=named, body=body), WHERE)


# Requests.


def test_address_key_and_stream() -> None:
    request = WIRE.encode(wires.call(WHERE, (user("Hi"),)))
    assert request.url == "https://api.groq.com/openai/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {wires.KEY}"
    assert request.headers["accept"] == "text/event-stream"
    assert wires.KEY.encode() not in request.body
    assert sent(user("Hi")) == {
        "model": "model-1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert set(sent(user("Hi"), stream=False)) == {"model", "messages"}


def test_quirks() -> None:
    where = wires.endpoint(
        "openai_chat",
        "http://x/v1",
        max_tokens_field="max_completion_tokens",
        stream_usage=False,
        tools=False,
        developer_role=True,
    )
    body = wires.body(
        WIRE,
        wires.call(
            where,
            (user("Hi"),),
            system="Be brief",
            tools=(CLOCK,),
            parameters=Parameters(max_output_tokens=9),
        ),
    )
    assert body == {
        "model": "model-1",
        "messages": [{"role": "developer", "content": "Be brief"}, {"role": "user", "content": "Hi"}],
        "stream": True,
        "max_completion_tokens": 9,
    }


@pytest.mark.parametrize(
    ("base", "version", "url"),
    [
        ("https://r.openai.azure.com/openai/v1", "", "https://r.openai.azure.com/openai/v1/chat/completions"),
        ("https://r.openai.azure.com/", "", "https://r.openai.azure.com/openai/v1/chat/completions"),
        (
            "https://r.openai.azure.com",
            "2024-10-21",
            "https://r.openai.azure.com/openai/deployments/my%2Fone/chat/completions?api-version=2024-10-21",
        ),
        (
            "https://r.openai.azure.com/openai/v1",
            "2024-10-21",
            "https://r.openai.azure.com/openai/deployments/my%2Fone/chat/completions?api-version=2024-10-21",
        ),
        ("https://host", "", "https://host/chat/completions"),
        ("https://host/v1?team=a", "", "https://host/v1/chat/completions?team=a"),
    ],
)
def test_azure_and_other_addresses(base: str, version: str, url: str) -> None:
    where = wires.endpoint("openai_chat", base, auth="header:api-key", api_version=version)
    request = WIRE.encode(wires.call(where, model="my/one"))
    assert request.url == url
    assert request.headers["api-key"] == wires.KEY
    assert "authorization" not in request.headers
    models = WIRE.models_request(where, None, None).url
    assert models == url.replace("deployments/my%2Fone/", "").replace("chat/completions", "models")


def test_parameters_by_their_names() -> None:
    body = sent(
        parameters=Parameters(
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            max_output_tokens=100,
            stop=("END",),
            presence_penalty=0.1,
            frequency_penalty=0.2,
            seed=7,
            reasoning_effort="low",
            verbosity="high",
            extra_body={"stream_options": {"include_obfuscation": False}, "user": "me"},
        )
    )
    del body["model"], body["messages"], body["stream"]
    assert body == {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "max_tokens": 100,
        "stop": ["END"],
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "seed": 7,
        "reasoning_effort": "low",
        "verbosity": "high",
        "stream_options": {"include_usage": True, "include_obfuscation": False},
        "user": "me",
    }


def test_tools_and_schema() -> None:
    strict = ToolDefinition(name="add", parameters={"type": "object"}, strict=True)
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    body = sent(
        tools=(CLOCK, strict),
        tool_choice=NamedTool(name="clock"),
        parallel_tool_calls=False,
        response_schema=schema,
    )
    bare, second = (tool["function"] for tool in body["tools"])
    assert bare["parameters"] == {"type": "object", "properties": {}}
    assert "strict" not in bare
    assert second["strict"] is True
    assert body["tool_choice"] == {"type": "function", "function": {"name": "clock"}}
    assert body["parallel_tool_calls"] is False
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": True},
    }


def test_media() -> None:
    message = user(
        "What is it?",
        PICTURE,
        ImagePart(source=RemoteUrl(url="https://example.org/a.png"), media_type="image/png"),
        FilePart(source=InlineData(data=b"%PDF"), media_type="application/pdf", name="a.pdf"),
        FilePart(source=ProviderFile(provider="groq", file_id="f1"), media_type="application/pdf"),
        AudioPart(source=InlineData(data=b"ID3"), media_type="audio/mpeg"),
    )
    assert sent(message)["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
        {"type": "file", "file": {"file_id": "f1"}},
        {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        {"type": "text", "text": "What is it?"},
    ]


def test_media_without_a_place_is_refused() -> None:
    film = VideoPart(source=InlineData(data=b""), media_type="video/mp4", name="a.mp4")
    with pytest.raises(BadRequest, match=r"a\.mp4"):
        sent(user("", film))
    with pytest.raises(BadRequest):
        sent(user("", AudioPart(source=RemoteUrl(url="https://example.org/a.wav"), media_type="audio/wav")))


def test_tool_calls_and_results() -> None:
    calls = (
        ToolCallPart(call_id="a", name="clock", arguments='{"zone": "UTC"}'),
        ToolCallPart(call_id="b", name="clock", arguments='{"zone": '),
        ToolCallPart(call_id="c", name="clock"),
    )
    results = (
        ToolResultPart(call_id="b", parts=(TextPart(text="two"),)),
        ToolResultPart(call_id="a", parts=(TextPart(text="one"), PICTURE)),
    )
    asked = (
        user("Time?"),
        Message(role="assistant", parts=(TextPart(text="Looking."), *calls)),
        Message(role="tool", parts=results),
    )
    _, called, *answers, shown = sent(*asked)["messages"]
    assert called["content"] == "Looking."
    arguments = [made["function"]["arguments"] for made in called["tool_calls"]]
    assert arguments[0] == '{"zone": "UTC"}'
    assert json.loads(arguments[1]) == {"text": '{"zone": '}
    assert json.loads(arguments[2]) == {}
    assert [(m["role"], m["tool_call_id"], m["content"]) for m in answers] == [
        ("tool", "a", "one"),
        ("tool", "b", "two"),
        ("tool", "c", "This tool was not run."),
    ]
    assert shown["role"] == "user"
    assert [part["type"] for part in shown["content"]] == ["text", "image_url"]


def test_an_answer_of_nothing_but_thoughts_is_left_out() -> None:
    messages = (user("Hi"), Message(role="assistant", parts=(ThinkingPart(text="Hm"),)), user("So?"))
    assert [message["role"] for message in sent(*messages)["messages"]] == ["user", "user"]
    refused = Message(role="assistant", parts=(RefusalPart(text="No."),))
    assert sent(user("Hi"), refused)["messages"][1] == {"role": "assistant", "content": "No."}


def test_reasoning_goes_back_where_it_came_from_and_nowhere_else() -> None:
    answered = Message(role="assistant", parts=decoded("openrouter").parts())
    back = sent(user("Hi"), answered)["messages"][1]
    details = back["reasoning_details"]
    assert [(d["type"], d.get("text") or d.get("data")) for d in details] == [
        ("reasoning.text", "Let me see."),
        ("reasoning.encrypted", "gAAAAB"),
    ]
    assert details[0]["signature"] == "Eq1"
    elsewhere = wires.endpoint("openai_responses", "https://x/v1")
    other = wires.body(WIRE, wires.call(elsewhere, (user("Hi"), answered)))
    assert set(other["messages"][1]) == {"role", "content"}


def test_plain_reasoning_goes_back_only_beside_tool_calls() -> None:
    plain = Message(role="assistant", parts=decoded("thinking").parts())
    assert "reasoning_content" not in sent(user("Hi"), plain)["messages"][1]
    call_part = ToolCallPart(call_id="a", name="clock", arguments="{}")
    working = Message(role="assistant", parts=(*plain.parts, call_part))
    assert sent(user("Hi"), working)["messages"][1]["reasoning_content"] == "Let me see."


def test_mistral_thinking_goes_back_as_it_came() -> None:
    answered = Message(role="assistant", parts=decoded("mistral").parts())
    assert sent(user("Hi"), answered)["messages"][1]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Let me see."}], "closed": True},
        {"type": "text", "text": "Forty-two."},
    ]


# Answers.


def decoded(scene: str) -> Accumulator:
    frames = wires.scenes(canned)[scene][0]
    return wires.folded(wires.decode(WIRE, wires.call(WHERE), frames))


def test_text_and_usage() -> None:
    answer = decoded("text")
    assert answer.parts() == (TextPart(text=canned.TEXT),)
    assert answer.usage == Usage(
        input_tokens=90,
        output_tokens=25,
        cache_read_tokens=40,
        cache_write_tokens=30,
        reasoning_tokens=12,
        input_audio_tokens=3,
        output_audio_tokens=2,
    )
    stop = answer.stop
    assert stop is not None
    assert (stop.reason, stop.detail, stop.response_id, stop.model_answered) == (
        "end",
        "stop",
        "chatcmpl-1",
        canned.MODEL,
    )


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        ("tool", "tool_calls"),
        ("refusal", "refusal"),
        ("cut", "max_tokens"),
        ("filtered", "content_filter"),
        ("object arguments", "tool_calls"),
        ("mistral", "end"),
    ],
)
def test_stop_reasons(scene: str, reason: str) -> None:
    stop = decoded(scene).stop
    assert stop is not None
    assert stop.reason == reason


def test_tool_calls_in_pieces() -> None:
    state = {"provider": "groq"}
    assert decoded("tool").parts() == (
        ToolCallPart(call_id="call_1", name="clock", arguments='{"zone": "UTC"}', provider_state=state),
        ToolCallPart(call_id="call_2", name="clock", arguments='{"zone": "CET"}', provider_state=state),
    )


def test_citations() -> None:
    cited = decoded("search").parts()[0]
    assert isinstance(cited, TextPart)
    assert cited.citations == (Citation(url="https://example.org/a", title="Peaks", start=0, end=5),)
    sourced = decoded("perplexity").parts()[0]
    assert isinstance(sourced, TextPart)
    assert sourced.citations == (Citation(url="https://example.org/a", title="A"),)


@pytest.mark.parametrize("scene", ["thinking", "openrouter", "mistral"])
def test_thinking_under_three_names(scene: str) -> None:
    thought, said = decoded(scene).parts()
    assert isinstance(thought, ThinkingPart)
    assert isinstance(said, TextPart)
    assert (thought.text, said.text) == ("Let me see.", "Forty-two.")


def test_thinking_again_after_words_comes_after_them() -> None:
    answer = told(
        chunk({"reasoning": "a"}), chunk({"content": "b"}), chunk({"reasoning": "c"}), chunk({"content": "d"})
    )
    assert [getattr(part, "text", "") for part in answer.parts()] == ["a", "b", "c", "d"]


def test_a_vendors_own_cost_is_exact() -> None:
    usage = decoded("openrouter").usage
    assert usage is not None
    assert usage.provider_cost == Decimal("0.0001234")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"cost": 0}, {"provider_cost": Decimal(0)}),
        ({"cost": "0.5"}, {"provider_cost": Decimal("0.5")}),
        ({"cost": {"total_cost": 0.006, "request_cost": 0.005}}, {"provider_cost": Decimal("0.006")}),
        ({"cost": -1}, {}),
        ({"cost": None}, {}),
        ({"cost": "NaN"}, {}),
        ({"cost": 0.1, "is_byok": True}, {}),
        (
            {"cost": 0.1, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}},
            {"provider_cost": Decimal("0.3")},
        ),
        ({"prompt_cache_hit_tokens": 4}, {"cache_read_tokens": 4}),
        ({"cached_tokens": 4}, {"cache_read_tokens": 4}),
        ({"num_search_queries": 2}, {"web_searches": 2}),
        (
            {"total_tokens": 18, "completion_tokens_details": {"reasoning_tokens": 3}},
            {"output_tokens": 8, "reasoning_tokens": 3},
        ),
        ({"total_tokens": 15, "completion_tokens_details": {"reasoning_tokens": 3}}, {"reasoning_tokens": 3}),
        ({"prompt_tokens_details": None, "total_tokens": "15"}, {}),
        ({"prompt_tokens": "10"}, {}),
    ],
)
def test_usage_in_other_words(usage: dict[str, Any], expected: dict[str, Any]) -> None:
    base = {"prompt_tokens": 10, "completion_tokens": 5}
    answer = told(chunk({"content": "x"}, "stop"), chunk(None, usage={**base, **usage}))
    assert answer.usage == Usage(**{"input_tokens": 10, "output_tokens": 5, **expected})


def test_groqs_corner() -> None:
    answer = told(chunk({"content": "x"}, "stop", x_groq={"id": "r", "usage": canned.USAGE}))
    assert answer.usage is not None
    assert answer.usage.input_tokens == 90
    with pytest.raises(ServerError):
        told(chunk({}, x_groq={"error": "over"}))


def fragments(*calls: dict[str, Any]) -> Accumulator:
    return told(*(chunk({"tool_calls": [call]}) for call in calls), chunk({}, "stop"))


@pytest.mark.parametrize(
    "calls",
    [
        # No index, an id at the start of each call.
        [
            {"id": "a", "function": {"name": "f", "arguments": ""}},
            {"function": {"arguments": '{"n":1}'}},
            {"id": "b", "function": {"name": "g", "arguments": '{"n":2}'}},
        ],
        # One index for all.
        [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"n":1}'}},
            {"index": 0, "id": "b", "function": {"name": "g", "arguments": '{"n"'}},
            {"index": 0, "function": {"arguments": ":2}"}},
        ],
        # The name and id in every fragment.
        [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"n"'}},
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": ":1}"}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"n":2}'}},
        ],
        # The whole call again at its end.
        [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"n":1}'}},
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"n":1}'}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"n":2}'}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"n":2}'}},
        ],
        # Pieces of two calls in turn.
        [
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}},
            {"index": 0, "function": {"arguments": '"n":1}'}},
            {"index": 1, "function": {"arguments": '"n":2}'}},
        ],
        # The name after the call began.
        [
            {"index": 0, "id": "a", "function": {"arguments": '{"n":1}'}},
            {"index": 0, "function": {"name": "f"}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": {"n": 2}}},
        ],
    ],
)
def test_tool_calls_as_servers_tell_them(calls: list[dict[str, Any]]) -> None:
    answer = fragments(*calls)
    made = [part for part in answer.parts() if isinstance(part, ToolCallPart)]
    assert [(c.call_id, c.name, c.arguments) for c in made] == [
        ("a", "f", '{"n":1}'),
        ("b", "g", '{"n":2}'),
    ]
    assert answer.stop is not None
    assert answer.stop.reason == "tool_calls"


def test_calls_without_ids_get_some_of_their_own() -> None:
    call_part = {"function": {"name": "f", "arguments": "{}"}}
    made = fragments(call_part, call_part).parts()
    ids = [part.call_id for part in made if isinstance(part, ToolCallPart)]
    assert len(set(ids)) == 2
    assert all(ids)


def test_alternatives_are_kept_apart() -> None:
    answer = told(
        chunk({"content": "one"}),
        chunk({"content": "two"}, index=1),
        chunk({"content": " more"}),
        chunk({}, "stop"),
        chunk({}, "length", index=1),
    )
    assert answer.parts(0) == (TextPart(text="one more"),)
    assert answer.parts(1) == (TextPart(text="two"),)
    assert [answer.stops[number].reason for number in (0, 1)] == ["end", "max_tokens"]


def test_pictures_in_answers() -> None:
    url = {"type": "image_url", "image_url": {"url": "data:image/webp;base64,iVBORw=="}}
    answer = told(chunk({"content": "Here:"}), chunk({"images": [url]}, "stop"))
    assert answer.parts()[1] == ImagePart(source=InlineData(data=b"\x89PNG"), media_type="image/webp")


@pytest.mark.parametrize(
    "form",
    [
        {"content": "a", "tool_calls": None, "refusal": None, "function_call": None, "obfuscation": "x"},
        {"content": "a", "tool_calls": {}},
        {"content": "a", "tool_calls": [None, 5]},
        {"content": "a", "reasoning": {"text": 5}},
        {"content": ["no object"], "refusal": 5, "reasoning_content": "a"},
    ],
)
def test_a_field_of_the_wrong_kind_takes_no_other_down(form: dict[str, Any]) -> None:
    answer = told(chunk(form, "stop"))
    assert "a" in [getattr(part, "text", "") for part in answer.parts()]


def test_what_is_not_known_is_kept() -> None:
    odd = {"object": "ping", "cost": 5}
    filtered = chunk(None, prompt_filter_results=[{"prompt_index": 0}])
    events = wires.decode(
        WIRE,
        wires.call(WHERE),
        [frame(filtered), frame(odd), b'event: news\ndata: {"a": 1}\n\n', frame(chunk({}, "stop"))],
    )
    assert [event for event in events if isinstance(event, Unknown)] == [
        Unknown("ping", odd),
        Unknown("news", {"a": 1}),
    ]


def test_a_finish_reason_is_an_end_without_the_marker() -> None:
    answer = told(chunk({"content": "a"}, "stop"), done=False)
    assert answer.stop is not None
    with pytest.raises(StreamInterrupted):
        told(chunk({"content": "a"}), done=False)


def test_a_marker_is_an_end_without_a_reason_and_nothing_comes_after() -> None:
    frames = [frame(chunk({"content": "a"})), canned.DONE, frame(chunk({"content": "b"})), canned.DONE]
    answer = wires.folded(wires.decode(WIRE, wires.call(WHERE), frames))
    assert answer.parts() == (TextPart(text="a"),)
    assert answer.stop is not None
    assert answer.stop.reason == "end"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (canned.error_value("rate_limit_exceeded", "tokens", "slow"), RateLimited),
        (
            {"error": {"code": 502, "message": "bad", "metadata": {"error_type": "provider_unavailable"}}},
            Overloaded,
        ),
        ({"error": {"code": 429, "message": "slow"}}, RateLimited),
        ({"error": "ran out of memory"}, ServerError),
        ({"object": "error", "message": "no such thing", "code": 400}, BadRequest),
        ({"error": {"message": "exceeds the available context size", "n_ctx": 5}}, ContextWindowExceeded),
        (chunk({}, "error"), ServerError),
    ],
)
def test_errors_in_the_middle(value: dict[str, Any], kind: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        told(chunk({"content": "Some"}), value)
    assert type(caught.value) is kind
    with pytest.raises(ProviderError) as caught:
        WIRE.decode_whole(json.dumps(value).encode(), wires.call(WHERE))
    assert type(caught.value) is kind


# Failures.

E = canned.error_body
HTML = b"<html><body>nginx</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, E("invalid_api_key", "invalid_request_error", "Incorrect API key"), Authentication),
        (401, b"{}", Authentication),
        (402, b'{"error": {"message": "Insufficient Balance"}}', QuotaExhausted),
        (403, b'{"error": {"code": 403, "message": "no"}}', PermissionDenied),
        (403, b'{"error": {"code": 403, "metadata": {"flagged_input": "x"}}}', ContentPolicy),
        (404, E("model_not_found", "invalid_request_error", "The model `x` does not exist"), NotFound),
        (404, E("DeploymentNotFound", None, "gone"), NotFound),
        (404, b'{"error": "model \\"x\\" not found, try pulling it first"}', NotFound),
        (404, b'{"detail": "Not Found"}', NotFound),
        (400, b'{"error": {"code": 400, "message": "x/y is not a valid model ID"}}', NotFound),
        (400, b'{"object": "error", "message": "Invalid model: x", "code": "1500"}', NotFound),
        (413, b"", PayloadTooLarge),
        (413, E("rate_limit_exceeded", "tokens", "Request too large"), PayloadTooLarge),
        (422, b'{"detail": [{"loc": ["body", "top_k"], "msg": "Extra inputs", "type": "x"}]}', BadRequest),
        (429, E("rate_limit_exceeded", "requests", "slow down"), RateLimited),
        (429, E("insufficient_quota", "insufficient_quota", "no money"), QuotaExhausted),
        (429, E("monthly_spend_limit_reached", None, "no money"), QuotaExhausted),
        (429, b"slow", RateLimited),
        (498, E("capacity_exceeded", None, "full"), Overloaded),
        (408, b"", Timeout),
        (500, b"oops", ServerError),
        (501, E(501, "not_supported_error", "no"), EndpointNotSupported),
        (502, HTML, ServerError),
        (503, E("server_is_overloaded", "service_unavailable_error", "busy"), Overloaded),
        (529, b"", Overloaded),
        (400, E("context_length_exceeded", "invalid_request_error", "too long"), ContextWindowExceeded),
        (400, E(400, "exceed_context_size_error", "request (9) exceeds"), ContextWindowExceeded),
        (
            400,
            b'{"object":"error","message":"This model\'s maximum context length is 8 tokens","code":400}',
            ContextWindowExceeded,
        ),
        (
            400,
            E("content_filter", None, "x", innererror={"code": "ResponsibleAIPolicyViolation"}),
            ContentPolicy,
        ),
        (400, E("content_policy_violation", None, "x"), ContentPolicy),
        (400, E(None, "invalid_request_error", "what?"), BadRequest),
        (400, b'[{"error": {"code": 400, "message": "API key", "status": "INVALID_ARGUMENT"}}]', BadRequest),
        (400, HTML, InvalidResponse),
        (404, HTML, NotFound),
        (403, HTML, PermissionDenied),
    ],
)
def test_failures_have_names(status: int, body: bytes, kind: type[ProviderError]) -> None:
    error = failed(status, body)
    assert type(error) is kind
    assert error.status == status
    assert error.hint
    assert "<html>" not in error.message
    assert error.raw == body.decode()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (E("unsupported_parameter", None, "x", "max_tokens"), "max_tokens"),
        (
            E(None, None, "Unsupported parameter: 'max_tokens' is not supported."),
            "max_tokens",
        ),
        (E(None, None, "Unrecognized request argument supplied: stream_options"), "stream_options"),
        (E(None, None, "Unknown parameter: 'reasoning_effort'."), "reasoning_effort"),
        (E(None, None, "property 'top_k' is unsupported"), "top_k"),
        (E(None, None, "'seed' is not supported"), "seed"),
        (b'{"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]}', "stream_options"),
        (b'{"object": "error", "message": "x", "param": "top_k", "code": 400}', "top_k"),
        (E(None, None, "The request is malformed"), ""),
    ],
)
def test_the_field_that_was_refused_is_named(body: bytes, param: str) -> None:
    assert failed(400, body).param == param


def test_a_missing_model_and_a_wrong_path_are_told_apart() -> None:
    model = failed(404, E("model_not_found", None, "The model `x` does not exist"))
    path = failed(404, b'{"detail": "Not Found"}')
    page = failed(404, HTML, content_type="text/html")
    assert model.param == "model"
    assert "/v1" not in model.hint
    for error in (path, page):
        assert error.param == ""
        assert "/v1" in error.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "Thu, 01 Jan 2020 00:00:00 GMT"}, 0),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert failed(429, b"{}", **headers).retry_after == seconds


def test_the_providers_verdict_on_retrying_counts() -> None:
    assert failed(429, b"{}").retryable
    assert not failed(429, b"{}", x_should_retry="false").retryable
    assert failed(400, b"{}", x_should_retry="true").retryable


@pytest.mark.parametrize("name", ["x_request_id", "apim_request_id", "x_generation_id"])
def test_request_ids(name: str) -> None:
    assert failed(500, b"", **{name: "r1"}).request_id == "r1"


# Lists of models.


def rows(value: object) -> list[Any]:
    return WIRE.decode_models(json.dumps(value).encode(), WHERE)[0]


def test_openais_list() -> None:
    (row,) = rows(canned.MODELS)
    assert (row.ref.id, row.source, row.context_window, row.parameters) == (canned.MODEL, "live", None, None)


def test_openrouters_rows() -> None:
    (row,) = rows(
        {
            "data": [
                {
                    "id": "acme/large",
                    "name": "Acme: Large",
                    "context_length": 200_000,
                    "architecture": {
                        "input_modalities": ["text", "image", "file"],
                        "output_modalities": ["text"],
                    },
                    "top_provider": {"max_completion_tokens": 8_000},
                    "supported_parameters": ["temperature", "tools", "max_tokens", "reasoning", "logprobs"],
                    "expiration_date": "2027-01-31",
                },
                {"id": "acme/painter", "architecture": {"output_modalities": ["image"]}},
            ]
        }
    )
    assert row.name == "Acme: Large"
    assert (row.context_window, row.max_output_tokens) == (200_000, 8_000)
    assert row.inputs == {"text", "image", "file"}
    assert row.parameters == {"temperature", "max_output_tokens"}
    assert row.tools is True
    assert row.thinking == "optional"
    assert row.efforts == ("low", "medium", "high")
    assert row.shutdown_on == "2027-01-31"


@pytest.mark.parametrize(
    ("told_row", "window"),
    [
        ({"id": "m", "max_model_len": 4096}, 4096),
        ({"id": "m", "context_window": 131072, "active": True}, 131072),
        ({"id": "m", "max_context_length": 32768}, 32768),
        ({"id": "m", "meta": {"n_ctx_train": 131072}}, 131072),
        ({"id": "m", "meta": {"n_ctx_train": 131072, "n_ctx": 8192}}, 8192),
        ({"id": "m", "meta": None}, None),
        ({"id": "m", "context_length": "big"}, None),
    ],
)
def test_context_windows(told_row: dict[str, Any], window: int | None) -> None:
    (row,) = rows({"data": [told_row]})
    assert row.context_window == window


def test_mistral_together_and_groq() -> None:
    (row,) = rows({"data": [
        {"id": "a", "capabilities": {"completion_chat": True, "function_calling": True, "vision": True}},
        {"id": "b", "capabilities": {"completion_chat": False}},
        {"id": "whisper-large-v3"},
        {"id": "c", "active": False},
    ]})  # fmt: skip
    assert (row.ref.id, row.tools, "image" in row.inputs) == ("a", True, True)
    together = rows([{"id": "x/chat", "type": "chat"}, {"id": "x/draw", "type": "image"}])
    assert [row.ref.id for row in together] == ["x/chat"]


@pytest.mark.parametrize(
    ("model_id", "title"),
    [
        ("/home/me/models/Qwen3-8B-Q4.gguf", "Qwen3-8B-Q4"),
        ("C:\\models\\gemma.GGUF", "gemma"),
        ("qwen/qwen3", "qwen3"),
    ],
)
def test_a_file_path_is_no_name_to_show(model_id: str, title: str) -> None:
    (row,) = rows({"data": [{"id": model_id}]})
    assert row.ref.id == model_id
    assert row.title == title


@pytest.mark.parametrize("empty", [{"data": []}, {"data": None}, {"object": "list", "models": []}])
def test_a_server_without_a_model_is_no_error(empty: dict[str, Any]) -> None:
    assert rows(empty) == []


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"error": "x"}', b"[", b'{"data": 5}'])
def test_what_is_no_list(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        WIRE.decode_models(body, WHERE)


def test_every_piece_of_words_is_one_event() -> None:
    frames = canned.answer(["a", "b", "c"])
    deltas = [e for e in wires.decode(WIRE, wires.call(WHERE), frames) if isinstance(e, PartDelta)]
    assert [delta.text for delta in deltas] == ["a", "b", "c"]


def test_an_assistants_words_stay_as_they_were() -> None:
    assert sent(user("Hi"), assistant("Hello"))["messages"][1] == {"role": "assistant", "content": "Hello"}
