"""Which data set and row a prompt is tried with, read as they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from chatbench.core.changes import Changes
from chatbench.core.datasets import Dataset
from chatbench.services import Services
from chatbench.ui.aio import Rereading
from chatbench.ui.widgets import announce

if TYPE_CHECKING:
    from chatbench.ui.workbench.prompts.editor import PromptEditor


class TriedData(QObject):
    """Part of a prompt's page. `changed()` when another data set stands beside the prompt, or none."""

    changed = Signal()

    def __init__(self, services: Services, editor: PromptEditor, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._editor = editor
        self._wanted = ""
        self.place = 0
        """Of the row, counted from 0."""
        self.dataset: Dataset | None = None
        self._reading = Rereading(self._read, self, "prompt-data")
        editor.data.chosen.connect(self.choose)
        editor.data.stepped.connect(self.step)
        editor.data.row_wanted.connect(lambda number: self.go(number - 1))
        self._reading.again()

    @property
    def dataset_id(self) -> str:
        """Empty where there is none."""
        return self.dataset.id if self.dataset is not None else ""

    def choose(self, wanted: str, place: int = 0) -> None:
        """Puts a data set, by its id or name, beside the prompt; "" for none."""
        self._wanted, self.place = wanted, max(0, place)
        self._reading.again()

    def step(self, by: int) -> None:
        """To a row further on or back; beyond the ends it stays."""
        self.go(self.place + by)

    def go(self, place: int) -> None:
        """To a row, counted from 0."""
        rows = self.dataset.rows if self.dataset is not None else 0
        self.place = max(0, min(place, rows - 1))
        self._reading.again()
        if rows:
            announce(self._editor.data, self.tr("Row {0} of {1}").format(self.place + 1, rows))

    async def settled(self) -> None:
        """Waits until the row that is wanted stands there."""
        await self._reading.ended()

    def told(self, changes: Changes) -> None:
        """Reads again what has changed."""
        if changes.datasets:
            self._reading.again()

    async def _read(self) -> None:
        datasets = await self._services.datasets.all()
        wanted = self._wanted
        found = next((one for one in datasets if _is_meant(one, wanted)), None) if wanted else None
        if found is not None and self._wanted == wanted:
            self._wanted = found.id
        rows = found.rows if found is not None else 0
        self.place = max(0, min(self.place, rows - 1))
        place = self.place
        row = await self._services.datasets.rows(found.id, place, 1) if found is not None else []
        before, self.dataset = self.dataset_id, found
        names = [column.name for column in found.columns] if found is not None else []
        self._editor.data.show_data(datasets, found, place)
        self._editor.show_row(names, row[0].values if row else {})
        if self.dataset_id != before:
            self.changed.emit()


def _is_meant(dataset: Dataset, wanted: str) -> bool:
    return dataset.id == wanted or dataset.name.casefold() == wanted.strip().casefold()
