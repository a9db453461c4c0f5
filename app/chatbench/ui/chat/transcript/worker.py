"""Slow pure work off the GUI thread: drawing formulas, colouring long code."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import count
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, QThreadPool, Signal

_log = logging.getLogger(__name__)
_IDLE_MS = 500


class Worker(QObject):
    """One thread that works while there is work; results come back on the GUI thread, in order."""

    _finished = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = count()
        self._waiting: dict[int, Callable[[Any], None]] = {}
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(_IDLE_MS)
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return bool(self._waiting)

    def submit(self, work: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        """Run ``work`` on the thread and hand its result to ``deliver``; None if it raised."""
        number = next(self._numbers)
        self._waiting[number] = deliver

        def run() -> None:
            result = None
            try:
                result = work()
            except Exception:  # noqa: BLE001 - whatever it is, the next piece of work must run
                _log.exception("work of the transcript failed")
            finally:
                self._finished.emit(number, result)

        self._pool.start(run)

    def stop(self) -> None:
        """Drop what has not begun and wait for what has."""
        self._waiting.clear()
        self._pool.clear()
        self._pool.waitForDone()

    def _deliver(self, number: int, result: object) -> None:
        deliver = self._waiting.pop(number, None)
        if deliver is not None:
            deliver(result)


_worker: Worker | None = None


def worker() -> Worker:
    """The one worker all transcripts share; it stops when the application quits."""
    global _worker
    if _worker is None:
        _worker = Worker()
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(_worker.stop)
    return _worker
