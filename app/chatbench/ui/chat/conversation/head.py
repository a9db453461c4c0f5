"""The head of a lane beside others: its letter, its model, how its answer stands."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.conversations import Lane, TreeMessage
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE
from chatbench.services import Services
from chatbench.services.answers import Answer
from chatbench.ui.chat.composer.line import place_icon
from chatbench.ui.chat.conversation.marked import Marked, MarkedLine
from chatbench.ui.chat.conversation.settings import marked_words
from chatbench.ui.quantities import duration
from chatbench.ui.theme import theme
from chatbench.ui.widgets import GAUGE, Chip, IconButton, Pill, Surface, box

_WHOLE: Final = (16, 6, 10, 7)
_FOLDED: Final = (16, 4, 10, 5)
_CUT_OFF: Final = frozenset({"max_tokens", "context_window"})


class LaneHead(Surface):
    """``model_clicked()``, ``menu_wanted()``; ``named()`` when it may be called otherwise."""

    model_clicked = Signal()
    menu_wanted = Signal()
    named = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("page", lines=Qt.Edge.BottomEdge, parent=parent)
        self._services = services
        self.blind = False
        self._lane: Lane | None = None
        self._base: Lane | None = None
        self.letter = LetterMark("A", self)
        self.model = Chip(menu=True, bordered=False, strong=True, parent=self)
        self.model.clicked.connect(self.model_clicked)
        self.state = Pill(parent=self)
        self.more = IconButton("ellipsis", self.tr("More for this lane"), size="row", parent=self)
        self.more.clicked.connect(self.menu_wanted)
        self.facts = MarkedLine(parent=self)
        self._below = QWidget(self)
        first = QHBoxLayout()
        first.setSpacing(4)
        first.addWidget(self.letter)
        first.addWidget(self.model, 1, Qt.AlignmentFlag.AlignLeft)
        first.addWidget(self.state)
        first.addWidget(self.more)
        second = QHBoxLayout(self._below)
        second.setContentsMargins(0, 0, 0, 0)
        second.addSpacing(theme().scaled(24))
        second.addWidget(self.facts)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column, _WHOLE)
        column.addLayout(first)
        column.addWidget(self._below)

    def set_folded(self, folded: bool) -> None:
        """Whether the line of what differs from the defaults gives its room to the words; it is then in
        the tooltip of the model."""
        if folded != self._below.isHidden():
            self._below.setVisible(not folded)
            self.set_margins(_FOLDED if folded else _WHOLE)
            self._name()

    def height_of(self, *, folded: bool) -> int:
        """How high it is when it is folded, or not."""
        _, upper, _, lower = _FOLDED if folded else _WHOLE
        line = max(self.more.sizeHint().height(), self.model.sizeHint().height())
        return upper + lower + line + (0 if folded else self.facts.sizeHint().height())

    def set_letter(self, letter: str) -> None:
        """What the lane is called among the others."""
        self.letter.set_letter(letter)
        self._name()

    def set_blind(self, blind: bool) -> None:
        """Whether model and provider stay hidden until the answers are rated."""
        self.blind = blind
        self._name()

    def show_lane(self, lane: Lane) -> None:
        """Names the model and what differs from its defaults."""
        self._lane = lane
        self._name()

    def set_baseline(self, base: Lane | None) -> None:
        """The lane this one is compared with: what is set otherwise here is marked."""
        self._base = base
        self.facts.set_clickable(base is not None)
        self._name()

    def show_unasked(self) -> None:
        """The lane was not asked the last question."""
        self.state.set_state(self.tr("Not asked"))
        self.state.show()

    def show_state(self, message: TreeMessage | None, live: Answer | None) -> None:
        """How the answer in view stands."""
        if live is not None:
            elapsed = duration(max(0.0, time.monotonic() - live.started))
            waiting = live.queued or live.retry_at is not None
            words = self.tr("Waiting, {0}") if waiting else self.tr("Streaming, {0}")
            self.state.set_state(words.format(elapsed), "accent", "" if waiting else GAUGE)
        elif message is None or message.role == "user":
            self.state.set_state("")
        else:
            self._show_end(message)
        self.state.setVisible(bool(self.state.text()))

    def _show_end(self, message: TreeMessage) -> None:
        total = message.timings.total_s
        if message.state == "done" and message.stop_reason in _CUT_OFF:
            cut = self.tr("Cut off") if total is None else self.tr("Cut off, {0}").format(duration(total))
            self.state.set_state(cut, "warning")
        elif message.state == "done":
            done = self.tr("Done") if total is None else self.tr("Done, {0}").format(duration(total))
            self.state.set_state(done, "success")
        elif message.state == "failed":
            self.state.set_state(self.tr("Failed"), "danger", "circle-alert")
        elif message.state == "interrupted":
            self.state.set_state(self.tr("Interrupted"), "warning")
        else:
            self.state.set_state(self.tr("Stopped"))

    def _provider(self, provider: str) -> str:
        """Its name; a provider that was removed is called by its id."""
        try:
            return self._services.endpoints.row(provider).endpoint.name
        except ChatbenchError:
            return provider

    def _name(self) -> None:
        lane = self._lane
        if lane is None:
            return
        letter = self.tr("Lane {0}").format(self.letter.letter)
        if self.blind:
            self.model.set_label(letter)
            self.model.set_icon("eye-off")
            self.model.setToolTip(self.tr("Named when the answers are rated"))
            self.facts.set_parts([Marked(self.tr("Named when the answers are rated"))])
        else:
            info = self._services.models.info(lane.model or GUIDE)
            self.model.set_label(info.title.removeprefix("Claude "))
            self.model.set_icon(place_icon(info))
            provider = Marked(self._provider(info.ref.provider))
            self.facts.set_parts([*marked_words(lane, self._base), provider])
            folded = self._below.isHidden()
            self.model.setToolTip(f"{info.ref}\n{self.facts.text()}" if folded else str(info.ref))
        self.model.setEnabled(not self.blind)
        self.setAccessibleName(f"{letter}: {self.model.label()}")
        self.model.setAccessibleName(
            self.tr("Model of lane {0}: {1}").format(self.letter.letter, self.model.label())
        )
        self.named.emit()


class LetterMark(QWidget):
    """The letter of a lane, in a small frame."""

    def __init__(self, letter: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.letter = letter
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_letter(self, letter: str) -> None:
        """Change it."""
        self.letter = letter
        self.setAccessibleName(letter)
        self.update()

    def sizeHint(self) -> QSize:
        edge = theme().scaled(18)
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_letter(painter, self.rect(), self.letter)
        painter.end()


def draw_letter(painter: QPainter, rect: QRect, letter: str) -> None:
    """The letter of a lane in its frame, filling ``rect``."""
    box(painter, rect, theme().corner("inline"), "page", "linectl")
    painter.setFont(theme().font("micro", 600))
    painter.setPen(theme().color("text"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, letter)
