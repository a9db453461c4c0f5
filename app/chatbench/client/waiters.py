"""Somebody who waits for something, and is told on his own event loop, whoever has it for him."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiter(Generic[T]):
    """To be made on the loop that waits. `gone` and `given` are for the lock of whoever serves."""

    __slots__ = ("asker", "future", "given", "gone", "input_tokens", "loop", "output_tokens", "since")

    def __init__(
        self, input_tokens: int, output_tokens: int, since: float, asker: object | None = None
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens
        self.since = since
        self.asker = asker
        """By whom he is found again."""
        self.given: T | None = None
        """What he was given, though he may not know yet."""
        self.gone = False

    def tell(self, outcome: T | Exception) -> bool:
        """Ends the wait; False where his loop is no more."""
        if running_loop() is self.loop:
            self._resolve(outcome)
            return True
        return post(self.loop, self._resolve, outcome)

    def _resolve(self, outcome: T | Exception) -> None:
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of this thread, if one runs."""
    return asyncio._get_running_loop()  # noqa: SLF001


def post(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *values: object) -> bool:
    """Calls it on that loop, from any thread; False where the loop is no more."""
    try:
        loop.call_soon_threadsafe(callback, *values)
    except RuntimeError:
        return False
    return True
