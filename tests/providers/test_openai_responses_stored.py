"""Responses that work in the background, over the real seam: asked for, taken up again, stopped."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import aclosing
from typing import Any

import pytest
from tests.loopback import openai_responses as canned
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.errors import (
    EndpointNotSupported,
    NotFound,
    Overloaded,
    ProviderError,
    ServerError,
    StreamInterrupted,
    Timeout,
    Unreachable,
)
from chatbench.core.messages import user
from chatbench.core.params import Parameters
from chatbench.core.streams import Accumulator, PartDelta, Stop
from chatbench.providers.http import Http, Timeouts
from chatbench.providers.openai_responses import OpenAIResponses
from chatbench.providers.openai_responses.stored import Patience
from chatbench.providers.wire import Call

WIRE = OpenAIResponses(Patience(first_s=0.001, longest_s=0.002, failures=3))
FRAMES, WHOLE = canned.SCENES["thinking"]
QUEUED = canned.response((), "queued", background=True, usage=None)
WORKING = canned.response((), "in_progress", background=True)


def made(
    server: LoopbackServer, *, stream: bool = True, timeouts: Timeouts = Timeouts(), **more: Any
) -> Call:
    where = wires.endpoint("openai_responses", server.base_url("openai_responses"))
    call = wires.call(where, (user("Hi"),), parameters=Parameters(background=True), stream=stream, **more)
    return Call(endpoint=where, info=call.info, request=call.request, key=call.key, timeouts=timeouts)


async def heard(call: Call, client: Http, into: Accumulator | None = None) -> Accumulator:
    accumulator = into or Accumulator()
    async for batch in WIRE.stream(call, client):
        accumulator.extend(batch)
    return accumulator


def asked(server: LoopbackServer) -> list[str]:
    return [f"{each.method} {each.target}" for each in server.asked]


EXPECTED = wires.outcome(
    wires.folded(wires.decode(WIRE, wires.call(wires.endpoint("openai_responses", "http://x")), FRAMES))
)


async def test_it_is_stored_only_because_it_was_asked_to_go_on(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events(FRAMES))
    answer = await heard(made(server), client)
    assert wires.outcome(answer) == EXPECTED
    sent = server.asked[0].json
    assert (sent["background"], sent["store"], sent["stream"]) == (True, True, True)
    assert asked(server) == ["POST /v1/responses"]


async def test_a_whole_answer_is_asked_for_until_it_is_there(server: LoopbackServer, client: Http) -> None:
    overloaded = canned.error_body("server_is_overloaded", "service_unavailable_error", "later")
    server.script(
        replies.data(QUEUED),
        replies.data(WORKING),
        replies.data(overloaded, 503),
        replies.data(WORKING),
        replies.data(WHOLE),
    )
    events = await WIRE.complete(made(server, stream=False), client)
    assert wires.outcome(wires.folded(events)) == EXPECTED
    assert asked(server) == ["POST /v1/responses", *["GET /v1/responses/resp_1"] * 4]
    assert server.asked[1].headers["authorization"] == f"Bearer {wires.KEY}"


@pytest.mark.parametrize("kept", range(3, len(FRAMES) - 1))
async def test_a_broken_stream_is_taken_up_after_its_last_event(
    server: LoopbackServer, client: Http, kept: int
) -> None:
    again = [FRAMES[kept - 1], *FRAMES[kept:]]
    server.script(replies.events(FRAMES[:kept], end="cut"), replies.events(again))
    answer = await heard(made(server), client)
    assert wires.outcome(answer) == EXPECTED
    assert asked(server)[1:] == [f"GET /v1/responses/resp_1?stream=true&starting_after={kept - 1}"]


async def test_half_an_event_is_told_again(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events([*FRAMES[:6], FRAMES[6][:-12]]), replies.events(FRAMES[6:]))
    answer = await heard(made(server), client)
    assert wires.outcome(answer) == EXPECTED
    assert asked(server)[1:] == ["GET /v1/responses/resp_1?stream=true&starting_after=5"]


async def test_an_event_told_twice_counts_once(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events(FRAMES[:6], end="cut"), replies.events(FRAMES))
    pieces: list[str] = []
    async for batch in WIRE.stream(made(server), client):
        pieces += [event.text for event in batch if isinstance(event, PartDelta)]
    assert "".join(pieces) == "**First** look.\n\nThen answer.Forty-two."


async def test_a_stream_that_tells_nothing_new_is_asked_how_it_stands(
    server: LoopbackServer, client: Http
) -> None:
    silent = replies.events([])
    server.script(replies.events(FRAMES[:6], end="cut"), silent, silent, replies.data(WORKING))
    server.script(replies.events(FRAMES[6:]))
    answer = await heard(made(server), client)
    assert wires.outcome(answer) == EXPECTED
    assert [line.partition("?")[2] for line in asked(server)] == [
        "",
        "stream=true&starting_after=5",
        "stream=true&starting_after=5",
        "",
        "stream=true&starting_after=5",
    ]


async def test_nobody_asks_for_ever(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events(FRAMES[:6], end="cut"))
    server.script(*[replies.data(canned.error_body("server_error", "server_error", "x"), 500)] * 9)
    with pytest.raises(ServerError) as caught:
        await heard(made(server), client)
    assert [line.split()[0] for line in asked(server)] == ["POST", "GET", "GET", "GET", "GET"]
    assert not caught.value.retryable
    assert "resp_1" in caught.value.hint


async def test_what_was_accepted_is_not_sent_twice(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events([], end="cut"))
    with pytest.raises(StreamInterrupted) as caught:
        await heard(made(server), client)
    assert not caught.value.retryable
    server.script(replies.data(canned.error_body("server_is_overloaded", "x", "later"), 503))
    with pytest.raises(Overloaded) as refused:
        await heard(made(server), client)
    assert refused.value.retryable
    assert asked(server) == ["POST /v1/responses"] * 2


async def test_what_may_have_been_accepted_is_not_sent_twice(server: LoopbackServer, client: Http) -> None:
    server.script(Reply(never=True))
    with pytest.raises(Unreachable) as caught:
        await heard(made(server), client)
    assert not caught.value.retryable
    server.script(Reply(first_byte_s=5))
    with pytest.raises(Timeout) as late:
        await heard(made(server, timeouts=Timeouts(read=0.05)), client)
    assert not late.value.retryable
    assert asked(server) == ["POST /v1/responses"] * 2


async def test_how_it_failed_is_told(server: LoopbackServer, client: Http) -> None:
    failed = canned.response((), "failed", error={"code": "server_error", "message": "It broke"})
    server.script(replies.data(QUEUED), replies.data(failed))
    with pytest.raises(ServerError, match="It broke") as caught:
        await WIRE.complete(made(server, stream=False), client)
    assert not caught.value.retryable
    assert "keeps" not in caught.value.hint
    server.script(replies.events(canned.failed("server_error", "It broke")))
    with pytest.raises(ServerError, match="It broke"):
        await heard(made(server), client)


async def test_whoever_leaves_stops_it(server: LoopbackServer, client: Http) -> None:
    server.script(replies.events(FRAMES[:8], end="hang"), replies.data(canned.response((), "cancelled")))
    async with aclosing(WIRE.stream(made(server), client)) as batches:
        async for _ in batches:
            break
    assert asked(server) == ["POST /v1/responses", "POST /v1/responses/resp_1/cancel"]


async def test_a_cancelled_task_stops_it(server: LoopbackServer, client: Http) -> None:
    server.script(replies.data(QUEUED), Reply([], headers={"content-type": "text/plain"}, end="hang"))
    server.script(replies.data(canned.response((), "cancelled")))
    task = asyncio.create_task(WIRE.complete(made(server, stream=False), client))
    for _ in range(2):
        await asyncio.to_thread(server.wait_for_asking)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked(server)[1:] == ["GET /v1/responses/resp_1", "POST /v1/responses/resp_1/cancel"]


@pytest.mark.parametrize("stream", [True, False])
async def test_who_leaves_before_it_has_a_name_stops_it_too(
    server: LoopbackServer, client: Http, stream: bool
) -> None:
    begun = replies.events(FRAMES[:1], end="hang") if stream else replies.data(QUEUED)
    server.script(dataclasses.replace(begun, first_byte_s=0.2))
    server.script(replies.data(canned.response((), "cancelled")))
    task = asyncio.create_task(heard(made(server, stream=stream), client))
    await asyncio.to_thread(server.wait_for_asking)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked(server) == ["POST /v1/responses", "POST /v1/responses/resp_1/cancel"]


async def test_a_limit_on_time_stops_it(server: LoopbackServer, client: Http) -> None:
    server.script(*[replies.data(WORKING)] * 2)
    patient = OpenAIResponses(Patience(first_s=0.2, longest_s=0.2))
    with pytest.raises(Timeout) as caught:
        await patient.complete(made(server, stream=False, timeouts=Timeouts(total=0.1)), client)
    assert not caught.value.retryable
    assert asked(server) == ["POST /v1/responses", "POST /v1/responses/resp_1/cancel"]


async def test_a_stream_may_be_answered_whole(server: LoopbackServer, client: Http) -> None:
    server.script(replies.data(QUEUED), replies.events(FRAMES))
    answer = await heard(made(server), client)
    assert wires.outcome(answer) == EXPECTED
    assert asked(server)[1] == "GET /v1/responses/resp_1?stream=true"


async def test_what_is_not_in_the_background_is_neither_stored_nor_cancelled(
    server: LoopbackServer, client: Http
) -> None:
    where = wires.endpoint("openai_responses", server.base_url("openai_responses"))
    server.script(replies.events(FRAMES[:8], end="hang"))
    async with aclosing(WIRE.stream(wires.call(where, (user("Hi"),)), client)) as batches:
        async for _ in batches:
            break
    await asyncio.to_thread(server.wait_for_leaving)
    assert asked(server) == ["POST /v1/responses"]
    sent = server.asked[0].json
    assert sent["store"] is False
    assert "background" not in sent


async def test_retrieve_cancel_and_delete(server: LoopbackServer, client: Http) -> None:
    call = made(server)
    server.script(
        replies.data(WORKING),
        replies.data(WHOLE),
        replies.data(canned.response((), "cancelled")),
        replies.data({"id": "resp_1", "object": "response", "deleted": True}),
        replies.data(canned.error_body(None, "invalid_request_error", "No such response"), 404),
    )
    assert await WIRE.retrieve(call, "resp_1", client) == []
    assert wires.outcome(wires.folded(await WIRE.retrieve(call, "resp_1", client))) == EXPECTED
    (*_, stop) = await WIRE.cancel(call, "resp_1", client)
    assert isinstance(stop, Stop)
    assert stop.reason == "cancelled"
    await WIRE.delete(call, "resp_1", client)
    with pytest.raises(NotFound):
        await WIRE.delete(call, "../a b", client)
    assert asked(server) == [
        "GET /v1/responses/resp_1",
        "GET /v1/responses/resp_1",
        "POST /v1/responses/resp_1/cancel",
        "DELETE /v1/responses/resp_1",
        "DELETE /v1/responses/..%2Fa%20b",
    ]
    assert all(each.headers["authorization"] == f"Bearer {wires.KEY}" for each in server.asked)


async def test_headers_query_and_version_go_along_with_every_request(
    server: LoopbackServer, client: Http
) -> None:
    secret = "team-secret-0123456789"
    refusal = replies.data(canned.error_body(None, "x", f"not {secret}"), 404)
    server.script(replies.data(QUEUED), *[refusal] * 5)
    call = made(
        server,
        stream=False,
        extra_headers={"X-Team": secret},
        extra_query={"region": "eu"},
        api_version="2025-04-01",
    )
    with pytest.raises(ProviderError) as caught:
        await WIRE.complete(call, client)
    assert secret not in repr(vars(caught.value)) + str(caught.value)
    for ask in (WIRE.retrieve, WIRE.cancel, WIRE.delete):
        with pytest.raises(NotFound) as refused:
            await ask(call, "resp_1", client)
        assert secret not in repr(vars(refused.value)) + str(refused.value)
    with pytest.raises(EndpointNotSupported) as uncounted:
        await WIRE.count_tokens(call, client)
    assert secret not in repr(vars(uncounted.value)) + str(uncounted.value)
    query = "api-version=2025-04-01&region=eu"
    assert asked(server) == [
        f"POST /v1/responses?{query}",
        *[f"GET /v1/responses/resp_1?{query}"] * 2,
        f"POST /v1/responses/resp_1/cancel?{query}",
        f"DELETE /v1/responses/resp_1?{query}",
        f"POST /v1/responses/input_tokens?{query}",
    ]
    assert {each.headers["x-team"] for each in server.asked} == {secret}
