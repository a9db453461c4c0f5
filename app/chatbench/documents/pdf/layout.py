"""The reading order of a page: columns one after the other, tables row by row, hyphens taken back.

Where a page was not drawn as it is read, lines are taken from the top down and gathered into columns; a line
across several columns ends them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from chatbench.documents.pdf.drawn import CUT, in_paragraphs
from chatbench.documents.pdf.lines import Line, Lines
from chatbench.documents.pdf.tables import as_table

MAX_ARRANGED: Final = 3_000
"""Lines of a page; more are left in the order in which they were drawn."""
_MOST_COLUMNS: Final = 40
_DEEPEST: Final = 6
_SLACK: Final = 1.0
_LAST_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*\Z")
_FIRST_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_NOT_TEXT: Final = dict.fromkeys([*range(9), *range(11, 32), 0x7F, 0xAD, 0xFEFF, 0xFFFE, 0xFFFF])


def page_text(found: str | Lines) -> str:
    """The text of a page as it is read; tables as Markdown, paragraphs with an empty line between."""
    if isinstance(found, Lines):
        upright = found.upright
        blocks = _arranged(upright) if len(upright) <= MAX_ARRANGED else [_prose(upright)]
        aside = "\n".join(line.text.strip() for line in found.aside)
        found = "\n\n".join(block for block in (aside, *blocks) if block)
    return _unhyphenated(found).translate(_NOT_TEXT)


class _Column:
    """Lines below each other, and the room they take."""

    def __init__(self, line: Line) -> None:
        self.lines = [line]
        self.left, self.top, self.right, self.bottom = line[:4]
        self.split = False

    def add(self, line: Line) -> None:
        if _beside(self.lines[-1], line):
            self.split = True
        self.lines.append(line)
        self._grow(line.left, line.top, line.right, line.bottom)

    def take(self, other: _Column) -> None:
        self.lines = sorted(self.lines + other.lines, key=lambda line: line.top)
        self.split = self.split or other.split
        self._grow(other.left, other.top, other.right, other.bottom)

    def _grow(self, left: float, top: float, right: float, bottom: float) -> None:
        self.left, self.top = min(self.left, left), min(self.top, top)
        self.right, self.bottom = max(self.right, right), max(self.bottom, bottom)

    def is_beside(self, other: _Column) -> bool:
        if self.bottom <= other.top or other.bottom <= self.top:
            return False
        return any(_beside(one, another) for one in self.lines for another in other.lines)


def _beside(one: Line, other: Line) -> bool:
    """Whether they share a row, one to the left of the other."""
    height = min(one.bottom - one.top, other.bottom - other.top)
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > height / 2 and (one.right <= other.left + _SLACK or other.right <= one.left + _SLACK)


def _arranged(lines: Sequence[Line], depth: int = 0) -> list[str]:
    """The blocks of text in reading order; columns may hold columns."""
    to_the_left = _is_right_to_left(lines)
    blocks: list[str] = []
    for group in _groups(sorted(lines, key=lambda line: (line.top, line.left))):
        blocks += _blocks(group, depth, to_the_left=to_the_left)
    return blocks


def _groups(lines: Sequence[Line]) -> list[list[_Column]]:
    """Columns that stand beside each other, group below group."""
    groups: list[list[_Column]] = []
    columns: list[_Column] = []
    for line in lines:
        hit = [one for one in columns if line.left < one.right - _SLACK and line.right > one.left + _SLACK]
        if not hit:
            columns.append(_Column(line))
        elif len(hit) == 1 and len(columns) == 1 and _beside(columns[0].lines[-1], line):
            # One column becomes several: they begin with the line before.
            first = columns[0].lines.pop()
            if columns[0].lines:
                groups.append(columns)
            columns = [_Column(first), _Column(line)]
        elif len(hit) == 1:
            hit[0].add(line)
        elif any(one.is_beside(other) for one in hit for other in hit if one is not other):
            groups.append(columns)
            columns = [_Column(line)]
        else:
            for other in hit[1:]:
                hit[0].take(other)
            hit[0].add(line)
            columns = [one for one in columns if one not in hit[1:]]
    return [*groups, columns] if columns else groups


def _blocks(columns: list[_Column], depth: int, *, to_the_left: bool) -> list[str]:
    if len(columns) == 1:
        return [_prose(columns[0].lines)]
    if len(columns) > _MOST_COLUMNS or depth > _DEEPEST:
        strewn = [line for one in columns for line in one.lines]
        return [_prose(sorted(strewn, key=lambda line: (line.top, line.left)))]
    # What stands in the gap between columns but above or below them, like a page number, is no column.
    for one in columns:
        others = [other for other in columns if other is not one]
        if one.top >= max(other.bottom for other in others):
            return [*_blocks(others, depth, to_the_left=to_the_left), _prose(one.lines)]
        if one.bottom <= min(other.top for other in others):
            return [_prose(one.lines), *_blocks(others, depth, to_the_left=to_the_left)]
    columns = sorted(columns, key=lambda one: -one.right if to_the_left else one.left)
    table = as_table([one.lines for one in columns])
    if table is not None:
        return [table]
    return [
        block
        for one in columns
        for block in (_arranged(one.lines, depth + 1) if one.split else [_prose(one.lines)])
    ]


def _prose(lines: Sequence[Line]) -> str:
    """Lines below each other, with an empty one where a paragraph ends."""
    texts = [line.text.rstrip() + (CUT if line.hyphen else "") for line in lines]
    return in_paragraphs(texts, [other.top - one.top for one, other in pairwise(lines)])


_CUT_WORD: Final = re.compile("([^\\s\ufffe]*)\ufffe\\s*(\\S*)[ \t]*")


def _unhyphenated(text: str) -> str:
    """Words that were cut at the end of a line are whole again, in the line in which they begin."""
    if CUT not in text:
        return text

    def joined(match: re.Match[str]) -> str:
        before, after = match.groups()
        return f"{before}{_hyphen(before, after, text)}{after}\n"

    return re.sub("\n+\\Z", "", _CUT_WORD.sub(joined, text))


def _hyphen(before: str, after: str, text: str) -> str:
    """ "-" where it belongs to the word: a compound, one that stands on this page uncut, or a name."""
    tail, head = _LAST_WORD.search(before), _FIRST_WORD.match(after)
    if tail is None or head is None or "-" in tail[0] or "-" in head[0] or not head[0][0].islower():
        return "-"
    return "-" if f"{tail[0]}-{head[0]}" in text else ""


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    found = sum(len(_RIGHT_TO_LEFT.findall(line.text)) for line in lines)
    return 2 * found > sum(len(line.text) for line in lines)
