"""The areas beside the pane: they stand in the window or slide over it, and can be made wider."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEasingCurve, QRect, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets.sections import Surface

Edge = Literal["start", "end"]


class _Grip(QWidget):
    """The edge one drags: 6 px to hit over a 1 px line. Double click restores the usual width."""

    dragged = Signal(int)
    reset = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(round(event.globalPosition().x()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.underMouse():
            painter = QPainter(self)
            painter.fillRect(self.rect().adjusted(2, 0, -2, 0), theme().color("btnline"))
            painter.end()


class SideArea(Surface):
    """Sidebar or inspector. The window places it; it knows its width and whether it is open.

    ``wanted_width`` is in pixels at text size 1; ``moved()`` asks the window to arrange again
    (it slides, or its width changed); ``toggled(bool)`` tells that it opened or closed.
    ``width_chosen(px)`` and ``open_changed(bool)`` (standing in the window, not as a drawer)
    are what the reader did, to be remembered.
    """

    moved = Signal()
    width_chosen = Signal(int)
    open_changed = Signal(bool)
    toggled = Signal(bool)

    def __init__(self, edge: Edge, widths: tuple[int, int, int], parent: QWidget) -> None:
        super().__init__("chrome", parent=parent)
        self.edge: Edge = edge
        self._least, self._usual, self._greatest = widths
        self.wanted_width = self._usual
        self.open = True
        self.shown_part = 1.0
        """How far it has slid in: 0 is hidden, 1 is all of it."""
        self.stack = QStackedWidget(self)
        self._grip = _Grip(self)
        self._grip.dragged.connect(self._drag)
        self._grip.reset.connect(lambda: self._set_width(self._usual))
        self._slide = QVariantAnimation(self)
        self._slide.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._slide.valueChanged.connect(self._slid)
        self._slide.finished.connect(self._arrived)

    def area_width(self) -> int:
        """Its width in pixels at the present text size."""
        return theme().scaled(self.wanted_width)

    def set_open(self, is_open: bool, *, animated: bool = True) -> None:
        """Slide in or out. The widget is hidden once it is out."""
        if is_open != self.open:
            self.open = is_open
            self.toggled.emit(is_open)
        duration = theme().duration("slide") if animated and self.window().isVisible() else 0
        self._slide.stop()
        if duration == 0:
            self.shown_part = 1.0 if is_open else 0.0
            self._arrived()
            return
        self.setVisible(True)
        self._slide.setDuration(duration)
        self._slide.setStartValue(self.shown_part)
        self._slide.setEndValue(1.0 if is_open else 0.0)
        self._slide.start()

    def focus_first(self) -> None:
        """Move the focus to the first control inside."""
        inside = self.stack.currentWidget()
        for widget in inside.findChildren(QWidget) if inside is not None else ():
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisibleTo(self):
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def _slid(self, value: float) -> None:
        self.shown_part = float(value)
        self.moved.emit()

    def _arrived(self) -> None:
        self.setVisible(self.shown_part > 0)
        self.moved.emit()

    def _drag(self, global_x: int) -> None:
        left = self.mapToGlobal(self.rect().topLeft()).x()
        grip_at_right = self._grip_at_right()
        pixels = global_x - left if grip_at_right else left + self.width() - global_x
        self._set_width(round(pixels / theme().scaled(100) * 100))

    def _grip_at_right(self) -> bool:
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        return (self.edge == "start") != rtl

    def _set_width(self, width: int) -> None:
        width = max(self._least, min(self._greatest, width))
        if width != self.wanted_width:
            self.wanted_width = width
            self.width_chosen.emit(width)
            self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        at_right = self._grip_at_right()
        inner = self.rect().adjusted(0 if at_right else 1, 0, -1 if at_right else 0, 0)
        self.stack.setGeometry(inner)
        x = self.width() - 6 if at_right else 0
        self._grip.setGeometry(QRect(x, 0, 6, self.height()))
        self._grip.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        x = self.width() - 1 if self._grip_at_right() else 0
        painter.fillRect(x, 0, 1, self.height(), theme().color("line"))
        painter.end()


class Scrim(QWidget):
    """What lies behind an open drawer; a press on it (or Escape) closes the drawer."""

    pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.pressed.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme().color("scrim"))
        painter.end()
