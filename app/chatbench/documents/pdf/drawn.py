"""Pages that were drawn as they are read, which most are: told from boxes alone, at next to no cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

CUT: Final = "\ufffe"
"""Stands in PDFium's text for a hyphen at the end of a line, and for the line's end."""
GAP: Final = 1.1
"""A gap within a line that is wider than so many heights of it parts what stands beside each other."""
_TALL: Final = 2.5
_SHORT: Final = 24
"""Characters of a line; shorter ones beside each other may be a table that was drawn column by column."""
_SLACK: Final = 1.0
_MOST_COLUMNS: Final = 8
_PARAGRAPH: Final = 1.35
"""Lines that are further apart than so many times the usual distance are of two paragraphs."""


def text_as_drawn(text: str, boxes: Sequence[Box]) -> str | None:
    """The text with a line break after each line and an empty line after a paragraph, in the order in which
    it was drawn. None where that is not the reading order, or cannot be told to be.

    `boxes` are of the text objects in the same order, in points from the bottom left.
    """
    lines = [
        line.rstrip() for line in text.replace(CUT, CUT + "\r\n").split("\r\n") if line and not line.isspace()
    ]
    rows = _rows(boxes) if len(boxes) >= len(lines) else None
    if rows is None or len(rows) != len(lines):
        return None
    columns = 1
    distances = [0.0]
    last_top = middle = float("inf")
    for at, ((left, top, right, bottom), line) in enumerate(zip(rows, lines, strict=True)):
        if top - bottom > _TALL * (right - left) and len(line) > 2:
            return None
        if top > middle + _SLACK:
            columns += 1
            beside = [other for other in range(at) if rows[other][3] < top]
            if columns > _MOST_COLUMNS or not _is_finished(rows, lines, beside, left):
                return None
        distances.append(last_top - top)
        last_top, middle = top, (top + bottom) / 2
    return in_paragraphs(lines, distances[2:])


def _is_finished(rows: Sequence[Box], lines: Sequence[str], beside: Sequence[int], left: float) -> bool:
    """Whether those lines are a column of text, to the right of which another may begin at `left`."""
    if not beside:
        return False
    edge = max(rows[at][2] for at in beside)
    return left >= edge - _SLACK and sum(len(lines[at]) for at in beside) >= _SHORT * len(beside)


def _rows(boxes: Sequence[Box]) -> list[Box] | None:
    """Boxes that stand in a row one after the other as one; None where there is a gap in a row."""
    rows: list[Box] = []
    add = rows.append
    left = right = float("-inf")
    top = bottom = float("inf")
    for box in boxes:
        if box[1] > bottom and box[3] < top:
            height = max(top - bottom, box[1] - box[3])
            if box[0] > right - height:
                if box[0] - right > GAP * height:
                    return None
                rows.pop()
                box = (left, max(top, box[1]), max(right, box[2]), min(bottom, box[3]))
        add(box)
        left, top, right, bottom = box
    return rows


def in_paragraphs(lines: Sequence[str], distances: Sequence[float]) -> str:
    """Lines as one text, with an empty line where the distance to the line before is unusual."""
    if not distances:
        return "\n".join(lines)
    usual = sorted(distances)[len(distances) // 2]
    most = max(usual * _PARAGRAPH, usual + 2.0)
    if usual <= 0 or max(distances) <= most:
        return "\n".join(lines)
    further = (
        f"\n{line}" if distance > most else line for line, distance in zip(lines[1:], distances, strict=True)
    )
    return "\n".join((lines[0], *further))
