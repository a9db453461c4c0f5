"""The leaderboard: which models' answers were rated above which, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.services import Services
from chatbench.services.ratings import AVERAGE, Standing
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.tables import Cell, FactTable, Range, plain
from chatbench.ui.quantities import number
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, Switch


class Leaderboard(QDialog):
    """Reads the standings when it opens and whenever something is rated; deletes itself."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Leaderboard"))
        self.blind = Switch(self.tr("Only what was rated blind"))
        self.blind.toggled.connect(self.refresh)
        heads = (
            self.tr("Model"), self.tr("Score"), self.tr("95 % interval"), self.tr("Won"), self.tr("Lost"),
            self.tr("Tied"), self.tr("Bad"),
        )  # fmt: skip
        self._standings: Sequence[Standing] = ()
        self.table = FactTable(heads, name=self.tr("Leaderboard"))
        self.table.currentCellChanged.connect(lambda *_: self._tell_of_row())
        self.leads = Label(weight=600, wrap=True)
        self.about = Label(font="small", color="text2", wrap=True)
        self.empty = Label(
            self.tr("Nothing is rated yet. Let several models answer, then choose Best, Tie or Bad."),
            font="small",
            color="text3",
            wrap=True,
        )
        self.note = Label(font="small", color="text3", wrap=True)
        self._lay_out()
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())
        self.refresh()

    def _lay_out(self) -> None:
        self.setMinimumWidth(theme().scaled(700))
        self.copy_button = Button(self.tr("Copy as CSV"), icon="copy")
        self.copy_button.clicked.connect(self.table.copy)
        close = Button(self.tr("Close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.blind)
        foot.addStretch(1)
        foot.addWidget(self.copy_button)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        words = self.tr(
            "The higher a score, the more often a model's answer was rated above another's. The line shows "
            "where the true score lies with 95 % confidence: where lines overlap, the order may be chance."
        )
        self.table.setAccessibleDescription(words)
        for widget in (
            self.leads, Label(words, font="small", color="text2", wrap=True), self.table, self.empty,
            self.about, self.note,
        ):  # fmt: skip
            column.addWidget(widget)
        column.addStretch(1)
        column.addLayout(foot)
        close.setFocus()

    def refresh(self) -> None:
        """Reads the standings again."""
        spawn(self._read(), owner=self, name="leaderboard")

    async def _read(self) -> None:
        self.show_standings(await self._services.ratings.leaderboard(blind_only=self.blind.isChecked()))

    def _changed(self, changes: Changes) -> None:
        if changes.ratings:
            self.refresh()

    def show_standings(self, standings: Sequence[Standing]) -> None:
        """Shows them in their order."""
        known = [one for one in standings if one.low is not None and one.high is not None]
        least = min((one.low for one in known if one.low is not None), default=0.0)
        most = max((one.high for one in known if one.high is not None), default=0.0)
        chosen, before = self.table.currentRow(), self._standings
        kept = before[chosen].model if 0 <= chosen < len(before) else None
        self._standings = standings
        self.table.fill([self._row(one, least, most) for one in standings])
        if standings:
            at = next((row for row, one in enumerate(standings) if one.model == kept), 0)
            self.table.setCurrentCell(at, 0)
        self.leads.setText(self._leader(standings))
        self.leads.setVisible(bool(self.leads.text()))
        self._tell_of_row()
        self.table.setVisible(bool(standings))
        if standings and not before:
            self.table.setFocus()
        self.copy_button.setEnabled(bool(standings))
        self.empty.setVisible(not standings)
        self.note.setText(self._notes(standings))
        self.note.setVisible(bool(self.note.text()))

    def _row(self, one: Standing, least: float, most: float) -> list[Cell]:
        name = self._services.models.info(one.model).title
        cells = [Cell(name, str(one.model), strong=True, tip=str(one.model)), *self._score(one, least, most)]
        return cells + [
            Cell(number(count), str(count)) for count in (one.wins, one.losses, one.ties, one.bad)
        ]

    def _score(self, one: Standing, least: float, most: float) -> list[Cell]:
        if one.score is None or one.low is None or one.high is None:
            unknown = Cell(self.tr("unknown"), plain(None), color="text3", tip=self._why_unknown(one))
            return [unknown, unknown]
        low, score, high = (number(round(value)) for value in (one.low, one.score, one.high))
        words = self.tr("{0} to {1}").format(low, high)
        drawn = Range(one.low, one.score, one.high, least, most)
        return [
            Cell(score, f"{one.score:.1f}", strong=True),
            Cell(words, f"{one.low:.1f} to {one.high:.1f}", drawn=drawn, tip=words),
        ]

    def _why_unknown(self, one: Standing) -> str:
        if one.unknown == "alone":
            return self.tr("Never compared with another model")
        return self.tr("Never compared with the models above")

    def _leader(self, standings: Sequence[Standing]) -> str:
        """Who stands first, and whether that is more than chance."""
        scored = [one for one in standings if one.score is not None]
        if not scored:
            return ""
        first, *others = scored
        if all(one.score == first.score for one in others):
            return self.tr("No model is ahead.")
        name = self._services.models.info(first.model).title
        near = sum((one.high or 0.0) >= (first.low or 0.0) for one in others)
        if not near:
            return self.tr("{0} leads, beyond chance.").format(name)
        if near == 1:
            return self.tr("{0} leads, but one other model may be as good.").format(name)
        return self.tr("{0} leads, but {1} other models may be as good.").format(name, number(near))

    def _tell_of_row(self) -> None:
        """What the row says, in words."""
        row = self.table.currentRow()
        shown = 0 <= row < len(self._standings)
        self.about.setVisible(shown)
        if not shown:
            return
        one = self._standings[row]
        name = self._services.models.info(one.model).title
        if one.score is None or one.low is None or one.high is None:
            self.about.setText(f"{name}: {self._why_unknown(one)}")
            return
        words = self.tr("{0}: a score of {1}, with 95 % confidence between {2} and {3}, from {4} comparisons")
        count = one.wins + one.losses + one.ties
        if count == 1:
            words = self.tr(
                "{0}: a score of {1}, with 95 % confidence between {2} and {3}, from 1 comparison"
            )
        told = (number(round(value)) for value in (one.score, one.low, one.high))
        self.about.setText(words.format(name, *told, number(count)))

    def _notes(self, standings: Sequence[Standing]) -> str:
        notes = []
        if any(one.score is not None for one in standings):
            notes.append(self.tr("Bradley-Terry scores; {0} is the average.").format(number(round(AVERAGE))))
        if any(one.provisional for one in standings):
            notes.append(self.tr("Provisional: some model has only won or only lost so far."))
        if any(one.unknown for one in standings):
            notes.append(self.tr("Unknown is who was never compared with the others."))
        return " ".join(notes)
