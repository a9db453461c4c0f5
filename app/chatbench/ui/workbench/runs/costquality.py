"""Pass rate against cost: a point for each column of a run, those joined that nothing else beats."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from chatbench.services.runs import ColumnStatistics, round_step
from chatbench.ui.theme import theme
from chatbench.ui.workbench.runs.charted import cost_of, value_words
from chatbench.ui.workbench.runs.figures import percent
from chatbench.ui.workbench.runs.heads import letter

_MARK: Final = 5
_STEPS: Final = 4


class CostAndQuality(QWidget):
    """The columns whose price and pass rate are known. The table holds the numbers."""

    def __init__(self, columns: tuple[ColumnStatistics, ...]) -> None:
        super().__init__()
        self._columns = [one for one in columns if cost_of(one) is not None and one.summary.rate is not None]
        self.setAccessibleName(self.tr("Pass rate against cost; the table has it in numbers"))

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(400), theme().scaled(360))

    def place(self, column: ColumnStatistics) -> QPointF:
        """Where the point of a column stands."""
        area = self._area()
        x = area.left() + area.width() * (cost_of(column) or 0.0) / self._most()
        return QPointF(x, area.bottom() - area.height() * (column.summary.rate or 0.0))

    def _most(self) -> float:
        dearest = max((cost_of(one) or 0.0 for one in self._columns), default=0.0)
        return round_step(dearest, _STEPS) * _STEPS

    def _area(self) -> QRectF:
        left, below = theme().scaled(52), theme().scaled(52)
        return QRectF(self.rect()).adjusted(left, theme().scaled(12), -theme().scaled(24), -below)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._paint_axes(painter)
        best = sorted((one for one in self._columns if one.best_value), key=lambda one: cost_of(one) or 0.0)
        painter.setPen(QPen(theme().color("accent"), 1, Qt.PenStyle.DashLine))
        painter.drawPolyline([self.place(one) for one in best])
        for one in self._columns:
            self._paint_point(painter, one)
        painter.end()

    def _paint_axes(self, painter: QPainter) -> None:
        area = self._area()
        painter.setFont(theme().font("micro"))
        high = theme().line("micro")
        for step in range(_STEPS + 1):
            share = step / _STEPS
            y = area.bottom() - area.height() * share
            painter.setPen(theme().color("line"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme().color("text2"))
            beside = QRectF(0, y - high / 2, area.left() - 6, high)
            painter.drawText(
                beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, percent(share, 0)
            )
            x = area.left() + area.width() * share
            below = QRectF(x - 60, area.bottom() + 4, 120, high)
            words = value_words("cost", self._most() * share)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)
        painter.drawText(
            QRectF(area.left(), area.bottom() + high + 8, area.width(), high),
            Qt.AlignmentFlag.AlignCenter,
            self.tr("US dollars an answer, cheaper to the left"),
        )

    def _paint_point(self, painter: QPainter, one: ColumnStatistics) -> None:
        at = self.place(one)
        painter.setPen(QPen(theme().color("accent"), 1.5))
        painter.setBrush(theme().color("accent" if one.best_value else "page"))
        mark = theme().scaled(_MARK)
        painter.drawEllipse(at, mark, mark)
        painter.setPen(theme().color("text"))
        painter.drawText(at + QPointF(mark + 4, -mark), letter(one.index))
