"""Waiting for what the window started by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chatbench.ui import aio


async def until_quiet() -> None:
    """Returns when everything that was spawned is done."""
    while aio._tasks:
        await asyncio.wait(set(aio._tasks))
    await asyncio.sleep(0)


async def done(do: Callable[[], object]) -> None:
    """Does it on the running loop, as a slot would, and waits for what it started."""
    do()
    await until_quiet()
