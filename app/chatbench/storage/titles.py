"""What conversations are called, and who said so."""

from __future__ import annotations

from typing import Any, Literal

import apsw

from chatbench.storage import rows, search
from chatbench.storage.routed import Routed

TitledBy = Literal["words", "model", "person"]
"""A title is the first words of a question until a model or a person gives one. What a person gave,
no model writes over."""


class Titles(Routed):
    """The part of the conversations' store that names them."""

    async def rename(self, conversation_id: str, title: str) -> None:
        """A person's title; the empty one makes room for others again."""
        by: TitledBy = "person" if title else "words"
        await self._write(conversation_id, lambda c: _put(c, conversation_id, title, by, over=None))

    async def title_by_model(self, conversation_id: str, title: str) -> bool:
        """Sets the title unless somebody has set one; returns whether it was set."""
        return await self._write(
            conversation_id, lambda c: _put(c, conversation_id, title, "model", over="words")
        )

    async def titled_by(self, conversation_id: str) -> TitledBy | None:
        """Who gave the title; None where there is no such conversation."""
        wanted = "SELECT titled_by FROM conversations WHERE id = ?"
        row: Any = await self._read(
            conversation_id, lambda c: c.execute(wanted, (conversation_id,)).fetchone()
        )
        return None if row is None else row[0]


def _put(
    connection: apsw.Connection, conversation_id: str, title: str, by: TitledBy, over: TitledBy | None
) -> bool:
    row: Any = connection.execute(
        "UPDATE conversations SET title = ?, titled_by = ? "
        "WHERE id = ? AND titled_by = coalesce(?, titled_by) RETURNING seq",
        (rows.plain(title), by, conversation_id, over),
    ).fetchone()
    if row is not None:
        search.index_title(connection, row[0], title)
    return row is not None
