"""What the Ollama wire sends, and what it makes of answers, errors and lists."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.conversations import CLOCK, SCHEMA
from tests.loopback import ollama as canned
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.errors import (
    Authentication,
    BadRequest,
    ContextWindowExceeded,
    InvalidResponse,
    NotFound,
    ProviderError,
    ServerError,
    StreamInterrupted,
)
from chatbench.core.messages import (
    AudioPart,
    FilePart,
    ImagePart,
    InlineData,
    Message,
    RemoteUrl,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    assistant,
    user,
)
from chatbench.core.params import Parameters
from chatbench.core.requests import TokenLogprob
from chatbench.core.streams import Accumulator, Stop
from chatbench.core.tools import NamedTool, ToolDefinition
from chatbench.core.usage import Usage
from chatbench.providers.http import Http
from chatbench.providers.ollama import Ollama
from chatbench.providers.ollama.lines import LineParser
from chatbench.providers.wire import HttpFailure

WIRE = Ollama()
WHERE = wires.endpoint("ollama", "http://127.0.0.1:11434", auth="none")


def sent(*messages: Message, **request: Any) -> Any:
    return wires.body(WIRE, wires.call(WHERE, messages, **request))


def decoded(scene: str, **request: Any) -> Accumulator:
    return wires.folded(wires.decode(WIRE, wires.call(WHERE, **request), canned.SCENES[scene][0]))


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/", "/api"])
def test_the_address_of_the_compatible_side_is_understood(tail: str) -> None:
    where = wires.endpoint("ollama", f"http://gpu.example:11434/ollama{tail}", auth="none")
    made = wires.call(where, (user("Hi"),), extra_headers={"X-Team": "a"}, extra_query={"q": "1"})
    request = WIRE.encode(made)
    assert request.url == "http://gpu.example:11434/ollama/api/chat?q=1"
    assert request.headers["x-team"] == "a"
    assert "authorization" not in request.headers
    assert WIRE.models_request(where, None, None).url == "http://gpu.example:11434/ollama/api/tags"


def test_the_cloud_takes_a_key() -> None:
    where = wires.endpoint("ollama", "https://ollama.com")
    assert WIRE.encode(wires.call(where)).headers["authorization"] == f"Bearer {wires.KEY}"


# The context window


@pytest.mark.parametrize(
    ("window", "words", "parameters", "expected"),
    [
        (None, 10, {}, 8_192),
        (4_096, 10, {}, 4_096),
        (40_960, 10, {}, 32_768),
        (131_072, 10, {}, 32_768),
        (131_072, 120_000, {}, 65_536),
        (131_072, 10, {"max_output_tokens": 40_000}, 65_536),
        (40_960, 400_000, {}, 40_960),
        (None, 30_000, {}, 16_384),
        (None, 9_000_000, {}, 131_072),
    ],
)
def test_the_context_window_is_always_asked_for(
    window: int | None, words: int, parameters: dict[str, Any], expected: int
) -> None:
    row = {"context_window": window}
    body = sent(user("x" * words), row=row, parameters=Parameters(**parameters))
    assert body["options"]["num_ctx"] == expected
    assert (body["truncate"], body["shift"]) == (False, False), "too long is an error, not a cut"


def test_pictures_need_room_but_not_by_their_bytes() -> None:
    picture = ImagePart(source=InlineData(data=b"x" * 3_000_000), media_type="image/png")
    assert sent(user("?", picture))["options"]["num_ctx"] == 8_192
    assert sent(user("?", *[picture] * 3))["options"]["num_ctx"] == 16_384


def test_the_users_own_window_wins() -> None:
    extra = Parameters(extra_body={"options": {"num_ctx": 2_048}, "keep_alive": "1h"})
    body = sent(user("Hi"), parameters=extra)
    assert body["options"]["num_ctx"] == 2_048
    assert body["keep_alive"] == "1h"


# What is sent


def test_parameters_are_options() -> None:
    given = Parameters(temperature=0.5, max_output_tokens=9, stop=("a",), seed=3, top_logprobs=2)
    body = sent(user("Hi"), parameters=given, stream=False)
    assert body["options"] | {"num_ctx": 0} == {
        "temperature": 0.5, "num_predict": 9, "stop": ["a"], "seed": 3, "num_ctx": 0,
    }  # fmt: skip
    assert (body["logprobs"], body["top_logprobs"], body["stream"]) == (True, 2, False)


@pytest.mark.parametrize(
    ("effort", "efforts", "think"),
    [
        (None, (), None),
        ("none", ("none", "medium"), False),
        ("medium", ("none", "medium"), True),
        ("medium", ("low", "medium", "high"), "medium"),
    ],
)
def test_thinking_is_a_level_only_where_there_are_levels(effort: Any, efforts: Any, think: Any) -> None:
    row = {"efforts": efforts}
    assert sent(user("Hi"), row=row, parameters=Parameters(reasoning_effort=effort)).get("think") == think


def test_forms_of_answers() -> None:
    assert sent(user("Hi"), parameters=Parameters(json_mode=True))["format"] == "json"
    assert sent(user("Hi"), response_schema=SCHEMA, parameters=Parameters(json_mode=True))["format"] == SCHEMA


def test_only_tools_that_may_be_chosen_are_shown() -> None:
    def shown(choice: Any) -> list[str]:
        body = sent(user("Go"), tools=(CLOCK, ToolDefinition(name="now")), tool_choice=choice)
        return [tool["function"]["name"] for tool in body.get("tools", ())]

    assert shown("auto") == shown("required") == ["clock", "now"]
    assert shown(NamedTool(name="now")) == ["now"]
    assert shown("none") == []


def test_words_files_and_pictures() -> None:
    table = FilePart(source=InlineData(data="ä,b".encode()), media_type="text/csv", name="t.csv")
    picture = ImagePart(source=InlineData(data=b"x"), media_type="image/png")
    assert sent(user("Sum it", table, picture))["messages"] == [
        {"role": "user", "content": "t.csv\n\nä,b\n\nSum it", "images": ["eA=="]}
    ]
    for part in (
        ImagePart(source=RemoteUrl(url="https://example.org/a"), media_type="image/png", name="a.png"),
        FilePart(source=InlineData(data=b"%PDF"), media_type="application/pdf", name="a.pdf"),
        FilePart(source=RemoteUrl(url="https://example.org/a"), media_type="text/plain", name="a.txt"),
        AudioPart(source=InlineData(data=b"RIFF"), media_type="audio/wav", name="a.wav"),
    ):
        with pytest.raises(BadRequest, match=r"a\.(png|pdf|txt|wav)"):
            sent(user("Hi", part))


def test_calls_and_results_go_back_in_order_without_ids() -> None:
    parts = decoded("tool").parts()
    calls = [part for part in parts if isinstance(part, ToolCallPart)]
    results = tuple(
        ToolResultPart(call_id=call.call_id, parts=(TextPart(text=str(n)),)) for n, call in enumerate(calls)
    )
    turns = sent(
        user("Hi"),
        Message(role="assistant", parts=parts),
        Message(role="tool", parts=tuple(reversed(results))),
    )["messages"]
    assert turns[1] == {
        "role": "assistant",
        "content": "Looking.",
        "thinking": "The time.",
        "tool_calls": canned.CALLS,
    }
    assert turns[2:] == [
        {"role": "tool", "tool_name": name, "content": str(n)}
        for n, name in enumerate(("clock", "clock", "now"))
    ]


def test_thoughts_go_only_home() -> None:
    history = (user("Hi"), Message(role="assistant", parts=decoded("thinking").parts()), user("More"))
    assert sent(*history)["messages"][1]["thinking"] == "Let me see – 世界."
    elsewhere = msgspec.structs.replace(WHERE, id="other")
    assert "thinking" not in wires.body(WIRE, wires.call(elsewhere, history))["messages"][1]


def test_roles_and_an_answer_stopped_while_thinking() -> None:
    developer = Message(role="developer", parts=(TextPart(text="Short."),))
    stopped = Message(role="assistant", parts=decoded("thinking").parts()[:1])
    turns = sent(developer, user("a"), stopped, user(""), assistant("b"), system="Speak.")["messages"]
    assert [(turn["role"], turn["content"]) for turn in turns] == [
        ("system", "Speak."), ("system", "Short."), ("user", "a"), ("assistant", "b"),
    ]  # fmt: skip


# What comes back


def test_parts_of_answers() -> None:
    thinking, text, *calls = decoded("tool").parts()
    assert isinstance(thinking, ThinkingPart)
    assert (thinking.text, text) == ("The time.", TextPart(text="Looking."))
    told = [(call.name, json.loads(call.arguments)) for call in calls if isinstance(call, ToolCallPart)]
    assert told == [("clock", {"zone": "UTC"}), ("clock", {"zone": "UTC"}), ("now", {})]


def test_calls_without_ids_get_the_same_again_and_no_two_the_same() -> None:
    def ids(*messages: Message) -> list[str]:
        parts = decoded("tool", messages=messages).parts()
        return [part.call_id for part in parts if isinstance(part, ToolCallPart)]

    first = ids(user("Hi"))
    assert first == ids(user("Hi"))
    earlier = Message(role="assistant", parts=decoded("tool", messages=(user("Hi"),)).parts())
    second = ids(user("Hi"), earlier, user("Again"))
    assert len({*first, *second}) == 6
    (named,) = decoded("named").parts()
    assert isinstance(named, ToolCallPart)
    assert named.call_id == "call_abc"


@pytest.mark.parametrize("way", ["streamed", "whole"])
def test_probabilities(way: str) -> None:
    told = wires.told(WIRE, wires.call(WHERE), canned.SCENES["logprobs"], way)
    (token,) = told.logprobs[0]
    assert token == TokenLogprob("Yes", -0.25, (TokenLogprob("Yes", -0.25), TokenLogprob("No", -3.5)))


def test_usage_also_where_the_prompt_is_not_counted() -> None:
    assert decoded("text").usage == Usage(input_tokens=26, output_tokens=298)

    def usage(**counts: Any) -> Usage | None:
        line = canned.line({"content": "Hi"}, True, done_reason="stop", **counts)
        return wires.folded(wires.decode(WIRE, wires.call(WHERE), [line])).usage

    assert usage(eval_count=5) == Usage(output_tokens=5)
    assert usage() is None


@pytest.mark.parametrize(
    ("scene", "most", "reason", "detail"),
    [
        ("text", None, "end", "stop"),
        ("tool", None, "tool_calls", "stop"),
        ("full", None, "context_window", "length"),
        ("full", 298, "max_tokens", "length"),
        ("full", 5_000, "context_window", "length"),
    ],
)
def test_stop_reasons(scene: str, most: int | None, reason: Any, detail: str) -> None:
    stop = decoded(scene, parameters=Parameters(max_output_tokens=most)).stop
    assert stop == Stop(reason, detail, model_answered=canned.MODEL, created=canned.CREATED)


def test_a_model_that_was_only_loaded_says_nothing() -> None:
    accumulator = wires.folded(wires.decode(WIRE, wires.call(WHERE), canned.stream([], "load")))
    assert accumulator.parts() == ()
    assert accumulator.stop is not None
    assert accumulator.stop.reason == "other"


# Errors

ENGINE = (
    '{"error":{"code":400,"message":"request (8889 tokens) exceeds the available context size (4096 '
    'tokens), try increasing it","type":"exceed_context_size_error","n_ctx":4096}}'
)


@pytest.mark.parametrize(
    ("status", "text", "expected", "param", "retryable"),
    [
        (400, ENGINE, "ContextWindowExceeded", "", False),
        (400, "the prompt is longer than the context length", "ContextWindowExceeded", "", False),
        (400, "the input length exceeds the context length", "ContextWindowExceeded", "", False),
        (400, "prompt too long; exceeded max context length by 9 tokens", "ContextWindowExceeded", "", False),
        (400, '"x" does not support thinking', "BadRequest", "reasoning_effort", False),
        (400, "registry.ollama.ai/library/x does not support tools", "BadRequest", "tools", False),
        (400, "invalid options: temprature", "BadRequest", "", False),
        (401, "unauthorized", "Authentication", "", False),
        (404, 'model "x" not found, try pulling it first', "NotFound", "model", False),
        (404, "404 page not found", "NotFound", "", False),
        (429, "you have reached your weekly usage limit", "QuotaExhausted", "", False),
        (429, "too many concurrent requests", "RateLimited", "", True),
        (500, "model requires more system memory (9 GiB) than is available", "Overloaded", "", False),
        (500, "llama runner process has terminated", "ServerError", "", True),
        (502, "upstream error", "ServerError", "", True),
        (503, "server busy, please try again. maximum pending requests exceeded", "Overloaded", "", True),
    ],
)  # fmt: skip
def test_errors_have_names(status: int, text: str, expected: str, param: str, retryable: bool) -> None:
    failure = HttpFailure(status=status, headers={"retry-after": "7"}, body=canned.error_body(text))
    error = WIRE.error(failure, WHERE)
    assert (type(error).__name__, error.param, error.retryable) == (expected, param, retryable)
    assert (error.status, error.retry_after) == (status, 7.0)


def test_the_engines_own_words_are_quoted() -> None:
    inner = 'llama-server: {"error":{"code":400,"message":"bad grammar"}}'
    for text, said in ((inner, "It says: bad grammar"), ("odd {braces", "It says: odd {braces")):
        failure = HttpFailure(status=400, headers={}, body=canned.error_body(text))
        assert WIRE.error(failure, WHERE).message.endswith(said)


def test_errors_say_what_to_do() -> None:
    def hint(status: int, text: str, **more: Any) -> str:
        body = canned.error_body(text, **more)
        return WIRE.error(HttpFailure(status=status, headers={}, body=body), WHERE).hint

    assert "ollama pull" in hint(404, "model 'x' not found")
    assert "ollama signin" in hint(401, "unauthorized", signin_url="https://ollama.com/connect")
    assert "num_ctx" in hint(500, "model requires more system memory than is available")


# Over the network


async def run(client: Http, server: LoopbackServer, accumulator: Accumulator, **request: Any) -> None:
    where = wires.endpoint("ollama", server.base_url("ollama"), auth="none")
    async with aclosing(WIRE.stream(wires.call(where, (user("Hi"),), **request), client)) as batches:
        async for batch in batches:
            accumulator.extend(batch)


@pytest.mark.parametrize("stream", [True, False])
async def test_it_answers_over_the_network(client: Http, stream: bool) -> None:
    accumulator = Accumulator()
    with LoopbackServer() as server:
        await run(client, server, accumulator, model="thinking", stream=stream)
    assert [getattr(part, "text", "") for part in accumulator.parts()] == ["Let me see – 世界.", "Forty-two."]
    assert accumulator.stop is not None


async def test_lines_arrive_as_they_are_sent(client: Http) -> None:
    """A line is read when it is whole, not when the body ends."""
    with LoopbackServer() as server:
        server.script(replies.lines(canned.SCENES["text"][0][:2], end="hang"))
        where = wires.endpoint("ollama", server.base_url("ollama"), auth="none")
        accumulator = Accumulator()
        stream = WIRE.stream(wires.call(where, (user("Hi"),)), client)
        async with asyncio.timeout(5), aclosing(stream) as batches:
            while not accumulator.has_visible_text:
                accumulator.extend(await anext(batches))
        await asyncio.to_thread(server.wait_for_leaving)


async def test_error_line_after_words_keeps_them(client: Http) -> None:
    accumulator = Accumulator()
    with LoopbackServer() as server:
        server.script(replies.lines([b"".join(canned.broken("runner has terminated"))]))
        with pytest.raises(ServerError, match="runner has terminated") as caught:
            await run(client, server, accumulator)
    assert accumulator.parts() == (TextPart(text="Some words"),)
    assert caught.value.retryable


async def test_stream_that_is_cut_in_a_line_is_interrupted(client: Http) -> None:
    accumulator = Accumulator()
    with LoopbackServer() as server:
        first, second = canned.SCENES["text"][0][:2]
        server.script(replies.lines([first, second[:40]]))
        with pytest.raises(StreamInterrupted):
            await run(client, server, accumulator)
    assert accumulator.has_visible_text


async def test_stream_under_another_name_is_read(client: Http) -> None:
    """Proxies that know no lines call them JSON."""
    accumulator = Accumulator()
    with LoopbackServer() as server:
        server.script(replies.data(b"".join(canned.SCENES["tool"][0])))
        await run(client, server, accumulator)
    assert accumulator.parts() == decoded("tool", messages=(user("Hi"),)).parts()


async def test_too_long_is_refused_by_name(client: Http) -> None:
    with LoopbackServer() as server:
        server.script(replies.data(canned.error_body(ENGINE), 400))
        with pytest.raises(ContextWindowExceeded):
            await run(client, server, Accumulator())


async def test_models_are_described(client: Http) -> None:
    with LoopbackServer() as server:
        where = wires.endpoint("ollama", server.base_url("ollama"), auth="none")
        rows = await WIRE.list_models(where, None, client)
    qwen, gemma, oss = rows
    assert [row.ref.id for row in rows] == [canned.MODEL, "gemma3:4b", "gpt-oss:20b"]
    assert (qwen.context_window, qwen.tools, qwen.thinking) == (40_960, True, "optional")
    assert qwen.efforts == ("none", "medium")
    assert (gemma.context_window, gemma.tools, gemma.thinking) == (16_384, False, "no")
    assert gemma.inputs == {"text", "image"}
    assert (oss.thinking, oss.efforts) == ("always", ("low", "medium", "high"))
    assert WIRE.takes >= (qwen.parameters or frozenset()) >= {"seed", "top_k"}
    assert server.connections <= 8


@pytest.mark.parametrize(
    "reply",
    [replies.data(canned.error_body("busy"), 503), replies.data({"capabilities": 5}), Reply(end="hang")],
    ids=["refused", "nonsense", "silent"],
)
async def test_models_that_are_not_described_are_names(client: Http, reply: Reply) -> None:
    """The other one is described all the same, and nobody waits for long."""
    listed = {"models": [{"model": canned.MODEL}, {"name": canned.MODEL}]}
    with LoopbackServer() as server:
        server.script(replies.data(listed), reply)
        where = wires.endpoint("ollama", server.base_url("ollama"), auth="none")
        async with asyncio.timeout(4):
            rows = await WIRE.list_models(where, None, client)
    assert sorted(row.tools is None for row in rows) == [False, True]


async def test_error_of_the_list_is_named(client: Http) -> None:
    with LoopbackServer() as server:
        where = wires.endpoint("ollama", server.base_url("ollama"), auth="none")
        server.script(replies.data(canned.error_body("unauthorized"), 401))
        with pytest.raises(Authentication):
            await WIRE.list_models(where, None, client)
        server.script(replies.data(b"404 page not found", 404))
        with pytest.raises(NotFound):
            await WIRE.list_models(where, None, client)


def test_what_runs_in_the_cloud_is_not_local() -> None:
    listed = [{"model": "qwen3:8b"}, {"model": "glm-5:cloud", "remote_host": "https://ollama.com:443"}]
    where = msgspec.structs.replace(WHERE, local=True)
    rows, _ = WIRE.decode_models(json.dumps({"models": listed}).encode(), where)
    assert [row.local for row in rows] == [True, False]


# Lines


@given(
    st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_any_split_gives_the_same_lines(lines: list[bytes], seed: int, ended: bool) -> None:
    body = b"\n".join(lines) + (b"\n" if ended else b"")
    parser, told = LineParser(), []
    for piece in wires.split(body, random.Random(seed)):
        told += parser.feed(piece)
    told += parser.finish()
    assert [event.data for event in told] == [line.strip() for line in lines if line.strip()]


def test_endless_lines_and_streams_are_given_up() -> None:
    line, stream = LineParser(100), LineParser(100, 120)
    line.feed(b"x" * 60)
    stream.feed(b"x" * 60 + b"\n")
    for parser, piece in ((line, b"x" * 60), (stream, b"x" * 61), (LineParser(100), b"x" * 101 + b"\n")):
        with pytest.raises(InvalidResponse, match="larger than"):
            parser.feed(piece)


def test_expected_kinds_of_errors_within_a_stream() -> None:
    with pytest.raises(ProviderError) as caught:
        wires.decode(WIRE, wires.call(WHERE), canned.broken(ENGINE))
    assert isinstance(caught.value, ContextWindowExceeded)
