"""The page of a chat with the guide in which nothing was asked yet."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QScrollArea, QSpacerItem, QVBoxLayout, QWidget

from chatbench.services import Services
from chatbench.ui.chat.welcome.key import KeyCard
from chatbench.ui.chat.welcome.local import LocalServersCard
from chatbench.ui.chat.welcome.providers import ProvidersCard
from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import MARGIN_FROM
from chatbench.ui.widgets import Button, Flow, Label, Mark, Surface

MARGIN, GAP, COLUMN = 108, 20, 608
EDGE: Final = 16


class _Speaker(QWidget):
    """Who speaks: in the margin beside the words, or in a line above them."""

    def __init__(self, name: str, below: str) -> None:
        super().__init__()
        self.setAccessibleName(f"{name}, {below}")
        self._first = QHBoxLayout()
        self._first.setSpacing(6)
        self._first.addStretch(1)
        self._first.addWidget(Mark("compass", size=13))
        self._first.addWidget(Label(name, weight=600))
        self._column = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._column.setContentsMargins(0, 4, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(self._first)
        second = QHBoxLayout()
        second.addStretch(1)
        second.addWidget(Label(below, font="small", color="text3"))
        self._column.addLayout(second)
        self._second = second
        self._column.addStretch(0)

    def set_folded(self, folded: bool) -> None:
        """Whether there is no margin."""
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._column.setDirection(across if folded else down)
        self._column.setSpacing(10 if folded else 0)
        self._column.setStretch(2, 1 if folded else 0)
        for line in (self._first, self._second):
            line.setStretch(0, 0 if folded else 1)
        width = theme().scaled(MARGIN)
        self.setMinimumWidth(0 if folded else width)
        self.setMaximumWidth(16_777_215 if folded else width)


class WelcomeView(QScrollArea):
    """Signals: `model_chosen(ModelRef)`; `question_asked(str)` for the guide;
    `provider_wanted(id)` to open the settings ("" to add one); `link_activated(url)`, to be
    confirmed by whoever opens it."""

    model_chosen = Signal(object)
    question_asked = Signal(str)
    provider_wanted = Signal(str)
    link_activated = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("Welcome to Chatbench"))
        self.local = LocalServersCard(services)
        self.local.model_chosen.connect(self.model_chosen)
        self.local.help_wanted.connect(self.link_activated)
        self.local.other_address_wanted.connect(lambda: self.provider_wanted.emit(""))
        self.providers = ProvidersCard(services)
        self.providers.model_chosen.connect(self.model_chosen)
        self.providers.provider_wanted.connect(self.provider_wanted)
        self.providers.look_wanted.connect(self.local.look)
        self.local.looked.connect(self.providers.show_answering)
        self.key = KeyCard(services)
        self.key.model_chosen.connect(self.model_chosen)
        self.key.link_activated.connect(self.link_activated)
        self.key.provider_wanted.connect(self.provider_wanted)
        self._speaker = _Speaker(self.tr("Guide"), self.tr("built in"))
        self._column = self._make_column()
        page = Surface("page")
        self._row = QHBoxLayout()
        self._row.setSpacing(0)
        page.set_layout(self._row, (EDGE, 20, EDGE, 24))
        self._row.addStretch(1)
        self._row.addWidget(self._speaker, 0, Qt.AlignmentFlag.AlignTop)
        self._gap = QSpacerItem(GAP, 0)
        self._row.addItem(self._gap)
        self._row.addWidget(self._column, 1000, Qt.AlignmentFlag.AlignTop)
        self._row.addStretch(1)
        self.setWidget(page)
        self._measure()

    def _make_column(self) -> QWidget:
        column = QWidget()
        self._inner = QVBoxLayout(column)
        self._inner.setContentsMargins(0, 0, 0, 0)
        self._inner.setSpacing(0)
        self._inner.addWidget(Label(self.tr("Welcome to Chatbench"), font="display", wrap=True))
        self._inner.addSpacing(8)
        for words in self._welcome_words():
            self._inner.addWidget(Label(words, font="prose", wrap=True))
            self._inner.addSpacing(10)
        self._inner.addSpacing(6)
        cards = QVBoxLayout()
        cards.setSpacing(12)
        for card in (self.providers, self.local, self.key):
            cards.addWidget(card)
        self._inner.addLayout(cards)
        self._inner.addSpacing(14)
        questions = QWidget()
        flow = Flow(questions)
        self.questions: list[Button] = []
        for text in self._offered_questions():
            button = Button(text, size="normal")
            button.clicked.connect(lambda _checked=False, text=text: self.question_asked.emit(text))
            self.questions.append(button)
            flow.addWidget(button)
        self._inner.addWidget(questions)
        return column

    def _welcome_words(self) -> tuple[str, str]:
        return (
            self.tr(
                "I am the guide that comes with the program. I am not a language model: I answer from a "
                "fixed set of pages, and nothing you type here leaves this computer."
            ),
            self.tr("To talk to a real model, use one on this computer, or add a key."),
        )

    def _offered_questions(self) -> tuple[str, ...]:
        return (
            self.tr("What stays on this computer?"),
            self.tr("What will it cost me?"),
            self.tr("Show me Markdown"),
        )

    def _measure(self) -> None:
        folded = self.width() < theme().breakpoint(MARGIN_FROM)
        self._speaker.set_folded(folded)
        self._column.setMaximumWidth(theme().scaled(COLUMN))
        in_row = self._row.indexOf(self._speaker) >= 0
        if folded and in_row:
            self._row.removeWidget(self._speaker)
            self._inner.insertWidget(0, self._speaker)
        elif not folded and not in_row:
            self._inner.removeWidget(self._speaker)
            self._row.insertWidget(1, self._speaker, 0, Qt.AlignmentFlag.AlignTop)
        self._gap.changeSize(0 if folded else GAP, 0)
        self._row.invalidate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_row"):
            self._measure()
