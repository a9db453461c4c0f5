"""Answers read and rated one after the other, by keys, without a word of who gave them."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.runs import Cell, CellKey, CellRating, Run
from chatbench.services import Services
from chatbench.ui import quantities
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.widgets import Button, Label, LineField, Meter, announce
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.forms import scrolling, words_of
from chatbench.ui.widgets.rawtext import FittedText
from chatbench.ui.workbench.runs.rating import KEYS, LONGEST_NOTE, RatingRow
from chatbench.ui.workbench.runs.shown import written_value

_SIZE: Final = (720, 620)
_SHOWN_TEXT: Final = 200_000


class RatingDialog(QDialog):
    """`rated(CellKey)`. A rating leads to the next answer; what was rated can be gone back to. Model, cost,
    time and what the checks found are not shown, and the answers of a row come in an order by chance."""

    rated = Signal(object)

    def __init__(self, services: Services, run: Run, rows: Collection[int] | None, parent: QWidget) -> None:
        """`rows`: of these alone; None: of all."""
        super().__init__(parent)
        self._services = services
        self._run = run
        self._rows = rows
        self.keys: list[CellKey] = []
        self.at = 0
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Rate the answers of run {0}").format(run.number))
        self.progress = Label(font="small", color="text2")
        self.meter = Meter()
        self.asked = FittedText(self.tr("Row"), most_lines=12, font="ui")
        self.expected = FittedText(self.tr("Expected"), most_lines=12, font="ui")
        self.answer = FittedText(self.tr("Answer"), most_lines=1_000, font="prose")
        self._expected_head = Label(self.tr("Expected"), font="micro", color="text3", weight=600)
        self.rating = RatingRow()
        self.note = LineField(name=self.tr("Note"))
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.setPlaceholderText(self.tr("A note, before you rate (N)"))
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self.back = Button(self.tr("Back"), size="small")
        self.skip = Button(self.tr("Skip"), size="small")
        self.close_button = Button(self.tr("Close"))
        self._loading = Rereading(self._load, self, "run-unrated")
        self._reading = Rereading(self._read, self, "run-answer")
        self._lay_out()
        self._connect()
        fit_dialog(self, *_SIZE)
        self._loading.again()

    def _lay_out(self) -> None:
        inside = QWidget()
        texts = QVBoxLayout(inside)
        texts.setContentsMargins(0, 0, 8, 0)
        texts.setSpacing(4)
        texts.addWidget(Label(self.tr("Row"), font="micro", color="text3", weight=600))
        texts.addWidget(self.asked)
        texts.addSpacing(6)
        texts.addWidget(self._expected_head)
        texts.addWidget(self.expected)
        texts.addSpacing(6)
        texts.addWidget(Label(self.tr("Answer"), font="micro", color="text3", weight=600))
        texts.addWidget(self.answer)
        texts.addStretch(1)
        keys = self.tr("1 to 5, or + and −, rate and go on; 0 takes back; arrows go back and on; N: a note.")
        hint = Label(keys, font="small", color="text3", wrap=True)
        head = QHBoxLayout()
        head.addWidget(self.progress)
        head.addWidget(self.meter, 1)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.rating, 1)
        for one in (self.back, self.skip, self.close_button):
            foot.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(scrolling(inside), 1)
        column.addWidget(self.note)
        column.addWidget(self.problem)
        column.addLayout(foot)
        column.addWidget(hint)

    def _connect(self) -> None:
        self.rating.chosen.connect(self._rate)
        self.back.clicked.connect(partial(self._go, -1))
        self.skip.clicked.connect(partial(self._go, 1))
        self.close_button.clicked.connect(self.reject)
        self.note.returnPressed.connect(lambda: self.setFocus(Qt.FocusReason.OtherFocusReason))

    async def settled(self) -> None:
        """Waits for what is being read and written."""
        await self._loading.ended()
        await self._reading.ended()

    def key(self) -> CellKey | None:
        """The cell that is read; None when all are rated."""
        return self.keys[self.at] if self.at < len(self.keys) else None

    async def _load(self) -> None:
        try:
            self.keys = await self._services.runs.unrated(self._run.id, self._rows)
        except ChatbenchError as error:
            self._say(error)
            return
        self._turn()

    async def _read(self) -> None:
        key = self.key()
        if key is None:
            return
        runs = self._services.runs
        cells = await runs.cells(self._run.id, [key])
        rows = await runs.rows(self._run.id, key.row, 1)
        if key != self.key() or not cells or not rows:
            return
        self._show(
            cells[0], "\n".join(f"{name}: {written_value(value)}" for name, value in rows[0].values.items())
        )
        expected = rows[0].expected
        self.expected.set_text("" if expected is None else written_value(expected))
        for one in (self.expected, self._expected_head):
            one.setVisible(expected is not None)

    def _show(self, cell: Cell, asked: str) -> None:
        self.asked.set_text(asked[:_SHOWN_TEXT])
        self.answer.set_text(cell.text[:_SHOWN_TEXT])
        self.note.setText(cell.note)
        self.rating.show_rating(cell.rating)
        announce(self, cell.text)

    def _turn(self) -> None:
        key, count = self.key(), len(self.keys)
        told = self.tr("{0} of {1}").format(
            quantities.number(min(self.at + 1, count)), quantities.number(count)
        )
        if key is None:
            told = self.tr("All of these answers are rated.") if count else self.tr("There is none to rate.")
            self.answer.set_text("")
            self.asked.set_text("")
            self.expected.set_text("")
            announce(self, told)
        self.progress.setText(told)
        self.meter.set_fraction(self.at / count if count else 1.0)
        self.back.setEnabled(self.at > 0)
        for one in (self.skip, self.rating, self.note):
            one.setEnabled(key is not None)
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._reading.again()

    def _go(self, step: int) -> None:
        at = min(max(self.at + step, 0), len(self.keys))
        if at != self.at:
            self.at = at
            self._turn()

    def _rate(self, rating: CellRating | None) -> None:
        key = self.key()
        if key is not None:
            spawn(self._keep(key, rating, self.note.text()), owner=self, name="rate-answer")
            if rating is not None:
                self._go(1)

    async def _keep(self, key: CellKey, rating: CellRating | None, note: str) -> None:
        try:
            await self._services.runs.rate(self._run.id, key, rating, note)
        except ChatbenchError as error:
            self._say(error)
            return
        self.rated.emit(key)
        if key == self.key():
            self._reading.again()

    def _say(self, error: ChatbenchError) -> None:
        words = words_of(error)
        self.problem.setText(words)
        self.problem.show()
        announce(self, words, at_once=True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and key in KEYS:
            self._rate(KEYS[key])
        elif plain and key in (Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Down):
            self._go(1)
        elif plain and key in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Backspace):
            self._go(-1)
        elif plain and key == Qt.Key.Key_N:
            self.note.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            super().keyPressEvent(event)
