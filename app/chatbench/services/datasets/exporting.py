"""Data sets written to files: whole or not at all, a thousand rows in memory at a time."""

from __future__ import annotations

import asyncio
import csv
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from chatbench.core.datasets import DataColumn, DataRow
from chatbench.core.errors import FormatError
from chatbench.rendering.tables import harmless
from chatbench.services.datasets.values import text_of
from chatbench.storage import failures

ExportFormat = Literal["csv", "tsv", "jsonl", "json", "xlsx"]
FORMATS: tuple[ExportFormat, ...] = ("csv", "tsv", "jsonl", "json", "xlsx")
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_576
_MOST_DIGITS = 10**15
# What XML cannot hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def format_of(path: Path) -> ExportFormat:
    """By the ending of its name. Raises FormatError for one that is not known."""
    ending = path.suffix.lower().removeprefix(".")
    for known in FORMATS:
        if ending == known:
            return known
    raise FormatError(f"{path.name} names no format.", f"Name it .{', .'.join(FORMATS)}.")


async def export(
    columns: Sequence[DataColumn],
    pieces: AsyncIterable[Sequence[DataRow]],
    form: ExportFormat,
    path: Path,
    *,
    guard: bool = True,
) -> tuple[str, ...]:
    """Writes rows to `path`, in place of what is there; returns what could not be written as it is. A cell
    of CSV or TSV that a spreadsheet would run as a formula is marked as text, unless `guard` is off: then
    what is read back is what was written. Raises DiskFull, ReadOnly, StorageError."""
    try:
        handle = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except OSError as error:
        raise failures.system_error(error, path) from error
    unfinished = Path(handle.name)
    try:
        writer = _writer(form, handle, columns, guard)
        async for rows in pieces:
            await asyncio.to_thread(writer.write, rows)
        await asyncio.to_thread(_place, writer, handle, path)
    except OSError as error:
        raise failures.system_error(error, path) from error
    finally:
        handle.close()
        await asyncio.to_thread(unfinished.unlink, missing_ok=True)
    return writer.notes()


def _place(writer: _Writer, handle: IO[bytes], path: Path) -> None:
    writer.finish()
    handle.close()
    Path(handle.name).replace(path)


def _writer(form: ExportFormat, file: IO[bytes], columns: Sequence[DataColumn], guard: bool) -> _Writer:
    names = [column.name for column in columns]
    match form:
        case "csv" | "tsv":
            return _Separated(file, names, "\t" if form == "tsv" else ",", guard)
        case "jsonl" | "json":
            return _Json(file, names, lines=form == "jsonl")
    return _Workbook(file, names)


class _Writer(ABC):
    @abstractmethod
    def write(self, rows: Sequence[DataRow]) -> None: ...

    @abstractmethod
    def finish(self) -> None: ...

    def notes(self) -> tuple[str, ...]:
        return ()


class _Separated(_Writer):
    def __init__(self, file: IO[bytes], names: Sequence[str], separator: str, guard: bool) -> None:
        import io

        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.writer(self._text, delimiter=separator)
        self._names = names
        self._guard = guard
        self._guarded = 0
        self._rows.writerow([self._cell(name) for name in names])

    def write(self, rows: Sequence[DataRow]) -> None:
        self._rows.writerows(
            [self._cell(text_of(row.values.get(name))) for name in self._names] for row in rows
        )

    def finish(self) -> None:
        self._text.flush()
        self._text.detach()

    def notes(self) -> tuple[str, ...]:
        if not self._guarded:
            return ()
        return (f"Cells that looked like formulas and begin with an apostrophe now: {self._guarded:,}.",)

    def _cell(self, text: str) -> str:
        told = harmless(text) if self._guard else text
        self._guarded += told != text
        return told


class _Json(_Writer):
    def __init__(self, file: IO[bytes], names: Sequence[str], *, lines: bool) -> None:
        self._file, self._names, self._lines = file, names, lines
        self._between = b"" if lines else b"[\n"

    def write(self, rows: Sequence[DataRow]) -> None:
        for row in rows:
            values = {name: row.values[name] for name in self._names if name in row.values}
            self._file.write(self._between + msgspec.json.encode(values) + (b"\n" if self._lines else b""))
            self._between = b"" if self._lines else b",\n"

    def finish(self) -> None:
        if not self._lines:
            self._file.write(b"\n]\n" if self._between == b",\n" else b"[]\n")


class _Workbook(_Writer):
    def __init__(self, file: IO[bytes], names: Sequence[str]) -> None:
        from openpyxl import Workbook

        self._file, self._names = file, names
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("Data")
        self._count = 1
        self._cut = self._lost = 0
        self._sheet.append([self._cell(name) for name in names])

    def write(self, rows: Sequence[DataRow]) -> None:
        for row in rows:
            self._count += 1
            if self._count > _MOST_ROWS:
                self._lost += 1
                continue
            self._sheet.append([self._cell(row.values.get(name)) for name in self._names])

    def finish(self) -> None:
        self._book.save(self._file)

    def notes(self) -> tuple[str, ...]:
        found: list[str] = []
        if self._cut:
            found.append(
                f"Cells that were cut to the {_LONGEST_CELL:,} characters of a sheet: {self._cut:,}."
            )
        if self._lost:
            found.append(f"Rows for which a sheet has no place: {self._lost:,}.")
        return tuple(found)

    def _cell(self, value: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell

        number = isinstance(value, int | float) and abs(value) < _MOST_DIGITS
        if value is None or number:
            return value
        text = _UNWRITABLE.sub("\ufffd", text_of(value))
        self._cut += len(text) > _LONGEST_CELL
        cell = WriteOnlyCell(self._sheet, value=None)
        # Said to be text: one that begins with "=" is no formula then.
        cell._value, cell.data_type = text[:_LONGEST_CELL], "s"  # noqa: SLF001
        return cell
