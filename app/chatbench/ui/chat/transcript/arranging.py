"""Which messages are in view, with exact heights: from the lower edge up, or from an anchor down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbench.ui.chat.transcript.item import Item

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.stack import Stack


@dataclass(frozen=True, slots=True)
class Row:
    """A message in view: its index, its upper edge in the viewport, and it, if it is at hand."""

    index: int
    top: float
    item: Item | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """``offset`` pixels of box ``box`` of message ``index`` are above the upper edge."""

    index: int
    box: int
    offset: float


def upwards(stack: Stack) -> list[Row]:
    """From the lower edge: the end of all messages stands there, or all fit and begin at the upper edge."""
    rows: list[Row] = []
    bottom = float(stack.height) - stack.foot
    index = len(stack.ids)
    while index > 0 and bottom > 0:
        index -= 1
        item = stack.item(index)
        if item is not None:
            settle_from_below(stack, index, item, bottom)
        bottom -= round(stack.heights[index])
        rows.append(Row(index, bottom, item))
    rows.reverse()
    if index == 0 and bottom > 0:
        rows = [Row(row.index, row.top - bottom, row.item) for row in rows]
        _settle_more(stack, rows)
    return rows


def _settle_more(stack: Stack, rows: list[Row]) -> None:
    """Everything fits: nothing is left that has only a guess."""
    for row in rows:
        if row.item is not None:
            row.item.settle_between(0, row.item.height)
            stack.set_height(row.index, row.item.height)


def settle_from_below(stack: Stack, index: int, item: Item, bottom: float) -> None:
    """Make exact what of a message stands above ``bottom`` within the view."""
    number = len(item.boxes) - 1
    while number >= 0:
        item.settle(number)
        if bottom - (item.height - item.tops[number]) < 0:
            break
        number -= 1
    stack.set_height(index, item.height)


def anchor_at_top(rows: Sequence[Row]) -> Anchor:
    """What stands at the upper edge."""
    first = rows[0]
    return anchor_in(first.index, first.item, -first.top)


def anchor_in(index: int, item: Item | None, inside: float) -> Anchor:
    """The place so many pixels into a message."""
    if item is None or not item.boxes:
        return Anchor(index, 0, inside)
    box = item.box_at(inside)
    return Anchor(index, box, inside - item.tops[box])


def downwards(stack: Stack) -> list[Row]:
    """From the anchor, whose words stay; it moves where they begin below the upper edge."""
    index, box, offset = stack.anchor.index, stack.anchor.box, stack.anchor.offset
    index = min(index, len(stack.ids) - 1)
    item = stack.item(index)
    y = -offset
    if item is not None and item.boxes:
        box = min(box, len(item.boxes) - 1)
        stack.anchor = Anchor(index, box, offset)
        if offset < 0:
            settle_above(stack, index, item, item.tops[box], -offset)
        y -= item.tops[box]
    from_above = y > 0
    if from_above:
        index, y = _reach_above(stack, index, y)
        item = stack.item(index)
    rows = _fill(stack, index, item, y)
    if from_above:
        stack.anchor = anchor_at_top(rows)
    return rows


def _reach_above(stack: Stack, index: int, y: float) -> tuple[int, float]:
    """The message at the upper edge when message ``index`` begins ``y`` pixels below it."""
    while y > 0 and index > 0:
        index -= 1
        item = stack.item(index)
        if item is not None:
            settle_from_below(stack, index, item, y)
        y -= round(stack.heights[index])
    return index, min(0.0, y)


def _fill(stack: Stack, index: int, item: Item | None, y: float) -> list[Row]:
    """Rows from message ``index`` at height ``y`` down to the lower edge."""
    rows: list[Row] = []
    while True:
        if item is not None:
            item.settle_between(-y, stack.height - y)
            stack.set_height(index, item.height)
        rows.append(Row(index, y, item))
        y += round(stack.heights[index])
        index += 1
        if y >= stack.height or index >= len(stack.ids):
            return rows
        item = stack.item(index)


def settle_above(stack: Stack, index: int, item: Item, edge: float, reach: float) -> float:
    """Settle the box at ``edge`` and those ``reach`` pixels above it; returns how much they grew."""
    grown = 0.0
    number = item.box_at(edge)
    while number >= 0 and item.boxes:
        grown += item.settle(number)
        if item.tops[number] < edge + grown - reach:
            break
        number -= 1
    stack.set_height(index, item.height)
    return grown
