"""What is done with tabs and with chats beside each other: by key, palette, menu and dragging."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from chatbench.ui import icons
from chatbench.ui.chat.columns import MOST
from chatbench.ui.widgets import IconButton

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
        self._add_buttons()

    def _add_buttons(self) -> None:
        """At the end of the strip."""
        commands, tabs = self._window.commands, self._workspace.tabs
        more = IconButton("ellipsis", self._workspace.tr("More"))
        more.clicked.connect(lambda: self._show_more(more))
        tabs.add_button(IconButton.for_action(commands["chat.find"]))
        tabs.add_button(IconButton.for_action(commands["tab.split"]))
        tabs.add_button(more)
        tabs.add_button(IconButton.for_action(commands["view.inspector"]))

    def _show_more(self, button: QWidget) -> None:
        keys = (
            "chat.rename", "chat.export", None, "chat.regenerate", "chat.model", "chat.tree", "chat.context",
            None, "chat.save-assistant", "chat.delete",
        )  # fmt: skip
        menu = self._window.commands.menu(button, keys)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _register(self) -> None:
        workspace, tr, beside = self._workspace, self._workspace.tr, self._workspace.beside

        def on_current(act: Callable[[str], object]) -> Callable[[], object]:
            return lambda: act(workspace.current_id()) if workspace.current_id() else None

        restore, alone = workspace.reopening.restore_tab, on_current(beside.alone)
        others, detach = on_current(self._close_others), on_current(workspace.detach_requested.emit)
        left, right = partial(self._move, -1), partial(self._move, 1)
        on, back = partial(beside.step, 1), partial(beside.step, -1)
        listed: tuple[tuple[str, str, Callable[[], object], str, str], ...] = (
            ("restore", tr("Open the closed tab again"), restore, "undo-2", "Ctrl+Shift+T"),
            ("close_others", tr("Close the other tabs"), others, "x", ""),
            ("next", tr("Next tab"), partial(self._step, 1), "", "Ctrl+Tab"),
            ("previous", tr("Previous tab"), partial(self._step, -1), "", "Ctrl+Shift+Tab"),
            ("left", tr("Move the tab to the left"), left, "arrow-left", "Ctrl+Shift+PgUp"),
            ("right", tr("Move the tab to the right"), right, "arrow-right", "Ctrl+Shift+PgDown"),
            ("split", tr("Show another chat beside this one"), self._split_current, "columns-2", "Ctrl+\\"),
            ("unsplit", tr("Show this chat alone"), alone, "square", ""),
            ("next_column", tr("Go to the next chat in view"), on, "", "F8"),
            ("previous_column", tr("Go to the previous chat in view"), back, "", "Shift+F8"),
            ("window", tr("Open in a new window"), detach, "app-window", "Ctrl+Shift+N"),
        )
        for key, text, do, icon, keys in listed:
            offered = key not in ("next", "previous")
            self._window.commands.add(
                f"tab.{key}", text, do, icon=icon, shortcut=keys, place=tr("Tabs"), in_palette=offered
            )

    def _close_others(self, conversation_id: str) -> None:
        for other in self._workspace.open_ids():
            if other != conversation_id:
                self._workspace.close_tab(other)
        self._workspace.open(conversation_id)

    def _step(self, step: int) -> None:
        """Shows the next (1) or the previous (-1) tab, around the end."""
        ids = self._workspace.open_ids()
        if len(ids) > 1:
            self._workspace.open(ids[(ids.index(self._workspace.current_id()) + step) % len(ids)])

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
        entry("x", tr("Close the others"), self._close_others, several)
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
