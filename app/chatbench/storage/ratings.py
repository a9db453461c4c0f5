"""What people think of answers: one row for each answer of a turn in which something was rated."""

from __future__ import annotations

from typing import Any, NamedTuple

import apsw

from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.models import ModelRef
from chatbench.core.ratings import Rating
from chatbench.storage.routed import Routed
from chatbench.storage.turns import no_such_conversation, now_ms

_OWN = "(details ->> '$.edited' IS NOT 1 AND coalesce(details ->> '$.prompt', '') = '')"
"""Whether an answer is one model's own words to the question: not a person's, not merged."""


class RatedAnswer(NamedTuple):
    """An answer of a turn that was rated; `rating` is None where it only stood beside."""

    turn_id: str
    model: ModelRef
    rating: Rating | None
    blind: bool


class RatingStore(Routed):
    """Every write is one transaction. All methods raise StorageError and its kinds."""

    async def rate(self, message_id: str, rating: Rating | None, blind: bool) -> str:
        """Sets or takes back what is thought of an answer; returns its conversation's id. It is not
        `blind` where the answer was there before names were hidden.

        Raises StorageError where there is no such answer, ConfigurationError for one that is not
        finished, that a person wrote or that was merged.
        """

        def write(connection: apsw.Connection) -> str:
            conversation_id, turn_id = _rateable(connection, message_id)
            _put_beside(connection, conversation_id, turn_id, message_id)
            if rating == "best":
                _clear(connection, turn_id, "rating IN ('best', 'tie')")
            elif rating == "tie":
                _clear(connection, turn_id, "rating = 'best'")
            connection.execute(
                "UPDATE ratings SET rating = ?1, blind = ?2 AND NOT coalesce((SELECT m.created_at < "
                "c.blind_since FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id "
                "WHERE m.id = ?4), 0), rated_at = ?3 WHERE message_id = ?4",
                (rating, blind and rating is not None, now_ms() if rating else None, message_id),
            )
            connection.execute(
                "DELETE FROM ratings WHERE turn_id = ?1 AND NOT EXISTS "
                "(SELECT 1 FROM ratings WHERE turn_id = ?1 AND rating IS NOT NULL)",
                (turn_id,),
            )
            return conversation_id

        return await self._write(message_id, write)

    async def of_conversation(self, conversation_id: str) -> dict[str, Rating]:
        """Message id → rating, of those that have one."""
        rated = (
            "SELECT r.message_id, r.rating FROM messages AS m JOIN ratings AS r ON r.message_id = m.id "
            "WHERE m.conversation_id = ? AND r.rating IS NOT NULL"
        )
        found: list[Any] = await self._read(
            conversation_id, lambda c: c.execute(rated, (conversation_id,)).fetchall()
        )
        return dict(found)

    async def hide_names(self, conversation_id: str, since_ms: int | None) -> None:
        """Makes a conversation blind from that moment (UTC milliseconds) on; None: not any more. Raises
        StorageError where there is none."""

        def write(connection: apsw.Connection) -> None:
            connection.execute(
                "UPDATE conversations SET blind_since = ? WHERE id = ?", (since_ms, conversation_id)
            )
            if not connection.changes():
                raise no_such_conversation()

        await self._write(conversation_id, write)

    async def all(self) -> list[RatedAnswer]:
        """Of every turn in which something was rated all answers, turn after turn."""
        wanted = "SELECT turn_id, provider, model, rating, blind FROM ratings ORDER BY turn_id, message_id"
        found: list[Any] = await self._database.read(lambda c: c.execute(wanted).fetchall())
        return [RatedAnswer(row[0], ModelRef(row[1], row[2]), row[3], bool(row[4])) for row in found]


def _rateable(connection: apsw.Connection, message_id: str) -> tuple[str, str]:
    row = connection.execute(
        f"SELECT conversation_id, turn_id, state, {_OWN} FROM messages JOIN contents USING (seq) "  # noqa: S608
        "WHERE id = ? AND role = 'assistant' AND provider IS NOT NULL AND deleted_at IS NULL",
        (message_id,),
    ).fetchone()
    if row is None:
        raise StorageError("There is no such answer.", "It may have been deleted.")
    conversation_id, turn_id, state, own = row
    if state == "streaming":
        raise ConfigurationError("This answer is still being written.", "Rate it when it is finished.")
    if not own:
        raise ConfigurationError(
            "This answer is not a model's alone: a person changed it, or it was merged from others.",
            "Rate those.",
        )
    return str(conversation_id), str(turn_id)


def _put_beside(connection: apsw.Connection, conversation_id: str, turn_id: str, message_id: str) -> None:
    """Notes the answer, and every whole one that a model gave in the same turn."""
    connection.execute(
        f"INSERT OR IGNORE INTO ratings (message_id, turn_id, provider, model) "  # noqa: S608
        "SELECT id, turn_id, provider, model FROM messages JOIN contents USING (seq) "
        "WHERE conversation_id = ?1 AND turn_id = ?2 AND role = 'assistant' AND provider IS NOT NULL "
        f"AND deleted_at IS NULL AND {_OWN} "
        "AND (state = 'done' OR id = ?3)",
        (conversation_id, turn_id, message_id),
    )


def _clear(connection: apsw.Connection, turn_id: str, which: str) -> None:
    connection.execute(
        f"UPDATE ratings SET rating = NULL, blind = 0, rated_at = NULL WHERE turn_id = ? AND {which}",  # noqa: S608
        (turn_id,),
    )
