"""What is thrown away, taken back, and deleted for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from chatbench.core.models import ModelRef
from chatbench.core.trash import Trash, TrashedConversation, TrashedMessage
from chatbench.core.usage import Cost, Usage
from chatbench.storage import rows, turns
from chatbench.storage.routed import Routed

_DAY_MS = 86_400_000
_BEGINNING = 1_000
_FOR_GOOD = 0
"""`deleted_at` of a message of which only the place in the tree and the cost are left."""
_DELETED = (
    f"SELECT id FROM messages WHERE deleted_at > {_FOR_GOOD} AND deleted_at < ? "  # noqa: S608
    "AND state <> 'streaming'"  # whoever writes it would put the words back
)
_TRASHED = "SELECT id FROM conversations WHERE trashed_at < ?"
_OF_MESSAGE = "SELECT sha256, created_at FROM file_references JOIN messages ON seq = message_seq WHERE id = ?"
_OF_CONVERSATION = (
    "SELECT sha256, max(created_at) FROM file_references JOIN messages ON seq = message_seq "
    "WHERE conversation_id = ? GROUP BY sha256"
)


class _Cost(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of the details of a message that is deleted for good."""

    usage: Usage | None = None
    cost: Cost | None = None


_decode_cost = msgspec.json.Decoder(_Cost).decode


class Emptied(NamedTuple):
    """How many conversations and messages were deleted, the conversations that are no more what they
    were, and the SHA-256 of the files that were shown, with the time at which each was last (UTC
    milliseconds)."""

    deleted: int
    conversations: frozenset[str]
    files: Mapping[str, int]


class Trashing(Routed):
    """The part of the conversations' store that throws away. Of what is deleted for good no word is
    left; what it cost, and what it was rated, stays counted."""

    async def trash(self, conversation_id: str) -> None:
        """Out of the lists and the search; nothing is deleted."""
        await self._execute(
            conversation_id,
            "UPDATE conversations SET trashed_at = ? WHERE id = ?",
            turns.now_ms(),
            conversation_id,
        )

    async def restore(self, conversation_id: str) -> None:
        """Out of the trash."""
        await self._execute(
            conversation_id, "UPDATE conversations SET trashed_at = NULL WHERE id = ?", conversation_id
        )

    async def delete_message(self, message_id: str) -> None:
        """Hides one message; those below it stay. `undelete_message` brings it back."""
        await self._write(message_id, lambda c: _flag(c, message_id, turns.now_ms()))

    async def undelete_message(self, message_id: str) -> None:
        await self._write(message_id, lambda c: _flag(c, message_id, None))

    async def trashed(self) -> Trash:
        """Everything in the trash."""
        return await self._database.read(
            lambda c: Trash(conversations=tuple(_conversations(c)), messages=tuple(_messages(c)))
        )

    async def delete_for_good(
        self, conversations: Sequence[str] = (), messages: Sequence[str] = ()
    ) -> Emptied:
        """Those of these that are in the trash."""
        whole, single = tuple(conversations), tuple(messages)

        def delete(connection: apsw.Connection) -> Emptied:
            ever = turns.now_ms() + _DAY_MS
            trashed = {str(row[0]) for row in connection.execute(_TRASHED, (ever,))}
            deleted = {str(row[0]) for row in connection.execute(_DELETED, (ever,))}
            return _delete(
                connection,
                [one for one in whole if one in trashed],
                [one for one in single if one in deleted],
            )

        return await self._database.write(delete)

    async def empty_trash(self, older_than_ms: int = -1) -> Emptied:
        """All of it, or what was thrown away longer ago than that."""
        before = turns.now_ms() - older_than_ms

        def delete(connection: apsw.Connection) -> Emptied:
            return _delete(
                connection,
                [str(row[0]) for row in connection.execute(_TRASHED, (before,))],
                [str(row[0]) for row in connection.execute(_DELETED, (before,))],
            )

        return await self._database.write(delete)

    async def fold(self) -> None:
        """Leaves nothing of what was deleted in the database's log."""
        await self._database.fold()

    async def purge(self, days: int) -> int:
        """Deletes for good what has been in the trash for more than `days`; returns how many
        conversations and messages."""
        return (await self.empty_trash(days * _DAY_MS)).deleted


def _flag(connection: apsw.Connection, message_id: str, deleted_at: int | None) -> None:
    changed = connection.execute(
        "UPDATE messages SET deleted_at = ?1 WHERE id = ?2 "
        "AND CASE WHEN ?1 IS NULL THEN deleted_at > ?3 ELSE deleted_at IS NULL END RETURNING conversation_id",
        (deleted_at, message_id, _FOR_GOOD),
    ).fetchone()
    if changed is not None:
        connection.execute(
            "UPDATE conversations SET message_count = message_count + ? WHERE id = ?",
            (1 if deleted_at is None else -1, changed[0]),
        )


def _conversations(connection: apsw.Connection) -> list[TrashedConversation]:
    found: Any = connection.execute(
        f"SELECT {rows.SUMMARY_COLUMNS}, trashed_at FROM conversations WHERE trashed_at IS NOT NULL "  # noqa: S608
        "ORDER BY trashed_at DESC, seq DESC"
    )
    return [TrashedConversation(summary=rows.summary(row), trashed_at=int(row[-1])) for row in found]


def _messages(connection: apsw.Connection) -> list[TrashedMessage]:
    found: Any = connection.execute(
        "SELECT m.id, m.conversation_id, v.title, m.role, m.provider, m.model, c.parts, m.deleted_at "
        "FROM messages AS m JOIN conversations AS v ON v.id = m.conversation_id "
        "JOIN contents AS c ON c.seq = m.seq "
        "WHERE m.deleted_at > ? AND v.trashed_at IS NULL ORDER BY m.deleted_at DESC, m.seq DESC",
        (_FOR_GOOD,),
    )
    return [
        TrashedMessage(
            id=row[0],
            conversation_id=row[1],
            title=row[2],
            role=row[3],
            model=ModelRef(row[4], row[5]) if row[4] is not None else None,
            beginning=rows.words_of(rows.parts_of(row[6]))[:_BEGINNING],
            deleted_at=row[7],
        )
        for row in found
    ]


def _delete(connection: apsw.Connection, conversations: Sequence[str], messages: Sequence[str]) -> Emptied:
    """Overwrites what it deletes, so that no word of it is left in the file."""
    if not conversations and not messages:
        return Emptied(0, frozenset(), {})
    connection.execute("PRAGMA secure_delete = ON")
    changed, shown = set(conversations), list[tuple[str, int]]()
    for message_id in messages:
        shown += _shown(connection.execute(_OF_MESSAGE, (message_id,)))
        changed.add(_erase(connection, message_id))
    for conversation_id in conversations:
        shown += _shown(connection.execute(_OF_CONVERSATION, (conversation_id,)))
        shown += _in_drafts(connection, conversation_id)
        turns.delete(connection, conversation_id)
    for table in ("message_search", "title_search"):
        # Until it is merged, the index keeps the words of rows that are gone.
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608
    connection.execute("PRAGMA secure_delete = OFF")
    # In the order of time, so that the last one counts.
    files = dict(sorted(shown, key=lambda one: one[1]))
    return Emptied(len(conversations) + len(messages), frozenset(changed), files)


def _shown(found: Any) -> list[tuple[str, int]]:
    return [(str(sha256), int(at)) for sha256, at in found]


def _in_drafts(connection: apsw.Connection, conversation_id: str) -> list[tuple[str, int]]:
    keys = [rows.draft_key(conversation_id, edit=edit) for edit in (False, True)]
    found: Any = connection.execute(
        "SELECT draft, updated_at FROM drafts WHERE conversation_id IN (?, ?) "
        "UNION ALL SELECT draft, ? FROM waiting WHERE conversation_id = ?",
        (*keys, turns.now_ms(), conversation_id),
    )
    return [
        (sha256, int(at)) for text, at in found for sha256 in rows.stored_files(rows.draft(text).attachments)
    ]


def _erase(connection: apsw.Connection, message_id: str) -> str:
    """Takes the words out of a message and leaves its place in the tree, and what it cost; returns
    its conversation's id."""
    row: Any = connection.execute(
        "SELECT seq, details, conversation_id FROM messages JOIN contents USING (seq) WHERE id = ?",
        (message_id,),
    ).fetchone()
    seq, details = row[0], _decode_cost(row[1])
    connection.execute(
        "UPDATE contents SET parts = '[]', details = ? WHERE seq = ?", (rows.encode(details), seq)
    )
    connection.execute(
        "UPDATE messages SET deleted_at = ?, text_length = 0, line_count = 0, media_count = 0 WHERE seq = ?",
        (_FOR_GOOD, seq),
    )
    connection.execute("DELETE FROM message_search WHERE rowid = ?", (seq,))
    connection.execute("DELETE FROM file_references WHERE message_seq = ?", (seq,))
    return str(row[2])
