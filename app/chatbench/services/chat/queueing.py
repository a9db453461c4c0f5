"""Messages that were sent too early: they wait for the answers before them."""

from __future__ import annotations

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.ids import new_id
from chatbench.services.chat.sending import Sending
from chatbench.services.turns import Turn, sent, title_from
from chatbench.storage.waiting import NotWaiting, gone


class Queueing(Sending):
    """A queue for each conversation, which outlives the program.

    The next message is sent to all open lanes when the answers of the turn before are done. After
    a stop, a failure or a restart the rest waits, until an answer is brought to its end again or
    `send_queued` is called. Where several processes have the conversation open, each message is
    sent by one of them.
    """

    async def queue(self, conversation_id: str, draft: Draft, *, at: int | None = None) -> None:
        """Lets a draft wait behind the others, and empties the composer; it is sent at once where
        nothing is to be waited for. With `at` it goes back to a place it was taken from; the
        composer is left alone and nothing is sent for it.

        Raises StorageError, ConfigurationError for an empty draft.
        """
        self._underway.refuse_while_closing()
        if not (draft.text.strip() or draft.attachments):
            raise ConfigurationError("There is nothing to send.", "Write something first.")
        await self._store.let_wait(conversation_id, draft, at)
        self._announce(conversation_id)
        if at is None:
            await self._ended(conversation_id)

    async def queued(self, conversation_id: str) -> tuple[Draft, ...]:
        """What waits, the next one first (also `Conversation.queued`)."""
        return tuple(draft for _, draft in await self._store.waiting(conversation_id))

    async def unqueue(self, conversation_id: str, index: int) -> Draft:
        """Takes a waiting message out and returns it; `queue(…, at=index)` undoes it. Raises
        StorageError where it is no longer waiting."""
        waiting = await self._store.waiting(conversation_id)
        if not 0 <= index < len(waiting):
            raise gone()
        seq, draft = waiting[index]
        await self._store.stop_waiting(conversation_id, seq)
        self._announce(conversation_id)
        return draft

    async def send_queued(self, conversation_id: str) -> Turn | None:
        """Sends the first waiting message now, whatever became of the answers before; None where
        nothing waits. Raises StorageError, also while an answer is coming in."""
        self._underway.refuse_while_closing()
        waiting = await self._store.waiting(conversation_id)
        return await self._send_waiting(conversation_id, *waiting[0]) if waiting else None

    async def _ended(self, conversation_id: str) -> None:
        try:
            await self._advance(conversation_id)
        except ChatbenchError as error:
            if not self._underway.closing:
                self._notifier.error(error)

    async def _advance(self, conversation_id: str) -> None:
        """Sends the next message if its time has come."""
        while not self._underway.closing and (ready := await self._store.next_waiting(conversation_id)):
            try:
                await self._send_waiting(conversation_id, *ready)
            except NotWaiting:
                continue
            return

    async def _send_waiting(self, conversation_id: str, seq: int, draft: Draft) -> Turn:
        conversation = await self._outline(conversation_id)
        turn = sent(conversation, conversation.lanes, draft, new_id())
        title = conversation.summary.title or title_from(draft)
        return await self._begun(conversation_id, turn, title=title, keep_draft=True, waiting=seq)

    def _announce(self, conversation_id: str) -> None:
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))
