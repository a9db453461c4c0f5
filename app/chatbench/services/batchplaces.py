"""Where the results of a batch go: what may not be written over, and what gives way to new ones."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from chatbench.client.sinks import SqliteSink, sink_at
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.storage.owners import try_hold


def refuse_place(out: Path, source: Path) -> None:
    """Raises ConfigurationError where results would go over the prompts, or to what is no file."""
    try:
        if not out.exists():
            return
        if not out.is_file():
            raise ConfigurationError(f"{out} is no file.", "Name a file for the results, or - for a stream.")
        if out.samefile(source):
            raise ConfigurationError(
                f"The results would take the place of the prompts in {source}.",
                "Name another file for the results.",
            )
    except OSError as error:
        raise StorageError(f"{out} cannot be used: {error.strerror}.", "Name another file.") from error


def set_aside(out: Path) -> Path | None:
    """Gives results that are there another name, which is returned.

    Raises StorageError where another run is writing to them, or they cannot be renamed; FormatError
    for a database of something else.
    """
    try:
        if not out.is_file() or not out.stat().st_size:
            return None
        sink = sink_at(out)
        if isinstance(sink, SqliteSink):
            # What a killed run has left beside the database is taken into it.
            sink.open()
            sink.close()
            return out.rename(_free_name(out))
        handle = os.open(out, os.O_RDWR)
        try:
            if not try_hold(handle):
                raise StorageError(f"Another run is writing to {out.name}.", "Wait for its end.")
        finally:
            os.close(handle)
        return out.rename(_free_name(out))
    except OSError as error:
        raise StorageError(f"{out} cannot be renamed: {error.strerror}.", "Name another file.") from error


def _free_name(out: Path) -> Path:
    names = (out.with_name(f"{out.name}.{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())
