"""Messages that wait for the answers before them, each step inside its caller's transaction."""

from __future__ import annotations

import apsw

from chatbench.core.conversations import Draft
from chatbench.core.errors import StorageError
from chatbench.storage import rows


class NotWaiting(StorageError):
    """A message that cannot be had from its queue now: it was sent or taken back meanwhile, here or by
    another process, or an answer is coming in."""


def gone() -> NotWaiting:
    return NotWaiting("This message is no longer waiting.", "It was sent or taken back meanwhile.")


def of(connection: apsw.Connection, conversation_id: str) -> list[tuple[int, Draft]]:
    """All of a conversation in their order, each with the number it is claimed by."""
    found = connection.execute(
        "SELECT seq, draft FROM waiting WHERE conversation_id = ? ORDER BY seq", (conversation_id,)
    )
    return [(int(row[0]), rows.draft(row[1])) for row in found]


def put(connection: apsw.Connection, conversation_id: str, draft: Draft, at: int | None) -> None:
    """Lets a draft wait: behind the others, or (None: at their end) before the `at`-th of them."""
    behind = [] if at is None else of(connection, conversation_id)[at:]
    connection.executemany("DELETE FROM waiting WHERE seq = ?", [(seq,) for seq, _ in behind])
    connection.executemany(
        "INSERT INTO waiting (conversation_id, draft) VALUES (?, ?)",
        [(conversation_id, rows.encode(one)) for one in (draft, *(other for _, other in behind))],
    )


def take(connection: apsw.Connection, number: int) -> None:
    """Takes a message out of its queue. Raises NotWaiting where it is not there any more."""
    if connection.execute("DELETE FROM waiting WHERE seq = ? RETURNING seq", (number,)).fetchone() is None:
        raise gone()


def claim(connection: apsw.Connection, conversation_id: str, number: int) -> None:
    """Takes a message out of its queue to be sent. Raises NotWaiting also while an answer of the
    conversation is coming in."""
    streaming = "SELECT 1 FROM messages WHERE conversation_id = ? AND state = 'streaming'"
    if connection.execute(streaming, (conversation_id,)).fetchone() is not None:
        raise NotWaiting("An answer is still coming in.", "Wait for its end, or stop it.")
    take(connection, number)


def ready(connection: apsw.Connection, conversation_id: str) -> tuple[int, Draft] | None:
    """The first one, if its time has come: nothing is coming in, and no lane stands on an answer of
    the newest turn that was not brought to its end."""
    held = connection.execute(
        "SELECT 1 FROM messages AS m WHERE m.conversation_id = :id AND m.state <> 'done' "
        "AND m.deleted_at IS NULL AND (m.state = 'streaming' OR (m.turn_id = (SELECT turn_id FROM messages "
        "WHERE conversation_id = :id ORDER BY seq DESC LIMIT 1) AND EXISTS (SELECT 1 FROM lanes "
        "WHERE conversation_id = :id AND leaf = m.id AND NOT closed))) "
        "UNION ALL SELECT 1 FROM conversations WHERE id = :id AND trashed_at IS NOT NULL LIMIT 1",
        {"id": conversation_id},
    ).fetchone()
    return None if held is not None else next(iter(of(connection, conversation_id)), None)
