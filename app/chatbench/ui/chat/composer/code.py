"""Where code stands in what is being written: signs and words in it are the code's."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtGui import QTextBlock

_TICKS: Final = re.compile("`+")
_FENCES: Final = ("```", "~~~")
_FENCE_BLOCKS: Final = 400
"""So far back a fence is looked for that was opened and not closed."""


def lines_of(block: QTextBlock) -> list[str]:
    """The lines in a block: many short ones of a long paste stand in one."""
    return block.text().split("\u2028")


def is_fence(line: str) -> bool:
    """Whether the line opens or closes a fence."""
    return line.lstrip().startswith(_FENCES)


def in_fence(block: QTextBlock) -> bool:
    """Whether a fence is open before this line."""
    fences = 0
    for _ in range(_FENCE_BLOCKS):
        block = block.previous()
        if not block.isValid():
            break
        fences += sum(map(is_fence, lines_of(block)))
    return bool(fences % 2)


def in_span(line: str, place: int) -> bool:
    """Whether backticks before this place are not closed yet."""
    return line[:place].count("`") % 2 == 1


def blanked(line: str) -> str:
    """The line with spaces in place of its code spans, as long as before. A span ends at the next run
    of as many backticks as it begins with."""
    if "`" not in line:
        return line
    runs = [(run.start(), run.end()) for run in _TICKS.finditer(line)]
    ends: dict[int, list[int]] = {}
    for begin, end in reversed(runs):
        ends.setdefault(end - begin, []).append(end)
    shown, at = [], 0
    for begin, end in runs:
        closing = ends[end - begin]
        closing.pop()
        if begin >= at and closing:
            shown += [line[at:begin], " " * (closing[-1] - begin)]
            at = closing[-1]
    return "".join([*shown, line[at:]])
