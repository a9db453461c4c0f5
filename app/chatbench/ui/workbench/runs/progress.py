"""The head of a run: its name, how far it is, what it has cost, how long it takes, and what can be done."""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.runs import Run
from chatbench.services.runs import Live
from chatbench.ui import quantities
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Button, ElidedLabel, Flow, Gauge, IconButton, Label, Mark, Surface, flowing
from chatbench.ui.workbench.runs.countfield import CountField
from chatbench.ui.workbench.runs.spans import span

_HIGH: Final = 8
_MOST_AT_ONCE: Final = 10_000
_GAP: Final = 6
_RING: Final = 4
_NARROW: Final = 640
"""Narrower than this, what can be done stands below the name."""


class Counts(NamedTuple):
    """Cells of a run, by what they are."""

    done: int
    failed: int
    running: int
    waiting: int


class PartedBar(QWidget):
    """Done, failed, being written and waiting, in proportion; the words below it say the same."""

    def __init__(self) -> None:
        super().__init__()
        self._counts = Counts(0, 0, 0, 1)
        self.setFixedHeight(_HIGH)

    def set_counts(self, counts: Counts) -> None:
        """What it shows."""
        if counts != self._counts:
            self._counts = counts
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().scaled(120), _HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("pressed"))
        whole = QRectF(self.rect())
        painter.drawRoundedRect(whole, _HIGH / 2, _HIGH / 2)
        total = max(1, sum(self._counts))
        writing = QColor(theme().color("accent"))
        writing.setAlphaF(0.45)
        colors = (theme().color("accent"), theme().color("danger"), writing)
        x, rtl = 0.0, self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for count, color in zip(self._counts[:3], colors, strict=True):
            if not count:
                continue
            wide = max(3.0, whole.width() * count / total)
            left = whole.width() - x - wide if rtl else x
            painter.fillRect(QRectF(left, 0, wide - 1, _HIGH), color)
            painter.fillRect(QRectF(left if rtl else left + wide - 1, 0, 1, _HIGH), theme().color("page"))
            x += wide
        painter.end()


class _Fact(QWidget):
    """An icon and a number in words."""

    def __init__(self, icon: str, color: ColorRole) -> None:
        super().__init__()
        self.words = Label(font="small", color=color if color == "danger" else "text2")
        self._mark: QWidget = Gauge() if icon == "gauge" else Mark(icon, color, size=14)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(5)
        row.addWidget(self._mark)
        row.addWidget(self.words)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def say(self, text: str, shown: bool = True) -> None:
        if text != self.words.text():
            self.words.setText(text)
            self.updateGeometry()
        self.setVisible(shown)
        if isinstance(self._mark, Gauge):
            self._mark.set_active(shown)


class ProgressHead(Surface):
    """`paused()`, `resumed()`, `stopped()`: a button was pressed; `concurrency(int)`: so many at once."""

    paused = Signal()
    resumed = Signal()
    stopped = Signal()
    concurrency = Signal(int)

    def __init__(self) -> None:
        super().__init__("page", lines=Qt.Edge.BottomEdge)
        self.name = Label(font="h4", weight=600)
        self.size_words = ElidedLabel(font="small", color="text2")
        self.compare = Button(self.tr("Compare…"), icon="git-compare")
        self.compare_which = IconButton("chevron-down", self.tr("Compare with another run or column"))
        self.pause = Button(self.tr("Pause"), icon="pause")
        self.resume = Button(self.tr("Resume"), kind="primary", icon="play")
        self.stop = Button(self.tr("Stop"), icon="square")
        self.more = IconButton("ellipsis", self.tr("More about this run"))
        self.at_once = CountField(self.tr("Cells at once"), 1, _MOST_AT_ONCE)
        self.at_once.setToolTip(self.tr("How many cells are asked at once"))
        self.at_once.setFixedWidth(theme().scaled(48))
        self.at_once_words = Label(self.tr("at once"), font="small", color="text2")
        self.bar = PartedBar()
        self.done = _Fact("check", "success")
        self.failed = _Fact("circle-alert", "danger")
        self.writing = _Fact("gauge", "accent")
        self.waiting = _Fact("circle-dashed", "text3")
        self.rate = Label(font="small", color="text2")
        self.spent = Label(font="small", color="text", weight=600)
        self.estimated = Label(font="small", color="text2")
        self.left = Label(font="small", color="text2")
        self.reason = Label(font="small", color="warning", wrap=True)
        self._lay_out()
        self.pause.clicked.connect(self.paused)
        self.resume.clicked.connect(self.resumed)
        self.stop.clicked.connect(self.stopped)
        self.at_once.counted.connect(self.concurrency)

    def _lay_out(self) -> None:
        titles = QHBoxLayout()
        titles.setSpacing(8)
        titles.addWidget(self.name)
        titles.addWidget(self.size_words, 1)
        self._buttons: tuple[QWidget, ...] = (
            self.at_once, self.at_once_words, self.compare, self.compare_which, self.pause, self.resume,
            self.stop,
        )  # fmt: skip
        self._acts = QWidget()
        flow = Flow(self._acts, gap=_GAP)
        for one in self._buttons:
            flow.addWidget(one)
        # Room for the ring of the button that has the focus.
        flow.setContentsMargins(0, _RING, _RING, _RING)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self._acts.setSizePolicy(policy)
        self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._top.setSpacing(8)
        self._top.addLayout(titles, 1)
        self._top.addWidget(self._acts)
        first = QHBoxLayout()
        first.setSpacing(_GAP)
        first.addLayout(self._top, 1)
        first.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        words = (self.done, self.failed, self.writing, self.waiting)
        facts = flowing(*words, self.rate, self.spent, self.estimated, self.left)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addLayout(first)
        column.addWidget(self.bar)
        column.addWidget(facts)
        column.addWidget(self.reason)
        self.set_layout(column, (16, 8, 12, 8))

    def show_run(self, run: Run, live: Live | None) -> None:
        """How the run stands: while it is under way by `live`, which is newer."""
        columns = len(run.columns)
        rows = self.tr("{0} row") if run.rows == 1 else self.tr("{0} rows")
        across = self.tr("{0} column") if columns == 1 else self.tr("{0} columns")
        size = " × ".join((rows.format(quantities.number(run.rows)), across.format(columns)))
        if run.plan.repeats > 1:
            size += " × " + str(run.plan.repeats)
        self.name.setText(self.tr("Run {0}").format(run.number))
        self.size_words.set_text(f"{run.plan.name} · {size}" if run.plan.name else size)
        state = live.state if live is not None else run.state
        running = live.running if live is not None else 0
        done, failed = (live.done, live.failed) if live is not None else (run.done, run.failed)
        waiting = max(0, run.total - done - failed - running)
        self.bar.set_counts(Counts(done, failed, running, waiting))
        number = quantities.number
        self.done.say(self.tr("{0} done").format(number(done)))
        self.failed.say(self.tr("{0} failed").format(number(failed)), failed > 0)
        self.writing.say(self.tr("{0} writing").format(number(running)), running > 0)
        self.waiting.say(self.tr("{0} waiting").format(number(waiting)), waiting > 0)
        under_way = state == "running"
        self.pause.setVisible(under_way)
        self.stop.setVisible(state in ("running", "paused"))
        self.resume.setVisible(state in ("paused", "stopped"))
        self.at_once.setVisible(under_way)
        self._arrange()
        self._show_money(run, live)
        self._show_time(run, live if under_way else None)
        reason = live.reason if live is not None else run.reason
        self._show_reason(state, reason, running)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """In one line as long as there is room."""
        narrow = self.width() < theme().breakpoint(_NARROW)
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._top.setDirection(down if narrow else across)
        self.at_once_words.setVisible(not self.at_once.isHidden() and not narrow)
        wide = sum(one.sizeHint().width() + _GAP for one in self._buttons if not one.isHidden())
        self._acts.setMinimumWidth(0 if narrow else wide - _GAP + _RING)

    def _show_money(self, run: Run, live: Live | None) -> None:
        cost, unpriced = (live.cost, live.unpriced) if live is not None else (run.cost, run.unpriced)
        told = quantities.AT_LEAST if unpriced else ""
        self.spent.setText(told + quantities.amount(cost))
        estimated = live.estimated_cost if live is not None else None
        self.estimated.setVisible(estimated is not None)
        if estimated is not None:
            self.estimated.setText(self.tr("of {0}").format(quantities.estimate(estimated)))

    def _show_time(self, run: Run, live: Live | None) -> None:
        self.rate.setVisible(live is not None and live.rate > 0)
        self.left.setVisible(live is not None or run.ended_at is not None)
        if live is not None:
            self.rate.setText(self.tr("{0} a minute").format(quantities.number(round(live.rate * 60))))
            known = live.seconds_left is not None
            left = self.tr("{0} left").format(span(live.seconds_left or 0)) if known else ""
            self.left.setText(left)
            if not self.at_once.hasFocus() and self.at_once.value() != live.concurrent:
                self.at_once.set_value(live.concurrent)
        elif run.ended_at is not None:
            took = span((run.ended_at - run.created_at) / 1000)
            words = self.tr("done in {0}") if run.state == "done" else self.tr("stopped after {0}")
            self.left.setText(words.format(took))

    def _show_reason(self, state: str, reason: str, running: int) -> None:
        words = ""
        if state != "running" and running:
            words = self.tr("Nothing more is asked; {0} answers are still coming").format(running)
            if running == 1:
                words = self.tr("Nothing more is asked; one answer is still coming")
        elif state == "paused":
            words = self.tr("Paused: {0}").format(reason) if reason else self.tr("Paused by you")
        elif state == "stopped":
            words = self.tr("Stopped: {0}").format(reason) if reason else self.tr("Stopped by you")
        self.reason.setVisible(bool(words))
        self.reason.setText(words)
