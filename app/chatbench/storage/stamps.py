"""Which things of the workbench have changed since they were last looked at, whoever wrote them."""

from __future__ import annotations

from typing import Any, Final

import apsw
import msgspec

from chatbench.storage.database import Database

_STAMPS: Final = {
    "prompts": "SELECT * FROM prompts",
    "datasets": "SELECT * FROM datasets",
    "runs": (
        "SELECT id, state, owner, rows, done, failed, cost, unpriced, reason, trashed_at, length(plan), "
        "length(columns) FROM runs"
    ),
    "jobs": (
        "SELECT j.id, j.cancelled, group_concat(p.state || ' ' || p.finished) FROM jobs j "
        "LEFT JOIN job_pieces p ON p.job_id = j.id GROUP BY j.id"
    ),
}
"""The id, and what is another after every change that a list or a view shows, ratings of cells left out."""


class Touched(msgspec.Struct, frozen=True):
    """Ids, also of things that are gone."""

    prompts: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()


class Stamps:
    """Remembers how things stood."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, dict[str, int]] = {kind: {} for kind in _STAMPS}

    async def touched(self) -> Touched:
        """What is another than at the last call; at the first, everything. Raises StorageError."""
        now = await self._database.read(_stamps)
        before, self._known = self._known, now
        return Touched(
            **{
                kind: frozenset(
                    one
                    for one in before[kind].keys() | stamps.keys()
                    if before[kind].get(one) != stamps.get(one)
                )
                for kind, stamps in now.items()
            }
        )

    async def jobs_left(self) -> bool:
        """Whether any run has batch jobs whose answers have not come to it. Raises StorageError."""
        wanted = "SELECT 1 FROM jobs WHERE source LIKE 'run:%' AND collected = 0 LIMIT 1"
        return await self._database.read(lambda c: c.execute(wanted).fetchone()) is not None


def _stamps(connection: apsw.Connection) -> dict[str, dict[str, int]]:
    return {kind: dict(map(_stamp, connection.execute(wanted))) for kind, wanted in _STAMPS.items()}


def _stamp(row: tuple[Any, ...]) -> tuple[str, int]:
    return str(row[0]), hash(row)
