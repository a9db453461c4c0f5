"""The pieces of text that prompts share: each text once, whatever names it has and had."""

from __future__ import annotations

import hashlib
from typing import Any

import apsw

from chatbench.core.errors import StorageError
from chatbench.core.prompts import Fragment
from chatbench.storage import rows
from chatbench.storage.database import Database
from chatbench.storage.turns import now_ms

_FOUND = (
    "SELECT f.name, t.text, f.source, f.sha256, f.updated_at "
    "FROM fragments AS f JOIN fragment_texts AS t USING (sha256)"
)
_PINNED = (
    "SELECT v.name, t.text, '', v.sha256, v.updated_at "
    "FROM fragment_versions AS v JOIN fragment_texts AS t USING (sha256) "
    "WHERE v.name = ? AND substr(v.sha256, 1, ?) = ? ORDER BY v.updated_at DESC"
)


class FragmentStore:
    """Every write is one transaction. All methods raise StorageError and its kinds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Fragment]:
        """By name."""
        return await self._database.read(
            lambda c: [_fragment(row) for row in c.execute(f"{_FOUND} ORDER BY f.name")]
        )

    async def get(self, name: str, sha256: str = "") -> Fragment:
        """As it is now, or what it was when its text had the digest that begins so. Raises StorageError
        where there is none, or several texts begin so."""
        return await self._database.read(lambda c: _found(c, name, sha256))

    async def save(self, name: str, text: str, source: str) -> Fragment:
        """Adds it, or gives it another text."""

        def write(connection: apsw.Connection) -> Fragment:
            kept, at = rows.plain(text), now_ms()
            sha256 = hashlib.sha256(kept.encode()).hexdigest()
            connection.execute("INSERT OR IGNORE INTO fragment_texts VALUES (?, ?)", (sha256, kept))
            connection.execute(
                "INSERT INTO fragments VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET sha256 = excluded.sha256, source = excluded.source, updated_at = excluded.updated_at",
                (rows.plain(name), sha256, rows.plain(source), at),
            )
            connection.execute(
                "INSERT OR REPLACE INTO fragment_versions VALUES (?, ?, ?)", (rows.plain(name), sha256, at)
            )
            return _found(connection, rows.plain(name), "")

        return await self._database.write(write)

    async def versions(self, name: str) -> list[Fragment]:
        """What it is and was, the newest first."""
        return await self._database.read(
            lambda c: [_fragment(row) for row in c.execute(_PINNED, (name, 0, ""))]
        )

    async def delete(self, name: str) -> Fragment:
        """Takes the name away; who pinned a text of it keeps that. Returns what it was."""

        def write(connection: apsw.Connection) -> Fragment:
            fragment = _found(connection, name, "")
            connection.execute("DELETE FROM fragments WHERE name = ?", (name,))
            return fragment

        return await self._database.write(write)


def _found(connection: apsw.Connection, name: str, sha256: str) -> Fragment:
    if not sha256:
        row: Any = connection.execute(f"{_FOUND} WHERE f.name = ?", (name,)).fetchone()
        if row is None:
            raise StorageError(f"There is no fragment called {name!r}.", "It may have been deleted.")
        return _fragment(row)
    wanted = sha256.lower()
    found: Any = connection.execute(_PINNED, (name, len(wanted), wanted)).fetchall()
    if len(found) != 1:
        told = "has several texts that begin so" if found else "never had such a text"
        raise StorageError(f"The fragment {name!r} pinned at {sha256} {told}.", "Pin another of its texts.")
    return _fragment(found[0])


def _fragment(row: Any) -> Fragment:
    return Fragment(name=row[0], text=row[1], source=row[2], sha256=row[3], updated_at=row[4])
