"""Everything about one cell: what was sent and came, what the checks found, what it took, its rating."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from chatbench.core.checks import Check, Grading, Verdict
from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import text_of
from chatbench.core.requests import Request
from chatbench.core.runs import Cell, CellKey, CellRating, Run, RunRow
from chatbench.services import Services
from chatbench.ui import quantities
from chatbench.ui.aio import Rereading
from chatbench.ui.theme import theme
from chatbench.ui.widgets import (
    Button,
    ElidedLabel,
    FactRow,
    Flow,
    IconButton,
    Label,
    LineField,
    Pill,
    RawText,
    Section,
    Surface,
    Switch,
    announce,
)
from chatbench.ui.widgets.forms import scrolling
from chatbench.ui.workbench.runs.heads import letter
from chatbench.ui.workbench.runs.rating import RatingRow

_LONGEST_NOTE: Final = 2000
_SHOWN_TEXT: Final = 200_000


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
        self._open: dict[str, bool] = {}
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
        self.note.setMaxLength(_LONGEST_NOTE)
        self.note.setPlaceholderText(self.tr("A note on this answer"))
        self.note.editingFinished.connect(self._note)
        self.blind = Switch(self.tr("Hide the models while rating"))
        self.blind.toggled.connect(self.blinded)
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
        self._told = QWidget()
        self._sections = QVBoxLayout(self._told)
        self._sections.setContentsMargins(0, 0, 0, 0)
        self._sections.setSpacing(0)
        judged = Section(self.tr("Your rating"))
        for one in (self.rating, self.note, self.blind):
            judged.body.addWidget(one)
        judged.body.setSpacing(6)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(judged)
        self._column.addWidget(self._told)
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
        self.setMinimumWidth(theme().scaled(260))

    def show_cell(self, key: CellKey) -> None:
        """Reads the cell anew and shows it."""
        self.key = key
        self._reading.again()

    def set_run(self, run: Run) -> None:
        """The run, further on."""
        self._run = run

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
            sent = " ".join(filter(None, (error.message, error.hint)))
        if key == self.key:
            self._show(key, cells[0] if cells else None, rows[0] if rows else RunRow(), sent)

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
        self._clear()
        self._add_answer(cell)
        if cell is not None:
            self._add_verdicts(cell)
        self._add_sent(cell, sent)
        self._add_row(row)
        if cell is not None:
            self._add_figures(cell, column.model, hidden)
        if is_other:
            announce(self, self.title.text())

    def _clear(self) -> None:
        while (item := self._sections.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _section(self, name: str, title: str, *, is_open: bool = True) -> Section:
        section = Section(title, is_open=self._open.get(name, is_open))
        section.toggled.connect(partial(self._open.__setitem__, name))
        section.body.setSpacing(4)
        self._sections.addWidget(section)
        return section

    def _add_answer(self, cell: Cell | None) -> None:
        section = self._section("answer", self.tr("Answer"))
        if cell is None:
            section.body.addWidget(Label(self.tr("It has not been asked yet."), font="small", color="text3"))
            return
        if cell.error is not None:
            words = " ".join(filter(None, (cell.error.message, cell.error.hint)))
            section.body.addWidget(Label(words, font="small", color="danger", wrap=True))
            if cell.error.raw:
                _add_text(section.body, self.tr("What the provider said"), cell.error.raw)
        if cell.text:
            _add_text(section.body, self.tr("Answer"), cell.text, most=24)
        for name, arguments in cell.tool_calls:
            called = f"{name}({json.dumps(arguments, ensure_ascii=False, default=str)})"
            _add_text(section.body, self.tr("Tool call"), called)

    def _add_verdicts(self, cell: Cell) -> None:
        checks = self._run.plan.checks
        if not checks:
            return
        section = self._section("checks", self.tr("Checks"))
        if not cell.verdicts:
            section.body.addWidget(Label(self.tr("Not checked."), font="small", color="text3"))
        for check, verdict in zip(checks, cell.verdicts, strict=False):
            section.body.addWidget(self._verdict(check, verdict))
            for grading in verdict.gradings:
                self._add_grading(section.body, grading)

    def _verdict(self, check: Check, verdict: Verdict) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(8)
        if verdict.passed is None:
            pill = Pill(self.tr("not judged"), "neutral")
        elif verdict.passed:
            pill = Pill(self.tr("passed"), "success")
        else:
            pill = Pill(self.tr("failed"), "danger")
        row.addWidget(pill, 0, Qt.AlignmentFlag.AlignTop)
        words = check.title
        if verdict.reason:
            words += f": {verdict.reason}"
        if verdict.agreement is not None:
            share = quantities.decimals(verdict.agreement * 100, 0)
            words += " " + self.tr("({0} % of the graders agree)").format(share)
        row.addWidget(Label(words, font="small", wrap=True), 1)
        return line

    def _add_grading(self, body: QLayout, grading: Grading) -> None:
        cost = quantities.amount(grading.cost) if grading.cost is not None else self.tr("price unknown")
        inner = Section(self.tr("Asked {0}").format(grading.model), is_open=False)
        inner.set_fact(cost)
        _add_text(inner.body, self.tr("The grader's prompt"), grading.prompt)
        _add_text(inner.body, self.tr("The grader's answer"), grading.answer)
        body.addWidget(inner)

    def _add_sent(self, cell: Cell | None, sent: Request | str) -> None:
        section = self._section("sent", self.tr("Sent"))
        if isinstance(sent, str):
            section.body.addWidget(Label(sent, font="small", color="danger", wrap=True))
            return
        if sent.system:
            _add_text(section.body, self.tr("System"), sent.system)
        roles = {"user": self.tr("User"), "assistant": self.tr("Assistant"), "system": self.tr("System")}
        if cell is not None and cell.messages:
            for message in cell.messages:
                role = str(message.get("role", ""))
                _add_text(section.body, roles.get(role, role), str(message.get("text", "")))
            return
        for asked in sent.messages:
            _add_text(section.body, roles.get(asked.role, asked.role), text_of(asked.parts))

    def _add_row(self, row: RunRow) -> None:
        if not row.values and row.expected is None:
            return
        section = self._section("row", self.tr("Row"), is_open=False)
        for name, value in row.values.items():
            _add_text(section.body, name, _written(value), most=6)
        if row.expected is not None:
            _add_text(section.body, self.tr("Expected"), _written(row.expected), most=6)

    def _add_figures(self, cell: Cell, model: str, hidden: bool) -> None:
        section = self._section("figures", self.tr("Figures"))
        cost = self.tr("from the cache") if cell.from_cache else quantities.estimate(cell.cost)
        facts = [
            (self.tr("Model"), self.tr("hidden") if hidden else model),
            (self.tr("Cost"), cost),
            (self.tr("Input tokens"), quantities.number(cell.usage.input_tokens)),
            (self.tr("Output tokens"), quantities.number(cell.usage.output_tokens)),
        ]
        if cell.usage.cache_read_tokens:
            facts.append((self.tr("Read from cache"), quantities.number(cell.usage.cache_read_tokens)))
        if cell.usage.reasoning_tokens:
            facts.append((self.tr("Reasoning tokens"), quantities.number(cell.usage.reasoning_tokens)))
        if cell.first_ms is not None:
            facts.append((self.tr("First word after"), quantities.duration(cell.first_ms / 1000)))
        if cell.total_ms is not None:
            facts.append((self.tr("Whole answer after"), quantities.duration(cell.total_ms / 1000)))
        if cell.tries:
            facts.append((self.tr("Tries"), quantities.number(cell.tries)))
        if cell.score is not None:
            facts.append((self.tr("Score"), quantities.decimals(cell.score, 2)))
        if cell.stop_reason:
            facts.append((self.tr("Ended by"), cell.stop_reason))
        for label, value in facts:
            section.body.addWidget(FactRow(label, value))

    def _rate(self, rating: CellRating | None) -> None:
        if self.key is not None:
            self.rated.emit(self.key, rating, self.note.text())

    def _note(self) -> None:
        cell = self.cell
        if cell is not None and cell.key == self.key and self.note.text() != cell.note:
            self.rated.emit(cell.key, cell.rating, self.note.text())


def _add_text(body: QLayout, label: str, text: str, most: int = 12) -> None:
    body.addWidget(Label(label, font="micro", color="text3", weight=600))
    shown = RawText(label, most_lines=most)
    shown.set_text(text[:_SHOWN_TEXT])
    body.addWidget(shown)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str)
