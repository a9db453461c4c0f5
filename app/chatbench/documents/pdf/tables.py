"""Whether columns that stand beside each other are a table; if so, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from chatbench.documents.pdf.lines import Line

_LONG: Final = 20
"""Characters of a line from which on it may be of running text."""
_FULL: Final = 0.7
"""Share of a column's width that the lines of running text take."""
_MOSTLY: Final = 0.6
"""Share of the characters that are in such lines."""
_ALIGNED: Final = 0.6
"""Share of a table's rows that have more than one cell."""
_SHARED: Final = 0.3
"""Share of a line's height that it has in common with the first of its row."""

Row = dict[int, list[Line]]


def as_table(columns: Sequence[Sequence[Line]]) -> str | None:
    """A Markdown table; None where this is running text in columns."""
    rows = _rows(columns)
    if len(rows) < 2:
        return None
    aligned = sum(len(row) > 1 for row in rows) / len(rows)
    if aligned < _ALIGNED or 2 * sum(map(_is_running_text, columns)) > len(columns):
        return None
    cells = _joined(rows)
    head, *body = ([_cell(row.get(number, ())) for number in range(len(columns))] for row in cells)
    return "\n".join(_written(row) for row in (head, ["---"] * len(columns), *body))


def _is_running_text(lines: Sequence[Line]) -> bool:
    if len(lines) < 3:
        return False
    width = max(line.right for line in lines) - min(line.left for line in lines)
    long = sum(
        len(line.text)
        for line in lines
        if len(line.text) >= _LONG and line.right - line.left >= _FULL * width
    )
    return long >= _MOSTLY * sum(len(line.text) for line in lines)


def _rows(columns: Sequence[Sequence[Line]]) -> list[Row]:
    """Lines of all columns by the row in which they stand: column -> its lines there."""
    placed = sorted(
        ((line, number) for number, lines in enumerate(columns) for line in lines),
        key=lambda one: one[0].top + one[0].bottom,
    )
    rows: list[Row] = []
    bottom = float("-inf")
    for line, number in placed:
        if bottom - line.top < _SHARED * (line.bottom - line.top):
            rows.append({})
            bottom = line.bottom
        rows[-1].setdefault(number, []).append(line)
    return rows


def _joined(rows: list[Row]) -> list[Row]:
    """With what goes on below in the same cell: rows without a first cell that are close to the one above."""
    gaps = [_top(row) - _bottom(above) for above, row in pairwise(rows)]
    full = [gap for gap, row in zip(gaps, rows[1:], strict=True) if 0 in row]
    if not full:
        return rows
    close = 0.6 * sorted(full)[len(full) // 2]
    joined = [rows[0]]
    for gap, row in zip(gaps, rows[1:], strict=True):
        if 0 in row or gap > close:
            joined.append(dict(row))
            continue
        for number, lines in row.items():
            joined[-1][number] = [*joined[-1].get(number, ()), *lines]
    return joined


def _top(row: Row) -> float:
    return min(line.top for lines in row.values() for line in lines)


def _bottom(row: Row) -> float:
    return max(line.bottom for lines in row.values() for line in lines)


def _cell(lines: Sequence[Line]) -> str:
    return " ".join(line.text.strip() for line in lines).replace("|", "\\|")


def _written(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
