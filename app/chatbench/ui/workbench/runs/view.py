"""A run: its head, its table, the cell that is open beside it, and its checks."""

from __future__ import annotations

import time
from collections.abc import Collection, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError
from chatbench.core.runs import CellKey, Run
from chatbench.services import Services
from chatbench.services.runs import Live, RunStatistics
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Label, Surface, announce, gauge_clock
from chatbench.ui.widgets.forms import words_of
from chatbench.ui.workbench.runs.acts import Acts
from chatbench.ui.workbench.runs.cellpanel import CellPanel
from chatbench.ui.workbench.runs.comparing import Comparison
from chatbench.ui.workbench.runs.figures import figures_of
from chatbench.ui.workbench.runs.foot import Foot
from chatbench.ui.workbench.runs.grid import Grid
from chatbench.ui.workbench.runs.pages import Pages
from chatbench.ui.workbench.runs.progress import ProgressHead
from chatbench.ui.workbench.runs.shown import ShownCell
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
        self.acts = Acts(services, self, hands)
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
        self.head.paused.connect(lambda: self.do(runs.pause(self.id)))
        self.head.resumed.connect(lambda: self.do(runs.resume(self.id)))
        self.head.stopped.connect(lambda: self.do(runs.stop(self.id)))
        self.head.concurrency.connect(lambda count: runs.set_concurrency(self.id, count))
        self.head.compare.clicked.connect(self._compare)
        self.head.compare_which.clicked.connect(self._compare_menu)
        self.head.more.clicked.connect(lambda: self.acts.show_menu(self.head.more))
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

        async def told() -> None:
            self.tell("")
            try:
                await work
            except ChatbenchError as error:
                self.tell(words_of(error), at_once=True)

        spawn(told(), owner=self, name=name)

    def go_to(self, key: CellKey) -> None:
        """Makes a cell the current one, with all rows in view."""
        if not self._model.at(key).isValid():
            self.foot.show_all()
            self.comparison.want_all()
            self.grid.show_rows(None)
            self.foot.tell_rows(None, 0)
        self.grid.go_to(key)
        self.grid.setFocus(Qt.FocusReason.OtherFocusReason)

    def shown(self, key: CellKey) -> ShownCell:
        """A cell as the table has it."""
        return self._model.cell(key)

    def forget(self, rows: Collection[int]) -> None:
        """Cells of these rows are otherwise now."""
        self._pages.forget(rows)

    def rows_shown(self) -> list[int] | None:
        """The rows that are not filtered out; None: all are shown."""
        return self._model.shown_rows()

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
            self.tell(words_of(error), at_once=True)
            return
        if self.run is None:
            self._build(run)
        self.run = run
        self._model.set_run(run)
        self._name_columns(run)
        self.panel.set_run(run)
        self.acts.exports.run = run
        live = self._services.runs.live(self.id)
        self.head.show_run(run, live)
        self.foot.show_run(run)
        self.grid.show_run(run, await self._rows_named(run))
        self._pages.stale(all_of_them=live is None)
        self._watch(live)
        await self.comparison.look(run)
        self.panel.set_earlier(self.comparison.earlier())
        self.head.compare.set_label(self.comparison.offered())
        self.head.compare_which.setVisible(self.comparison.earlier() is not None)
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
        acts, panel = self.acts, self.panel
        self.grid.opened.connect(self.open_cell)
        self.grid.moved.connect(self._follow)
        self.grid.retried.connect(acts.ask_again)
        self.grid.rated.connect(acts.rate_by_key)
        panel.closed.connect(self.close_cell)
        panel.retried.connect(acts.ask_again)
        panel.rated.connect(acts.rate)
        panel.chat_wanted.connect(acts.open_chat)
        panel.row_wanted.connect(acts.add_row)
        panel.chat.setVisible(acts.can_open_chats)
        panel.blinded.connect(self._blind)
        names = {one.model: self._title(one.model) for one in run.columns}
        self.grid.heads.set_names(names)
        self.head.show()
        self.foot.show()

    def _name_columns(self, run: Run) -> None:
        self.panel.set_names([self.grid.heads.named(at) for at in range(len(run.columns))])

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
        wanted = self.comparison.wanted()
        if wanted is not None:
            rows = [row for row in (range(self.run.rows) if rows is None else rows) if row in wanted]
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

    # What follows from it

    def _follow(self, key: CellKey) -> None:
        if self.panel.isVisible():
            self.panel.show_cell(key)

    def _blind(self, blind: bool) -> None:
        self.grid.heads.set_blind(blind)
        if self.run is not None:
            self._name_columns(self.run)
        self.panel.again()

    def _mark(self) -> None:
        self._model.changed_rows = self.comparison.changed
        self.grid.rows.viewport().update()
        self._filtering.again()

    def _compare(self) -> None:
        if self.comparison.earlier() is not None:
            self.comparison.begin_with_earlier()
        else:
            self._compare_menu()

    def _compare_menu(self) -> None:
        menu = self.comparison.menu(self.head.compare)
        menu.popup(self.head.compare.mapToGlobal(self.head.compare.rect().bottomLeft()))

    # How it stands

    def _arrange(self) -> None:
        if self.run is None:
            return
        alone = self.width() < theme().breakpoint(_ALONE_BELOW) and self.panel.isVisibleTo(self)
        self.grid.setVisible(not alone)
        self.foot.setVisible(not alone)
        self.comparison.set_aside(alone)

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
