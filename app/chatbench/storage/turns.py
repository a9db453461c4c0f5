"""Messages being written: the steps of a turn, each inside its caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from chatbench.core.conversations import Lane, TreeMessage
from chatbench.core.errors import StorageError
from chatbench.core.messages import Part
from chatbench.core.models import ModelRef
from chatbench.storage import lanes as lanes_of
from chatbench.storage import rows, search, spend, waiting


def now_ms() -> int:
    """UTC milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def no_such_conversation() -> StorageError:
    """It was deleted, here or by another process, or never was."""
    return StorageError("There is no such conversation.", "It may have been deleted; look in the history.")


def begin(
    connection: apsw.Connection,
    conversation_id: str,
    messages: Sequence[TreeMessage],
    lanes: Sequence[Lane],
    title: str,
    owner_id: str,
    sent: str | None,
    claimed: int | None = None,
) -> None:
    """Writes the messages of a new turn, moves the lanes, names a conversation without a title,
    takes it out of the trash, forgets the draft under the key `sent`, takes the waiting message
    `claimed` out of the queue (or raises NotWaiting)."""
    row = connection.execute("SELECT models FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise no_such_conversation()
    if claimed is not None:
        waiting.claim(connection, conversation_id, claimed)
    for message in messages:
        _insert(connection, message, owner_id)
    for lane in lanes:
        lanes_of.put(connection, conversation_id, lane)
    answered: list[ModelRef] = [m.model for m in messages if m.role == "assistant" and m.model is not None]
    models = list(dict.fromkeys([*rows.models_of(row[0]), *answered]))
    connection.execute(
        "UPDATE conversations SET updated_at = max(updated_at, ?), models = ?, "
        "trashed_at = NULL, message_count = message_count + ? WHERE id = ?",
        (
            max((m.created_at for m in messages), default=0),
            rows.encode(models),
            len(messages),
            conversation_id,
        ),
    )
    lanes_of.mark_failed(connection, conversation_id)
    if sent is not None:
        connection.execute("DELETE FROM drafts WHERE conversation_id = ?", (sent,))
    if title:
        untitled = "UPDATE conversations SET title = ? WHERE id = ? AND title = '' RETURNING seq"
        named: Any = connection.execute(untitled, (rows.plain(title), conversation_id)).fetchone()
        if named is not None:
            search.index_title(connection, named[0], title)


def checkpoint(connection: apsw.Connection, message_id: str, parts: tuple[Part, ...], owner_id: str) -> None:
    """The partial text of an answer that this process still writes; any other is left alone."""
    extent = rows.extent_of(parts)
    changed = connection.execute(
        "UPDATE messages SET text_length = ?, line_count = ?, media_count = ? "
        "WHERE id = ? AND state = 'streaming' AND owner = ? RETURNING seq",
        (extent.text_length, extent.line_count, extent.media_count, message_id, owner_id),
    ).fetchone()
    if changed is not None:
        connection.execute("UPDATE contents SET parts = ? WHERE seq = ?", (rows.encode(parts), changed[0]))


def finish(connection: apsw.Connection, message: TreeMessage, source: str | None) -> None:
    """An answer's last words: everything known of it, its place in the index, what it cost.

    Called again with better knowledge, it replaces what was known. What it cost is written down
    even where the conversation is gone.
    """
    entry = None if source is None else spend.entry_of(message, source)
    if entry is not None:
        spend.write(connection, entry)
    row = connection.execute(
        "SELECT seq, conversation_id, cost_amount, unpriced FROM messages WHERE id = ?", (message.id,)
    ).fetchone()
    if row is None:
        return
    seq, conversation_id, old_amount, old_unpriced = row
    extent = rows.extent_of(message.parts)
    amount, unpriced = rows.priced_amount(message), int(rows.is_unpriced(message))
    finished_at = message.finished_at or now_ms()
    connection.execute(
        "UPDATE messages SET state = ?, owner = NULL, provider = ?, model = ?, text_length = ?, "
        "line_count = ?, media_count = ?, cost_amount = ?, unpriced = ?, finished_at = ? WHERE seq = ?",
        (message.state, *rows.model_columns(message.model), extent.text_length, extent.line_count,
         extent.media_count, amount, unpriced, finished_at, seq),
    )  # fmt: skip
    connection.execute(
        "UPDATE contents SET parts = ?, details = ? WHERE seq = ?",
        (rows.encode(message.parts), rows.details_of(message), seq),
    )
    refer_and_index(connection, seq, message.parts)
    _add_cost(connection, conversation_id, old_amount, amount, unpriced - old_unpriced)
    connection.execute(
        "UPDATE conversations SET updated_at = max(updated_at, ?) WHERE id = ?",
        (finished_at, conversation_id),
    )
    lanes_of.mark_failed(connection, conversation_id)


def interrupt(connection: apsw.Connection, message_id: str) -> TreeMessage:
    """An answer whose process is gone: what had come is kept, indexed and counted as unpriced."""
    found = connection.execute(
        f"SELECT {rows.WHOLE_COLUMNS} FROM messages AS m "  # noqa: S608
        "JOIN contents AS c ON c.seq = m.seq WHERE m.id = ?",
        (message_id,),
    ).fetchone()
    assert found is not None
    message = msgspec.structs.replace(rows.whole_message(found), state="interrupted", finished_at=now_ms())
    finish(connection, message, "chat")
    return message


def delete(connection: apsw.Connection, conversation_id: str) -> None:
    """A conversation for good, with its place in the index and its drafts."""
    connection.execute(
        "DELETE FROM message_search WHERE rowid IN (SELECT seq FROM messages WHERE conversation_id = ?)",
        (conversation_id,),
    )
    connection.execute(
        "DELETE FROM title_search WHERE rowid = (SELECT seq FROM conversations WHERE id = ?)",
        (conversation_id,),
    )
    drafts = [rows.draft_key(conversation_id, edit=edit) for edit in (False, True)]
    connection.execute("DELETE FROM drafts WHERE conversation_id IN (?, ?)", drafts)
    connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))


def _insert(connection: apsw.Connection, message: TreeMessage, owner_id: str) -> None:
    extent = rows.extent_of(message.parts)
    streaming = message.state == "streaming"
    connection.execute(
        "INSERT INTO messages (id, conversation_id, parent_id, turn_id, role, state, lane_id, position, "
        "provider, model, owner, text_length, line_count, media_count, created_at, finished_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, "
        "(SELECT count(*) FROM messages WHERE parent_id IS ? AND conversation_id = ? AND role = ?), "
        "?, ?, ?, ?, ?, ?, ?, ?)",
        (message.id, message.conversation_id, message.parent_id, message.turn_id, message.role, message.state,
         message.lane_id, message.parent_id, message.conversation_id, message.role,
         *rows.model_columns(message.model), owner_id if streaming else None, extent.text_length,
         extent.line_count, extent.media_count, message.created_at, message.finished_at),
    )  # fmt: skip
    seq = connection.last_insert_rowid()
    connection.execute(
        "INSERT INTO contents (seq, parts, details) VALUES (?, ?, ?)",
        (seq, rows.encode(message.parts), rows.details_of(message)),
    )
    if not streaming:
        refer_and_index(connection, seq, message.parts)
        amount, unpriced = rows.priced_amount(message), int(rows.is_unpriced(message))
        connection.execute(
            "UPDATE messages SET cost_amount = ?, unpriced = ? WHERE seq = ?", (amount, unpriced, seq)
        )
        _add_cost(connection, message.conversation_id, None, amount, unpriced)


def refer_and_index(connection: apsw.Connection, seq: int, parts: tuple[Part, ...]) -> None:
    """What a message's words and files are found by."""
    search.index_message(connection, seq, rows.words_of(parts))
    connection.execute("DELETE FROM file_references WHERE message_seq = ?", (seq,))
    connection.executemany(
        "INSERT INTO file_references (sha256, message_seq) VALUES (?, ?)",
        [(sha256, seq) for sha256 in rows.stored_files(parts)],
    )


def add_aside(connection: apsw.Connection, conversation_id: str, message: TreeMessage, source: str) -> None:
    """What a call beside the conversation used and cost, kept with it and in its totals. Nothing where
    the conversation is gone."""
    there = connection.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    amount, unpriced = rows.priced_amount(message), int(rows.is_unpriced(message))
    if there is None or (message.cost is None and not unpriced):
        return
    connection.execute(
        "INSERT INTO asides (conversation_id, at, source, unpriced, details) VALUES (?, ?, ?, ?, ?)",
        (conversation_id, message.finished_at or now_ms(), source, unpriced, rows.details_of(message)),
    )
    _add_cost(connection, conversation_id, None, amount, unpriced)


def _add_cost(
    connection: apsw.Connection, conversation_id: str, old: str | None, new: str | None, unpriced: int
) -> None:
    if old == new and not unpriced:
        return
    row: Any = connection.execute(
        "SELECT cost_amount FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    total = row[0]
    if old is not None:
        total = spend.add_amounts(total, f"-{old}")
    connection.execute(
        "UPDATE conversations SET cost_amount = ?, unpriced = unpriced + ? WHERE id = ?",
        (spend.add_amounts(total, new), unpriced, conversation_id),
    )
