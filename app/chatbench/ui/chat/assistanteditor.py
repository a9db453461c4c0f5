"""The form of one assistant: its name, its icon, what it is told, which model it asks."""

from __future__ import annotations

from functools import partial

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMenu, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.conversations import Lane
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.presets import Preset
from chatbench.services import Services
from chatbench.ui.chat.assistantmark import OFFERED, icon_of
from chatbench.ui.chat.composer.line import place_icon
from chatbench.ui.chat.conversation.settings import changed_words
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Chip, Flow, IconButton, Label, LineField, announce

_LONGEST_NAME = 80
_LONGEST_EMOJI = 16


class AssistantEditor(QDialog):
    """`saved(Preset)`; nothing is written before, and what was changed is not thrown away unasked. It
    deletes itself."""

    saved = Signal(object)

    def __init__(self, services: Services, preset: Preset, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Edit assistant") if preset.id else self.tr("New assistant"))
        self.setMinimumWidth(theme().scaled(440))
        self._services = services
        self._given = self._preset = preset
        self.name = LineField(preset.name, name=self.tr("Name"))
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setPlaceholderText(self.tr("Name, such as Translator"))
        self.name.textChanged.connect(lambda _text: self._offer())
        self.emoji = LineField("" if icon_of(preset) else preset.icon, name=self.tr("An emoji as its icon"))
        self.emoji.setMaxLength(_LONGEST_EMOJI)
        self.emoji.setPlaceholderText(self.tr("or an emoji"))
        self.emoji.setFixedWidth(theme().scaled(110))
        self.emoji.textChanged.connect(self._take_emoji)
        words = self.tr("Icon {0}")
        self.icons = {name: IconButton(name, words.format(name), checkable=True) for name in OFFERED}
        self.system = QPlainTextEdit(preset.system)
        self.system.setAccessibleName(self.tr("System prompt"))
        self.system.setPlaceholderText(self.tr("What the model is told before every answer"))
        self.system.setTabChangesFocus(True)
        self.system.setMinimumHeight(theme().line("ui") * 7)
        self.model = Chip(menu=True)
        self.model.clicked.connect(self._open_models)
        self.parameters = Label(font="small", color="text2", wrap=True)
        self.plain = Button(self.tr("Reset"), kind="link", size="small")
        self.plain.setAccessibleName(self.tr("Reset the parameters"))
        self.plain.clicked.connect(self._reset)
        self.cancel = Button(self.tr("Cancel"))
        self.cancel.clicked.connect(self.reject)
        self.save = Button(self.tr("Save"), kind="primary")
        self.save.clicked.connect(self._save)
        self.name.returnPressed.connect(self.save.click)
        self._question = Label(self.tr("Throw away what you have changed?"), font="small", wrap=True)
        self.go_on = Button(self.tr("Keep editing"))
        self.go_on.clicked.connect(self.reject)
        self.discard = Button(self.tr("Discard"), kind="destructive")
        self.discard.clicked.connect(lambda: self.done(QDialog.DialogCode.Rejected))
        self._here: QWidget = self.name
        self._lay_out()
        self._show()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(8)
        column.addWidget(self.name)
        holder = QWidget()
        flow = Flow(holder, gap=4)
        for name, button in self.icons.items():
            button.clicked.connect(partial(self._take_icon, name))
            flow.addWidget(button)
        flow.addWidget(self.emoji)
        column.addWidget(holder)
        column.addWidget(self.system, 1)
        asked = QHBoxLayout()
        asked.setSpacing(8)
        asked.addWidget(self.model)
        asked.addWidget(self.parameters, 1)
        asked.addWidget(self.plain)
        column.addLayout(asked)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self._question, 1)
        foot.addStretch(0)
        for one in (self.discard, self.go_on, self.cancel, self.save):
            foot.addWidget(one)
        column.addLayout(foot)
        self._ask(False)

    def _show(self) -> None:
        preset = self._preset
        if preset.model is None:
            self.model.set_label(self.tr("Whichever model is chosen"))
            self.model.set_icon("cloud")
        else:
            info = self._services.models.info(preset.model)
            self.model.set_label(info.title)
            self.model.set_icon(place_icon(info))
        words = changed_words(Lane(id="", parameters=preset.parameters)).values()
        self.parameters.setText(" · ".join(words) or self.tr("Default parameters"))
        self.plain.setVisible(preset.parameters != Parameters())
        for name, button in self.icons.items():
            button.setChecked(name == icon_of(preset))
        self._offer()

    def _offer(self) -> None:
        self.save.setEnabled(bool(self.name.text().strip()))

    def _change(self, **changes: object) -> None:
        self._preset = msgspec.structs.replace(self._preset, **changes)
        self._show()

    def _take_icon(self, name: str) -> None:
        self.emoji.blockSignals(True)
        self.emoji.clear()
        self.emoji.blockSignals(False)
        self._change(icon=name)

    def _take_emoji(self, text: str) -> None:
        # Letters of the alphabet would be taken for the name of an icon.
        self._change(icon="" if text.isascii() else text.strip())

    def _reset(self) -> None:
        self._change(parameters=Parameters())

    def _open_models(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Whichever model is chosen"), partial(self._change, model=None))
        menu.addAction(self.tr("Choose a model…"), self._pick)
        menu.popup(self.model.mapToGlobal(self.model.rect().bottomLeft()))

    def _pick(self) -> None:
        picker = ModelPicker(self._services, self)
        picker.chosen.connect(self._take_model)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(self._preset.model or GUIDE, self.model)

    def _take_model(self, model: ModelRef) -> None:
        self._change(model=model)

    def reject(self) -> None:
        """Escape, Cancel and closing it: asks where something was changed; no answer is "keep"."""
        if self._written() == self._given:
            super().reject()
        else:
            self._ask(not self.go_on.isVisible())

    def _ask(self, asked: bool) -> None:
        if asked:
            self._here = self.focusWidget()
        for one in (self._question, self.discard, self.go_on):
            one.setVisible(asked)
        for one in (self.cancel, self.save):
            one.setVisible(not asked)
        if asked:
            self.go_on.setFocus()
            announce(self, self._question.text(), at_once=True)
        else:
            self._here.setFocus()

    def _written(self) -> Preset:
        words = {"name": self.name.text(), "system": self.system.toPlainText()}
        return msgspec.structs.replace(self._preset, **words)

    def _save(self) -> None:
        self.saved.emit(self._written())
        self.accept()
