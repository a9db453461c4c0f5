"""Where a drag is: Qt 6.12 wants a QPointF where earlier versions take only a QPoint."""

from __future__ import annotations

from typing import Any

import PySide6
from PySide6.QtCore import QPoint, QPointF

_TAKES_FRACTIONS = PySide6.__version_info__ >= (6, 12)


def drag_point(x: int, y: int) -> Any:
    """A position for QDragEnterEvent and QDragMoveEvent."""
    return QPointF(x, y) if _TAKES_FRACTIONS else QPoint(x, y)
