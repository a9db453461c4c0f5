"""Turns at reading files: one after the other, but a slow one does not keep the rest waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_PATIENCE_S: Final = 1.0
_MOST: Final = 4


class Slots:
    """The next begins when the one before is done or has taken a second, four at most at the same time."""

    def __init__(self) -> None:
        self._next = asyncio.Semaphore(1)
        self._all = asyncio.Semaphore(_MOST)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for it, and has it."""
        async with self._all:
            await self._next.acquire()
            given: list[None] = []

            def give() -> None:
                if not given:
                    given.append(None)
                    self._next.release()

            timer = asyncio.get_running_loop().call_later(_PATIENCE_S, give)
            try:
                yield
            finally:
                timer.cancel()
                give()
