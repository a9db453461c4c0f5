"""How one message came about: model, times, tokens, price, what was left out, what went wrong."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.conversations import Conversation, MessageState, TreeMessage
from chatbench.core.errors import UnknownModel
from chatbench.core.messages import Message
from chatbench.core.models import GUIDE
from chatbench.core.usage import Timings
from chatbench.services import Services
from chatbench.ui.chat.inspector.bill import rule, share_row, total_row
from chatbench.ui.chat.inspector.files import FilesSection
from chatbench.ui.chat.inspector.parameters import specs
from chatbench.ui.chat.inspector.request import RequestSection
from chatbench.ui.chat.inspector.words import (
    moment,
    price_source,
    shares,
    tr,
    why_left_out,
)
from chatbench.ui.chat.transcript.facts import estimate_sign
from chatbench.ui.quantities import ABOUT, amount, duration, number, speed
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Card, FactRow, Label, Pill, RawText, Section, Surface
from chatbench.ui.widgets.chips import Tone

_TONES: Final[dict[MessageState, Tone]] = {
    "streaming": "accent",
    "done": "success",
    "stopped": "neutral",
    "interrupted": "warning",
    "failed": "danger",
}


def state_word(state: MessageState) -> str:
    """A state as people read it."""
    return {
        "streaming": tr("Being written"),
        "done": tr("Done"),
        "stopped": tr("Stopped"),
        "interrupted": tr("Interrupted"),
        "failed": tr("Failed"),
    }[state]


def stop_words(reason: str) -> str:
    """Why an answer ended, as people read it."""
    return {
        "end": tr("end of turn"),
        "max_tokens": tr("longest answer reached"),
        "stop_sequence": tr("stop text"),
        "tool_calls": tr("calls a tool"),
        "refusal": tr("refused"),
        "content_filter": tr("stopped by a filter"),
        "context_window": tr("context window full"),
        "pause": tr("paused by the provider"),
        "cancelled": tr("cancelled"),
    }.get(reason, tr("other"))


class TimingBar(QWidget):
    """Waiting, thinking and writing as parts of the whole; the rows beside it hold the numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[float, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_parts(self, parts: tuple[float, ...]) -> None:
        """Lengths in seconds, in this order: waiting, thinking, writing."""
        self._parts = parts
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(64, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        whole = sum(self._parts)
        roles: tuple[ColorRole, ...] = ("linectl", "chart-3", "accent")
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = 0.0
        for length, role in zip(self._parts, roles, strict=True):
            width = self.width() * length / whole
            left = self.width() - x - width if rtl else x
            if width > 0:
                painter.fillRect(QRectF(left, 2, max(1.0, width - 1), 8), theme().color(role))
            x += width
        painter.end()


class MessageInspector(Surface):
    """Shows one message; `closed()` is not its business, see the frame."""

    shown = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("chrome", parent=parent)
        self._services = services
        self._message: TreeMessage | None = None
        self._names = {spec.name: spec.label for spec in specs()}
        self._empty = Label(
            self.tr("Press the name beside a message to see how it came about."),
            font="small", color="text3", wrap=True,
        )  # fmt: skip
        self._empty.setContentsMargins(12, 12, 12, 12)
        self._about = Section("")
        self._timing = Section(self.tr("Timing"))
        self._tokens = Section(self.tr("Tokens and price"))
        self._left_out = Section(self.tr("Not sent"))
        self._error = Section(self.tr("What went wrong"))
        self._files = FilesSection(services)
        self._request = RequestSection(services)
        self._all = (self._about, self._error, self._timing, self._tokens, self._left_out)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        column.addWidget(self._empty)
        for section in self._all:
            column.addWidget(section)
        column.addWidget(self._files)
        column.addWidget(self._request)
        column.addStretch(1)
        self._clear()

    def follow(self, conversation: Conversation | None) -> None:
        """Lets go of a message that is not of this conversation."""
        message = self._message
        if message is not None and (conversation is None or message.conversation_id != conversation.id):
            self._clear()

    def show_message(self, message: TreeMessage, place: int = 1, of: int = 1) -> None:
        """Shows a message, the `place`-th `of` its siblings."""
        self._message = message
        self._empty.hide()
        for section in self._all:
            _empty(section)
        self._about.set_title(self._title(message, place, of))
        self._fill_about(message)
        self._fill_timing(message.timings, message)
        self._fill_tokens(message)
        self._fill_left_out(message)
        self._fill_error(message)
        for section in self._all:
            section.setVisible(section.body.count() > 0)
        self._files.show_message(message)
        self._request.show_message(message)
        self.shown.emit(message.id)

    def _clear(self) -> None:
        self._message = None
        for section in self._all:
            section.hide()
        self._files.show_message(None)
        self._request.show_message(None)
        self._empty.show()

    def _title(self, message: TreeMessage, place: int, of: int) -> str:
        word = self.tr("Question") if message.role == "user" else self.tr("Answer")
        return self.tr("{0} {1} of {2}").format(word, place, of) if of > 1 else word

    def _fill_about(self, message: TreeMessage) -> None:
        body = self._about.body
        if message.model is not None:
            answered = message.model_answered or message.model.id
            body.addWidget(_fact(self.tr("Model"), message.model.id, mono=True))
            if answered != message.model.id:
                body.addWidget(_fact(self.tr("Answered by"), answered, mono=True))
            body.addWidget(_fact(self.tr("Provider"), self._provider(message.model.provider)))
        if message.created_at:
            body.addWidget(_fact(self.tr("Sent"), moment(message.created_at)))
        if message.stop_reason:
            words = stop_words(message.stop_reason)
            row = _fact(self.tr("Stop reason"), words)
            row.setToolTip(message.stop_detail)
            body.addWidget(row)
        if message.attempts > 1:
            body.addWidget(_fact(self.tr("Attempts"), number(message.attempts)))
        if message.role == "assistant":
            body.addWidget(_pill_row(self.tr("State"), state_word(message.state), _TONES[message.state]))

    def _provider(self, provider: str) -> str:
        if provider == GUIDE.provider:
            return self.tr("built in")
        try:
            return self._services.endpoints.row(provider).endpoint.name
        except UnknownModel:
            return provider

    def _fill_timing(self, timings: Timings, message: TreeMessage) -> None:
        first, text, total = timings.first_token_s, timings.first_text_s, timings.total_s
        if total is None:
            return
        body = self._timing.body
        began = first if first is not None else total
        wrote = text if text is not None else began
        if total > 0:
            bar = TimingBar()
            bar.show_parts((began, max(0.0, wrote - began), max(0.0, total - wrote)))
            body.addWidget(bar)
        if first is not None:
            body.addWidget(_fact(self.tr("First token"), duration(first)))
        if first is not None and text is not None and text - first >= 0.01:
            body.addWidget(_fact(self.tr("Thinking"), duration(text - first)))
        if text is not None:
            body.addWidget(_fact(self.tr("Writing"), duration(max(0.0, total - text))))
        body.addWidget(_fact(self.tr("Total"), duration(total), weight=600))
        output = message.usage.output_tokens if message.usage is not None else 0
        if output and first is not None and total - first > 0.05:
            body.addWidget(_fact(self.tr("Speed"), speed(output / (total - first))))

    def _fill_tokens(self, message: TreeMessage) -> None:
        body, cost = self._tokens.body, message.cost
        if message.usage is None and cost is None:
            self._fill_estimate(message)
            return
        about = estimate_sign(message)
        if message.usage is not None:
            for share in shares(message.usage, cost.lines if cost else (), cost.amount if cost else None):
                body.addWidget(share_row(share, about if share.kind == "output" else ""))
            body.addWidget(rule())
        price = self.tr("price unknown")
        if cost is not None:
            price = self.tr("no charge") if cost.source == "free" else about + amount(cost.amount)
        sent = about + number(message.usage.total_tokens) if message.usage is not None else ""
        body.addWidget(total_row(sent, price))
        if about:
            body.addWidget(_note(self.tr("≈: it broke off, and is counted from its words.")))
        if cost is not None and message.model != GUIDE:
            body.addWidget(_note(price_source(cost)))

    def _fill_estimate(self, message: TreeMessage) -> None:
        """What came of an answer whose tokens nobody told."""
        if message.state == "streaming" or message.model in (None, GUIDE) or not message.parts:
            return
        assert message.model is not None
        words = (Message(role="assistant", parts=message.parts),)
        tokens = self._services.models.estimate(message.model, words, "").tokens
        body = self._tokens.body
        body.addWidget(FactRow(self.tr("Output"), ABOUT + number(tokens), aside=self.tr("price unknown")))
        told = self.tr("The provider told no tokens: these are counted from the words.")
        body.addWidget(_note(told))

    def _fill_left_out(self, message: TreeMessage) -> None:
        for item in message.left_out:
            label = self._names.get(item.name, item.name)
            words = Label(f"{label}: {why_left_out(item.reason)}", font="small", color="text2", wrap=True)
            self._left_out.body.addWidget(words)

    def _fill_error(self, message: TreeMessage) -> None:
        error, body = message.error, self._error.body
        if error is None:
            return
        body.setSpacing(4)
        body.addWidget(Label(error.message, font="small", color="danger", weight=600, wrap=True))
        if error.hint:
            body.addWidget(Label(error.hint, font="small", color="text2", wrap=True))
        if error.status is not None:
            body.addWidget(_fact(self.tr("Status"), str(error.status)))
        if error.request_id:
            body.addWidget(_fact(self.tr("Request id"), error.request_id, mono=True))
        if error.raw:
            card = Card(fill="page")
            inner = QVBoxLayout(card)
            inner.setContentsMargins(10, 8, 10, 8)
            raw = RawText(self.tr("The raw reason"))
            raw.set_text(error.raw)
            inner.addWidget(raw)
            body.addWidget(card)


def _fact(label: str, value: str, *, mono: bool = False, weight: int | None = None) -> FactRow:
    row = FactRow(label)
    row.set_value(value, mono=mono, weight=weight)
    row.setToolTip(f"<p>{_escape(value)}</p>")
    return row


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _pill_row(label: str, word: str, tone: Tone) -> QWidget:
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 2, 0, 0)
    row.addWidget(Label(label, font="small", color="text2"))
    row.addStretch(1)
    row.addWidget(Pill(word, tone))
    return widget


def _note(words: str) -> QWidget:
    note = Label(words, font="small", color="text3", wrap=True)
    note.setContentsMargins(0, 4, 0, 0)
    return note


def _empty(section: Section) -> None:
    while (item := section.body.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
