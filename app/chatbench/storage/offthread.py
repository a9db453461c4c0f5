"""Work that may hang, on a thread that nobody has to wait for: not even the program's end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def off_thread(work: Callable[[], T], name: str) -> T:
    """What `work` returns, done on a thread called `name` that ends when it will; a waiter that is
    cancelled leaves it behind. Raises what `work` raises."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - the waiter gets it
            _settle(future, error=error)
        else:
            _settle(future, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(future)


def _settle(future: Future[T], result: T | None = None, error: BaseException | None = None) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)  # type: ignore[arg-type]
