"""What the reader does with a message: copy apart, everything the row under it and its menu offer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from chatbench.core.conversations import Draft, TreeMessage
from chatbench.core.messages import TextPart
from chatbench.core.models import GUIDE, ModelRef
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.source import siblings_in
from chatbench.ui.chat.picker import ModelPicker

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView


class MessageActs(QObject):
    """The acts of one conversation's messages, in whichever lane they are asked for."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services

    def listen(self, lane: LaneView) -> None:
        """Does what is asked for in a lane."""
        lane.transcript.action_requested.connect(lambda message, action: self.act(lane, message, action))
        lane.transcript.more_requested.connect(lambda message, at: self.show_menu(lane, message, at))

    def act(self, lane: LaneView, message_id: str, action: str) -> None:
        """Does one of the transcript's actions."""
        message = lane.source.message(message_id)
        if message is None:
            return
        view = self._view
        acts: dict[str, Callable[[], object]] = {
            "regenerate": partial(self.regenerate, message),
            "retry": partial(self.regenerate, message),
            "edit": partial(self.edit, message),
            "previous-branch": partial(self.step_branch, lane, message, -1),
            "next-branch": partial(self.step_branch, lane, message, 1),
            "delete": partial(self.delete, message),
            "inspect": partial(view.selected.emit, message),
            "details": partial(view.selected.emit, message),
            "retry-with": partial(self.regenerate_with, message),
            "settings": lambda: view.provider_wanted.emit((message.model or GUIDE).provider),
            "stop": partial(view.stop_lane, lane),
            "retry-now": partial(self._retry_now, message),
        }
        acts[action]()

    def show_menu(self, lane: LaneView, message_id: str, at: QPoint) -> None:
        """The rest of what can be done with a message."""
        message = lane.source.message(message_id)
        if message is None:
            return
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        streaming = self._view.streaming
        if message.role == "assistant" and not streaming:
            menu.addAction(self.tr("Regenerate with…"), partial(self.regenerate_with, message))
        menu.addAction(self.tr("Inspect"), partial(self._view.selected.emit, message))
        if not streaming:
            menu.addSeparator()
            menu.addAction(self.tr("Delete"), partial(self.delete, message))
        menu.popup(at)

    def regenerate(self, message: TreeMessage, model: ModelRef | None = None) -> None:
        """Another answer beside this one."""
        view = self._view
        view.ask(partial(self._services.chat.regenerate, view.id, message.id, model=model))

    def regenerate_with(self, message: TreeMessage) -> None:
        """Asks for a model, then for another answer from it; the lane's own model stays."""
        picker = ModelPicker(self._services, self._view)
        picker.chosen.connect(partial(self.regenerate, message))
        picker.key_wanted.connect(self._view.provider_wanted)
        picker.closed.connect(picker.deleteLater)
        picker.open_for(message.model or GUIDE, self._view.composer.line.model)

    def _retry_now(self, message: TreeMessage) -> None:
        answer = self._services.chat.live(message.id)
        if answer is not None:
            answer.retry_now()

    def edit_last(self, lane: LaneView) -> None:
        """The words of the lane's last question stand in the composer again."""
        asked = [m for m in lane.source.path if m.role == "user"]
        if asked:
            self.edit(asked[-1])

    def edit(self, message: TreeMessage) -> None:
        """Its words stand in the composer; sending them makes a branch."""
        spawn(self._begin_edit(message.id), owner=self, name="begin-edit")

    async def _begin_edit(self, message_id: str) -> None:
        for message in await self._services.history.messages([message_id]):
            others = tuple(part for part in message.parts if not isinstance(part, TextPart))
            self._view.drafts.edit(Draft(text=message.text, attachments=others, edits=message_id))
            self._view.composer.setFocus()

    def step_branch(self, lane: LaneView, message: TreeMessage, step: int) -> None:
        """Shows the sibling before (-1) or after (1) a message."""
        conversation = self._view.conversation
        siblings = siblings_in(conversation, message)
        at = next(n for n, one in enumerate(siblings) if one.id == message.id) + step
        if 0 <= at < len(siblings):
            self._view.move_lane(lane, conversation.newest_leaf(siblings[at].id))

    def delete(self, message: TreeMessage) -> None:
        """Hides a message, with Undo."""
        view, history = self._view, self._services.history

        async def hide() -> None:
            await history.delete_message(view.id, message.id)
            view.window_frame.notices.show_notice(self.tr("Message deleted."), action=(self.tr("Undo"), undo))

        def undo() -> None:
            spawn(history.undelete_message(view.id, message.id), name="undelete")

        spawn(hide(), name="delete-message")
