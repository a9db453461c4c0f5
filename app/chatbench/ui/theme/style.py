"""The proxy style that draws the focus ring. Imported when the keyboard first moves the focus.

QStyle's enumerations take 6 ms to make, which the first paint can do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFocusFrame, QProxyStyle, QStyle, QStyleFactory, QStyleOption, QWidget

from chatbench.ui.theme.ring import RING_WIDTH, draw_ring

if TYPE_CHECKING:
    from chatbench.ui.theme.current import Theme

RING_GAP: Final = 2


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
