"""Files of the profile, stored once each under the SHA-256 of their bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from chatbench.core.errors import StorageError
from chatbench.storage import failures, renditions
from chatbench.storage.database import Database
from chatbench.storage.rows import draft, draft_key, plain, stored_files
from chatbench.storage.turns import now_ms

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_CHUNK_BYTES = 1 << 20
_UNUSED_AFTER_MS = 86_400_000
_UNUSED = (
    "SELECT sha256 FROM files AS f WHERE created_at <= ? "
    "AND NOT EXISTS (SELECT 1 FROM file_references AS r WHERE r.sha256 = f.sha256) "
    "AND NOT EXISTS (SELECT 1 FROM renditions AS r JOIN files AS o ON o.sha256 = r.original "
    "WHERE r.sha256 = f.sha256 AND r.original <> f.sha256)"
)
"""What no message shows, and what was not made of another file that is here."""


class _Held(NamedTuple):
    """A file that only memory has."""

    data: bytes
    name: str
    media_type: str
    made_of: str = ""


class FileStore:
    """`files/ab/cd…`: ab the first two digits, cd… the rest. A file is on the disk before the
    database knows of it, so that what the database names is there. What is put into a temporary
    conversation is held in memory alone."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._held: dict[str, _Held] = {}

    async def put(
        self,
        data: bytes | Path,
        *,
        name: str = "",
        media_type: str = "",
        conversation_id: str = "",
        made_of: str = "",
        in_memory: bool = False,
    ) -> str:
        """Stores bytes, or a file's, and returns their SHA-256 (hex). Twice the same is once.
        `conversation_id` is where they are for, if that is known; what is `made_of` a file (its
        SHA-256) that only memory has is held there as well, and so is what is to be `in_memory`.

        Raises DiskFull, ReadOnly, StorageError; OSError where a given file cannot be read.
        """
        if in_memory or self._database.is_temporary(conversation_id) or self.holds(made_of):
            return await asyncio.to_thread(self._hold, data, name, media_type, made_of)
        sha256, size = await asyncio.to_thread(self._write, data)
        values = (sha256, size, plain(media_type), plain(name), now_ms())

        def insert(connection: apsw.Connection) -> None:
            connection.execute(
                # Given again, an old file that nothing shows is an upload under way once more.
                "INSERT INTO files (sha256, size, media_type, name, created_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (sha256) DO UPDATE SET created_at = max(created_at, excluded.created_at)",
                values,
            )

        await self._database.write(insert)
        return sha256

    def holds(self, sha256: str) -> bool:
        """Whether this file is in memory, and is not to touch the disk."""
        return sha256 in self._held

    async def read(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises StorageError where they are gone or
        damaged."""
        held = self._held.get(sha256)
        return held.data if held is not None else await asyncio.to_thread(self._read, sha256)

    def path(self, sha256: str) -> Path:
        """Where the file is. Raises ValueError for what is not a SHA-256."""
        if not _SHA256.match(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self._folder / sha256[:2] / sha256[2:]

    async def verify(self) -> list[str]:
        """The SHA-256 of every known file that is missing or damaged; [] is good."""
        known = await self._database.read(
            lambda c: [str(row[0]) for row in c.execute("SELECT sha256 FROM files")]
        )
        return await asyncio.to_thread(lambda: [sha for sha in known if not self._is_whole(sha)])

    async def remove_unused(
        self, *, among: Collection[str] | None = None, older_than_ms: int = _UNUSED_AFTER_MS
    ) -> int:
        """Deletes what no message and no draft shows and what is older than a day (an upload under
        way is younger), of the files `among` only, if given, and what was made of it; returns how
        many."""
        before = now_ms() - older_than_ms

        def forget(connection: apsw.Connection) -> list[str]:
            kept = _in_drafts(connection)
            found = connection.execute(_UNUSED, (before,)).fetchall()
            unused = [
                str(row[0]) for row in found if row[0] not in kept and (among is None or row[0] in among)
            ]
            unused += renditions.forget(connection, unused, kept)
            connection.executemany("DELETE FROM files WHERE sha256 = ?", [(sha,) for sha in unused])
            # Deleted inside the transaction: a put of the same bytes waits, and writes them again.
            for sha in unused:
                self.path(sha).unlink(missing_ok=True)
            return unused

        return len(await self._database.write(forget))

    async def forget_unused(self, conversation_id: str) -> None:
        """Lets go of what is held in memory, but for what temporary conversations show. A temporary
        `conversation_id` says that there are, or were, any."""

        def used(connection: apsw.Connection) -> set[str]:
            shown = connection.execute("SELECT DISTINCT sha256 FROM file_references")
            return {str(row[0]) for row in shown} | _in_drafts(connection)

        kept = await self._database.of(conversation_id).read(used)
        kept |= {sha256 for sha256, held in self._held.items() if held.made_of in kept}
        self._held = {sha256: held for sha256, held in self._held.items() if sha256 in kept}

    async def keep(self, conversation_id: str) -> None:
        """Stores what is held in memory and shown by this temporary conversation."""
        shown = await self._database.of(conversation_id).read(lambda c: _shown_in(c, conversation_id))
        for sha256 in shown & self._held.keys():
            held = self._held[sha256]
            await self.put(held.data, name=held.name, media_type=held.media_type)

    def _hold(self, data: bytes | Path, name: str, media_type: str, made_of: str) -> str:
        held = _Held(b"".join(_chunks(data)), name, media_type, made_of)
        sha256 = hashlib.sha256(held.data).hexdigest()
        if sha256 not in self._held or not made_of:
            self._held[sha256] = held
        return sha256

    def _write(self, data: bytes | Path) -> tuple[str, int]:
        sha256, size = _digest(_chunks(data))
        target = self.path(sha256)
        if self._is_whole(sha256):
            return sha256, size
        unfinished = target.with_name(f".{secrets.token_hex(8)}.new")
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                _write_durably(unfinished, data)
                unfinished.replace(target)
                _sync_folder(target.parent)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise failures.system_error(error, target) from error
        if not self._is_whole(sha256):
            raise StorageError("The file changed while it was being read.", "Attach it again.")
        return sha256, size

    def _read(self, sha256: str) -> bytes:
        path = self.path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise StorageError(
                "An attached file is missing from the profile.",
                f"Restore {path} from a backup, or attach it again.",
            ) from error
        except OSError as error:
            raise failures.system_error(error, path) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError(
                "An attached file is damaged.", f"Restore {path} from a backup, or attach it again."
            )
        return data

    def _is_whole(self, sha256: str) -> bool:
        try:
            return _digest(_chunks(self.path(sha256)))[0] == sha256
        except OSError:
            return False


def _chunks(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _digest(chunks: Iterator[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _write_durably(path: Path, data: bytes | Path) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        for chunk in _chunks(data):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder, and has no need to
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _shown_in(connection: apsw.Connection, conversation_id: str) -> set[str]:
    """The files of the messages, the drafts and the queue of one conversation."""
    found = connection.execute(
        "SELECT DISTINCT sha256 FROM file_references AS r JOIN messages AS m ON m.seq = r.message_seq "
        "WHERE m.conversation_id = ?",
        (conversation_id,),
    )
    shown = {str(row[0]) for row in found}
    for (text,) in connection.execute(
        "SELECT draft FROM drafts WHERE conversation_id IN (?1, ?2) UNION ALL "
        "SELECT draft FROM waiting WHERE conversation_id = ?1",
        (conversation_id, draft_key(conversation_id, edit=True)),
    ):
        shown |= stored_files(draft(text).attachments)
    return shown


def _in_drafts(connection: apsw.Connection) -> set[str]:
    found: set[str] = set()
    for (text,) in connection.execute("SELECT draft FROM drafts UNION ALL SELECT draft FROM waiting"):
        found |= stored_files(draft(text).attachments)
    return found
