"""Text files: tables of values, JSON, source code, and anything else that is text.

The standard library reads the values, msgspec the JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Final

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.archives import content_of
from chatbench.documents.markdown.encodings import decoded, is_text
from chatbench.documents.markdown.languages import language_of
from chatbench.documents.markdown.writing import MAX_CELLS, MAX_CHARACTERS, Blocks, Converted, fenced, table

MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 500
_MAX_BYTES: Final = 50 << 20
_DELIMITERS: Final = (",", ";", "\t", "|")
_LINES: Final = 50
_LONGEST_LINE: Final = 10_000
_DEEPEST: Final = 64
_STEPS: Final = bytes({91: 1, 123: 1, 93: 255, 125: 255}.get(code, 0) for code in range(256))
_NO_STEPS: Final = bytes(code for code in range(256) if code not in b"[]{}")
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def text_of(source: bytes | Path, name: str, most: int = 4 * MAX_CHARACTERS) -> tuple[str, bool]:
    """The text of a file, `most` bytes of it, with plain line ends; whether it was cut. Raises
    AttachmentRefused for what is no text."""
    data = content_of(source, name)
    if not is_text(data):
        raise AttachmentRefused(f"{name} is no text.", "Attach it in a format that is.")
    text, _ = decoded(data[:most])
    return text.replace("\r\n", "\n").replace("\r", "\n"), len(data) > most


def convert(source: bytes | Path, name: str) -> Converted:
    """Any text: source code as a block of it, the rest as it stands. Raises AttachmentRefused."""
    text, cut = text_of(source, name)
    language = language_of(name, text[:200])
    return _written(fenced(text, language) if language else text, cut=cut)


def convert_json(source: bytes | Path, name: str) -> Converted:
    """JSON with indents where it is sound and short enough; as it stands where not."""
    import msgspec

    text, cut = text_of(source, name)
    data = text.encode("utf-8", "replace")
    notes: list[str] = []
    if not cut and len(data) <= MAX_CHARACTERS // 2:
        try:
            # Indents of what is nested deeply would be longer than what they stand before.
            text = msgspec.json.format(data, indent=2 if _depth(data) <= _DEEPEST else -1).decode()
        except (msgspec.DecodeError, RecursionError):
            notes.append("It is no valid JSON, or nested too deeply to be laid out.")
    return _written(fenced(text[:MAX_CHARACTERS], "json"), notes, cut=cut or len(text) > MAX_CHARACTERS)


def convert_csv(source: bytes | Path, name: str) -> Converted:
    """Comma-separated values, whatever separates them, as a table."""
    import csv
    import io

    text, cut = text_of(source, name, MAX_CHARACTERS)
    lines = text.split("\n")
    told = next((one for one in _DELIMITERS if lines[0].lower() == f"sep={one}"), "")
    delimiter = told or delimiter_of([line[:_LONGEST_LINE] for line in lines[:_LINES]], name)
    csv.field_size_limit(MAX_CHARACTERS)
    rows: list[list[str]] = []
    notes: list[str] = []
    cells = widest = 0
    try:
        for row in csv.reader(io.StringIO(text.partition("\n")[2] if told else text), delimiter=delimiter):
            cells += min(len(row), MAX_COLUMNS)
            if len(rows) == MAX_ROWS or cells > MAX_CELLS:
                notes.append(f"{len(rows):,} of about {len(lines):,} rows were taken.")
                break
            widest = max(widest, len(row))
            if row:
                rows.append(row[:MAX_COLUMNS])
    except csv.Error:
        return _written(fenced(text), cut=cut)
    if widest > MAX_COLUMNS:
        notes.append(f"{MAX_COLUMNS:,} of {widest:,} columns were taken.")
    return _written(table(rows), notes, cut=cut)


def _written(text: str, notes: Iterable[str] = (), *, cut: bool) -> Converted:
    blocks = Blocks()
    blocks.add(text)
    return blocks.converted(notes=[*notes, *(["Only its beginning was taken."] if cut else [])])


def delimiter_of(lines: list[str], name: str) -> str:
    """What separates the values in these lines: whatever cuts the most of them into the same number."""
    import csv

    def score(delimiter: str) -> tuple[int, int]:
        try:
            counts = [len(row) for row in csv.reader(lines[:-1] or lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0, 0
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual), usual) if usual > 1 else (0, 0)

    best = max(_DELIMITERS, key=score)
    if score(best) == (0, 0):
        return "\t" if name.lower().endswith((".tsv", ".tab")) else ","
    return best


def _depth(data: bytes) -> int:
    brackets = _STRING.sub(b"", data).translate(_STEPS, _NO_STEPS)
    return max(accumulate(memoryview(brackets).cast("b")), default=0)
