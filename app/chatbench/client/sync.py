"""Synchronous twins of asynchronous methods: one loop on a thread of its own does their work.

A twin may be called anywhere, also where a loop is running already (a notebook, a window), and
blocks the calling thread until the work is done.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError as FutureCancelled
from typing import Any, ParamSpec, TypeVar

from chatbench.core.errors import ConfigurationError

P = ParamSpec("P")
T = TypeVar("T")


class Background:
    """A loop on a thread of its own, begun by the first call and ended by `stop` or at exit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, done on the other thread. Interrupted, it cancels the work first.

        Raises ConfigurationError where it is called from that very thread, which would wait for
        itself for ever.
        """
        loop = self._running()
        if threading.current_thread() is self._thread:
            work.close()
            raise ConfigurationError(
                "A _sync method was called from within an asynchronous one.",
                "Await the method of the same name without _sync.",
            )
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except FutureCancelled:
            raise asyncio.CancelledError from None
        except BaseException:
            if not future.done():
                future.cancel()
            raise

    def iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        """The items of an asynchronous iterator, one at a time; closing this one closes it."""
        try:
            while True:
                try:
                    yield self.run(_next(source))
                except StopAsyncIteration:
                    return
        finally:
            if isinstance(source, AsyncGenerator):
                self.run(_closed(source))

    def stop(self) -> None:
        """Ends the loop and the thread, if they were begun; the next call begins others."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="chatbench-sync", daemon=True
                )
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)


async def _closed(source: AsyncGenerator[Any, None]) -> None:
    await source.aclose()


background = Background()


def synced(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """The twin of an asynchronous method."""

    @functools.wraps(method)
    def twin(*args: P.args, **kwargs: P.kwargs) -> T:
        return background.run(method(*args, **kwargs))

    return _named(twin, method)


def synced_iterator(method: Callable[P, AsyncIterator[T]]) -> Callable[P, Iterator[T]]:
    """The twin of a method that returns an asynchronous iterator."""

    @functools.wraps(method)
    def twin(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return background.iterate(method(*args, **kwargs))

    return _named(twin, method)


def _named(twin: Callable[..., Any], method: Callable[..., Any]) -> Callable[..., Any]:
    twin.__name__ = f"{method.__name__}_sync"
    twin.__qualname__ = f"{method.__qualname__}_sync"
    twin.__doc__ = f"`{method.__name__}`, waited for on the calling thread.\n\n{inspect.getdoc(method) or ''}"
    return twin
