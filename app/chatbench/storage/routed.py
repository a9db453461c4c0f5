"""What reads and writes by an id where that id lives: in the profile's file, or only in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import apsw

from chatbench.storage.database import Database

T = TypeVar("T")


class Routed:
    """Base of the stores that hold things of conversations, temporary ones among them.

    The id is a conversation's, or that of one of its messages or lanes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _read(self, an_id: str, work: Callable[[apsw.Connection], T]) -> T:
        return await self._database.of(an_id).read(work)

    async def _write(self, an_id: str, work: Callable[[apsw.Connection], T], *, durable: bool = False) -> T:
        return await self._database.of(an_id).write(work, durable=durable)

    async def _execute(self, an_id: str, statement: str, *values: str | int | None) -> None:
        def run(connection: apsw.Connection) -> None:
            connection.execute(statement, values)

        await self._write(an_id, run)

    def _keep_together(self, conversation_id: str, *ids: str) -> None:
        """What comes to a temporary conversation is temporary too."""
        if self._database.is_temporary(conversation_id):
            self._database.keep_in_memory(*ids)
