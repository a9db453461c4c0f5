"""Rows of values set aside in a file while their columns are learned: for what is slow to read twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any

import msgspec

from chatbench.core.datasets import ColumnType, DataColumn
from chatbench.core.errors import FormatError
from chatbench.documents.tables.columns import names_of, number_in, with_roles
from chatbench.documents.tables.json import seen_as
from chatbench.documents.tables.table import Oddities, Row, Tick, silent

_LENGTH_BYTES = 4
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode


class SpooledTable:
    """Rows in a temporary file, which is gone when the table is."""

    def __init__(
        self, file: IO[bytes], columns: tuple[DataColumn, ...], count: int, notes: tuple[str, ...]
    ) -> None:
        self._file = file
        self.columns = columns
        self.count = count
        self.notes = notes

    def rows(self, tick: Tick = silent) -> Iterator[Row]:
        names = [column.name for column in self.columns]
        at = 0
        for _ in range(self.count):
            # Two readings of one table need not know of each other.
            self._file.seek(at)
            length = int.from_bytes(self._file.read(_LENGTH_BYTES))
            cells = _decode(self._file.read(length))
            at += _LENGTH_BYTES + length
            yield {name: cell for name, cell in zip(names, cells, strict=False) if cell is not None}

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        self._file.close()


def spooled(rows: Iterable[Sequence[Any]], name: str, odd: Oddities, *, header: bool = True) -> SpooledTable:
    """A table of these rows, the first of which names the columns. Raises FormatError without one."""
    given = iter(rows)
    first = next(given, None)
    if first is None:
        raise FormatError(f"{name} is empty.", "Its first row names the columns.")
    head = [_words(cell) for cell in first] if header else []
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the table
    try:
        kinds: dict[int, ColumnType | None] = {}
        count = _spool(given if header else _again(first, given), file, kinds)
    except BaseException:
        file.close()
        raise
    width = max(len(head), max(kinds, default=-1) + 1)
    given_names = [*head, *("" for _ in range(width - len(head)))]
    names, notes = names_of(
        [one or (f"column {at}" if not header else "") for at, one in enumerate(given_names, 1)]
    )
    for note in notes:
        odd.add(note)
    columns = with_roles(DataColumn(name=one, type=kinds.get(at) or "text") for at, one in enumerate(names))
    return SpooledTable(file, columns, count, odd.notes)


def _again(first: Sequence[Any], rest: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield first
    yield from rest


def _spool(rows: Iterable[Sequence[Any]], file: IO[bytes], kinds: dict[int, ColumnType | None]) -> int:
    count = 0
    for row in rows:
        cells = [plain_cell(cell) for cell in row]
        for at, cell in enumerate(cells):
            if cell is not None:
                kinds[at] = seen_as(kinds.get(at), cell)
        told = _encode(cells)
        file.write(len(told).to_bytes(_LENGTH_BYTES))
        file.write(told)
        count += 1
    return count


def plain_cell(cell: Any) -> Any:
    """As a data set keeps it; None for an empty one. Times are ISO 8601; midnight is not told of a day."""
    match cell:
        case None | "":
            return None
        case bool() | str():
            return cell
        case int():
            return cell if abs(cell) < 2**63 else str(cell)
        case float():
            return int(cell) if cell.is_integer() and abs(cell) < 2**53 else _finite(cell)
        case datetime():
            midnight = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
            return cell.date().isoformat() if midnight and cell.tzinfo is None else cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case Decimal():
            return number_in(format(cell, "f")) if cell.is_finite() else str(cell)
        case list() | tuple():
            return [plain_cell(one) for one in cell]
        case dict():
            return {str(key): plain_cell(one) for key, one in cell.items()}
        case timedelta():
            return str(cell)
    return str(cell)


def _finite(value: float) -> Any:
    return value if abs(value) < float("inf") else str(value)


def _words(cell: Any) -> str:
    return "" if cell is None else str(plain_cell(cell))
