"""What stands around the chats of a window follows them: tab, sidebar, inspector, the window's title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from chatbench.core.conversations import Lane, TreeMessage
from chatbench.ui.aio import spawn

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.chat.inspector import ChatInspector
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.chat.sidebar import ChatSidebar
    from chatbench.ui.window import MainWindow, TabState


class Following(QObject):
    """Part of a workspace, of its window's sidebar and inspector."""

    def __init__(
        self,
        services: Services,
        window: MainWindow,
        workspace: ChatWorkspace,
        sidebar: ChatSidebar,
        inspector: ChatInspector,
    ) -> None:
        super().__init__(workspace)
        self._history = services.history
        self._window = window
        self._workspace = workspace
        self._sidebar = sidebar
        self._inspector = inspector
        inspector.lane_changed.connect(self._change_lane)

    def title(self, view: ConversationView) -> str:
        """What a chat is called, also where it has no title yet."""
        new = self.tr("Temporary chat") if view.temporary else self.tr("New chat")
        return view.conversation.summary.title or new

    def turn_to(self, view: ConversationView) -> None:
        """This chat has the focus now."""
        self._workspace.tabs.set_current(view.id)
        self._sidebar.set_current(view.id)
        self._inspect(view)
        self._name_window(view)
        self._see(view)

    def take_up(self, view: ConversationView) -> None:
        """Something of an open chat has changed."""
        workspace, summary = self._workspace, view.conversation.summary
        shown = workspace.shows(view.id)
        state: TabState = "streaming" if view.streaming else "failed" if summary.failed else "idle"
        if state == "idle" and summary.unread and not shown:
            state = "unread"
        workspace.tabs.update_tab(view.id, title=self.title(view), state=state)
        workspace.columns.set_title(view, self.title(view))
        if view is workspace.current_view():
            self._inspect(view)
            self._name_window(view)
        if shown:
            self._see(view)

    def inspect_message(self, message: TreeMessage) -> None:
        """Shows how a message of the chat in view came about, unless that would name its model."""
        view = self._workspace.current_view()
        if view is not None and view.names_hidden:
            self._workspace.tell(self.tr("Shown when the answers are rated."))
            return
        siblings = view.conversation.siblings(message.id) if view is not None else (message,)
        spawn(self._show_message(message.id, siblings), owner=self, name="inspect-message")
        self._window.set_inspector_open(True)

    async def _show_message(self, message_id: str, siblings: tuple[TreeMessage, ...]) -> None:
        (message,) = await self._history.messages([message_id])
        at = next((n for n, one in enumerate(siblings, 1) if one.id == message_id), 1)
        self._inspector.show_message(message, at, len(siblings))

    def _see(self, view: ConversationView) -> None:
        """What is in view is read."""
        if view.conversation.summary.unread:
            spawn(self._history.mark_read(view.id), name="read")

    def _name_window(self, view: ConversationView) -> None:
        self._window.setWindowTitle(f"{self.title(view)} – Chatbench")

    def _inspect(self, view: ConversationView) -> None:
        lane = None if view.names_hidden else view.lane
        letter = "" if view.lanes.alone else view.lanes.current.letter
        self._inspector.show_conversation(view.conversation, lane, letter)

    def _change_lane(self, lane: Lane) -> None:
        # What was typed last may be told when another chat is in view already.
        views = self._workspace.views()
        view = next((view for view in views if view.lanes.view(lane.id) is not None), None)
        if view is not None:
            view.changes.change(lane)
