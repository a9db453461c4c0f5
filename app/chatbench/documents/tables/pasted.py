"""Cells that were copied from a spreadsheet: text with tabs between them, or the table of a web page."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import FormatError
from chatbench.documents.markdown.plain import delimiter_of
from chatbench.documents.tables.columns import Guess, names_of, reader_of, with_roles
from chatbench.documents.tables.separated import allow_long_cells
from chatbench.documents.tables.table import MAX_COLUMNS, RowsTable

_MAX_CHARACTERS: Final = 64 << 20
_SAMPLE_LINES: Final = 50


def cells_of(text: str, html: str = "") -> list[list[str]]:
    """The cells, row by row: of the first table in `html` where there is one, else of the text, whose
    cells may be in quotes and have several lines. Raises FormatError for too much."""
    if max(len(text), len(html)) > _MAX_CHARACTERS:
        raise FormatError("This is too much to be pasted.", "Save it as CSV, and import that.")
    found = _of_html(html) if "<table" in html.lower() else []
    return found or _of_text(text)


def read_pasted(text: str, html: str = "", *, header: bool = True) -> RowsTable:
    """A table of them; without `header` the columns are numbered. Raises FormatError."""
    cells = cells_of(text, html)
    if not cells or (header and len(cells) < 2):
        raise FormatError(
            "There are no rows in what was pasted.", "Copy cells, with their column names above."
        )
    width = max(map(len, cells))
    if width > MAX_COLUMNS:
        raise FormatError(f"That is {width:,} columns; {MAX_COLUMNS:,} are possible.", "Copy fewer.")
    first = cells[0] if header else []
    told = [*first, *("" for _ in range(width - len(first)))]
    if not header:
        told = [f"column {number}" for number in range(1, width + 1)]
    names, notes = names_of(told)
    return _table(names, cells[1:] if header else cells, tuple(notes))


def _table(names: Sequence[str], cells: Sequence[Sequence[str]], notes: tuple[str, ...]) -> RowsTable:
    guesses = [Guess() for _ in names]
    for row in cells:
        for guess, cell in zip(guesses, row, strict=False):
            if cell:
                guess.see(cell)
    columns = with_roles(
        DataColumn(name=name, type=guess.type) for name, guess in zip(names, guesses, strict=True)
    )
    readers = [(column.name, reader_of(column.type)) for column in columns]
    values = tuple(
        {name: read(cell) for (name, read), cell in zip(readers, row, strict=False) if cell} for row in cells
    )
    return RowsTable(columns=columns, values=values, notes=notes)


def _of_text(text: str) -> list[list[str]]:
    allow_long_cells()
    text = text.replace("\0", "")
    separator = "\t" if "\t" in text else delimiter_of(text.splitlines()[:_SAMPLE_LINES] or [""], "")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        # A quote that opens nothing: every line is a row.
        rows = [line.split(separator) for line in text.splitlines()]
    return [row for row in rows if any(row)]


def _of_html(html: str) -> list[list[str]]:
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    try:
        tree: Any = document_fromstring(html, parser=HTMLParser(no_network=True, remove_comments=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return []
    table = next(tree.iter("table"), None)
    if table is None:
        return []
    rows = [
        [cell for one in row.iterchildren("td", "th") for cell in _spanning(one)] for row in table.iter("tr")
    ]
    return [row for row in rows if any(row)]


def _spanning(cell: Any) -> list[str]:
    """The text of a cell, with its line breaks, and empty ones for the columns it reaches over."""
    for line_break in cell.iter("br"):
        line_break.tail = f"\n{line_break.tail or ''}"
    lines = [" ".join(line.split()) for line in cell.text_content().split("\n")]
    told = cell.get("colspan", "1")
    over = min(int(told), MAX_COLUMNS) if told.isdecimal() and len(told) < 6 else 1
    return ["\n".join(lines).strip(), *("" for _ in range(over - 1))]
