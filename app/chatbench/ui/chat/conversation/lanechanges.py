"""What a reader changes of a conversation's lanes: model, effort, system prompt, parameters, branch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject

from chatbench.core.conversations import Lane
from chatbench.core.models import Effort, ModelRef
from chatbench.ui.aio import spawn

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView


class LaneChanges(QObject):
    """Shown at once and then written; whoever reads the conversation waits until it is `settled`."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self.any = False
        """Whether anything of a lane was chosen here."""
        self.writing: asyncio.Task[None] | None = None
        """The last change on its way to the store, or what became of it."""

    async def settled(self) -> None:
        """Waits until a change of the lane is written: whoever reads before would undo it."""
        while (writing := self.writing) is not None and not writing.done():
            await asyncio.wait({writing})

    def choose_model(self, model: ModelRef) -> None:
        """From here on the current lane goes to another model."""
        self._change(msgspec.structs.replace(self._view.lane, model=model))

    def choose_effort(self, effort: Effort | None) -> None:
        """From here on the current lane's model thinks so much; None is its default."""
        lane = self._view.lane
        parameters = msgspec.structs.replace(lane.parameters, reasoning_effort=effort)
        self._change(msgspec.structs.replace(lane, parameters=parameters))

    def change(self, lane: Lane) -> None:
        """The inspector's way to change system prompt and parameters."""
        view = self._view.lanes.view(lane.id)
        if view is not None:
            self._change(msgspec.structs.replace(lane, leaf=view.lane.leaf))

    def _change(self, lane: Lane) -> None:
        pane = self._view
        view = pane.lanes.view(lane.id)
        if view is None:
            return
        self.any = True
        view.lane = lane
        view.head.show_lane(lane)
        pane.show_lane()
        pane.first_page.show()
        self.writing = spawn(pane.services.history.update_lane(pane.id, lane), name="update-lane")

    def move(self, lane: LaneView, leaf: str) -> None:
        """Shows another branch in a lane."""
        moving = self._view.services.history.move_lane(self._view.id, lane.id, leaf)
        self.writing = spawn(moving, name="move-lane")
