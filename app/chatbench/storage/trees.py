"""Conversations being read: whole, as an outline without the words, or one branch of them.

A deleted message stays in the file and is passed over: its children then hang from the message
above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import apsw
import msgspec

from chatbench.core.conversations import Conversation, ConversationSummary, Draft, Lane, TreeMessage
from chatbench.storage import lanes, rows, waiting
from chatbench.storage.turns import no_such_conversation

_DEEPEST = 1_000_000


def conversation(connection: apsw.Connection, conversation_id: str, *, whole: bool) -> Conversation:
    """Raises StorageError where there is none. Without `whole`, messages have no parts and no
    details, which makes ten thousand of them cheap."""
    head = summary(connection, conversation_id)
    if head is None:
        raise no_such_conversation()
    deleted = _deleted(connection, conversation_id)
    read = _whole_messages if whole else _short_messages
    messages = read(connection, conversation_id)
    opened, closed = _lanes(connection, conversation_id, deleted)
    if deleted:
        messages = [_relinked(m, deleted) for m in messages if m.id not in deleted]
    return Conversation(
        summary=head,
        messages=tuple(messages),
        lanes=tuple(opened),
        closed_lanes=tuple(closed),
        draft=draft(connection, rows.draft_key(conversation_id)),
        edit=draft(connection, rows.draft_key(conversation_id, edit=True)),
        queued=tuple(one for _, one in waiting.of(connection, conversation_id)),
        blind_since=_blind_since(connection, conversation_id),
    )


def tail(connection: apsw.Connection, conversation_id: str, last: int) -> Conversation:
    """The `last` messages of each lane's branch, whole. Raises StorageError where there is none."""
    head = summary(connection, conversation_id)
    if head is None:
        raise no_such_conversation()
    deleted = _deleted(connection, conversation_id)
    opened, closed = _lanes(connection, conversation_id, deleted)
    ends = {m.id: m for one in opened for m in branch(connection, conversation_id, one.leaf, last)}
    return Conversation(
        summary=head,
        messages=tuple(ends.values()),
        lanes=tuple(opened),
        closed_lanes=tuple(closed),
        draft=draft(connection, rows.draft_key(conversation_id)),
        edit=draft(connection, rows.draft_key(conversation_id, edit=True)),
        queued=tuple(one for _, one in waiting.of(connection, conversation_id)),
        blind_since=_blind_since(connection, conversation_id),
    )


def _blind_since(connection: apsw.Connection, conversation_id: str) -> int | None:
    row = connection.execute(
        "SELECT blind_since FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    return row[0] if row is not None else None


def summary(connection: apsw.Connection, conversation_id: str) -> ConversationSummary | None:
    """The list's row of one conversation, also of one in the trash."""
    row = connection.execute(
        f"SELECT {rows.SUMMARY_COLUMNS} FROM conversations WHERE id = ?",  # noqa: S608
        (conversation_id,),
    ).fetchone()
    return rows.summary(row) if row is not None else None


_BEGUN: Final = (
    " AND (message_count > 0 OR title <> '' OR pinned "
    "OR EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = conversations.id) "
    "OR EXISTS (SELECT 1 FROM drafts AS d WHERE d.conversation_id = conversations.id))"
)


def summaries(
    connection: apsw.Connection, limit: int, trashed: bool, begun: bool = False
) -> list[ConversationSummary]:
    """Newest first; with `begun` without those in which there is nothing yet, not even a draft."""
    where = ("trashed_at IS NOT NULL" if trashed else "trashed_at IS NULL") + (_BEGUN if begun else "")
    found = connection.execute(
        f"SELECT {rows.SUMMARY_COLUMNS} FROM conversations WHERE {where} "  # noqa: S608
        "ORDER BY updated_at DESC, seq DESC LIMIT ?",
        (limit,),
    )
    return [rows.summary(row) for row in found]


def branch(
    connection: apsw.Connection, conversation_id: str, leaf: str | None, last: int | None
) -> tuple[TreeMessage, ...]:
    """The messages from the root to `leaf`, whole; only the `last` ones if given."""
    found = connection.execute(
        "WITH RECURSIVE walk (id, parent_id, depth) AS ("  # noqa: S608
        "SELECT id, parent_id, 0 FROM messages WHERE id = ? AND conversation_id = ? UNION ALL "
        "SELECT m.id, m.parent_id, depth + 1 FROM walk CROSS JOIN messages AS m ON m.id = walk.parent_id "
        "WHERE depth < ?) "
        f"SELECT {rows.WHOLE_COLUMNS} FROM walk CROSS JOIN messages AS m ON m.id = walk.id "
        "CROSS JOIN contents AS c ON c.seq = m.seq WHERE m.deleted_at IS NULL LIMIT ?",
        (leaf, conversation_id, _DEEPEST, _DEEPEST if last is None else last),
    )
    upwards = [rows.whole_message(row) for row in found]
    deleted = _deleted(connection, conversation_id)
    return tuple(_relinked(message, deleted) for message in reversed(upwards))


def messages(connection: apsw.Connection, ids: Sequence[str]) -> list[TreeMessage]:
    """Whole, in the order asked for; unknown ids are left out."""
    found: list[TreeMessage] = []
    for message_id in ids:
        row = connection.execute(
            f"SELECT {rows.WHOLE_COLUMNS} FROM messages AS m "  # noqa: S608
            "JOIN contents AS c ON c.seq = m.seq WHERE m.id = ?",
            (message_id,),
        ).fetchone()
        if row is not None:
            message = rows.whole_message(row)
            found.append(_relinked(message, _deleted(connection, message.conversation_id)))
    return found


def extents(connection: apsw.Connection, conversation_id: str) -> dict[str, rows.Extent]:
    """Message id → how much room it will want."""
    return {
        row[0]: rows.Extent(*row[1:])
        for row in connection.execute(
            "SELECT id, text_length, line_count, media_count FROM messages WHERE conversation_id = ? "
            "AND deleted_at IS NULL",
            (conversation_id,),
        )
    }


def draft(connection: apsw.Connection, key: str) -> Draft:
    """What stands under a `rows.draft_key`; empty where nothing does."""
    row = connection.execute("SELECT draft FROM drafts WHERE conversation_id = ?", (key,)).fetchone()
    return rows.draft(row[0]) if row is not None else Draft()


def _lanes(
    connection: apsw.Connection, conversation_id: str, deleted: dict[str, str | None]
) -> tuple[list[Lane], list[Lane]]:
    """The open ones and the closed ones."""
    there = [
        msgspec.structs.replace(one, leaf=_above(one.leaf, deleted))
        for one in lanes.of(connection, conversation_id)
    ]
    return [one for one in there if not one.closed], [one for one in there if one.closed]


def _short_messages(connection: apsw.Connection, conversation_id: str) -> list[TreeMessage]:
    found: list[Any] = connection.execute(
        f"SELECT {rows.MESSAGE_COLUMNS} FROM messages AS m WHERE m.conversation_id = ? ORDER BY m.seq",  # noqa: S608
        (conversation_id,),
    ).fetchall()
    return [rows.short_message(row) for row in found]


def _whole_messages(connection: apsw.Connection, conversation_id: str) -> list[TreeMessage]:
    found: list[Any] = connection.execute(
        f"SELECT {rows.WHOLE_COLUMNS} FROM messages AS m CROSS JOIN contents AS c ON c.seq = m.seq "  # noqa: S608
        "WHERE m.conversation_id = ? ORDER BY m.seq",
        (conversation_id,),
    ).fetchall()
    return [rows.whole_message(row) for row in found]


def _deleted(connection: apsw.Connection, conversation_id: str) -> dict[str, str | None]:
    """Deleted message → the message above it."""
    found = connection.execute(
        "SELECT id, parent_id FROM messages WHERE conversation_id = ? AND deleted_at IS NOT NULL",
        (conversation_id,),
    )
    return {str(row[0]): row[1] for row in found}


def _above(message_id: str | None, deleted: dict[str, str | None]) -> str | None:
    while message_id is not None and message_id in deleted:
        message_id = deleted[message_id]
    return message_id


def _relinked(message: TreeMessage, deleted: dict[str, str | None]) -> TreeMessage:
    parent = _above(message.parent_id, deleted)
    return message if parent == message.parent_id else msgspec.structs.replace(message, parent_id=parent)
