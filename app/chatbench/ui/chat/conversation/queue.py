"""What the reader sends too early: it waits, and can be changed, taken out or sent by hand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from chatbench.core.conversations import Draft
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.waiting import WaitingList

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.view import ConversationView


class Queue(QObject):
    """The waiting messages of one conversation."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._chat = view.services.chat
        self._place: int | None = None
        """Where the message stood that was taken back to be changed."""
        self.list = WaitingList(view)

    def listen(self) -> None:
        """Does what composer and list offer."""
        self._view.composer.queue_requested.connect(lambda _draft: self.add())
        self.list.edit_wanted.connect(self._edit)
        self.list.remove_wanted.connect(self._remove)
        self.list.send_wanted.connect(self._send)

    def refresh(self) -> None:
        """The conversation was read anew."""
        self.list.show_queue(self._view.conversation.queued, streaming=self._view.streaming)

    def add(self) -> None:
        """What stands in the composer waits behind the others; what was taken back, in its place."""
        view = self._view
        draft, place = view.drafts.take(), self._place
        self._place = None
        view.drafts.sending = spawn(self._let_wait(draft, place), name="queue")

    async def _let_wait(self, draft: Draft, place: int | None) -> None:
        view = self._view
        try:
            await view.settled()
            waiting = len(await self._chat.queued(view.id))
            at = None if place is None else min(place, waiting)
            await self._chat.queue(view.id, draft, at=at)
        except BaseException:
            view.drafts.give_back(draft)
            raise
        if at is None:
            view.drafts.sent(draft)
        else:
            view.drafts.save_soon()

    def _edit(self, index: int) -> None:
        async def take_back() -> None:
            self._view.drafts.give_back(await self._chat.unqueue(self._view.id, index))
            self._place = index
            self._view.composer.setFocus()

        spawn(take_back(), owner=self, name="edit-waiting")

    def _remove(self, index: int) -> None:
        view = self._view

        async def take_out() -> None:
            draft = await self._chat.unqueue(view.id, index)
            undo = partial(self._put_back, draft, index)
            view.window_frame.notices.show_notice(
                self.tr("Waiting message removed."), action=(self.tr("Undo"), undo)
            )

        spawn(take_out(), name="remove-waiting")

    def _put_back(self, draft: Draft, index: int) -> None:
        spawn(self._chat.queue(self._view.id, draft, at=index), name="queue")

    def _send(self) -> None:
        spawn(self._chat.send_queued(self._view.id), name="send-queued")
