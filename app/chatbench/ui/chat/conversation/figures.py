"""First token, speed, tokens and cost of every lane, of one turn and of the whole conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.ui.chat.conversation.foot import written
from chatbench.ui.chat.conversation.tables import Cell, FactTable, plain
from chatbench.ui.quantities import ABOUT, AT_LEAST, amount, duration, number, price, speed
from chatbench.ui.widgets import Button, Popup, SegmentControl


class Line(NamedTuple):
    """A row of the table, and the answers it is about."""

    lane: str
    model: str
    answers: Sequence[TreeMessage]


class FiguresPopup(Popup):
    """Two tables, one at a time. Call ``show_lines`` when it is open."""

    def __init__(self, turn: str, parent: QWidget) -> None:
        super().__init__(parent, name=QCoreApplication.translate("FiguresPopup", "Figures"))
        heads = [
            self.tr("Lane"), self.tr("Model"), self.tr("Answers"), self.tr("First token"), self.tr("Speed"),
            self.tr("Tokens in"), self.tr("Tokens out"), self.tr("Cost"),
        ]  # fmt: skip
        self.turn = FactTable([*heads[:2], *heads[3:]], name=turn, names=2, parent=self)
        heads[3] = self.tr("First token, median")
        self.whole = FactTable(heads, name=self.tr("Whole conversation"), names=2, parent=self)
        self.which = SegmentControl(
            [("turn", turn), ("whole", self.tr("Whole conversation"))],
            name=self.tr("What the figures are of"),
        )
        self.which.changed.connect(self._show)
        self.copy_button = Button(self.tr("Copy as CSV"), size="small", icon="copy")
        self.copy_button.clicked.connect(self._copy)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 6)
        head.addWidget(self.which)
        head.addStretch(1)
        head.addWidget(self.copy_button)
        tables = QHBoxLayout()
        tables.setContentsMargins(2, 0, 2, 10)
        tables.addWidget(self.turn)
        tables.addWidget(self.whole)
        self.body.addLayout(head)
        self.body.addLayout(tables)
        self.whole.hide()

    @property
    def table(self) -> FactTable:
        """The one that is shown."""
        return self.turn if self.which.current() == "turn" else self.whole

    def show_lines(self, turn: Sequence[Line], whole: Sequence[Line]) -> None:
        """The lanes' own answers; the sums are made here."""
        self.turn.fill([_turn_row(line) for line in self._summed(turn)])
        self.whole.fill([_row(line) for line in self._summed(whole)])
        # Neither is wider than the other: the popup keeps its place.
        wide = max(self.turn.minimumWidth(), self.whole.minimumWidth())
        for table in (self.turn, self.whole):
            table.setMinimumWidth(wide)

    def open_below(self, button: QWidget, inside: QWidget) -> None:
        """Opens under a button, without reaching over the edge of what it is inside of."""
        self.adjustSize()
        wide = self.card().width()
        left = button.mapToGlobal(QPoint(0, button.height() + 6))
        edges = (
            inside.mapToGlobal(QPoint(0, 0)).x() + 8,
            inside.mapToGlobal(QPoint(inside.width(), 0)).x() - 8,
        )
        x = left.x()
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            x += button.width() - wide
        self.turn.setFocus(Qt.FocusReason.PopupFocusReason)
        self.open_at(QPoint(max(edges[0], min(x, edges[1] - wide)), left.y()))

    def _summed(self, lines: Sequence[Line]) -> list[Line]:
        every = [one for line in lines for one in line.answers]
        return [*lines, Line(self.tr("All"), "", every)] if len(lines) > 1 else list(lines)

    def _copy(self) -> None:
        self.table.copy()

    def _show(self, which: str) -> None:
        self.turn.setVisible(which == "turn")
        self.whole.setVisible(which == "whole")
        self.adjustSize()


def _turn_row(line: Line) -> list[Cell]:
    """Of several lanes no first token can be told."""
    row = _row(line)
    first = row[3] if line.model else Cell("")
    return [*row[:2], first, *row[4:]]


def _row(line: Line) -> list[Cell]:
    answers = line.answers
    strong = not line.model
    count = len(answers)
    cells = [
        Cell(line.lane, strong=True),
        Cell(line.model),
        Cell(number(count), str(count)),
        _first(answers),
        _speed(answers),
        _tokens([one.usage.input_tokens if one.usage else None for one in answers], estimated=False),
        _tokens([written(one)[0] for one in answers], any(written(one)[1] for one in answers)),
        _cost(answers),
    ]
    return [one._replace(strong=True) for one in cells] if strong else cells


def _unknown() -> Cell:
    words = QCoreApplication.translate("FiguresPopup", "unknown")
    return Cell(words, plain(None), color="text3")


def _first(answers: Sequence[TreeMessage]) -> Cell:
    known = [one.timings.first_token_s for one in answers if one.timings.first_token_s is not None]
    if not known:
        return _unknown()
    value = median(known)
    return Cell(duration(value), f"{value:.3f}")


def _speed(answers: Sequence[TreeMessage]) -> Cell:
    """All tokens by all the time they took to come, where both are known."""
    tokens, seconds = 0, 0.0
    for one in answers:
        first, total = one.timings.first_token_s, one.timings.total_s
        out = written(one)[0]
        if out is not None and first is not None and total is not None and total - first > 0.05:
            tokens += out
            seconds += total - first
    if not tokens or not seconds:
        return _unknown()
    value = tokens / seconds
    about = ABOUT if any(written(one)[1] for one in answers) else ""
    return Cell(speed(value, about), f"{value:.2f}")


def _guessed(answers: Iterable[TreeMessage]) -> bool:
    return any(one.cost is not None and one.cost.estimated for one in answers)


def _tokens(counts: Sequence[int | None], estimated: bool) -> Cell:
    known = [one for one in counts if one is not None]
    if not known:
        return _unknown()
    total = sum(known)
    least = AT_LEAST if len(known) < len(counts) else ABOUT if estimated else ""
    return Cell(least + number(total), f">={total}" if len(known) < len(counts) else str(total))


def _cost(answers: Sequence[TreeMessage]) -> Cell:
    known = [one.cost for one in answers if one.cost is not None]
    if not known:
        return _unknown()
    if len(known) == 1 and len(answers) == 1:
        return Cell(price(known[0]), f"{known[0].amount:f}")
    if all(one.source == "free" for one in known) and len(known) == len(answers):
        return Cell(price(known[0]), "0")
    sums: dict[str, Decimal] = {}
    for one in known:
        sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount
    words = " + ".join(amount(value, currency) for currency, value in sorted(sums.items()))
    exact = " + ".join(f"{value:f}" + ("" if c == "USD" else f" {c}") for c, value in sorted(sums.items()))
    if len(known) < len(answers):
        return Cell(AT_LEAST + words, f">={exact}")
    return Cell((ABOUT if _guessed(answers) else "") + words, exact)
