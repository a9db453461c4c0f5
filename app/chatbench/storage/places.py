"""Where a profile's files are; nothing is made here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Places(NamedTuple):
    """The profile's name and folders; all three are one folder's but for the user's own profile."""

    name: str
    data: Path
    config: Path
    logs: Path


def places(folder: Path | None, environ: Mapping[str, str]) -> Places:
    """`folder`, else CHATBENCH_HOME, else where this system keeps a user's data."""
    chosen = folder or _from_environment(environ)
    if chosen is None:
        return _user_folders()
    home = chosen.expanduser().absolute()
    return Places(home.name, home, home, home / "logs")


def _from_environment(environ: Mapping[str, str]) -> Path | None:
    value = environ.get("CHATBENCH_HOME", "").strip()
    return Path(value) if value else None


def _user_folders() -> Places:
    import platformdirs

    dirs = platformdirs.PlatformDirs("chatbench", appauthor=False)
    return Places("Default", Path(dirs.user_data_dir), Path(dirs.user_config_dir), Path(dirs.user_log_dir))
