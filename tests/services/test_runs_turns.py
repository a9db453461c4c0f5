"""Workers that share a loop with a window take turns in it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop as endpoint
from tests.services.test_runs import plan_of

from chatbench.main import build
from chatbench.services.runs.turns import Turns


async def test_what_one_pass_has_no_time_for_begins_in_the_next() -> None:
    turns, passes, begun = Turns(), [0], list[int]()
    loop = asyncio.get_running_loop()

    def count() -> None:
        passes[0] += 1
        if len(begun) < 3:
            loop.call_soon(count)

    async def worker() -> None:
        await turns.mine()
        begun.append(passes[0])
        end = time.perf_counter() + 0.01
        while time.perf_counter() < end:
            pass

    loop.call_soon(count)
    await asyncio.gather(*(worker() for _ in range(3)))
    assert len(set(begun)) == 3, "each has had a pass of its own"


@pytest.mark.parametrize("shared", [True, False])
async def test_only_runs_beside_a_window_take_turns(
    tmp_path: Path, server: LoopbackServer, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal has nobody to leave the loop to."""
    taken: list[Turns] = []
    mine = Turns.mine

    async def told(turns: Turns) -> None:
        taken.append(turns)
        await mine(turns)

    monkeypatch.setattr(Turns, "mine", told)
    services = build(tmp_path / "profile", environ={}, shared_loop=shared)
    services.endpoints.save(endpoint(server))
    run = await services.runs.start(plan_of(3))
    assert (await services.runs.wait(run.id)).done == 3
    await services.aclose()
    assert bool(taken) is shared
