"""The conversations there are: listed, found, named, pinned, put in the trash, taken out, deleted."""

from __future__ import annotations

from collections.abc import Sequence

from chatbench.core.changes import Changes
from chatbench.core.conversations import (
    Conversation,
    ConversationSummary,
    Draft,
    Lane,
    TreeMessage,
)
from chatbench.core.observe import Signal
from chatbench.core.trash import Trash
from chatbench.storage.conversations import ConversationStore, Extent, SearchHit
from chatbench.storage.files import FileStore
from chatbench.storage.trash import Emptied

__all__ = ["Extent", "HistoryService", "SearchHit", "Trash"]


class HistoryService:
    """Reads for the lists and panes; every change is announced."""

    def __init__(self, store: ConversationStore, files: FileStore, changes: Signal[Changes]) -> None:
        self._store = store
        self._files = files
        self._changes = changes

    async def summaries(self, limit: int = 500, *, begun: bool = False) -> list[ConversationSummary]:
        """Newest first, the trash left out; with `begun` without empty chats, of which nothing is to be
        found again."""
        return await self._store.summaries(limit, begun=begun)

    async def listed(self, conversation_id: str) -> bool:
        """Whether there is such a conversation outside the trash."""
        return await self._store.is_listed(conversation_id)

    async def load(self, conversation_id: str) -> Conversation:
        """Everything of one conversation. Raises StorageError where there is none."""
        return await self._store.load(conversation_id)

    async def outline(self, conversation_id: str) -> Conversation:
        """The tree and the lanes without the words: cheap for ten thousand messages."""
        return await self._store.outline(conversation_id)

    async def tail(self, conversation_id: str, last: int) -> Conversation:
        """The lanes with their last messages, whole: enough for a first screen, and as cheap for
        ten thousand messages as for ten."""
        return await self._store.tail(conversation_id, last)

    async def extents(self, conversation_id: str) -> dict[str, Extent]:
        """How much room each message will want on the screen, by id."""
        return await self._store.extents(conversation_id)

    async def messages(self, ids: Sequence[str]) -> list[TreeMessage]:
        """Messages whole, in the order asked for."""
        return await self._store.messages(ids)

    async def search(self, query: str, limit: int = 50) -> list[SearchHit]:
        """Newest first; the last word matches as a beginning. Any text is a valid query."""
        return await self._store.search(query, limit)

    async def rename(self, conversation_id: str, title: str) -> None:
        await self._store.rename(conversation_id, " ".join(title.split()))
        self._announce(conversation_id)

    async def pin(self, conversation_id: str, pinned: bool) -> None:
        await self._store.pin(conversation_id, pinned)
        self._announce(conversation_id)

    async def mark_read(self, conversation_id: str, *, unread: bool = False) -> None:
        await self._store.mark_unread(conversation_id, unread)
        self._announce(conversation_id)

    async def trash(self, conversation_id: str) -> None:
        """Out of the lists; `restore` undoes it."""
        await self._store.trash(conversation_id)
        self._announce(conversation_id)

    async def restore(self, conversation_id: str) -> None:
        await self._store.restore(conversation_id)
        self._announce(conversation_id)

    async def trashed(self) -> Trash:
        """Conversations in the trash, and messages deleted from others, each newest first."""
        return await self._store.trashed()

    async def delete_for_good(
        self, *, conversations: Sequence[str] = (), messages: Sequence[str] = ()
    ) -> None:
        """Deletes those of these that are in the trash, and the files that nothing else shows. Nothing
        brings them back; what they cost, and what they were rated, stays counted."""
        emptied = await self._store.delete_for_good(conversations, messages)
        await self._collect(emptied)

    async def empty_trash(self) -> int:
        """Deletes everything in the trash for good; returns how many conversations and messages."""
        emptied = await self._store.empty_trash()
        await self._collect(emptied)
        return emptied.deleted

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        """Hides one message; those below it stay. `undelete_message` undoes it."""
        await self._store.delete_message(message_id)
        self._announce(conversation_id)

    async def undelete_message(self, conversation_id: str, message_id: str) -> None:
        await self._store.undelete_message(message_id)
        self._announce(conversation_id)

    async def update_lane(self, conversation_id: str, lane: Lane, *, initiator: object | None = None) -> None:
        """Another model, system prompt or parameters for one lane; it stays where it stands."""
        await self._store.update_lane(conversation_id, lane)
        self._announce(conversation_id, initiator)

    async def move_lane(self, conversation_id: str, lane_id: str, leaf: str) -> None:
        """Shows another branch, the one that ends in `leaf`."""
        await self._store.set_leaf(lane_id, leaf)
        self._announce(conversation_id)

    async def save_draft(self, conversation_id: str, draft: Draft, *, edit: bool = False) -> None:
        """Keeps what stands in a composer; with `edit`, the edit of a sent message beside it. Not
        announced: only the composer that wrote it shows it."""
        await self._store.save_draft(conversation_id, draft, edit=edit)

    async def _collect(self, emptied: Emptied) -> None:
        """An attachment that a composer holds and nothing else does is not among the files."""
        if emptied.files:
            await self._files.remove_unused(among=emptied.files, older_than_ms=-1)
        await self._store.fold()
        self._changes.emit(Changes(conversations=emptied.conversations))

    def _announce(self, conversation_id: str, initiator: object | None = None) -> None:
        self._changes.emit(Changes(conversations=frozenset({conversation_id}), initiator=initiator))
