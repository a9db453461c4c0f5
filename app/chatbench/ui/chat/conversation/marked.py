"""Short words that are only here or only in what they are compared with, in colour and shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chatbench.ui.chat.transcript.boxes.changes import paint_ground, paint_shape
from chatbench.ui.chat.transcript.comparing import Change
from chatbench.ui.theme import ColorRole, theme

_AROUND = 2
_BETWEEN = " · "


class Marked(NamedTuple):
    """``change`` "" says that the words are the same on both sides."""

    words: str
    change: Change = ""


class MarkedLine(QWidget):
    """One line of them, shortened at its end; ``clicked()`` while ``set_clickable``."""

    clicked = Signal()

    def __init__(
        self, parts: Sequence[Marked] = (), *, color: ColorRole = "text3", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._color: ColorRole = color
        self._between = _BETWEEN
        self._parts: tuple[Marked, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_parts(parts)

    def set_parts(self, parts: Sequence[Marked], between: str = _BETWEEN) -> None:
        """Shows other words."""
        self._parts, self._between = tuple(parts), between
        self.setAccessibleName(self.text())
        self.updateGeometry()
        self.update()

    def set_clickable(self, clickable: bool) -> None:
        """Whether a click means anything."""
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)

    def text(self) -> str:
        """All words, with what the marks mean."""
        said = {
            "": "{0}",
            "added": self.tr("{0} (only here)"),
            "removed": self.tr("{0} (not here)"),
            "moved": self.tr("{0} (elsewhere)"),
        }
        return self._between.join(said[part.change].format(part.words) for part in self._parts)

    def _wide(self) -> int:
        metrics = theme().metrics("small")
        marks = sum(2 * _AROUND for part in self._parts if part.change)
        joined = self._between.join(part.words for part in self._parts)
        return metrics.horizontalAdvance(joined) + marks + 2

    def sizeHint(self) -> QSize:
        return QSize(self._wide(), theme().line("small") + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().metrics("small").horizontalAdvance("…"), self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(self.text() if self._wide() > self.width() else "")
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.cursor().shape() == Qt.CursorShape.PointingHandCursor:
            self.clicked.emit()
        else:
            super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        room, first = self.width(), True
        for part in self._parts:
            if not first:
                room -= self._draw(painter, Marked(self._between), room, rtl)
            first = False
            room -= self._draw(painter, part, room, rtl)
            if room <= 0:
                break
        painter.end()

    def _draw(self, painter: QPainter, part: Marked, room: int, rtl: bool) -> int:
        """Draws from where ``room`` pixels are left; returns how many it took."""
        metrics = theme().metrics("small")
        around = _AROUND if part.change else 0
        words = metrics.elidedText(part.words, Qt.TextElideMode.ElideRight, room - 2 * around)
        wide = metrics.horizontalAdvance(words)
        left = room - 2 * around - wide if rtl else self.width() - room
        rect = QRectF(left, (self.height() - metrics.height()) / 2, wide + 2 * around, metrics.height())
        if words:
            paint_marked(painter, rect, words, part.change, self._color)
        return metrics.horizontalAdvance(part.words) + 2 * around if words == part.words else room


def paint_marked(painter: QPainter, rect: QRectF, words: str, change: Change, color: ColorRole) -> None:
    """Words in the middle of a rectangle, with what says that they were added or removed."""
    metrics = theme().metrics("small")
    baseline = round(rect.top() + metrics.ascent())
    if change:
        paint_ground(painter, [rect], change)
    painter.setFont(theme().font("small"))
    painter.setPen(theme().color("text" if change else color))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextDontClip, words)
    if change:
        paint_shape(painter, rect, baseline, change, metrics.xHeight())
