"""Boxes below each other: how wide they are, where each stands, and that estimated heights become exact."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from typing import Final

from PySide6.QtCore import QRectF

from chatbench.ui.chat.transcript.boxes.base import Box
from chatbench.ui.chat.transcript.boxes.table import TableBox
from chatbench.ui.chat.transcript.frame import BOX_PADDING, Frame

_ITEM_GAP: Final = 2.0


class BoxColumn(ABC):
    """Coordinates are from its upper edge and the viewport's left edge. Who fills it gives `boxes` and says
    `boxed`, `content_top` and what `height` comes of them."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.boxes: list[Box] = []
        self.tops: list[float] = []
        self.height = 0.0

    @property
    @abstractmethod
    def boxed(self) -> bool:
        """Whether the words stand in a box of their own."""

    @property
    @abstractmethod
    def content_top(self) -> float:
        """Where the boxes begin, or the fill behind them."""

    @abstractmethod
    def measure_height(self) -> None:
        """Takes the height of all, after its boxes have changed theirs."""

    def fit(self, frame: Frame) -> None:
        """Take another width."""
        if frame != self.frame:
            self.frame = frame
            self._fit_boxes(0)

    def _fit_boxes(self, first: int) -> None:
        width = self._column_width()
        for box in self.boxes[first:]:
            box.fit(max(40.0, width - box.indent))
        self._refit_tables(first)
        self._place(first)

    def _refit_tables(self, first: int) -> None:
        """The columns of a table may have changed under its earlier rows."""
        last = self.boxes[-1] if self.boxes else None
        shapes = {id(box.shape): box.shape for box in self.boxes[first:] if isinstance(box, TableBox)}
        if last is not None:
            for shape in shapes.values():
                for box in shape.boxes:
                    box.refit()

    def _column_width(self) -> float:
        return self.frame.column - (2 * BOX_PADDING[0] if self.boxed else 0)

    def _place(self, first: int) -> None:
        y = self.content_top + (BOX_PADDING[1] if self.boxed else 0)
        if first:
            y = self.tops[first - 1] + self.boxes[first - 1].height
        del self.tops[first:]
        for number in range(first, len(self.boxes)):
            box = self.boxes[number]
            if number:
                y += self._gap(self.boxes[number - 1], box)
            self.tops.append(y)
            y += box.height
        self.measure_height()

    @staticmethod
    def _gap(above: Box, below: Box) -> float:
        if below.continued and type(above) is type(below):
            return _ITEM_GAP if getattr(getattr(below, "block", None), "kind", "") == "list" else 0.0
        if (above.snug and below.snug) or below.hugs:
            return 4.0
        return max(above.after, below.before)

    def settle(self, number: int) -> float:
        """Make one box's height exact; returns by how much it changed."""
        box = self.boxes[number]
        change = box.settle()
        if change:
            for below in range(number + 1, len(self.tops)):
                self.tops[below] += change
            self.measure_height()
        return change

    def settle_between(self, top: float, bottom: float) -> float:
        """Make exact what stands between two heights, from above; returns the whole change."""
        total = 0.0
        number = self.box_at(top)
        first = number
        changed = False
        while number < len(self.boxes) and self.tops[number] <= bottom:
            box = self.boxes[number]
            if not box.exact:
                change = box.settle()
                if change:
                    changed = True
                    total += change
                    if number + 1 < len(self.boxes):
                        self.tops[number + 1] = (
                            self.tops[number] + box.height + self._gap(box, self.boxes[number + 1])
                        )
            elif changed and number + 1 < len(self.boxes):
                below = self.boxes[number + 1]
                self.tops[number + 1] = self.tops[number] + box.height + self._gap(box, below)
            number += 1
        if changed:
            self._place(max(first, 0))
        return total

    def box_at(self, y: float) -> int:
        """The box at a height, the nearest one above for gaps; 0 for what is above all."""
        return max(0, bisect_right(self.tops, y) - 1)

    def box_rect(self, number: int) -> QRectF:
        """Where a box stands."""
        box = self.boxes[number]
        inset = BOX_PADDING[0] if self.boxed else 0
        x = self.frame.column_x + inset + (0 if self.frame.rtl else box.indent)
        return QRectF(x, self.tops[number], box.width, box.height)

    def release(self) -> None:
        """Drop the layouts of all boxes."""
        for box in self.boxes:
            box.release()

    def restyle(self) -> None:
        """Colours or fonts changed: everything is laid out again."""
        for box in self.boxes:
            box.stale()
            box.width = -1.0
        self._fit_boxes(0)

    def box_changed(self, box: Box) -> None:
        """A box has to be measured again."""
        if box in self.boxes:
            first = self.boxes.index(box)
            self._fit_boxes(first)
