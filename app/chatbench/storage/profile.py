"""Where one user's things live: a folder of their own, readable by nobody else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chatbench.storage import failures
from chatbench.storage.owners import Owner
from chatbench.storage.places import places


@dataclass(frozen=True)
class Profile:
    """The places of one profile, and this process's claim on it."""

    name: str
    folder: Path
    database: Path
    files: Path
    backups: Path
    preferences: Path
    providers: Path
    logs: Path
    owner: Owner

    @classmethod
    def open(cls, folder: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Profile:
        """`folder`, else CHATBENCH_HOME, else where this system keeps a user's data.

        Makes what is missing with mode 0700 and takes the owner's lock. Raises ReadOnly,
        DiskFull or StorageError where it cannot.
        """
        name, data, config, logs = places(folder, os.environ if environ is None else environ)
        owners = data / "owners"
        files, backups, providers = data / "files", data / "backups", config / "providers"
        for path in (data, config, files, backups, providers, logs, owners):
            _make_private(path, within=data)
        owner = Owner(owners)
        owner.others()  # clears away what processes that were killed have left
        return cls(
            name=name,
            folder=data,
            database=data / "chatbench.db",
            files=files,
            backups=backups,
            preferences=config / "preferences.toml",
            providers=providers,
            logs=logs,
            owner=owner,
        )

    def close(self) -> None:
        """Gives the owner's lock back."""
        self.owner.close()


def _make_private(path: Path, within: Path) -> None:
    """Makes the folder. One that is there is closed to others only if it is ours to close: a folder
    of the profile `within`, or one that a profile already lives in; never, say, a shared /tmp."""
    try:
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
        elif within in path.parents or (path / "chatbench.db").exists():
            path.chmod(0o700)
    except OSError as error:
        raise failures.system_error(error, path) from error
