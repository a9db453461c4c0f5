"""What is left out of a conversation when it is sent, and its summaries."""

from __future__ import annotations

from typing import Any

import apsw

from chatbench.core.errors import StorageError
from chatbench.core.ids import new_id
from chatbench.core.marks import Marks, Summary
from chatbench.core.models import ModelRef
from chatbench.storage import rows
from chatbench.storage.routed import Routed

_SUMMARY = "id, conversation_id, message_id, text, provider, model, created_at, withdrawn"


def of(connection: apsw.Connection, conversation_id: str) -> Marks:
    """All that are in use."""
    unsent = connection.execute("SELECT message_id FROM unsent WHERE conversation_id = ?", (conversation_id,))
    files = connection.execute(
        "SELECT message_id, sha256 FROM unsent_files WHERE conversation_id = ?", (conversation_id,)
    )
    in_use = [one for one in summaries(connection, conversation_id) if not one.withdrawn]
    return Marks(
        unsent=frozenset(str(row[0]) for row in unsent),
        unsent_files=frozenset((str(row[0]), str(row[1])) for row in files),
        summaries={_last_shown(connection, one.message_id): one for one in in_use},
    )


def set_unsent(connection: apsw.Connection, conversation_id: str, message_id: str, unsent: bool) -> None:
    """Raises StorageError where the conversation has no such message."""
    _expect(connection, conversation_id, message_id)
    if unsent:
        connection.execute("INSERT OR IGNORE INTO unsent VALUES (?, ?)", (message_id, conversation_id))
    else:
        connection.execute("DELETE FROM unsent WHERE message_id = ?", (message_id,))


def set_file_unsent(
    connection: apsw.Connection, conversation_id: str, message_id: str, sha256: str, unsent: bool
) -> None:
    """Raises StorageError where the conversation has no such message."""
    _expect(connection, conversation_id, message_id)
    if unsent:
        connection.execute(
            "INSERT OR IGNORE INTO unsent_files VALUES (?, ?, ?)", (message_id, sha256, conversation_id)
        )
    else:
        connection.execute(
            "DELETE FROM unsent_files WHERE message_id = ? AND sha256 = ?", (message_id, sha256)
        )


def summaries(connection: apsw.Connection, conversation_id: str) -> list[Summary]:
    """Oldest first, the withdrawn ones too."""
    found = connection.execute(
        f"SELECT {_SUMMARY} FROM summaries WHERE conversation_id = ? ORDER BY created_at, id",  # noqa: S608
        (conversation_id,),
    )
    return [_summary(row) for row in found]


def add_summary(connection: apsw.Connection, summary: Summary) -> None:
    """Raises StorageError where the conversation has no such message (any more)."""
    _expect(connection, summary.conversation_id, summary.message_id)
    connection.execute(
        f"INSERT INTO summaries ({_SUMMARY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (summary.id, summary.conversation_id, summary.message_id, rows.plain(summary.text),
         *rows.model_columns(summary.model), summary.created_at, summary.withdrawn),
    )  # fmt: skip


def withdraw_summary(
    connection: apsw.Connection, conversation_id: str, summary_id: str, withdrawn: bool
) -> None:
    """Raises StorageError where the conversation has no such summary."""
    changed = connection.execute(
        "UPDATE summaries SET withdrawn = ? WHERE id = ? AND conversation_id = ? RETURNING id",
        (withdrawn, summary_id, conversation_id),
    ).fetchone()
    if changed is None:
        raise StorageError("There is no such summary in this conversation.", "It may have been deleted.")


def copy(connection: apsw.Connection, conversation_id: str, message_id: str, original_id: str) -> None:
    """Gives a copied message what its original is marked with."""
    connection.execute(
        "INSERT INTO unsent SELECT ?, ? FROM unsent WHERE message_id = ?",
        (message_id, conversation_id, original_id),
    )
    connection.execute(
        "INSERT INTO unsent_files SELECT ?, sha256, ? FROM unsent_files WHERE message_id = ?",
        (message_id, conversation_id, original_id),
    )
    found = connection.execute(
        f"SELECT {_SUMMARY} FROM summaries WHERE message_id = ? ORDER BY created_at, id",  # noqa: S608
        (original_id,),
    ).fetchall()
    for row in found:
        connection.execute(
            f"INSERT INTO summaries ({_SUMMARY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (new_id(), conversation_id, message_id, *row[3:]),
        )


def _last_shown(connection: apsw.Connection, message_id: str) -> str:
    """The message itself, or where it is deleted the first above it that is not."""
    row: Any = connection.execute(
        "WITH RECURSIVE walk (id, parent_id, deleted_at) AS ("
        "SELECT id, parent_id, deleted_at FROM messages WHERE id = ? UNION ALL "
        "SELECT m.id, m.parent_id, m.deleted_at FROM walk JOIN messages AS m ON m.id = walk.parent_id "
        "WHERE walk.deleted_at IS NOT NULL) "
        "SELECT id FROM walk WHERE deleted_at IS NULL",
        (message_id,),
    ).fetchone()
    return message_id if row is None else str(row[0])


def _expect(connection: apsw.Connection, conversation_id: str, message_id: str) -> None:
    row = connection.execute(
        "SELECT 1 FROM messages WHERE id = ? AND conversation_id = ?", (message_id, conversation_id)
    ).fetchone()
    if row is None:
        raise StorageError("There is no such message in this conversation.", "It may have been deleted.")


def _summary(row: tuple[Any, ...]) -> Summary:
    return Summary(
        id=row[0],
        conversation_id=row[1],
        message_id=row[2],
        text=row[3],
        model=ModelRef(row[4], row[5]),
        created_at=row[6],
        withdrawn=bool(row[7]),
    )


class Marked(Routed):
    """The part of the conversations' store that knows what is sent otherwise than it stands."""

    async def marks(self, conversation_id: str) -> Marks:
        """What of the conversation is left out when it is sent, and what stands summarised."""
        return await self._read(conversation_id, lambda c: of(c, conversation_id))

    async def set_unsent(self, conversation_id: str, message_id: str, unsent: bool) -> None:
        """Leaves a message out, or takes it in again. Raises StorageError where it is not there."""
        await self._write(conversation_id, lambda c: set_unsent(c, conversation_id, message_id, unsent))

    async def set_file_unsent(self, conversation_id: str, message_id: str, sha256: str, unsent: bool) -> None:
        """Leaves one file of a message out, or takes it in again. Raises StorageError where the message
        is not there."""
        await self._write(
            conversation_id, lambda c: set_file_unsent(c, conversation_id, message_id, sha256, unsent)
        )

    async def context_summaries(self, conversation_id: str) -> list[Summary]:
        """Oldest first, the withdrawn ones too."""
        return await self._read(conversation_id, lambda c: summaries(c, conversation_id))

    async def add_summary(self, summary: Summary) -> None:
        """Raises StorageError where the message it ends with is not there."""
        await self._write(summary.conversation_id, lambda c: add_summary(c, summary))

    async def withdraw_summary(self, conversation_id: str, summary_id: str, withdrawn: bool) -> None:
        """No longer uses a summary, or uses it again. Raises StorageError where it is not there."""
        await self._write(
            conversation_id, lambda c: withdraw_summary(c, conversation_id, summary_id, withdrawn)
        )
