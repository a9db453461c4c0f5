"""A run written to a file: a table, a page, a report for build servers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMenu

from chatbench.core.runs import Run
from chatbench.services import Services
from chatbench.services.runs import EXPORTS, RunFormat
from chatbench.ui.aio import ask

if TYPE_CHECKING:
    from chatbench.ui.workbench.runs.view import RunView


class Exports(QObject):
    """The menu's part that writes, for one view."""

    def __init__(self, services: Services, view: RunView) -> None:
        super().__init__(view)
        self._services = services
        self._view = view
        self.run: Run | None = None

    def add_to(self, menu: QMenu) -> None:
        """An entry for each format."""
        inner = menu.addMenu(self.tr("Export"))
        names = {
            "csv": self.tr("CSV, a line for each cell…"),
            "jsonl": self.tr("JSON Lines…"),
            "xlsx": self.tr("Excel…"),
            "html": self.tr("Report (HTML)…"),
            "junit": self.tr("JUnit XML…"),
        }
        for form in EXPORTS:
            inner.addAction(names[form], partial(self._choose, form))

    def _choose(self, form: RunFormat) -> None:
        self._view.do(self._ask(form), "export-run")

    async def _ask(self, form: RunFormat) -> None:
        assert self.run is not None
        dialog = QFileDialog(self._view, self.tr("Export the run"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(EXPORTS[form].removeprefix("."))
        dialog.selectFile(self.tr("Run {0}").format(self.run.number) + EXPORTS[form])
        chosen: list[str] = []
        dialog.fileSelected.connect(chosen.append)
        if await ask(dialog) and chosen:
            await self.write(form, Path(chosen[0]))

    async def write(self, form: RunFormat, path: Path) -> None:
        """Writes the run; what could not be written as it is, is said. Raises StorageError."""
        assert self.run is not None
        notes = await self._services.runs.export(self.run.id, form, path)
        if notes:
            self._view.tell(" ".join(notes))
