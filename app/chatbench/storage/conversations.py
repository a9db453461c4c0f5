"""The conversations of a profile: written turn by turn, found, named, put in the trash."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import apsw
import msgspec

from chatbench.core.conversations import Conversation, ConversationSummary, Draft, Lane, TreeMessage
from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.messages import Part
from chatbench.storage import keeping, lanes, marks, rows, search, spend, trees, turns
from chatbench.storage import waiting as queue
from chatbench.storage.database import Database
from chatbench.storage.marks import Marked
from chatbench.storage.owners import Owner
from chatbench.storage.rows import Extent
from chatbench.storage.search import SearchHit
from chatbench.storage.spend import Breakdown, SpendEntry, Spent
from chatbench.storage.titles import Titles
from chatbench.storage.trash import Trashing

__all__ = ["ConversationStore", "Extent", "SearchHit", "SpendEntry", "Spent"]

_NEW_CHAT = ""  # the draft of a conversation that does not exist yet stands under this id


class ConversationStore(Marked, Titles, Trashing):
    """Every write is one transaction. All methods raise StorageError and its kinds.

    Answers being written carry `owner`'s name, so that no other process takes them for left
    behind while this one lives.
    """

    def __init__(self, database: Database, owner: Owner) -> None:
        super().__init__(database)
        self._owner = owner

    async def create(
        self,
        title: str,
        lane: Lane,
        *,
        conversation_id: str = "",
        messages: Sequence[TreeMessage] = (),
        temporary: bool = False,
    ) -> Conversation:
        """A new conversation with one lane, under a new id where none is given. `messages` are
        those it begins with, each after its parent; they name its id. A `temporary` one is kept
        only in memory, as all that is ever added to it, and goes when the database is closed."""
        conversation_id, now = conversation_id or new_id(), turns.now_ms()
        first = tuple(messages)

        def insert(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT INTO conversations (id, title, titled_by, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?)",
                (conversation_id, rows.plain(title), "person" if title else "words", now, now),
            )
            if title:
                search.index_title(connection, connection.last_insert_rowid(), title)
            lanes.put(connection, conversation_id, lane)
            if first:
                turns.begin(connection, conversation_id, first, [lane], "", self._owner.id, None)
                for message in first:
                    marks.copy(connection, conversation_id, message.id, message.copy_of)

        if temporary:
            ids = (conversation_id, lane.id, *(message.id for message in first))
            await self._database.keep_in_memory(*ids).write(insert)
        else:
            await self._database.write(insert)
        if first:
            return await self.load(conversation_id)
        head = ConversationSummary(
            id=conversation_id, title=title, created_at=now, updated_at=now, temporary=temporary
        )
        return Conversation(summary=head, lanes=(lane,))

    async def summaries(
        self, limit: int = 500, *, trashed: bool = False, begun: bool = False
    ) -> list[ConversationSummary]:
        """Newest first, temporary ones left out; those in the trash only, with `trashed`; with `begun`
        none in which nothing was said, written, named or pinned."""
        return await self._database.read(lambda c: trees.summaries(c, limit, trashed, begun))

    async def summary(self, conversation_id: str) -> ConversationSummary | None:
        """One row of the list, also of a conversation in the trash; None where there is none."""
        found = await self._read(conversation_id, lambda c: trees.summary(c, conversation_id))
        return None if found is None else self._marked(found)

    async def is_listed(self, conversation_id: str) -> bool:
        """Whether there is such a conversation, and not in the trash."""
        wanted = "SELECT 1 FROM conversations WHERE id = ? AND trashed_at IS NULL"
        return await self._read(
            conversation_id, lambda c: c.execute(wanted, (conversation_id,)).fetchone() is not None
        )

    async def load(self, conversation_id: str) -> Conversation:
        """All of it. Raises StorageError where there is no such conversation."""
        return await self._conversation(
            conversation_id, lambda c: trees.conversation(c, conversation_id, whole=True)
        )

    async def outline(self, conversation_id: str) -> Conversation:
        """The tree, the lanes and the draft; its messages have no parts and no details."""
        return await self._conversation(
            conversation_id, lambda c: trees.conversation(c, conversation_id, whole=False)
        )

    async def tail(self, conversation_id: str, last: int) -> Conversation:
        """The summary, lanes and draft, and of every lane's branch the `last` messages, whole: what
        a pane shows first, equally cheap for ten messages and ten thousand."""
        return await self._conversation(conversation_id, lambda c: trees.tail(c, conversation_id, last))

    async def extents(self, conversation_id: str) -> dict[str, Extent]:
        """How much room each message will want on the screen, by id."""
        return await self._read(conversation_id, lambda c: trees.extents(c, conversation_id))

    async def path(
        self, conversation_id: str, leaf: str | None, last: int | None = None
    ) -> tuple[TreeMessage, ...]:
        """From the root to `leaf`, whole messages; only the `last` ones if given (cheap however
        long the branch is). Empty for None or an unknown id."""
        return await self._read(conversation_id, lambda c: trees.branch(c, conversation_id, leaf, last))

    async def messages(self, ids: Sequence[str]) -> list[TreeMessage]:
        """Messages whole, in the order asked for; unknown ids are left out."""
        held = [one for one in ids if self._database.is_temporary(one)]
        kept = [one for one in ids if one not in held]
        if not held:
            return await self._database.read(lambda c: trees.messages(c, kept))
        found = await self._read(held[0], lambda c: trees.messages(c, held))
        if kept:
            found += await self._database.read(lambda c: trees.messages(c, kept))
        by_id = {message.id: message for message in found}
        return [by_id[one] for one in ids if one in by_id]

    async def begin_turn(
        self,
        conversation_id: str,
        users: Sequence[TreeMessage],
        answers: Sequence[TreeMessage],
        lanes: Sequence[Lane],
        *,
        title: str = "",
        edit: bool = False,
        keep_draft: bool = False,
        waiting: int | None = None,
    ) -> None:
        """What a person wrote (`users`), answers to it and where the lanes now stand, all or nothing.

        Each message is put after its siblings, whatever its `position` says. What was written
        clears the draft (or with `edit` the edit under way) unless `keep_draft`; `title` names a
        conversation that has no title. `waiting` is the number of the queued message that is sent;
        raises NotWaiting where it cannot be. Survives a power cut.
        """
        messages, moved = (*users, *answers), tuple(lanes)
        self._keep_together(conversation_id, *(m.id for m in messages), *(lane.id for lane in moved))
        drafted = bool(users) and not keep_draft
        sent = rows.draft_key(conversation_id, edit=edit) if drafted else None
        await self._write(
            conversation_id,
            lambda c: turns.begin(c, conversation_id, messages, moved, title, self._owner.id, sent, waiting),
            durable=True,
        )

    async def checkpoint(self, message_id: str, parts: tuple[Part, ...]) -> None:
        """What an answer has come to so far. Does nothing to one that is over."""
        await self._write(message_id, lambda c: turns.checkpoint(c, message_id, parts, self._owner.id))

    async def finish(self, message: TreeMessage, *, source: str | None = "chat") -> None:
        """The end of an answer: its parts, state and everything known of it; the full-text index,
        the conversation's totals and, as of `source`, the spend ledger with it (None: it is counted
        there already; the ledger is on the disk for temporary conversations too). Survives a power
        cut."""
        if not self._database.is_temporary(message.conversation_id):
            await self._database.write(lambda c: turns.finish(c, message, source), durable=True)
            return
        await self._write(message.conversation_id, lambda c: turns.finish(c, message, None))
        if source is not None:
            await self.record_spend(message, source=source)

    async def interrupt_orphans(self) -> list[TreeMessage]:
        """Marks every answer that nobody writes any more as interrupted, and returns them."""
        streaming = "SELECT id, owner FROM messages WHERE state = 'streaming' ORDER BY seq"
        if not await self._database.read(lambda c: c.execute(streaming).fetchone()):
            return []

        def interrupt(connection: apsw.Connection) -> list[TreeMessage]:
            found = connection.execute(streaming).fetchall()
            living = {owner: owner is not None and self._owner.is_alive(str(owner)) for _, owner in found}
            return [turns.interrupt(connection, str(one)) for one, owner in found if not living[owner]]

        return await self._database.write(interrupt, durable=True)

    async def update_lane(self, conversation_id: str, lane: Lane) -> None:
        """Adds a lane, or changes what one asks with; `set_leaf` moves it."""
        self._keep_together(conversation_id, lane.id)
        await self._write(conversation_id, lambda c: lanes.change(c, conversation_id, lane))

    async def add_lanes(self, conversation_id: str, new: Sequence[Lane]) -> list[Lane]:
        """New lanes behind the others, all or none; returns them with their positions. Raises
        ConfigurationError where they would be more than `MOST_LANES`."""
        adding = tuple(new)
        self._keep_together(conversation_id, *(lane.id for lane in adding))
        return await self._write(conversation_id, lambda c: lanes.add(c, conversation_id, adding))

    async def close_lanes(self, conversation_id: str, ids: Sequence[str]) -> list[str]:
        """Closes those of `ids` that are open, and returns them; what they said stays. Raises
        ConfigurationError where none would be left open."""
        closing = tuple(ids)
        return await self._write(conversation_id, lambda c: lanes.close(c, conversation_id, closing))

    async def reopen_lanes(self, conversation_id: str, ids: Sequence[str]) -> None:
        """Undoes `close_lanes`. Raises ConfigurationError where they would be more than
        `MOST_LANES`."""
        opening = tuple(ids)
        await self._write(conversation_id, lambda c: lanes.reopen(c, conversation_id, opening))

    async def set_leaf(self, lane_id: str, leaf: str | None) -> None:
        """Moves a lane to another message."""
        await self._write(lane_id, lambda c: lanes.move(c, lane_id, leaf))

    async def pin(self, conversation_id: str, pinned: bool) -> None:
        await self._execute(
            conversation_id, "UPDATE conversations SET pinned = ? WHERE id = ?", pinned, conversation_id
        )

    async def mark_unread(self, conversation_id: str, unread: bool) -> None:
        await self._execute(
            conversation_id, "UPDATE conversations SET unread = ? WHERE id = ?", unread, conversation_id
        )

    async def save_draft(self, conversation_id: str | None, draft: Draft, *, edit: bool = False) -> None:
        """Keeps what stands in a composer (with `edit`: beside the draft, the edit of a sent
        message); None is the one of a chat that does not exist yet."""
        key = rows.draft_key(conversation_id or _NEW_CHAT, edit=edit)
        if draft == Draft():
            await self._execute(conversation_id or "", "DELETE FROM drafts WHERE conversation_id = ?", key)
            return
        await self._execute(
            conversation_id or "",
            "INSERT OR REPLACE INTO drafts (conversation_id, draft, updated_at) VALUES (?, ?, ?)",
            key, rows.encode(draft), turns.now_ms(),
        )  # fmt: skip

    async def let_wait(self, conversation_id: str, draft: Draft, at: int | None = None) -> None:
        """Puts a draft into the conversation's queue; it is no longer the composer's, unless it goes
        back to its place `at`. Survives a power cut. Raises StorageError where there is no such
        conversation."""
        key = rows.draft_key(conversation_id, edit=draft.edits is not None)

        def put(connection: apsw.Connection) -> None:
            if trees.summary(connection, conversation_id) is None:
                raise turns.no_such_conversation()
            queue.put(connection, conversation_id, draft, at)
            if at is None:
                connection.execute("DELETE FROM drafts WHERE conversation_id = ?", (key,))

        await self._write(conversation_id, put, durable=True)

    async def waiting(self, conversation_id: str) -> list[tuple[int, Draft]]:
        """The queue, each message with the number it is claimed by."""
        return await self._read(conversation_id, lambda c: queue.of(c, conversation_id))

    async def next_waiting(self, conversation_id: str) -> tuple[int, Draft] | None:
        """The first of the queue, if the answers before it are over and done."""
        return await self._read(conversation_id, lambda c: queue.ready(c, conversation_id))

    async def stop_waiting(self, conversation_id: str, number: int) -> None:
        """Takes a message out of its queue. Raises NotWaiting where it is gone."""
        await self._write(conversation_id, lambda c: queue.take(c, number))

    async def draft(self, conversation_id: str | None) -> Draft:
        """What was kept; an empty draft where nothing was."""
        key = conversation_id or _NEW_CHAT
        return await self._read(key, lambda c: trees.draft(c, key))

    async def search(self, query: str, limit: int = 50) -> list[SearchHit]:
        """Titles and messages, newest first. Any text is a valid query; all its words must
        occur, the last may be the beginning of one, "quoted words" stand together."""
        return await self._database.read(lambda c: search.find(c, query, limit))

    async def rebuild_search(self) -> None:
        """Makes the full-text index anew: the repair for what `Database.check` finds in it."""
        await self._database.write(search.rebuild)

    async def record_spend(self, message: TreeMessage, *, source: str = "api") -> None:
        """What an answer outside the history cost."""
        entry = spend.entry_of(message, source)
        if entry is not None:
            await self._database.write(lambda c: spend.write(c, entry))

    async def record_aside(self, conversation_id: str, message: TreeMessage, *, source: str) -> None:
        """What a call beside a conversation cost: in the ledger, which is on the disk for temporary
        conversations too, and in the conversation's totals."""
        if not self._database.is_temporary(conversation_id):
            entry = spend.entry_of(message, source)

            def put(connection: apsw.Connection) -> None:
                if entry is not None:
                    spend.write(connection, entry)
                turns.add_aside(connection, conversation_id, message, source)

            await self._database.write(put)
            return
        await self.record_spend(message, source=source)
        await self._write(conversation_id, lambda c: turns.add_aside(c, conversation_id, message, source))

    async def breakdown(self, conversation_id: str) -> Breakdown:
        """What one conversation used and cost, by kind of token."""
        return await self._read(conversation_id, lambda c: spend.breakdown(c, conversation_id))

    async def spent(self, since_ms: int) -> Spent:
        """Sum of the ledger from `since_ms` (UTC milliseconds) on."""
        return await self._database.read(lambda c: spend.spent_since(c, since_ms))

    async def changed_elsewhere(self) -> bool:
        """Whether another process has committed since the last call."""
        return await self._database.changed_elsewhere()

    async def keep(self, conversation_id: str) -> None:
        """Makes a temporary conversation one that is kept, under the same ids. Until it stands on the
        disk there is no such conversation, so that nothing is written past it. Raises
        ConfigurationError for one that is kept already."""
        self._expect_temporary(conversation_id)
        memory = self._database.of(conversation_id)
        named = keeping.ids(await memory.read(lambda c: keeping.take(c, conversation_id)))
        self._database.keep_on_disk(*named)
        try:
            taken = await memory.read(lambda c: keeping.take(c, conversation_id))
            await self._database.write(lambda c: keeping.put(c, taken), durable=True)
        except BaseException:
            self._database.keep_in_memory(*named)
            raise
        self._database.keep_on_disk(*keeping.ids(taken))
        await memory.write(lambda c: turns.delete(c, conversation_id))

    async def forget(self, conversation_id: str) -> None:
        """Deletes a temporary conversation for good. Raises ConfigurationError for another one."""
        self._expect_temporary(conversation_id)
        await self._write(conversation_id, lambda c: turns.delete(c, conversation_id))

    def _expect_temporary(self, conversation_id: str) -> None:
        if not self._database.is_temporary(conversation_id):
            raise ConfigurationError("This conversation is kept.", "Put it in the trash to be rid of it.")

    async def _conversation(
        self, conversation_id: str, read: Callable[[apsw.Connection], Conversation]
    ) -> Conversation:
        found = await self._read(conversation_id, read)
        return msgspec.structs.replace(found, summary=self._marked(found.summary))

    def _marked(self, summary: ConversationSummary) -> ConversationSummary:
        temporary = self._database.is_temporary(summary.id)
        return msgspec.structs.replace(summary, temporary=True) if temporary else summary
