"""What is done with a run and its cells from its view: asked again, rated, opened, added, checked, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMenu, QWidget

from chatbench.core.runs import CellKey, CellRating
from chatbench.services import Services
from chatbench.services.runs.handing import cell_as_chat, cell_to_dataset
from chatbench.ui.workbench.runs.charts import ChartsDialog
from chatbench.ui.workbench.runs.exporting import Exports
from chatbench.ui.workbench.runs.ratingdialog import RatingDialog
from chatbench.ui.workbench.runs.rechecking import RecheckDialog

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import Hands
    from chatbench.ui.workbench.runs.view import RunView


class Acts(QObject):
    """Part of one view."""

    def __init__(self, services: Services, view: RunView, hands: Hands | None) -> None:
        """Without `hands` a cell cannot be opened as a chat."""
        super().__init__(view)
        self._services = services
        self._view = view
        self._hands = hands
        self.exports = Exports(services, view)

    @property
    def can_open_chats(self) -> bool:
        """Whether a cell can be opened as a chat."""
        return self._hands is not None

    # Cells

    def ask_again(self, key: CellKey) -> None:
        """Asks one cell again."""
        self._view.do(self._ask_again([key]))

    def rate_by_key(self, key: CellKey, rating: CellRating | None) -> None:
        """Gives an answer a rating; 0, or the one it has, takes it back."""
        view = self._view
        cell = view.shown(key)
        if cell.state == "done":
            same = cell.rating == rating
            note = view.panel.note.text() if view.panel.isVisible() and view.panel.key == key else None
            view.do(self._rate(key, None if same else rating, note))

    def rate(self, key: CellKey, rating: CellRating | None, note: str) -> None:
        """The same with a note; None: none."""
        self._view.do(self._rate(key, rating, note))

    def open_chat(self, key: CellKey) -> None:
        """Goes on with an answer in a chat."""
        self._view.do(self._open_chat(key))

    def add_row(self, key: CellKey) -> None:
        """Makes an answer the one that is expected in its row of the data set."""
        self._view.do(self._add_row(key))

    async def _ask_again(self, keys: Sequence[CellKey]) -> None:
        await self._services.runs.rerun(self._view.id, keys)
        self._view.forget({key.row for key in keys})

    async def _rate(self, key: CellKey, rating: CellRating | None, note: str | None) -> None:
        runs, view = self._services.runs, self._view
        if note is None:
            cells = await runs.cells(view.id, [key])
            note = cells[0].note if cells else ""
        await runs.rate(view.id, key, rating, note)
        view.forget({key.row})
        view.panel.again()

    async def _open_chat(self, key: CellKey) -> None:
        assert self._hands is not None
        services = self._services
        self._hands.open_chat(await cell_as_chat(services.runs, services.chat, self._view.id, key))

    async def _add_row(self, key: CellKey) -> None:
        services = self._services
        await cell_to_dataset(services.runs, services.datasets, self._view.id, key)
        self._view.said.emit(self.tr("The answer is what is expected in the data set now"))

    # The run

    def show_menu(self, button: QWidget) -> None:
        """Everything about the run, below its button."""
        view = self._view
        menu = QMenu(button)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        idle = view.run is not None and not view.is_live
        asked: tuple[tuple[str, Literal["failed", "missing", "changed"]], ...] = (
            (self.tr("Ask the failed cells again"), "failed"),
            (self.tr("Ask the missing cells"), "missing"),
            (self.tr("Ask cells whose prompt or row has changed"), "changed"),
        )
        for text, which in asked:
            menu.addAction(text, partial(self._rerun, which)).setEnabled(idle)
        menu.addSeparator()
        menu.addAction(self.tr("Other checks on these answers…"), self.recheck).setEnabled(idle)
        menu.addAction(self.tr("Rate the answers one by one…"), self.rate_answers)
        charts = menu.addAction(self.tr("Charts…"), self.show_charts)
        charts.setEnabled(view.statistics is not None)
        self.exports.add_to(menu)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def show_charts(self) -> ChartsDialog:
        """Draws the run. To be called when its columns have been counted."""
        view = self._view
        assert view.run is not None
        assert view.statistics is not None
        names = tuple(view.grid.heads.named(at) for at in range(len(view.run.columns)))
        dialog = ChartsDialog(self._services, view.run, view.statistics, names, view)
        dialog.row_wanted.connect(lambda row, column: view.go_to(CellKey(row, column)))
        dialog.open()
        return dialog

    def rate_answers(self) -> RatingDialog:
        """Has the answers that nobody has rated read one by one, those of the rows that are shown."""
        view = self._view
        assert view.run is not None
        dialog = RatingDialog(self._services, view.run, view.rows_shown(), view)
        dialog.rated.connect(lambda key: view.forget({key.row}))
        dialog.open()
        return dialog

    def recheck(self) -> RecheckDialog:
        """Has other checks tried on the answers, and kept."""
        view = self._view
        assert view.run is not None
        dialog = RecheckDialog(self._services, view.run, view)
        dialog.open()
        return dialog

    def _rerun(self, which: Literal["failed", "missing", "changed"]) -> None:
        self._view.do(self._services.runs.rerun(self._view.id, which))
