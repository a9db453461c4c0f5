"""The foot of a lane beside others: four figures, and what can be done with its answer."""

from __future__ import annotations

import time
from typing import Final, Literal, NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.core.usage import Cost
from chatbench.services import Services
from chatbench.services.answers import Answer
from chatbench.services.ratings import Rating
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import ABOUT, duration, number, price, speed
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Button, ElidedLabel, Surface

SHARES: Final = (58, 75, 60, 63)
"""Of the width, for each figure: the narrowest lane has room for their names, and for "≈ 413 tok/s" beside
an unknown price. None is wider than twice as much: what is read together stands together."""

Fold = Literal["whole", "line", "gone"]
"""Figures above the acts; one line of both; nothing, where all room is needed for the words."""
_MARGINS: Final[dict[Fold, tuple[int, int, int, int]]] = {
    "whole": (16, 9, 16, 10),
    "line": (12, 5, 12, 4),
    "gone": (0, 0, 0, 0),
}
_BETWEEN: Final = 8
_LINE_GAP: Final = 1


class Figures(NamedTuple):
    """What is told of an answer, as words; "" where there is no such figure, or not yet."""

    first_token: str
    speed: str
    tokens: str
    cost: str


class LaneFoot(Surface):
    """``stop_clicked()``, ``rated(str)`` ("best", "bad", or "" to take it back), ``continue_clicked()``,
    ``ask_clicked()``."""

    stop_clicked = Signal()
    ask_clicked = Signal()
    rated = Signal(str)
    continue_clicked = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("chrome", lines=Qt.Edge.TopEdge, parent=parent)
        self._letter = "A"
        self._reasons: dict[Button, str] = {}
        self._fold: Fold = "whole"
        self._by = ""
        self.values = (
            Figure(self.tr("First token"), self.tr("How long the first words of the answer took to come")),
            Figure(self.tr("Speed"), self.tr("Tokens of the answer a second, after its first words")),
            Figure(self.tr("Tokens out"), self.tr("Tokens of this answer, with its thinking")),
            Figure(self.tr("Cost"), self.tr("What this answer cost, with all that was sent for it")),
        )
        self._figures = self._make_figures()
        column = QVBoxLayout()
        column.setSpacing(_BETWEEN)
        self.set_layout(column, _MARGINS["whole"])
        column.addWidget(self._figures)
        column.addLayout(self._make_acts())
        self._summary.hide()
        self.set_letter("A")
        self.show_answer(None, None)

    def _make_figures(self) -> QWidget:
        place = QWidget(self)
        figures = QHBoxLayout(place)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setSpacing(4)
        for value, share in zip(self.values, SHARES, strict=True):
            figures.addWidget(value, share)
        figures.addStretch(1)
        self._measure()
        return place

    def _make_acts(self) -> QHBoxLayout:
        self._summary = ElidedLabel(font="small", weight=600)
        self.best = Button("", size="small", icon="trophy")
        self.bad = Button("", size="small", icon="thumbs-down")
        self.stop = Button("", size="small", icon="square")
        self.ask = Button("", size="small", icon="corner-down-left")
        self.go_on = Button("", size="small")
        for button in (self.best, self.bad):
            button.setCheckable(True)
        self.best.clicked.connect(lambda on: self.rated.emit("best" if on else ""))
        self.bad.clicked.connect(lambda on: self.rated.emit("bad" if on else ""))
        self.stop.clicked.connect(self.stop_clicked)
        self.ask.clicked.connect(self.ask_clicked)
        self.go_on.clicked.connect(self.continue_clicked)
        acts = QHBoxLayout()
        acts.setSpacing(6)
        for button in (self.best, self.bad, self.stop, self.ask):
            acts.addWidget(button)
        acts.addWidget(self._summary, 1)
        acts.addStretch()
        acts.addWidget(self.go_on)
        return acts

    def _measure(self) -> None:
        for value, share in zip(self.values, SHARES, strict=True):
            value.setMaximumWidth(theme().scaled(2 * share))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._measure()

    @property
    def fold(self) -> Fold:
        """How it is folded."""
        return self._fold

    @property
    def told(self) -> str:
        """What stands beside what can be done: all figures in one line, and who else gave the answer."""
        return "" if self._summary.isHidden() else self._summary.text()

    def set_fold(self, fold: Fold) -> None:
        """How much room it takes; its owner hides what is gone."""
        if fold == self._fold:
            return
        self._fold = fold
        self._figures.setVisible(fold == "whole")
        self._summary.setVisible(fold == "line" or bool(self._by))
        self.set_margins(_MARGINS[fold])
        self._name()

    @staticmethod
    def height_of(fold: Fold) -> int:
        """How high it is when it is folded so."""
        if fold == "gone":
            return 0
        _, upper, _, lower = _MARGINS[fold]
        figures = theme().line("micro") + _LINE_GAP + theme().line("ui") + _BETWEEN
        return upper + lower + theme().control("button-small") + (figures if fold == "whole" else 0)

    def add_to(self, menu: QMenu) -> None:
        """Offers in a menu what is offered here."""
        for button in (self.best, self.bad, self.ask):
            if not button.isHidden():
                action = menu.addAction(button.label(), button.click)
                action.setCheckable(button.isCheckable())
                action.setChecked(button.isChecked())
                action.setEnabled(button.isEnabled())
        menu.addSeparator()

    def set_letter(self, letter: str) -> None:
        """What the lane is called among the others."""
        self._letter = letter
        self._name()

    def _name(self) -> None:
        line, letter = self._fold == "line", self._letter
        going_on = self.tr("Continue with {0}").format(letter)
        self.go_on.set_label(self.tr("Continue") if line else going_on)
        self.go_on.setAccessibleName(going_on)
        for button, words, name in (
            (self.best, self.tr("Best"), self.tr("Answer {0} is the best")),
            (self.bad, self.tr("Bad"), self.tr("Answer {0} is bad")),
            (self.stop, self.tr("Stop"), self.tr("Stop lane {0}")),
            (self.ask, self.tr("Answer this too"), self.tr("Lane {0}: answer this too")),
        ):
            button.set_label("" if line and button is not self.ask else words)
            button.setAccessibleName(name.format(letter))
        self._explain()

    def _explain(self) -> None:
        """What a button does, where its words are folded away and nothing else is to be said of it."""
        line = self._fold == "line"
        for button in (self.best, self.bad, self.stop, self.ask, self.go_on):
            reason = self._reasons.get(button, "")
            button.setToolTip(reason or (button.accessibleName() if line else ""))

    def set_rating(self, rating: Rating | None) -> None:
        """The rating of the answer in view."""
        self.best.setChecked(rating == "best")
        self.bad.setChecked(rating == "bad")

    def show_foreign(self, by: str) -> None:
        """Another lane's answer stands here, `by` another model: what is told and thought of it, is there."""
        self.show_answer(None, None, by=by)
        for button in (self.best, self.bad, self.stop):
            button.hide()
        missing = self.tr("Lane {0} has no answer of its own here").format(self._letter)
        self._reasons = {self.go_on: missing}
        self._explain()

    def show_unasked(self, *, by: str, ready: bool) -> None:
        """The lane has not been asked the last question; `ready`: what it would be asked has ended."""
        self.show_foreign(by)
        self.ask.show()
        self.ask.setEnabled(ready)
        self._reasons = {self.ask: "" if ready else self.tr("The other answer is still being written")}
        self._explain()

    def show_answer(
        self, message: TreeMessage | None, live: Answer | None, *, blind: bool = False, by: str = ""
    ) -> None:
        """The figures of an answer; running ones in the accent's colour. `blind` keeps its price back;
        `by` names its model where that is not the lane's."""
        self._by = by
        running = live is not None
        answer = message if message is not None and message.role == "assistant" else None
        found = running_figures(live) if live is not None else figures_of(answer)
        if blind and answer is not None:
            found = found._replace(cost=self.tr("hidden"))
        color: ColorRole = "accenttext" if running else "text"
        for figure, words in zip(self.values, found, strict=True):
            figure.set(words, "text3" if words == self.tr("hidden") else color)
        self._summarise(color)
        over = answer is not None and not running and answer.state != "streaming"
        usable = over and answer is not None and bool(answer.text)
        whole = usable and answer is not None and answer.state != "failed"
        own = answer is not None and answer.model is not None and not (answer.edited or answer.prompt)
        self.best.setVisible(not running)
        self.bad.setVisible(not running)
        self.stop.setVisible(running)
        self.ask.hide()
        self.best.setEnabled(whole and own)
        self.bad.setEnabled(over and own)
        self.go_on.setEnabled(whole)
        missing = "" if whole else self.tr("Lane {0} has no whole answer yet").format(self._letter)
        merged = answer is not None and bool(answer.prompt)
        changed = self.tr("Merged from others") if merged else self.tr("A person changed this answer")
        by_hand = "" if own or missing else changed
        bad = "" if over and own else missing or by_hand
        self._reasons = {self.go_on: missing, self.best: missing or by_hand, self.bad: bad}
        self._explain()

    def _summarise(self, color: ColorRole) -> None:
        """All figures in one line, what is not known left out; as room ends, the last ones go."""
        first, speed, tokens, cost = (one.words for one in self.values)
        by = self.tr("Answered by {0}").format(self._by) if self._by else ""
        known = [
            by,
            self.tr("{0} tokens out").format(tokens) if tokens else "",
            self.tr("price unknown") if cost == self.tr("unknown") else cost,
            speed,
            self.tr("first token {0}").format(first) if first else "",
        ]
        told = known if self._fold == "line" else [by]
        self._summary.set_text(left_to_right(" · ".join(one for one in told if one)))
        self._summary.setVisible(self._fold == "line" or bool(by))
        self._summary.set_color(color)


class Figure(QWidget):
    """A number under the word that says what it is of; without a number neither, and their room stays."""

    def __init__(self, name: str, meaning: str) -> None:
        super().__init__()
        self._name = name
        self.words = ""
        self.value = ElidedLabel(weight=600)
        self._meaning = meaning
        self._head = ElidedLabel(font="micro", color="text3")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_LINE_GAP)
        column.addWidget(self._head)
        column.addWidget(self.value)

    def set(self, words: str, color: ColorRole) -> None:
        """Shows another number, what is said in its place, or nothing."""
        self.words = words
        self._head.set_text(self._name if words else "")
        self.setToolTip(self._meaning if words else "")
        self.value.set_text(left_to_right(words))
        self.value.setAccessibleName(f"{self._name}: {words}" if words else "")
        self.value.set_color(color)


def figures_of(message: TreeMessage | None) -> Figures:
    """The figures of an answer that is over."""
    if message is None:
        return Figures("", "", "", "")
    first, total = message.timings.first_token_s, message.timings.total_s
    out, about = written(message)
    rate = ""
    if out and first is not None and total is not None and total - first > 0.05:
        rate = speed(out / (total - first), about)
    return Figures(
        _first(first),
        rate,
        "" if out is None else about + number(out),
        "" if message.cost is None and out is None else _cost(message.cost),
    )


def written(message: TreeMessage) -> tuple[int | None, str]:
    """The tokens of an answer that is over, and the sign before them where they are estimated: many
    providers tell no usage of what broke off, and what was seen running must not go."""
    if message.usage is not None:
        estimated = message.cost is not None and message.cost.estimated
        return message.usage.output_tokens, ABOUT if estimated else ""
    characters = len(message.text) + len(message.thinking)
    if message.state in ("stopped", "interrupted") and characters:
        return max(characters // 4, 1), ABOUT
    return None, ""


def running_figures(live: Answer) -> Figures:
    """The figures of an answer that is coming in: tokens are estimated from its words until the
    provider tells."""
    first = live.timings.first_token_s
    characters = sum(len(getattr(part, "text", "")) for part in live.parts())
    said = live.output_tokens or 0
    count = max(said, characters // 4)
    elapsed = time.monotonic() - live.started - (first or 0.0)
    about = "" if count == said else ABOUT
    rate = speed(count / elapsed, about) if count and first is not None and elapsed > 0.5 else ""
    tokens = about + number(count) if count else ""
    return Figures(_first(first), rate, tokens, "")


def _cost(cost: Cost | None) -> str:
    """An amount under a head that says what it is."""
    return QCoreApplication.translate("LaneFoot", "unknown") if cost is None else price(cost)


def _first(value: float | None) -> str:
    return "" if value is None else duration(value)
