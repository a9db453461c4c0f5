"""Waiting for what the window started by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chatbench.ui import aio


async def until_quiet() -> None:
    """Returns when everything that was spawned is done, and what that spawned a few turns of the loop later:
    begun between two runs of the loop it would find none."""
    turns = 0
    while turns < 3:
        turns += 1
        if aio._tasks:
            turns = 0
            await asyncio.wait(set(aio._tasks))
        await asyncio.sleep(0)


async def done(do: Callable[[], object]) -> None:
    """Does it on the running loop, as a slot would, and waits for what it started."""
    do()
    await until_quiet()
