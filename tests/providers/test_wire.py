"""The driver between a wire and the HTTP seam: failures, redirects, keys kept out of errors."""

from __future__ import annotations

from contextlib import aclosing

import msgspec
import pytest
from tests.loopback import anthropic as canned
from tests.loopback import replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer
from tests.providers import wires

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    Authentication,
    InvalidResponse,
    Overloaded,
    ProviderError,
    StreamInterrupted,
)
from chatbench.core.messages import TextPart
from chatbench.core.streams import Accumulator
from chatbench.providers.anthropic import Anthropic
from chatbench.providers.http import Http

WIRE = Anthropic()


async def run(
    reply: Reply,
    accumulator: Accumulator,
    headers: dict[str, str] | None = None,
    *,
    stream: bool = True,
) -> None:
    http = Http({})
    try:
        with LoopbackServer() as server:
            server.script(reply)
            where = msgspec.structs.replace(at(server), headers=headers or {})
            made = wires.call(where, stream=stream)
            async with aclosing(WIRE.stream(made, http)) as batches:
                async for batch in batches:
                    accumulator.extend(batch)
    finally:
        await http.aclose()


def at(server: LoopbackServer) -> Endpoint:
    return wires.endpoint("anthropic", server.base_url("anthropic"), auth="header:x-api-key")


async def test_words_before_a_failure_in_the_same_piece_are_kept() -> None:
    accumulator = Accumulator()
    piece = b"".join(canned.broken("overloaded_error", "Overloaded"))
    with pytest.raises(Overloaded):
        await run(replies.events([piece]), accumulator)
    assert accumulator.parts() == (TextPart(text="Some words"),)


async def test_end_without_marker_keeps_the_words() -> None:
    accumulator = Accumulator()
    with pytest.raises(StreamInterrupted):
        await run(replies.events(canned.answer(["Some"])[:-1]), accumulator)
    assert accumulator.parts() == (TextPart(text="Some"),)


async def test_key_and_secret_headers_never_stand_in_an_error() -> None:
    body = canned.error_body("authentication_error", f"bad key {wires.KEY} for team-secret-1")
    with pytest.raises(Authentication) as caught:
        await run(
            replies.data(body, 401, {"request-id": wires.KEY}), Accumulator(), {"X-Team": "team-secret-1"}
        )
    shown = repr(caught.value.report()) + repr(caught.value) + str(vars(caught.value))
    assert wires.KEY not in shown
    assert "team-secret-1" not in shown
    assert "bad key … for …" in caught.value.raw


@pytest.mark.parametrize("location", ["https://evil.example/v1", "", "http://host:port"])
async def test_redirect_is_named_and_not_followed(location: str) -> None:
    with pytest.raises(InvalidResponse, match="on to"):
        await run(replies.redirect(location), Accumulator())


@pytest.mark.parametrize("stream", [True, False])
async def test_page_for_people_is_named(stream: bool) -> None:
    with pytest.raises(InvalidResponse, match="web page"):
        await run(replies.web_page(), Accumulator(), stream=stream)


async def test_whole_answer_where_a_stream_was_asked_is_taken() -> None:
    accumulator = Accumulator()
    await run(replies.data(canned.SCENES["text"][1]), accumulator)
    assert accumulator.stop is not None


async def test_all_pages_of_models_are_read() -> None:
    http = Http({})
    with LoopbackServer() as server:
        models = await WIRE.list_models(at(server), None, http)
        await http.aclose()
    assert [model.ref.id for model in models] == [canned.MODEL, "claude-haiku-4-5"]
    assert [asked.target for asked in server.asked] == [
        "/v1/models?limit=1000",
        f"/v1/models?limit=1000&after_id={canned.MODEL}",
    ]


async def test_error_of_a_list_is_named() -> None:
    http = Http({})
    with LoopbackServer() as server:
        server.script(replies.data(canned.error_body("authentication_error", f"no {wires.KEY}"), 401))
        with pytest.raises(ProviderError) as caught:
            await WIRE.list_models(at(server), wires.call(at(server)).key, http)
        await http.aclose()
    assert "no …" in caught.value.raw
