"""What was open comes back: at the next start, and a tab that was closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from chatbench.ui.aio import spawn
from chatbench.ui.chat.arrangement import Arrangement, ScrollPlace

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.chat.pane import ChatWorkspace


class Reopening(QObject):
    """Part of a workspace: where its tabs stood, and where each chat was scrolled to."""

    def __init__(self, services: Services, workspace: ChatWorkspace) -> None:
        super().__init__(workspace)
        self._history = services.history
        self._workspace = workspace
        self._places: dict[str, int] = {}
        """Where a tab that is being opened again belongs."""
        self._seen: set[str] = set()

    def place(self, conversation_id: str) -> int | None:
        """Where a new tab goes if it is one that comes back; told once."""
        return self._places.pop(conversation_id, None)

    def arrangement(self) -> Arrangement:
        """What is open and where; nothing of temporary chats."""
        workspace = self._workspace
        views = {view.id: view for view in workspace.views() if not view.temporary}
        scrolled: dict[str, ScrollPlace] = {}
        for key, view in views.items():
            kept = workspace.openings.scrolled.get(key)
            place = view.transcript.place() if key in self._seen else kept
            if place is not None:
                scrolled[key] = place
        whole = len(views) == len(workspace.views())
        return Arrangement(
            tabs=tuple(key for key in workspace.open_ids() if key in views),
            current=workspace.current_id() if workspace.current_id() in views else "",
            beside=tuple(workspace.ids_in_view()) if whole else (),
            widths=tuple(workspace.columns.shares()) if whole else (),
            scrolled=scrolled,
        )

    async def open(self, was: Arrangement) -> str:
        """Opens what is there still of what was; which of it was current. Raises StorageError."""
        workspace = self._workspace
        workspace.openings.scrolled.update(was.scrolled)
        order = {key: number for number, key in enumerate(was.tabs)}
        # What comes first is shown until all are there, and written to by who is quick.
        for key in sorted(was.tabs, key=lambda one: one != was.current):
            if await self._history.listed(key):
                there = workspace.open_ids()
                self._places[key] = sum(order.get(one, -1) < order[key] for one in there)
                await workspace.load(key)
                self._places.pop(key, None)
        return was.current if workspace.holds(was.current) else next(iter(workspace.open_ids()), "")

    async def scroll_back(self, view: ConversationView) -> None:
        """To where the reader was when it was open last; only its first showing does that."""
        self._seen.add(view.id)
        if (scrolled := self._workspace.openings.scrolled.pop(view.id, None)) is not None:
            await view.return_to(*scrolled)

    def note(self, view: ConversationView) -> None:
        """Its tab goes: keeps where it was scrolled to."""
        self._seen.discard(view.id)
        if (scrolled := view.transcript.place()) is not None:
            self._workspace.openings.scrolled[view.id] = scrolled

    def restore_tab(self) -> None:
        """Opens the tab again that was closed last, where it stood."""
        spawn(self._restore_tab(), owner=self, name="restore-tab")

    async def _restore_tab(self) -> None:
        workspace = self._workspace
        while (closed := workspace.openings.last_closed()) is not None:
            if await self._history.listed(closed.conversation_id):
                if closed.place is not None:
                    self._places[closed.conversation_id] = min(closed.place, len(workspace.views()))
                workspace.open(closed.conversation_id)
                return
