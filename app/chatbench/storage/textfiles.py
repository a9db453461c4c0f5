"""The small text files a user may edit by hand: replaced as a whole, and their faults named by line."""

from __future__ import annotations

import os
import re
from pathlib import Path

from chatbench.core.errors import ConfigurationError
from chatbench.storage import failures


def replace_file(path: Path, data: bytes) -> None:
    """Writes all of it or nothing, readable by its owner only; of a link, its target. The folder
    is there.

    Raises DiskFull, ReadOnly, StorageError.
    """
    import tempfile

    name = ""
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise failures.system_error(error, path) from error


def broken_toml(path: Path, data: bytes, error: Exception) -> ConfigurationError:
    """What a TOML decoder found wrong, with the line: it names that itself for bad syntax, and only
    the value's path for a value that is wrong."""
    if isinstance(error, UnicodeDecodeError):
        line = data.count(b"\n", 0, error.start) + 1
        return ConfigurationError(f"{path.name}, line {line}: not UTF-8 text.", f"Save {path} as UTF-8.")
    if isinstance(error, RecursionError):
        return ConfigurationError(f"{path.name}: nested too deeply.", f"Correct {path}.")
    keys = re.findall(r"\.(\w+)", str(error).partition("at `$")[2])[-1:] or re.findall(r"`(\w+)`", str(error))
    return ConfigurationError(f"{path.name}{line_words(data, *keys)}: {error}", f"Correct {path}.")


def line_words(data: bytes, *keys: str) -> str:
    """ ", line N" of the first of the keys that is there; "" without one."""
    for key in keys:
        pattern = rb"^\s*(?:\[+\s*)?\"?" + re.escape(key.encode()) + rb"\"?\s*[=\]]"
        if found := re.search(pattern, data, re.MULTILINE):
            return f", line {data.count(bytes([10]), 0, found.end()) + 1}"
    return ""
