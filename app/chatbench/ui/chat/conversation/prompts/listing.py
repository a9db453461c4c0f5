"""All saved prompts: put in, changed, deleted."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.services.templates import Template, TemplateService
from chatbench.ui.aio import Rereading
from chatbench.ui.fuzzy import match
from chatbench.ui.theme import ColorRole
from chatbench.ui.widgets import Button, ElidedLabel
from chatbench.ui.widgets.listdialog import ListDialog, ListRow


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


class PromptList(ListDialog):
    """Read anew when the window comes to the front, for the files may be changed by hand.
    `use_wanted(name)`, `edit_wanted(name)`, `delete_wanted(name)`, `new_wanted()`."""

    use_wanted = Signal(str)
    edit_wanted = Signal(str)
    delete_wanted = Signal(str)

    def __init__(self, templates: TemplateService, parent: QWidget) -> None:
        super().__init__(self.tr("Prompts"), self.tr("New prompt…"), parent, search=self.tr("Search prompts"))
        self._templates = templates
        self._reading = Rereading(self._read, self, "prompts")
        self.rows: list[PromptRow] = []
        self.search.textChanged.connect(self._narrow)
        self.refresh()

    def refresh(self) -> None:
        """Reads them again."""
        self._reading.again()

    async def _read(self) -> None:
        found = await asyncio.to_thread(listed, self._templates)
        if self.rows and found == [row.listed for row in self.rows]:
            return
        before, self.rows = self.rows, [PromptRow(one) for one in found]
        for row in self.rows:
            self._connect(row)
        self.replace_rows(before, self.rows)
        some = self.tr("A prompt is text you use again. In a chat, / and its name put it in.")
        none = self.tr("None yet. A prompt is text you use again: in a chat, / and its name put it in.")
        self.told.setText(some if found else none)
        self.search.setVisible(bool(found))
        self._narrow()

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


class PromptRow(ListRow):
    """One prompt and what can be done with it."""

    def __init__(self, listed: Listed) -> None:
        super().__init__(listed.name)
        self.listed = listed
        self.use = Button(self.tr("Use"), size="small")
        self.use.setAccessibleName(self.tr("Use {0}").format(listed.name))
        # What cannot be read cannot be put in or shown in a form.
        self.use.setEnabled(not listed.problem)
        self.edit.setEnabled(not listed.problem)
        self.told.addWidget(ElidedLabel(listed.name, weight=600))
        color: ColorRole = "danger" if listed.problem else "text2"
        self.told.addWidget(ElidedLabel(listed.about, font="small", color=color))
        for button in (self.use, self.edit, self.delete):
            self.row.addWidget(button)
