"""All assistants: begun with, taken for this chat, changed, deleted, put into another order."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from chatbench.core.changes import Changes
from chatbench.core.conversations import Lane
from chatbench.core.presets import Preset
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.assistantmark import AssistantMark
from chatbench.ui.chat.conversation.settings import changed_words
from chatbench.ui.widgets import Button, ElidedLabel, IconButton
from chatbench.ui.widgets.listdialog import ListDialog, ListRow


class AssistantList(ListDialog):
    """Follows what is saved and deleted while it is open. `begin_wanted(id)`, `apply_wanted(Preset)`,
    `edit_wanted(Preset)`, `delete_wanted(id)`, `new_wanted()`."""

    begin_wanted = Signal(str)
    apply_wanted = Signal(object)
    edit_wanted = Signal(object)
    delete_wanted = Signal(str)

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__(self.tr("Assistants"), self.tr("Save this chat as an assistant…"), parent)
        self._services = services
        self.rows: list[AssistantRow] = []
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())
        self.refresh()

    def refresh(self) -> None:
        """Reads them again."""
        spawn(self._read(), owner=self, name="assistants")

    def _changed(self, changes: Changes) -> None:
        if changes.presets:
            self.refresh()

    async def _read(self) -> None:
        presets = await self._services.presets.all()
        before, self.rows = self.rows, [AssistantRow(self._services, preset) for preset in presets]
        for number, row in enumerate(self.rows):
            self._connect(row, number)
        self.replace_rows(before, self.rows)
        some = self.tr("An assistant is a system prompt, a model and parameters under a name.")
        none = self.tr("None yet. Set up a chat as you like it, then save it as an assistant.")
        self.told.setText(some if presets else none)

    def _connect(self, row: AssistantRow, place: int) -> None:
        preset = row.preset
        row.begin.clicked.connect(partial(self.begin_wanted.emit, preset.id))
        row.apply.clicked.connect(partial(self.apply_wanted.emit, preset))
        for button in (row.begin, row.apply):
            button.clicked.connect(self.accept)
        row.edit.clicked.connect(partial(self.edit_wanted.emit, preset))
        row.delete.clicked.connect(partial(self.delete_wanted.emit, preset.id))
        row.up.setEnabled(place > 0)
        row.up.clicked.connect(partial(self._raise, place))

    def _raise(self, place: int) -> None:
        ids = [row.preset.id for row in self.rows]
        ids[place - 1 : place + 1] = [ids[place], ids[place - 1]]
        spawn(self._services.presets.arrange(ids), name="arrange-assistants")


class AssistantRow(ListRow):
    """One assistant and what can be done with it."""

    def __init__(self, services: Services, preset: Preset) -> None:
        super().__init__(preset.name)
        self.preset = preset
        name = preset.name
        words = " ".join(preset.system.split())
        model = services.models.info(preset.model).title if preset.model is not None else ""
        self.begin = Button(self.tr("New chat"), size="small")
        self.begin.setAccessibleName(self.tr("New chat with {0}").format(name))
        self.apply = Button(self.tr("Use here"), kind="quiet", size="small")
        self.apply.setAccessibleName(self.tr("Use {0} in this chat").format(name))
        self.up = IconButton("arrow-up", self.tr("Move {0} up").format(name), size="row")
        self.told.addWidget(ElidedLabel(name, weight=600))
        asked = changed_words(Lane(id="", parameters=preset.parameters)).values()
        about = " · ".join(filter(None, (model, *asked, words))) or self.tr("Default parameters")
        self.told.addWidget(ElidedLabel(about[:300], font="small", color="text2"))
        self.row.insertWidget(0, AssistantMark(preset))
        self.row.insertSpacing(1, 4)
        for button in (self.begin, self.apply, self.up, self.edit, self.delete):
            self.row.addWidget(button)
