"""A run drawn: cost against quality, its rows as a heat map, its values as histograms; each with the table
that says the same."""

from __future__ import annotations

from typing import Final, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from chatbench.core.errors import ChatbenchError
from chatbench.core.runs import Run
from chatbench.services import Services
from chatbench.services.runs import SPREAD, Charts, Measure, RunStatistics
from chatbench.ui.aio import Rereading
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, SegmentControl, Select
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.forms import scrolling
from chatbench.ui.widgets.paint import ring_inside
from chatbench.ui.workbench.runs.charted import (
    Drawn,
    Table,
    heat_of,
    measure_name,
    ratings_of,
    spread_of,
    value_table,
)
from chatbench.ui.workbench.runs.costquality import CostAndQuality
from chatbench.ui.workbench.runs.strips import StripChart

_SIZE: Final = (960, 600)
_LEADING: Final = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
_TRAILING: Final = Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter


class _Table(QTableWidget):
    """Shows that it has the focus."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        ring_inside(painter, self, self.viewport().rect(), theme().corner("inline"))
        painter.end()


class ChartsDialog(QDialog):
    """`row_wanted(row, column)`: the reader wants to see those rows in the run's own table."""

    row_wanted = Signal(int, int)

    def __init__(
        self, services: Services, run: Run, statistics: RunStatistics, names: tuple[str, ...], parent: QWidget
    ) -> None:
        """`names` are what the columns are called."""
        super().__init__(parent)
        self._services = services
        self._run = run
        self._names = names
        self._statistics = statistics
        self.charts: Charts | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Charts of run {0}").format(run.number))
        kinds = [
            ("value", self.tr("Cost and quality")),
            ("heat", self.tr("Heat map")),
            ("spread", self.tr("Histogram")),
            ("ratings", self.tr("Ratings")),
        ]
        self.kind = SegmentControl(kinds, name=self.tr("Kind of chart"))
        self.measure = Select(name=self.tr("What is drawn"))
        self.measure.setSizeAdjustPolicy(Select.SizeAdjustPolicy.AdjustToContents)
        faces = [("chart", self.tr("Chart")), ("table", self.tr("Table"))]
        self.face = SegmentControl(faces, name=self.tr("Chart or table"))
        self.chart = CostAndQuality(statistics.columns)
        self.strips = StripChart()
        self.table = _Table()
        self.told = Label(font="small", color="text2", wrap=True)
        self.stack = QStackedWidget()
        self._scroll = scrolling(self.strips)
        for one in (self.chart, self._scroll, self.table):
            self.stack.addWidget(one)
        self._lay_out()
        self._connect()
        self._reading = Rereading(self._read, self, "run-charts")
        self._turn("value")
        self._reading.again()
        fit_dialog(self, *_SIZE)

    def _lay_out(self) -> None:
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.kind)
        top.addWidget(self.measure)
        top.addStretch(1)
        top.addWidget(self.face)
        foot = QHBoxLayout()
        foot.addWidget(self.told, 1)
        foot.addWidget(close, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self.stack, 1)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.kind.changed.connect(self._turn)
        self.face.changed.connect(lambda _face: self._show())
        self.measure.currentIndexChanged.connect(lambda _at: self._show())
        self.strips.chosen.connect(self._choose)

    async def settled(self) -> None:
        """Waits for what is being read."""
        await self._reading.ended()

    async def _read(self) -> None:
        try:
            self.charts = await self._services.runs.charts(self._run.id)
        except ChatbenchError as error:
            self.told.setText(error.message)
            return
        self._show()

    def show_chart(self, kind: str, measure: Measure) -> None:
        """Turns to a kind of chart (`value`, `heat` or `spread`), of this measure where it has it."""
        self.kind.set_current(kind)
        self._turn(kind)
        self.measure.setCurrentIndex(max(0, self.measure.findData(measure)))

    def _turn(self, kind: str) -> None:
        """Another kind of chart, of the same measure where it has it."""
        before = self.measure.currentData()
        self.measure.blockSignals(True)
        self.measure.clear()
        measures = SPREAD if kind == "spread" else ("passed", *SPREAD)
        for measure in measures:
            self.measure.addItem(measure_name(measure), measure)
        self.measure.setCurrentIndex(max(0, self.measure.findData(before)))
        self.measure.blockSignals(False)
        self.measure.setVisible(kind in ("heat", "spread"))
        self._show()

    def _show(self) -> None:
        if self.kind.current() == "value":
            table = value_table(self._statistics, self._names)
            self.told.setText(
                self.tr("Filled points are columns that no other beats: none is as good for less.")
            )
        else:
            drawn = self._drawn()
            if drawn is None:
                self.told.setText(self.tr("Counting…"))
                self.stack.setCurrentWidget(self._scroll)
                return
            table = drawn.table
            self.told.setText(drawn.told)
            self.strips.show_strips(drawn.strips, f"{self.windowTitle()}: {table.heads[0]}")
        if self.face.current() == "table":
            self._fill(table)
            self.stack.setCurrentWidget(self.table)
        else:
            self.stack.setCurrentWidget(self.chart if self.kind.current() == "value" else self._scroll)

    def _drawn(self) -> Drawn | None:
        if self.charts is None:
            return None
        if self.kind.current() == "ratings":
            return ratings_of(self.charts, self._names)
        measure = cast("Measure", self.measure.currentData())
        make = heat_of if self.kind.current() == "heat" else spread_of
        return make(self.charts, measure, self._names)

    def _fill(self, table: Table) -> None:
        self.table.clear()
        self.table.setRowCount(len(table.rows))
        self.table.setColumnCount(len(table.heads))
        for across, words in enumerate(table.heads):
            head = QTableWidgetItem(words)
            head.setTextAlignment(_LEADING if not across else _TRAILING)
            self.table.setHorizontalHeaderItem(across, head)
        self.table.setAccessibleName(f"{self.windowTitle()}: {table.heads[0]}")
        for down, cells in enumerate(table.rows):
            for across, words in enumerate(cells):
                item = QTableWidgetItem(words)
                if across:
                    item.setTextAlignment(_TRAILING)
                self.table.setItem(down, across, item)
        self.table.resizeColumnsToContents()
        self.table.resizeRowsToContents()

    def _choose(self, column: int, place: int) -> None:
        if self.kind.current() == "heat" and self.charts is not None:
            measure = cast("Measure", self.measure.currentData())
            self.row_wanted.emit(self.charts.heat[measure].bands[place].first, column)
            self.accept()
