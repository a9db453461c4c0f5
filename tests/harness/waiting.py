"""Waiting for something that will come, and failing by name if it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_S = 20.0


async def until(holds: Callable[[], object], what: str) -> None:
    """Lets the loop run until `holds()`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while not holds():
        assert loop.time() < end, f"waited for {what}"
        await asyncio.sleep(0.002)
