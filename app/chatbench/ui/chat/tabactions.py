"""What is done with tabs and with chats beside each other: by key, palette, menu and dragging."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from chatbench.ui import icons
from chatbench.ui.chat.columns import MOST

if TYPE_CHECKING:
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow


class TabActions:
    """Registers the actions with the window and listens to the strip."""

    def __init__(self, workspace: ChatWorkspace, window: MainWindow) -> None:
        self._workspace = workspace
        self._window = window
        tabs = workspace.tabs
        tabs.moved.connect(lambda _key, _place: workspace.arranged.emit())
        tabs.menu_wanted.connect(self._show_menu)
        tabs.lifted.connect(lambda _key, at: workspace.columns.hint_at(at))
        tabs.put_back.connect(workspace.columns.end_hint)
        tabs.dropped.connect(self._drop)
        self._register()

    def _register(self) -> None:
        workspace, tr = self._workspace, self._workspace.tr

        def add(key: str, text: str, do: Callable[[], object], icon: str = "", shortcut: str = "") -> None:
            self._window.commands.add(f"tab.{key}", text, do, icon=icon, shortcut=shortcut, place=tr("Tabs"))

        def on_current(act: Callable[[str], object]) -> Callable[[], object]:
            return lambda: act(workspace.current_id()) if workspace.current_id() else None

        add("restore", tr("Open the closed tab again"), workspace.restore_tab, "undo-2", "Ctrl+Shift+T")
        add("close_others", tr("Close the other tabs"), on_current(workspace.close_others), "x")
        add("left", tr("Move the tab to the left"), partial(self._move, -1), "arrow-left", "Ctrl+Shift+PgUp")
        add(
            "right",
            tr("Move the tab to the right"),
            partial(self._move, 1),
            "arrow-right",
            "Ctrl+Shift+PgDown",
        )
        add("split", tr("Show another chat beside this one"), self._split_current, "columns-2", "Ctrl+\\")
        add("unsplit", tr("Show this chat alone"), on_current(workspace.beside.alone), "square")
        add("next_column", tr("Go to the next chat in view"), partial(workspace.beside.step, 1), "", "F8")
        add(
            "previous_column",
            tr("Go to the previous chat in view"),
            partial(workspace.beside.step, -1),
            "",
            "Shift+F8",
        )
        add(
            "window",
            tr("Open in a new window"),
            on_current(workspace.detach_requested.emit),
            "app-window",
            "Ctrl+Shift+N",
        )

    def _move(self, step: int) -> None:
        rtl = self._workspace.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self._workspace.tabs.move_tab(self._workspace.current_id(), -step if rtl else step)

    def _split_current(self) -> None:
        """The tab used before this one, else a new chat, comes beside it."""
        if self._workspace.beside.has_room():
            self._workspace.beside.split_next()

    def _drop(self, conversation_id: str, at: QPoint) -> None:
        workspace = self._workspace
        found = workspace.columns.hint_at(at)
        workspace.columns.end_hint()
        if found is not None:
            beside, side = found
            workspace.beside.split_at(conversation_id, beside, side)
        elif not self._window.frameGeometry().contains(at) and len(workspace.open_ids()) > 1:
            workspace.detach_requested.emit(conversation_id)

    def _show_menu(self, conversation_id: str, at: QPoint) -> None:
        workspace, tr = self._workspace, self._workspace.tr
        menu = QMenu(workspace)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def entry(icon: str, text: str, do: Callable[[str], object], enabled: bool = True) -> None:
            action = menu.addAction(icons.icon(icon), text)
            action.triggered.connect(lambda: do(conversation_id))
            action.setEnabled(enabled)

        several = len(workspace.open_ids()) > 1
        entry("x", tr("Close"), workspace.close_tab)
        entry("x", tr("Close the others"), workspace.close_others, several)
        menu.addSeparator()
        if conversation_id in workspace.ids_in_view() and len(workspace.ids_in_view()) > 1:
            entry("square", tr("No longer beside the other"), workspace.beside.unsplit)
        else:
            beside = several and len(workspace.columns.in_view()) < MOST
            entry("columns-2", tr("Show beside the other"), workspace.beside.split, beside)
        entry("app-window", tr("Open in a new window"), workspace.detach_requested.emit, several)
        menu.addSeparator()
        menu.addAction(self._window.commands["tab.restore"])
        menu.popup(at)
