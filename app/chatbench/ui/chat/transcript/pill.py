"""The pill that goes back to the end: how much is new there, and whether it is being written."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QStyle, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import theme
from chatbench.ui.widgets import PaintedButton, box, gauge_clock
from chatbench.ui.widgets.paint import draw_title

_EDGE = 12
_GAP = 6


class EndPill(PaintedButton):
    """ "End", with an arrow, or with the gauge while an answer is being written out of sight."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._streaming = False
        self._unseen = 0
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._describe()
        self.hide()

    def show_state(self, unseen: int, streaming: bool) -> None:
        """How many messages came since the reader left the end, and whether one is being written."""
        if (unseen, streaming) == (self._unseen, self._streaming):
            return
        self._unseen, self._streaming = unseen, streaming
        self._describe()
        self._join()
        self.resize(self.sizeHint())
        self.update()

    def _describe(self) -> None:
        self.setText(self._words())
        self.setAccessibleName(self.tr("Jump to the end") + (f", {self._words()}" if self._unseen else ""))

    def _words(self) -> str:
        return self.tr("End, {0} new").format(self._unseen) if self._unseen else self.tr("End")

    def _join(self) -> None:
        if self._streaming and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._join()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def sizeHint(self) -> QSize:
        words = theme().metrics("small", 500).horizontalAdvance(self._words())
        return QSize(words + theme().icon_size(14) + _GAP + 2 * _EDGE, theme().control("button"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        high = self.height()
        box(painter, self.rect(), high / 2, self.state_fill("raised"), "btnline")
        edge = theme().icon_size(14)
        turned = self.layoutDirection()
        mark = QStyle.visualRect(turned, self.rect(), QRect(_EDGE, 0, edge, high))
        if self._streaming:
            icons.draw_gauge(painter, mark, gauge_clock().step)
        else:
            icons.draw(painter, "arrow-down", mark, "text2")
        painter.setFont(theme().font("small", 500))
        painter.setPen(theme().color("text"))
        start = _EDGE + edge + _GAP
        words = QRect(start, 0, self.width() - start - _EDGE, high)
        draw_title(painter, QStyle.visualRect(turned, self.rect(), words), self._words(), turned)
        painter.end()
