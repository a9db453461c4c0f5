"""Calls against the floor: what the client adds to a bare socket and JSON."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from tests.benchmarks.floor import FloorClient, floor_server, word
from tests.benchmarks.measuring import median

from chatbench.client.llm import LLMClient
from chatbench.core.messages import Message, TextPart
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request
from chatbench.core.streams import PartDelta
from chatbench.main import build

DELTAS = 20_000
ROUNDS = 9
FIRSTS = 200
WARM = 3

Measure = Callable[[LLMClient, FloorClient, int], Awaitable[tuple[float, float]]]
"""CPU seconds of ours and of the floor."""


def delta_vs_floor() -> float:
    """CPU time to parse and accumulate 20,000 deltas, as a ratio to the floor's."""
    return asyncio.run(_compare(_whole, DELTAS, ROUNDS))


def first_delta_vs_floor() -> float:
    """CPU time from the call to its first word, as a ratio to the floor's."""
    return asyncio.run(_compare(_first, 3, FIRSTS))


async def _compare(measure: Measure, deltas: int, rounds: int) -> float:
    """Ratio of the medians of interleaved calls over connections that are open already."""
    with tempfile.TemporaryDirectory() as folder, floor_server() as port:
        providers = Path(folder) / "providers"
        providers.mkdir()
        (providers / "floor.toml").write_text(
            'id = "floor"\nname = "Floor"\nwire = "openai_chat"\nauth = "none"\nlocal = true\n'
            f'base_url = "http://127.0.0.1:{port}/{deltas}/v1"\nmodels = ["floor"]\n'
        )
        services = build(Path(folder))
        await services.profile.ready()
        client = LLMClient(environment=services.profile._environment)
        floor = await FloorClient.connect(port)
        try:
            ours, bare = [], []
            for number in range(rounds + WARM):
                one, other = await measure(client, floor, deltas)
                if number >= WARM:
                    ours.append(one)
                    bare.append(other)
            return median(ours) / median(bare)
        finally:
            floor.close()
            await services.aclose()


async def _whole(client: LLMClient, floor: FloorClient, deltas: int) -> tuple[float, float]:
    expected = "".join(word(number) for number in range(deltas))
    began = time.process_time()
    response = await client.complete(_request())
    ours = time.process_time() - began
    began = time.process_time()
    text = await floor.stream(deltas)
    bare = time.process_time() - began
    assert response.text == text == expected, "an answer is not the one that was sent"
    return ours, bare


async def _first(client: LLMClient, floor: FloorClient, deltas: int) -> tuple[float, float]:
    ours = bare = 0.0
    began = time.process_time()
    stream = client.stream(_request())
    async with aclosing(stream.events()) as batches:
        async for batch in batches:
            if not ours and any(type(event) is PartDelta and event.text for event in batch):
                ours = time.process_time() - began

    def first() -> None:
        nonlocal bare
        bare = time.process_time() - began

    began = time.process_time()
    await floor.stream(deltas, first)
    assert ours, "no word came"
    assert bare, "no word came"
    return ours, bare


def _request() -> Request:
    question = Message(role="user", parts=(TextPart(text="Why?"),))
    return Request(model=ModelRef("floor", "floor"), messages=(question,))
