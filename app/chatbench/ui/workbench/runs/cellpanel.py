"""Everything about one cell: what was sent and came, what the checks found, what it took, its rating."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.requests import Request
from chatbench.core.runs import Cell, CellKey, CellRating, Run, RunRow
from chatbench.services import Services
from chatbench.ui import quantities
from chatbench.ui.aio import Rereading
from chatbench.ui.theme import theme
from chatbench.ui.widgets import (
    Button,
    ElidedLabel,
    Flow,
    IconButton,
    LineField,
    Section,
    Surface,
    Switch,
    announce,
)
from chatbench.ui.widgets.forms import scrolling, words_of
from chatbench.ui.workbench.runs.cellparts import CellParts
from chatbench.ui.workbench.runs.difference import AnswerDifference
from chatbench.ui.workbench.runs.heads import letter
from chatbench.ui.workbench.runs.rating import LONGEST_NOTE, RatingRow


class CellPanel(Surface):
    """`closed()`; `chat_wanted(CellKey)`, `row_wanted(CellKey)`, `retried(CellKey)`: a button was pressed;
    `rated(CellKey, rating, note)`; `blinded(bool)`."""

    closed = Signal()
    chat_wanted = Signal(object)
    row_wanted = Signal(object)
    retried = Signal(object)
    rated = Signal(object, object, str)
    blinded = Signal(bool)

    def __init__(self, services: Services, run: Run, parent: QWidget) -> None:
        super().__init__("chrome", lines=Qt.Edge.LeftEdge, parent=parent)
        self._services = services
        self._run = run
        self.key: CellKey | None = None
        self.cell: Cell | None = None
        self._names: Sequence[str] = ()
        self._earlier: Run | None = None
        self.setAccessibleName(self.tr("Cell"))
        self.title = ElidedLabel(font="ui", weight=600)
        self.close_button = IconButton("x", self.tr("Close the cell"))
        self.close_button.clicked.connect(self.closed)
        self.chat = Button(self.tr("Open as chat"), icon="message-square", size="small")
        self.chat.clicked.connect(lambda: self.chat_wanted.emit(self.key))
        self.to_dataset = Button(self.tr("Add to the data set"), icon="database", size="small")
        self.to_dataset.clicked.connect(lambda: self.row_wanted.emit(self.key))
        self.retry = Button(self.tr("Ask again"), icon="rotate-cw", size="small")
        self.retry.clicked.connect(lambda: self.retried.emit(self.key))
        self.rating = RatingRow()
        self.rating.chosen.connect(self._rate)
        self.note = LineField(name=self.tr("Note"))
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.setPlaceholderText(self.tr("A note on this answer"))
        self.note.editingFinished.connect(self._note)
        self.blind = Switch(self.tr("Hide the models while rating"))
        self.blind.toggled.connect(self.blinded)
        self.difference = AnswerDifference(services)
        self.difference.wanted.connect(self.again)
        self.parts = CellParts()
        self._body = QWidget()
        self._column = QVBoxLayout(self._body)
        self._reading = Rereading(self._read, self, "run-cell")
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(12, 8, 6, 4)
        top.addWidget(self.title, 1)
        top.addWidget(self.close_button)
        acts = QWidget()
        flow = Flow(acts)
        for button in (self.chat, self.to_dataset, self.retry):
            flow.addWidget(button)
        policy = acts.sizePolicy()
        policy.setHeightForWidth(True)
        acts.setSizePolicy(policy)
        judged = Section(self.tr("Your rating"))
        for one in (self.rating, self.note, self.blind):
            judged.body.addWidget(one)
        judged.body.setSpacing(6)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        for section in (judged, self.difference, self.parts):
            self._column.addWidget(section)
        self._column.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addLayout(top)
        inner = QHBoxLayout()
        inner.setContentsMargins(12, 0, 12, 4)
        inner.addWidget(acts)
        column.addLayout(inner)
        column.addWidget(scrolling(self._body), 1)
        self.set_layout(column)
        self.setMinimumWidth(theme().scaled(200))

    def show_cell(self, key: CellKey) -> None:
        """Reads the cell anew and shows it."""
        self.key = key
        self._reading.again()

    def set_run(self, run: Run) -> None:
        """The run, further on."""
        self._run = run

    def set_names(self, names: Sequence[str]) -> None:
        """What the columns are called now."""
        self._names = names
        self._offer()

    def set_earlier(self, earlier: Run | None) -> None:
        """The run before, whose answers this one's are compared with."""
        self._earlier = earlier
        self._offer()

    def _offer(self) -> None:
        if self._names:
            self.difference.offer(self._run, self._names, self._earlier)

    def again(self) -> None:
        """What is shown may be otherwise by now."""
        if self.key is not None and self.isVisible():
            self._reading.again()

    async def settled(self) -> None:
        """Waits for what is being read."""
        await self._reading.ended()

    async def _read(self) -> None:
        key = self.key
        if key is None:
            return
        runs = self._services.runs
        cells = await runs.cells(self._run.id, [key])
        rows = await runs.rows(self._run.id, key.row, 1)
        sent: Request | str
        try:
            sent = await runs.sent(self._run.id, key)
        except ChatbenchError as error:
            sent = words_of(error)
        cell = cells[0] if cells else None
        told, words = await self.difference.compared(key, cell)
        if key == self.key:
            self._show(key, cell, rows[0] if rows else RunRow(), sent)
            self.difference.show_difference(told, words)

    def _show(self, key: CellKey, cell: Cell | None, row: RunRow, sent: Request | str) -> None:
        is_other = self.cell is None or self.cell.key != key
        self.cell = cell
        column = self._run.columns[key.column]
        hidden = self.blind.isChecked() and (cell is None or cell.rating is None)
        name = self.tr("Column {0}").format(letter(key.column))
        told = name if hidden else f"{column.label} · {column.model}"
        self.title.set_text(self.tr("Row {0} · {1}").format(quantities.number(key.row + 1), told))
        answered = cell is not None and cell.state == "done"
        self.chat.setEnabled(cell is not None)
        self.to_dataset.setEnabled(answered)
        self.retry.setVisible(cell is not None)
        self.rating.setEnabled(answered)
        self.note.setEnabled(answered)
        self.rating.show_rating(cell.rating if cell is not None else None)
        if is_other or not self.note.hasFocus():
            self.note.setText(cell.note if cell is not None else "")
        self.parts.show_cell(
            self._run, cell, row, sent, model=self.tr("hidden") if hidden else column.model
        )  # fmt: skip
        if is_other:
            announce(self, self.title.text())

    def _rate(self, rating: CellRating | None) -> None:
        if self.key is not None:
            self.rated.emit(self.key, rating, self.note.text())

    def _note(self) -> None:
        cell = self.cell
        if cell is not None and cell.key == self.key and self.note.text() != cell.note:
            self.rated.emit(cell.key, cell.rating, self.note.text())
