"""The card that the words stand on."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import box


class Card(QWidget):
    """Its border tells whether the words have the focus."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._focused = False

    def show_focus(self, focused: bool) -> None:
        """Whether the words have the focus."""
        self._focused = focused
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        width = 2 if self._focused else 1
        border: ColorRole = "accent" if self._focused else "linectl"
        box(painter, self.rect(), theme().corner("popup"), "raised", border, width)
        painter.end()
