"""The foot of a lane beside others: four figures, and what can be done with its answer."""

from __future__ import annotations

import time
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QLocale, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.core.usage import Cost
from chatbench.services import Services
from chatbench.services.answers import Answer
from chatbench.services.ratings import Rating
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.chat.transcript.facts import ABOUT, money
from chatbench.ui.theme import ColorRole
from chatbench.ui.widgets import Button, ElidedLabel, Surface

SHARES = (55, 75, 52, 61)
"""Of the width, for each figure: the narrowest lane has room for "≈ 413 tok/s" beside an unknown price."""


class Figures(NamedTuple):
    """What is told of an answer, as words; "n/a" where there is no such figure."""

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
        names = (self.tr("First token"), self.tr("Speed"), self.tr("Tokens"), self.tr("Cost"))
        self._values = [ElidedLabel("n/a", weight=600) for _ in names]
        figures = QHBoxLayout()
        figures.setSpacing(8)
        for name, value, share in zip(names, self._values, SHARES, strict=True):
            one = QVBoxLayout()
            one.setSpacing(1)
            one.addWidget(ElidedLabel(name, font="micro", color="text3"))
            one.addWidget(value)
            figures.addLayout(one, share)
        self.best = Button(self.tr("Best"), size="small", icon="trophy")
        self.bad = Button(self.tr("Bad"), size="small", icon="thumbs-down")
        self.stop = Button(self.tr("Stop"), size="small", icon="square")
        self.ask = Button(self.tr("Answer this too"), size="small", icon="corner-down-left")
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
        acts.addStretch(1)
        acts.addWidget(self.go_on)
        column = QVBoxLayout()
        column.setSpacing(8)
        self.set_layout(column, (16, 9, 16, 10))
        column.addLayout(figures)
        column.addLayout(acts)
        self.set_letter("A")
        self.show_answer(None, None)

    def set_letter(self, letter: str) -> None:
        """What the lane is called among the others."""
        self._letter = letter
        self.go_on.set_label(self.tr("Continue with {0}").format(letter))
        for button, name in (
            (self.best, self.tr("Answer {0} is the best")),
            (self.bad, self.tr("Answer {0} is bad")),
            (self.stop, self.tr("Stop lane {0}")),
            (self.ask, self.tr("Lane {0}: answer this too")),
        ):
            button.setAccessibleName(name.format(letter))

    def set_rating(self, rating: Rating | None) -> None:
        """The rating of the answer in view."""
        self.best.setChecked(rating == "best")
        self.bad.setChecked(rating == "bad")

    def show_unasked(self, *, ready: bool) -> None:
        """The lane has not been asked the last question; `ready`: what it would be asked has ended."""
        self.show_answer(None, None)
        for button in (self.best, self.bad, self.stop):
            button.hide()
        self.ask.show()
        self.ask.setEnabled(ready)
        self.ask.setToolTip("" if ready else self.tr("The other answer is still being written"))

    def show_answer(self, message: TreeMessage | None, live: Answer | None, *, blind: bool = False) -> None:
        """The figures of an answer; running ones in the accent's colour. `blind` keeps its price back."""
        running = live is not None
        answer = message if message is not None and message.role == "assistant" else None
        found = running_figures(live) if live is not None else figures_of(answer)
        if blind and answer is not None:
            found = found._replace(cost=self.tr("hidden"))
        color: ColorRole = "accenttext" if running else "text"
        for label, words in zip(self._values, found, strict=True):
            label.set_text(left_to_right(words))
            label.set_color("text3" if words in ("n/a", self.tr("hidden")) else color)
        over = answer is not None and not running and answer.state != "streaming"
        usable = over and answer is not None and bool(answer.text)
        whole = usable and answer is not None and answer.state != "failed"
        own = answer is not None and answer.model is not None and not answer.edited
        self.best.setVisible(not running)
        self.bad.setVisible(not running)
        self.stop.setVisible(running)
        self.ask.hide()
        self.best.setEnabled(whole and own)
        self.bad.setEnabled(over and own)
        self.go_on.setEnabled(whole)
        missing = "" if whole else self.tr("Lane {0} has no whole answer yet").format(self._letter)
        by_hand = "" if own or missing else self.tr("A person changed this answer")
        self.go_on.setToolTip(missing)
        self.best.setToolTip(missing or by_hand)
        self.bad.setToolTip("" if over and own else missing or by_hand)


def figures_of(message: TreeMessage | None) -> Figures:
    """The figures of an answer that is over."""
    if message is None:
        return Figures("n/a", "n/a", "n/a", "n/a")
    locale = QLocale()
    first, total = message.timings.first_token_s, message.timings.total_s
    out, about = _written(message)
    speed = "n/a"
    if out and first is not None and total is not None and total - first > 0.05:
        speed = _speed(out / (total - first), about)
    return Figures(
        _first(first),
        speed,
        "n/a" if out is None else about + locale.toString(out),
        "n/a" if message.cost is None and out is None else _cost(message.cost),
    )


def _written(message: TreeMessage) -> tuple[int | None, str]:
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
    speed = _speed(count / elapsed, about) if count and first is not None and elapsed > 0.5 else "n/a"
    tokens = about + QLocale().toString(count) if count else "n/a"
    return Figures(_first(first), speed, tokens, "n/a")


def _cost(cost: Cost | None) -> str:
    """An amount under a head that says what it is."""
    return QCoreApplication.translate("LaneFoot", "unknown") if cost is None else money(cost)


def _first(value: float | None) -> str:
    return "n/a" if value is None else QLocale().toString(value, "f", 2) + " s"


def _speed(value: float, about: str) -> str:
    return about + QLocale().toString(value, "f", 0 if value >= 10 else 1) + " tok/s"
