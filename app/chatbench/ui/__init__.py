"""The window: the only floor that imports Qt."""

from __future__ import annotations

import builtins

import PySide6.QtCore  # noqa: F401 - it replaces Python's import, which is put back below

# For `from __feature__ import …`, which is not used here, PySide6's own import reads the source of
# every module imported after it, and keeps it: 20 ms of the start, and 17 MiB in the end.
builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
