"""Which processes live on this profile: each holds a lock on a file of its own while it lives.

The system drops the lock when the process ends, however it ends, so a name whose file can be
locked belongs to nobody any more. Process ids alone would not tell: they are used again.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from chatbench.storage import failures

if sys.platform == "win32":
    import msvcrt

    def hold(handle: int) -> None:
        """Takes the lock of an open file, waiting for it."""
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

    def try_hold(handle: int) -> bool:
        """Takes the lock of an open file unless another has it. Closing the file gives it back."""
        # Locked bytes cannot be read by others: this one is where no file ever has any.
        os.lseek(handle, 2**48, os.SEEK_SET)
        return not _is_held(handle)

    def _is_held(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        return False
else:
    import fcntl

    def hold(handle: int) -> None:
        """Takes the lock of an open file, waiting for it; closing the file gives it back."""
        # Waits, but no longer than another process takes to look whether this one lives.
        fcntl.flock(handle, fcntl.LOCK_EX)

    def try_hold(handle: int) -> bool:
        """Takes the lock of an open file unless another has it. Closing the file gives it back."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
        return True

    def _is_held(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


# Between making its file and locking it, a starting process looks dead; its file stays so long.
_SETTLED_S = 60


class Owner:
    """This process's claim on what it is writing. `id` names it: process, start, a random end."""

    def __init__(self, folder: Path) -> None:
        """Takes a lock in `folder`, which exists. Raises ReadOnly, DiskFull, StorageError."""
        self._folder = folder
        self.id = f"{os.getpid()}-{time.time_ns() // 1_000_000}-{os.urandom(4).hex()}"
        try:
            self._handle: int | None = os.open(self._path(self.id), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except OSError as error:
            raise failures.system_error(error, folder) from error
        hold(self._handle)

    def is_alive(self, owner_id: str) -> bool:
        """Whether the process of that name still runs (this one does)."""
        if owner_id == self.id:
            return self._handle is not None
        try:
            handle = os.open(self._path(owner_id), os.O_RDWR)
        except OSError:
            return False
        try:
            return _is_held(handle)
        finally:
            os.close(handle)

    def others(self) -> list[str]:
        """The other living owners of this profile. What the dead left behind is cleared away."""
        living: list[str] = []
        for path in sorted(self._folder.glob("*.lock")):
            name = path.stem
            if name == self.id:
                continue
            if self.is_alive(name):
                living.append(name)
            elif time.time() - path.stat().st_mtime > _SETTLED_S:
                path.unlink(missing_ok=True)
        return living

    def close(self) -> None:
        """Gives the claim up. A second call is harmless."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            with suppress(OSError):
                self._path(self.id).unlink()

    def _path(self, owner_id: str) -> Path:
        return self._folder / f"{Path(owner_id).name}.lock"
