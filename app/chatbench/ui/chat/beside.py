"""Chats beside each other in one window: which comes beside which."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from chatbench.core.models import ModelRef
from chatbench.ui.aio import spawn
from chatbench.ui.chat.columns import MOST
from chatbench.ui.chat.conversation import ConversationView

if TYPE_CHECKING:
    from chatbench.ui.chat.arrangement import Arrangement
    from chatbench.ui.chat.columns import Side
    from chatbench.ui.chat.pane import ChatWorkspace


class Beside(QObject):
    """Part of a workspace: it says what its columns show."""

    def __init__(self, workspace: ChatWorkspace) -> None:
        super().__init__(workspace)
        self._workspace = workspace

    def has_room(self) -> bool:
        """Whether one more can stand beside the others; says so where not."""
        if len(self._workspace.columns.in_view()) < MOST:
            return True
        self._workspace.tell(self.tr("No more than {0} chats stand beside each other.").format(MOST))
        return False

    async def open(self, conversation_ids: Sequence[str]) -> None:
        """Shows chats beside what is in view, wherever they are now. Raises StorageError."""
        workspace = self._workspace
        for conversation_id in conversation_ids:
            if workspace.shows(conversation_id):
                continue
            if not self.has_room():
                return
            if not workspace.holds(conversation_id):
                await workspace.openings.let_go(conversation_id)
            if await workspace.load(conversation_id) is not None:
                self.split(conversation_id)

    def split(self, conversation_id: str) -> None:
        """Shows an open chat after the one that has the focus."""
        here = self._workspace.columns.current()
        if here is not None:
            self.split_at(conversation_id, here, "after")

    def split_at(self, conversation_id: str, beside: QWidget, side: Side) -> None:
        """Shows an open chat beside another. Where it would stand beside itself, the tab used before
        takes its place."""
        workspace = self._workspace
        view = workspace.view(conversation_id)
        if view is None:
            return
        if beside is view:
            other = workspace.view(self._waiting())
            if other is None:
                return
            workspace.columns.show_view(other)
            beside = other
        if workspace.columns.split(view, beside, side):
            workspace.turn_to(view)

    def split_next(self) -> None:
        """The tab used before this one, else any that is not in view, else a new chat comes beside
        this one."""
        here = self._workspace.current_view()
        if here is None:
            return
        if waiting := self._waiting():
            self.split(waiting)
            return
        model = here.lane.model or here.services.models.default()
        spawn(self._split_new(model, here), owner=self, name="split")

    def _waiting(self) -> str:
        """A tab that is not in view: the one used last, if it is one."""
        workspace = self._workspace
        keys = (workspace.before, *workspace.open_ids())
        return next((key for key in keys if workspace.holds(key) and not workspace.shows(key)), "")

    async def _split_new(self, model: ModelRef | None, beside: ConversationView) -> None:
        view = await self._workspace.make(model)
        if view is not None:
            self.split_at(view.id, beside, "after")

    def unsplit(self, conversation_id: str) -> None:
        """Takes the column of a chat away; its tab stays."""
        workspace = self._workspace
        view = workspace.view(conversation_id)
        if view is not None and workspace.columns.unsplit(view):
            here = workspace.columns.current()
            if isinstance(here, ConversationView):
                workspace.turn_to(here)

    def alone(self, conversation_id: str) -> None:
        """Shows one chat and none beside it."""
        for other in self._workspace.ids_in_view():
            if other != conversation_id:
                self.unsplit(other)

    def step(self, step: int) -> None:
        """Goes to the next (1) or the previous (-1) chat in view."""
        workspace = self._workspace
        view = workspace.columns.neighbour(step)
        if isinstance(view, ConversationView) and view is not workspace.current_view():
            workspace.open(view.id)

    def restore(self, was: Arrangement) -> None:
        """Puts beside each other what was so, of what is open again."""
        workspace = self._workspace
        views = [view for key in was.beside if (view := workspace.view(key)) is not None]
        if len(views) < 2:
            return
        workspace.columns.show_view(views[0])
        workspace.turn_to(views[0])
        for before, view in pairwise(views):
            self.split_at(view.id, before, "after")
        workspace.columns.set_shares(list(was.widths))
