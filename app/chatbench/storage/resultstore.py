"""A table of results in an SQLite file of the user's: one thread writes, as fast as results come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import apsw

from chatbench.core.errors import FormatError, StorageError
from chatbench.storage import failures

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
        """Makes the file and the table where there are none. Raises StorageError, and FormatError for
        a database of something else."""
        self.path = path
        self._error: BaseException | None = None
        self._queue: SimpleQueue[_Row | None] = SimpleQueue()
        self._connection: apsw.Connection | None = None
        try:
            self._connection = apsw.Connection(str(path))
            self._connection.set_busy_timeout(5000)
            _refuse_foreign(self._connection, path)
            self._connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
            self._connection.execute(_SCHEMA)
        except FormatError:
            assert self._connection is not None
            self._connection.close()
            raise
        except apsw.Error as error:
            number = self._connection.system_errno if self._connection is not None else 0
            if self._connection is not None:
                self._connection.close()
            raise self._told(error, number) from error
        self._thread = threading.Thread(target=self._serve, name="chatbench-results", daemon=True)
        self._thread.start()

    def answered(self) -> Iterator[tuple[int, str]]:
        """Place and fingerprint of every result that is no error. To be read before the first `put`."""
        assert self._connection is not None
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
        assert self._connection is not None
        self._connection.close()
        if self._error is not None:
            raise self._told(self._error)

    def _told(self, error: BaseException, number: int = 0) -> BaseException:
        told = failures.database_error(error, self.path, number)
        if isinstance(told, apsw.Error):
            return StorageError(f"{self.path} cannot be used: {told}.", "Name another file.")
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
        assert self._connection is not None
        if not rows or self._error is not None:
            return
        try:
            with self._connection:
                self._connection.executemany(
                    "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)",
                    ((p, i, f, failed, told.decode()) for p, i, f, failed, told in rows),
                )
        except apsw.Error as error:
            self._error = error


def _refuse_foreign(connection: apsw.Connection, path: Path) -> None:
    tables = {
        str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    }
    if tables and "results" not in tables:
        raise FormatError(
            f"{path.name} is a database of something else.", "Name another file for the results."
        )
