"""A run's columns as a chart, with the table that says the same: pass rate against cost."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from chatbench.core.runs import Run
from chatbench.services.runs import ColumnStatistics, RunStatistics, names_of
from chatbench.ui import quantities
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.workbench.runs.figures import percent
from chatbench.ui.workbench.runs.heads import letter

_SIZE: Final = (900, 560)
_MARK: Final = 5
_ROOM: Final = 1.1
"""How much further than the dearest column the scale of money goes."""


class CostAndQuality(QWidget):
    """A point for each column; those that nothing else beats are joined. The table holds the numbers."""

    def __init__(self, columns: tuple[ColumnStatistics, ...]) -> None:
        super().__init__()
        self._columns = [one for one in columns if cost_of(one) is not None and one.summary.rate is not None]
        self.setAccessibleName(self.tr("Pass rate against cost, in numbers in the table beside it"))

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(400), theme().scaled(360))

    def place(self, column: ColumnStatistics) -> QPointF:
        """Where the point of a column stands."""
        area = self._area()
        dearest = max((cost_of(one) or 0.0 for one in self._columns), default=0.0) * _ROOM or 1.0
        x = area.left() + area.width() * (cost_of(column) or 0.0) / dearest
        return QPointF(x, area.bottom() - area.height() * (column.summary.rate or 0.0))

    def _area(self) -> QRectF:
        left, below = theme().scaled(52), theme().scaled(34)
        return QRectF(self.rect()).adjusted(left, theme().scaled(12), -theme().scaled(16), -below)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        painter.setFont(theme().font("micro"))
        for step in range(5):
            y = area.bottom() - area.height() * step / 4
            painter.setPen(theme().color("line"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme().color("text3"))
            words = QRectF(0, y - 10, area.left() - 6, 20)
            painter.drawText(
                words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, percent(step / 4, 0)
            )
        painter.drawText(
            QRectF(area.left(), area.bottom() + 8, area.width(), 24),
            Qt.AlignmentFlag.AlignCenter,
            self.tr("US dollars an answer, cheaper to the left"),
        )
        best = sorted((one for one in self._columns if one.best_value), key=lambda one: cost_of(one) or 0.0)
        painter.setPen(QPen(theme().color("accent"), 1, Qt.PenStyle.DashLine))
        painter.drawPolyline([self.place(one) for one in best])
        for one in self._columns:
            self._paint_point(painter, one)
        painter.end()

    def _paint_point(self, painter: QPainter, one: ColumnStatistics) -> None:
        at = self.place(one)
        painter.setPen(QPen(theme().color("accent"), 1.5))
        painter.setBrush(theme().color("accent" if one.best_value else "page"))
        painter.drawEllipse(at, _MARK, _MARK)
        painter.setPen(theme().color("text"))
        painter.drawText(at + QPointF(_MARK + 4, -_MARK), letter(one.index))


class ChartsDialog(QDialog):
    """The columns of a run beside each other, as a picture and as a table."""

    def __init__(self, run: Run, statistics: RunStatistics, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Cost and quality of run {0}").format(run.number))
        self.chart = CostAndQuality(statistics.columns)
        self.table = self._made(run, statistics)
        told = Label(
            self.tr("Filled points are columns that no other beats: none is as good for less."),
            font="small", color="text2", wrap=True,
        )  # fmt: skip
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        both = QHBoxLayout()
        both.addWidget(self.chart, 1)
        both.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.addWidget(told, 1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.addLayout(both, 1)
        column.addLayout(foot)
        fit_dialog(self, *_SIZE)

    def _made(self, run: Run, statistics: RunStatistics) -> QTableWidget:
        heads = (
            self.tr("Column"), self.tr("Pass rate"), self.tr("An answer"), self.tr("Mean score"),
            self.tr("Median"), self.tr("Best value"),
        )  # fmt: skip
        table = QTableWidget(len(statistics.columns), len(heads))
        table.setAccessibleName(self.tr("Columns of the run"))
        table.setHorizontalHeaderLabels(heads)
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        for at, (one, name) in enumerate(zip(statistics.columns, names_of(run), strict=True)):
            summary, cost = one.summary, cost_of(one)
            score, ms = summary.mean_score, summary.median_ms
            cells = (
                f"{letter(at)} {name}",
                percent(summary.rate) if summary.rate is not None else "",
                self.tr("price unknown") if cost is None else quantities.amount(summary.cost / one.done),
                quantities.decimals(score, 2) if score is not None else "",
                quantities.duration(ms / 1000) if ms is not None else "",
                self.tr("yes") if one.best_value else "",
            )
            for across, words in enumerate(cells):
                table.setItem(at, across, QTableWidgetItem(words))
        table.resizeColumnsToContents()
        return table


def cost_of(column: ColumnStatistics) -> float | None:
    """US dollars of one answer; None where a price is unknown."""
    if column.summary.unpriced or not column.done:
        return None
    return float(column.summary.cost / column.done)
