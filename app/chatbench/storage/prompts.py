"""The prompts of a profile, with every version they had."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import apsw
import msgspec

from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.ids import new_id
from chatbench.core.prompts import Prompt, PromptEntry, PromptVersion
from chatbench.storage import rows
from chatbench.storage.database import Database
from chatbench.storage.turns import now_ms

Which = int | Literal["latest", "production"]

_COLUMNS = "id, name, folder, tags, production, latest, updated_at, file, written"
_ENTRIES = f"SELECT {_COLUMNS} FROM prompts"  # noqa: S608
_VERSIONS = "SELECT prompt_id, number, sha256, note, created_at, content FROM prompt_versions"
_decode = msgspec.json.Decoder(Prompt).decode
_canonical = msgspec.json.Encoder(order="deterministic").encode


class InFile(NamedTuple):
    """A prompt that also stands in a file: `stamp` is that file's content as it was last read or written,
    `written` the version it holds."""

    entry: PromptEntry
    stamp: str
    written: int
    trashed: bool = False


class PromptStore:
    """Every write is one transaction. All methods raise StorageError and its kinds, also where there is no
    such prompt."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self) -> list[PromptEntry]:
        """Those not in the trash, by folder and name."""
        wanted = f"{_ENTRIES} WHERE trashed_at IS NULL"
        found = await self._database.read(lambda c: [_entry(row) for row in c.execute(wanted)])
        return sorted(found, key=lambda one: (one.folder.casefold(), one.name.casefold(), one.id))

    async def get(self, prompt_id: str) -> PromptEntry:
        """Also one in the trash."""
        return await self._database.read(lambda c: _found(c, prompt_id))

    async def versions(self, prompt_id: str) -> list[PromptVersion]:
        """The newest first."""
        wanted = f"{_VERSIONS} WHERE prompt_id = ? ORDER BY number DESC"
        return await self._database.read(lambda c: [_version(row) for row in c.execute(wanted, (prompt_id,))])

    async def version(self, prompt_id: str, which: Which) -> PromptVersion:
        """Raises StorageError for a number that is not there, ConfigurationError where none is marked."""
        return await self._database.read(lambda c: _chosen(c, prompt_id, which))

    async def latest(self) -> list[tuple[PromptEntry, Prompt]]:
        """Every prompt that is not in the trash with what its newest version holds."""
        wanted = (
            f"SELECT {', '.join('p.' + one for one in _COLUMNS.split(', '))}, v.content FROM prompts AS p "  # noqa: S608
            "JOIN prompt_versions AS v ON v.prompt_id = p.id AND v.number = p.latest WHERE trashed_at IS NULL"
        )
        return await self._database.read(
            lambda c: [(_entry(row), _decode(row[-1])) for row in c.execute(wanted)]
        )

    async def add(
        self, prompt: Prompt, name: str, folder: str, tags: Sequence[str] = (), note: str = ""
    ) -> PromptVersion:
        """Raises ConfigurationError where the folder has one of that name."""

        def write(connection: apsw.Connection) -> PromptVersion:
            prompt_id = new_id()
            _refuse_taken(connection, folder, name)
            connection.execute(
                "INSERT INTO prompts (id, name, folder, tags, latest, updated_at) VALUES (?, ?, ?, ?, 0, ?)",
                (prompt_id, rows.plain(name), rows.plain(folder), rows.encode(list(tags)), now_ms()),
            )
            return _add_version(connection, prompt_id, prompt, note)

        return await self._database.write(write)

    async def save(self, prompt_id: str, prompt: Prompt, note: str = "") -> PromptVersion:
        """A new version, or the newest one where nothing has changed."""

        def write(connection: apsw.Connection) -> PromptVersion:
            newest = _chosen(connection, prompt_id, "latest")
            return newest if newest.prompt == prompt else _add_version(connection, prompt_id, prompt, note)

        return await self._database.write(write)

    async def describe(self, prompt_id: str, name: str, folder: str, tags: Sequence[str]) -> PromptEntry:
        """Gives it another name, place or other tags; returns what it was. Raises ConfigurationError where
        the folder has another of that name."""

        def write(connection: apsw.Connection) -> PromptEntry:
            before = _found(connection, prompt_id)
            _refuse_taken(connection, folder, name, but=prompt_id)
            connection.execute(
                "UPDATE prompts SET name = ?, folder = ?, tags = ?, updated_at = ? WHERE id = ?",
                (rows.plain(name), rows.plain(folder), rows.encode(list(tags)), now_ms(), prompt_id),
            )
            return before

        return await self._database.write(write)

    async def mark(self, prompt_id: str, number: int | None) -> None:
        """Which version is the one in production; None: no one."""

        def write(connection: apsw.Connection) -> None:
            if number is not None:
                _chosen(connection, prompt_id, number)
            _found(connection, prompt_id)
            connection.execute("UPDATE prompts SET production = ? WHERE id = ?", (number, prompt_id))

        await self._database.write(write)

    async def trash(self, prompt_id: str) -> None:
        """Out of the library; nothing is deleted."""
        await self._update("UPDATE prompts SET trashed_at = ? WHERE id = ?", now_ms(), prompt_id)

    async def take_back(self, prompt_id: str) -> None:
        """Out of the trash. Raises ConfigurationError where another has its name meanwhile."""

        def write(connection: apsw.Connection) -> None:
            entry = _found(connection, prompt_id)
            _refuse_taken(connection, entry.folder, entry.name, but=prompt_id)
            connection.execute("UPDATE prompts SET trashed_at = NULL WHERE id = ?", (prompt_id,))

        await self._database.write(write)

    async def trashed(self) -> list[PromptEntry]:
        """What is in the trash, the last first."""
        wanted = f"{_ENTRIES} WHERE trashed_at IS NOT NULL ORDER BY trashed_at DESC, id"
        return await self._database.read(lambda c: [_entry(row) for row in c.execute(wanted)])

    async def delete_for_good(self, ids: Sequence[str]) -> None:
        """Those of these that are in the trash, so that no word of them is left."""

        def write(connection: apsw.Connection) -> None:
            connection.execute("PRAGMA secure_delete = ON")
            connection.executemany(
                "DELETE FROM prompts WHERE id = ? AND trashed_at IS NOT NULL", [(one,) for one in ids]
            )
            connection.execute("PRAGMA secure_delete = OFF")

        await self._database.write(write)

    async def in_files(self) -> list[InFile]:
        """Those that also stand in files; the trash included."""
        wanted = f"SELECT {_COLUMNS}, stamp, trashed_at FROM prompts WHERE file IS NOT NULL"  # noqa: S608

        def read(connection: apsw.Connection) -> list[InFile]:
            found: Any = connection.execute(wanted)
            return [InFile(_entry(row), row[9], row[8], row[10] is not None) for row in found]

        return await self._database.read(read)

    async def stands_in(self, prompt_id: str, file: str | None, stamp: str = "", written: int = 0) -> None:
        """Where it also stands as a file, and which version that file holds; None: nowhere."""
        await self._update(
            "UPDATE prompts SET file = ?, stamp = ?, written = ? WHERE id = ?",
            file,
            stamp,
            written,
            prompt_id,
        )

    async def folders(self) -> dict[str, str]:
        """Linked folders of the disk → folder of the library."""
        found = "SELECT path, folder FROM prompt_folders ORDER BY path"
        return await self._database.read(lambda c: {str(row[0]): str(row[1]) for row in c.execute(found)})

    async def link(self, path: str, folder: str) -> None:
        """Raises ConfigurationError where that folder of the library is linked already."""

        def write(connection: apsw.Connection) -> None:
            taken: Any = connection.execute(
                "SELECT path FROM prompt_folders WHERE folder = ? AND path <> ?", (folder, path)
            ).fetchone()
            if taken is not None:
                raise ConfigurationError(f"{folder!r} is linked to {taken[0]}.", "Choose another name.")
            connection.execute("INSERT OR REPLACE INTO prompt_folders VALUES (?, ?)", (path, folder))

        await self._database.write(write)

    async def unlink(self, path: str) -> None:
        await self._update("DELETE FROM prompt_folders WHERE path = ?", path)

    async def _update(self, statement: str, *values: str | int | None) -> None:
        await self._database.write(lambda c: c.execute(statement, values).fetchall())


def digest(prompt: Prompt) -> str:
    """What tells the content of a prompt from every other: SHA-256, hex."""
    return hashlib.sha256(_canonical(prompt)).hexdigest()


def _add_version(connection: apsw.Connection, prompt_id: str, prompt: Prompt, note: str) -> PromptVersion:
    content = rows.encode(prompt)
    stored = _decode(content)
    number = _found(connection, prompt_id).latest + 1
    version = PromptVersion(
        prompt_id=prompt_id,
        number=number,
        sha256=digest(stored),
        note=rows.plain(note),
        created_at=now_ms(),
        prompt=stored,
    )
    connection.execute(
        "INSERT INTO prompt_versions (prompt_id, number, sha256, note, created_at, content) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (prompt_id, number, version.sha256, version.note, version.created_at, content),
    )
    connection.execute(
        "UPDATE prompts SET latest = ?, updated_at = ? WHERE id = ?", (number, version.created_at, prompt_id)
    )
    files = {sha for message in stored.messages for sha in rows.stored_files(message.attachments)}
    connection.executemany(
        "INSERT OR IGNORE INTO prompt_files (prompt_id, sha256) VALUES (?, ?)",
        [(prompt_id, sha) for sha in sorted(files)],
    )
    return version


def _refuse_taken(connection: apsw.Connection, folder: str, name: str, but: str = "") -> None:
    taken = connection.execute(
        "SELECT 1 FROM prompts WHERE folder = ? AND name = ? AND id <> ? AND trashed_at IS NULL",
        (rows.plain(folder), rows.plain(name), but),
    ).fetchone()
    if taken is not None:
        where = f" in {folder}" if folder else ""
        raise ConfigurationError(f"There is a prompt {name!r}{where} already.", "Choose another name.")


def _found(connection: apsw.Connection, prompt_id: str) -> PromptEntry:
    row: Any = connection.execute(f"{_ENTRIES} WHERE id = ?", (prompt_id,)).fetchone()
    if row is None:
        raise StorageError("There is no such prompt.", "It may have been deleted.")
    return _entry(row)


def _chosen(connection: apsw.Connection, prompt_id: str, which: Which) -> PromptVersion:
    entry = _found(connection, prompt_id)
    number = entry.latest if which == "latest" else entry.production if which == "production" else which
    if number is None:
        raise ConfigurationError(
            f"No version of {entry.name!r} is marked as the one in production.", "Mark one, or say latest."
        )
    row: Any = connection.execute(
        f"{_VERSIONS} WHERE prompt_id = ? AND number = ?", (prompt_id, number)
    ).fetchone()
    if row is None:
        raise StorageError(
            f"{entry.name!r} has no version {number}.", f"It has versions 1 to {entry.latest}."
        )
    return _version(row)


def _entry(row: Any) -> PromptEntry:
    return PromptEntry(
        id=row[0],
        name=row[1],
        folder=row[2],
        tags=tuple(msgspec.json.decode(row[3])),
        production=row[4],
        latest=row[5],
        updated_at=row[6],
        file=row[7] or "",
        unwritten=row[7] is not None and row[8] != row[5],
    )


def _version(row: Any) -> PromptVersion:
    return PromptVersion(
        prompt_id=row[0], number=row[1], sha256=row[2], note=row[3], created_at=row[4], prompt=_decode(row[5])
    )
