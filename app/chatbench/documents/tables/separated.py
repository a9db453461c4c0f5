"""Comma-separated values, whatever separates them: read twice, first to learn what the columns hold."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import FormatError
from chatbench.documents.markdown.plain import delimiter_of
from chatbench.documents.tables.columns import Guess, names_of, reader_of, with_roles
from chatbench.documents.tables.table import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    TICK_ROWS,
    Oddities,
    Ragged,
    Row,
    Tick,
    silent,
)
from chatbench.documents.tables.textfiles import Lines, encoding_of

_SAMPLE_LINES: Final = 50
_SAMPLE_LENGTH: Final = 10_000


def allow_long_cells() -> None:
    """The limit is one of the whole process, and never lowered again: another thread may be reading."""
    if csv.field_size_limit() < MAX_CELL:
        csv.field_size_limit(MAX_CELL)


class SeparatedTable:
    """A CSV or TSV file. `separator` and `encoding` are found where they are ""; without `header` the
    columns are numbered."""

    def __init__(
        self,
        path: Path,
        *,
        separator: str = "",
        encoding: str = "",
        header: bool = True,
        ragged: Ragged = "keep",
        tick: Tick = silent,
    ) -> None:
        """Looks through the whole file. Raises FormatError."""
        self._path = path
        self._ragged = ragged
        self._header = header
        self.encoding = encoding or encoding_of(path)
        self._strict = True
        self._told, self.separator = self._look(separator)
        self.count = 0
        self._odd = Oddities()
        try:
            self._scan(tick)
        except csv.Error as error:
            # Quotes that stand where they should not: as most programs do, they are taken as they stand.
            self._strict = False
            self.count, self._odd = 0, Oddities()
            self._odd.add(f"Its quotes are not as they should be ({error}): compare the last rows.")
            self._scan_leniently(tick)

    @property
    def notes(self) -> tuple[str, ...]:
        return self._odd.notes

    def rows(self, tick: Tick = silent) -> Iterator[Row]:
        """Raises FormatError where the file was changed meanwhile."""
        made = [
            (column.name, reader_of(column.type, self._path.parent), place)
            for place, column in enumerate(self.columns)
        ]
        width = self._width
        lines = Lines(self._path, self.encoding)
        count = 0
        try:
            for _, cells in self._cells(lines):
                if len(cells) != width and self._ragged == "skip":
                    continue
                count += 1
                if count % TICK_ROWS == 0:
                    tick(count, lines.share)
                if count > self.count:
                    return
                yield {
                    name: read(cell)
                    for (name, read, _), cell in zip(made, cells, strict=False)
                    if cell
                }  # fmt: skip
        except csv.Error as error:
            raise FormatError(
                f"{self._path.name} was changed meanwhile: {error}.", "Read it again."
            ) from error
        finally:
            lines.close()

    def _look(self, separator: str) -> tuple[bool, str]:
        """Whether the first line names the separator, and what that is."""
        lines = Lines(self._path, self.encoding)
        try:
            head = [line.rstrip("\r\n")[:_SAMPLE_LENGTH] for line in islice(lines, _SAMPLE_LINES)]
        finally:
            lines.close()
        told = head[0].lower() if head else ""
        if told.startswith("sep=") and len(told) == 5:
            return True, separator or told[4]
        return False, separator or delimiter_of(head or [""], self._path.name)

    def _cells(self, lines: Lines) -> Iterator[tuple[int, list[str]]]:
        """The rows below the header, and the line in which each ends."""
        allow_long_cells()
        given: Iterable[str] = islice(lines, 1, None) if self._told else lines
        reader = csv.reader(given, delimiter=self.separator, strict=self._strict)
        if self._header:
            next(reader, None)
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num + self._told, cells
        except csv.Error as error:
            raise csv.Error(f"line {reader.line_num + self._told:,}: {error}") from None

    def _scan(self, tick: Tick) -> None:
        lines = Lines(self._path, self.encoding)
        try:
            header = self._first(lines)
        finally:
            lines.close()
        self._width = len(header)
        self._guesses = [Guess(self._path.parent) for _ in header]
        lines = Lines(self._path, self.encoding)
        try:
            for number, cells in self._cells(lines):
                if self._take(number, cells, lines):
                    self.count += 1
                    if self.count % TICK_ROWS == 0:
                        tick(self.count, lines.share)
                if self.count == MAX_ROWS:
                    self._odd.add(f"Only the first {MAX_ROWS:,} rows are read.")
                    break
            for note in lines.notes(self.encoding):
                self._odd.add(note)
        finally:
            lines.close()
        extra = range(len(header) + 1, len(self._guesses) + 1)
        names, notes = names_of([*header, *(f"column {number}" for number in extra)])
        for note in notes:
            self._odd.add(note)
        self.columns = with_roles(
            DataColumn(name=name, type=guess.type)
            for name, guess in zip(names, self._guesses, strict=True)
        )  # fmt: skip

    def _scan_leniently(self, tick: Tick) -> None:
        try:
            self._scan(tick)
        except csv.Error as error:
            raise FormatError(
                f"{self._path.name} is no table that can be read: {error}.",
                "Check its quotes and its separator.",
            ) from error

    def _first(self, lines: Lines) -> list[str]:
        """The names of the columns, as they are written."""
        allow_long_cells()
        given: Iterable[str] = islice(lines, 1, None) if self._told else lines
        header = next(csv.reader(given, delimiter=self.separator, strict=self._strict), [])
        if not any(header):
            raise FormatError(
                f"{self._path.name} has no header: its first line is empty.",
                "Write the columns' names there.",
            )
        if len(header) > MAX_COLUMNS:
            raise FormatError(
                f"{self._path.name} has {len(header):,} columns; {MAX_COLUMNS:,} can be read.",
                "Check the separator, or remove columns.",
            )
        return header if self._header else [f"column {number}" for number in range(1, len(header) + 1)]

    def _take(self, number: int, cells: list[str], lines: Lines) -> bool:
        """Learns from a row; whether it is one of the table."""
        if len(cells) != self._width:
            note = f"Line {number:,} has {len(cells):,} cells for {self._width:,} columns"
            if self._ragged == "refuse" or len(cells) > MAX_COLUMNS:
                raise FormatError(
                    f"{self._path.name}: {note}.", "Put a cell with a separator in it in quotes."
                )
            self._odd.add(f"{note}{': it was left out' if self._ragged == 'skip' else ''}.")
            if self._ragged == "skip":
                return False
            while len(self._guesses) < len(cells):
                self._guesses.append(Guess(self._path.parent))
        for guess, cell in zip(self._guesses, cells, strict=False):
            if cell:
                guess.see(cell)
        return True
