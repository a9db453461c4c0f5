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


_SELECT = "SELECT sha256, provider, file_id, uploaded_at, expires_at FROM uploads"
_PUT = (
    "INSERT OR REPLACE INTO uploads (sha256, provider, file_id, uploaded_at, expires_at) "
    "VALUES (?, ?, ?, ?, ?)"
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
