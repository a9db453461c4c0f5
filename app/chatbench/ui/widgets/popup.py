"""Popups: frameless top-level cards with a painted shadow in their margin."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QEasingCurve, QPoint, QPropertyAnimation, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.ui.theme import CornerRole, theme
from chatbench.ui.theme.tokens import SHADOW_MARGIN
from chatbench.ui.widgets.compositor import composited
from chatbench.ui.widgets.paint import SHADOW_MARGINS, box, shadow

Side = Literal["above", "below"]
_EDGE: Final = 8
"""So far a popup stays from the end of its window."""


class Popup(QWidget):
    """A card that floats beside what opened it; put the content into ``body``.

    Escape or a press outside closes it (``closed``). It appears in 90 ms and is deleted by
    its parent, so one instance can be opened many times.
    """

    closed = Signal()

    def __init__(self, parent: QWidget, *, name: str, corner: CornerRole = "popup") -> None:
        flags = Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint | Qt.WindowType.NoDropShadowWindowHint
        super().__init__(parent, flags)
        self._corner: CornerRole = corner
        self._blended = True
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAccessibleName(name)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(SHADOW_MARGINS)
        self.body.setSpacing(0)
        self._fade = QPropertyAnimation(self, b"windowOpacity", self)
        self._fade.setEasingCurve(QEasingCurve.Type.OutCubic)

    def card(self) -> QRect:
        """The visible card, in the popup's coordinates."""
        return self.rect().marginsRemoved(SHADOW_MARGINS)

    def open_beside(self, anchor: QWidget, side: Side = "below", gap: int = 6) -> None:
        """Show the card ``gap`` px above or below ``anchor``, start edges aligned, on the screen, and not
        beyond the end of a window that is wider than it."""
        self.adjustSize()
        size = self.card().size()
        corner = anchor.mapToGlobal(QPoint(0, 0))
        x = corner.x()
        window = anchor.window()
        start = window.mapToGlobal(QPoint(_EDGE, 0)).x()
        end = start + window.width() - 2 * _EDGE
        fits = size.width() <= end - start
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            x += anchor.width() - size.width()
            x = max(x, start) if fits else x
        elif fits:
            x = min(x, end - size.width())
        below, above = corner.y() + anchor.height() + gap, corner.y() - gap - size.height()
        room = anchor.screen().availableGeometry()
        if side == "below" and below + size.height() > room.bottom() and above >= room.top():
            y = above
        elif side == "above" and above < room.top() and below + size.height() <= room.bottom():
            y = below
        else:
            y = below if side == "below" else above
        x = max(room.left(), min(x, room.right() - size.width()))
        self.open_at(QPoint(x, max(room.top(), y)))

    def open_at(self, top_left: QPoint) -> None:
        """Show the card with its corner at a global position."""
        self.move(top_left - QPoint(SHADOW_MARGIN, SHADOW_MARGIN))
        self._blended = composited()
        self._shape()
        duration = theme().duration("popup") if self._blended else 0
        self.setWindowOpacity(0.0 if duration else 1.0)
        self.show()
        if duration:
            self._fade.setDuration(duration)
            self._fade.setStartValue(0.0)
            self._fade.setEndValue(1.0)
            self._fade.start()

    def _shape(self) -> None:
        """On a screen that does not blend, the window ends where its card does."""
        if self._blended:
            self.clearMask()
            return
        path = QPainterPath()
        radius = theme().corner(self._corner)
        path.addRoundedRect(QRectF(self.card()), radius, radius)
        self.setMask(QRegion(path.toFillPolygon().toPolygon()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._shape()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._fade.stop()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.card().contains(event.position().toPoint()):
            self.close()
        else:
            super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        radius = theme().corner(self._corner)
        if self._blended:
            shadow(painter, self.card(), radius)
        box(painter, self.card(), radius, "raised", "btnline" if self._blended else "linectl")
        painter.end()
