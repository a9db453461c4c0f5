"""A file taken in: what is in it is shown first, with what is odd about it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.datasets import Dataset
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.datasets import ImportProgress, Table
from chatbench.ui.aio import spawn
from chatbench.ui.quantities import number
from chatbench.ui.widgets import (
    Button,
    ElidedLabel,
    Label,
    LineField,
    Meter,
    SegmentControl,
    Select,
    Switch,
    announce,
)
from chatbench.ui.widgets.dialogs import fit_dialog, last_line
from chatbench.ui.workbench.datasets.words import type_word

_SIZE: Final = (560, 480)
_SEPARATED: Final = frozenset({".csv", ".tsv", ".tab", ".txt"})
_WITH_HEADER: Final = _SEPARATED | {".xlsx", ".xlsm"}
_SHOWN_COLUMNS: Final = 60


class ImportDialog(QDialog):
    """It deletes itself. `made(dataset_id)` when a data set of its own was made; `added(rows)` when rows were
    added to the one it was opened for, if there is one. Closed before its end, it leaves nothing behind."""

    made = Signal(str)
    added = Signal(int)

    def __init__(self, services: Services, path: Path, dataset: Dataset | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Import {0}").format(path.name))
        self._services, self._path, self._dataset = services, path, dataset
        self._table: Table | None = None
        self._task: asyncio.Task[None] | None = None
        places = [("new", self.tr("New data set"))]
        if dataset is not None:
            places.insert(0, ("add", self.tr("Add to {0}").format(_short(dataset.name))))
        self.where = SegmentControl(places, name=self.tr("Where to"))
        self.where.changed.connect(lambda _key: self._judge())
        self.name = LineField(path.stem, name=self.tr("Name of the data set"))
        self.header = Switch(self.tr("The first row names the columns"))
        self.header.setChecked(True)
        self.header.toggled.connect(lambda _on: self.look())
        self.ragged = self._ragged_choice()
        self.ragged.currentIndexChanged.connect(lambda _at: self.look())
        self.sheet = LineField(name=self.tr("Sheet"))
        self.sheet.setPlaceholderText(self.tr("The first sheet"))
        self.sheet.editingFinished.connect(self._other_sheet)
        self._sheet_read = ""
        self.told = Label(wrap=True)
        self.columns = ElidedLabel(font="small", color="text2")
        self.notes = QPlainTextEdit()
        self.notes.setReadOnly(True)
        self.notes.setAccessibleName(self.tr("What is odd about the file"))
        self.notes.setTabChangesFocus(True)
        self.meter = Meter(height=6)
        self.cancel = Button(self.tr("Cancel"))
        self.cancel.clicked.connect(self.reject)
        self.take = Button(self.tr("Import"), kind="primary")
        self.take.clicked.connect(self.import_it)
        self._lay_out()
        self.look()

    def _ragged_choice(self) -> Select:
        choice = Select(name=self.tr("Rows that are longer or shorter than the first"))
        for key, words in (
            ("keep", self.tr("Keep rows that are longer or shorter")),
            ("skip", self.tr("Leave out rows that are longer or shorter")),
            ("refuse", self.tr("Import nothing if there are such rows")),
        ):
            choice.addItem(words, key)
        return choice

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addWidget(self.told)
        column.addWidget(self.columns)
        column.addWidget(self.meter)
        column.addWidget(self.notes, 1)
        ending = self._path.suffix.lower()
        for widget, fits in (
            (self.header, ending in _WITH_HEADER),
            (self.ragged, ending in _SEPARATED),
            (self.sheet, ending in (".xlsx", ".xlsm")),
        ):
            column.addWidget(widget)
            widget.setVisible(fits)
        column.addWidget(self.where)
        self.where.setVisible(self._dataset is not None)
        column.addWidget(self.name)
        column.addLayout(last_line(self.cancel, self.take))
        fit_dialog(self, *_SIZE)

    @property
    def busy(self) -> bool:
        return self._task is not None and not self._task.done()

    # Looking.

    def look(self) -> None:
        """Reads through the file, with what was chosen; what was being read before is given up."""
        self._begin(self._look(), self.tr("Looking through {0}…").format(self._path.name))

    def _other_sheet(self) -> None:
        if self.sheet.text().strip() != self._sheet_read:
            self.look()

    def _begin(self, work: Coroutine[Any, Any, None], words: str) -> None:
        if self._task is not None:
            self._task.cancel()
        self._table = None
        self.told.set_color("text")
        self.told.setText(words)
        self.notes.hide()
        self.meter.set_fraction(0)
        self.meter.show()
        self._task = spawn(work, owner=self, name="dataset-import", on_error=self._fail)
        self._judge()

    async def _look(self) -> None:
        self._sheet_read = self.sheet.text().strip()
        table = await self._services.datasets.read_file(
            self._path, sheet=self._sheet_read, header=self.header.isChecked(),
            ragged=self.ragged.currentData(), on_progress=self._show_progress,
        )  # fmt: skip
        self._table = table
        self.meter.hide()
        told = self.tr("{0} rows, {1} columns").format(number(table.count), number(len(table.columns)))
        self.told.setText(told)
        shown = [f"{one.name} ({type_word(one.type)})" for one in table.columns[:_SHOWN_COLUMNS]]
        self.columns.set_text(", ".join(shown))
        self.notes.setPlainText("\n".join(table.notes))
        self.notes.setVisible(bool(table.notes))
        announce(self, " ".join((told, *table.notes)))
        self._task = None
        self._judge()

    def _show_progress(self, progress: ImportProgress) -> None:
        self.meter.set_fraction(progress.share)
        words = {
            "looking": self.tr("Looking through {0}: {1} rows"),
            "writing": self.tr("Writing {0}: {1} rows"),
        }
        if self.busy and progress.stage in words:
            self.told.setText(words[progress.stage].format(self._path.name, number(progress.rows)))

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, ChatbenchError):
            raise error
        self._task = None
        self.meter.hide()
        self.told.set_color("danger")
        self.told.setText(f"{error.message} {error.hint}".strip())
        announce(self, self.told.text(), at_once=True)
        self._judge()

    def _judge(self) -> None:
        adding = self.where.current() == "add"
        self.name.setVisible(not adding)
        self.take.setEnabled(self._table is not None and not self.busy)
        for widget in (self.where, self.name):
            widget.setEnabled(self._table is not None)

    # Taking.

    def import_it(self) -> None:
        """Takes the rows as they were shown."""
        table = self._table
        if table is not None and not self.busy:
            dataset = self._dataset if self.where.current() == "add" else None
            work = self._make(table) if dataset is None else self._add(table, dataset)
            self._begin(work, self.tr("Writing {0}…").format(self._path.name))

    async def _add(self, table: Table, dataset: Dataset) -> None:
        count = await self._services.datasets.add_table(dataset.id, table)
        self.added.emit(count)
        self._task = None
        self.accept()

    async def _make(self, table: Table) -> None:
        name = self.name.text().strip() or self._path.stem
        found = await self._services.datasets.import_table(table, name, on_progress=self._show_progress)
        self.made.emit(found.id)
        self._task = None
        self.accept()

    def done(self, result: int) -> None:
        if self._task is not None:
            self._task.cancel()
        super().done(result)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
