"""Files taken into the workbench: chosen, or dropped on its list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.ui.aio import spawn

if TYPE_CHECKING:
    from chatbench.ui.workbench.pane import WorkbenchPane

_PROMPTS: Final = frozenset({".toml", ".yaml", ".yml"})


class Taking(QObject):
    """Part of a pane."""

    def __init__(self, services: Services, pane: WorkbenchPane) -> None:
        super().__init__(pane)
        self._services = services
        self._pane = pane

    def choose(self) -> None:
        """Asks for files."""
        dialog = QFileDialog(self._pane.window(), self.tr("Import prompts or data"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.take([Path(name) for name in names]))
        dialog.open()

    def take(self, paths: list[Path]) -> None:
        """Each as what it is: a prompt, or a table that becomes a data set."""
        spawn(self._take(paths), owner=self, name="workbench-import")

    def new_dataset(self, path: Path | None) -> None:
        """Of a file, or one that is empty."""
        if path is not None:
            self.take([path])
        else:
            spawn(self._new_dataset(), owner=self, name="new-dataset")

    async def _take(self, paths: list[Path]) -> None:
        failed: list[str] = []
        for path in paths:
            try:
                await self._one(path)
            except ChatbenchError as error:
                failed.append(f"{path.name}: {error.message} {error.hint}".strip())
        if failed:
            self._pane.tell("\n".join(failed), kind="error")

    async def _one(self, path: Path) -> None:
        dataset = await self._services.datasets.import_file(path)
        self._pane.open_dataset(dataset.id)

    async def _new_dataset(self) -> None:
        taken = {one.name for one in await self._services.datasets.all()}
        name, count = self.tr("New data set"), 1
        while name in taken:
            count += 1
            name = self.tr("New data set {0}").format(count)
        columns = (DataColumn(name="input"), DataColumn(name="expected", role="expected"))
        dataset = await self._services.datasets.create(name, columns, ({"input": "", "expected": ""},))
        self._pane.open_dataset(dataset.id)
