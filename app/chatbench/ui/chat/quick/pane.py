"""The one conversation of the quick chat, under a strip with its title and its buttons."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.appearance import AppearanceActions
from chatbench.ui.chat.attachcommands import add_attach_actions
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.view import FIRST_SCREEN
from chatbench.ui.chat.openings import Openings
from chatbench.ui.widgets import IconButton
from chatbench.ui.window import PaneParts, Tab, TabStrip, bring_to_front

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatbench.ui.window import MainWindow


class QuickPane(QWidget):
    """`main_wanted(id)` to show a conversation in a main window; `settings_wanted(provider)`;
    `changed()` when another conversation is in it."""

    main_wanted = Signal(str)
    settings_wanted = Signal(str)
    changed = Signal()

    def __init__(self, services: Services, openings: Openings) -> None:
        super().__init__()
        self._services = services
        self._openings = openings
        self._window: MainWindow | None = None
        self._opening: asyncio.Task[None] | None = None
        self.view: ConversationView | None = None
        self.tabs = TabStrip(self, new_name=self.tr("New chat"))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.tabs)
        openings.join(self)

    def build(self, window: MainWindow) -> PaneParts:
        """Called once by the window."""
        self._window = window
        add, place = window.commands.add, self.tr("Chat")
        add("chat.new", self.tr("New chat"), self.new_chat, icon="plus", shortcut="Ctrl+N", place=place)
        add(
            "quick.main",
            self.tr("Open in the main window"),
            self._to_main,
            icon="maximize-2",
            shortcut="Ctrl+Shift+O",
            place=place,
        )
        add("quick.hide", self.tr("Hide the quick chat"), window.close, icon="x", place=place)
        self._add_view_actions(window)
        AppearanceActions(self._services, window)
        for key in ("chat.new", "quick.main", "quick.hide"):
            self.tabs.add_button(IconButton.for_action(window.commands[key]))
        return PaneParts(main=self, tabs=self.tabs, activate=self.focus_composer)

    def _add_view_actions(self, window: MainWindow) -> None:
        def add(
            key: str, text: str, act: Callable[[ConversationView], object], icon: str, shortcut: str
        ) -> None:
            window.commands.add(
                f"chat.{key}",
                text,
                lambda: act(self.view) if self.view is not None else None,
                icon=icon,
                shortcut=shortcut,
                place=self.tr("Chat"),
            )

        add("find", self.tr("Find in this chat"), lambda view: view.open_find(), "search", "Ctrl+F")
        add("stop", self.tr("Stop the answer"), lambda view: view.stop(), "square", "Ctrl+.")
        add("model", self.tr("Choose a model"), lambda view: view.composer.open_picker(), "cloud", "Ctrl+M")
        add_attach_actions(window.commands, lambda: self.view)

    # What is in it.

    async def open(self, conversation_id: str = "") -> None:
        """Shows a conversation that is open nowhere else, or an empty one, unless one is in it. Returns
        when that is so, or when it was told why not."""
        if self.view is not None:
            return
        if self._opening is None or self._opening.done():
            self._opening = spawn(self._open(conversation_id), owner=self, name="open-quick-chat")
        await asyncio.wait({self._opening})

    async def _open(self, conversation_id: str) -> None:
        history = self._services.history
        if self._openings.holder(conversation_id) is None and await history.listed(conversation_id):
            conversation = await history.tail(conversation_id, FIRST_SCREEN)
        else:
            model = self._services.models.default()
            conversation = await self._services.chat.new_conversation(model)
        assert self._window is not None
        view = self.view = ConversationView(self._services, self._window, conversation)
        view.changed.connect(self._show_title)
        view.selected.connect(lambda _message: self._to_main())
        view.provider_wanted.connect(self.settings_wanted)
        view.conversation_wanted.connect(self.main_wanted)
        self._column.addWidget(view, 1)
        self.tabs.add_tab(Tab(view.id, "", closable=False))
        view.open()
        self._show_title()
        self.focus_composer()
        self.changed.emit()

    def new_chat(self) -> None:
        """An empty chat; the one before stays in the list of chats."""
        if self.view is not None and self.view.is_blank:
            self.focus_composer()
        else:
            spawn(self._renew(), owner=self, name="new-quick-chat")

    async def _renew(self) -> None:
        if self.view is not None:
            await self.let_go(self.view.id)
        await self.open()

    def attach(self, paths: Sequence[Path]) -> None:
        """Attaches files to its draft."""
        if self.view is not None and paths:
            self.view.composer.attach_paths(paths)

    def attach_to(self, conversation_id: str, paths: Sequence[Path]) -> None:
        if self.holds(conversation_id):
            self.attach(paths)

    def focus_composer(self) -> None:
        """The keyboard goes to where one writes."""
        if self.view is not None:
            self.view.focus_composer()

    def kept_id(self) -> str:
        """The conversation that shall be in it at the next start."""
        if self.view is None or self.view.is_blank or self.view.conversation.summary.temporary:
            return ""
        return self.view.id

    def _to_main(self) -> None:
        if self.view is not None:
            self.main_wanted.emit(self.view.id)

    def _show_title(self) -> None:
        view = self.view
        if view is None or self._window is None:
            return
        title = view.conversation.summary.title or self.tr("Quick chat")
        self.tabs.update_tab(view.id, title=title, state="streaming" if view.streaming else "idle")
        self._window.setWindowTitle(f"{title} – Chatbench")
        if view.conversation.summary.unread and self.shows(view.id):
            spawn(self._services.history.mark_read(view.id), name="read")

    async def save_drafts(self) -> None:
        """Keeps what is written in it. Raises StorageError."""
        if self.view is not None:
            await self.view.save_draft()

    # As one of the places where conversations are open.

    def holds(self, conversation_id: str) -> bool:
        return self.view is not None and self.view.id == conversation_id

    def shows(self, conversation_id: str) -> bool:
        return self.holds(conversation_id) and self.isVisible()

    def bring(self, conversation_id: str, message_id: str = "") -> None:
        if self._window is not None:
            bring_to_front(self._window)
        if message_id and self.view is not None:
            spawn(self.view.show_message(message_id), owner=self.view, name="show-message")

    async def let_go(self, conversation_id: str) -> None:
        view = self.view
        if view is None or view.id != conversation_id:
            return
        await view.save_draft()
        if self.view is not view:
            return
        self.view = None
        view.release()
        self.tabs.remove_tab(view.id)
        self._column.removeWidget(view)
        view.hide()
        view.setParent(None)
        view.deleteLater()
        self.changed.emit()

    def release(self) -> None:
        """Stops listening."""
        self._openings.leave(self)
        if self.view is not None:
            self.view.release()
