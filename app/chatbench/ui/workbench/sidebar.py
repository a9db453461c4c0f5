"""The workbench's sidebar: it lists and searches; what is done with a row is its owner's."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.prompts import PromptEntry
from chatbench.core.runs import Run
from chatbench.services import Services
from chatbench.ui.aio import Rereading
from chatbench.ui.widgets import Button, IconButton, Label, SearchField, Surface
from chatbench.ui.workbench.listing import WorkbenchList
from chatbench.ui.workbench.rows import Row, dataset_rows, prompt_rows, run_rows


class WorkbenchSidebar(Surface):
    """`opened(Row)` when the reader picks one; `new_requested`, `folder_requested`; the list's own signals
    are those of `view`. `read()` when it was read anew."""

    opened = Signal(object)
    new_requested = Signal()
    folder_requested = Signal()
    menu_wanted = Signal(object, QPoint)
    read = Signal()

    def __init__(
        self, services: Services, folders: Sequence[str] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__("chrome", parent=parent)
        self._services = services
        self.folders = set(folders)
        """Folders that were made and may be empty."""
        self.entries: list[PromptEntry] = []
        self.runs: list[Run] = []
        self._current = ""
        self._prompt_id = ""
        self._late = False
        self._reading = Rereading(self._read, self, "workbench-sidebar")
        self.new_button = Button(self.tr("New prompt"), icon="plus", stretch=True)
        self.new_button.clicked.connect(self.new_requested)
        self.folder_button = IconButton("folder-plus", self.tr("New folder"))
        self.folder_button.clicked.connect(self.folder_requested)
        self.more = IconButton("ellipsis", self.tr("More of the workbench"))
        self.search = SearchField(self.tr("Search prompts"))
        self.search.textChanged.connect(lambda _text: self.refresh())
        self.view = WorkbenchList(self)
        self.search.stepped.connect(lambda _step: self.view.setFocus(Qt.FocusReason.TabFocusReason))
        self.view.chosen.connect(self.opened)
        self.view.menu_wanted.connect(self.menu_wanted)
        self.view.editing_ended.connect(self._edited)
        self.empty = Label(font="small", color="text3", wrap=True)
        self.empty.setContentsMargins(16, 8, 16, 8)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self.empty.hide()
        self._lay_out()
        self._disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(self._disconnect)
        self.refresh()

    def _lay_out(self) -> None:
        new = QHBoxLayout()
        new.setSpacing(6)
        new.addWidget(self.new_button, 1)
        new.addWidget(self.folder_button)
        new.addWidget(self.more)
        head = QVBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.setSpacing(6)
        head.addLayout(new)
        head.addWidget(self.search)
        column = QVBoxLayout()
        column.setSpacing(6)
        self.set_layout(column, (0, 8, 0, 8))
        column.addLayout(head)
        column.addWidget(self.empty)
        column.addWidget(self.view, 1)

    def refresh(self) -> None:
        """Reads everything again; several calls in a row read once."""
        self._reading.again()

    async def _read(self) -> None:
        query = self.search.text().strip()
        services = self._services
        self.entries = await services.prompts.entries()
        datasets = await services.datasets.all()
        self.runs = await services.runs.runs()
        if self.view.editing:
            self._late = True
            return
        taken = {entry.folder for entry in self.entries}
        self.folders -= taken
        if query:
            found = await services.prompts.search(query)
            near = [one for one in datasets if query.casefold() in one.name.casefold()]
            rows = [*prompt_rows(found), *dataset_rows(near)]
        else:
            rows = [*prompt_rows(self.entries, self.folders), *dataset_rows(datasets), *self._run_rows()]
        self.view.show_rows(rows, self._current)
        self._tell(query, rows)
        self.read.emit()

    def _run_rows(self) -> list[Row]:
        prompt = next((one for one in self.entries if one.id == self._prompt_id), None)
        live = {run.id: self._services.runs.live(run.id) for run in self.runs}
        done = {key: one.done + one.failed for key, one in live.items() if one is not None}
        return run_rows(self.runs, prompt, done)

    def _tell(self, query: str, rows: list[Row]) -> None:
        words = ""
        if not rows:
            words = (
                self.tr("Nothing found.")
                if query
                else self.tr(
                    "Your prompts will be listed here. Drop files of prompts or data to take them in."
                )
            )
        self.empty.setText(words)
        self.empty.setVisible(bool(words))

    def set_current(self, key: str, prompt_id: str) -> None:
        """Marks what is in view; runs are listed of the prompt with this id, "" all of them."""
        other = prompt_id != self._prompt_id
        self._current, self._prompt_id = key, prompt_id
        self.view.set_current(key)
        if other:
            self.refresh()

    def _edited(self) -> None:
        if self._late:
            self._late = False
            self.refresh()

    def _changed(self, changes: Changes) -> None:
        if changes.prompts or changes.datasets or changes.runs:
            self.refresh()
