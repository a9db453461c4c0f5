"""The shape of the focus ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

if TYPE_CHECKING:
    from chatbench.ui.theme.current import Theme

RING_WIDTH: Final = 2


def draw_ring(painter: QPainter, theme: Theme, outer: QRectF, radius: float) -> None:
    """Draw the 2 px ring whose outer edge is ``outer``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("accent"), RING_WIDTH))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    half = RING_WIDTH / 2
    painter.drawRoundedRect(outer.adjusted(half, half, -half, -half), radius, radius)
    painter.restore()
