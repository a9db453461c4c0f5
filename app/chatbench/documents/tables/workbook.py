"""Sheets of Excel workbooks, as values: what a formula had when the workbook was saved, and none is run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from chatbench.core.errors import FormatError
from chatbench.documents.tables.spool import SpooledTable, spooled
from chatbench.documents.tables.table import MAX_COLUMNS, MAX_ROWS, TICK_ROWS, Oddities, Tick, silent

_MAX_SHARED: Final = 256 << 20
"""Bytes of the texts that cells share, unpacked: they are in memory all at once."""
_MAX_PART: Final = 64 << 20
_MAX_SHEET: Final = 8 << 30
_EMPTY_ROWS: Final = 10_000
"""After so many rows without a value a sheet is at its end, whatever it says of its size."""


def sheets_of(path: Path) -> list[str]:
    """The names of the sheets that are not hidden, in their order. Raises FormatError."""
    with _opened(path) as book:
        return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]


def read_workbook(path: Path, *, sheet: str = "", header: bool = True, tick: Tick = silent) -> SpooledTable:
    """One sheet ("": the first that is not hidden), its first row the names of the columns.

    Raises FormatError for what is no workbook, a sheet that is not there, and one without a header."""
    odd = Oddities()
    with _opened(path) as book:
        shown = [one for one in book.worksheets if one.sheet_state == "visible"]
        found = next((one for one in book.worksheets if one.title == sheet), None) if sheet else None
        if sheet and found is None:
            names = ", ".join(one.title for one in shown) or "none"
            raise FormatError(f"{path.name} has no sheet {sheet!r}.", f"Its sheets are: {names}.")
        chosen = found or next(iter(shown), None)
        if chosen is None:
            raise FormatError(f"{path.name} has no sheet of cells.", "Choose another file.")
        if not sheet and len(shown) > 1:
            others = ", ".join(one.title for one in shown if one is not chosen)
            odd.add(f"It was read from the sheet {chosen.title}; there are also: {others}.")
        return spooled(_rows(chosen, path.name, odd, tick), path.name, odd, header=header)


def _rows(sheet: Any, name: str, odd: Oddities, tick: Tick) -> Iterator[list[Any]]:
    # What a sheet says of its size may be wrong, in both directions.
    sheet.reset_dimensions()
    empty = count = 0
    for row in sheet.iter_rows(values_only=True):
        cells = list(row)
        while cells and cells[-1] is None:
            del cells[-1]
        if not cells:
            empty += 1
            if empty > _EMPTY_ROWS:
                return
            continue
        if len(cells) > MAX_COLUMNS:
            raise FormatError(
                f"{name} has {len(cells):,} columns; {MAX_COLUMNS:,} can be read.", "Remove columns."
            )
        empty = 0
        count += 1
        if count > MAX_ROWS + 1:
            odd.add(f"Only the first {MAX_ROWS:,} rows are read.")
            return
        if count % TICK_ROWS == 0:
            tick(count, 0.0)
        yield cells


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import zipfile
    import zlib
    from warnings import filterwarnings
    from xml.etree.ElementTree import ParseError

    from openpyxl import load_workbook

    try:
        with path.open("rb") as file:
            _refuse_bombs(file, path.name)
            # Of styles and the like, which nobody asked for.
            filterwarnings("ignore", module=r"openpyxl(\.|$)")
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()
    except (zipfile.BadZipFile, zlib.error, ParseError, EOFError, KeyError, ValueError, TypeError, IndexError,
            AttributeError, NotImplementedError) as error:  # fmt: skip
        # What the library raises of a broken file is what its code stumbles over.
        raise FormatError(
            f"{path.name} cannot be read as an Excel workbook ({type(error).__name__}).",
            "Open it in a spreadsheet program and save it again, as XLSX or CSV.",
        ) from error
    except OSError as error:
        raise FormatError(
            f"{path.name} cannot be read: {error.strerror or error}.", "Check the file."
        ) from error


def _refuse_bombs(file: Any, name: str) -> None:
    """Before anything is unpacked. What a part unpacks to beyond what is said of it is cut off by the
    library that unpacks it."""
    import zipfile

    with zipfile.ZipFile(file) as archive:
        for part in archive.infolist():
            lower = part.filename.lower()
            if "worksheets/" in lower:
                most = _MAX_SHEET
            elif lower.startswith("xl/media/"):
                continue
            else:
                most = _MAX_SHARED if "sharedstrings" in lower else _MAX_PART
            if part.file_size > most:
                raise FormatError(
                    f"{name} is too large: {part.filename} takes {part.file_size:,} bytes.",
                    "Save the sheet as CSV.",
                )
    file.seek(0)
