"""The focus ring: drawn by one proxy style, shown only when the keyboard moved the focus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFocusFrame,
    QLineEdit,
    QProxyStyle,
    QStyle,
    QStyleFactory,
    QStyleOption,
    QWidget,
)
from shiboken6 import isValid

if TYPE_CHECKING:
    from chatbench.ui.theme.current import Theme

RING_WIDTH: Final = 2
RING_GAP: Final = 2
_OWN_BORDER: Final = (QLineEdit, QAbstractScrollArea, QAbstractSpinBox, QComboBox)
"""Fields show their focus by their border; lists draw it inside the current row."""


class RingStyle(QProxyStyle):
    """Fusion with the program's focus ring.

    It is set on the focus frame alone: a style written in Python on the whole application
    would be called thousands of times before the first paint.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(QStyleFactory.create("Fusion"))
        self._theme = theme

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        if metric in {QStyle.PixelMetric.PM_FocusFrameHMargin, QStyle.PixelMetric.PM_FocusFrameVMargin}:
            return RING_WIDTH + RING_GAP
        return super().pixelMetric(metric, option, widget)

    def drawControl(
        self,
        element: QStyle.ControlElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        if element != QStyle.ControlElement.CE_FocusFrame:
            super().drawControl(element, option, painter, widget)
            return
        target = widget.widget() if isinstance(widget, QFocusFrame) else None
        corner = float(getattr(target, "ring_corner", self._theme.corner("control")))
        draw_ring(painter, self._theme, QRectF(option.rect), corner + RING_GAP)


def draw_ring(painter: QPainter, theme: Theme, outer: QRectF, radius: float) -> None:
    """Draw the 2 px ring whose outer edge is ``outer``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("accent"), RING_WIDTH))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    half = RING_WIDTH / 2
    painter.drawRoundedRect(outer.adjusted(half, half, -half, -half), radius, radius)
    painter.restore()


class KeyboardFocus(QObject):
    """Knows which widget the keyboard has focused, and puts the ring around it.

    A widget chooses by class attributes: ``focus_ring`` is "outside" (the default), "inside"
    (it paints the ring itself, asking ``theme().keyboard_focused(self)``) or "none";
    ``ring_corner`` is its own corner radius in pixels.
    """

    def __init__(self, app: QApplication, theme: Theme) -> None:
        super().__init__(theme)
        self._theme = theme
        self._style: RingStyle | None = None
        self._frame: QFocusFrame | None = None
        self._widget: QWidget | None = None
        app.focusChanged.connect(self._focus_changed)

    def holds(self, widget: QWidget) -> bool:
        """Whether ``widget`` has the focus and got it from the keyboard."""
        return self._widget is widget

    def _focus_changed(self, _old: QWidget | None, now: QWidget | None) -> None:
        self._drop()
        if now is None:
            return
        window = now.window()
        # Qt sets this attribute when Tab, an arrow or a shortcut moves the focus, and never
        # takes it back; cleared here, it tells about this one change of focus only.
        if not window.testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            return
        window.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange, False)
        self._widget = now
        ring = getattr(now, "focus_ring", "none" if isinstance(now, _OWN_BORDER) else "outside")
        if ring == "outside" and now.parentWidget() is not None:
            self._show(now)
        else:
            now.update()

    def _show(self, widget: QWidget) -> None:
        if self._style is None:
            self._style = RingStyle(self._theme)
            self._style.setParent(self)
        self._frame = QFocusFrame(widget.parentWidget())
        self._frame.setStyle(self._style)
        self._frame.setWidget(widget)

    def _drop(self) -> None:
        if self._frame is not None and isValid(self._frame):
            self._frame.setWidget(None)  # type: ignore[arg-type]
            self._frame.deleteLater()
        self._frame = None
        if self._widget is not None and isValid(self._widget):
            self._widget.update()
        self._widget = None
