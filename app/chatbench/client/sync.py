"""Synchronous twins of asynchronous methods: one loop on a thread of its own does their work.

A twin may be called anywhere, also where a loop is running already (a notebook, a window), and
blocks the calling thread until the work is done.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError as FutureCancelled
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Generic, ParamSpec, TypeVar

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
        """The result of `work`, done on the other thread. Interrupted (Ctrl-C), it cancels the work
        and waits until that has ended.

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
        job = _Job(loop, work)
        loop.call_soon_threadsafe(job.begin)
        try:
            return job.outcome.result()
        except FutureCancelled:
            raise asyncio.CancelledError from None
        except BaseException:
            if not job.outcome.done():
                loop.call_soon_threadsafe(job.cancel)
                wait({job.outcome})
            raise

    def iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        """The items of an asynchronous iterator, one at a time; closing this one closes it."""
        loop = self._running()
        try:
            while True:
                try:
                    yield self.run(_next(source))
                except StopAsyncIteration:
                    return
        finally:
            # Whoever ended the loop has closed it there; at exit no other can be begun.
            if isinstance(source, AsyncGenerator) and self._loop is loop:
                self.run(_closed(source))

    async def end_tasks(self) -> None:
        """Cancels whatever else runs on the loop that this is awaited on."""
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        """Ends the loop and the thread, if they were begun; the next call begins others."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    @property
    def runs(self) -> bool:
        """Whether the loop has been begun and not ended."""
        return self._loop is not None

    def forget(self) -> None:
        """In a child process after a fork, the thread is not there any more."""
        self._lock = threading.Lock()
        self._loop = self._thread = None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="chatbench-sync", daemon=True
                )
                self._thread.start()
            return self._loop


class _Job(Generic[T]):
    """One piece of work on a loop of another thread; `outcome` is for the thread that waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._loop, self._work = loop, work
        self._task: asyncio.Task[T] | None = None
        self.outcome: Future[T] = Future()

    def begin(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._over)

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _over(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.outcome.cancel()
            self.outcome.set_running_or_notify_cancel()
        elif (error := task.exception()) is not None:
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(task.result())


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    # One of our own: to end the loop's would take another thread, and at exit none can be begun.
    workers = ThreadPoolExecutor(thread_name_prefix="chatbench-sync")
    loop.set_default_executor(workers)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        workers.shutdown()
        loop.close()


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)


async def _closed(source: AsyncGenerator[Any, None]) -> None:
    await source.aclose()


background = Background()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=background.forget)


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
