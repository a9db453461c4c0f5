"""Tables: groups of rows that share their columns; what is too wide scrolls beside the first column."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from chatbench.rendering import export
from chatbench.rendering.blocks import TableBlock
from chatbench.rendering.nodes import Inline
from chatbench.ui.chat.transcript import paragraphs
from chatbench.ui.chat.transcript.boxes.base import Box, Context, CopyText, Effect, Hotspot, OpenLink, Paint
from chatbench.ui.chat.transcript.boxes.cells import CellText
from chatbench.ui.chat.transcript.boxes.changes import (
    Marked,
    kept,
    marks_of,
    paint_grounds,
    paint_shapes,
    paint_sign,
    spoken,
    whole_change,
)
from chatbench.ui.chat.transcript.boxes.columns import NUMBER, TableColumns, bare, natural_widths
from chatbench.ui.chat.transcript.boxes.controls import (
    THUMB,
    paint_thumb,
    thumb_step,
)
from chatbench.ui.chat.transcript.boxes.copybuttons import copy_buttons, copy_names, paint_copy_buttons
from chatbench.ui.chat.transcript.boxes.ornaments import paint_link_line
from chatbench.ui.chat.transcript.paragraphs import Paragraph
from chatbench.ui.chat.transcript.typeset import Style, Typeset, link_spans
from chatbench.ui.chat.transcript.utf16 import cut, units
from chatbench.ui.theme import theme

_PAD_X, _PAD_Y = 12, 5
_THUMB_ROOM: Final = THUMB + 6
_HEAD: Final = Style("small", "text2", 600)
_CELL: Final = Style("ui", "text")


class TableBox(Box):
    """A group of a table's rows; the first one draws the head."""

    before = 10.0
    after = 12.0

    def __init__(
        self,
        context: Context,
        key: tuple[Any, ...],
        block: TableBlock,
        shape: TableColumns,
        compared: Sequence[Sequence[Paragraph]] | None = None,
    ) -> None:
        super().__init__(context, key)
        self.block = block
        self.shape = shape
        self._compared = compared
        shape.boxes.append(self)
        shape.touch()
        self.continued = block.continued
        self._natural: tuple[float, ...] = ()
        self._natural_for = 0.0
        self._numeric: dict[int, bool] = {}
        self._tops: list[float] = []
        self._for: tuple[float, ...] = ()
        self._cells: dict[tuple[int, int], Typeset] = {}
        self._text: CellText | None = None

    @property
    def last(self) -> bool:
        """Whether no more rows follow."""
        return self.shape.boxes[-1] is self

    def _rows(self) -> list[tuple[str, ...]]:
        if self._compared is not None:
            return [tuple(cell.text for cell in row) for row in self._compared]
        rows = list(self.block.rows)
        return rows if self.block.continued else [self.block.header, *rows]

    def _inlines(self, row: int) -> tuple[Inline, ...]:
        if self.block.continued:
            return self.block.row_cells[row]
        return self.block.header_cells if row == 0 else self.block.row_cells[row - 1]

    def natural_columns(self) -> tuple[float, ...]:
        """What each column would like, padding included."""
        if not self._natural or self._natural_for != theme().text_factor:
            self._natural_for = theme().text_factor
            rows = self.block.rows if self._compared is None else self._rows()
            self._natural = natural_widths(self.block.header, rows, _PAD_X)
        return self._natural

    def numeric(self, column: int) -> bool:
        """Whether every cell of the column reads as a number."""
        if column not in self._numeric:
            cells = [bare(row[column]).strip() for row in self.block.rows]
            self._numeric[column] = all(not cell or NUMBER.fullmatch(cell) for cell in cells)
        return self._numeric[column]

    @property
    def _row_height(self) -> int:
        return theme().line("ui") + 2 * _PAD_Y + 1

    def _overflow(self) -> float:
        return max(0.0, sum(self.shape.columns(self.width)) - self.width)

    def estimate(self) -> float:
        return float(len(self._rows()) * self._row_height)

    def measure(self) -> float:
        columns = self.shape.columns(self.width)
        if not self._tops or self._for != columns:
            self._for = columns
            self._cells.clear()
            self._tops = [0.0]
            for number, row in enumerate(self._rows()):
                self._tops.append(self._tops[-1] + self._height_of(number, row, columns))
        return math.ceil(self._tops[-1]) + (_THUMB_ROOM if self.last and self._overflow() else 0)

    def _height_of(self, number: int, row: tuple[str, ...], columns: tuple[float, ...]) -> float:
        metrics = theme().metrics("ui")
        lines = 1.0
        for at, cell in enumerate(row):
            room = columns[at] - _PAD_X - (0 if at == 0 else _PAD_X)
            if "$" in cell or "![" in cell or "\\(" in cell or metrics.horizontalAdvance(bare(cell)) > room:
                lines = max(lines, self._cell(number, at).height / theme().line("ui"))
        return self._row_height + (lines - 1) * theme().line("ui")

    def refit(self) -> bool:
        """Another group changed the columns: whether this one has to be measured again."""
        if self.exact and self._for != self.shape.columns(self.width):
            self.exact = False
            self._tops = []
            return True
        return False

    def release(self) -> None:
        self._cells.clear()
        self._tops = []

    def _cell(self, row: int, column: int) -> Typeset:
        found = self._cells.get((row, column))
        if found is None:
            columns = self.shape.columns(self.width)
            lead = 0 if column == 0 else _PAD_X
            room = columns[column] - lead - _PAD_X
            head = row == 0 and not self.block.continued
            found = self._cells[row, column] = Typeset(
                self._paragraph(row, column),
                _HEAD if head else _CELL,
                sum(columns[:column]) + lead,
                0.0,
                room + (8 if column == len(columns) - 1 else 0),
                right=self.shape.right_aligned(column),
            )
        return found

    def _paragraph(self, row: int, column: int) -> Paragraph:
        if self._compared is not None:
            return self._compared[row][column]
        return paragraphs.cell(self._inlines(row)[column])

    def _ensure(self) -> None:
        if not self._tops or self._for != self.shape.columns(self.width):
            self.measure()

    def paint(self, painter: QPainter, paint: Paint) -> None:
        self._ensure()
        columns = self.shape.columns(self.width)
        overflow = self._overflow()
        offset = min(self.shape.offset, overflow)
        first = max(0, bisect_right(self._tops, paint.clip.top()) - 1)
        last = min(len(self._tops) - 2, bisect_right(self._tops, paint.clip.bottom()))
        for row in range(first, last + 1):
            painter.save()
            left = columns[0] if overflow else 0.0
            painter.setClipRect(QRectF(left, self._tops[row], self.width - left, self._height(row)))
            painter.translate(-offset, 0)
            for column in range(1 if overflow else 0, len(columns)):
                self._paint_cell(painter, row, column, paint)
            painter.restore()
            if overflow:
                painter.save()
                painter.setClipRect(QRectF(0, self._tops[row], columns[0], self._height(row)))
                self._paint_cell(painter, row, 0, paint)
                painter.restore()
            if self._compared is not None and not self.change:
                change = whole_change(self._compared[row])
                paint_sign(painter, change, self.width, self._tops[row] + _PAD_Y, rtl=self.context.rtl)
            head = row == 0 and not self.block.continued
            rule = QRectF(0, self._tops[row + 1] - 1, self.width, 1)
            painter.fillRect(rule, theme().color("linectl" if head else "line"))
        if overflow and self.last:
            paint_thumb(painter, self._track(), offset, self.width, self.width + overflow)
        if not self.block.continued and (paint.inside or paint.focused or paint.ticked):
            paint_copy_buttons(painter, self._buttons(), paint)

    def _track(self) -> QRectF:
        return QRectF(0, self._tops[-1] + 3, self.width, THUMB)

    def thumb(self) -> tuple[QRectF, float] | None:
        overflow = self._overflow()
        if not overflow or not self.last:
            return None
        self._ensure()
        track = self._track()
        return track.adjusted(0, -3, 0, 4), thumb_step(track, self.width, self.width + overflow)

    def _height(self, row: int) -> float:
        return self._tops[row + 1] - self._tops[row]

    def _paint_cell(self, painter: QPainter, row: int, column: int, paint: Paint) -> None:
        cell = self._cell(row, column)
        cell.top = self._tops[row] + _PAD_Y
        self._fills(painter, cell, row, column, paint)
        painter.setPen(theme().color(cell.style.color))
        if self._compared is not None:
            paint_grounds(painter, cell)
        cell.draw(painter, QRectF(-1e5, self._tops[row], 2e6, self._height(row)))
        if self._compared is not None:
            paint_shapes(painter, cell)
        for span in link_spans(cell.paragraph):
            paint_link_line(painter, cell, span)

    def _fills(self, painter: QPainter, cell: Typeset, row: int, column: int, paint: Paint) -> None:
        for hit in paint.hits:
            for rect in self._cell_rects(cell, row, column, *hit):
                painter.fillRect(rect, theme().color("hit"))
        if paint.selection is not None:
            for rect in self._cell_rects(cell, row, column, *paint.selection):
                painter.fillRect(rect, theme().color("selbg"))

    def _cell_rects(self, cell: Typeset, row: int, column: int, start: int, end: int) -> list[QRectF]:
        at = self._cell_text.start_of(row, column)
        length = units(cell.paragraph.text)
        if end <= at or start >= at + length:
            return []
        return cell.tight_rects(max(0, start - at), min(length, end - at))

    def _buttons(self) -> dict[str, QRectF]:
        return copy_buttons(self.width, self._row_height)

    @property
    def _cell_text(self) -> CellText:
        if self._text is None:
            columns = range(len(self.block.header))
            rows = range(len(self._rows()))
            words = [[self._paragraph(row, column).text for column in columns] for row in rows]
            self._text = CellText(words, len(self.block.header))
        return self._text

    @property
    def text(self) -> str:
        return self._cell_text.text

    def length(self) -> int:
        return self._cell_text.length

    def _whole(self, start: int, end: int) -> bool:
        return start <= 0 and end >= self.length()

    def copied(self, start: int, end: int) -> str:
        if self._whole(start, end):
            return export.plain_text([self.block])
        parts = [(start, end)] if self._compared is None else kept(start, end, self._marks())
        return "".join(cut(self.text, *part) for part in parts)

    def _marks(self) -> list[Marked]:
        """What of ``text`` was added and removed."""
        return [
            mark._replace(start=self._cell_text.start_of(row, column) + mark.start)
            for row, cells in enumerate(self._compared or ())
            for column, cell in enumerate(cells)
            for mark in marks_of(cell)
        ]

    @property
    def spoken(self) -> str:
        return spoken(self.text, self._marks())

    def right_to_left_at(self, offset: int) -> bool:
        return self._cell(*self._cell_text.cell_at(offset)).right_to_left

    def next_offset(self, offset: int, step: int) -> int:
        self._ensure()
        place = self._cell_text.cell_at(offset)
        at = self._cell_text.start_of(*place)
        moved = at + self._cell(*place).next_offset(offset - at, step)
        return moved if moved != offset else offset + step

    def markdown(self, start: int, end: int) -> str:
        return export.markdown([self.block]) if self._whole(start, end) else self.copied(start, end)

    def html(self, start: int, end: int) -> str:
        if self._whole(start, end):
            return export.to_html([self.block])
        return f"<p>{escape(self.copied(start, end), quote=False)}</p>"

    def _at(self, point: QPointF) -> tuple[int, int, QPointF]:
        """Row, column and the point in the scrolled coordinates of its cell."""
        self._ensure()
        columns = self.shape.columns(self.width)
        row = min(max(0, bisect_right(self._tops, point.y()) - 1), len(self._tops) - 2)
        x = point.x()
        if not self._overflow() or x > columns[0]:
            x += min(self.shape.offset, self._overflow())
        column, left = 0, 0.0
        while column < len(columns) - 1 and x >= left + columns[column]:
            left += columns[column]
            column += 1
        return row, column, QPointF(x, point.y())

    def offset_at(self, point: QPointF) -> int:
        row, column, inside = self._at(point)
        cell = self._cell(row, column)
        cell.top = self._tops[row] + _PAD_Y
        return self._cell_text.start_of(row, column) + cell.offset_at(inside)

    def word_at(self, offset: int) -> tuple[int, int]:
        return self._cell_text.cell_range(offset)

    def paragraph_at(self, offset: int) -> tuple[int, int]:
        return self._cell_text.row_range(offset)

    def rects(self, start: int, end: int) -> list[QRectF]:
        self._ensure()
        offset = min(self.shape.offset, self._overflow())
        found = []
        for row in range(len(self._tops) - 1):
            for column in range(len(self.block.header)):
                at = self._cell_text.start_of(row, column)
                if at > end or at + 4096 < start:
                    continue
                cell = self._cell(row, column)
                cell.top = self._tops[row] + _PAD_Y
                shift = 0.0 if column == 0 else -offset
                found += [one.translated(shift, 0) for one in self._cell_rects(cell, row, column, start, end)]
        return found

    def hotspots(self) -> list[Hotspot]:
        self._ensure()
        found = []
        for row, cells in enumerate(self._rows()):
            for column, cell in enumerate(cells):
                if self._compared is not None or "](" in cell or "://" in cell or "][" in cell or "<" in cell:
                    found += self._links_of(row, column)
        if not self.block.continued:
            spots, names = self._buttons(), copy_names()
            found += [Hotspot(key, names[key], (rect,)) for key, rect in spots.items()]
        return found

    def _links_of(self, row: int, column: int) -> list[Hotspot]:
        cell = self._cell(row, column)
        cell.top = self._tops[row] + _PAD_Y
        shift = 0.0 if column == 0 else -min(self.shape.offset, self._overflow())
        found = []
        for number, span in enumerate(link_spans(cell.paragraph)):
            words = cut(cell.paragraph.text, span.start, span.start + span.length)
            rects = cell.tight_rects(span.start, span.start + span.length)
            moved = tuple(rect.translated(shift, 0) for rect in rects)
            found.append(Hotspot(f"link:{row}:{column}:{number}", words, moved, link=span.href))
        return found

    def activate(self, key: str) -> Effect | None:
        if key in copy_names():
            return CopyText(self.shape.csv() if key == "csv" else self.shape.markdown())
        for spot in self.hotspots():
            if spot.key == key and spot.link:
                return OpenLink(spot.link, spot.name)
        return None

    def lines(self) -> list[list[str]]:
        """The cells of each row as plain text."""
        columns = range(len(self.block.header))
        own = len(self.block.rows) + (not self.block.continued)
        return [[paragraphs.cell(self._inlines(row)[at]).text for at in columns] for row in range(own)]

    def copies(self, point: QPointF) -> list[tuple[str, str]]:
        names = copy_names()
        return [(names["csv"], self.shape.csv()), (names["markdown"], self.shape.markdown())]

    def scroll_sideways(self, by: float) -> bool:
        overflow = self._overflow()
        before = min(self.shape.offset, overflow)
        after = min(max(0.0, before + by), overflow)
        self.shape.scroll_to(after)
        return after != before
