"""What every reader of a table gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, Protocol

import msgspec

from chatbench.core.datasets import DataColumn

MAX_ROWS: Final = 1_000_000
MAX_COLUMNS: Final = 1_000
MAX_CELL: Final = 16 << 20
"""Characters."""
TICK_ROWS: Final = 500
_NOTES_TOLD: Final = 20

Ragged = Literal["keep", "skip", "refuse"]
"""What becomes of rows that are longer or shorter than the header, and of lines that cannot be read: kept
as far as they go (what stands beyond the header in columns of its own), left out, or none is read."""
Row = dict[str, Any]
"""By the names of columns; a file is its `Path`. What is missing is not there."""
Tick = Callable[[int, float], None]
"""Called now and then with the number of rows and the share of the file (0–1) that was read; what it raises
ends the reading."""


def silent(rows: int, share: float) -> None:
    """For whoever does not want to know."""


class Table(Protocol):
    """A table that was looked through once: `columns` with their types, `count` rows, and `notes` that say
    in words what is odd about it."""

    @property
    def columns(self) -> tuple[DataColumn, ...]: ...
    @property
    def count(self) -> int: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    def rows(self, tick: Tick = silent) -> Iterator[Row]:
        """Every row, read as it is asked for; may be called again."""
        ...


class Oddities:
    """What is odd about a table, the first few in words and the rest as a number."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._more = 0

    def add(self, note: str) -> None:
        if len(self._told) < _NOTES_TOLD:
            self._told.append(note)
        else:
            self._more += 1

    @property
    def notes(self) -> tuple[str, ...]:
        more = (f"… and {self._more:,} more like these.",) if self._more else ()
        return (*self._told, *more)


class RowsTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table that is in memory whole."""

    columns: tuple[DataColumn, ...]
    values: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.values)

    def rows(self, tick: Tick = silent) -> Iterator[Row]:
        yield from self.values
