"""One call: what is sent, what is retried, what is measured, and that stopping closes the connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.client.conftest import QUICK, endpoint_at, request_of, row
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

from chatbench.client.call import AnswerStream
from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Quirks
from chatbench.core.errors import (
    Authentication,
    BadRequest,
    MissingKey,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    ProviderError,
    QuotaExhausted,
    ServerError,
    StreamInterrupted,
    UnknownModel,
    Unreachable,
)
from chatbench.core.messages import TextPart, ThinkingPart
from chatbench.core.models import ModelRef
from chatbench.core.params import LeftOut
from chatbench.core.requests import Response
from chatbench.core.streams import Reset, StreamEvent
from chatbench.core.usage import Rates

WIRES = ("openai_chat", "openai_responses", "anthropic", "gemini", "mistral", "cohere", "ollama")
SHORT = [openai_chat.frame(openai_chat.chunk({"content": "Half an "}))]


def refused(param: str, text: str, status: int = 400) -> Reply:
    return replies.data(openai_chat.error_body("unsupported_parameter", "x", text, param), status)


def failing(status: int, code: str | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return replies.data(openai_chat.error_body(code, None, "no"), status, named)


async def run(stream: AnswerStream) -> Response:
    async for _ in stream.events():
        pass
    return stream.response()


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_comes_by_every_wire(
    client: LLMClient, server: LoopbackServer, wire: str, stream: bool
) -> None:
    """Streamed and whole: the words, how it ended, what it used, how long it took."""
    request = msgspec.structs.replace(request_of(), stream=stream)
    response = await run(client.stream(request, endpoint=endpoint_at(server, wire)))
    assert response.text
    assert response.stop_reason == "end"
    assert response.usage is not None
    assert response.usage.output_tokens > 0
    assert response.attempts == 1
    timings = response.timings
    assert timings.first_token_s is not None
    assert timings.first_text_s is not None
    assert timings.total_s is not None
    assert 0 < timings.first_token_s <= timings.first_text_s <= timings.total_s


async def test_thinking_is_timed_apart_from_text(client: LLMClient, server: LoopbackServer) -> None:
    """The thinking part knows its seconds; the first token is a thought, the first text comes later."""
    server.thinking = ("a", "b", "c", "d")
    server.pace = 100
    response = await run(client.stream(request_of(), endpoint=endpoint_at(server)))
    thought = response.parts[0]
    assert isinstance(thought, ThinkingPart)
    assert thought.seconds is not None
    first, text = response.timings.first_token_s, response.timings.first_text_s
    assert first is not None
    assert text is not None
    assert 0.02 < thought.seconds < 5
    assert text - first >= 0.02


async def test_a_call_is_priced(client: LLMClient, server: LoopbackServer) -> None:
    """By the user's own prices, to the last digit; without a price the cost stays unknown."""
    endpoint = endpoint_at(server)
    assert (await run(client.stream(request_of(), endpoint=endpoint))).cost is None
    client.environment.pricing.user_prices["loop/m"] = Rates(input=Decimal(2), output=Decimal(4))
    response = await run(client.stream(request_of(), endpoint=endpoint))
    assert response.cost is not None
    assert response.usage is not None
    expected = Decimal(response.usage.input_tokens * 2 + response.usage.output_tokens * 4) / 1_000_000
    assert response.cost.amount == expected


RETRIED = [408, 409, 429, 500, 502, 503, 504, 529]


@pytest.mark.parametrize("status", RETRIED)
async def test_a_passing_failure_is_tried_again(
    client: LLMClient, server: LoopbackServer, status: int
) -> None:
    server.script(failing(status))
    response = await run(client.stream(request_of(), endpoint=endpoint_at(server)))
    assert response.text
    assert response.attempts == 2


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, BadRequest),
        (401, None, Authentication),
        (402, None, QuotaExhausted),
        (403, None, PermissionDenied),
        (404, "model_not_found", NotFound),
        (413, None, PayloadTooLarge),
        (422, None, BadRequest),
        (429, "insufficient_quota", QuotaExhausted),
    ],
)
async def test_what_will_not_pass_is_not_tried_again(
    client: LLMClient, server: LoopbackServer, status: int, code: str | None, kind: type[ProviderError]
) -> None:
    server.script(failing(status, code))
    with pytest.raises(kind) as caught:
        await run(client.stream(request_of(), endpoint=endpoint_at(server)))
    assert caught.value.status == status
    assert caught.value.hint
    assert len(server.asked) == 1


async def test_four_attempts_are_made(client: LLMClient, server: LoopbackServer) -> None:
    server.script(*[failing(500)] * 4)
    stream = client.stream(request_of(), endpoint=endpoint_at(server))
    with pytest.raises(ServerError):
        await run(stream)
    assert len(server.asked) == stream.attempts == 4


async def test_a_connection_that_fails_is_tried_again(client: LLMClient, server: LoopbackServer) -> None:
    """Closed without a word, and broken off after the first event, before anything was visible."""
    opening = openai_chat.frame(openai_chat.chunk({"role": "assistant", "content": ""}))
    server.script(Reply(never=True), replies.events([opening], end="cut"))
    response = await run(client.stream(request_of(), endpoint=endpoint_at(server)))
    assert response.attempts == 3
    assert response.text.startswith("The quick")


async def test_a_refused_connection_is_named_after_four_attempts(
    client: LLMClient, unused_tcp_port: int, server: LoopbackServer
) -> None:
    nobody = endpoint_at(server, base_url=f"http://127.0.0.1:{unused_tcp_port}/v1")
    stream = client.stream(request_of(), endpoint=nobody)
    with pytest.raises(Unreachable, match="refuses the connection"):
        await run(stream)
    assert stream.attempts == 4


async def test_the_provider_says_when_to_come_back(environment: Environment, server: LoopbackServer) -> None:
    """`retry-after-ms` before `Retry-After`, kept to also where our own backoff would be shorter."""
    slow = LLMClient(environment=environment, retries=RetryPolicy(base_s=60, cap_s=60))
    server.script(failing(429, retry_after_ms="40", retry_after="60"), failing(503, retry_after="0.05"))
    began = time.monotonic()
    response = await run(slow.stream(request_of(), endpoint=endpoint_at(server)))
    assert response.attempts == 3
    assert 0.09 <= time.monotonic() - began < 10


async def test_a_wait_can_be_cut_short(environment: Environment, server: LoopbackServer) -> None:
    """While it waits it says until when and why; `retry_now` ends that at once."""
    client = LLMClient(environment=environment)
    server.script(failing(429, retry_after="100"))
    stream = client.stream(request_of(), endpoint=endpoint_at(server))
    running = asyncio.ensure_future(run(stream))
    await until(lambda: stream.retry_at is not None, "the wait")
    assert stream.retry_at is not None
    assert 90 < stream.retry_at - time.monotonic() <= 110
    assert stream.last_error is not None
    assert stream.last_error.retry_after == 100
    stream.retry_now()
    response = await asyncio.wait_for(running, 5)
    assert response.attempts == 2
    assert stream.retry_at is None


async def test_only_the_present_wait_is_cut_short(environment: Environment, server: LoopbackServer) -> None:
    """A press before there is anything to hurry does not count for later."""
    server.script(failing(429, retry_after="100"))
    stream = LLMClient(environment=environment).stream(request_of(), endpoint=endpoint_at(server))
    stream.retry_now()
    task = started(stream)
    await until(lambda: stream.retry_at is not None, "the wait")
    await asyncio.sleep(0.05)
    assert stream.retry_at is not None
    task.cancel()
    await asyncio.wait({task})


async def test_nothing_is_tried_again_after_the_first_word(client: LLMClient, server: LoopbackServer) -> None:
    """What came is kept, and the time it took is known."""
    server.script(replies.events(SHORT, end="cut"))
    stream = client.stream(request_of(), endpoint=endpoint_at(server))
    with pytest.raises(StreamInterrupted) as caught:
        await run(stream)
    response = stream.response(caught.value)
    assert response.text == "Half an "
    assert response.error is not None
    assert response.error.kind == "StreamInterrupted"
    assert response.timings.total_s is not None
    assert len(server.asked) == 1


async def test_a_thought_counts_as_visible(client: LLMClient, server: LoopbackServer) -> None:
    thinking = openai_chat.frame(openai_chat.chunk({"reasoning_content": "Hm"}))
    server.script(replies.events([thinking], end="cut"))
    with pytest.raises(StreamInterrupted):
        await run(client.stream(request_of(), endpoint=endpoint_at(server)))
    assert len(server.asked) == 1


async def test_a_void_attempt_is_taken_back(client: LLMClient, server: LoopbackServer) -> None:
    """Whoever folds the events gets the second attempt alone, and `version` only grows."""
    usage = openai_chat.frame(openai_chat.chunk(None, usage=openai_chat.USAGE))
    server.script(replies.events([usage], end="cut"))
    stream = client.stream(request_of(), endpoint=endpoint_at(server))
    seen: list[StreamEvent] = []
    versions = []
    async for batch in stream.events():
        seen += batch
        versions.append(stream.accumulator.version)
    assert sum(isinstance(event, Reset) for event in seen) == 1
    assert versions == sorted(versions)
    assert stream.response().text == "".join(server.words)


# What a model does not take


async def test_what_the_row_does_not_take_is_left_out(client: LLMClient, server: LoopbackServer) -> None:
    stream = client.stream(request_of(temperature=0.5, seed=7), endpoint=endpoint_at(server))
    response = await run(stream)
    assert server.asked[0].json["temperature"] == 0.5
    assert "seed" not in server.asked[0].json
    assert [item.name for item in response.left_out] == ["seed"]


async def test_a_refused_parameter_is_left_out_and_not_sent_again(
    client: LLMClient, server: LoopbackServer
) -> None:
    """One more attempt, without a wait, and the answer says what it was not sent."""
    server.script(refused("temperature", "Unsupported value: 'temperature' does not support 0.5."))
    response = await run(client.stream(request_of(temperature=0.5), endpoint=endpoint_at(server)))
    assert [ask.json.get("temperature") for ask in server.asked] == [0.5, None]
    assert response.left_out == (LeftOut("temperature", "not taken by this model"),)
    again = await run(client.stream(request_of(temperature=0.7), endpoint=endpoint_at(server)))
    assert again.attempts == 1
    assert again.left_out == response.left_out
    other = await run(client.stream(request_of("other", temperature=0.7), endpoint=endpoint_at(server)))
    assert other.left_out == ()


async def test_a_wrong_value_is_told_and_not_left_out(client: LLMClient, server: LoopbackServer) -> None:
    """To leave it out would change the answer behind the user's back, for the rest of the session."""
    text = "Invalid 'temperature': expected a value <= 2, but got 9 instead."
    server.script(refused("temperature", text))
    with pytest.raises(BadRequest, match="expected a value <= 2"):
        await run(client.stream(request_of(temperature=9.0), endpoint=endpoint_at(server)))
    assert len(server.asked) == 1
    response = await run(client.stream(request_of(temperature=1.0), endpoint=endpoint_at(server)))
    assert response.left_out == ()


async def test_stream_options_are_left_out_where_unknown(client: LLMClient, server: LoopbackServer) -> None:
    server.script(refused("stream_options", "Unrecognized request argument supplied: stream_options"))
    await run(client.stream(request_of(), endpoint=endpoint_at(server)))
    assert ["stream_options" in ask.json for ask in server.asked] == [True, False]


@pytest.mark.parametrize("first", ["max_tokens", "max_completion_tokens"])
async def test_the_other_name_for_the_limit_is_tried(
    client: LLMClient, server: LoopbackServer, first: Any
) -> None:
    """Only once: where both are refused the limit itself is left out."""
    second = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}[first]
    endpoint = endpoint_at(server, quirks=Quirks(max_tokens_field=first))
    server.script(
        refused(first, f"Unsupported parameter: '{first}'"),
        refused(second, f"Unsupported parameter: '{second}'"),
    )
    response = await run(client.stream(request_of(max_output_tokens=5), endpoint=endpoint))
    sent = [(ask.json.get(first), ask.json.get(second)) for ask in server.asked]
    assert sent == [(5, None), (None, 5), (None, None)]
    assert [item.name for item in response.left_out] == ["max_output_tokens"]


async def test_a_limit_too_large_is_told(client: LLMClient, server: LoopbackServer) -> None:
    text = "max_tokens is too large: 9. This model supports at most 4 completion tokens."
    server.script(refused("max_tokens", text))
    with pytest.raises(BadRequest, match="too large"):
        await run(client.stream(request_of(max_output_tokens=9), endpoint=endpoint_at(server)))
    assert len(server.asked) == 1


async def test_what_was_learned_goes_with_the_address(client: LLMClient, server: LoopbackServer) -> None:
    """Quirks of one server say nothing of another, and nothing of the quirks a user then sets."""
    server.script(refused("stream_options", "unknown field: stream_options"))
    endpoint = endpoint_at(server)
    await run(client.stream(request_of(), endpoint=endpoint))
    learned = client.environment.learned
    changed = msgspec.structs.replace(endpoint, quirks=Quirks(developer_role=True))
    assert learned.endpoint(changed).quirks == Quirks(developer_role=True, stream_usage=False)
    elsewhere = msgspec.structs.replace(endpoint, base_url="http://127.0.0.1:1/v1")
    assert learned.endpoint(elsewhere) == elsewhere


async def test_a_refused_thinking_budget_is_left_out(client: LLMClient, server: LoopbackServer) -> None:
    """It has a switch of its own in the row, and so has the reasoning effort."""
    info = row(thinking_budget=True, efforts=("low", "high"), parameters=frozenset({"temperature"}))
    parameters = request_of(thinking_budget=100, reasoning_effort="low").parameters
    learned = client.environment.learned
    for name in ("thinking.budget_tokens", "reasoning.effort"):
        error = BadRequest("It says: not supported", param=name)
        assert learned.refusal(error, endpoint_at(server), info, parameters)
    after = learned.info(info)
    assert not after.thinking_budget
    assert after.efforts == ()


# Names


async def test_near_names_are_given_where_the_provider_knows_no_such_model(
    client: LLMClient, server: LoopbackServer
) -> None:
    environment = client.environment
    environment.registry.save(endpoint_at(server, models=("big-model-1", "other")))
    text = "The model `big-modle-1` does not exist"
    server.script(replies.data(openai_chat.error_body("model_not_found", None, text), 404))
    with pytest.raises(NotFound) as caught:
        await run(client.stream(request_of("big-modle-1")))
    assert caught.value.hint == "Did you mean loop/big-model-1?"


def test_an_unknown_provider_is_named(client: LLMClient) -> None:
    request = msgspec.structs.replace(request_of(), model=ModelRef("opnai", "gpt-5"))
    with pytest.raises(UnknownModel, match="no provider called 'opnai'") as caught:
        client.stream(request)
    assert "openai" in caught.value.near


async def test_without_a_key_nothing_is_asked(client: LLMClient, server: LoopbackServer) -> None:
    with pytest.raises(MissingKey, match="No key for Loop yet") as caught:
        await run(client.stream(request_of(), endpoint=endpoint_at(server, auth="bearer")))
    assert "chatbench keys set loop" in caught.value.hint
    assert server.asked == []


# Stopping


def started(stream: AnswerStream) -> asyncio.Task[Response]:
    return asyncio.ensure_future(run(stream))


@pytest.mark.parametrize("wire", WIRES)
async def test_stopping_in_the_middle_closes_the_connection(
    client: LLMClient, server: LoopbackServer, wire: str
) -> None:
    """The server sees it at once; text and time are kept."""
    server.pace = 50
    server.words = ["word "] * 1000
    stream = client.stream(request_of(), endpoint=endpoint_at(server, wire))
    task = started(stream)
    await until(lambda: stream.accumulator.has_visible_text, "the first word")
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    await asyncio.to_thread(server.wait_for_leaving)
    response = stream.response()
    assert response.text.startswith("word ")
    assert response.timings.total_s is not None
    assert response.stop_reason is None


async def test_stopping_before_the_first_byte_closes_the_connection(
    client: LLMClient, server: LoopbackServer
) -> None:
    server.script(Reply(first_byte_s=30))
    stream = client.stream(request_of(), endpoint=endpoint_at(server))
    task = started(stream)
    await asyncio.to_thread(server.wait_for_asking)
    task.cancel()
    await asyncio.wait({task})
    await asyncio.to_thread(server.wait_for_leaving)
    assert stream.response().parts == ()


async def test_stopping_while_waiting_to_try_again_ends_it(
    environment: Environment, server: LoopbackServer
) -> None:
    client = LLMClient(environment=environment)
    server.script(failing(503, retry_after="100"))
    stream = client.stream(request_of(), endpoint=endpoint_at(server))
    task = started(stream)
    await until(lambda: stream.retry_at is not None, "the wait")
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert stream.retry_at is None
    assert len(server.asked) == 1


async def test_closing_the_generator_closes_the_connection(client: LLMClient, server: LoopbackServer) -> None:
    server.pace = 50
    batches: AsyncGenerator[list[StreamEvent], None] = client.stream(
        request_of(), endpoint=endpoint_at(server)
    ).events()
    await anext(batches)
    await batches.aclose()
    await asyncio.to_thread(server.wait_for_leaving)


async def test_complete_gives_the_whole_answer(environment: Environment, server: LoopbackServer) -> None:
    environment.registry.save(endpoint_at(server))
    response = await LLMClient(environment=environment, retries=QUICK).complete(request_of())
    assert response.parts == (TextPart(text="".join(server.words)),)
