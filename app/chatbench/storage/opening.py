"""Opening the database: made, checked, copied and brought up to date before anyone uses it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import apsw

from chatbench.core.errors import DatabaseTooNew
from chatbench.storage import failures
from chatbench.storage.migrations import Migration

APPLICATION_ID = 0x43686274  # "Chbt"
BUSY_MS = 5000
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_APPLICATION_ID_AT = 68  # https://sqlite.org/fileformat2.html §1.3
_JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024

_COMMON = "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; "
_WRITER = (
    _COMMON
    + "PRAGMA foreign_keys=ON; PRAGMA synchronous=NORMAL; PRAGMA fullfsync=ON; "
    + f"PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit={_JOURNAL_LIMIT_BYTES}"
)
_READER = _COMMON + "PRAGMA query_only=ON"


def open_writer(path: Path, backups: Path, migrations: Sequence[Migration]) -> apsw.Connection:
    """The one connection that writes; the file is made where there is none, and migrated.

    Raises DatabaseTooNew, DatabaseCorrupt (also for an empty or a foreign file, which stays
    untouched), ReadOnly, DiskFull.
    """
    if not path.exists():
        _create(path, migrations)
    _refuse_foreign(path)
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise failures.read_only(path)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        _configure(connection, _WRITER)
        version = _version(connection)
        if version > len(migrations):
            raise DatabaseTooNew(
                f"{path} was written by a later version of Chatbench (schema {version}; "
                f"this one knows {len(migrations)}).",
                "Update Chatbench, or choose another profile with --profile.",
            )
        if version < len(migrations):
            copy_database(connection, backups / _copy_name(len(migrations)))
            _migrate(connection, migrations)
    except BaseException as error:
        number = connection.system_errno
        connection.close()
        told = failures.database_error(error, path, number)
        if told is error:
            raise
        raise told from error
    return connection


def open_memory(migrations: Sequence[Migration]) -> apsw.Connection:
    """The one connection of a database that no file holds; it goes with the connection."""
    connection = apsw.Connection(":memory:")
    _configure(connection, _WRITER)
    _migrate(connection, migrations)
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that can only read. The writer is open already."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    _configure(connection, _READER)
    return connection


def copy_database(connection: apsw.Connection, target: Path) -> None:
    """A compact copy of the whole database at `target`, checked before it gets that name."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = _new_file(target)
    try:
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        _verify_copy(unfinished, _version(connection))
        _sync(unfinished)
        unfinished.replace(target)
        _sync(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def problems_in(connection: apsw.Connection) -> list[str]:
    """What SQLite's own checks and the full-text index's find; empty where all is well."""
    found: list[str] = []
    try:
        found += [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [
            f"{row[0]} {row[1]} refers to a missing row of {row[2]}"
            for row in connection.execute("PRAGMA foreign_key_check")
        ]
        for table in ("message_search", "title_search", "file_search"):
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")  # noqa: S608
    except (apsw.CorruptError, apsw.NotADBError) as error:
        found.append(str(error))
    return found


def _create(path: Path, migrations: Sequence[Migration]) -> None:
    """Builds the database beside its place and links it there, so that no start sees half of one."""
    unfinished = _new_file(path)
    try:
        connection = apsw.Connection(str(unfinished), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute("PRAGMA journal_mode=WAL")
            _migrate(connection, migrations)
        except apsw.Error as error:
            raise failures.database_error(error, path, connection.system_errno) from error
        finally:
            connection.close()
        _sync(unfinished)
        _place(unfinished, path)
        _sync(path.parent)
    except OSError as error:
        raise failures.system_error(error, path) from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{unfinished}{suffix}").unlink(missing_ok=True)


def _place(unfinished: Path, path: Path) -> None:
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return  # another process was faster; its database is as good
    except OSError:
        if not path.exists():  # a file system without hard links
            unfinished.rename(path)


def _new_file(beside: Path) -> Path:
    path = beside.with_name(f"{beside.name}.{secrets.token_hex(4)}.new")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise failures.system_error(error, beside) from error
    return path


def _refuse_foreign(path: Path) -> None:
    """Reads the header without SQLite, which would recover, and so change, a foreign file."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise failures.system_error(error, path) from error
    if not header:
        raise failures.corrupt(path, "is empty (0 bytes)")
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        raise failures.corrupt(path, "is not a database")
    stamp = int.from_bytes(header[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4], "big")
    if stamp != APPLICATION_ID:
        raise failures.corrupt(path, "belongs to another program")


def _configure(connection: apsw.Connection, pragmas: str) -> None:
    connection.set_busy_timeout(BUSY_MS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    # A statement that answers with a row stops the ones after it until the row is fetched.
    connection.execute(pragmas).fetchall()


def _version(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))


def _migrate(connection: apsw.Connection, migrations: Sequence[Migration]) -> None:
    # A step may rebuild a table that others refer to; the references are checked before it commits.
    connection.pragma("foreign_keys", False)
    for number, step in enumerate(migrations, 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) < number:
                step(connection)
                broken = connection.execute("PRAGMA foreign_key_check").fetchone()
                if broken:
                    raise ValueError(f"schema step {number} leaves dangling references: {broken}")
                connection.execute(f"PRAGMA user_version={number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    connection.pragma("foreign_keys", True)


def _verify_copy(path: Path, version: int) -> None:
    copy = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        whole = copy.pragma("integrity_check") == "ok"
        same = _version(copy) == version and copy.pragma("application_id") == APPLICATION_ID
    finally:
        copy.close()
    if not (whole and same):
        raise failures.corrupt(path, "was to be a copy of the database and is not a good one")


def _copy_name(version: int) -> str:
    return f"before-v{version}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and has no need to
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
