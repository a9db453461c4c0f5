"""The column of a data set that fills a variable, and what it holds in the row in view."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from chatbench.services.datasets.values import text_of
from chatbench.ui import icons
from chatbench.ui.theme import FontRole, theme
from chatbench.ui.widgets import PaintedButton, tip
from chatbench.ui.widgets.paint import box, draw_title

_PAD: Final = 6
_GAP: Final = 6
_MARK: Final = 13
_LEAST_VALUE: Final = 70
_MOST_SHOWN: Final = 300
_MOST_TOLD: Final = 1200


class ColumnValue(PaintedButton):
    """`column tier  gold`; pressed, it lets another be chosen."""

    def __init__(self, variable: str, column: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._variable, self._column = variable, column
        self._word = self.tr("column")
        self._shown = ""
        self._left = 0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.show_value(None)

    @property
    def column(self) -> str:
        return self._column

    def shown(self) -> str:
        """The words of the value, or that there are none."""
        return self._shown

    def show_value(self, value: Any) -> None:
        """What the column holds in the row in view."""
        text = text_of(value)
        self._shown = " ".join(text[:_MOST_SHOWN].split()) or self.tr("empty in this row")
        told = text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"
        name = self.tr("{0}: column {1}").format(self._variable, self._column)
        self.setAccessibleName(name)
        self.setAccessibleDescription(self._shown)
        self.setToolTip(tip(name, reason=told))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(160), theme().control("field"))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(60), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if fill := self.state_fill(None):
            box(painter, self.rect(), theme().corner("control"), fill)
        self._left = theme().scaled(_PAD)
        edge = theme().icon_size(_MARK)
        icons.draw(painter, "table-2", self._place(edge), "text2")
        painter.setPen(theme().color("text2"))
        if self._has_room():
            self._write(painter, self._word, "small")
        painter.setPen(theme().color("text"))
        self._write(painter, self._column, "ui", 600, most=0.6)
        painter.setPen(theme().color("text2"))
        self._write(painter, self._shown, "small")
        painter.end()

    def _has_room(self) -> bool:
        """Whether the word before the name leaves some for the value."""
        names = theme().metrics("ui", 600).horizontalAdvance(self._column)
        word = theme().metrics("small").horizontalAdvance(self._word)
        return self.width() - self._left - names - word >= theme().scaled(_LEAST_VALUE)

    def _write(
        self, painter: QPainter, text: str, font: FontRole, weight: int | None = None, most: float = 1.0
    ) -> None:
        """Behind what stands there; not over more than a part of the room that is left."""
        room = self.width() - self._left - theme().scaled(_PAD)
        wide = min(theme().metrics(font, weight).horizontalAdvance(text) + 1, int(room * most))
        if wide > 0:
            painter.setFont(theme().font(font, weight))
            draw_title(painter, self._place(wide), text, self.layoutDirection())

    def _place(self, wide: int) -> QRect:
        """The next piece of the line, as the interface reads."""
        place = QRect(self._left, 0, wide, self.height())
        self._left += wide + _GAP
        return QStyle.visualRect(self.layoutDirection(), self.rect(), place)
