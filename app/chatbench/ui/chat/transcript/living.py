"""Living answers of a view: pulled on the paint clock, and repainted only where they changed."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.paintclock import interval_for, paint_clock
from chatbench.ui.widgets import announce, gauge_clock

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView

_BAR_EVERY_S = 0.25
_SPOKEN = 600
"""Characters of an answer that are said at once."""
_ABOVE = 30
"""What is repainted above a change: hits, rings and the cursor reach over their boxes."""


class Living:
    """Lets one view's living answers grow while they are in view."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._bar_at = 0.0
        self.painted_ms = 0.0
        """What painting has cost since the last step."""
        self.reads_ended = True
        """Whether an answer that has ended is read out from here."""

    def _in_view(self) -> list[tuple[int, Item]]:
        rows = self._view.stack.rows
        return [(row.index, row.item) for row in rows if row.item is not None and row.item.live]

    def follow(self) -> None:
        """Run the clocks exactly while something in view is being written."""
        view = self._view
        living = self._in_view() if view.isVisible() else []
        if living:
            paint_clock().join(view, view.step)
        else:
            paint_clock().leave(view)
        if any(item.thinks() for _index, item in living):
            gauge_clock().join(view, self._step_gauges)
        else:
            gauge_clock().leave(view)

    def stop(self) -> None:
        """The view is hidden."""
        paint_clock().leave(self._view)
        gauge_clock().leave(self._view)

    def _step_gauges(self) -> None:
        for row in self._view.stack.rows:
            if row.item is not None and row.item.live:
                for number, box in enumerate(row.item.boxes):
                    if getattr(box, "live", False):
                        self._view.update_rect(row.item.box_rect(number).translated(0, row.top))

    def ids(self) -> set[str]:
        """The messages that are being written."""
        return {item.id for item in self._view.stack.items() if item.live}

    def announce_ended(self, living: set[str]) -> None:
        """Say of those that were being written which have ended since, and how they begin."""
        view = self._view
        for item in view.stack.items() if self.reads_ended else ():
            if item.id in living and not item.live:
                words = item.plain_text()[:_SPOKEN]
                announce(view, view.tr("{0} has answered. {1}").format(item.entry.author, words))

    def step(self) -> int:
        """One turn of the paint clock; returns the milliseconds until the next."""
        began = time.thread_time()
        for index, item in self._in_view():
            if item.tick():
                self._show_growth(index, item)
            if item.facts_due():
                self._update_facts(index, item)
        spent = (time.thread_time() - began) * 1000 + self.painted_ms
        self.painted_ms = 0.0
        return interval_for(spent)

    def _show_growth(self, index: int, item: Item) -> None:
        """Arrange what grew, move what is on the screen, and repaint from the first change downwards."""
        view = self._view
        before = {row.index: row.top for row in view.stack.rows}
        view.stack.item_grew(index)
        view.stack.arrange()
        view.searching.mark(only=index)
        if time.monotonic() - self._bar_at >= _BAR_EVERY_S:
            self._bar_at = time.monotonic()
            view.scrolling.show_place()
        after = {row.index: row.top for row in view.stack.rows}
        shift = self._shift(before, after)
        # The ring around the view would move along.
        if shift is None or index not in after or item.changed_at is None or view.ringed:
            view.viewport().update()
            return
        if shift:
            view.viewport().scroll(0, shift, view.viewport().rect())
        height = view.viewport().height()
        first = max(0, math.floor(after[index] + item.changed_at) - _ABOVE)
        if first < height:
            view.viewport().update(0, first, view.viewport().width(), height - first)

    def _shift(self, before: dict[int, float], after: dict[int, float]) -> int | None:
        """By how many pixels all rows moved; None when the picture cannot simply be moved along."""
        ratio = self._view.devicePixelRatioF()
        shifts = {after[one] - before[one] for one in after.keys() & before.keys()}
        if len(shifts) != 1 or ratio != int(ratio):
            return None
        shift = shifts.pop()
        half = self._view.viewport().height() / 2
        return int(shift) if shift == int(shift) and abs(shift) < half else None

    def _update_facts(self, index: int, item: Item) -> None:
        row = next((row for row in self._view.stack.rows if row.index == index), None)
        if row is None:
            return
        frame = item.frame
        top = row.top + item.content_top - frame.head
        if frame.folded:
            self._view.update_rect(QRectF(0, top, frame.width, frame.head))
        else:
            self._view.update_rect(QRectF(frame.margin_x, top, frame.margin, item.margin_height()))
