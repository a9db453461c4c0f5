"""A data set written to a file: where to, how, and what could not be written as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from chatbench.services import Services
from chatbench.services.datasets import FORMATS, ExportFormat
from chatbench.services.notices import Notice
from chatbench.ui.aio import ask
from chatbench.ui.workbench.datasets.words import tr

if TYPE_CHECKING:
    from chatbench.ui.workbench.datasets.acts import Acts

_IN_NO_NAME: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


class Exporting(QObject):
    """Part of a view."""

    def __init__(self, services: Services, acts: Acts, view: QWidget) -> None:
        super().__init__(view)
        self._services = services
        self._acts = acts
        self._view = view

    def choose(self, dataset_id: str, name: str) -> None:
        """Asks where to, and writes it."""
        self._acts.do(self._choose(dataset_id, name), "export")

    async def _choose(self, dataset_id: str, name: str) -> None:
        dialog = QFileDialog(self._view.window(), tr("Export data set"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{_word(form)} (*.{form})" for form in FORMATS])
        dialog.setDefaultSuffix(FORMATS[0])
        dialog.filterSelected.connect(
            lambda told: dialog.setDefaultSuffix(told.rpartition("*.")[2].rstrip(")"))
        )
        dialog.selectFile(_IN_NO_NAME.sub("_", name).lstrip(".") or "data")
        chosen: list[str] = []
        dialog.filesSelected.connect(chosen.extend)
        if await ask(dialog) and chosen:
            await self.write(dataset_id, Path(chosen[0]))

    async def write(self, dataset_id: str, path: Path) -> None:
        """Raises ChatbenchError."""
        notes = await self._services.datasets.export(dataset_id, path)
        self._services.notifier.say(
            Notice(text=tr("{0} written").format(path.name), hint=" ".join(notes), kind="done")
        )


def _word(form: ExportFormat) -> str:
    words = {
        "csv": tr("CSV, commas between"),
        "tsv": tr("TSV, tabs between"),
        "jsonl": tr("JSON lines"),
        "json": tr("JSON"),
        "xlsx": tr("Excel workbook"),
    }
    return words[form]
