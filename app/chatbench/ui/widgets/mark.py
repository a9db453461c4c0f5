"""An icon that stands by itself and tells a state by its shape."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, theme


class Mark(QWidget):
    """An icon in a role's colour; without a ``name`` for screen readers it is an ornament."""

    def __init__(
        self,
        icon: str,
        color: ColorRole = "text2",
        *,
        size: int = 16,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon, self._color, self._size = icon, color, size
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, icon: str, color: ColorRole) -> None:
        """Change the icon and its colour."""
        self._icon, self._color = icon, color
        self.update()

    def sizeHint(self) -> QSize:
        edge = theme().icon_size(self._size)
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        icons.draw(painter, self._icon, self.rect(), self._color)
        painter.end()
