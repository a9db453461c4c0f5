"""What is done with the rows of the list: made, named, moved, tagged, thrown away and taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QDialog, QMenu

from chatbench.core.prompts import Prompt, PromptEntry, PromptMessage
from chatbench.services import Services
from chatbench.ui.aio import ask, spawn
from chatbench.ui.workbench.naming import NameDialog
from chatbench.ui.workbench.rows import Row
from chatbench.ui.workbench.trash import WorkbenchTrash

if TYPE_CHECKING:
    from chatbench.ui.workbench.pane import WorkbenchPane


class Filing(QObject):
    """Part of a pane."""

    def __init__(self, services: Services, pane: WorkbenchPane) -> None:
        super().__init__(pane)
        self._services = services
        self._pane = pane
        self._sidebar = pane.sidebar
        view = pane.sidebar.view
        view.renamed.connect(lambda row, name: self._spawn(self._rename(row, name)))
        view.moved.connect(lambda prompt_id, folder: self._spawn(self.move(prompt_id, folder)))
        view.delete_wanted.connect(self.delete)
        pane.sidebar.menu_wanted.connect(self._show_menu)
        pane.sidebar.folder_requested.connect(lambda: self._spawn(self._new_folder()))

    def _spawn(self, work: Awaitable[None]) -> None:
        spawn(_done(work), owner=self, name="workbench-filing")

    # New ones.

    def new_prompt(self, prompt: Prompt | None = None, name: str = "", folder: str | None = None) -> None:
        """Saves a prompt, in the folder of the one in view unless another is named, and opens it."""
        self._spawn(self.add_prompt(prompt, name, folder))

    async def add_prompt(
        self, prompt: Prompt | None = None, name: str = "", folder: str | None = None
    ) -> None:
        """Raises as PromptService.save."""
        entries = await self._services.prompts.entries()
        if folder is None:
            in_view = self._pane.prompt_in_view()
            folder = next((one.folder for one in entries if one.id == in_view), "")
        free = _free(name or self.tr("New prompt"), {one.name for one in entries if one.folder == folder})
        blank = Prompt(messages=(PromptMessage(role="system"), PromptMessage(role="user")))
        saved = await self._services.prompts.save(None, prompt or blank, name=free, folder=folder)
        self._pane.open_prompt(saved.prompt_id)

    async def _new_folder(self) -> None:
        name = await self._asked(self.tr("New folder"), self.tr("Name of the folder"), "", self.tr("Make it"))
        if name:
            self._sidebar.folders.add(name.strip("/"))
            self._sidebar.refresh()
            self._pane.arranged.emit()

    async def _asked(self, title: str, label: str, text: str, do: str, *, empty: bool = False) -> str | None:
        """What the reader writes; None where they would rather not."""
        dialog = NameDialog(title, label, text, do, self._pane, may_be_empty=empty)
        written: list[str] = []
        dialog.accepted.connect(lambda: written.append(dialog.text()))
        answer = await ask(dialog)
        return written[0] if answer == QDialog.DialogCode.Accepted and written else None

    # Names, places, tags.

    async def _rename(self, row: Row, name: str) -> None:
        if row.kind == "prompt":
            before = await self._services.prompts.describe(row.id, name=name)
            again: Callable[[], Awaitable[object]] = partial(
                self._services.prompts.describe, row.id, name=before.name
            )
        else:
            await self._services.datasets.rename(row.id, name)
            again = partial(self._services.datasets.rename, row.id, row.title)
        self._offer_undo(self.tr("“{0}” is now called “{1}”").format(row.title, name), again)

    async def move(self, prompt_id: str, folder: str) -> None:
        """Into another folder. Raises as PromptService.describe."""
        before = await self._services.prompts.get(prompt_id)
        if before.folder == folder:
            return
        if before.folder:
            self._sidebar.folders.add(before.folder)
        await self._services.prompts.describe(prompt_id, folder=folder)
        where = folder or self.tr("Prompts")
        self._offer_undo(
            self.tr("“{0}” moved to {1}").format(before.name, where),
            partial(self._services.prompts.describe, prompt_id, folder=before.folder),
        )

    async def _move_to_new(self, prompt_id: str) -> None:
        folder = await self._asked(
            self.tr("Move to a folder"), self.tr("Folder, / between it and those in it"), "", self.tr("Move")
        )
        if folder:
            await self.move(prompt_id, folder)

    async def _tag(self, prompt_id: str) -> None:
        before = await self._services.prompts.get(prompt_id)
        told = await self._asked(
            self.tr("Tags"), self.tr("Tags, a comma between them"), ", ".join(before.tags),
            self.tr("Save"), empty=True,
        )  # fmt: skip
        if told is not None:
            await self._services.prompts.describe(prompt_id, tags=told.split(","))

    async def _duplicate(self, row: Row) -> None:
        version = await self._services.prompts.version(row.id)
        entry = await self._services.prompts.get(row.id)
        await self.add_prompt(version.prompt, self.tr("{0} copy").format(row.title), entry.folder)

    # Deleting.

    def delete(self, row: Row) -> None:
        """Into the trash, with Undo; an empty folder goes for good."""
        if row.kind == "folder":
            self._sidebar.folders.discard(row.id)
            self._sidebar.refresh()
            self._pane.arranged.emit()
        elif not row.is_head:
            self._spawn(self._delete(row))

    async def _delete(self, row: Row) -> None:
        services = self._services
        if row.kind == "prompt":
            await services.prompts.delete(row.id)
            again: Callable[[], Awaitable[object]] = partial(services.prompts.put_back, row.id)
        elif row.kind == "dataset":
            await services.datasets.delete(row.id)
            again = partial(services.datasets.restore, row.id)
        else:
            await services.runs.delete(row.id)
            again = partial(services.runs.restore, row.id)
        was_open = self._pane.view(row.key) is not None
        self._pane.close_tab(row.key)

        async def undo() -> None:
            await again()
            if was_open:
                self._pane.open(row.key)

        self._offer_undo(self.tr("“{0}” deleted").format(row.title), undo)

    def show_trash(self) -> None:
        """Shows what was deleted; what is brought back from there is opened."""
        dialog = WorkbenchTrash(self._services, self._pane)
        dialog.restored.connect(self._pane.open)
        dialog.open()

    def _offer_undo(self, words: str, undo: Callable[[], Awaitable[object]]) -> None:
        self._pane.tell(words, action=(self.tr("Undo"), lambda: self._spawn(_done(undo()))))

    # The menu.

    def _show_menu(self, row: Row, point: QPoint) -> None:
        menu = QMenu(self._pane)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(row.title)
        if row.kind == "folder":
            menu.addAction(self.tr("New prompt here"), partial(self.new_prompt, folder=row.id))
            delete = menu.addAction(self.tr("Remove the folder"), partial(self.delete, row))
            delete.setEnabled(row.id in self._sidebar.folders)
        else:
            self._fill_menu(menu, row)
        menu.popup(point)

    def _fill_menu(self, menu: QMenu, row: Row) -> None:
        menu.addAction(self.tr("Open"), partial(self._pane.open, row.key))
        if row.kind in ("prompt", "dataset"):
            menu.addAction(self.tr("Rename"), partial(self._sidebar.view.edit_name, row.key))
        if row.kind == "prompt":
            menu.addAction(self.tr("Duplicate"), lambda: self._spawn(self._duplicate(row)))
            self._add_folders(menu.addMenu(self.tr("Move to")), row)
            menu.addAction(self.tr("Export…"), lambda: self._pane.taking.export(row.id))
            menu.addAction(self.tr("Tags…"), lambda: self._spawn(self._tag(row.id)))
        menu.addSeparator()
        menu.addAction(self.tr("Delete"), partial(self.delete, row))

    def _add_folders(self, menu: QMenu, row: Row) -> None:
        entry = next((one for one in self._sidebar.entries if one.id == row.id), PromptEntry(id="", name=""))
        for folder in sorted({one.folder for one in self._sidebar.entries} | self._sidebar.folders | {""}):
            if folder != entry.folder:
                menu.addAction(
                    folder.replace("&", "&&") or self.tr("Prompts"),
                    partial(lambda to: self._spawn(self.move(row.id, to)), folder),
                )
        menu.addAction(self.tr("Another folder…"), lambda: self._spawn(self._move_to_new(row.id)))


def _free(name: str, taken: set[str]) -> str:
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name} {count}"
    return free


async def _done(work: Awaitable[object]) -> None:
    await work
