"""Beside another run, or one column beside another: what got better and worse, in words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.core.runs import Run
from chatbench.services import Services
from chatbench.services.runs import Compared, names_of
from chatbench.ui import quantities
from chatbench.ui.aio import Rereading
from chatbench.ui.theme import theme
from chatbench.ui.widgets import IconButton, Label, Select, Surface, announce
from chatbench.ui.widgets.forms import scrolling
from chatbench.ui.workbench.runs.comparedwords import compared_words

_OFFERED = 10
_NARROW = 560
"""Narrower than this, the choice of rows stands below the words."""
_LINES = 6
Came = Literal["better", "worse", "both", "otherwise"]
"""How a row came out beside what it is compared with: in one column better and in another worse is both;
otherwise: it could not be judged on one side."""


class _With(NamedTuple):
    """Another run, or (`run` None) two columns of this one by their indexes."""

    run: Run | None
    first: int = 0
    second: int = 0


class Comparison(Surface):
    """`marked()`: other rows are changed; `only()`: whether only they are wanted is otherwise."""

    marked = Signal()
    only = Signal()

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__("sunken", lines=Qt.Edge.BottomEdge, parent=parent)
        self._services = services
        self._run: Run | None = None
        self._others: list[Run] = []
        self._with: _With | None = None
        self.changed: dict[int, Came] = {}
        """How the rows came out that did not come out the same, by their places."""
        self.found: tuple[Compared, ...] = ()
        self.words = Label(font="small", wrap=True)
        self.which = Select(name=self.tr("Which rows are shown"))
        self.which.currentIndexChanged.connect(lambda _at: self.only.emit())
        self.close_button = IconButton("x", self.tr("End the comparison"), size="code")
        self.close_button.clicked.connect(self.end)
        self._reading = Rereading(self._read, self, "run-comparison")
        self._told = scrolling(self.words)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(8)
        self._row.addWidget(self._told, 1, Qt.AlignmentFlag.AlignTop)
        ends = QHBoxLayout()
        ends.addWidget(self.which, 1, Qt.AlignmentFlag.AlignTop)
        ends.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addLayout(ends)
        self.set_layout(self._row, (16, 8, 12, 8))
        self._is_aside = False
        self.hide()

    def set_aside(self, aside: bool) -> None:
        """Whether there is no room for it just now."""
        self._is_aside = aside
        self.setVisible(self._with is not None and bool(self.words.text()) and not aside)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as the words are, up to a few lines: the rest is scrolled to."""
        narrow = self.width() < theme().breakpoint(_NARROW)
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._row.setDirection(down if narrow else across)
        beside = 0 if narrow else self.which.sizeHint().width() + self.close_button.sizeHint().width() + 16
        high = self.words.heightForWidth(max(1, self.width() - beside - 40))
        self._told.setFixedHeight(min(high, _LINES * theme().line("small")))

    async def look(self, run: Run) -> None:
        """Finds what the run can be compared with."""
        self._run = run
        runs = await self._services.runs.runs()
        ids = {column.prompt_id for column in run.columns} - {""}
        self._others = [
            one
            for one in runs
            if one.id != run.id and ((ids & {column.prompt_id for column in one.columns}) or _alike(one, run))
        ]
        if self._with is not None:
            self._reading.again()

    def offered(self) -> str:
        """What the button says."""
        earlier = self.earlier()
        return self.tr("Compare with run {0}").format(earlier.number) if earlier else self.tr("Compare…")

    def wanted(self) -> frozenset[int] | None:
        """The places of the rows that are wanted; None: all are."""
        if self._with is None or not self.which.currentData():
            return None
        chosen = self.which.currentData()
        return frozenset(row for row, came in self.changed.items() if came in chosen)

    def want_all(self) -> None:
        """No row is to be left out; without `only`."""
        self.which.blockSignals(True)
        self.which.setCurrentIndex(0)
        self.which.blockSignals(False)

    def menu(self, parent: QWidget) -> QMenu:
        """Everything it can be compared with."""
        menu = QMenu(parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        run = self._run
        if run is None:
            return menu
        earlier = self.earlier()
        others = [one for one in self._others if one is not earlier]
        for one in ([earlier] if earlier else []) + others[:_OFFERED]:
            named = f"{one.number} · {one.plan.name}" if one.plan.name else str(one.number)
            menu.addAction(self.tr("Run {0}").format(named), partial(self.begin, _With(one)))
        names = names_of(run)
        if len(names) > 1:
            if not menu.isEmpty():
                menu.addSeparator()
            for at, name in enumerate(names[1 : _OFFERED + 1], 1):
                words = self.tr("{0} with {1}").format(name, names[0]).replace("&", "&&")
                menu.addAction(words, partial(self.begin, _With(None, 0, at)))
        if menu.isEmpty():
            menu.addAction(self.tr("There is nothing to compare it with yet")).setEnabled(False)
        return menu

    def begin(self, other: _With) -> None:
        """Compares with that from now on."""
        self._with = other
        self._reading.again()

    def begin_with_earlier(self) -> None:
        """Compares with the last run before this one; to be called where there is one."""
        self.begin(_With(self.earlier()))

    def end(self) -> None:
        """Compares no more."""
        self._with, self.changed, self.found = None, {}, ()
        self.want_all()
        self.hide()
        self.marked.emit()

    async def settled(self) -> None:
        """Waits for what is being compared."""
        await self._reading.ended()

    async def _read(self) -> None:
        run, other = self._run, self._with
        if run is None or other is None:
            return
        runs = self._services.runs
        try:
            if other.run is not None:
                found: Sequence[Compared] = await runs.compare_runs(other.run.id, run.id)
            else:
                found = [await runs.compare((run.id, other.first), (run.id, other.second))]
            self.changed = await self._placed(run, found)
        except ChatbenchError as error:
            self.words.setText(" ".join(filter(None, (error.message, error.hint))))
            self._show_words()
            return
        self.found = tuple(found)
        self._offer_rows()
        self.words.setText(self._words_of(other))
        self._show_words()
        announce(self, self.words.text())
        self.marked.emit()

    async def _placed(self, run: Run, found: Sequence[Compared]) -> dict[int, Came]:
        """How the rows came out, by their places."""
        ids: tuple[set[str], ...] = (
            {row for one in found for row in one.rows.fixed},
            {row for one in found for row in one.rows.broken},
            {row for one in found for row in (*one.rows.judged, *one.rows.unjudged)},
        )
        runs = self._services.runs
        better, worse, otherwise = [
            frozenset(await runs.places_of(run.id, some) if some else ()) for some in ids
        ]
        came: dict[int, Came] = dict.fromkeys(otherwise, "otherwise")
        came.update(dict.fromkeys(better, "better"))
        came.update(dict.fromkeys(worse, "worse"))
        came.update(dict.fromkeys(better & worse, "both"))
        return came

    def _offer_rows(self) -> None:
        """With how many there are of each."""
        offered: tuple[tuple[str, tuple[Came, ...]], ...] = (
            (self.tr("All rows"), ()),
            (self.tr("Changed rows ({0})"), ("better", "worse", "both", "otherwise")),
            (self.tr("Better rows ({0})"), ("better", "both")),
            (self.tr("Worse rows ({0})"), ("worse", "both")),
        )
        came = list(self.changed.values())
        at = max(0, self.which.currentIndex())
        self.which.blockSignals(True)
        self.which.clear()
        for words, ways in offered:
            self.which.addItem(words.format(quantities.number(sum(one in ways for one in came))), ways)
        self.which.setCurrentIndex(at)
        self.which.blockSignals(False)

    def _show_words(self) -> None:
        self._fit()
        self.setVisible(not self._is_aside)

    def _words_of(self, other: _With) -> str:
        if not self.found and other.run is not None:
            return self.tr("Run {0} has no column that this one goes on from.").format(other.run.number)
        lines = []
        for one in self.found:
            more = []
            for words, rows in (
                (self.tr("rows not in the other: {0}"), one.rows.added),
                (self.tr("judged in one of them only: {0}"), (*one.rows.judged, *one.rows.unjudged)),
            ):
                if rows:
                    more.append(words.format(quantities.number(len(rows))))
            lines.append(compared_words(one) + (f" ({', '.join(more)})" if more else ""))
        return "\n".join(lines)

    def earlier(self) -> Run | None:
        """The last run before this one that it can be compared with."""
        run = self._run
        return next((one for one in self._others if run is not None and one.number < run.number), None)


def _alike(one: Run, other: Run) -> bool:
    """Whether two runs are of one plan: its name, or a column that is the same."""
    if one.plan.name and one.plan.name == other.plan.name:
        return True
    return bool({column.key for column in one.columns} & {column.key for column in other.columns})
