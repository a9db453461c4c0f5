"""The contents that a data set has or had, and the way back to one of them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label
from chatbench.ui.widgets.dialogs import fit_dialog, last_line
from chatbench.ui.workbench.dates import moment
from chatbench.ui.workbench.prompts.versions import VersionList, VersionRow

_SIZE: Final = (560, 460)
_MOST: Final = 12


class _Contents(VersionList):
    def open_menu(self, row: VersionRow, point: QPoint) -> None:
        """None: there is one thing that can be done, and it has a button."""


class HistoryDialog(QDialog):
    """It deletes itself. `restored(what)` when the data set has gone to another of its contents."""

    restored = Signal(str)

    def __init__(self, services: Services, dataset_id: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Versions"))
        self._services, self._dataset_id = services, dataset_id
        self._now = 0
        self.told = Label(
            self.tr("Every edit makes a version. Going back can be undone, as any edit."),
            font="small", color="text2", wrap=True,
        )  # fmt: skip
        self.versions = _Contents()
        self.versions.selectionModel().currentChanged.connect(lambda *_: self._judge())
        self.versions.doubleClicked.connect(lambda _index: self.restore())
        self.go = Button(self.tr("Go to this version"), kind="primary")
        self.go.clicked.connect(self.restore)
        cancel = Button(self.tr("Close"))
        cancel.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.told)
        column.addWidget(self.versions)
        column.addStretch(1)
        column.addLayout(last_line(cancel, self.go))
        fit_dialog(self, *_SIZE)
        self._judge()
        spawn(self._read(), owner=self, name="dataset-versions")

    async def _read(self) -> None:
        versions = await self._services.datasets.versions(self._dataset_id)
        dataset = await self._services.datasets.get(self._dataset_id)
        self._now = next((one.number for one in versions if one.sha256 == dataset.version), 0)
        rows = [
            VersionRow(one.number, self._words(one.what, one.rows), moment(one.created_at), changed=False,
                       is_now=one.number == self._now)
            for one in versions
        ]  # fmt: skip
        most = max(2, (self.height() - theme().scaled(130)) // theme().scaled(28))
        self.versions.show_rows(rows, self._now, min(_MOST, most))
        self.versions.setFocus(Qt.FocusReason.OtherFocusReason)
        self._judge()

    def _words(self, what: str, rows: int) -> str:
        told = self.tr("1 row") if rows == 1 else self.tr("{0} rows").format(number(rows))
        return f"{what} · {told}" if what else told

    def _chosen(self) -> VersionRow | None:
        rows, at = self.versions.rows(), self.versions.currentIndex().row()
        return rows[at] if 0 <= at < len(rows) else None

    def _judge(self) -> None:
        chosen = self._chosen()
        self.go.setEnabled(chosen is not None and chosen.number != self._now)

    def restore(self) -> None:
        """Goes to the one that is chosen, and closes."""
        chosen = self._chosen()
        if chosen is not None and chosen.number != self._now:
            spawn(self._restore(chosen), owner=self, name="dataset-restore")

    async def _restore(self, version: VersionRow) -> None:
        await self._services.datasets.restore_version(self._dataset_id, version.number)
        self.restored.emit(f"v{version.number}")
        self.accept()
