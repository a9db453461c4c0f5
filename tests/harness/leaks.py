"""What a test leaves behind: asyncio tasks, threads, top-level widgets, running timers.

Each is named together with the place it came from, then cleared away so that the next test starts clean.
A thread that a fixture of a wider scope owns is named ``fixture:…`` and may stay.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_JOIN_SECONDS = 2.0
_tasks: list[str] = []
_timers: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_qthreads: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_thread_origins: weakref.WeakKeyDictionary[threading.Thread, str] = weakref.WeakKeyDictionary()


def install() -> None:
    """Watch where tasks end and where threads and timers start. To be called once."""
    _watch_loop_ends()
    _remember_starts(threading.Thread, _thread_origins)
    # Imported late: the platform is chosen in the environment first.
    from PySide6.QtCore import QThread, QTimer

    _remember_starts(QTimer, _timers)
    _remember_starts(QThread, _qthreads)


def _watch_loop_ends() -> None:
    cancel = getattr(asyncio.runners, "_cancel_all_tasks")  # noqa: B009

    def cancel_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
        note_tasks(asyncio.all_tasks(loop))
        cancel(loop)

    setattr(asyncio.runners, "_cancel_all_tasks", cancel_all_tasks)  # noqa: B010


def _remember_starts(kind: type, origins: weakref.WeakKeyDictionary[Any, str]) -> None:
    start: Callable[..., None] = kind.start  # type: ignore[attr-defined]

    def remembered(self: Any, *arguments: Any) -> None:
        origins[self] = _caller()
        # A signal hands its own arguments to a slot; the toolkit would have dropped what does not fit.
        start(self, *[one for one in arguments if not isinstance(one, str | bool)])

    setattr(kind, "start", remembered)  # noqa: B010


def _caller() -> str:
    frame = sys._getframe(2)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def note_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Remember tasks that were still running when their loop came to its end."""
    running = [task for task in tasks if not task.done()]
    _tasks.extend(f"task: {task.get_name()} still runs {_where(task)}" for task in running)


def _where(task: asyncio.Task[Any]) -> str:
    stack = task.get_stack(limit=1)
    name = getattr(task.get_coro(), "__qualname__", repr(task.get_coro()))
    return f"{name} ({stack[0].f_code.co_filename}:{stack[0].f_lineno})" if stack else name


class LeakWatch:
    """What was there before one test, to tell it from what the test leaves."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._widgets = set(_top_level_widgets())
        _tasks.clear()

    def finish(self, allowed: frozenset[str]) -> list[str]:
        """Everything left behind, one line each, without the kinds in ``allowed``."""
        found = [
            *_tasks,
            *self._leaked_widgets(),
            *_leaked_timers(),
            *_leaked_qthreads(),
            *self._leaked_threads(),
        ]
        _tasks.clear()
        return [line for line in found if line.partition(":")[0] not in allowed]

    def _leaked_threads(self) -> Iterator[str]:
        for thread in set(threading.enumerate()) - self._threads:
            if thread.name.startswith("fixture:") or isinstance(thread, threading._DummyThread):
                continue
            thread.join(_JOIN_SECONDS)
            if thread.is_alive():
                yield f"thread: {thread.name} still runs, started at {_thread_origins.get(thread, 'unknown')}"

    def _leaked_widgets(self) -> Iterator[str]:
        _delete_what_is_due()
        left = set(_top_level_widgets()) - self._widgets
        if left:
            left.clear()
            gc.collect()
            _delete_what_is_due()
            left = set(_top_level_widgets()) - self._widgets
        for widget in left:
            yield f"widget: {type(widget).__name__} {widget.objectName()!r} {widget.windowTitle()!r} stays"
            widget.close()
            widget.deleteLater()
        if left:
            _delete_what_is_due()


def _top_level_widgets() -> list[Any]:
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return []
    # A tool tip hides by itself and belongs to the toolkit.
    return [
        one for one in widgets.QApplication.topLevelWidgets() if one.metaObject().className() != "QTipLabel"
    ]


def _delete_what_is_due() -> None:
    from PySide6.QtCore import QCoreApplication, QEvent

    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _leaked_timers() -> Iterator[str]:
    from shiboken6 import isValid

    for timer, origin in list(_timers.items()):
        if isValid(timer) and timer.isActive():
            yield f"timer: a QTimer of {timer.interval()} ms still runs, started at {origin}"
            timer.stop()
    _timers.clear()


def _leaked_qthreads() -> Iterator[str]:
    from shiboken6 import isValid

    for thread, origin in list(_qthreads.items()):
        if isValid(thread) and thread.isRunning() and not thread.wait(int(_JOIN_SECONDS * 1000)):
            yield f"thread: a QThread still runs, started at {origin}"
    _qthreads.clear()
