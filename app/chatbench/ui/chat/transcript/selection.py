"""What is selected: from one place in the transcript to another, across boxes and messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from PySide6.QtCore import QMimeData, QPointF

from chatbench.ui.chat.transcript.arranging import Row
from chatbench.ui.chat.transcript.boxes.base import Box
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.source import Entry
from chatbench.ui.chat.transcript.stack import Stack

END: Final = 1 << 60
_NONE: Final[Mapping[str, Entry]] = {}
_RICH_LIMIT: Final = 200_000
"""Selections with more characters are copied as text alone: HTML of megabytes helps nobody."""


class Position(NamedTuple):
    """A place: message, box in it, offset in the box (UTF-16 units). Compares in reading order."""

    message: int
    box: int
    offset: int


@dataclass(frozen=True, slots=True)
class Selection:
    """From where it began to where it was last extended to."""

    start: Position
    end: Position

    @property
    def empty(self) -> bool:
        """Whether nothing is selected."""
        return self.start == self.end

    def ordered(self) -> tuple[Position, Position]:
        """The first and the last place, in reading order."""
        return (self.start, self.end) if self.start <= self.end else (self.end, self.start)

    def inside(self, message: int, number: int, box: Box) -> tuple[int, int] | None:
        """The selected range of a box; None if nothing of it is."""
        low, high = self.ordered()
        here = (message, number)
        if self.empty or not low[:2] <= here <= high[:2]:
            return None
        start = low.offset if low[:2] == here else 0
        end = min(high.offset, box.length()) if high[:2] == here else box.length()
        return (start, end) if start < end or here < high[:2] else None


def row_at(stack: Stack, y: float) -> Row | None:
    """The row in view at a height, or the nearest one."""
    found = None
    for row in stack.rows:
        if found is None or row.top <= y:
            found = row
    return found


def box_point(row: Row, item: Item, number: int, point: QPointF) -> QPointF:
    """A point of the viewport in the coordinates of a box."""
    rect = item.box_rect(number)
    return QPointF(point.x() - rect.x(), point.y() - row.top - rect.y())


def position_at(stack: Stack, point: QPointF) -> Position | None:
    """The selectable place nearest to a point of the viewport."""
    row = row_at(stack, point.y())
    if row is None or row.item is None or not row.item.boxes:
        return None
    item = row.item
    inside = point.y() - row.top
    number = item.box_at(inside)
    box = item.boxes[number]
    if inside < item.tops[number]:
        return Position(row.index, number, 0)
    if inside > item.tops[number] + box.height:
        return Position(row.index, number, box.length())
    return Position(row.index, number, box.offset_at(box_point(row, item, number, point)))


def whole(stack: Stack) -> Selection | None:
    """Everything."""
    if not stack.ids:
        return None
    return Selection(Position(0, 0, 0), Position(len(stack.ids) - 1, END, END))


def of_message(index: int) -> Selection:
    """One whole message."""
    return Selection(Position(index, 0, 0), Position(index, END, END))


class _Copied(NamedTuple):
    plain: str
    markdown: str
    html: str


def mime_data(stack: Stack, selection: Selection, entries: Mapping[str, Entry] = _NONE) -> QMimeData:
    """The selection as plain text, Markdown and rich text at once.

    ``entries`` are messages that were loaded for it and may be gone from the source again.
    """
    low, high = selection.ordered()
    last = min(high.message, len(stack.ids) - 1)
    sizes = stack.source.sizes()
    rich = sum(sizes[low.message : last + 1]) <= _RICH_LIMIT
    copied = [_message(stack, selection, at, rich, entries) for at in range(low.message, last + 1)]
    data = QMimeData()
    data.setText("\n\n".join(one.plain for one in copied if one.plain))
    markdown = "\n\n".join(one.markdown for one in copied if one.markdown)
    data.setData("text/markdown", markdown.encode())
    if rich:
        data.setHtml("".join(one.html for one in copied))
    return data


def _message(
    stack: Stack, selection: Selection, index: int, rich: bool, entries: Mapping[str, Entry]
) -> _Copied:
    low, high = selection.ordered()
    inner = low.message < index < high.message
    item = stack.at_hand(index)
    entry = item.entry if item is not None else entries.get(stack.ids[index]) or stack.source.entry(index)
    if entry is None:
        return _Copied("", "", "")
    if inner and not rich:
        return _Copied(entry.message.text, entry.message.text, "")
    item = item or Item(stack.context, entry, stack.frame, None)
    plain: list[str] = []
    markdown: list[str] = []
    html: list[str] = []
    ranges = list(_ranges(selection, index, item))
    if len(ranges) > 1:
        ranges = [one for one in ranges if one[0].change != "removed"]
    for box, (start, end) in ranges:
        apart = "" if not plain else _separator(box)
        words, source = box.copied(start, end), box.markdown(start, end)
        plain.append(apart + words if words else "")
        markdown.append(apart + source if source else "")
        html.append(box.html(start, end))
    return _Copied("".join(plain).strip("\n"), "".join(markdown).strip("\n"), "".join(html))


def _ranges(selection: Selection, index: int, item: Item) -> Iterator[tuple[Box, tuple[int, int]]]:
    for number, box in enumerate(item.boxes):
        part = selection.inside(index, number, box)
        if part is not None:
            yield box, (part[0], min(part[1], box.length()))


def _separator(box: Box) -> str:
    if box.continued and getattr(getattr(box, "block", None), "kind", "") == "paragraph":
        return ""
    return "\n" if box.continued or box.tight else "\n\n"
