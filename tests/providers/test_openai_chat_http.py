"""The Chat Completions wire over the real seam, against the loopback provider and its faults."""

from __future__ import annotations

import time

import pytest
from tests.loopback import openai_chat as canned
from tests.loopback import replies
from tests.loopback.openai_chat import chunk, frame
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.errors import (
    EndpointNotSupported,
    InvalidResponse,
    NotFound,
    ProviderError,
    RateLimited,
    StreamInterrupted,
)
from chatbench.core.messages import user
from chatbench.core.streams import Accumulator
from chatbench.providers.http import Http
from chatbench.providers.openai_chat import OpenAIChat
from chatbench.providers.wire import Call

WIRE = OpenAIChat()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def made(server: LoopbackServer, model: str = "m", *, stream: bool = True) -> Call:
    where = wires.endpoint("openai_chat", server.base_url("openai_chat"))
    return wires.call(where, (user("Hi"),), model=model, stream=stream)


async def heard(call: Call, client: Http, into: Accumulator | None = None) -> Accumulator:
    accumulator = into or Accumulator()
    async for batch in WIRE.stream(call, client):
        accumulator.extend(batch)
    return accumulator


@pytest.mark.parametrize("scene", wires.scenes(canned))
async def test_streamed_and_whole(server: LoopbackServer, client: Http, scene: str) -> None:
    streamed = await heard(made(server, scene), client)
    whole = await heard(made(server, scene, stream=False), client)
    assert wires.outcome(streamed) == wires.outcome(whole)
    assert [asked.json.get("stream", False) for asked in server.asked] == [True, False]


async def test_words_are_there_while_others_still_come(server: LoopbackServer, client: Http) -> None:
    server.words, server.pace = ["x"] * 40, 100
    began = time.monotonic()
    times = [time.monotonic() - began async for _ in WIRE.stream(made(server), client)]
    assert len(times) > 20
    assert times[0] < times[-1] / 3


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (replies.events(canned.answer(["Half"])[:2], end="cut"), StreamInterrupted, "Half"),
        (replies.events(canned.answer(["Half"])[:2]), StreamInterrupted, "Half"),
        (Reply(raw=HEAD + canned.answer(["Half"])[1] + b'data: {"id": "x", "cho'), StreamInterrupted, "Half"),
        (replies.events(canned.broken("rate_limit_exceeded", "slow")), RateLimited, "Some words"),
        (replies.events([b"data: \xff\xfe{}\n\n"]), InvalidResponse, ""),
        (replies.events([b"data: nonsense\n\n"]), InvalidResponse, ""),
        (replies.endless_event(), InvalidResponse, ""),
        (replies.web_page(), InvalidResponse, ""),
        (replies.data(b"<html>"), InvalidResponse, ""),
        (replies.data(canned.error_value("rate_limit_exceeded", "x", "slow")), RateLimited, ""),
        (replies.data(canned.error_value("rate_limit_exceeded", "x", "slow"), 429), RateLimited, ""),
        (replies.redirect("https://elsewhere.invalid/"), InvalidResponse, ""),
    ],
)
async def test_faults(
    server: LoopbackServer, client: Http, reply: Reply, kind: type[ProviderError], words: str
) -> None:
    server.script(reply)
    accumulator = Accumulator()
    with pytest.raises(ProviderError) as caught:
        await heard(made(server), client, accumulator)
    assert type(caught.value) is kind
    assert caught.value.hint
    assert "".join(getattr(part, "text", "") for part in accumulator.parts()) == words


async def test_a_server_that_answers_whole_though_asked_to_stream(
    server: LoopbackServer, client: Http
) -> None:
    server.script(replies.data(canned.SCENES["text"][1]))
    answer = await heard(made(server), client)
    assert getattr(answer.parts()[0], "text", "") == canned.TEXT


async def test_models(server: LoopbackServer, client: Http) -> None:
    where = made(server).endpoint
    assert [row.ref.id for row in await WIRE.list_models(where, None, client)] == [canned.MODEL]
    server.script(replies.data(canned.error_body("slow_down", None, "slow"), 429, {"retry-after": "3"}))
    with pytest.raises(RateLimited) as caught:
        await WIRE.list_models(where, None, client)
    assert caught.value.retry_after == 3


async def test_an_error_that_quotes_the_key_does_not_pass_it_on(server: LoopbackServer, client: Http) -> None:
    text = f"what is {wires.KEY}?"
    server.script(
        replies.data(canned.error_body(None, None, text), 400),
        replies.events([frame(chunk({"content": "x"})), frame(canned.error_value(None, None, text))]),
    )
    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            await heard(made(server), client)
        assert wires.KEY not in repr(vars(caught.value)) + str(caught.value)
        assert caught.value.raw


async def test_tokens_are_counted_where_the_server_counts_them(server: LoopbackServer, client: Http) -> None:
    server.script(replies.data({"input_tokens": 12}))
    assert await WIRE.count_tokens(made(server, "local"), client) == 12
    (asked,) = server.asked
    assert asked.target == "/v1/chat/completions/input_tokens"
    assert asked.json == {"model": "local", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize(
    "reply",
    [
        replies.data(canned.error_body(None, "invalid_request_error", "unknown path"), 404),
        replies.data(b"Method Not Allowed", 405),
        replies.data(canned.error_body(None, "not_supported_error", "no"), 501),
        replies.data({"input_tokens": "many"}),
        replies.data({"input_tokens": True}),
        replies.data([]),
    ],
)
async def test_servers_that_do_not_count_are_named(
    server: LoopbackServer, client: Http, reply: Reply
) -> None:
    server.script(reply)
    with pytest.raises(EndpointNotSupported) as caught:
        await WIRE.count_tokens(made(server), client)
    wires.expect_named(caught.value)


async def test_a_model_that_is_unknown_is_no_missing_address(server: LoopbackServer, client: Http) -> None:
    server.script(replies.data(canned.error_body("model_not_found", "x", "no such model"), 404))
    with pytest.raises(NotFound):
        await WIRE.count_tokens(made(server), client)


@pytest.mark.parametrize("stream", [True, False])
async def test_headers_of_one_call_go_out_and_stay_secret(
    server: LoopbackServer, client: Http, stream: bool
) -> None:
    secret = "team-secret-0123456789"
    server.script(replies.data(canned.error_body(None, None, f"who is {secret}?"), 400))
    where = made(server).endpoint
    call = wires.call(where, (user("Hi"),), stream=stream, extra_headers={"X-Team": secret})
    with pytest.raises(ProviderError) as caught:
        await (heard(call, client) if stream else WIRE.complete(call, client))
    assert server.asked[0].headers["x-team"] == secret
    assert secret not in repr(vars(caught.value)) + str(caught.value)
