"""Other programs' clients for `bench --peers`, in an environment of their own below the user's cache folder.

Made by the first run and used again by the later ones; deleting the folder is harmless.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from environment import Environment, say

PACKAGES = ("aiohttp==3.14.5", "anthropic==2.12.0", "liter-llm==2.4.0", "lm-deluge==0.0.168")
_FAST_LOOP = ("uvloop==0.23.0",)
"""For the mock server, where it exists."""


def _cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


class Peers(Environment):
    """The environment the peers run in: one for each set of versions and each Python."""

    def __init__(self, base: Path) -> None:
        """`base` is the Python that the program under measurement runs on."""
        super().__init__()
        self.packages = PACKAGES if sys.platform == "win32" else PACKAGES + _FAST_LOOP
        told = "\n".join((*self.packages, str(base.resolve()), sys.version))
        self.folder = _cache() / "chatbench" / f"peers-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
        self.stamp = self.folder / "complete"

    def provide(self) -> Path:
        """Its interpreter, with everything installed. Raises SetupError with what to do."""
        if not (self.stamp.exists() and self._works()):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if not self._works():
                self._create()
            say(f"installing the peers into {self.folder}")
            self._install(*self.packages)
            self.stamp.touch()
        return self.python
