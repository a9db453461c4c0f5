"""Measures of the transcript and where its columns stand in a viewport of one width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import MARGIN_FROM

COLUMN: Final = {"narrow": 504, "normal": 608, "wide": 812}
MARGIN: Final = 108
MARGIN_GAP: Final = 20
EDGE: Final = 16
BEFORE_TURN: Final = 18
LINE_BEFORE_TURN: Final = 6
"""Where in that gap a line parts the turns of a lane."""
ACTIONS_GAP: Final = 6
BOX_PADDING: Final = (14, 10)
"""Of your own message: sideways, up and down."""
LIST_INDENT: Final = 22
NESTED_INDENT: Final = 18
QUOTE_BAR: Final = 3
QUOTE_GAP: Final = 12


def list_indent() -> float:
    """How far the words of a list item are indented: as far as their number needs."""
    number = theme().metrics("prose").horizontalAdvance("9.") + 6
    return float(max(LIST_INDENT, number))


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns of one viewport width, in logical pixels.

    ``folded``: there is no room for the margin, its facts stand in a line above the message.
    """

    width: int
    column_x: int
    column: int
    margin_x: int
    margin: int
    folded: bool
    rtl: bool

    @property
    def head(self) -> int:
        """Height of the line above a message when the margin is folded."""
        return theme().line("ui") + 6 if self.folded else 0

    @property
    def actions(self) -> int:
        """Height of the row of actions."""
        return max(28, theme().control("icon-button-row"))


def frame_for(width: int, reading: str = "normal", *, rtl: bool = False) -> Frame:
    """Where the columns stand; ``reading`` is narrow, normal, wide or full."""
    folded = width < theme().breakpoint(MARGIN_FROM)
    margin = 0 if folded else theme().scaled(MARGIN)
    gap = 0 if folded else MARGIN_GAP
    room = max(120, width - 2 * EDGE - margin - gap)
    column = room if reading == "full" else min(room, theme().scaled(COLUMN[reading]))
    left = max(EDGE, (width - margin - gap - column) // 2)
    if rtl:
        return Frame(width, left, column, left + column + gap, margin, folded, True)
    return Frame(width, left + margin + gap, column, left, margin, folded, False)
