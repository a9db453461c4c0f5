"""The trash of the workbench: deleted prompts, data sets and runs, brought back or deleted for good."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QWidget

from chatbench.core.changes import Changes
from chatbench.services import Services
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.widgets.trash import TrashWindow
from chatbench.ui.workbench.delegate import RowDelegate
from chatbench.ui.workbench.rows import Row, RowsModel, dataset_rows, prompt_rows, run_rows


class WorkbenchTrash(TrashWindow):
    """`restored(key)`: the kind, ":" and the id of what was brought back."""

    restored = Signal(str)

    def __init__(self, services: Services, parent: QWidget) -> None:
        name = QCoreApplication.translate("WorkbenchTrash", "Deleted prompts, data sets and runs")
        super().__init__(name, RowsModel(parent), RowDelegate(parent), parent)
        self._services = services
        self._reading = Rereading(self._read, self, "workbench-trash")
        self.restore_wanted.connect(lambda row: spawn(self._bring_back(row), owner=self, name="restore"))
        self.delete_wanted.connect(lambda row: self._delete_rows([row]))
        self.empty_wanted.connect(lambda: self._delete_rows(self.list.model_.rows))
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())
        self._reading.again()

    async def _read(self) -> None:
        services = self._services
        prompts = await services.prompts.trashed()
        datasets = await services.datasets.trashed()
        runs = await services.runs.trashed()
        rows = [*prompt_rows(prompts), *dataset_rows(datasets), *run_rows(runs, None, {}, most=len(runs))]
        self.show_rows(rows, len(prompts) + len(datasets) + len(runs))

    def _changed(self, changes: Changes) -> None:
        if changes.prompts or changes.datasets or changes.runs:
            self._reading.again()

    async def _bring_back(self, row: Row) -> None:
        services = self._services
        if row.kind == "prompt":
            await services.prompts.put_back(row.id)
        elif row.kind == "dataset":
            await services.datasets.restore(row.id)
        else:
            await services.runs.restore(row.id)
        self.restored.emit(row.key)

    def _delete_rows(self, rows: list[Row]) -> None:
        ids: dict[str, list[str]] = {}
        for row in rows:
            ids.setdefault(row.kind, []).append(row.id)
        # Not the dialog's own: closing it stops nothing.
        spawn(_delete(self._services, ids), name="workbench-delete-for-good")


async def _delete(services: Services, ids: dict[str, list[str]]) -> None:
    if runs := ids.get("run"):
        await services.runs.delete_for_good(runs)
    if prompts := ids.get("prompt"):
        await services.prompts.delete_for_good(prompts)
    if datasets := ids.get("dataset"):
        await services.datasets.delete_for_good(datasets)
