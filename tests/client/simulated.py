"""An event loop whose clock jumps to the next timer, so that ten minutes pass in no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits, and nothing will ever happen")
        self.now += timeout
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Nothing in it may wait for another thread or a socket."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._simulated.now


def simulate(coroutine: Coroutine[Any, Any, T], loop: SimulatedLoop) -> T:
    """Runs it to its end on the simulated clock, and closes the loop."""
    try:
        return loop.run_until_complete(asyncio.wait_for(coroutine, 86_400))
    finally:
        loop.close()
