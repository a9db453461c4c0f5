"""What is told of one cell, section by section: answer, checks, what was sent, its row, its figures."""

from __future__ import annotations

import json
from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from chatbench.core.checks import Check, Grading, Verdict
from chatbench.core.messages import text_of
from chatbench.core.requests import Request
from chatbench.core.runs import Cell, Run, RunRow
from chatbench.ui import quantities
from chatbench.ui.widgets import FactRow, Label, Pill, RawText, Section
from chatbench.ui.widgets.rawtext import FittedText
from chatbench.ui.workbench.runs.shown import written_value

_SHOWN_TEXT: Final = 200_000


class CellParts(QWidget):
    """Made anew for each cell; which sections are open stays as the reader left them."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, bool] = {}
        self._checks: tuple[Check, ...] = ()
        self._sections = QVBoxLayout(self)
        self._sections.setContentsMargins(0, 0, 0, 0)
        self._sections.setSpacing(0)

    def show_cell(self, run: Run, cell: Cell | None, row: RunRow, sent: Request | str, *, model: str) -> None:
        """None: it has not been asked; `sent` in words where it cannot be; `model` is what the column's model
        is called here."""
        self._checks = run.plan.checks
        self._clear()
        self._add_answer(cell)
        if cell is not None:
            self._add_verdicts(cell)
        self._add_sent(cell, sent)
        self._add_row(row)
        if cell is not None:
            self._add_figures(cell, model)

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
        checks = self._checks
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
            _add_text(section.body, name, written_value(value), most=6)
        if row.expected is not None:
            _add_text(section.body, self.tr("Expected"), written_value(row.expected), most=6)

    def _add_figures(self, cell: Cell, model: str) -> None:
        section = self._section("figures", self.tr("Figures"))
        cost = self.tr("from the cache") if cell.from_cache else quantities.estimate(cell.cost)
        facts = [
            (self.tr("Model"), model),
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


def _add_text(body: QLayout, label: str, text: str, most: int = 12) -> None:
    """Words as they are read; what is code, or looks like it, as code."""
    body.addWidget(Label(label, font="micro", color="text3", weight=600))
    is_code = text.lstrip()[:1] in ("{", "[", "<") or "```" in text
    shown = RawText(label, most_lines=most) if is_code else FittedText(label, font="small", most_lines=most)
    shown.set_text(text[:_SHOWN_TEXT])
    body.addWidget(shown)
