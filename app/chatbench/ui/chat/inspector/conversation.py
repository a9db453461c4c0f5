"""What a conversation is made of: system prompt, parameters, context, cost."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.conversations import Conversation, Lane
from chatbench.core.models import GUIDE
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.context import ContextView
from chatbench.services.usage import Breakdown
from chatbench.ui.aio import Rereading
from chatbench.ui.chat.inspector.bill import rule, share_row, total_row
from chatbench.ui.chat.inspector.context import parts_of, share_words
from chatbench.ui.chat.inspector.parameters import ParameterRow, choices, refused, specs
from chatbench.ui.chat.inspector.words import Share, shares
from chatbench.ui.quantities import ABOUT, AT_LEAST, amount, number
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import Button, FactRow, Label, Meter, Section, Surface

SAVE_DELAY_MS: Final = 600
FEWEST_LINES, MOST_LINES = 2, 14
WARN_FROM: Final = 0.8


class ConversationInspector(Surface):
    """Shows one lane of a conversation; `lane_changed(Lane)` tells of what the reader changed."""

    lane_changed = Signal(object)
    context_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("chrome", parent=parent)
        self._services = services
        self._conversation: Conversation | None = None
        self._lane: Lane | None = None
        self._unread = False
        self._reading = Rereading(self._read, self, "inspect-conversation")
        self._empty = Label(self.tr("Nothing is open."), font="small", color="text3")
        self._empty.setContentsMargins(12, 12, 12, 12)
        self.system = _SystemPrompt(self)
        self.system.changed.connect(lambda text: self._change(system=text))
        self._rows = {spec.name: ParameterRow(spec, self) for spec in specs()}
        self._which = Label(font="ui", weight=600)
        self._which.setContentsMargins(12, 10, 12, 0)
        self._sections = QWidget(self)
        column = QVBoxLayout(self._sections)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._which)
        makers = (self._make_system, self._make_parameters, self._make_context, self._make_cost)
        for section in (make() for make in makers):
            column.addWidget(section)
        outer = QVBoxLayout()
        outer.setSpacing(0)
        self.set_layout(outer)
        outer.addWidget(self._empty)
        outer.addWidget(self._sections)
        outer.addStretch(1)
        self.show_conversation(None, None)

    def _make_system(self) -> Section:
        self._system_section = Section(self.tr("System prompt"))
        self._system_section.body.addWidget(self.system)
        return self._system_section

    def _make_parameters(self) -> Section:
        section = Section(self.tr("Parameters"))
        self.reset = Button(self.tr("Reset"), kind="link", size="small")
        self.reset.clicked.connect(lambda: self._change(parameters=Parameters()))
        section.set_action(self.reset)
        for row in self._rows.values():
            row.changed.connect(self._set_parameter)
            section.body.addWidget(row)
        self._parameters_section = section
        return section

    def _make_context(self) -> Section:
        self._context_section = Section(self.tr("Context"))
        self._context_label = Label(font="small", color="text2", wrap=True)
        self._context_share = Label(font="small")
        row = QHBoxLayout()
        row.setContentsMargins(0, 2, 0, 4)
        row.addWidget(self._context_label, 1)
        row.addWidget(self._context_share)
        self._meter = Meter(height=6)
        self._context_section.body.addLayout(row)
        self._context_section.body.addWidget(self._meter)
        self._context_rows = QVBoxLayout()
        self._context_rows.setContentsMargins(0, 4, 0, 0)
        self._context_rows.setSpacing(0)
        self._context_section.body.addLayout(self._context_rows)
        self.context_button = Button(self.tr("Show all…"), kind="link", size="small")
        self.context_button.setAccessibleName(self.tr("Show all that will be sent"))
        self.context_button.clicked.connect(self.context_wanted)
        self._context_section.set_action(self.context_button)
        return self._context_section

    def _make_cost(self) -> Section:
        section = Section(self.tr("Cost of this conversation"))
        self._amount = Label(font="figure", weight=600)
        self._tally = Label(font="small", color="text3", wrap=True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._amount)
        head.addWidget(self._tally, 1)
        section.body.addLayout(head)
        self._cost_rows = QVBoxLayout()
        self._cost_rows.setSpacing(0)
        section.body.addLayout(self._cost_rows)
        self._cost_note = Label(font="small", color="text3", wrap=True)
        section.body.addWidget(self._cost_note)
        return section

    def parameter_row(self, name: str) -> ParameterRow:
        """The row of one parameter."""
        return self._rows[name]

    def show_conversation(
        self, conversation: Conversation | None, lane: Lane | None, letter: str = ""
    ) -> None:
        """Shows a lane, and which of several it is; what is being typed at this moment stays, or goes
        to the lane it was typed for. A conversation without a lane is one whose models' names are hidden."""
        if lane is None or self._lane is None or lane.id != self._lane.id:
            self.system.flush()
            for row in self._rows.values():
                row.flush()
        self._conversation, self._lane = conversation, lane
        self._which.setText(self.tr("Lane {0}").format(letter))
        self._which.setVisible(bool(letter))
        shown = conversation is not None and lane is not None
        hidden = conversation is not None and lane is None
        nothing, later = self.tr("Nothing is open."), self.tr("Shown when the answers are rated.")
        self._empty.setText(later if hidden else nothing)
        self._empty.setVisible(not shown)
        self._sections.setVisible(shown)
        if lane is None:
            return
        self.system.show_text(lane.system)
        self._show_parameters(lane)
        self._show_prompt_size(lane.system)
        self._refresh()

    def _show_parameters(self, lane: Lane) -> None:
        info = self._services.models.info(lane.model or GUIDE)
        for name, row in self._rows.items():
            refusal = refused(name, lane.parameters, info)
            row.show_value(getattr(lane.parameters, name), choices(name, info), refusal)
        changed = len(lane.parameters.given())
        self.reset.set_label(self.tr("Reset {0}").format(changed))
        self.reset.setVisible(changed > 0)

    def _show_prompt_size(self, text: str) -> None:
        lane = self._lane
        fact = ""
        if text and lane is not None:
            tokens = self._services.models.estimate(lane.model or GUIDE, (), text).tokens
            fact = self.tr("≈ {0} tokens").format(number(tokens))
        self._system_section.set_fact(fact)

    def _set_parameter(self, name: str, value: Any) -> None:
        if self._lane is not None:
            self._change(parameters=msgspec.structs.replace(self._lane.parameters, **{name: value}))

    def _change(self, **changes: Any) -> None:
        if self._lane is None:
            return
        self._lane = msgspec.structs.replace(self._lane, **changes)
        self._show_parameters(self._lane)
        self._show_prompt_size(self._lane.system)
        self.lane_changed.emit(self._lane)

    # What must be asked for: only while somebody looks.

    def _refresh(self) -> None:
        self._unread = not self.isVisible()
        if not self._unread:
            self._reading.again()

    async def _read(self) -> None:
        conversation, lane = self._conversation, self._lane
        if conversation is None or lane is None:
            return
        tokens = await self._services.chat.context_tokens(conversation.id, lane)
        context = await self._services.context.view(conversation.id, lane.id)
        breakdown = await self._services.usage.of_conversation(conversation.id)
        if conversation is self._conversation:
            self._show_context(tokens, lane)
            self._show_parts(context)
            self._show_cost(breakdown)

    def _show_context(self, tokens: int, lane: Lane) -> None:
        window = self._services.models.info(lane.model or GUIDE).context_window
        self._meter.setVisible(bool(window))
        if not window:
            words = self.tr("≈ {0} tokens, size of the window unknown")
            self._context_label.setText(words.format(number(tokens)))
            self._context_share.setText("")
            return
        share = tokens / window
        tone: ColorRole = "danger" if share >= 1 else "warning" if share >= WARN_FROM else "accent"
        self._context_label.setText(self.tr("≈ {0} of {1} tokens").format(number(tokens), number(window)))
        self._context_share.setText(self.tr("{0} %").format(self.locale().toString(share * 100, "f", 1)))
        self._context_share.set_color("text" if tone == "accent" else tone)
        self._meter.set_fraction(share, tone)

    def _show_parts(self, context: ContextView) -> None:
        _clear(self._context_rows)
        for part in parts_of(context):
            row = FactRow(part.label)
            row.set_value(f"≈ {number(part.tokens)}", aside=share_words(part.share))
            self._context_rows.addWidget(row)
        unsent = len({item.message_id for item in context.items if item.why in ("person", "summarised")})
        if unsent:
            words = self.tr("1 message") if unsent == 1 else self.tr("{0} messages")
            self._context_rows.addWidget(FactRow(self.tr("Not sent"), words.format(number(unsent))))

    def _show_cost(self, told: Breakdown) -> None:
        unknown = told.amount is None and not told.complete
        self._amount.setText(self._amount_words(told))
        messages = self.tr("1 message") if told.messages == 1 else self.tr("{0} messages")
        calls = self.tr("1 call") if told.calls == 1 else self.tr("{0} calls")
        self._tally.setText(f"{messages.format(number(told.messages))}, {calls.format(number(told.calls))}")
        _clear(self._cost_rows)
        amount = self._amount_words(told)
        aside = told.aside
        answers = None if told.amount is None else told.amount - (aside.amount or 0)
        shown = shares(told.usage, told.lines, answers)
        if aside.calls:
            beside = self.tr("Titles and summaries")
            shown.append(Share("aside", beside, aside.usage.total_tokens, aside.amount))
        for share in shown:
            self._cost_rows.addWidget(share_row(share))
        if len(shown) > 1:
            tokens = told.usage.total_tokens + aside.usage.total_tokens
            least = AT_LEAST if told.uncounted else ABOUT if told.estimated else ""
            self._cost_rows.addWidget(rule())
            self._cost_rows.addWidget(total_row(least + number(tokens), amount))
        notes = self._cost_notes(told, unknown=unknown)
        self._cost_note.setText(" ".join(notes))
        self._cost_note.setVisible(bool(notes))

    def _cost_notes(self, told: Breakdown, *, unknown: bool) -> list[str]:
        notes = []
        if not told.complete and not unknown:
            notes.append(self.tr("Some answers have no known price."))
        if told.uncounted:
            one = self.tr("Of 1 answer no tokens were told.")
            several = self.tr("Of {0} answers no tokens were told.")
            notes.append(one if told.uncounted == 1 else several.format(number(told.uncounted)))
        if told.estimated:
            notes.append(self.tr("≈: some answers broke off, and are counted from their words."))
        return notes

    def _amount_words(self, told: Breakdown) -> str:
        if told.amount is None:
            return "$0" if told.complete else self.tr("price unknown")
        if not told.amount and told.complete:
            return self.tr("no charge")
        about = AT_LEAST if not told.complete else ABOUT if told.estimated else ""
        return about + amount(told.amount)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._unread:
            self._refresh()


def _clear(rows: QVBoxLayout) -> None:
    while (item := rows.takeAt(0)) is not None:
        if (row := item.widget()) is not None:
            row.hide()
            row.deleteLater()


class _SystemPrompt(QPlainTextEdit):
    """Grows with its text; `changed(text)` after a pause in typing and when the focus leaves."""

    changed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._kept = ""
        self._timer = QTimer(self, singleShot=True, interval=SAVE_DELAY_MS)
        self._timer.timeout.connect(self.flush)
        self.setAccessibleName(self.tr("System prompt"))
        self.setPlaceholderText(self.tr("What the model is told before every answer"))
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.textChanged.connect(self._typed)
        self._wear()

    def show_text(self, text: str) -> None:
        """The text as it is kept; what has been typed since stays."""
        if self.toPlainText() == self._kept and text != self._kept:
            self._kept = text
            self.setPlainText(text)
            self._timer.stop()

    def flush(self) -> None:
        """Tells of what was typed, now."""
        self._timer.stop()
        text = self.toPlainText()
        if text != self._kept:
            self._kept = text
            self.changed.emit(text)

    def _typed(self) -> None:
        self._grow()
        if self.toPlainText() != self._kept:
            self._timer.start()

    def _grow(self) -> None:
        lines = round(self.document().size().height())
        wanted = max(FEWEST_LINES, min(MOST_LINES, lines)) * self.fontMetrics().lineSpacing() + 18
        over = lines > MOST_LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if over else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        if wanted != self.height():
            self.setFixedHeight(wanted)

    def _wear(self) -> None:
        self.setFont(theme().font("small"))
        # The hint is drawn in the viewport's, which does not follow once it has been shown.
        self.viewport().setFont(theme().font("small"))
        self._grow()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.flush()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._grow()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()
