"""Excel workbooks: each sheet a table of the values that its formulas had, read row by row until there is
enough.

Read here over lxml, because of what the libraries lose. openpyxl 3.1 refused 12 of 18 workbooks that are a
little off and read here (a colour of two digits, a fill without a pattern, no styles), finds no sheet in the
strict spelling, and took 5 to more than 12 seconds where this takes one (styled empty cells, a row of a
million, two million texts). python-calamine 0.9 gives neither errors (#DIV/0!) nor per cent, and two cells
in opposite corners end its process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.markdown.packages import DAMAGED, Package, damaged_xml, whole
from chatbench.documents.markdown.writing import MAX_CELLS, Blocks, Converted, count_of, table

MAX_ROWS: Final = 20_000
"""So many rows of a sheet become a table; of those behind them only the number is said."""
_MOST_SEEN: Final = 500_000  # rows and cells that may be empty
_MAX_COLUMNS: Final = 500
_MOST_COLUMNS: Final = 16_384  # that a sheet can have
_MAX_XML_BYTES: Final = 24 << 20
_SHEET: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT_SHEET: Final = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_IN_FORMAT: Final = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.', re.IGNORECASE)


class _Book(msgspec.Struct):
    strings: list[str]
    formats: list[str]
    """Of each style: "" (a number), "date" or "percent"."""
    epoch: datetime


class _Sheet(msgspec.Struct):
    rows: list[list[str]]
    said: list[str]
    cells: int = 0


def convert(source: bytes | Path, name: str) -> Converted:
    """A .xlsx file as Markdown: a heading and a table for each sheet that is not hidden. Raises
    AttachmentRefused."""
    package = Package(source, name)
    path = package.main_part()
    if path.endswith(".bin"):
        raise AttachmentRefused(f"{name} is a binary workbook.", "Save it as xlsx and try again.")
    root = package.xml(path)
    relations = package.relations(path)
    parts = {kind: target for kind, target, outside in relations.values() if not outside}
    properties = root.find("{*}workbookPr")
    since_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    book = _Book(
        strings=_strings(package, parts.get("sharedStrings", "")),
        formats=_formats(package, parts.get("styles", "")),
        epoch=datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30),  # noqa: DTZ001 - has no zone
    )
    return _sheets(package, root, relations, book)


def _sheets(package: Package, root: Any, relations: Any, book: _Book) -> Converted:
    blocks, notes = Blocks(), []
    left = MAX_CELLS
    hidden = units = 0
    seen: set[str] = set()
    for element in root.iterfind("{*}sheets/{*}sheet"):
        title = element.get("name", "")
        kind, target, outside = next(
            (relations.get(value, ("", "", False)) for key, value in element.items() if key.endswith("}id")),
            ("", "", False),
        )
        if element.get("state", "visible") != "visible":
            hidden += 1
            continue
        if kind != "worksheet" or outside or target not in package or target in seen:
            notes.append(f"{title} is no sheet of cells and was left out.")
            continue
        units += 1
        seen.add(target)
        sheet = _read_sheet(package, target, book, left)
        left -= sheet.cells
        notes += [f"{title}: {one}" for one in sheet.said]
        blocks.add(f"## {title}")
        blocks.add(table(sheet.rows))
    if hidden:
        notes.append(f"{count_of(hidden, 'hidden sheet was', 'hidden sheets were')} left out.")
    return blocks.converted(package.title(), notes, units)


def _strings(package: Package, path: str) -> list[str]:
    """The texts that cells share, in the order of their first use: as many as cells are taken."""
    if path not in package:
        return []
    texts: list[str] = []
    for _, element in _elements(package, path, "si"):
        if element is not None:
            texts.append(_text(element))
        if len(texts) > MAX_CELLS:
            break
    return texts


def _text(element: Any) -> str:
    """The text of a string, without the reading aids that may stand over it."""
    return "".join(
        one.text or "" for one in element.iter(f"{{{_SHEET}}}t") if one.getparent().tag != f"{{{_SHEET}}}rPh"
    )


def _formats(package: Package, path: str) -> list[str]:
    root = package.optional_xml(path)
    if root is None:
        return []
    own = {
        one.get("numFmtId", ""): one.get("formatCode", "") for one in root.iterfind("{*}numFmts/{*}numFmt")
    }
    return [
        _format(one.get("numFmtId", "0"), own.get(one.get("numFmtId", "0")))
        for one in root.iterfind("{*}cellXfs/{*}xf")
    ]


def _format(number: str, code: str | None) -> str:
    if code is None:
        if number in ("9", "10"):
            return "percent"
        return "date" if whole(number) in _DATE_FORMATS else ""
    bare = _NOT_IN_FORMAT.sub("", code.split(";")[0]).lower()
    if "%" in bare:
        return "percent"
    return "date" if re.search(r"[ymdhs]", bare.replace("general", "")) else ""


def _read_sheet(package: Package, path: str, book: _Book, left: int) -> _Sheet:
    """Rows as far as the limits let them; merged cells have their text in the first one only."""
    sheet = _Sheet(rows=[], said=[])
    dimension = ""
    last = seen = 0
    cut = False
    for kind, element in _elements(package, path, "row", "dimension"):
        if kind == "dimension":
            dimension = element.get("ref", "")
            continue
        if kind == "cut":
            cut = True
            break
        number = whole(element.get("r", ""), last + 1)
        row, looked_at = _row(element, book)
        seen += 1 + looked_at
        sheet.cells += sum(map(bool, row))
        if row:
            # Empty rows in between are kept as long as they are few.
            sheet.rows += [[] for _ in range(min(number - last - 1, 2) if sheet.rows else 0)]
            sheet.rows.append(row)
            last = number
        if len(sheet.rows) >= MAX_ROWS or sheet.cells >= left or seen >= _MOST_SEEN:
            cut = True
            break
    if cut and (lacking := _lacking(dimension, last)):
        sheet.said.append(lacking)
    return sheet


def _lacking(dimension: str, last: int) -> str:
    end = re.search(r"(\d+)$", dimension)
    total = whole(end[1], 0) if end else 0
    if total > last:
        return f"{last:,} of {total:,} rows were taken."
    return f"only the first {last:,} rows were taken."


def _elements(package: Package, path: str, *names: str) -> Iterator[tuple[str, Any]]:
    """Elements of these names as they end; at last "cut" and None where there is too much to look through."""
    from lxml import etree

    tags = tuple(f"{{{_SHEET}}}{one}" for one in names)
    parser = etree.XMLPullParser(
        events=("end",), tag=tags, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    read = 0
    try:
        for piece in package.pieces(path):
            if read == 0 and b"<!DOCTYPE" in piece:
                raise AttachmentRefused(f"{package.name} cannot be read: a sheet of it is broken.", DAMAGED)
            # The names that the root declares are spelt in one of two ways.
            parser.feed(piece.replace(_STRICT_SHEET, _SHEET.encode()) if read == 0 else piece)
            read += len(piece)
            for _, element in parser.read_events():
                yield element.tag.rpartition("}")[2], element
                _forget(element)
            if read > _MAX_XML_BYTES:
                yield "cut", None
                return
    except etree.XMLSyntaxError as error:
        raise damaged_xml(error, package.name) from None


def _forget(element: Any) -> None:
    """Takes what was read out of the tree, which would grow with the sheet."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _row(element: Any, book: _Book) -> tuple[list[str], int]:
    """The texts of a row, and how many cells were looked at for them."""
    row: list[str] = []
    cells = 0
    for cell in element:
        cells += 1
        if cells > _MOST_COLUMNS:
            break
        if not len(cell):
            continue
        text = _value(cell, book)
        if not text:
            continue
        column = _column(cell.get("r", "")) if cell.get("r") else len(row)
        if column >= _MAX_COLUMNS:
            break
        if column >= len(row):
            row += [""] * (column - len(row) + 1)
        row[column] = text
    return row, cells


def _value(cell: Any, book: _Book) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return _text(cell)
    raw = cell.findtext("{*}v") or ""
    match kind:
        case "s":
            place = whole(raw, -1)
            return book.strings[place] if 0 <= place < len(book.strings) else "…"
        case "b":
            return {"1": "TRUE", "0": "FALSE"}.get(raw, raw)
        case "d":
            return raw.replace("T", " ")
        case "n":
            style = whole(cell.get("s", ""), 0)
            return _number(raw, book.formats[style] if style < len(book.formats) else "", book.epoch)
    return raw


def _number(raw: str, form: str, epoch: datetime) -> str:
    if not form and len(raw) < 12:
        return raw
    try:
        value = float(raw)
    except ValueError:
        return raw
    if form == "date":
        return _moment(value, epoch) or raw
    if form == "percent":
        return f"{value * 100:.10g}%"
    # 0.1 + 0.2 is kept with all its binary digits; the program shows fifteen.
    return f"{value:.15g}" if abs(value) < 1e15 else raw


def _moment(value: float, epoch: datetime) -> str:
    if not 0 <= value < 2_958_466:
        return ""
    if value < 1:
        return str(timedelta(seconds=round(value * 86400)))
    if value < 60 and epoch.year == 1899:
        # It thinks that 1900 was a leap year.
        value += 1
    moment = epoch + timedelta(days=int(value), seconds=round(value % 1 * 86400))
    return f"{moment:%Y-%m-%d}" if value % 1 == 0 else f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def _column(reference: str) -> int:
    return _column_of_letters(reference.rstrip("0123456789"))


@cache
def _column_of_letters(letters: str) -> int:
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + ord(letter) - 64
    return max(0, number - 1)
