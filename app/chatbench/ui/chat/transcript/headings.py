"""The outline of the messages of a view: their headings, the one that is read, and the way to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatbench.rendering.outline import Heading, outline

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.item import Item
    from chatbench.ui.chat.transcript.view import TranscriptView

FEWEST: Final = 3
"""Headings that make an outline: fewer are seen without one."""
_GAP = 16.0
"""Room above a heading that was gone to."""


class Place(NamedTuple):
    """A heading of a message, and in which part of its words it stands."""

    part: int
    heading: Heading


class Headings:
    """The headings in one view."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view

    def of(self, message_id: str) -> list[Place]:
        """The headings of a message in order; empty while it is not at hand."""
        index = self._view.stack.index_of(message_id)
        item = self._view.stack.item(index) if index is not None else None
        texts = item.text_segments() if item is not None else []
        return [Place(part, one) for part, text in enumerate(texts) for one in outline(text.blocks)]

    def enough(self, message_id: str) -> bool:
        """Whether there are headings enough for a list."""
        return len(self.of(message_id)) >= FEWEST

    def show(self, message_id: str, place: Place) -> None:
        """Scroll so that a heading stands near the upper edge."""
        stack = self._view.stack
        index = stack.index_of(message_id)
        item = stack.item(index) if index is not None else None
        if index is None or item is None:
            return
        box = _box_of(item, place)
        if box is not None:
            self._view.scrolling.stop()
            stack.show(index, box, -_GAP)
            self._view.moved()

    def in_view(self, message_id: str) -> int | None:
        """Which heading of a message the words at the upper edge stand under, counted as in ``of``; the
        first one where they stand above all of them. None where it has no heading or is not in view."""
        stack = self._view.stack
        self._view.arrange()
        index = stack.index_of(message_id)
        row = next((row for row in stack.rows if row.index == index), None)
        if row is None or row.item is None:
            return None
        found = None
        for number, place in enumerate(self.of(message_id)):
            box = _box_of(row.item, place)
            if found is None or (box is not None and row.top + row.item.tops[box] <= _GAP + 1):
                found = number
        return found


def _box_of(item: Item, place: Place) -> int | None:
    """The number of the box that shows a heading; None where there is none any more."""
    texts = item.text_segments()
    if place.part >= len(texts) or place.heading.block >= len(texts[place.part].blocks):
        return None
    text = texts[place.part]
    return item.boxes.index(text.boxes[text.number_of(place.heading.block)])
