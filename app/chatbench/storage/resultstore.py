"""A table of results in an SQLite file of the user's: one thread writes, as fast as results come.

A lock on a file beside it keeps other runs out. The database itself is not locked by us: closing a
file of it would take SQLite's own locks away, and others may read it meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

import apsw

from chatbench.core.errors import DiskFull, FormatError, StorageError
from chatbench.storage import failures
from chatbench.storage.owners import try_hold

_Row = tuple[int, str, str, bool, bytes]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    failed INTEGER NOT NULL,
    result TEXT NOT NULL
) STRICT
"""


class ResultStore:
    """Rows by the place of their prompt; a later row for a place takes the earlier one's."""

    def __init__(self, path: Path) -> None:
        """Makes the file and the table where there are none. Raises StorageError, also where another
        run writes to it, and FormatError for a database of something else."""
        self.path = path
        self._error: BaseException | None = None
        self._queue: SimpleQueue[_Row | None] = SimpleQueue()
        self._lock = _Lock(path)
        try:
            self._connection = self._opened(path)
        except BaseException:
            self._lock.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="chatbench-results", daemon=True)
        self._thread.start()

    def _opened(self, path: Path) -> apsw.Connection:
        with suppress(OSError):  # where there is none, one that is its owner's alone
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            connection = apsw.Connection(str(path))
        except apsw.Error as error:
            raise self._told(error) from error
        try:
            connection.set_busy_timeout(5000)
            _refuse_foreign(connection, path)
            connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        except FormatError:
            connection.close()
            raise
        except apsw.Error as error:
            number = connection.system_errno
            connection.close()
            raise self._told(error, number) from error
        return connection

    def answered(self) -> Iterator[tuple[int, str]]:
        """Place and fingerprint of every result that is no error. To be read before the first `put`."""
        try:
            yield from self._connection.execute(
                "SELECT position, fingerprint FROM results WHERE NOT failed ORDER BY position"
            )
        except apsw.Error as error:
            raise self._told(error) from error

    def put(self, position: int, identity: str, fingerprint: str, failed: bool, result: bytes) -> None:
        """Takes a row over and returns at once. Raises StorageError where an earlier one could not
        be written."""
        if self._error is not None:
            raise self._told(self._error)
        self._queue.put((position, identity, fingerprint, failed, result))

    def close(self) -> None:
        """Returns when everything is written. Raises StorageError where something could not be."""
        self._queue.put(None)
        self._thread.join()
        try:
            self._connection.close()
        finally:
            self._lock.close()
        if self._error is not None:
            raise self._told(self._error)

    def _told(self, error: BaseException, number: int = 0) -> BaseException:
        if isinstance(error, apsw.BusyError | apsw.LockedError):
            return StorageError(f"Another program keeps {self.path} busy.", "Close it there and run again.")
        told = failures.database_error(error, self.path, number)
        if isinstance(told, apsw.Error):
            return StorageError(f"{self.path} cannot be used: {told}.", "Name another file.")
        if isinstance(told, StorageError) and not isinstance(told, DiskFull):
            # The file is the user's own, and none of the profile.
            return type(told)(told.message, "It was left as it is. Name another file for the results.")
        return told

    def _serve(self) -> None:
        going = True
        while going:
            rows = [self._queue.get()]
            while not self._queue.empty():
                rows.append(self._queue.get())
            going = None not in rows
            self._write([row for row in rows if row is not None])

    def _write(self, rows: list[_Row]) -> None:
        if not rows or self._error is not None:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)",
                ((p, i, f, failed, told.decode()) for p, i, f, failed, told in rows),
            )
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            # SQLite may have rolled back already, and does so when the file is closed: to ask for it
            # would put its own complaint in place of what went wrong.
            self._error = error


class _Lock:
    """One run's claim on a file of results, as long as it writes; the system drops it at a crash."""

    def __init__(self, path: Path) -> None:
        """Raises StorageError where another has it, or no file can be made there."""
        self._place = path.with_name(f".{path.name}.lock")
        try:
            self._handle = os.open(self._place, os.O_CREAT | os.O_RDWR, 0o600)
        except FileNotFoundError as error:
            raise StorageError(
                f"The folder of {path} does not exist.", "Make it, or name another file."
            ) from error
        except OSError as error:
            told = failures.system_error(error, path)
            raise type(told)(told.message, "Name another file for the results.") from error
        if not try_hold(self._handle) or not self._is_there():
            os.close(self._handle)
            raise StorageError(
                f"Another run is writing to {path.name}.", "Wait for its end, or name another file."
            )

    def _is_there(self) -> bool:
        """False where whoever had the lock has removed its file since it was opened here."""
        try:
            return os.fstat(self._handle).st_ino == self._place.stat().st_ino
        except FileNotFoundError:
            return False

    def close(self) -> None:
        with suppress(OSError):
            self._place.unlink()
        os.close(self._handle)


def _refuse_foreign(connection: apsw.Connection, path: Path) -> None:
    tables = {
        str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    }
    if tables and "results" not in tables:
        raise FormatError(
            f"{path.name} is a database of something else.", "Name another file for the results."
        )
