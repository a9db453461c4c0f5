"""Linked folders: which are part of the library, what in them is not read and why."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError
from chatbench.core.prompts import PromptEntry
from chatbench.services import Services
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.quantities import number
from chatbench.ui.widgets import Button, Label, Surface, announce
from chatbench.ui.widgets.forms import scrolling, words_of
from chatbench.ui.workbench.library.foldercard import Conflict, FolderCard
from chatbench.ui.workbench.library.watching import PromptWatch


class FoldersPage(Surface):
    """`open_wanted(key)` of a prompt; `told(words, undo)` with what takes it back, or None."""

    open_wanted = Signal(str)
    told = Signal(str, object)

    def __init__(self, services: Services, watch: PromptWatch, parent: QWidget) -> None:
        super().__init__("page", parent=parent)
        self._services = services
        self._watch = watch
        self.cards: dict[Path, FolderCard] = {}
        self.setAccessibleName(self.tr("Linked folders"))
        self.link = Button(self.tr("Link a folder…"), icon="folder-plus")
        self.link.clicked.connect(self.choose)
        self.problem = Label(font="small", color="danger", wrap=True)
        self.problem.hide()
        self._reading = Rereading(self._read, self, "folders-page")
        self._lay_out()
        watch.read.connect(self._reading.again)
        self._disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(self._disconnect)
        watch.again()

    def _lay_out(self) -> None:
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(28, 20, 28, 24)
        body.setSpacing(12)
        body.addWidget(Label(self.tr("Linked folders"), font="title", wrap=True))
        about = self.tr(
            "Prompts in these folders are TOML and YAML files. What an editor or git changes in them shows "
            "here at once, and what is saved here is written there."
        )
        body.addWidget(Label(about, color="text2", wrap=True))
        self._column = QVBoxLayout()
        self._column.setSpacing(10)
        body.addLayout(self._column)
        body.addWidget(self.problem)
        line = QVBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.link)
        body.addLayout(line)
        body.addStretch(1)
        column = QVBoxLayout()
        self.set_layout(column)
        column.addWidget(scrolling(inner))

    def release(self) -> None:
        """Stops listening."""
        self._disconnect()

    # What there is.

    def _changed(self, changes: Changes) -> None:
        if changes.prompts:
            self._reading.again()

    async def _read(self) -> None:
        folders = await self._services.prompts.folders()
        entries = await self._services.prompts.entries()
        found = self._watch.found
        for path in [path for path in self.cards if path not in folders]:
            card = self.cards.pop(path)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for path, name in folders.items():
            if path not in self.cards:
                self.cards[path] = self._new_card(path, name, is_home=not name)
            inside = [one for one in entries if one.file and Path(one.file).is_relative_to(path)]
            both = [one for one in inside if one.id in found.both]
            unread = [one for one in found.unread if one.path.is_relative_to(path)]
            strangers = [one for one in found.strangers if one.is_relative_to(path)]
            self.cards[path].show_state(len(inside), both, unread, strangers)

    def _new_card(self, path: Path, name: str, *, is_home: bool) -> FolderCard:
        card = FolderCard(path, name, is_home=is_home)
        card.unlink.clicked.connect(partial(self.unlink, path, name))
        card.open_wanted.connect(self.open_wanted)
        card.settled.connect(self._settle)
        self._column.addWidget(card)
        return card

    # What is done.

    def choose(self) -> None:
        """Asks for a folder to link."""
        dialog = QFileDialog(self.window(), self.tr("Link a folder of prompts"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.filesSelected.connect(lambda names: self.add(Path(names[0])))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add(self, path: Path) -> None:
        """Links a folder, under its own name."""
        self._do(self._add(path))

    async def _add(self, path: Path) -> None:
        found = await self._services.prompts.link_folder(path)
        self._watch.again()
        count = len(found.added)
        words = (
            self.tr("{0} is linked: {1} prompt.") if count == 1 else self.tr("{0} is linked: {1} prompts.")
        )
        self.told.emit(words.format(path.name, number(count)), None)

    def unlink(self, path: Path, name: str) -> None:
        """Takes a folder out; it can be linked again."""
        self._do(self._unlink(path, name))

    async def _unlink(self, path: Path, name: str) -> None:
        await self._services.prompts.unlink_folder(path)
        self._watch.again()
        words = self.tr("{0} is no longer linked. Its prompts stay in the library.").format(path.name)
        self.told.emit(words, lambda: self._do(self._link_again(path, name)))

    async def _link_again(self, path: Path, name: str) -> None:
        await self._services.prompts.link_folder(path, name)
        self._watch.again()

    def _settle(self, entry: PromptEntry, way: Conflict) -> None:
        prompts = self._services.prompts
        self._do(prompts.take_file(entry.id) if way == "file" else prompts.write_file(entry.id))

    def _do(self, work: Awaitable[object]) -> None:
        spawn(self._done(work), owner=self, name="linked-folders")

    async def _done(self, work: Awaitable[object]) -> None:
        words = ""
        try:
            await work
        except ChatbenchError as error:
            words = words_of(error)
            announce(self, words, at_once=True)
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        self._watch.again()
