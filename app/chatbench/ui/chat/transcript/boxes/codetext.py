"""Lines of code as text: offsets, words and what is copied of them, compared or not."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from PySide6.QtGui import QTextLayout

from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.boxes.changes import Marked, kept, spoken
from chatbench.ui.chat.transcript.boxes.order import Order
from chatbench.ui.chat.transcript.comparing import CodeLine
from chatbench.ui.chat.transcript.utf16 import cut, units


class CodeText(Box):
    """Offsets count all lines, a line's end as one. The heir lays a line out, and keeps its `Order`."""

    def __init__(self, context: Context, key: tuple[Any, ...], lines: list[str]) -> None:
        super().__init__(context, key)
        self._lines = lines
        self._compared: Sequence[CodeLine] | None = None
        self._starts: list[int] = [0]
        self._orders: dict[int, Order] = {}
        self._extend_starts(0)

    @abstractmethod
    def _layout(self, line: int) -> QTextLayout:
        """A line laid out; its `Order` is known from then on."""

    def _marks(self, line: int) -> list[Marked]:
        return [] if self._compared is None else [Marked(*one) for one in self._compared[line].marks]

    def _extend_starts(self, from_line: int) -> None:
        del self._starts[from_line + 1 :]
        at = self._starts[from_line]
        for line in self._lines[from_line:]:
            at += units(line) + 1
            self._starts.append(at)

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    @property
    def spoken(self) -> str:
        return "\n".join(spoken(line, self._marks(at)) for at, line in enumerate(self._lines))

    def length(self) -> int:
        return self._starts[-1] - 1

    def _cut(self, start: int, end: int) -> str:
        """The text of a range without what was removed."""
        if self._compared is None:
            return cut(self.text, start, end)
        removed = []
        for at, line in enumerate(self._compared):
            first = self._starts[at]
            if line.change == "removed":
                removed.append(Marked(first, self._starts[at + 1] - first, "removed"))
            else:
                removed += [Marked(first + mark.start, mark.length, mark.change) for mark in self._marks(at)]
        return "".join(cut(self.text, *part) for part in kept(start, end, removed))

    def next_offset(self, offset: int, step: int) -> int:
        line = self._line_of(offset)
        first, layout = self._starts[line], self._layout(line)
        order, at = self._orders[line], offset - first
        if step > 0:
            moved = order.written(layout.nextCursorPosition(order.laid(at)))
        else:
            moved = order.written(layout.previousCursorPosition(order.laid(at, end=True)))
        return first + moved if moved != at else offset + step

    def word_at(self, offset: int) -> tuple[int, int]:
        line = self._line_of(offset)
        first = self._starts[line]
        text = self._lines[line]
        at = offset - first
        if not text.isascii():
            return self._word_around(line, at)
        if not 0 <= at < len(text):
            return offset, offset
        same = (lambda c: c.isalnum() or c == "_") if text[at].isalnum() or text[at] == "_" else str.isspace
        if not same(text[at]):
            return offset, offset + 1
        start = end = at
        while start > 0 and same(text[start - 1]):
            start -= 1
        while end < len(text) and same(text[end]):
            end += 1
        return first + start, first + end

    def _word_around(self, line: int, at: int) -> tuple[int, int]:
        """A word among letters that are no ASCII, by the rules of Unicode."""
        layout, first, words = self._layout(line), self._starts[line], QTextLayout.CursorMode.SkipWords
        order = self._orders[line]
        last = layout.nextCursorPosition(order.laid(at), words)
        start, end = order.written(layout.previousCursorPosition(last, words)), order.written(last)
        return first + start, first + start + units(cut(self._lines[line], start, end).rstrip())

    def _line_of(self, offset: int) -> int:
        return min(max(0, bisect_right(self._starts, offset) - 1), len(self._lines) - 1)

    def paragraph_at(self, offset: int) -> tuple[int, int]:
        line = self._line_of(offset)
        return self._starts[line], self._starts[line + 1] - 1
