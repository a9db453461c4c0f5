"""Drawing a part of the screen, by mouse or by keys, over a picture of all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QScreen
from PySide6.QtWidgets import QWidget

from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import announce, box

_LEAST: Final = 4
_STEP: Final = 1
_STRIDE: Final = 20
_Key = Qt.Key


async def choose_region(pictures: Mapping[QScreen, QImage], first: QScreen) -> QImage | None:
    """The part the reader draws on one of the screens; None where they give up. The keyboard begins on
    `first`."""
    chosen: asyncio.Future[QImage | None] = asyncio.get_running_loop().create_future()

    def end(image: QImage | None) -> None:
        if not chosen.done():
            chosen.set_result(image)

    sheets = [RegionSheet(screen, image) for screen, image in pictures.items()]
    try:
        for sheet in sheets:
            sheet.taken.connect(end)
            sheet.given_up.connect(lambda: end(None))
            sheet.open()
        ahead = next((one for one in sheets if one.on == first), sheets[0])
        ahead.activateWindow()
        ahead.setFocus()
        announce(ahead, ahead.accessibleDescription())
        return await chosen
    finally:
        for sheet in sheets:
            sheet.hide()
            sheet.deleteLater()


class RegionSheet(QWidget):
    """Lies over one screen and shows what was on it. ``taken(QImage)`` when a part is drawn or Enter is
    pressed, ``given_up()`` at Escape or the right button."""

    taken = Signal(object)
    given_up = Signal()

    def __init__(self, screen: QScreen, image: QImage) -> None:
        flags = Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint | Qt.WindowType.Tool
        super().__init__(None, flags)
        self.on = screen
        self._image = image
        self._from: QPoint | None = None
        self.chosen = QRect()
        """The part, in logical pixels of the screen."""
        self.setGeometry(screen.geometry())
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setWindowTitle(self.tr("Part of the screen"))
        self.setAccessibleName(self.windowTitle())
        self.setAccessibleDescription(
            self.tr(
                "Draw the part with the mouse. Or move it by the arrows, with Shift make it larger or "
                "smaller, and take it by Enter. Escape gives up."
            )
        )

    def open(self) -> None:
        """Cover the screen."""
        self.setGeometry(self.on.geometry())
        self.show()
        self.raise_()

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            self.given_up.emit()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._from = event.position().toPoint()
            self._choose(QRect(self._from, self._from))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            at, start = event.position().toPoint(), self._from
            first = QPoint(min(at.x(), start.x()), min(at.y(), start.y()))
            self._choose(QRect(first, QPoint(max(at.x(), start.x()), max(at.y(), start.y()))))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is not None and event.button() == Qt.MouseButton.LeftButton:
            self._from = None
            self._take()

    # The keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = _Key(event.key()), event.modifiers()
        if key == _Key.Key_Escape:
            self.given_up.emit()
        elif key in (_Key.Key_Return, _Key.Key_Enter):
            self._take()
        else:
            far = _STEP if held & Qt.KeyboardModifier.ControlModifier else _STRIDE
            steps = {
                _Key.Key_Left: QPoint(-far, 0),
                _Key.Key_Right: QPoint(far, 0),
                _Key.Key_Up: QPoint(0, -far),
                _Key.Key_Down: QPoint(0, far),
            }
            if key in steps:
                self._move(steps[key], grow=bool(held & Qt.KeyboardModifier.ShiftModifier))

    def _move(self, by: QPoint, *, grow: bool) -> None:
        """Move the part or its lower right corner; at first it is the middle of the screen."""
        whole, chosen = self.rect(), QRect(self.chosen)
        if chosen.isEmpty():
            chosen = QRect(whole.width() // 4, whole.height() // 4, whole.width() // 2, whole.height() // 2)
        elif grow:
            chosen.setBottomRight(chosen.bottomRight() + by)
        else:
            chosen.translate(by)
            chosen.moveLeft(max(0, min(chosen.left(), whole.width() - chosen.width())))
            chosen.moveTop(max(0, min(chosen.top(), whole.height() - chosen.height())))
        if chosen.width() >= _LEAST and chosen.height() >= _LEAST:
            self._choose(chosen & whole)
            announce(self, self._size_words())

    # The part

    def _choose(self, part: QRect) -> None:
        self.chosen = part & self.rect()
        self.update()

    def _take(self) -> None:
        if self.chosen.width() < _LEAST or self.chosen.height() < _LEAST:
            # A click without a drag chooses nothing.
            self._choose(QRect())
            return
        self.taken.emit(self._image.copy(self._in_pixels(self.chosen)))

    def _in_pixels(self, part: QRect) -> QRect:
        """A part in the pixels of the picture."""
        across = self._image.width() / max(1, self.width())
        down = self._image.height() / max(1, self.height())
        return QRect(
            round(part.x() * across),
            round(part.y() * down),
            round(part.width() * across),
            round(part.height() * down),
        )

    def _size_words(self) -> str:
        part = self._in_pixels(self.chosen)
        return f"{number(part.width())} × {number(part.height())}"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._image)
        painter.fillRect(self.rect(), theme().color("scrim"))
        if self.chosen.isEmpty():
            self._paint_words(
                painter, self.accessibleDescription(), QPoint(self.width() // 2, 48), middle=True
            )
        else:
            painter.drawImage(self.chosen, self._image, self._in_pixels(self.chosen))
            box(painter, self.chosen.adjusted(-2, -2, 2, 2), 0, None, "accent", 2)
            below = self.chosen.bottomLeft() + QPoint(0, 20)
            above = self.chosen.topLeft() - QPoint(0, 16)
            self._paint_words(painter, self._size_words(), below if below.y() < self.height() - 24 else above)
        painter.end()

    def _paint_words(self, painter: QPainter, words: str, at: QPoint, *, middle: bool = False) -> None:
        """Words on a ground of their own: anything may be below."""
        font = theme().metrics("ui")
        wide = min(font.horizontalAdvance(words) + 28, self.width() - 24)
        lines = font.boundingRect(
            QRect(0, 0, wide - 20, 1000), Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, words
        )
        place = QRect(0, 0, wide, lines.height() + 12)
        place.moveCenter(at)
        if not middle:
            place.moveLeft(max(4, min(at.x(), self.width() - wide - 4)))
        box(painter, place, theme().corner("control"), "tooltip")
        painter.setFont(theme().font("ui"))
        painter.setPen(theme().color("tooltiptext"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
