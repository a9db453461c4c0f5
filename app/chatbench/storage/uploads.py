"""What providers keep of the profile's files, and under which name."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from chatbench.storage.database import Database
from chatbench.storage.rows import plain


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One file at one provider. Times are UTC milliseconds; `expires_at` None where the provider
    keeps it until it is deleted."""

    sha256: str
    provider: str
    file_id: str
    uploaded_at: int
    expires_at: int | None = None


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with a message that shows a file, or something that the file was made of."""

    conversation_id: str
    title: str


_SELECT = "SELECT sha256, provider, file_id, uploaded_at, expires_at FROM uploads"
_PUT = (
    "INSERT OR REPLACE INTO uploads (sha256, provider, file_id, uploaded_at, expires_at) "
    "VALUES (?, ?, ?, ?, ?)"
)
_USES = (
    "SELECT DISTINCT u.file_id, v.id, v.title FROM uploads AS u "
    "JOIN file_references AS r ON r.sha256 = u.sha256 "
    "OR r.sha256 IN (SELECT original FROM renditions AS n WHERE n.sha256 = u.sha256) "
    "JOIN messages AS m ON m.seq = r.message_seq JOIN conversations AS v ON v.id = m.conversation_id "
    "WHERE u.provider = ? AND m.deleted_at IS NULL AND v.trashed_at IS NULL ORDER BY v.updated_at DESC"
)


class UploadStore:
    """By file and provider; a file is at a provider once. All methods raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, sha256: str, provider: str) -> Upload | None:
        """What was written down last; whether it has expired is for the caller to see."""
        wanted = f"{_SELECT} WHERE sha256 = ? AND provider = ?"
        found = await self._database.read(lambda c: _uploads(c, wanted, (sha256, plain(provider))))
        return found[0] if found else None

    async def of(self, provider: str) -> tuple[Upload, ...]:
        """Everything at a provider, newest first."""
        wanted = f"{_SELECT} WHERE provider = ? ORDER BY uploaded_at DESC"
        return await self._database.read(lambda c: _uploads(c, wanted, (plain(provider),)))

    async def uses(self, provider: str) -> dict[str, tuple[Use, ...]]:
        """Where the files at a provider are used, by the name it knows them by, newest first; the trash is
        left out."""

        def read(connection: apsw.Connection) -> dict[str, tuple[Use, ...]]:
            found: dict[str, tuple[Use, ...]] = {}
            rows: Any = connection.execute(_USES, (plain(provider),))
            for file_id, conversation_id, title in rows:
                use = Use(conversation_id=conversation_id, title=title)
                found[file_id] = (*found.get(file_id, ()), use)
            return found

        return await self._database.read(read)

    async def put(self, upload: Upload) -> None:
        """In place of what was known of this file at this provider."""
        values = (
            upload.sha256,
            plain(upload.provider),
            plain(upload.file_id),
            upload.uploaded_at,
            upload.expires_at,
        )
        await self._database.write(lambda c: _execute(c, _PUT, values))

    async def forget(self, provider: str, file_id: str) -> None:
        """It was deleted there."""
        values = (plain(provider), plain(file_id))
        await self._database.write(
            lambda c: _execute(c, "DELETE FROM uploads WHERE provider = ? AND file_id = ?", values)
        )


def _uploads(connection: apsw.Connection, wanted: str, values: tuple[str, ...]) -> tuple[Upload, ...]:
    found: Any = connection.execute(wanted, values)
    return tuple(
        Upload(sha256=row[0], provider=row[1], file_id=row[2], uploaded_at=row[3], expires_at=row[4])
        for row in found
    )


def _execute(connection: apsw.Connection, statement: str, values: tuple[Any, ...]) -> None:
    connection.execute(statement, values)
