"""The gauge, "being written now", and the one clock that moves every gauge in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from chatbench.ui import icons
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from collections.abc import Callable


class GaugeClock(QObject):
    """Steps every 300 ms while at least one visible gauge runs; otherwise no timer exists.

    A painted list or tab strip joins with the function that repaints its gauges and reads
    ``step`` while painting. With reduced motion the clock never starts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.step = 0
        self._timer: QTimer | None = None
        self._joined: dict[int, Callable[[], None]] = {}

    @property
    def running(self) -> bool:
        """Whether the timer exists and ticks."""
        return self._timer is not None

    def join(self, widget: QWidget, repaint: Callable[[], None] | None = None) -> None:
        """Repaint ``widget`` (or call ``repaint``) at each step until it leaves."""
        if id(widget) in self._joined or theme().reduced_motion:
            return
        key = id(widget)
        self._joined[key] = repaint or widget.update
        widget.destroyed.connect(lambda: self._leave(key))
        if self._timer is None:
            self._timer = QTimer(self)
            self._timer.timeout.connect(self._tick)
            self._timer.start(theme().duration("gauge"))

    def leave(self, widget: QWidget) -> None:
        """Stop stepping for ``widget``; the last one to leave removes the timer."""
        self._leave(id(widget))

    def _leave(self, key: int) -> None:
        self._joined.pop(key, None)
        if not self._joined and self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None

    def _tick(self) -> None:
        self.step += 1
        for repaint in list(self._joined.values()):
            repaint()


_clock: GaugeClock | None = None


def gauge_clock() -> GaugeClock:
    """The clock all gauges share."""
    global _clock
    if _clock is None:
        _clock = GaugeClock()
    return _clock


class Gauge(QWidget):
    """Three bars that move while something is written; still and timerless otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._active = False
        self.setAccessibleName(self.tr("Being written"))

    @property
    def active(self) -> bool:
        """Whether the bars move (while the widget is visible)."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Start or stop moving."""
        self._active = active
        self._follow()
        self.update()

    def _follow(self) -> None:
        if self._active and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def sizeHint(self) -> QSize:
        edge = theme().icon_size(16)
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icons.draw_gauge(painter, self.rect(), gauge_clock().step if self._active else 0)
        painter.end()
