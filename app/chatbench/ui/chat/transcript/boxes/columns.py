"""The columns that the groups of one table share: their widths, and which stand on the right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from chatbench.rendering import export
from chatbench.rendering.blocks import TableBlock
from chatbench.rendering.tables import csv_text
from chatbench.ui.chat.transcript.boxes.base import Context
from chatbench.ui.theme import theme

_WIDEST: Final = 320
_NARROWEST: Final = 24
_MARKS: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*_~`]{1,3}")
NUMBER: Final = re.compile(
    r"[\s$€£¥±+\-−–≈<>≤≥~(]*\d[\d.,\u202f\u00a0 ]*(?:\s*[–-]\s*\d[\d.,]*)?\s?[%‰×)]?\s?[^\d\s]{0,4}"
)


class Group(Protocol):
    """What the columns need to know of a group of rows."""

    block: TableBlock

    def natural_columns(self) -> tuple[float, ...]:
        """What each column would like."""

    def numeric(self, column: int) -> bool:
        """Whether a column holds nothing but numbers."""

    def lines(self) -> list[list[str]]:
        """The cells of each row as plain text."""

    def refit(self) -> bool:
        """Take columns that another group changed."""


class TableColumns:
    """What the groups of one table share: columns and how far it is scrolled."""

    def __init__(self, context: Context, key: tuple[Any, ...]) -> None:
        self._context = context
        self._key = key
        self.boxes: list[Group] = []
        self._for: tuple[object, ...] = ()
        self._columns: tuple[float, ...] = ()

    @property
    def offset(self) -> float:
        found = self._context.states.get(self._key)
        return found if isinstance(found, float) else 0.0

    def scroll_to(self, offset: float) -> None:
        self._context.states[self._key] = offset

    def csv(self) -> str:
        """All of the table."""
        return csv_text(line for group in self.boxes for line in group.lines())

    def markdown(self) -> str:
        """All of the table."""
        return export.markdown([group.block for group in self.boxes])

    def touch(self) -> None:
        """Groups came or went: the columns are worked out again."""
        self._for = ()

    def columns(self, width: float) -> tuple[float, ...]:
        """Widths of the columns for a table ``width`` wide; they fill it when there is room."""
        key = (width, theme().text_factor)
        if key != self._for:
            self._for = key
            wanted = self._wanted()
            spare = width - sum(wanted)
            if spare > 0 and len(wanted) > 1:
                total = sum(wanted)
                wanted = tuple(one + spare * one / total for one in wanted)
            self._columns = wanted
        return self._columns

    def _wanted(self) -> tuple[float, ...]:
        each = [box.natural_columns() for box in self.boxes]
        widest = float(theme().scaled(_WIDEST))
        return tuple(min(widest, max(column)) for column in zip(*each, strict=True))

    def right_aligned(self, column: int) -> bool:
        """Numbers stand on the right unless the source says otherwise."""
        first = self.boxes[0].block
        alignment = first.alignments[column]
        if alignment:
            return alignment == "right"
        return column > 0 and all(box.numeric(column) for box in self.boxes)


def natural_widths(header: Sequence[str], rows: Iterable[Sequence[str]], padding: float) -> tuple[float, ...]:
    """What each column would like, with the padding at its sides; the first has none before it."""
    head, cell = theme().metrics("small", 600), theme().metrics("ui")
    widest = [head.horizontalAdvance(bare(one)) for one in header]
    for row in rows:
        widest = [max(wide, cell.horizontalAdvance(bare(row[at]))) for at, wide in enumerate(widest)]
    return tuple(
        max(_NARROWEST, wide + 4) + padding * (1 if at == 0 else 2) for at, wide in enumerate(widest)
    )


def bare(cell: str) -> str:
    """A cell's Markdown roughly as it will read, for measuring."""
    return _MARKS.sub(lambda match: match[1] or "", cell)
