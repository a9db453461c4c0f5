"""A variable's name as it stands in a prompt."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets.paint import box


class PlaceLabel(QWidget):
    """`{{name}}` on its ground, from left to right in every interface; too long a name is shortened."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = "{{" + name + "}}"
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        words = theme().metrics("ui", 500).horizontalAdvance(self._text)
        return QSize(min(words + 9, theme().scaled(150)), theme().control("field"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        line = theme().line("ui")
        ground = self.rect().adjusted(0, (self.height() - line) // 2, 0, 0)
        ground.setHeight(line)
        box(painter, ground, theme().corner("inline"), "selected")
        painter.setFont(theme().font("ui", 500))
        painter.setPen(theme().color("accenttext"))
        inner = ground.adjusted(4, 0, -4, 0)
        shown = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, inner.width())
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()
