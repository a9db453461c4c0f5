"""Files of the profile, stored once each under the SHA-256 of their bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
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
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.new\Z")
_UNUSED = (
    "SELECT sha256 FROM files AS f WHERE created_at <= ? "
    "AND NOT EXISTS (SELECT 1 FROM file_references AS r WHERE r.sha256 = f.sha256) "
    "AND NOT EXISTS (SELECT 1 FROM dataset_files AS d WHERE d.sha256 = f.sha256) "
    "AND NOT EXISTS (SELECT 1 FROM prompt_files AS p WHERE p.sha256 = f.sha256) "
    "AND NOT EXISTS (SELECT 1 FROM run_files AS u WHERE u.sha256 = f.sha256) "
    "AND NOT EXISTS (SELECT 1 FROM renditions AS r JOIN files AS o ON o.sha256 = r.original "
    "WHERE r.sha256 = f.sha256 AND r.original <> f.sha256)"
)
"""What no message, data set, prompt or run shows, and what was not made of another file that is here."""


class _Held(NamedTuple):
    """A file that memory has: `made_of` which others, put there for which conversations ("" where nobody
    said)."""

    data: bytes
    name: str
    media_type: str
    made_of: frozenset[str] = frozenset()
    wanted_by: frozenset[str] = frozenset()


class FileStore:
    """`files/ab/cd…`: ab the first two digits, cd… the rest. A file is on the disk before the
    database knows of it, so that what the database names is there. What is put into a temporary
    conversation is held in memory alone."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._held: dict[str, _Held] = {}
        self._holding = threading.Lock()
        self._stored: set[str] = set()
        """What is held, and on the disk as well, for a conversation that is kept."""
        self._given: dict[str, int] = {}
        """When a file was put here to be attached (UTC milliseconds)."""

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
            return await asyncio.to_thread(self._hold, data, name, media_type, made_of, conversation_id)
        sha256 = await self._store(data, name, media_type)
        if not made_of:
            self._given[sha256] = now_ms()
        return sha256

    async def _store(self, data: bytes | Path, name: str, media_type: str) -> str:
        sha256, known = "", False
        while not known:
            sha256, size = await asyncio.to_thread(self._write, data)
            row = (sha256, size, plain(media_type), plain(name), now_ms())
            known = await self._database.write(partial(_know, row=row, path=self.path(sha256)))
        if sha256 in self._held:
            self._stored.add(sha256)
        return sha256

    def holds(self, sha256: str) -> bool:
        """Whether this file is in memory alone, and is not to touch the disk."""
        return sha256 in self._held and sha256 not in self._stored

    async def read(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises StorageError where they are gone or
        damaged."""
        held = self._held.get(sha256)
        return held.data if held is not None else await asyncio.to_thread(self._read, sha256)

    async def whole(self, sha256: str) -> bytes | Path:
        """Where the file is, its bytes checked as by `read`; the bytes themselves of what is in memory
        alone. Raises StorageError."""
        held = self._held.get(sha256)
        return held.data if held is not None else await asyncio.to_thread(self._checked, sha256)

    def has(self, sha256: str) -> bool:
        """Whether it is here; whether it is whole is seen when it is read."""
        return sha256 in self._held or self.path(sha256).is_file()

    def path(self, sha256: str) -> Path:
        """Where the file is. Raises ValueError for what is not a SHA-256."""
        if not is_digest(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self._folder / sha256[:2] / sha256[2:]

    async def verify(self) -> list[str]:
        """The SHA-256 of every known file that is missing or damaged; [] is good."""
        known = await self._database.read(
            lambda c: [str(row[0]) for row in c.execute("SELECT sha256 FROM files")]
        )
        return await asyncio.to_thread(lambda: [sha for sha in known if not self._is_whole(sha)])

    async def remove_unused(
        self, *, among: Mapping[str, int] | None = None, older_than_ms: int = _UNUSED_AFTER_MS
    ) -> int:
        """Deletes what no message, draft or data set shows and what is older than a day (an upload under
        way is younger), and what was made of it; returns how many.

        Of the files `among` only, if given, with the time (UTC milliseconds) at which each was shown last:
        one that was put here since is about to be shown once more.
        """
        before = now_ms() - older_than_ms
        shown = await self._shown_in_memory()

        def forget(connection: apsw.Connection) -> list[str]:
            kept = _in_drafts(connection) | (shown - self._held.keys())
            found = [str(row[0]) for row in connection.execute(_UNUSED, (before,))]
            unused = [sha for sha in found if sha not in kept and self._is_over(sha, among)]
            # Overwritten: whoever deletes a document for good means its name, too, and what stood in it.
            connection.execute("PRAGMA secure_delete = ON")
            unused += renditions.forget(connection, unused, kept)
            connection.executemany("DELETE FROM files WHERE sha256 = ?", [(sha,) for sha in unused])
            connection.execute("PRAGMA secure_delete = OFF")
            # Deleted inside the transaction: a put of the same bytes waits, and writes them again.
            for sha in unused:
                self.path(sha).unlink(missing_ok=True)
            return unused

        gone = await self._database.write(forget)
        self._stored.difference_update(gone)
        for sha in gone:
            self._given.pop(sha, None)
        return len(gone)

    def _is_over(self, sha256: str, among: Mapping[str, int] | None) -> bool:
        return among is None or (sha256 in among and self._given.get(sha256, 0) <= among[sha256])

    async def remove_strays(self, *, older_than_ms: int = _UNUSED_AFTER_MS) -> int:
        """Deletes what a program that ended suddenly left in the folder: files half written, and those the
        database does not know of, older than a day; returns how many."""
        before = time.time() - older_than_ms / 1000
        found = await asyncio.to_thread(lambda: list(self._strays(before)))

        def remove(connection: apsw.Connection) -> int:
            known = "SELECT EXISTS (SELECT 1 FROM files WHERE sha256 = ?)"
            count = 0
            for path in found:
                if connection.execute(known, (path.parent.name + path.name,)).fetchall() == [(0,)]:
                    path.unlink(missing_ok=True)
                    count += 1
            return count

        return await self._database.write(remove) if found else 0

    def _strays(self, before: float) -> Iterator[Path]:
        for path in self._folder.glob("??/*"):
            if _UNFINISHED.match(path.name) or _SHA256.match(path.parent.name + path.name):
                with suppress(OSError):
                    if path.lstat().st_mtime <= before:
                        yield path

    async def forget_unused(self, conversation_id: str = "") -> None:
        """Lets go of what is held in memory, but for what temporary conversations show and what was put
        there for others than `conversation_id`."""
        kept = await self._shown_in_memory()
        for sha256, held in self._held.items():
            left = held.wanted_by - {conversation_id}
            self._held[sha256] = held._replace(wanted_by=left)
            if left:
                kept.add(sha256)
        made = {sha256 for sha256, held in self._held.items() if held.made_of & kept}
        while not made <= kept:
            kept |= made
            made = {sha256 for sha256, held in self._held.items() if held.made_of & kept}
        self._held = {sha256: held for sha256, held in self._held.items() if sha256 in kept}
        self._stored &= self._held.keys()

    async def keep(self, conversation_id: str) -> frozenset[str]:
        """Stores what is held in memory and shown by this temporary conversation; returns what the disk
        did not have before."""
        shown = await self._database.of(conversation_id).read(lambda c: _shown_in(c, conversation_id))
        fresh = frozenset(sha256 for sha256 in shown if self.holds(sha256))
        try:
            for sha256 in fresh:
                held = self._held[sha256]
                await self._store(held.data, held.name, held.media_type)
        except BaseException:
            await self.take_back(fresh)
            raise
        return fresh

    async def take_back(self, files: Collection[str]) -> None:
        """Deletes what `keep` stored, where nothing on the disk shows it."""
        await self.remove_unused(among=dict.fromkeys(files, now_ms()), older_than_ms=-1)

    async def _shown_in_memory(self) -> set[str]:
        """What temporary conversations show."""
        if self._database.temporary is None:
            return set()

        def shown(connection: apsw.Connection) -> set[str]:
            found = connection.execute("SELECT DISTINCT sha256 FROM file_references")
            return {str(row[0]) for row in found} | _in_drafts(connection)

        return await self._database.temporary.read(shown)

    def _hold(
        self, data: bytes | Path, name: str, media_type: str, made_of: str, conversation_id: str
    ) -> str:
        whole = b"".join(_chunks(data))
        sha256 = hashlib.sha256(whole).hexdigest()
        with self._holding:
            before = self._held.get(sha256)
            if before is None or (before.made_of and not made_of):
                made = before.made_of if before is not None else frozenset()
                before = _Held(whole, name, media_type, made, frozenset())
            made_of_what = before.made_of | {made_of} if made_of else before.made_of
            wanted_by = before.wanted_by if made_of else before.wanted_by | {conversation_id}
            self._held[sha256] = before._replace(made_of=made_of_what, wanted_by=wanted_by)
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
        except OSError as error:
            raise _unreadable(error, path) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(path)
        return data

    def _checked(self, sha256: str) -> Path:
        path = self.path(sha256)
        try:
            found = _digest(_chunks(path))[0]
        except OSError as error:
            raise _unreadable(error, path) from error
        if found != sha256:
            raise _damaged(path)
        return path

    def _is_whole(self, sha256: str) -> bool:
        try:
            return _digest(_chunks(self.path(sha256)))[0] == sha256
        except OSError:
            return False


def is_digest(name: str) -> bool:
    """Whether a file could be stored under this name."""
    return _SHA256.match(name) is not None


def _unreadable(error: OSError, path: Path) -> StorageError:
    if isinstance(error, FileNotFoundError):
        told = "An attached file is missing from the profile."
        return StorageError(told, f"Restore {path} from a backup, or attach it again.")
    return failures.system_error(error, path)


def _damaged(path: Path) -> StorageError:
    return StorageError("An attached file is damaged.", f"Restore {path} from a backup, or attach it again.")


def _know(connection: apsw.Connection, row: tuple[str, int, str, str, int], path: Path) -> bool:
    """Writes a file down that is at its path; False where it was deleted meanwhile."""
    if not path.exists():
        return False
    connection.execute(
        # Given again, an old file that nothing shows is an upload under way once more.
        "INSERT INTO files (sha256, size, media_type, name, created_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (sha256) DO UPDATE SET created_at = max(created_at, excluded.created_at)",
        row,
    )
    return True


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
