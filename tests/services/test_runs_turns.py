"""Workers that share a loop with a window take turns in it."""

from __future__ import annotations

import asyncio
import time

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
