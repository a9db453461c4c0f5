"""Many workers on one loop, which others use too: no pass of it is theirs for long."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_SHARE_S: Final = 0.004
"""Of one pass of the loop: what a window paints and hears comes between two of them."""


class Turns:
    """Lets workers begin something new as long as a pass of the loop has not taken long; the others begin in
    the next one. What they began takes about as long again when its answers come."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._waiting: list[asyncio.Future[None]] = []

    async def mine(self) -> None:
        """Returns when it is the caller's turn."""
        loop = asyncio.get_running_loop()
        while True:
            now = time.perf_counter()
            if self._since is None:
                self._since = now
                loop.call_soon(self._next)
            if now - self._since <= _SHARE_S:
                return
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append(turn)
            await turn

    def _next(self) -> None:
        """Another pass has begun."""
        self._since = None
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
