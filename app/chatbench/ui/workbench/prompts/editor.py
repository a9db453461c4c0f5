"""The prompt itself: versions above, messages with their variables, and what they are sent with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.services import Services
from chatbench.services.prompts import TemplateError, variables_of
from chatbench.ui.quantities import number
from chatbench.ui.widgets import Button, Divider, Label, RawText, Section, Surface, flowing
from chatbench.ui.workbench.prompts.cards import MessageCards
from chatbench.ui.workbench.prompts.databeside import DataBeside
from chatbench.ui.workbench.prompts.defaults import DefaultsSection
from chatbench.ui.workbench.prompts.editorparts import RunFoot, VersionHead
from chatbench.ui.workbench.prompts.estimating import message_tokens
from chatbench.ui.workbench.prompts.focused import framed, scrolled
from chatbench.ui.workbench.prompts.settings import SettingSections
from chatbench.ui.workbench.prompts.variables import VariableRows

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
        self._names: Sequence[str] = ()
        self._row: Mapping[str, Any] = {}
        self.fault: TemplateError | None = None
        """What keeps it from being read."""
        self._head = head = VersionHead()
        self.versions, self.compare, self.save, self.more = head.versions, head.compare, head.save, head.more
        self.cards = MessageCards()
        self.add_message = Button(self.tr("Message"), size="small", icon="plus")
        self.attach = Button(self.tr("Attachment"), size="small", icon="image")
        self.count = Label(font="small", color="text3")
        self.data = DataBeside()
        self.variables = VariableRows()
        self.settings = SettingSections()
        self.defaults = DefaultsSection(services)
        self.preview = RawText(self.tr("What is sent"), most_lines=24)
        self.preview_section = Section(self.tr("What is sent"), is_open=False)
        self._foot = foot = RunFoot()
        self.run_once, self.run_dataset = foot.run_once, foot.run_dataset
        self.estimate, self.trouble = foot.estimate, foot.trouble
        self._check = QTimer(self, singleShot=True, interval=CHECKED_AFTER_MS)
        self._connect()
        self._lay_out()

    def _connect(self) -> None:
        self.compare.clicked.connect(self.compare_wanted)
        self.save.clicked.connect(self.save_wanted)
        self.cards.changed.connect(self._changed)
        self.add_message.clicked.connect(self._add_message)
        self.variables.changed.connect(self._values_changed)
        self.variables.column_chosen.connect(self._fill_from)
        self.variables.arranged.connect(self._order_tabs_in_view)
        self.settings.changed.connect(lambda field, value: self.change(**{field: value}))
        self.defaults.changed.connect(lambda fields: self.change(**fields))
        self.preview_section.toggled.connect(lambda _open: self.looked.emit())
        self._check.timeout.connect(self.look)

    def _lay_out(self) -> None:
        self.preview_section.body.addWidget(framed(self.preview))
        for section in (self.defaults, self.preview_section):
            self.settings.add(section)
        self.count.setMinimumHeight(self.attach.sizeHint().height())
        inside = Surface("page")
        self.body = QVBoxLayout(inside)
        self.body.setContentsMargins(14, 12, 14, 12)
        self.body.setSpacing(8)
        self.body.addWidget(self.cards)
        self.body.addWidget(flowing(self.add_message, self.attach, self.count, end_from=2))
        for one in (self.data, self.variables, self.settings):
            self.body.addWidget(one)
        self.body.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        column.addWidget(self._head)
        column.addWidget(Divider())
        column.addWidget(scrolled(inside), 1)
        column.addWidget(Divider())
        column.addWidget(self._foot)

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
        self.defaults.show_prompt(prompt)
        self._show_row()
        self._shown = True
        self.look()

    def change(self, **changes: Any) -> None:
        """Sets fields of the prompt other than its messages."""
        self._prompt = msgspec.structs.replace(self._prompt, **changes)
        self.defaults.show_prompt(self._prompt)
        self._show_row()
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

    # What it is tried with.

    def show_row(self, names: Sequence[str], values: Mapping[str, Any]) -> None:
        """The columns of the data set beside it, and the row that it is tried with."""
        self._names, self._row = names, values
        self._show_row()
        self.look()

    def _show_row(self) -> None:
        self.variables.show_row(self._names, self._prompt.columns, self._row)

    def _fill_from(self, name: str, column: str) -> None:
        """A column of the variable's own name needs no telling."""
        columns = {key: value for key, value in self._prompt.columns.items() if key != name}
        if column != name and (column or name in self._names):
            columns[name] = column
        self.change(columns=columns)

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
            self._order_tabs_in_view()
            self._tell_count(len(variables))
        for card, tokens in zip(self.cards.cards, message_tokens(self._services, prompt), strict=True):
            card.set_tokens(tokens)
        self._mark_missing()
        self.looked.emit()

    def _tell_count(self, count: int) -> None:
        words = self.tr("{0} variable") if count == 1 else self.tr("{0} variables")
        self.count.setText(words.format(number(count)) if count else self.tr("no variables"))
        self.data.setVisible(bool(count))
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

    def focus_fault(self) -> None:
        """The keyboard goes to the message that cannot be read."""
        for at, card in enumerate(self.cards.cards):
            if at == getattr(self.fault, "index", -1):
                card.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _mark_missing(self) -> None:
        missing = self.variables.missing()
        for card in self.cards.cards:
            card.text.set_missing(missing)

    # Keys.

    def order_tabs(self) -> None:
        """Tab goes down the page: what was added later stands where it is seen, not at the end."""
        order: list[QWidget] = [self.compare, self.save, self.more, self.versions]
        for part in (self.cards, self.add_message, self.attach, self.data, self.variables, self.settings):
            inside = [part] if isinstance(part, Button) else self._in_order(part)
            order += inside
        order += [self.run_once, self.run_dataset]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _order_tabs_in_view(self) -> None:
        if self.isVisible():
            self.order_tabs()

    def _in_order(self, part: QWidget) -> list[QWidget]:
        if part is self.cards:
            found = [one for card in self.cards.cards for one in card.controls()]
        elif isinstance(part, DataBeside | VariableRows):
            found = part.controls()
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
            and _meant(event) is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        meant = _meant(event)
        if meant is None:
            super().keyPressEvent(event)
        elif meant == 0:
            self.save_wanted.emit()
        else:
            self.data.stepped.emit(meant)


def _meant(event: QKeyEvent) -> int | None:
    """0 to save, 1 and -1 for the next row and the one before."""
    keys = {
        (Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier): 0,
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.AltModifier): 1,
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.AltModifier): -1,
    }
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return keys.get((Qt.Key(event.key()), modifiers))
