"""Answers kept in an SQLite file of their own, which several processes may use at once.

What is put is committed in batches, a moment later, on the database's writer thread, and can be read
at once. The least recently used go first when the limits are passed. Entries are bytes that mean
nothing here.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import apsw

from chatbench.core.errors import DatabaseCorrupt, StorageError
from chatbench.storage.database import Database

log = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE responses (
    seq      INTEGER PRIMARY KEY,
    key      TEXT NOT NULL UNIQUE,
    saved_at INTEGER NOT NULL,
    used_at  INTEGER NOT NULL,
    size     INTEGER NOT NULL,
    entry    BLOB NOT NULL
) STRICT;
CREATE INDEX responses_by_use ON responses (used_at, size);
CREATE INDEX responses_by_age ON responses (saved_at);
CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES (0, 0);
CREATE TRIGGER counted AFTER INSERT ON responses BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER uncounted AFTER DELETE ON responses BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - old.size;
END;
CREATE TRIGGER recounted AFTER UPDATE OF size ON responses BEGIN
    UPDATE totals SET bytes = bytes + new.size - old.size;
END;
"""
_PUT = """
INSERT INTO responses (key, saved_at, used_at, size, entry) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET saved_at = excluded.saved_at, used_at = excluded.used_at,
    size = excluded.size, entry = excluded.entry
"""
_HINT = "It was left as it is. Name another file for the cache, or move this one away."
_ROOM = 0.9
"""How full the limits leave the file once entries had to go."""


def _make(connection: apsw.Connection) -> None:
    connection.execute(_SCHEMA)


class Totals(NamedTuple):
    """How many entries a file holds, and their bytes together."""

    entries: int
    bytes: int


class _Pending(NamedTuple):
    saved_at: int
    entry: bytes


class ResponseFile:
    """Keys and entries of one file; `path`'s folder exists. To be used from any loop or thread.

    The first use raises what opening a Database does. Later faults of the file stop nobody: what
    cannot be read is not there, what cannot be written is not kept, and the first is logged.
    """

    def __init__(
        self,
        path: Path,
        *,
        ttl_s: float | None = None,
        max_bytes: int | None = None,
        max_entries: int | None = None,
        commit_s: float = 0.2,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._ttl_s, self._max_bytes, self._max_entries = ttl_s, max_bytes, max_entries
        self._commit_s, self._now = commit_s, now
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}
        self._writing: dict[str, _Pending] = {}
        self._used: dict[str, int] = {}
        self._due = 0.0
        self._database: Database | None = None
        self._checked: Database | None = None
        self._complained = False
        self._last: Future[None] | None = None
        self._process = os.getpid()

    async def get(self, key: str) -> bytes | None:
        """The entry put last under `key`, by any process; None where there is none or it is too old."""
        with self._lock:
            waiting = self._pending.get(key) or self._writing.get(key)
        oldest = self._oldest()
        if waiting is not None:
            return waiting.entry if waiting.saved_at >= oldest else None
        database = await self._opened()
        try:
            entry = await database.read(lambda connection: _entry(connection, key, oldest))
        except StorageError as error:
            self._complain("read from", error)
            return None
        if entry is not None and self._bounded:
            with self._lock:
                self._used[key] = _ms(self._now())
            self._schedule()
        return entry

    def put(self, key: str, entry: bytes) -> None:
        """Keeps the entry; returns at once. One that is larger than the file may be is left out."""
        if self._max_bytes is not None and len(entry) > self._max_bytes:
            return
        self._open()
        with self._lock:
            self._pending[key] = _Pending(_ms(self._now()), entry)
        self._schedule()

    async def totals(self) -> Totals:
        """What is in the file, what is about to be written included."""
        await self.flush()
        return await (await self._opened()).read(_totals)

    async def clear(self) -> None:
        """Forgets everything."""
        await self.flush()
        await (await self._opened()).write(lambda connection: connection.execute("DELETE FROM responses"))

    async def flush(self) -> None:
        """Waits until everything that was put is in the file."""
        self._write()
        last = self._last  # one thread writes, in order: when this is done, so is all before it
        if last is not None:
            written = asyncio.wrap_future(last)
            await asyncio.wait([written])
            written.exception()  # it has been logged

    async def aclose(self) -> None:
        """Writes what is pending and closes the file; the next use opens it again."""
        await self.flush()
        database, self._database = self._database, None
        if database is not None:
            atexit.unregister(self._write_at_exit)
            await database.close()

    @property
    def _bounded(self) -> bool:
        return self._max_bytes is not None or self._max_entries is not None

    def _oldest(self) -> int:
        return 0 if self._ttl_s is None else _ms(self._now() - self._ttl_s)

    def _open(self) -> Database:
        with self._lock:
            if self._database is None:
                self._database = Database.open(self._path, migrations=(_make,))
                atexit.register(self._write_at_exit)
            return self._database

    async def _opened(self) -> Database:
        """The database once it is known to be a cache. Raises what is wrong with the file."""
        database = self._open()
        if self._checked is not database:
            try:
                await database.ready()
                tables = await database.read(_tables)
            except StorageError as error:
                raise type(error)(error.message, _HINT) from error
            if "totals" not in tables:
                raise DatabaseCorrupt(f"The file {self._path} holds something else than answers.", _HINT)
            self._checked = database
        return database

    def _schedule(self) -> None:
        """Has the pending written in a moment, unless that is under way. A loop that has ended since
        it was asked is not relied on."""
        now = time.monotonic()
        if self._due > now - 5 * self._commit_s:
            return
        self._due = now + self._commit_s
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
        else:
            loop.call_later(self._commit_s, self._write)

    def _write(self) -> Future[None] | None:
        with self._lock:
            self._due = 0.0
            if self._database is None or not (self._pending or self._used):
                return None
            batch, self._pending = self._pending, {}
            used, self._used = self._used, {}
            self._writing = {**self._writing, **batch}
            future = self._database.submit(lambda connection: self._store(connection, batch, used))
            self._last = future
        future.add_done_callback(lambda done: self._written(done, batch))
        return future

    def _store(self, connection: apsw.Connection, batch: dict[str, _Pending], used: dict[str, int]) -> None:
        connection.executemany(
            "UPDATE responses SET used_at = ? WHERE key = ?", [(at, key) for key, at in used.items()]
        )
        connection.executemany(
            _PUT, [(key, one.saved_at, one.saved_at, len(one.entry), one.entry) for key, one in batch.items()]
        )
        if self._ttl_s is not None:
            connection.execute("DELETE FROM responses WHERE saved_at < ?", (self._oldest(),))
        if self._bounded:
            _evict(connection, self._max_bytes, self._max_entries)

    def _written(self, done: Future[None], batch: dict[str, _Pending]) -> None:
        with self._lock:
            for key, one in batch.items():
                if self._writing.get(key) is one:
                    del self._writing[key]
        if not done.cancelled() and (error := done.exception()) is not None:
            self._complain("written to", error)

    def _complain(self, verb: str, error: BaseException) -> None:
        level = logging.DEBUG if self._complained else logging.WARNING
        self._complained = True
        log.log(level, "answers could not be %s %s: %s", verb, self._path, error)

    def _write_at_exit(self) -> None:
        if os.getpid() != self._process:
            return  # a child that was forked: its parent writes
        future = self._write()
        if future is not None:
            try:
                future.exception(timeout=5)
            except TimeoutError as error:
                self._complain("written to", error)


def _entry(connection: apsw.Connection, key: str, oldest: int) -> bytes | None:
    found = connection.execute(
        "SELECT entry FROM responses WHERE key = ? AND saved_at >= ?", (key, oldest)
    ).fetchone()
    return None if found is None else bytes(found[0])


def _tables(connection: apsw.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def _totals(connection: apsw.Connection) -> Totals:
    return Totals(*next(connection.execute("SELECT entries, bytes FROM totals")))


def _evict(connection: apsw.Connection, max_bytes: int | None, max_entries: int | None) -> None:
    """Drops the least recently used until a tenth of the room is free, if a limit was passed."""
    entries, size = _totals(connection)
    bytes_over = max_bytes is not None and size > max_bytes
    entries_over = max_entries is not None and entries > max_entries
    if not (bytes_over or entries_over):
        return
    most_bytes = size if max_bytes is None else int(max_bytes * _ROOM)
    most_entries = entries if max_entries is None else int(max_entries * _ROOM)
    gone: list[tuple[int]] = []
    for seq, one in connection.execute("SELECT seq, size FROM responses ORDER BY used_at, seq"):
        if size <= most_bytes and entries <= most_entries:
            break
        gone.append((seq,))
        size -= one
        entries -= 1
    connection.executemany("DELETE FROM responses WHERE seq = ?", gone)


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
