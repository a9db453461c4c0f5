"""Tables on their way into a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_STARTERS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet may take for the beginning of a formula, in both widths."""
_NUMBER = re.compile(r"[+-]\s?[$€£¥]?\s?(?:\d[\d.,\u00a0\u202f ]*)(?:[eE][+-]?\d+)?\s?[%‰]?")


def harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula, marked as text; signed numbers stay."""
    if cell.startswith(_STARTERS) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV (RFC 4180) without formulas."""
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()
