"""The lanes of a conversation: added, changed, closed and opened again, each inside its caller's
transaction."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from chatbench.core.conversations import MOST_LANES, Lane
from chatbench.core.errors import ConfigurationError
from chatbench.storage import rows


def of(connection: apsw.Connection, conversation_id: str) -> list[Lane]:
    """All of them in their order, the closed ones too."""
    found = connection.execute(
        f"SELECT {rows.LANE_COLUMNS} FROM lanes WHERE conversation_id = ? ORDER BY position, id",  # noqa: S608
        (conversation_id,),
    )
    return [rows.lane(row) for row in found]


def put(connection: apsw.Connection, conversation_id: str, lane: Lane) -> None:
    """Adds the lane, or changes it; whether it is closed is left as it was."""
    connection.execute(
        "INSERT INTO lanes (id, conversation_id, position, provider, model, system, parameters, leaf) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET position = excluded.position, "
        "provider = excluded.provider, model = excluded.model, system = excluded.system, "
        "parameters = excluded.parameters, leaf = excluded.leaf",
        (lane.id, conversation_id, lane.position, *rows.model_columns(lane.model), rows.plain(lane.system),
         rows.encode(lane.parameters), lane.leaf),
    )  # fmt: skip


def change(connection: apsw.Connection, conversation_id: str, lane: Lane) -> None:
    """Changes what the lane asks with; where it stands is left to the turns. Adds a new lane."""
    row = connection.execute("SELECT leaf FROM lanes WHERE id = ?", (lane.id,)).fetchone()
    leaf = lane.leaf if row is None else row[0]
    put(connection, conversation_id, msgspec.structs.replace(lane, leaf=leaf))


def add(connection: apsw.Connection, conversation_id: str, new: Sequence[Lane]) -> list[Lane]:
    """Puts new lanes behind the others and returns them as they then are. Raises ConfigurationError
    where they would be too many."""
    there = of(connection, conversation_id)
    _refuse_too_many(sum(not lane.closed for lane in there) + len(new))
    last = max((lane.position for lane in there), default=-1)
    added = [msgspec.structs.replace(lane, position=last + n) for n, lane in enumerate(new, 1)]
    for lane in added:
        put(connection, conversation_id, lane)
    return added


def close(connection: apsw.Connection, conversation_id: str, ids: Sequence[str]) -> list[str]:
    """Closes those of the lanes that are open, and returns them. Raises ConfigurationError where
    none would be left."""
    there = [lane.id for lane in of(connection, conversation_id) if not lane.closed]
    closing = [one for one in there if one in ids]
    if closing == there:
        raise ConfigurationError(
            "The last model of a conversation cannot be closed.", "Choose another model for it instead."
        )
    _mark(connection, conversation_id, closing, closed=True)
    return closing


def reopen(connection: apsw.Connection, conversation_id: str, ids: Sequence[str]) -> None:
    """Opens closed lanes again, at their places. Raises ConfigurationError where they would be too
    many."""
    there = of(connection, conversation_id)
    opening = [lane.id for lane in there if lane.closed and lane.id in ids]
    _refuse_too_many(sum(not lane.closed for lane in there) + len(opening))
    _mark(connection, conversation_id, opening, closed=False)


def move(connection: apsw.Connection, lane_id: str, leaf: str | None) -> None:
    """Lets the lane stand on another message."""
    moved = connection.execute(
        "UPDATE lanes SET leaf = ? WHERE id = ? RETURNING conversation_id", (leaf, lane_id)
    ).fetchone()
    if moved is not None:
        mark_failed(connection, str(moved[0]))


def mark_failed(connection: apsw.Connection, conversation_id: str) -> None:
    """A conversation is failed while an open lane stands on an answer that failed."""
    connection.execute(
        "UPDATE conversations SET failed = EXISTS (SELECT 1 FROM lanes AS l "
        "JOIN messages AS m ON m.id = l.leaf WHERE l.conversation_id = conversations.id "
        "AND NOT l.closed AND m.state = 'failed') WHERE id = ?",
        (conversation_id,),
    )


def _mark(connection: apsw.Connection, conversation_id: str, ids: Sequence[str], *, closed: bool) -> None:
    connection.executemany("UPDATE lanes SET closed = ? WHERE id = ?", [(int(closed), one) for one in ids])
    mark_failed(connection, conversation_id)


def _refuse_too_many(count: int) -> None:
    if count > MOST_LANES:
        raise ConfigurationError(
            f"A conversation holds {MOST_LANES} models side by side at most.", "Close one of them first."
        )
