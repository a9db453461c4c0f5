"""Where the windows of one profile find each other: a socket's place, and who may listen there.

Sockets want a short path on a local disk, so it is not in the profile but in the folder that this
system keeps for a user's running programs.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from chatbench.storage.owners import try_hold

LONGEST_PATH = 100
"""Bytes: the least that a system allows is 104, and the server adds some while it makes the socket."""


class Meeting:
    """The meeting place of the profile whose data is in `folder`. Nothing is made before `claim`.

    `address` is the socket's path, or the name of a pipe on Windows.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
        self._folder = _runtime_folder(environ)
        self._handle: int | None = None
        self._lock = self._folder / f"{name}.lock"
        self.address = (
            f"chatbench-{name}" if sys.platform == "win32" else str(self._folder / f"{name}.socket")
        )

    @property
    def occupied(self) -> bool:
        """Whether somebody seems to listen here, and it can only be this user: a socket that
        another one has put there, or could have, is none."""
        if sys.platform == "win32":
            return self._lock.exists()
        try:
            found = os.lstat(self.address)
        except OSError:
            return False
        return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid() and self._is_private()

    def claim(self) -> bool:
        """Takes this place for this process, until `close` or its end, however it ends.

        False where another process has it, or the folder is not this user's alone.
        """
        if self._handle is not None:
            return True
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_private():
                return False
            flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
            handle = os.open(self._lock, flags, 0o600)
        except OSError:
            return False
        if not try_hold(handle):
            os.close(handle)
            return False
        self._handle = handle
        return True

    def close(self) -> None:
        """Gives the place up. The lock's file stays: taken away, two could hold one each."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _is_private(self) -> bool:
        if sys.platform == "win32":
            return True  # a user's own folder is the user's alone there
        try:
            found = os.lstat(self._folder)
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _runtime_folder(environ: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home()) / "chatbench" / "run"
    given = environ.get("XDG_RUNTIME_DIR", "")
    if given.startswith("/") and len(os.fsencode(given)) < LONGEST_PATH - 40:
        return Path(given) / "chatbench"
    shared = environ.get("TMPDIR", "")
    if not shared.startswith("/") or len(os.fsencode(shared)) >= LONGEST_PATH - 40:
        shared = "/tmp"  # noqa: S108 - the folder in it is made for this user alone, and refused otherwise
    return Path(shared) / f"chatbench-{os.getuid()}"
