"""SQLite's and the system's errors, said in the program's own words."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from chatbench.core.errors import ChatbenchError, DatabaseCorrupt, DiskFull, ReadOnly, StorageError

if TYPE_CHECKING:
    import apsw

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def disk_full(path: Path) -> DiskFull:
    """No room where `path` lives."""
    return DiskFull(
        f"No space is left for {path}.", "Free some space on that disk and try again. Nothing was lost."
    )


def read_only(path: Path) -> ReadOnly:
    """`path` cannot be written."""
    return ReadOnly(
        f"{path} cannot be written.",
        "Allow writing to the file and its folder, or choose another profile with --profile.",
    )


def corrupt(path: Path, reason: str) -> DatabaseCorrupt:
    """`path` is damaged or not ours; `reason` completes "The file …"."""
    return DatabaseCorrupt(
        f"The file {path} {reason}.",
        "It was left as it is. Restore a copy from the profile's backups folder, or move the file away "
        "to begin with an empty profile.",
    )


def system_error(error: OSError, path: Path) -> StorageError:
    """An OSError on a file of the profile."""
    return _by_number(error.errno, path) or StorageError(
        f"{path} could not be used: {error.strerror or error}.", "Check the disk and try again."
    )


def _by_number(number: int | None, path: Path) -> StorageError | None:
    if number in _FULL:
        return disk_full(path)
    if number in _DENIED:
        return read_only(path)
    return None


def database_error(error: BaseException, path: Path, system_errno: int = 0) -> BaseException:
    """What the waiter is told: one of our errors where SQLite or the system failed, else `error` itself.

    `system_errno` is the number the operating system gave, as the connection reports it.
    """
    if isinstance(error, ChatbenchError):
        return error
    if isinstance(error, OSError):
        return system_error(error, path)
    # Settings are read before the first paint, the database after it.
    import apsw

    if not isinstance(error, apsw.Error):
        return error
    told = _from_sqlite(error, path, system_errno)
    if told is None:
        return error
    told.__cause__ = error
    return told


def _from_sqlite(error: apsw.Error, path: Path, system_errno: int) -> StorageError | None:
    import apsw

    if isinstance(error, apsw.FullError):
        return disk_full(path)
    if isinstance(error, apsw.ReadOnlyError):
        return read_only(path)
    if isinstance(error, apsw.CorruptError):
        return corrupt(path, "is damaged")
    if isinstance(error, apsw.NotADBError):
        return corrupt(path, "is not a database")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StorageError(
            "Another Chatbench process kept the profile busy for too long.",
            "Wait until it has finished and try again.",
        )
    if isinstance(error, apsw.IOError | apsw.CantOpenError):
        return _by_number(system_errno, path) or StorageError(
            f"{path} could not be read or written: {error}.", "Check the disk and try again."
        )
    return None
