"""A prompt's tab: the editor, and beside it what came of the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QSplitter, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.prompts import Prompt, PromptEntry, PromptVersion
from chatbench.services import Services
from chatbench.ui.aio import Rereading, ask, spawn
from chatbench.ui.widgets import Label
from chatbench.ui.workbench.naming import NameDialog
from chatbench.ui.workbench.prompts.editor import PromptEditor

if TYPE_CHECKING:
    from chatbench.ui.workbench.hands import Hands


class PromptPage(QWidget):
    """`changed()` when it holds other words than its version, or the same again; `run_wanted(run_id)`;
    `told(words, undo)` for a notice that offers to take back what was done."""

    changed = Signal()
    run_wanted = Signal(str)
    told = Signal(str, object)

    def __init__(
        self, services: Services, hands: Hands, prompt_id: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._services = services
        self._hands = hands
        self.prompt_id = prompt_id
        self.entry = PromptEntry(id=prompt_id, name="")
        self.versions: list[PromptVersion] = []
        self._base: PromptVersion | None = None
        """The version that the editor began with."""
        self.is_changed = False
        self.editor = PromptEditor(services)
        self.beside = Label(
            self.tr("Run it, and the answers stand here."), font="small", color="text3", wrap=True
        )
        self.beside.setContentsMargins(16, 12, 16, 12)
        self.beside.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.editor)
        self._split.addWidget(self.beside)
        self._split.setStretchFactor(0, 1)
        self._split.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._split)
        self.setFocusProxy(self.editor.versions)
        self._reading = Rereading(self._read, self, "prompt-page")
        self._connect()
        self._reading.again()

    def _connect(self) -> None:
        editor = self.editor
        editor.edited.connect(self._edited)
        editor.save_wanted.connect(lambda: spawn(self.save(), owner=self, name="save-prompt"))
        editor.versions.chosen.connect(self.show_version)
        editor.versions.production_wanted.connect(
            lambda number: spawn(self._mark(number), owner=self, name="mark-production")
        )
        editor.versions.restore_wanted.connect(
            lambda number: spawn(self._restore(number), owner=self, name="restore-version")
        )
        editor.cards.deleted.connect(
            lambda message, place: self.told.emit(
                self.tr("Message deleted"), lambda: editor.cards.add(message, place)
            )
        )
        disconnect = self._services.changes.connect(self._told)
        self.destroyed.connect(lambda *_: disconnect())

    def arrange(self, arrangement: str) -> None:
        """`prompt`, `run`, or `both` beside each other."""
        self.editor.setVisible(arrangement != "run")
        self.beside.setVisible(arrangement != "prompt")

    # Reading.

    def _told(self, changes: Changes) -> None:
        if self.prompt_id in changes.prompts:
            self._reading.again()

    async def _read(self) -> None:
        prompts = self._services.prompts
        self.entry = await prompts.get(self.prompt_id)
        self.versions = await prompts.versions(self.prompt_id)
        newest = self.versions[0]
        if self._base is None or (not self.is_changed and self._base.number != newest.number):
            self._base = newest
            self.editor.show_prompt(newest.prompt)
        self._show_versions()

    def _show_versions(self) -> None:
        base = self._base
        if base is None:
            return
        self.editor.versions.show_versions(
            self.versions, self.entry.production, base.number, changed=self.is_changed
        )
        self.editor.save.set_label(self.tr("Save as v{0}").format(self.versions[0].number + 1))
        self.editor.save.setEnabled(self.is_changed)
        self.editor.compare.setEnabled(len(self.versions) > 1 or self.is_changed)

    def _edited(self) -> None:
        changed = self._base is not None and self.editor.prompt() != self._base.prompt
        if changed != self.is_changed:
            self.is_changed = changed
            self._show_versions()
            self.changed.emit()

    def show_version(self, number: int) -> None:
        """Puts a version into the editor; words that were not saved can be taken back."""
        chosen = next((one for one in self.versions if one.number == number), None)
        if chosen is None or self._base is None:
            return
        before, base = self.editor.prompt(), self._base
        if self.is_changed and chosen.number == base.number:
            return
        was_changed = self.is_changed
        self._put(chosen, chosen.prompt)
        if was_changed:
            words = self.tr("What was not saved of v{0} was put aside").format(base.number)
            self.told.emit(words, lambda: self._put(base, before))

    def _put(self, base: PromptVersion, prompt: Prompt) -> None:
        self._base = base
        self.editor.show_prompt(prompt)
        self.is_changed = prompt != base.prompt
        self._show_versions()
        self.changed.emit()

    # Saving.

    async def save(self) -> None:
        """Asks for a note and saves a version. Raises as PromptService.save."""
        if not self.is_changed:
            return
        dialog = NameDialog(
            self.tr("Save as v{0}").format(self.versions[0].number + 1),
            self.tr("What is new in it, in a few words"),
            "",
            self.tr("Save"),
            self,
            may_be_empty=True,
        )
        notes: list[str] = []
        dialog.accepted.connect(lambda: notes.append(dialog.text()))
        if await ask(dialog) == QDialog.DialogCode.Accepted and notes:
            await self.save_with(notes[0])

    async def save_with(self, note: str) -> None:
        """Saves a version. Raises as PromptService.save."""
        self._base = await self._services.prompts.save(self.prompt_id, self.editor.prompt(), note=note)
        self.is_changed = self.editor.prompt() != self._base.prompt
        self.changed.emit()
        self._reading.again()

    async def _mark(self, number: int | None) -> None:
        await self._services.prompts.mark_production(self.prompt_id, number)

    async def _restore(self, number: int) -> None:
        saved = await self._services.prompts.restore(self.prompt_id, number)
        self._put(saved, saved.prompt)

    async def keep_draft(self) -> None:
        """Keeps what was not saved."""
