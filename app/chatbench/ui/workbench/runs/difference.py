"""An answer beside another one of its row, or the one it had in the run before, word by word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.runs import Cell, CellKey, Run
from chatbench.rendering.differences import differences
from chatbench.services import Services
from chatbench.ui.widgets import Label, Section, Select
from chatbench.ui.widgets.forms import words_of
from chatbench.ui.workbench.differing import DifferenceText
from chatbench.ui.workbench.differing import Run as Words

_LONGEST: Final = 200_000
Side = tuple[Literal["", "column", "repeat", "run"], int]
"""With what: nothing, the row in another column, another repeat of the cell, the cell of the run before."""


class AnswerDifference(Section):
    """`wanted()`: another answer was chosen to compare with. The choice holds for the next cells too."""

    wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("", parent=parent)
        self.set_title(self.tr("Difference"))
        self._services = services
        self._run_id = ""
        self._earlier: Run | None = None
        self.choice = Select(name=self.tr("Compare the answer with"))
        self.told = Label(font="small", color="text2", wrap=True)
        self.text = DifferenceText(self.tr("Difference"), most_lines=24)
        self.body.setSpacing(6)
        for one in (self.choice, self.told, self.text):
            self.body.addWidget(one)
        self.told.hide()
        self.text.hide()
        self.choice.currentIndexChanged.connect(lambda _at: self.wanted.emit())

    def side(self) -> Side:
        """What is compared with."""
        side: Side = self.choice.currentData() or ("", 0)
        return side

    def offer(self, run: Run, names: Sequence[str], earlier: Run | None) -> None:
        """What a cell of this run can be compared with; `names` are what its columns are called."""
        self._run_id, self._earlier = run.id, earlier
        offered: list[tuple[str, Side]] = [(self.tr("Compare with…"), ("", 0))]
        if len(names) > 1:
            offered += [(name, ("column", at)) for at, name in enumerate(names)]
        if run.plan.repeats > 1:
            told = self.tr("Repeat {0}")
            offered += [(told.format(at + 1), ("repeat", at)) for at in range(run.plan.repeats)]
        if earlier is not None:
            offered.append((self.tr("The same cell of run {0}").format(earlier.number), ("run", 0)))
        self.setVisible(len(offered) > 1)
        shown = [(self.choice.itemText(at), self.choice.itemData(at)) for at in range(self.choice.count())]
        if shown == offered:
            return
        before = self.side()
        self.choice.blockSignals(True)
        self.choice.clear()
        for words, side in offered:
            self.choice.addItem(words, side)
        sides = [side for _, side in offered]
        self.choice.setCurrentIndex(sides.index(before) if before in sides else 0)
        self.choice.blockSignals(False)

    async def compared(self, key: CellKey, cell: Cell | None) -> tuple[str, tuple[Words, ...]]:
        """What is to be said of the cell beside the chosen one, and the runs of words."""
        if self.side()[0] == "" or cell is None or cell.state != "done":
            return "", ()
        try:
            other = await self._other(key)
        except ChatbenchError as error:
            return words_of(error), ()
        if other is None or other.state != "done":
            return self.tr("There is no answer to compare this one with."), ()
        if other.key == key and self.side()[0] != "run":
            return self.tr("This is the answer itself."), ()
        first, second = other.text[:_LONGEST], cell.text[:_LONGEST]
        if first == second:
            return self.tr("Both answers are the same."), ()
        pieces = await asyncio.to_thread(differences, first, second)
        return "", tuple((piece.kind, piece.text) for piece in pieces)

    def show_difference(self, told: str, runs: Sequence[Words]) -> None:
        """What `compared` found."""
        self.told.setText(told)
        self.told.setVisible(bool(told))
        self.text.setVisible(bool(runs))
        self.text.show_runs(runs)

    async def _other(self, key: CellKey) -> Cell | None:
        kind, at = self.side()
        runs = self._services.runs
        if kind == "run":
            assert self._earlier is not None
            return await runs.counterpart(self._run_id, key, self._earlier.id)
        column, repeat = (at, key.repeat) if kind == "column" else (key.column, at)
        found = await runs.cells(self._run_id, [CellKey(key.row, column, repeat)])
        return found[0] if found else None
