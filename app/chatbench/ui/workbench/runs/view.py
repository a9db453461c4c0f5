"""A run: its head, its table, the cell that is open beside it, and its checks."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError
from chatbench.core.runs import CellKey, CellRating, Run
from chatbench.services import Services
from chatbench.services.runs import Live, RunStatistics
from chatbench.services.runs.handing import cell_as_chat, cell_to_dataset
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Label, Surface, announce, gauge_clock
from chatbench.ui.workbench.runs.cellpanel import CellPanel
from chatbench.ui.workbench.runs.charts import ChartsDialog
from chatbench.ui.workbench.runs.comparing import Comparison
from chatbench.ui.workbench.runs.exporting import Exports
from chatbench.ui.workbench.runs.figures import ColumnFigures
from chatbench.ui.workbench.runs.foot import Foot
from chatbench.ui.workbench.runs.grid import Grid
from chatbench.ui.workbench.runs.pages import Pages
from chatbench.ui.workbench.runs.progress import ProgressHead
from chatbench.ui.workbench.runs.tablemodel import CellModel

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import Hands

_CLOCK_MS: Final = 100
_LEAST_BETWEEN_S: Final = 1.0
_TIMES_LONGER: Final = 10
"""The heads are counted anew so much more seldom than it takes."""
_PANEL: Final = 320
_ALONE_BELOW: Final = 560
"""Narrower than this, the open cell stands in place of the table."""


class RunView(Surface):
    """Shows the run with this id; `release` before it goes. `said(words)`: something was done that is not
    seen here."""

    said = Signal(str)

    def __init__(
        self, services: Services, run_id: str, parent: QWidget | None = None, *, hands: Hands | None = None
    ) -> None:
        """`hands` opens chats; without it a cell cannot be opened as one."""
        super().__init__("page", parent=parent)
        self.id = run_id
        self._services = services
        self._hands = hands
        self.run: Run | None = None
        self.statistics: RunStatistics | None = None
        self._counted_at, self._counting_took = float("-inf"), 0.0
        self._uncounted = False
        self.setAccessibleName(self.tr("Run"))
        self.head = ProgressHead()
        self.comparison = Comparison(services, self)
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.foot = Foot()
        self.grid: Grid
        self.panel: CellPanel
        self._model: CellModel
        self._pages: Pages
        self.exports = Exports(services, self)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._tick)
        self._loading = Rereading(self._load, self, "run")
        self._counting = Rereading(self._count, self, "run-statistics")
        self._filtering = Rereading(self._filter, self, "run-filter")
        self._lay_out()
        self._connect()
        self._deaf = services.changes.connect(self._changed)
        self.destroyed.connect(self._deaf)
        theme().changed.connect(self._wear)
        self._loading.again()

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(0)
        for one in (self.head, self.comparison, self.problem):
            column.addWidget(one)
        column.addWidget(self.split, 1)
        column.addWidget(self.foot)
        self.set_layout(column)
        self.head.hide()
        self.foot.hide()

    def _connect(self) -> None:
        runs = self._services.runs
        self.head.paused.connect(lambda: self._do(runs.pause(self.id)))
        self.head.resumed.connect(lambda: self._do(runs.resume(self.id)))
        self.head.stopped.connect(lambda: self._do(runs.stop(self.id)))
        self.head.concurrency.connect(lambda count: runs.set_concurrency(self.id, count))
        self.head.compare.clicked.connect(self._compare_menu)
        self.head.more.clicked.connect(self._more_menu)
        self.foot.filtered.connect(self._filtering.again)
        self.comparison.marked.connect(self._mark)
        self.comparison.only.connect(self._filtering.again)

    # For whoever holds it

    def release(self) -> None:
        """Stops listening; the run goes on."""
        self._deaf()
        self._clock.stop()
        gauge_clock().leave(self)

    async def settled(self) -> None:
        """Waits for what is being read."""
        await self._loading.ended()
        await self._counting.ended()
        await self._filtering.ended()

    @property
    def is_live(self) -> bool:
        """Whether it looks at the run again and again, because it is under way."""
        return self._clock.isActive()

    def open_cell(self, key: CellKey) -> None:
        """Shows a cell beside the table."""
        self.panel.setVisible(True)
        self.panel.show_cell(key)
        self._arrange()

    def close_cell(self) -> None:
        """The table has the whole room again."""
        self.panel.hide()
        self._arrange()
        self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def do(self, work: Coroutine[Any, Any, Any], name: str = "run") -> None:
        """Does something with the run; what goes wrong is said."""
        self._do(work, name)

    def tell(self, words: str, *, at_once: bool = False) -> None:
        """Says what went wrong, or takes that back with ""."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        if words:
            announce(self, words, at_once=at_once)

    # What is read

    async def _load(self) -> None:
        try:
            run = await self._services.runs.get(self.id)
        except ChatbenchError as error:
            self.tell(" ".join(filter(None, (error.message, error.hint))), at_once=True)
            return
        if self.run is None:
            self._build(run)
        self.run = run
        self._model.set_run(run)
        self.panel.set_run(run)
        self.exports.run = run
        live = self._services.runs.live(self.id)
        self.head.show_run(run, live)
        self.foot.show_run(run)
        self.grid.show_run(run, await self._rows_named(run))
        self._pages.stale(all_of_them=live is None)
        self._watch(live)
        await self.comparison.look(run)
        self.head.compare.set_label(self.comparison.offered())
        self._uncounted = True
        self._count_if_due()

    def _build(self, run: Run) -> None:
        self._pages = Pages(self._services, run, self)
        self._model = CellModel(run, self._pages, self)
        self.grid = Grid(self._model, self._pages, self)
        self.panel = CellPanel(self._services, run, self)
        self.panel.hide()
        self.split.addWidget(self.grid)
        self.split.addWidget(self.panel)
        self.split.setStretchFactor(0, 1)
        self.split.setSizes([2 * theme().scaled(_PANEL), theme().scaled(_PANEL)])
        self.grid.opened.connect(self.open_cell)
        self.grid.moved.connect(self._follow)
        self.grid.retried.connect(lambda key: self._do(self._ask_again([key])))
        self.grid.rated.connect(self._rate_by_key)
        self.panel.closed.connect(self.close_cell)
        self.panel.retried.connect(lambda key: self._do(self._ask_again([key])))
        self.panel.rated.connect(self._rate)
        self.panel.chat_wanted.connect(lambda key: self._do(self._open_chat(key)))
        self.panel.row_wanted.connect(lambda key: self._do(self._add_row(key)))
        self.panel.chat.setVisible(self._hands is not None)
        self.panel.blinded.connect(self._blind)
        names = {one.model: self._title(one.model) for one in run.columns}
        self.grid.heads.set_names(names)
        self.head.show()
        self.foot.show()

    def _title(self, model: str) -> str:
        from chatbench.core.models import ModelRef

        return self._services.models.info(ModelRef.parse(model)).title

    async def _rows_named(self, run: Run) -> str:
        data = run.plan.data
        if data.id:
            try:
                return (await self._services.datasets.get(data.id)).name
            except ChatbenchError:
                return data.name
        return data.name or data.file

    async def _count(self) -> None:
        began = time.monotonic()
        self._uncounted = False
        try:
            statistics = await self._services.runs.statistics(self.id)
        except ChatbenchError as error:
            self.tell(error.message)
            return
        self.statistics = statistics
        self._counted_at = time.monotonic()
        self._counting_took = self._counted_at - began
        self.grid.set_figures(figures_of(statistics))
        if self.run is not None:
            self.grid.show_run(self.run, await self._rows_named(self.run))

    def _count_if_due(self) -> None:
        wait = max(_LEAST_BETWEEN_S, _TIMES_LONGER * self._counting_took) if self.is_live else 0.0
        if self._uncounted and time.monotonic() - self._counted_at >= wait:
            self._counting.again()

    async def _filter(self) -> None:
        if self.run is None:
            return
        rows: Sequence[int] | None = None
        if self.foot.is_filtering():
            rows = await self._services.runs.failing_rows(self.id, self.foot.check())
        if self.comparison.only_changed():
            changed = self.comparison.changed
            rows = [row for row in (range(self.run.rows) if rows is None else rows) if row in changed]
        self.grid.show_rows(rows)
        self.foot.tell_rows(None if rows is None else len(rows), self.run.rows)

    # While it is under way

    def _watch(self, live: Live | None) -> None:
        under_way = live is not None and live.state == "running"
        if under_way and self.isVisible():
            if not self._clock.isActive():
                self._clock.start()
            gauge_clock().join(self, self._step)
        elif not under_way:
            self._clock.stop()
            gauge_clock().leave(self)
            self._model.set_texts({})

    def _step(self) -> None:
        self.grid.step()

    def _tick(self) -> None:
        if self.run is None:
            return
        live = self._services.runs.live(self.id)
        if live is None or live.state != "running":
            self._clock.stop()
            self._loading.again()
            return
        self.head.show_run(self.run, live)
        self._model.set_texts(live.texts)
        self._count_if_due()

    def _changed(self, changes: Changes) -> None:
        if self.id not in changes.runs:
            return
        if self.is_live and self._services.runs.live(self.id) is not None:
            self._uncounted = True
            self._pages.stale()
            return
        self._loading.again()
        if self.run is not None:
            self.panel.again()

    # What is done

    def _do(self, work: Coroutine[Any, Any, Any], name: str = "run") -> None:
        async def told() -> None:
            self.tell("")
            try:
                await work
            except ChatbenchError as error:
                self.tell(" ".join(filter(None, (error.message, error.hint))), at_once=True)

        spawn(told(), owner=self, name=name)

    async def _ask_again(self, keys: Sequence[CellKey]) -> None:
        await self._services.runs.rerun(self.id, keys)
        self._pages.forget({key.row for key in keys})

    def _rate_by_key(self, key: CellKey, rating: CellRating | None) -> None:
        cell = self._model.cell(key)
        if cell.state == "done":
            same = cell.rating == rating
            note = self.panel.note.text() if self.panel.isVisible() and self.panel.key == key else None
            self._do(self._keep_rating(key, None if same else rating, note))

    def _rate(self, key: CellKey, rating: CellRating | None, note: str) -> None:
        self._do(self._keep_rating(key, rating, note))

    async def _keep_rating(self, key: CellKey, rating: CellRating | None, note: str | None) -> None:
        if note is None:
            cells = await self._services.runs.cells(self.id, [key])
            note = cells[0].note if cells else ""
        await self._services.runs.rate(self.id, key, rating, note)
        self._pages.forget({key.row})
        self.panel.again()

    async def _open_chat(self, key: CellKey) -> None:
        assert self._hands is not None
        services = self._services
        self._hands.open_chat(await cell_as_chat(services.runs, services.chat, self.id, key))

    async def _add_row(self, key: CellKey) -> None:
        services = self._services
        await cell_to_dataset(services.runs, services.datasets, self.id, key)
        self.said.emit(self.tr("The answer is what is expected in the data set now"))

    def _follow(self, key: CellKey) -> None:
        if self.panel.isVisible():
            self.panel.show_cell(key)

    def _blind(self, blind: bool) -> None:
        self.grid.heads.set_blind(blind)
        self.panel.again()

    def _mark(self) -> None:
        self._model.changed_rows = self.comparison.changed
        self.grid.rows.viewport().update()
        self._filtering.again()

    def _compare_menu(self) -> None:
        menu = self.comparison.menu(self.head.compare)
        menu.popup(self.head.compare.mapToGlobal(self.head.compare.rect().bottomLeft()))

    def _more_menu(self) -> None:
        menu = QMenu(self.head.more)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        idle = self.run is not None and not self.is_live
        runs = self._services.runs
        for text, which in (
            (self.tr("Ask the failed cells again"), "failed"),
            (self.tr("Ask the missing cells"), "missing"),
            (self.tr("Ask cells whose prompt or row has changed"), "changed"),
        ):
            menu.addAction(text, partial(self._rerun, which)).setEnabled(idle)
        again = menu.addAction(self.tr("Check the answers again"), lambda: self._do(runs.recheck(self.id)))
        again.setEnabled(idle)
        menu.addSeparator()
        charts = menu.addAction(self.tr("Cost and quality…"), self.show_charts)
        charts.setEnabled(self.statistics is not None)
        self.exports.add_to(menu)
        menu.popup(self.head.more.mapToGlobal(self.head.more.rect().bottomLeft()))

    def show_charts(self) -> ChartsDialog:
        """Opens the columns as a chart with its table. To be called when they have been counted."""
        assert self.run is not None
        assert self.statistics is not None
        dialog = ChartsDialog(self.run, self.statistics, self)
        dialog.open()
        return dialog

    def _rerun(self, which: Any) -> None:
        self._do(self._services.runs.rerun(self.id, which))

    # How it stands

    def _arrange(self) -> None:
        if self.run is None:
            return
        alone = self.width() < theme().breakpoint(_ALONE_BELOW) and self.panel.isVisibleTo(self)
        self.grid.setVisible(not alone)

    def _wear(self) -> None:
        if self.run is not None:
            self.grid.wear()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.run is not None and self.panel.isVisible():
            self.close_cell()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.run is not None:
            self._loading.again()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
        gauge_clock().leave(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange and self.run is not None:
            self.grid.updateGeometries()


def figures_of(statistics: RunStatistics) -> tuple[ColumnFigures, ...]:
    """What the heads show."""
    found = []
    for column in statistics.columns:
        one = column.summary
        low, high = one.interval or (0.0, 1.0)
        known = one.cells > one.unpriced or not one.cells
        found.append(
            ColumnFigures(
                judged=one.judged, passed=one.passed, rate=one.rate, low=low, high=high,
                cost=one.cost if known else None, median_ms=one.median_ms, p95_ms=one.p95_ms,
                mean_score=one.mean_score,
            )
        )  # fmt: skip
    return tuple(found)
