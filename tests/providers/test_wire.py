"""The driver between a wire and the HTTP seam: failures, redirects, keys kept out of errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

import msgspec
import pytest
from tests.loopback import anthropic as canned
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
EVENTS = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}
Answer = tuple[int, Mapping[str, str], Sequence[bytes]]


class Server:
    """Gives one answer after the other on a loopback port, each on a connection of its own."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.asked: list[bytes] = []
        self.where = Endpoint(id="", name="", wire="", base_url="")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        self.asked.append(head)
        status, headers, pieces = self._answers.pop(0)
        lines = [f"HTTP/1.1 {status} Told", *(f"{n}: {v}" for n, v in headers.items()), "connection: close"]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def answering(*answers: Answer) -> AsyncIterator[Server]:
    server = Server(answers)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    server.where = wires.endpoint("anthropic", f"http://127.0.0.1:{port}", auth="header:x-api-key")
    async with listener:
        yield server


async def run(
    answer: Answer,
    accumulator: Accumulator,
    headers: dict[str, str] | None = None,
    *,
    stream: bool = True,
) -> None:
    http = Http({})
    try:
        async with answering(answer) as server:
            where = msgspec.structs.replace(server.where, headers=headers or {})
            made = wires.call(where, stream=stream)
            async with aclosing(WIRE.stream(made, http)) as batches:
                async for batch in batches:
                    accumulator.extend(batch)
    finally:
        await http.aclose()


async def test_words_before_a_failure_in_the_same_piece_are_kept() -> None:
    accumulator = Accumulator()
    piece = b"".join(canned.broken("overloaded_error", "Overloaded"))
    with pytest.raises(Overloaded):
        await run((200, EVENTS, [piece]), accumulator)
    assert accumulator.parts() == (TextPart(text="Some words"),)


async def test_end_without_marker_keeps_the_words() -> None:
    accumulator = Accumulator()
    with pytest.raises(StreamInterrupted):
        await run((200, EVENTS, canned.answer(["Some"])[:-1]), accumulator)
    assert accumulator.parts() == (TextPart(text="Some"),)


async def test_key_and_secret_headers_never_stand_in_an_error() -> None:
    body = canned.error_body("authentication_error", f"bad key {wires.KEY} for team-secret-1")
    with pytest.raises(Authentication) as caught:
        await run((401, {"request-id": wires.KEY}, [body]), Accumulator(), {"X-Team": "team-secret-1"})
    shown = repr(caught.value.report()) + repr(caught.value) + str(vars(caught.value))
    assert wires.KEY not in shown
    assert "team-secret-1" not in shown
    assert "bad key … for …" in caught.value.raw


@pytest.mark.parametrize("location", ["https://evil.example/v1", "", "http://host:port"])
async def test_redirect_is_named_and_not_followed(location: str) -> None:
    with pytest.raises(InvalidResponse, match="on to"):
        await run((307, {"location": location}, []), Accumulator())


@pytest.mark.parametrize("stream", [True, False])
async def test_page_for_people_is_named(stream: bool) -> None:
    answer = (200, {"content-type": "text/html; charset=utf-8"}, [b"<html>"])
    with pytest.raises(InvalidResponse, match="web page"):
        await run(answer, Accumulator(), stream=stream)


async def test_whole_answer_where_a_stream_was_asked_is_taken() -> None:
    accumulator = Accumulator()
    body = msgspec.json.encode(canned.SCENES["text"][1])
    await run((200, JSON, [body]), accumulator)
    assert accumulator.stop is not None


async def test_all_pages_of_models_are_read() -> None:
    http = Http({})
    pages = [(200, JSON, [msgspec.json.encode(page)]) for page in canned.MODELS.values()]
    async with answering(*pages) as server:
        models = await WIRE.list_models(server.where, None, http)
    await http.aclose()
    assert [model.ref.id for model in models] == [canned.MODEL, "claude-haiku-4-5"]
    assert f"after_id={canned.MODEL}".encode() in server.asked[1]


async def test_error_of_a_list_is_named() -> None:
    http = Http({})
    refusal = canned.error_body("authentication_error", f"no {wires.KEY}")
    async with answering((401, {}, [refusal])) as server:
        with pytest.raises(ProviderError) as caught:
            await WIRE.list_models(server.where, wires.call(server.where).key, http)
    await http.aclose()
    assert "no …" in caught.value.raw
