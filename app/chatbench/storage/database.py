"""The profile's one SQLite file: one thread writes, others read, nobody waits on the caller's thread.

`Database.open` returns at once; the file is opened, checked and migrated on the writer thread, and
whatever goes wrong there reaches every waiter. A write is one `BEGIN IMMEDIATE` transaction and
happens even if its waiter is cancelled; a read is one snapshot and is interrupted then.

Temporary conversations stand in a second database of the same schema that only memory holds. `of`
says which of the two an id belongs to.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import apsw

from chatbench.core.errors import ChatbenchError, DatabaseClosed, StorageError
from chatbench.storage import failures, opening
from chatbench.storage.migrations import MIGRATIONS, Migration

log = logging.getLogger(__name__)
T = TypeVar("T")
_MAX_READERS = 2


class _Job(Generic[T]):
    """One function for a connection, and the future its waiter holds."""

    def __init__(self, work: Callable[[apsw.Connection], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._running: apsw.Connection | None = None
        self.future: Future[T] = Future()

    def run(self, connection: apsw.Connection, path: Path) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        with self._lock:
            self._running = connection
        try:
            result = self._work(connection)
        except BaseException as error:  # noqa: BLE001 - the waiter gets it, whatever it is
            self._done()
            self.future.set_exception(failures.database_error(error, path, connection.system_errno))
        else:
            self._done()
            self.future.set_result(result)

    def _done(self) -> None:
        with self._lock:
            self._running = None

    def interrupt(self) -> None:
        """Stops a statement that is being run for this job, and no other."""
        with self._lock:
            if self._running is not None:
                self._running.interrupt()


class _Worker:
    """A thread with a connection. Ends at a None in its queue."""

    def __init__(
        self,
        name: str,
        queue: SimpleQueue[_Job[Any] | None],
        path: Path,
        connect: Callable[[], apsw.Connection],
    ) -> None:
        self._queue, self._path, self._connect = queue, path, connect
        self.opened: Future[None] = Future()
        self.ended: Future[None] = Future()
        self.busy = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    async def end(self) -> None:
        """Waits for the thread to come to the None in its queue and to close its connection."""
        await asyncio.shield(asyncio.wrap_future(self.ended))
        self.thread.join()

    def _run(self) -> None:
        connection: apsw.Connection | None = None
        try:
            connection = self._connect()
        except BaseException as error:  # noqa: BLE001 - every waiter is told
            self.opened.set_exception(failures.database_error(error, self._path))
        else:
            self.opened.set_result(None)
        while (job := self._queue.get()) is not None:
            self.busy = True
            if connection is None:
                _refuse(job, self.opened.exception())
            else:
                job.run(connection, self._path)
            del job
            self.busy = False
        if connection is not None:
            connection.close()
        self.ended.set_result(None)


def _refuse(job: _Job[Any], why: BaseException | None) -> None:
    if job.future.set_running_or_notify_cancel():
        fresh = type(why)(why.message, why.hint) if isinstance(why, ChatbenchError) else why
        job.future.set_exception(fresh or StorageError("The database is not open."))


class Database:
    """Reads and writes of one database file. To be used from one event loop."""

    def __init__(self, path: Path, backups: Path | None, migrations: Sequence[Migration]) -> None:
        """Without `backups` it is one that only memory holds."""
        self.path = path
        self._closed = False
        self._migrations = migrations
        self._in_memory = backups is None
        self._temporary: Database | None = None
        self._temporary_ids: set[str] = set()
        self._writes: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._reads: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._seen_version = 0

        def connect() -> apsw.Connection:
            if backups is None:
                return opening.open_memory(migrations)
            connection = opening.open_writer(path, backups, migrations)
            self._seen_version = _data_version(connection)
            return connection

        self._writer = _Worker("database-writer", self._writes, path, connect)
        self._readers: list[_Worker] = []

    @classmethod
    def open(
        cls, path: Path, *, backups: Path | None = None, migrations: Sequence[Migration] = MIGRATIONS
    ) -> Database:
        """Starts to open `path` (its folder exists) and returns at once; see `ready`."""
        return cls(path, backups or path.parent / "backups", migrations)

    def of(self, an_id: str) -> Database:
        """Where what has this id is kept: here, or only in memory."""
        if self._temporary is not None and an_id in self._temporary_ids:
            return self._temporary
        return self

    def keep_in_memory(self, *ids: str) -> Database:
        """From now on what has one of these ids is kept only in memory; returns where."""
        self._refuse_if_closed()
        if self._temporary is None:
            self._temporary = Database(Path(":memory:"), None, self._migrations)
        self._temporary_ids.update(ids)
        return self._temporary

    def keep_on_disk(self, *ids: str) -> None:
        """From now on what has one of these ids belongs here."""
        self._temporary_ids.difference_update(ids)

    @property
    def temporary(self) -> Database | None:
        """Where temporary conversations are kept, if there were any."""
        return self._temporary

    def is_temporary(self, an_id: str) -> bool:
        """Whether what has this id is kept only in memory."""
        return an_id in self._temporary_ids

    async def ready(self) -> None:
        """Waits until the file is open and up to date.

        Raises DatabaseTooNew, DatabaseCorrupt, ReadOnly, DiskFull or StorageError, as every
        read and write of a database that could not be opened does.
        """
        await asyncio.shield(asyncio.wrap_future(self._writer.opened))

    async def write(self, work: Callable[[apsw.Connection], T], *, durable: bool = False) -> T:
        """Runs `work` in one transaction on the writer thread: all of it, or (raising) nothing.

        `durable`: survives a power cut too, once this returns; otherwise only the program's
        own end, however sudden.
        """
        return await self._run_on_writer(lambda connection: _transact(connection, work, durable))

    def submit(self, work: Callable[[apsw.Connection], T]) -> Future[T]:
        """`write`, without waiting for it, from any thread. The future says how it went."""
        self._refuse_if_closed()
        job = _Job(lambda connection: _transact(connection, work, False))
        self._writes.put(job)
        return job.future

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Runs `work` on a read-only connection, on one snapshot."""
        if self._in_memory:
            return await self._run_on_writer(lambda connection: _snapshot(connection, work))
        self._refuse_if_closed()
        job = _Job(lambda connection: _snapshot(connection, work))
        if len(self._readers) < _MAX_READERS and all(reader.busy for reader in self._readers):
            self._readers.append(_Worker("database-reader", self._reads, self.path, self._open_reader))
        self._reads.put(job)
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.interrupt()
            raise

    async def changed_elsewhere(self) -> bool:
        """Whether another process has committed since the last call (at first: since opening)."""

        def compare(connection: apsw.Connection) -> bool:
            before, self._seen_version = self._seen_version, _data_version(connection)
            return before != self._seen_version

        return await self._run_on_writer(compare)

    async def check(self) -> list[str]:
        """Everything SQLite's and the full-text index's own checks find wrong; [] is good."""
        return await self._run_on_writer(opening.problems_in)

    async def copy_to(self, target: Path) -> None:
        """A checked, compact copy at `target` (a new file, or one that is replaced)."""
        await self._run_on_writer(lambda connection: opening.copy_database(connection, target))

    async def fold(self) -> None:
        """Moves the write-ahead log into the file and empties it, so that nothing that was deleted is left
        in either; as far as nobody is reading at the moment."""
        if not self._in_memory:
            await self._run_on_writer(lambda c: c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())

    async def close(self) -> None:
        """Finishes what was asked for before, then closes. A second call is harmless."""
        if self._closed:
            return
        self._closed = True
        if self._temporary is not None:
            await self._temporary.close()
        for _ in self._readers:
            self._reads.put(None)
        for reader in self._readers:
            await reader.end()
        # Last, because the last connection folds the write-ahead log into the file, if it may write.
        self._writes.put(None)
        await self._writer.end()

    async def _run_on_writer(self, work: Callable[[apsw.Connection], T]) -> T:
        self._refuse_if_closed()
        job = _Job(work)
        self._writes.put(job)
        try:
            return await asyncio.shield(asyncio.wrap_future(job.future))
        except asyncio.CancelledError:
            job.future.add_done_callback(_log_unseen)
            raise

    def _open_reader(self) -> apsw.Connection:
        self._writer.opened.result()
        return opening.open_reader(self.path)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise DatabaseClosed("The database is closed.", "Chatbench is shutting down.")


def _log_unseen(future: Future[Any]) -> None:
    """Nobody waits for this write any more; that it failed must not go unsaid."""
    error = None if future.cancelled() else future.exception()
    if error is not None:
        log.error("a write failed after its waiter had gone: %s", error)


def _data_version(connection: apsw.Connection) -> int:
    # On the one connection that writes, it changes with the commits of other processes only.
    return int(connection.pragma("data_version"))


def _transact(connection: apsw.Connection, work: Callable[[apsw.Connection], T], durable: bool) -> T:
    if durable:
        connection.execute("PRAGMA synchronous=FULL")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    finally:
        if durable:
            connection.execute("PRAGMA synchronous=NORMAL")
    return result


def _snapshot(connection: apsw.Connection, work: Callable[[apsw.Connection], T]) -> T:
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
