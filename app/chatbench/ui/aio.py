"""Where asyncio meets Qt: the loop, the one way to start work from a slot, awaited dialogs.

``spawn`` is the only place that makes tasks in the window; ``ask`` is the only way to wait
for a dialog (``exec`` would start a nested loop, under which other tasks stop for good).
asyncio and qasync are imported when first needed, so that the window paints before them.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from shiboken6 import isValid

from chatbench.core.errors import DatabaseClosed
from chatbench.ui.collecting import whole_passes_rare

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QApplication, QDialog

    ErrorHandler = Callable[[BaseException], None]

T = TypeVar("T")

_log = logging.getLogger(__name__)
_tasks: set[asyncio.Task[Any]] = set()


def _log_error(error: BaseException) -> None:
    _log.error("a task failed", exc_info=error)


_handler: ErrorHandler = _log_error


def set_error_handler(handler: ErrorHandler | None) -> None:
    """Where the errors of spawned tasks go that have no ``on_error``; None: to the log."""
    global _handler
    _handler = handler or _log_error


def spawn(
    work: Coroutine[Any, Any, T],
    *,
    name: str | None = None,
    on_error: ErrorHandler | None = None,
    owner: QObject | None = None,
) -> asyncio.Task[T]:
    """Start ``work`` on the running loop and keep its task until it ends.

    An error goes to ``on_error``, else to the application's handler; being cancelled is no
    error. ``work`` that touches a widget names it (or the one it is part of) as ``owner``: it
    is cancelled when that is destroyed. Raises RuntimeError when no loop runs (``work`` is
    closed, not leaked).
    """
    import asyncio

    try:
        task = asyncio.get_running_loop().create_task(work, name=name)
    except RuntimeError:
        work.close()
        raise
    _tasks.add(task)
    # Connected directly, the object that is destroyed would become the cancellation's message.
    stop = partial(task.cancel, None)
    destroyed = owner.destroyed.connect(lambda _gone: stop()) if owner is not None else None

    def ended(done: asyncio.Task[T]) -> None:
        _tasks.discard(done)
        if destroyed is not None and owner is not None and isValid(owner):
            owner.destroyed.disconnect(destroyed)
        error = None if done.cancelled() else done.exception()
        if isinstance(error, DatabaseClosed):
            _log.debug("%s came too late: the program is closing", done.get_name())
            return
        if error is not None:
            (on_error or _handler)(error)

    task.add_done_callback(ended)
    return task


class Rereading:
    """Reads something for ``owner`` whenever it is stale; several calls in a row read once, and what
    goes stale while it is read is read again."""

    def __init__(self, read: Callable[[], Coroutine[Any, Any, None]], owner: QObject, name: str) -> None:
        self._read = read
        self._owner = owner
        self._name = name
        self._stale = False
        self._task: asyncio.Task[None] | None = None

    def again(self) -> None:
        """It is stale."""
        self._stale = True
        if self._task is None or self._task.done():
            self._task = spawn(self._while_stale(), owner=self._owner, name=self._name)

    async def ended(self) -> None:
        """Waits until what is being read has been read, however that ends."""
        import asyncio

        if self._task is not None:
            await asyncio.wait({self._task})

    async def _while_stale(self) -> None:
        while self._stale:
            self._stale = False
            await self._read()


async def cancel_spawned() -> None:
    """Cancel what ``spawn`` started and is not done, and wait for it: part of shutting down."""
    import asyncio

    mine = asyncio.current_task()
    waiting = [task for task in _tasks if task is not mine]
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def ask(dialog: QDialog) -> int:
    """Open ``dialog`` and wait for its answer (``QDialog.DialogCode``), the loop running on.

    The dialog is deleted afterwards; a cancelled wait closes it.
    """
    import asyncio

    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def finished(result: int) -> None:
        if not answer.done():
            answer.set_result(result)

    dialog.finished.connect(finished)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.finished.disconnect(finished)
        dialog.close()
        dialog.deleteLater()


def run(app: QApplication, main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run ``main`` on a loop that is Qt's own, to its end; returns its exit code.

    Closing the last window does not end the loop (clean-up would be cut off): ``main``
    waits for the window, then shuts down what it started and returns. Tasks left over are
    cancelled and awaited.
    """
    import asyncio

    import qasync

    app.setQuitOnLastWindowClosed(False)

    async def whole() -> int:
        try:
            return await main()
        finally:
            await cancel_spawned()

    with whole_passes_rare(), asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(whole())
