"""All saved prompts: put in, changed, deleted."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.services.templates import Template, TemplateService
from chatbench.ui.aio import Rereading
from chatbench.ui.fuzzy import match
from chatbench.ui.theme import ColorRole
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, Label, SearchField
from chatbench.ui.widgets.dialogs import fit_dialog

_SIZE: Final = (560, 480)


class Listed(NamedTuple):
    """A saved prompt by its name; `problem` says why it cannot be read."""

    name: str
    template: Template = Template()
    problem: str = ""

    @property
    def about(self) -> str:
        """What is in it, in one line."""
        told = self.problem or self.template.prompt or self.template.system
        return " ".join(told[:300].split())


def listed(templates: TemplateService) -> list[Listed]:
    """All of them, the broken ones too, by name. Reads files."""
    found = []
    for name in templates.names():
        try:
            found.append(Listed(name, templates.get(name)))
        except ChatbenchError as error:
            found.append(Listed(name, problem=error.message))
    return found


class PromptList(QDialog):
    """Read anew when the window comes to the front, for the files may be changed by hand; it deletes
    itself. `use_wanted(name)`, `edit_wanted(name)`, `delete_wanted(name)`, `new_wanted()`."""

    use_wanted = Signal(str)
    edit_wanted = Signal(str)
    delete_wanted = Signal(str)
    new_wanted = Signal()

    def __init__(self, templates: TemplateService, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Prompts"))
        self._templates = templates
        self._reading = Rereading(self._read, self, "prompts")
        self.rows: list[PromptRow] = []
        self.told = Label(font="small", color="text2", wrap=True)
        self.search = SearchField(self.tr("Search prompts"))
        self.search.textChanged.connect(self._narrow)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setSpacing(2)
        self._column.addStretch(1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        self.new = Button(self.tr("New prompt…"), icon="plus")
        self.new.clicked.connect(self.new_wanted)
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.new)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.told)
        column.addWidget(self.search)
        column.addWidget(area, 1)
        column.addLayout(foot)
        fit_dialog(self, *_SIZE)
        self.refresh()

    def refresh(self) -> None:
        """Reads them again."""
        self._reading.again()

    async def _read(self) -> None:
        found = await asyncio.to_thread(listed, self._templates)
        if self.rows and found == [row.listed for row in self.rows]:
            return
        focused = next((n for n, row in enumerate(self.rows) if row.delete.hasFocus()), None)
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [PromptRow(one) for one in found]
        for place, row in enumerate(self.rows):
            self._column.insertWidget(place, row)
            self._connect(row)
        some = self.tr("A prompt is text you use again. In a chat, / and its name put it in.")
        none = self.tr("None yet. A prompt is text you use again: in a chat, / and its name put it in.")
        self.told.setText(some if found else none)
        self.search.setVisible(bool(found))
        self._narrow()
        if focused is not None:
            left = self.rows[min(focused, len(self.rows) - 1)].delete if self.rows else self.new
            left.setFocus(Qt.FocusReason.OtherFocusReason)

    def _connect(self, row: PromptRow) -> None:
        name = row.listed.name
        row.use.clicked.connect(partial(self.use_wanted.emit, name))
        row.use.clicked.connect(self.accept)
        row.edit.clicked.connect(partial(self.edit_wanted.emit, name))
        row.delete.clicked.connect(partial(self.delete_wanted.emit, name))

    def _narrow(self) -> None:
        query = self.search.text()
        for row in self.rows:
            said = row.listed.about.casefold()
            found = match(query, row.listed.name) is not None or query.casefold() in said
            row.setVisible(found)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.refresh()


class PromptRow(QWidget):
    """One prompt and what can be done with it."""

    def __init__(self, listed: Listed) -> None:
        super().__init__()
        self.listed = listed
        name = listed.name
        self.use = Button(self.tr("Use"), size="small")
        self.use.setAccessibleName(self.tr("Use {0}").format(name))
        self.edit = IconButton("pencil", self.tr("Edit {0}").format(name), size="row")
        self.delete = IconButton("trash-2", self.tr("Delete {0}").format(name), size="row")
        # What cannot be read cannot be put in or shown in a form.
        self.use.setEnabled(not listed.problem)
        self.edit.setEnabled(not listed.problem)
        told = QVBoxLayout()
        told.setSpacing(0)
        told.addWidget(ElidedLabel(name, weight=600))
        color: ColorRole = "danger" if listed.problem else "text2"
        told.addWidget(ElidedLabel(listed.about, font="small", color=color))
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 6, 0, 6)
        row.setSpacing(6)
        row.addLayout(told, 1)
        for button in (self.use, self.edit, self.delete):
            row.addWidget(button)
