"""What is done with the chats marked in the sidebar: by key, by the list's menu and by the mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt

from chatbench.ui.aio import spawn
from chatbench.ui.chat.columns import MOST

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.chat.sidebar import ChatSidebar
    from chatbench.ui.window import MainWindow


class ListActions(QObject):
    """Registers the actions with the window; their keys work while the list has the focus."""

    def __init__(
        self, services: Services, workspace: ChatWorkspace, sidebar: ChatSidebar, window: MainWindow
    ) -> None:
        super().__init__(sidebar)
        self._history = services.history
        self._workspace = workspace
        self._sidebar = sidebar
        self._window = window
        self._commands = window.commands
        self._register()
        sidebar.view.menu_wanted.connect(self._show_menu)
        sidebar.view.files_dropped.connect(
            lambda chat, paths: spawn(self._attach(chat, paths), owner=self, name="attach-dropped")
        )
        sidebar.view.chosen_aside.connect(lambda chat: self._open_aside([chat]))
        sidebar.view.selectionModel().selectionChanged.connect(lambda *_: self._follow())

    def _register(self) -> None:
        workspace, tr, view = self._workspace, self.tr, self._sidebar.view
        filing = workspace.filing

        def on_marked(act: Callable[[list[str]], object]) -> Callable[[], object]:
            return lambda: act(marked) if (marked := view.marked()) else None

        def on_one(act: Callable[[str], object]) -> Callable[[], object]:
            return on_marked(lambda marked: act(marked[0]))

        listed: tuple[tuple[str, str, Callable[[], object], str, str], ...] = (
            ("open_tab", tr("Open in new tab"), on_marked(self._open_aside), "panel-top", "Ctrl+Return"),
            ("open_beside", tr("Open beside"), on_marked(self._open_beside), "columns-2", "Alt+Return"),
            (
                "open_window", tr("Open in new window"),
                on_one(workspace.detach_requested.emit), "app-window", "Shift+Return",
            ),
            ("rename", tr("Rename"), on_one(self._sidebar.rename), "pencil", "F2"),
            ("pin", tr("Pin"), on_marked(self._pin), "pin", ""),
            ("export", tr("Export…"), on_one(filing.export), "download", ""),
            ("delete", tr("Delete"), on_marked(lambda ids: filing.delete(*ids)), "trash-2", "Del"),
        )  # fmt: skip
        for key, text, do, icon, shortcut in listed:
            self._commands.add(
                f"list.{key}", text, do, icon=icon, shortcut=shortcut, place=tr("List of chats"),
                in_palette=False, scope=view,
            )  # fmt: skip

    def search(self, words: str | None = None) -> None:
        """Puts the cursor into the search, with these words if any are given."""
        self._window.set_sidebar_open(True)
        if words is not None:
            self._sidebar.search.setText(words)
        self._sidebar.search.setFocus()

    def rename_current(self) -> None:
        """Turns the title of the chat in view into a field."""
        self._window.set_sidebar_open(True)
        self._sidebar.rename(self._workspace.current_id())

    def _follow(self) -> None:
        """What is done with one chat only waits until one is marked."""
        one = len(self._sidebar.view.marked()) == 1
        for key in ("open_window", "rename", "export"):
            self._commands.set_enabled(f"list.{key}", one, self.tr("Mark one chat only."))
        self._commands["list.pin"].setText(self.tr("Unpin") if self._all_pinned() else self.tr("Pin"))

    def _show_menu(self, at: QPoint) -> None:
        self._follow()
        keys = ("open_tab", "open_beside", "open_window", None, "rename", "pin", "export", None, "delete")
        menu = self._commands.menu(self._sidebar, [key and f"list.{key}" for key in keys])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    async def _attach(self, chat: str, paths: list[Path]) -> None:
        """Opens a chat with these files in its draft, wherever it is open."""
        workspace = self._workspace
        holder = workspace.openings.holder(chat)
        if holder is None:
            await workspace.load(chat)
            holder = workspace
        holder.attach_to(chat, paths)
        workspace.open(chat)

    def _open_aside(self, chats: list[str]) -> None:
        for chat in chats:
            spawn(self._workspace.open_aside(chat), owner=self, name="open-aside")

    def _open_beside(self, chats: list[str]) -> None:
        spawn(self._workspace.beside.open(chats[:MOST]), owner=self, name="open-beside")

    def _all_pinned(self) -> bool:
        view = self._sidebar.view
        rows = [row for chat in view.marked() if (row := view.row_of(chat)) is not None]
        return bool(rows) and all(row.pinned for row in rows)

    def _pin(self, chats: list[str]) -> None:
        pinned = not self._all_pinned()
        for chat in chats:
            spawn(self._history.pin(chat, pinned), name="pin")
