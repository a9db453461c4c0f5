"""Lines of code: laid out one by one, numbered, compared, wrapped or scrolled sideways."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, cast

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QTextLayout, QTextOption

from chatbench.ui.chat.transcript.boxes.base import Context, Paint
from chatbench.ui.chat.transcript.boxes.changes import (
    Marked,
    paint_ground,
    paint_shape,
    paint_sign_in,
)
from chatbench.ui.chat.transcript.boxes.codetext import CodeText
from chatbench.ui.chat.transcript.boxes.controls import THUMB, paint_thumb, thumb_step
from chatbench.ui.chat.transcript.boxes.order import Order
from chatbench.ui.chat.transcript.comparing import CodeLine
from chatbench.ui.chat.transcript.typeset import across
from chatbench.ui.chat.transcript.utf16 import units
from chatbench.ui.theme import theme

PAD_X: Final = 14
PAD_Y: Final = 10
_KEPT_LAYOUTS: Final = 300
_GUTTER_GAP: Final = 12


class CodeLines(CodeText):
    """What a box of code does with its lines; heads and buttons are the heir's.

    ``lines`` are shown from ``top`` downwards, the first ``shown`` of them.
    """

    def __init__(self, context: Context, key: tuple[Any, ...], lines: list[str]) -> None:
        super().__init__(context, key, lines)
        self._longest = 0.0
        self._measured = 0
        self._layouts: dict[int, QTextLayout] = {}
        self._rows: tuple[float, list[int]] | None = None

    @property
    def _top(self) -> float:
        """Where the lines begin."""
        return float(PAD_Y)

    @property
    def _wrap(self) -> bool:
        return False

    @property
    def _scrolled(self) -> float:
        """How far the lines are scrolled sideways, as it is remembered."""
        return 0.0

    def _shown(self) -> int:
        return len(self._lines)

    def _formats(self, line: int) -> list[QTextLayout.FormatRange]:
        """The colours of a line."""
        return []

    @abstractmethod
    def _body(self) -> QRectF:
        """Where the lines stand in the box."""

    def _take_lines(self, lines: list[str], compared: Sequence[CodeLine] | None) -> None:
        """Show these; ``compared`` are the same lines with what was added and removed."""
        self._lines, self._compared = lines, compared
        self._extend_starts(0)
        self._longest, self._measured = 0.0, 0
        self.release()

    def _line_grew(self, line: int) -> None:
        """The last line is longer now, or others follow it."""
        self._extend_starts(line)
        self._layouts.pop(line, None)
        self._measured = min(self._measured, line)
        self._rows = None

    def _drop_layout(self, line: int) -> None:
        self._layouts.pop(line, None)

    def release(self) -> None:
        self._layouts.clear()
        self._orders.clear()
        self._rows = None

    # Geometry

    @property
    def _line(self) -> int:
        return theme().line("code")

    @property
    def _gutter(self) -> float:
        """Room for the numbers, and for the signs of what was added and removed."""
        room = 0.0
        if self.context.numbers:
            room += len(str(max(99, len(self._lines)))) * _advance() + _GUTTER_GAP
        if self._compared is not None:
            room += 2 * _advance()
        return room

    @property
    def _left(self) -> float:
        return PAD_X + self._gutter

    @property
    def _room(self) -> float:
        return max(20.0, self.width - PAD_X - self._left)

    def _row_tops(self) -> list[int] | None:
        """The first row of each shown line, and the number of rows; None when each line is a row."""
        if not self._wrap:
            return None
        room = self._room
        if self._rows is None or self._rows[0] != room or len(self._rows[1]) != self._shown() + 1:
            if self._rows is not None:
                self._layouts.clear()
            columns = int(room / _advance()) - 1
            counts = (
                1 if len(line) <= columns and line.isascii() else self._layout(at).lineCount()
                for at, line in enumerate(self._lines[: self._shown()])
            )
            self._rows = (room, [0, *accumulate(counts)])
        return self._rows[1]

    def _rows_high(self) -> float:
        rows = self._row_tops()
        return float((self._shown() if rows is None else rows[-1]) * self._line)

    def _layout(self, line: int) -> QTextLayout:
        found = self._layouts.get(line)
        if found is None:
            if len(self._layouts) > _KEPT_LAYOUTS:
                self._layouts.clear()
            found = self._layouts[line] = self._make_layout(line)
        return found

    def _make_layout(self, line: int) -> QTextLayout:
        order = self._orders[line] = Order(self._lines[line])
        layout = QTextLayout(order.text, theme().font("code"))
        layout.setCacheEnabled(True)
        option = QTextOption()
        wrap = self._wrap
        option.setWrapMode(QTextOption.WrapMode.WrapAnywhere if wrap else QTextOption.WrapMode.NoWrap)
        option.setTextDirection(Qt.LayoutDirection.LeftToRight)
        option.setTabStopDistance(4 * _advance())
        layout.setTextOption(option)
        formats = self._formats(line)
        for one in formats:
            start, one.start = one.start, order.laid(one.start)
            one.length = order.laid(start + one.length, end=True) - one.start
        layout.setFormats(formats)
        y = 0.0
        middle = self._middle()
        layout.beginLayout()
        row = layout.createLine()
        while row.isValid():
            row.setLineWidth(self._room if wrap else 1e6)
            row.setPosition(QPointF(0, y + middle - row.ascent()))
            y += self._line
            row = layout.createLine()
        layout.endLayout()
        return layout

    def _middle(self) -> float:
        """The baseline in a row."""
        metrics = QFontMetricsF(theme().font("code"))
        return (self._line - metrics.ascent() - metrics.descent()) / 2 + metrics.ascent()

    def _whole_width(self) -> float:
        """The width of the longest line."""
        if self._measured < len(self._lines):
            advance = _advance()
            metrics = QFontMetricsF(theme().font("code"))
            for line in self._lines[self._measured :]:
                if line.isascii() and "\t" not in line:
                    wide = len(line) * advance
                else:
                    wide = metrics.horizontalAdvance(line.expandtabs(4))
                self._longest = max(self._longest, wide)
            self._measured = len(self._lines) - 1
        return self._longest

    def _overflow(self) -> float:
        return 0.0 if self._wrap else max(0.0, self._whole_width() - self._room)

    @property
    def _offset(self) -> float:
        return min(self._scrolled, self._overflow())

    def _track(self) -> QRectF:
        return QRectF(self._left, self._body().bottom() - THUMB - 2, self._room, THUMB)

    def thumb(self) -> tuple[QRectF, float] | None:
        overflow = self._overflow()
        if not overflow:
            return None
        track = self._track()
        return track.adjusted(0, -4, 0, 2), thumb_step(track, self._room, self._room + overflow)

    def _line_at(self, y: float) -> tuple[int, float]:
        """The shown line at ``y`` and the height into it."""
        y = max(0.0, y - self._top)
        rows = self._row_tops()
        row = int(y // self._line)
        line = row if rows is None else bisect_right(rows, row) - 1
        line = min(max(0, line), self._shown() - 1)
        return line, y - (line if rows is None else rows[line]) * self._line

    def _line_top(self, line: int) -> float:
        rows = self._row_tops()
        return self._top + (line if rows is None else rows[line]) * self._line

    # Painting

    def _paint_lines(self, painter: QPainter, paint: Paint) -> None:
        body = self._body()
        first, last = self._line_at(paint.clip.top())[0], self._line_at(paint.clip.bottom())[0]
        painter.save()
        painter.setClipRect(body.intersected(paint.clip))
        if self._gutter:
            for line in range(first, last + 1):
                self._paint_gutter(painter, line)
            painter.setClipRect(body.intersected(paint.clip).adjusted(self._left - 3, 0, 0, 0))
        painter.translate(self._left - self._offset, 0)
        for line in range(first, last + 1):
            self._paint_line(painter, line, paint)
        painter.restore()
        paint_thumb(painter, self._track(), self._offset, self._room, self._room + self._overflow())

    def _paint_gutter(self, painter: QPainter, line: int) -> None:
        top = self._line_top(line)
        compared = None if self._compared is None else self._compared[line]
        if compared is not None and compared.change:
            sign = QRectF(self._left - 2 * _advance(), top, _advance(), self._line)
            paint_sign_in(painter, compared.change, sign)
        number = line + 1 if compared is None else compared.number
        if self.context.numbers and number is not None:
            room = self._gutter - _GUTTER_GAP - (2 * _advance() if compared is not None else 0)
            painter.setFont(theme().font("code"))
            painter.setPen(theme().color("text3"))
            sides = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(PAD_X, top, room, self._line), sides, str(number))

    def _mark_rects(self, line: int, mark: Marked) -> list[QRectF]:
        at = self._starts[line] + mark.start
        return self._line_rects(line, at, at + mark.length)

    def _paint_line(self, painter: QPainter, line: int, paint: Paint) -> None:
        marks = self._marks(line)
        for mark in marks:
            rects = [rect.adjusted(0, 1, 0, -1) for rect in self._mark_rects(line, mark)]
            paint_ground(painter, rects, mark.change)
        for hit in paint.hits:
            for rect in self._line_rects(line, *hit):
                painter.fillRect(rect, theme().color("hit"))
                if hit == paint.current_hit:
                    painter.setPen(theme().color("text"))
                    painter.drawRect(rect.adjusted(0, 0, -1, -1))
        if paint.selection is not None:
            for rect in self._line_rects(line, *paint.selection, to_end=True):
                painter.fillRect(rect, theme().color("selbg"))
        painter.setPen(theme().color("code-plain"))
        self._layout(line).draw(painter, QPointF(0, self._line_top(line)))
        x_height = theme().metrics("code").xHeight()
        for mark in marks:
            for rect in self._mark_rects(line, mark):
                paint_shape(painter, rect, rect.top() + self._middle(), mark.change, x_height)

    def _line_rects(self, line: int, start: int, end: int, *, to_end: bool = False) -> list[QRectF]:
        """Where a range stands in one line, in the scrolled coordinates of the body."""
        first, past = self._starts[line], self._starts[line + 1] - 1
        if end < first or start > past or (start == past and not to_end):
            return []
        layout, top = self._layout(line), self._line_top(line)
        order = self._orders[line]
        low, high = order.laid(max(0, start - first)), order.laid(min(past, end) - first, end=True)
        found = []
        for at in range(layout.lineCount()):
            row = layout.lineAt(at)
            a, z = max(low, row.textStart()), min(high, row.textStart() + row.textLength())
            goes_on = to_end and end > past and at == layout.lineCount() - 1
            if a > z or (a == z and not goes_on):
                continue
            if self._lines[line].isascii():
                spans = [(_x(row.cursorToX(a)), _x(row.cursorToX(z)))]
            else:
                spans = across(row, a, z)
            for left, right in spans:
                found.append(QRectF(left, top + at * self._line, right - left, self._line))
            if goes_on:
                found[-1].setWidth(found[-1].width() + 6)
        return found

    # Places

    def offset_at(self, point: QPointF) -> int:
        line, into = self._line_at(point.y())
        layout = self._layout(line)
        row = layout.lineAt(max(0, min(int(into // self._line), layout.lineCount() - 1)))
        at = row.xToCursor(point.x() - self._left + self._offset)
        return self._starts[line] + self._orders[line].written(at)

    def rects(self, start: int, end: int) -> list[QRectF]:
        first, last = self._line_of(start), min(self._line_of(end), self._shown() - 1)
        shift = self._left - self._offset
        return [
            rect.translated(shift, 0)
            for line in range(first, last + 1)
            for rect in self._line_rects(line, start, end)
        ]

    def end(self) -> QPointF | None:
        line = self._shown() - 1
        layout = self._layout(line)
        row = layout.lineAt(layout.lineCount() - 1)
        x = _x(row.cursorToX(self._orders[line].laid(units(self._lines[line])))) + self._left - self._offset
        y = self._line_top(line) + (layout.lineCount() - 0.5) * self._line
        return QPointF(min(x, self.width - PAD_X), y)


def _advance() -> float:
    return QFontMetricsF(theme().font("code")).horizontalAdvance("0")


def _x(found: object) -> float:
    return cast(tuple[float, int], found)[0]
