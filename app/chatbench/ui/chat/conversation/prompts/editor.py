"""The form of one saved prompt: its name, its words with their places, what it brings along."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMenu, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.conversations import Lane
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.templates import INPUT, Kept, Template, TemplateChanged
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.line import place_icon
from chatbench.ui.chat.composer.variables import VariableFields
from chatbench.ui.chat.conversation.settings import changed_words
from chatbench.ui.chat.picker import ModelPicker
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Chip, Flow, Label, LineField, announce

_LONGEST_NAME: Final = 100
_WIDTH: Final = 460


class PromptEditor(QDialog):
    """`written(name)` when it stands on the disk; before that, and where it cannot, nothing is changed.
    It deletes itself. `lane` is what the chat in view asks with: model, system prompt and parameters can
    be taken over from it. With `kept` the prompt called `name` is changed; else it is a new one."""

    written = Signal(str)

    def __init__(
        self,
        services: Services,
        lane: Lane,
        parent: QWidget,
        *,
        template: Template,
        name: str = "",
        kept: Kept | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("New prompt") if kept is None else self.tr("Edit prompt"))
        self.setMinimumWidth(min(theme().scaled(_WIDTH), max(320, parent.window().width() - 32)))
        self._services = services
        self._lane = lane
        self._known_as = name
        self._stamp = kept.stamp if kept is not None else None
        self._template = template
        self._busy = False
        self.name = LineField(name, name=self.tr("Name"))
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setPlaceholderText(self.tr("Name, such as summarise: / and the name put it in"))
        self.name.textEdited.connect(self._hyphenate)
        hint = self.tr("What is put in. {{language}} is filled in when it is used")
        self.words = self._text(template.prompt, self.tr("Prompt"), hint, 5)
        hint = self.tr("What the chat is told as well, if anything")
        self.system = self._text(template.system, self.tr("System prompt"), hint, 2)
        self.places = Label(
            self.tr("What stands in the places if nothing else is filled in:"),
            font="small", color="text2", wrap=True,
        )  # fmt: skip
        self.values = VariableFields()
        self.values.expect(template.variables)
        self._make_lane()
        self._make_ends()
        self._lay_out()
        self._settle_conflict()
        self._find()
        self._show()
        self._begun = self.name.text(), self.template()
        self.name.setFocus()

    def _make_lane(self) -> None:
        """What the prompt sets of the chat it is put in."""
        self.model = Chip(menu=True)
        self.model.clicked.connect(self._open_models)
        self.parameters = Chip(icon="sliders-horizontal", menu=True)
        self.parameters.clicked.connect(self._open_parameters)
        self.take_system = Button(self.tr("Take this chat's system prompt"), kind="link", size="small")
        self.take_system.clicked.connect(lambda: self.system.setPlainText(self._lane.system))

    def _make_ends(self) -> None:
        self.trouble = Label(font="small", color="danger", wrap=True)
        self.trouble.hide()
        self.load = Button(self.tr("Show what is there now"), kind="link", size="small")
        self.load.clicked.connect(self._load)
        self.insist = Button(self.tr("Save mine all the same"), kind="link", size="small")
        self.insist.clicked.connect(self._insist)
        self.cancel = Button(self.tr("Cancel"))
        self.cancel.clicked.connect(self.reject)
        self.save = Button(self.tr("Save"), kind="primary")
        self.save.clicked.connect(self._save)
        self.name.returnPressed.connect(self.save.click)

    def _text(self, text: str, name: str, hint: str, lines: int) -> QPlainTextEdit:
        field = QPlainTextEdit(text)
        field.setAccessibleName(name)
        field.setPlaceholderText(hint)
        field.setTabChangesFocus(True)
        field.setMinimumHeight(theme().line("ui") * lines + 16)
        field.textChanged.connect(self._find)
        return field

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(8)
        column.addWidget(self.name)
        column.addWidget(Label(self.tr("Prompt"), font="small", color="text2"))
        column.addWidget(self.words, 3)
        column.addWidget(self.places)
        column.addWidget(self.values)
        column.addWidget(Label(self.tr("System prompt"), font="small", color="text2"))
        column.addWidget(self.system, 1)
        column.addWidget(self._row(self.model, self.parameters, self.take_system))
        column.addWidget(self.trouble)
        column.addWidget(self._row(self.load, self.insist))
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.save)
        column.addLayout(foot)

    def _row(self, *controls: QWidget) -> QWidget:
        """Beside each other as far as there is room."""
        row = QWidget(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        row.setSizePolicy(policy)
        flow = Flow(row)
        for control in controls:
            flow.addWidget(control)
        return row

    # What is shown.

    def _find(self) -> None:
        """The places in the words, and whether there is something to save."""
        if not hasattr(self, "save"):
            return
        written = Template(prompt=self.words.toPlainText(), system=self.system.toPlainText())
        names = tuple(name for name in written.names if name != INPUT)
        self.values.offer(names)
        self.places.setVisible(bool(names))
        self.take_system.setVisible(bool(self._lane.system) and written.system != self._lane.system)
        self._offer()

    def _hyphenate(self, text: str) -> None:
        """A name has no spaces; who types one means a new part of it."""
        if any(letter.isspace() for letter in text):
            cursor = self.name.cursorPosition()
            self.name.setText("".join("-" if letter.isspace() else letter for letter in text))
            self.name.setCursorPosition(cursor)
        self._offer()

    def _offer(self) -> None:
        something = any(text.toPlainText().strip() for text in (self.words, self.system))
        self.save.setEnabled(bool(self.name.text()) and something and not self._busy)

    def _show(self) -> None:
        model, given = self._template.model, self._given().given()
        if not model:
            self.model.set_label(self.tr("Whichever model is chosen"))
            self.model.set_icon("cloud")
            self.model.set_problem("")
        else:
            self._show_model(model)
        words = changed_words(Lane(id="", parameters=self._given())).values()
        self.parameters.set_label(" · ".join(words) if given else self.tr("No parameters"))

    def _show_model(self, model: str) -> None:
        try:
            info = self._services.models.info(self._services.models.resolve(model))
        except ChatbenchError as error:
            self.model.set_label(model)
            self.model.set_problem(error.message)
        else:
            self.model.set_label(info.title)
            self.model.set_icon(place_icon(info))
            self.model.set_problem("")

    def _given(self) -> Parameters:
        return Parameters.from_dict(self._template.parameters)

    # What it brings along.

    def _change(self, **changes: object) -> None:
        self._template = msgspec.structs.replace(self._template, **changes)
        self._show()

    def _open_models(self) -> None:
        menu = self._menu(self.tr("Model of the prompt"))
        menu.addAction(self.tr("Whichever model is chosen"), partial(self._change, model=""))
        mine = self._lane.model
        if mine is not None and mine != GUIDE:
            words = self.tr("This chat's: {0}").format(self._services.models.info(mine).title)
            menu.addAction(words, partial(self._change, model=str(mine)))
        menu.addAction(self.tr("Choose a model…"), self._pick)
        menu.popup(self.model.mapToGlobal(self.model.rect().bottomLeft()))

    def _open_parameters(self) -> None:
        menu = self._menu(self.tr("Parameters of the prompt"))
        menu.addAction(self.tr("No parameters"), partial(self._change, parameters={}))
        words = changed_words(Lane(id="", parameters=self._lane.parameters)).values()
        if words:
            told = self.tr("This chat's: {0}").format(" · ".join(words))
            menu.addAction(told, partial(self._change, parameters=self._lane.parameters.to_dict()))
        menu.popup(self.parameters.mapToGlobal(self.parameters.rect().bottomLeft()))

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(name)
        return menu

    def _pick(self) -> None:
        picker = ModelPicker(self._services, self)
        picker.chosen.connect(self._take_model)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(GUIDE, self.model)

    def _take_model(self, model: ModelRef) -> None:
        self._change(model=str(model))

    # Writing it.

    @property
    def changed(self) -> bool:
        """Whether something would be lost."""
        return self._begun != (self.name.text(), self.template())

    def template(self) -> Template:
        """What would be saved."""
        values = {name: value for name, value in self.values.values().items() if value}
        return msgspec.structs.replace(
            self._template,
            prompt=self.words.toPlainText(),
            system=self.system.toPlainText(),
            variables=values,
        )

    def _save(self) -> None:
        name = self.name.text()
        templates = self._services.templates
        try:
            templates.path(name)
        except ConfigurationError:
            self._tell(
                self.tr("A name is made of letters, digits, dots, -, _ and, for folders, /; no dot first.")
            )
            return
        if name != self._known_as and name in templates.names():
            self._tell(self.tr("There is a prompt called {0} already. Choose another name.").format(name))
            return
        self._busy = True
        self._offer()
        spawn(self._write(name), owner=self, name="save-prompt")

    async def _write(self, name: str) -> None:
        templates, template = self._services.templates, self.template()
        try:
            if self._stamp is None:
                await asyncio.to_thread(templates.save, name, template)
            else:
                replace = partial(templates.replace, stamp=self._stamp, rename=name)
                await asyncio.to_thread(replace, self._known_as, template)
        except TemplateChanged as error:
            self._tell_conflict(gone=error.gone)
        except ChatbenchError as error:
            self._tell(f"{error.message} {error.hint}".strip())
        else:
            self.written.emit(name)
            self.accept()
        finally:
            self._busy = False
            self._offer()

    def _tell(self, words: str) -> None:
        self.trouble.setText(words)
        self.trouble.show()
        announce(self, words, at_once=True)

    def _tell_conflict(self, *, gone: bool) -> None:
        if gone:
            told = self.tr("{0} was deleted elsewhere meanwhile. Nothing was written.")
        else:
            told = self.tr("{0} was changed elsewhere meanwhile. Nothing was overwritten.")
        self.load.setVisible(not gone)
        self.insist.show()
        self._tell(told.format(self._known_as))

    def _settle_conflict(self) -> None:
        for widget in (self.trouble, self.load, self.insist):
            widget.hide()

    def _load(self) -> None:
        """What somebody else has written takes the place of what stands here."""
        kept = self._read()
        if kept is None:
            return
        self._stamp, self._template = kept.stamp, kept.template
        self._settle_conflict()
        self.values.clear()
        self.values.expect(kept.template.variables)
        self.words.setPlainText(kept.template.prompt)
        self.system.setPlainText(kept.template.system)
        self._show()

    def _insist(self) -> None:
        """The reader knows what is there, and wants this."""
        if self._known_as in self._services.templates.names():
            kept = self._read()
            if kept is None:
                return
            self._stamp = kept.stamp
        else:
            self._stamp = None
        self._settle_conflict()
        self._save()

    def _read(self) -> Kept | None:
        try:
            return self._services.templates.read(self._known_as)
        except ChatbenchError as error:
            self._tell(f"{error.message} {error.hint}".strip())
            return None
