"""JSON lines, and JSON that is an array of objects: read piece by piece, however long."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from chatbench.core.datasets import ColumnType, DataColumn
from chatbench.core.errors import FormatError
from chatbench.documents.tables.columns import with_roles
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

JSON_LINES: Final = frozenset({".jsonl", ".ndjson", ".jsonlines"})
_GAP: Final = " \t\r\n"
_WHOLE: Final = 64 << 20
"""Characters of an object that holds the rows beside other things."""
_Found = tuple[int, Any]


class JsonTable:
    """A file of objects: one a line, or in an array; an array within an object, where that is the only one
    of objects in it."""

    def __init__(
        self, path: Path, *, encoding: str = "", ragged: Ragged = "keep", tick: Tick = silent
    ) -> None:
        """Looks through the whole file. Raises FormatError."""
        self._path = path
        self._ragged = ragged
        self.encoding = encoding or encoding_of(path)
        self._read = _lines if path.suffix.lower() in JSON_LINES else _items
        self._odd = Oddities()
        self.count = 0
        kinds: dict[str, ColumnType | None] = {}
        lines = Lines(path, self.encoding)
        try:
            for row in self._objects(lines, self._odd, tick):
                self.count += 1
                for name, value in row.items():
                    _see(kinds, name, value)
                if len(kinds) > MAX_COLUMNS:
                    raise FormatError(
                        f"{path.name} has objects with more than {MAX_COLUMNS:,} names.", "Check the file."
                    )
                if self.count == MAX_ROWS:
                    self._odd.add(f"Only the first {MAX_ROWS:,} rows are read.")
                    break
            for note in lines.notes(self.encoding):
                self._odd.add(note)
        finally:
            lines.close()
        if not kinds:
            raise FormatError(f"{path.name} holds no objects.", 'Each row is an object: {"question": …}.')
        self.columns = with_roles(DataColumn(name=name, type=kind or "text") for name, kind in kinds.items())

    @property
    def notes(self) -> tuple[str, ...]:
        return self._odd.notes

    def rows(self, tick: Tick = silent) -> Iterator[Row]:
        """Raises FormatError where the file was changed meanwhile."""
        lines = Lines(self._path, self.encoding)
        known = frozenset(column.name for column in self.columns)
        try:
            for count, row in enumerate(self._objects(lines, Oddities(), tick), 1):
                if count > self.count:
                    return
                yield (
                    row
                    if known.issuperset(row)
                    else {name: value for name, value in row.items() if name in known}
                )
        finally:
            lines.close()

    def _objects(self, lines: Lines, odd: Oddities, tick: Tick) -> Iterator[Row]:
        count = 0
        for number, value in self._read(lines, self._path.name, self._refused(odd)):
            if not isinstance(value, dict):
                self._refused(odd)(number, "is no object")
                continue
            count += 1
            if count % TICK_ROWS == 0:
                tick(count, lines.share)
            yield {" ".join(name.split()) or "column": _plain(one) for name, one in value.items()}

    def _refused(self, odd: Oddities) -> Callable[[int, str], None]:
        def refuse(number: int, why: str) -> None:
            note = f"Line {number:,} {why}"
            if self._ragged == "refuse":
                raise FormatError(f"{self._path.name}: {note}.", "Correct it, or leave such lines out.")
            odd.add(f"{note}: it was left out.")

        return refuse


def _see(kinds: dict[str, ColumnType | None], name: str, value: Any) -> None:
    """Makes up its mind about a column: None while only null was seen; text where kinds are mixed."""
    kinds[name] = seen_as(kinds.get(name), value)


def seen_as(known: ColumnType | None, value: Any) -> ColumnType | None:
    """The type of a column that was `known` as one, now that this value was seen in it."""
    kind = type_of(value)
    if known is None or kind is None or kind == known:
        return known or kind
    return "json" if "json" in (kind, known) else "text"


def type_of(value: Any) -> ColumnType | None:
    """Of a JSON value; None of null."""
    match value:
        case None:
            return None
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
    return "json"


def _plain(value: Any) -> Any:
    """What JSON cannot hold as text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _lines(lines: Lines, name: str, refuse: Callable[[int, str], None]) -> Iterator[_Found]:
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line:
            continue
        try:
            yield number, msgspec.json.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            refuse(number, f"is no JSON ({error})")


def _items(lines: Lines, name: str, refuse: Callable[[int, str], None]) -> Iterator[_Found]:
    """What is in the array that the text is."""
    text = _Text(lines, name)
    if text.next() != "[":
        yield from _inside(text.whole(), name)
        return
    text.skip(1)
    while (sign := text.next()) != "]":
        if not sign:
            raise text.broken("it ends within an array")
        yield text.line, text.value()
        sign = text.next()
        if sign == ",":
            text.skip(1)
        elif sign != "]":
            raise text.broken(f"{sign or 'its end'} where a comma should be")


def _inside(text: str, name: str) -> Iterator[_Found]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise FormatError(f"{name} is no JSON: {error}.", "Check the file.") from error
    lists = [
        value
        for value in (found.values() if isinstance(found, dict) else ())
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
    ]
    if len(lists) != 1:
        raise FormatError(f"{name} holds no array of objects.", "Save the rows as [{…}, {…}], or one a line.")
    yield from enumerate(lists[0], 1)


class _Text:
    """A text of which as much is in memory as the value that is read."""

    def __init__(self, lines: Lines, name: str) -> None:
        self._lines = lines
        self._name = name
        self._text = ""
        self._at = 0
        self.line = 1
        self._decode = json.JSONDecoder(parse_constant=self._constant).raw_decode

    def next(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            while self._at < len(self._text):
                sign = self._text[self._at]
                if sign not in _GAP:
                    return sign
                self.line += sign == "\n"
                self._at += 1
            if not self._more():
                return ""

    def skip(self, count: int) -> None:
        self._at += count

    def value(self) -> Any:
        """Raises FormatError for what is no JSON, and for a value that is too long."""
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except RecursionError:
                raise self.broken("it is nested too deeply") from None
            except ValueError as error:
                if len(self._text) - self._at > MAX_CELL:
                    raise self.broken(str(error)) from None
                # It may be cut; twice as much is looked at each time.
                if not self._more(len(self._text) - self._at):
                    raise self.broken(str(error)) from None
                continue
            # A number that ends with the text may go on.
            if end == len(self._text) and self._more():
                continue
            self.line += self._text.count("\n", self._at, end)
            self._at = end
            return value

    def whole(self) -> str:
        """All of it. Raises FormatError for too much."""
        while self._more():
            if len(self._text) > _WHOLE:
                raise self.broken("it is no array, and too large to be looked through")
        return self._text[self._at :]

    def broken(self, why: str) -> FormatError:
        return FormatError(
            f"{self._name} is no JSON that can be read: {why} (line {self.line:,}).", "Check the file."
        )

    def _more(self, least: int = 0) -> bool:
        pieces: list[str] = []
        length = 0
        while piece := self._lines.read():
            pieces.append(piece)
            length += len(piece)
            if length >= least:
                break
        self._text = self._text[self._at :] + "".join(pieces)
        self._at = 0
        return bool(pieces)

    def _constant(self, name: str) -> Any:
        raise ValueError(f"{name} is no JSON")
