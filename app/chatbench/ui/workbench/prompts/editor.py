"""The prompt itself: versions above, messages with their variables, and what they are sent with."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.services import Services
from chatbench.services.prompts import TemplateError, variables_of
from chatbench.ui.quantities import number
from chatbench.ui.widgets import Button, Divider, IconButton, Label, RawText, Section, Surface, flowing
from chatbench.ui.workbench.prompts.cards import MessageCards
from chatbench.ui.workbench.prompts.estimating import message_tokens
from chatbench.ui.workbench.prompts.focused import framed
from chatbench.ui.workbench.prompts.settings import SettingSections
from chatbench.ui.workbench.prompts.variables import VariableRows
from chatbench.ui.workbench.prompts.versions import VersionList

CHECKED_AFTER_MS: Final = 250
"""After so long without a key a template is looked through."""


class PromptEditor(Surface):
    """`edited()` when the prompt is another, `looked()` when it was looked through after that."""

    edited = Signal()
    looked = Signal()
    save_wanted = Signal()
    compare_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("page", parent=parent)
        self._services = services
        self._prompt = Prompt()
        self._shown = False
        self.fault: TemplateError | None = None
        """What keeps it from being read."""
        self.versions = VersionList()
        self.compare = Button(self.tr("Compare"), kind="quiet", size="small", icon="git-compare")
        self.compare.clicked.connect(self.compare_wanted)
        self.save = Button(self.tr("Save"), kind="quiet", size="small", icon="save")
        self.save.clicked.connect(self.save_wanted)
        self.more = IconButton("ellipsis", self.tr("More for this prompt"))
        self.cards = MessageCards()
        self.cards.changed.connect(self._changed)
        self.add_message = Button(self.tr("Message"), size="small", icon="plus")
        self.add_message.clicked.connect(self._add_message)
        self.attach = Button(self.tr("Attachment"), size="small", icon="image")
        self.count = Label(font="small", color="text3")
        self.variables_head = Label(self.tr("Variables"), weight=600)
        self.variables = VariableRows()
        self.variables.changed.connect(self._values_changed)
        self.settings = SettingSections()
        self.settings.changed.connect(lambda field, value: self.change(**{field: value}))
        self.preview = RawText(self.tr("What is sent"), most_lines=24)
        self.preview_section = Section(self.tr("What is sent"), is_open=False)
        self.preview_section.body.addWidget(framed(self.preview))
        self.preview_section.toggled.connect(lambda _open: self.looked.emit())
        self.run_once = Button(self.tr("Run once"), icon="play")
        self.run_dataset = Button(self.tr("Run on a dataset…"), icon="grid-3x3")
        self.estimate = Label(font="small", color="text2")
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.setContentsMargins(14, 8, 14, 0)
        self.trouble.hide()
        self._check = QTimer(self, singleShot=True, interval=CHECKED_AFTER_MS)
        self._check.timeout.connect(self.look)
        self._lay_out()

    def _lay_out(self) -> None:
        self.body = QVBoxLayout()
        self.body.setContentsMargins(14, 12, 14, 12)
        self.body.setSpacing(8)
        self.body.addWidget(self.cards)
        self.count.setMinimumHeight(self.attach.sizeHint().height())
        self.body.addWidget(flowing(self.add_message, self.attach, self.count, end_from=2))
        self.body.addWidget(self.variables_head)
        self.body.addWidget(self.variables)
        self.body.addWidget(self.settings)
        self.settings.add(self.preview_section)
        self.body.addStretch(1)
        inside = Surface("page")
        inside.setLayout(self.body)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        title = Label(self.tr("Versions"), weight=600)
        title.setMinimumHeight(self.save.sizeHint().height())
        head = flowing(title, self.compare, self.save, self.more, gap=4, end_from=1)
        above = QVBoxLayout()
        above.setContentsMargins(14, 8, 14, 8)
        above.setSpacing(4)
        above.addWidget(head)
        above.addWidget(self.versions)
        self.foot = flowing(self.run_once, self.run_dataset, self.estimate, gap=8, end_from=2)
        self.estimate.setMinimumHeight(self.run_once.sizeHint().height())
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        column.addLayout(above)
        column.addWidget(Divider())
        column.addWidget(area, 1)
        column.addWidget(Divider())
        column.addWidget(self.trouble)
        below = QVBoxLayout()
        below.setContentsMargins(14, 8, 14, 8)
        below.addWidget(self.foot)
        column.addLayout(below)

    # What is in it.

    def prompt(self) -> Prompt:
        """As it stands."""
        return msgspec.structs.replace(self._prompt, messages=self.cards.messages())

    def show_prompt(self, prompt: Prompt) -> None:
        """Shows another."""
        self._shown = False
        self._prompt = prompt
        self.cards.show_messages(prompt.messages)
        self.settings.show_prompt(prompt)
        self._shown = True
        self.look()

    def change(self, **changes: Any) -> None:
        """Sets fields of the prompt other than its messages."""
        self._prompt = msgspec.structs.replace(self._prompt, **changes)
        self._changed()

    def set_variable(self, variable: Variable) -> None:
        """Declares one, or declares it otherwise."""
        others = [one for one in self._prompt.variables if one.name != variable.name]
        order = [one.name for one in self._prompt.variables]
        place = order.index(variable.name) if variable.name in order else len(others)
        others.insert(place, variable)
        self.change(variables=tuple(others))
        self.look()

    def values(self) -> dict[str, Any]:
        """What it is tried with."""
        return self.variables.values()

    def expect(self, values: Mapping[str, Any]) -> None:
        """What stands in the fields of variables."""
        self.variables.expect(values)

    def _add_message(self) -> None:
        last = self.cards.cards[-1].message().role if self.cards.cards else "assistant"
        self.cards.add(PromptMessage(role="assistant" if last == "user" else "user"))

    def _changed(self) -> None:
        if self._shown:
            self._check.start()
            self.edited.emit()

    def _values_changed(self) -> None:
        self._mark_missing()
        self._check.start()

    def look(self) -> None:
        """Looks the template through: its variables, what is wrong with it, how long it is."""
        self._check.stop()
        prompt = self.prompt()
        try:
            variables = variables_of(prompt)
        except TemplateError as error:
            self._show_fault(error)
        else:
            self._show_fault(None)
            self.variables.offer(variables)
            if self.isVisible():
                self.order_tabs()
            self._tell_count(len(variables))
        for card, tokens in zip(self.cards.cards, message_tokens(self._services, prompt), strict=True):
            card.set_tokens(tokens)
        self._mark_missing()
        self.looked.emit()

    def _tell_count(self, count: int) -> None:
        words = self.tr("{0} variable") if count == 1 else self.tr("{0} variables")
        self.count.setText(words.format(number(count)) if count else self.tr("no variables"))
        self.variables_head.setVisible(bool(count))
        self.variables.setVisible(bool(count))

    def _show_fault(self, error: TemplateError | None) -> None:
        self.fault = error
        wrong = getattr(error, "index", -1)
        for at, card in enumerate(self.cards.cards):
            card.text.set_fault(error if at == wrong else None)
            told = ""
            if at == wrong and error is not None:
                where = self.tr("Line {0}, column {1}").format(error.line, error.column)
                told = self.tr("{0}: {1}").format(where, f"{error.what} {error.hint}".strip())
            card.set_fault(told)

    def _mark_missing(self) -> None:
        missing = self.variables.missing()
        for card in self.cards.cards:
            card.text.set_missing(missing)

    # Keys.

    def order_tabs(self) -> None:
        """Tab goes down the page: what was added later stands where it is seen, not at the end."""
        order: list[QWidget] = [self.compare, self.save, self.more, self.versions]
        for part in (self.cards, self.add_message, self.attach, self.variables, self.settings):
            inside = [part] if isinstance(part, Button) else self._in_order(part)
            order += inside
        order += [self.run_once, self.run_dataset]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _in_order(self, part: QWidget) -> list[QWidget]:
        if part is self.cards:
            found = [one for card in self.cards.cards for one in card.controls()]
        elif part is self.variables:
            found = self.variables.controls()
        else:
            found = part.findChildren(QWidget)
        return [one for one in found if one.focusPolicy() & Qt.FocusPolicy.TabFocus]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.order_tabs()

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_S
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_S and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.save_wanted.emit()
        else:
            super().keyPressEvent(event)
