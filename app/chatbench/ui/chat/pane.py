"""The section of the chats: tabs of conversations, the sidebar, the inspector."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from chatbench.core.conversations import Conversation
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.arrangement import Arrangement
from chatbench.ui.chat.assistants import Assistants, AssistantSource
from chatbench.ui.chat.attachcommands import add_attach_actions
from chatbench.ui.chat.beside import Beside
from chatbench.ui.chat.columns import Columns
from chatbench.ui.chat.commands import add_chat_actions
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.questions import welcome_title
from chatbench.ui.chat.conversation.view import FIRST_SCREEN
from chatbench.ui.chat.filing import Filing
from chatbench.ui.chat.following import Following
from chatbench.ui.chat.inspector import ChatInspector, inspector_frame
from chatbench.ui.chat.lanecommands import add_lane_actions
from chatbench.ui.chat.listactions import ListActions
from chatbench.ui.chat.openings import Openings
from chatbench.ui.chat.promptcommands import add_prompt_actions
from chatbench.ui.chat.reopening import Reopening
from chatbench.ui.chat.sidebar import ChatSidebar
from chatbench.ui.chat.tabactions import TabActions
from chatbench.ui.chat.temporary import ICON as TEMPORARY
from chatbench.ui.chat.temporary import TemporaryChats
from chatbench.ui.widgets import Label
from chatbench.ui.window import PaneParts, Tab, TabStrip, bring_to_front

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbench.ui.window import MainWindow


class ChatWorkspace(QWidget):
    """Which conversations are open in a window, and which are in view; `arranged` when that changes.

    `detach_requested(id)` when one shall have a window of its own. `openings` are those of all windows.
    """

    arranged = Signal()
    detach_requested = Signal(str)
    prompt_wanted = Signal(str, str)
    case_wanted = Signal(str, str)

    def __init__(self, services: Services, openings: Openings | None = None) -> None:
        super().__init__()
        self._services = services
        self.openings = openings or Openings()
        self.openings.join(self)
        self._views: dict[str, ConversationView] = {}
        self._window: MainWindow | None = None
        self._wishes = 0
        """How many times the reader has asked to see something; only the last of it is shown."""
        self._making: asyncio.Task[None] | None = None
        self.tabs = TabStrip(self, new_name=self.tr("New chat"), new_shortcut="Ctrl+N")
        self.columns = Columns(self)
        self.beside = Beside(self)
        self.reopening = Reopening(services, self)
        self.before = ""
        """The tab that was current before this one."""
        self.sidebar: ChatSidebar | None = None
        self.inspector: ChatInspector | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self.columns, 1)

    def build(self, window: MainWindow) -> PaneParts:
        """Called once by the window."""
        self._window = window
        self.sidebar = sidebar = ChatSidebar(self._services)
        sidebar.opened.connect(self.open)
        sidebar.new_requested.connect(self.new_chat)
        self.inspector = inspector_frame(self._services)
        self._following = Following(self._services, window, self, sidebar, self.inspector)
        self.tabs.chosen.connect(self.open)
        self.tabs.close_requested.connect(self.close_tab)
        self.tabs.new_requested.connect(self.new_chat)
        self.tabs.tabs_requested.connect(lambda: window.command_palette.open("#"))
        self.columns.turned.connect(self._turned)
        self.columns.close_requested.connect(lambda view: self.beside.unsplit(view.id))
        self.columns.arranged.connect(self._arranged)
        self.filing = Filing(self._services, window, self)
        self._temporary = TemporaryChats(self._services, window, self)
        self.assistants = Assistants(self._services, window, self)
        sidebar.kinds_requested.connect(self.assistants.show_menu)
        sidebar.trash_requested.connect(self.filing.show_trash)
        window.add_palette_source(AssistantSource(self._services, self.assistants))
        self.listed = ListActions(self._services, self, sidebar, window)
        add_chat_actions(self, window)
        add_lane_actions(self, window)
        add_attach_actions(window.commands, self.current_view)
        add_prompt_actions(self, window)
        self._tab_actions = TabActions(self, window)
        return PaneParts(
            main=self, sidebar=sidebar, inspector=self.inspector, tabs=self.tabs, activate=self._activate
        )

    # Opening and closing.

    async def open_first(self, was: Arrangement) -> None:
        """What was open at the end of the last session; a chat with the guide at the very first."""
        if self.sidebar is not None:
            self.sidebar.refresh()
        wish = self._wishes
        known = bool(await self._services.history.summaries(1))
        wanted = await self.reopening.open(was)
        if self._wishes != wish:
            return
        if wanted:
            self.beside.restore(was)
            await self._show(wanted, self._wishes)
        elif known:
            await self._new(self._services.models.default(), wish)
        else:
            await self._new(GUIDE, wish, title=welcome_title())

    def open(self, conversation_id: str, message_id: str = "") -> None:
        """Shows a conversation, in its tab or a new one; at a message if one is named."""
        self._wishes += 1
        opening = self._show(conversation_id, self._wishes, message_id)
        spawn(opening, owner=self, name="open-conversation")

    async def open_aside(self, conversation_id: str) -> None:
        """Opens a tab and stays where the reader is. Raises StorageError."""
        if self.openings.holder(conversation_id) is None:
            await self.load(conversation_id)
            self._arranged()

    async def _show(self, conversation_id: str, wish: int, message_id: str = "") -> None:
        """Unless something else was wished for since `wish`."""
        assert self._window is not None
        self._window.show_section("chats")
        holder = self.openings.holder(conversation_id)
        if holder is not None and holder is not self:
            holder.bring(conversation_id, message_id)
            return
        view = await self.load(conversation_id)
        if self._wishes != wish or view is None:
            return
        self.columns.show_view(view)
        self._turned(view)
        view.focus_composer()
        if message_id:
            await view.show_message(message_id)
        else:
            await self.reopening.scroll_back(view)

    def _turned(self, view: ConversationView) -> None:
        """Tab, sidebar, inspector and title follow the chat that has the focus."""
        if view.id != self.tabs.current():
            self.before = self.tabs.current()
        self._following.turn_to(view)
        focused = QApplication.focusWidget()
        if focused is None or not view.isAncestorOf(focused):
            view.focus_composer()
        self._arranged()

    def _arranged(self) -> None:
        self.tabs.set_shown(self.ids_in_view())
        self.arranged.emit()

    async def load(self, conversation_id: str) -> ConversationView | None:
        """The pane of a conversation; None if it was closed at once. Raises StorageError."""
        if conversation_id not in self._views:
            self._add(await self._services.history.tail(conversation_id, FIRST_SCREEN))
        return self._views.get(conversation_id)

    def _add(self, conversation: Conversation) -> None:
        assert self._window is not None
        if conversation.id in self._views:
            return
        view = ConversationView(self._services, self._window, conversation)
        following = self._following
        view.changed.connect(partial(following.take_up, view))
        view.selected.connect(following.inspect_message)
        view.provider_wanted.connect(self.show_settings)
        view.conversation_wanted.connect(self.open)
        view.hands_on = True
        view.prompt_wanted.connect(partial(self.prompt_wanted.emit, view.id))
        view.case_wanted.connect(partial(self.case_wanted.emit, view.id))
        self._views[conversation.id] = view
        self.columns.add(view)
        self.columns.set_title(view, following.title(view))
        icon = TEMPORARY if view.temporary else ""
        tab = Tab(conversation.id, following.title(view), icon=icon)
        self.tabs.add_tab(tab, self.reopening.place(conversation.id))
        self.openings.forget(conversation.id)
        view.open()

    def new_chat(self) -> None:
        """An empty chat at the model of the one in view; an empty one that is open is reused."""
        model = self._model()
        empty = next((v for v in self._views.values() if v.is_blank and not v.temporary), None)
        if empty is not None:
            if model is not None and model != empty.lane.model:
                empty.choose_model(model)
            self.open(empty.id)
            return
        if self._making is not None and not self._making.done():
            return
        self._wishes += 1
        work = self._new(model, self._wishes)
        self._making = spawn(work, owner=self, name="new-chat")

    def new_temporary(self) -> None:
        """An empty chat of which nothing is written down."""
        self._wishes += 1
        spawn(self._new(self._model(), self._wishes, temporary=True), owner=self, name="new-temporary")

    def _model(self) -> ModelRef | None:
        """That of the chat in view, else the default."""
        view = self.current_view()
        return (view.lane.model if view is not None else None) or self._services.models.default()

    async def _new(
        self, model: ModelRef | None, wish: int, title: str = "", *, temporary: bool = False
    ) -> None:
        chat = self._services.chat
        conversation = await chat.new_conversation(model, title=title, temporary=temporary)
        self._add(conversation)
        await self._show(conversation.id, wish)

    def close_tab(self, conversation_id: str) -> None:
        """Takes the tab away; an answer that is coming in goes on."""
        view = self._views.get(conversation_id)
        if view is not None and view.temporary:
            spawn(self._close_temporary(view), owner=self, name="close-tab")
        else:
            spawn(self._close(conversation_id), owner=self, name="close-tab")

    async def _close_temporary(self, view: ConversationView) -> None:
        conversation_id, blank = view.id, view.is_blank
        await self._close(conversation_id)
        self._temporary.closed(conversation_id, blank=blank)

    async def _close(self, conversation_id: str) -> None:
        view = self._views.get(conversation_id)
        if view is None:
            return
        wish = self._wishes
        await view.save_draft()
        if self._views.get(conversation_id) is not view:
            return
        in_view = view is self.current_view()
        if not view.is_blank and not view.conversation.summary.temporary:
            self.openings.note_closed(conversation_id, self.open_ids().index(conversation_id))
        self._drop(conversation_id)
        if self._wishes != wish:
            return
        if not self.tabs.current():
            await self._new(self._services.models.default(), wish)
        elif in_view:
            await self._show(self.tabs.current(), wish)

    def _drop(self, conversation_id: str) -> None:
        view = self._views.pop(conversation_id)
        self.reopening.note(view)
        view.release()
        self.tabs.remove_tab(conversation_id)
        self.columns.remove(view)
        view.hide()
        view.setParent(None)
        view.deleteLater()
        heir = self.columns.current()
        if isinstance(heir, ConversationView):
            self.tabs.set_current(heir.id)
        self._arranged()

    # Several beside each other.

    def ids_in_view(self) -> list[str]:
        """What the columns show, in reading order."""
        return [view.id for view in self.columns.in_view() if isinstance(view, ConversationView)]

    def views(self) -> tuple[ConversationView, ...]:
        """The panes of all open conversations."""
        return tuple(self._views.values())

    def view(self, conversation_id: str) -> ConversationView | None:
        """The pane of an open conversation."""
        return self._views.get(conversation_id)

    def turn_to(self, view: ConversationView) -> None:
        """A chat has come into view, and gets the keyboard; what was wished for before is forgotten."""
        self._wishes += 1
        spawn(self.reopening.scroll_back(view), owner=view, name="scroll-back")
        self._turned(view)
        view.focus_composer()

    async def make(self, model: ModelRef | None) -> ConversationView | None:
        """An empty chat, open and not yet in view. Raises StorageError."""
        conversation = await self._services.chat.new_conversation(model)
        self._add(conversation)
        return self.view(conversation.id)

    # As one of the places where conversations are open.

    def holds(self, conversation_id: str) -> bool:
        return conversation_id in self._views

    def shows(self, conversation_id: str) -> bool:
        return conversation_id in self.ids_in_view()

    def bring(self, conversation_id: str, message_id: str = "") -> None:
        if self._window is not None:
            bring_to_front(self._window)
        self.open(conversation_id, message_id)

    async def let_go(self, conversation_id: str) -> None:
        await self._close(conversation_id)
        self.openings.forget(conversation_id)

    async def hand_on(self, conversation_id: str) -> None:
        """Another window is about to show it: it leaves this one, with its draft kept."""
        view = self._views[conversation_id]
        await view.save_draft()
        if self._views.get(conversation_id) is not view:
            return
        in_view = view is self.current_view()
        self._drop(conversation_id)
        if not self.tabs.current():
            await self._new(self._services.models.default(), self._wishes)
        elif in_view:
            await self._show(self.tabs.current(), self._wishes)

    # The one in view.

    def current_view(self) -> ConversationView | None:
        """The conversation in view, if one is."""
        return self._views.get(self.tabs.current())

    def current_id(self) -> str:
        return self.tabs.current()

    def open_ids(self) -> list[str]:
        """The open conversations in the order of their tabs."""
        return [tab.id for tab in self.tabs.tabs()]

    def tell(self, words: str) -> None:
        """A notice in the window."""
        if self._window is not None:
            self._window.notices.show_notice(words)

    def choose_model(self, model: ModelRef) -> None:
        view = self.current_view()
        if view is not None:
            view.choose_model(model)

    def attach_to(self, conversation_id: str, paths: Sequence[Path]) -> None:
        view = self.view(conversation_id)
        if view is not None:
            view.composer.attach_paths(paths)

    def attach(self, paths: Sequence[Path]) -> None:
        """Attaches files to the draft of the conversation in view."""
        view = self.current_view()
        if view is not None and paths:
            view.composer.attach_paths(paths)
            view.focus_composer()

    def _activate(self) -> None:
        view = self.current_view()
        if view is not None:
            view.focus_composer()

    # What is asked for.

    def show_settings(self, provider: str) -> None:
        """The settings of a provider, at its key."""
        if self._window is not None:
            parts = self._window.show_section("settings")
            parts.main.show_provider(provider)  # type: ignore[attr-defined]

    # The end.

    def show_problem(self, error: ChatbenchError) -> None:
        """The profile cannot be opened: the pane says so and nothing else works."""
        label = Label(f"{error.message}\n\n{error.hint}", font="prose", wrap=True)
        label.setContentsMargins(48, 48, 48, 48)
        self.columns.add(label)
        self.columns.show_view(label)

    async def save_drafts(self) -> None:
        """Keeps what is written in every chat. Raises StorageError, the others kept all the same."""
        saving = [view.save_draft() for view in self._views.values()]
        for result in await asyncio.gather(*saving, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    def release(self) -> None:
        """Stops listening."""
        self.openings.leave(self)
        for view in self._views.values():
            view.release()
