"""The one clock on which living answers are drawn: it serves one view a tick and stops when none lives."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

INTERVAL_MS = 33
SLOWEST_MS = 500
_SHARE = 4
"""An interval is at least this many times what one step cost: drawing takes a quarter of the time."""


def interval_for(cost_ms: float) -> int:
    """Milliseconds until the next step of a view whose last one cost ``cost_ms``."""
    return int(min(SLOWEST_MS, max(INTERVAL_MS, _SHARE * cost_ms)))


class PaintClock(QObject):
    """Calls each joined view when its interval is over, never two in one pass of the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: dict[int, Callable[[], int]] = {}
        self._due: dict[int, float] = {}
        self._timer: QTimer | None = None

    @property
    def running(self) -> bool:
        """Whether the timer ticks."""
        return self._timer is not None

    def join(self, who: QObject, step: Callable[[], int]) -> None:
        """Call ``step`` from now on; it returns the milliseconds until its next turn."""
        key = id(who)
        if key in self._steps:
            return
        self._steps[key] = step
        self._due[key] = time.monotonic()
        self._schedule()

    def leave(self, who: QObject) -> None:
        """Do not call again."""
        key = id(who)
        if self._steps.pop(key, None) is not None:
            del self._due[key]
            if not self._steps:
                self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None

    def _schedule(self) -> None:
        if not self._steps:
            return
        if self._timer is None:
            self._timer = QTimer(self)
            self._timer.setSingleShot(True)
            self._timer.setTimerType(Qt.TimerType.PreciseTimer)
            self._timer.timeout.connect(self._tick)
        wait = min(self._due.values()) - time.monotonic()
        self._timer.start(max(1, round(wait * 1000)))

    def _tick(self) -> None:
        now = time.monotonic()
        key = min(self._due, key=lambda one: self._due[one], default=None)
        if key is not None and self._due[key] <= now + 0.001:
            self._due[key] = now + 3600
            wait = self._steps[key]()
            if key in self._due:
                self._due[key] = now + wait / 1000
        self._schedule()


_clock: PaintClock | None = None


def paint_clock() -> PaintClock:
    """The clock all transcripts share."""
    global _clock
    if _clock is None:
        _clock = PaintClock()
    return _clock
