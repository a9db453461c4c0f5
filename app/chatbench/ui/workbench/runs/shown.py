"""What the table shows of a cell and of a row, cut from what is kept of them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final, NamedTuple

from chatbench.core.runs import Cell, CellRating, CellState, RunRow

_LONGEST: Final = 160
_BETWEEN: Final = " · "
_READ_AS_JSON: Final = 4000


class ShownCell(NamedTuple):
    """`lead` letters at the beginning of `text` are the first value of a structured answer; `ticks` has "1",
    "0" or "-" for each check; `reason` says why it failed; `cost` is US dollars."""

    state: CellState
    text: str
    lead: int = 0
    ticks: str = ""
    cost: Decimal | None = None
    total_ms: int | None = None
    tries: int = 0
    from_cache: bool = False
    reason: str = ""
    passed: bool | None = None
    rating: CellRating | None = None


class ShownRow(NamedTuple):
    """`words` stand for its values, `expected` for the answer that checks compare with."""

    words: str
    expected: str
    whole: str


def shown_cell(cell: Cell) -> ShownCell:
    """What is painted of a cell."""
    text, lead = _beginning(cell.text)
    return ShownCell(
        state=cell.state,
        text=text,
        lead=lead,
        ticks="".join("-" if one.passed is None else "1" if one.passed else "0" for one in cell.verdicts),
        cost=cell.cost,
        total_ms=cell.total_ms,
        tries=cell.tries,
        from_cache=cell.from_cache,
        reason=cell.error.message if cell.error is not None else "",
        passed=cell.passed,
        rating=cell.rating,
    )


def shown_row(row: RunRow) -> ShownRow:
    """What is painted of a row: the longest of its texts, for that is what it is about."""
    texts = [value for value in row.values.values() if isinstance(value, str) and value]
    words = max(texts, key=len) if texts else " · ".join(map(_plain, row.values.values()))
    expected = "" if row.expected is None else _joined(row.expected, ", ")
    return ShownRow(one_line(words), one_line(expected), words[:2000])


def one_line(text: str) -> str:
    """Its beginning, on one line."""
    return " ".join(text[: 2 * _LONGEST].split())[:_LONGEST]


def _beginning(text: str) -> tuple[str, int]:
    """A structured answer by its values, the first of them told apart."""
    start = text.lstrip()[:1]
    if start in "{[" and start and len(text) <= _READ_AS_JSON:
        try:
            told = json.loads(text)
        except ValueError:
            return one_line(text), 0
        values = list(told.values()) if isinstance(told, dict) else told
        if values and not any(isinstance(one, dict | list) for one in values):
            first = one_line(_plain(values[0]))
            return one_line(_BETWEEN.join(map(_plain, values))), len(first)
    return one_line(text), 0


def written_value(value: Any) -> str:
    """A value of a row as it is read: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _joined(value: Any, between: str) -> str:
    if isinstance(value, dict):
        return between.join(map(_plain, value.values()))
    if isinstance(value, list):
        return between.join(map(_plain, value))
    return _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
