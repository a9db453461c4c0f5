"""Asking in a conversation: one question at a time, written down before anybody is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject

from chatbench.core.conversations import Draft
from chatbench.services.chat import Turn
from chatbench.ui.aio import spawn
from chatbench.ui.chat.conversation.announcing import announce_turn

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.view import ConversationView


def welcome_title() -> str:
    """What the very first chat is called until something is asked in it."""
    return QCoreApplication.translate("ConversationView", "Welcome")


class Questions(QObject):
    """A question that is begun is written even if its pane is closed meanwhile."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._asking: asyncio.Task[None] | None = None

    @property
    def any(self) -> bool:
        """Whether anything was asked from here."""
        return self._asking is not None

    @property
    def under_way(self) -> bool:
        """A question is on its way to the store."""
        return self._asking is not None and not self._asking.done()

    async def settled(self) -> None:
        """Waits until the question on its way is in the store."""
        if self._asking is not None and not self._asking.done():
            await asyncio.wait({self._asking})

    def ask_with(self, draft: Draft) -> None:
        """Asks all lanes, or with `draft.edits` asks a question anew; what cannot be sent comes back."""
        self.ask(partial(self._asked, draft), draft)

    async def _asked(self, draft: Draft) -> Turn:
        view, history = self._view, self._view.services.history
        if not view.conversation.messages and view.conversation.summary.title == welcome_title():
            # It was the guide's own title; the question names the chat.
            await history.rename(view.id, "")
        return await view.services.chat.send(view.id, draft, initiator=view)

    def ask(self, ask: Callable[[], Awaitable[Turn]], taken: Draft | None = None) -> None:
        """Begins a turn, one at a time. It is begun even if this pane is closed meanwhile."""
        if self.under_way:
            return
        view = self._view
        view.composer.set_streaming(True)
        for lane in view.lanes.views:
            lane.transcript.jump_to_end()
        self._asking = view.drafts.sending = spawn(self._begin(ask, taken), name="ask")

    async def _begin(self, ask: Callable[[], Awaitable[Turn]], taken: Draft | None) -> None:
        view = self._view
        try:
            await view.changes.settled()
            turn = await ask()
        except BaseException:
            if taken is not None:
                view.drafts.give_back(taken)
            view.composer.set_streaming(view.streaming)
            raise
        if taken is not None:
            view.drafts.sent(taken)
        view.reload()
        spawn(announce_turn(view, turn), owner=view, name="answer")
