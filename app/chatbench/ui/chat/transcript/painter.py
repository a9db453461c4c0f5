"""Draws rows of messages: the words, the margin beside them, the actions below them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from chatbench.ui import icons
from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.arranging import Row
from chatbench.ui.chat.transcript.boxes.base import Box, Paint
from chatbench.ui.chat.transcript.boxes.changes import paint_sign
from chatbench.ui.chat.transcript.boxes.controls import in_order, isolated, paint_button, paint_line, tr
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.frame import BEFORE_TURN, LINE_BEFORE_TURN, QUOTE_BAR
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.selection import Selection
from chatbench.ui.chat.transcript.stack import Stack
from chatbench.ui.theme import FontRole, theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.widgets import box as draw_box

_CURSOR: Final = (8, 15)
ROW: Final = -1
"""In place of a box: the row of actions, and the author's name."""


class Spot(NamedTuple):
    """Something that can be pressed: in which message, in which box (or ``ROW``), and its key."""

    message: int
    box: int
    key: str


class Hit(NamedTuple):
    """A place that the search found."""

    message: int
    box: int
    start: int
    end: int


@dataclass(slots=True)
class Marks:
    """What of the transcript is selected, found, pointed at, pressed and focused."""

    selection: Selection | None = None
    hits: dict[int, list[Hit]] = field(default_factory=dict)
    current_hit: Hit | None = None
    hovered: Spot | None = None
    pressed: Spot | None = None
    focused: Spot | None = None
    ticked: Spot | None = None
    pointed: tuple[int, int] | None = None
    """Message and box under the pointer."""
    current: int | None = None
    """The message the keyboard is at."""


class TranscriptPainter:
    """Paints the rows of a stack with the marks of a view."""

    def __init__(self, stack: Stack, marks: Marks) -> None:
        self.stack = stack
        self.marks = marks

    def paint(self, painter: QPainter, clip: QRectF) -> None:
        """Draw everything that touches ``clip``, in viewport coordinates."""
        painter.fillRect(clip, theme().color("page"))
        if not self.stack.ids:
            self._paint_unsaid(painter)
        for row in self.stack.rows:
            high = self.stack.height_of(row.index)
            if row.top + high < clip.top() or row.top > clip.bottom():
                continue
            if row.item is None:
                self._paint_missing(painter, row, high)
                continue
            painter.save()
            painter.translate(0, row.top)
            self._paint_item(painter, row.index, row.item, clip.translated(0, -row.top))
            painter.restore()

    def _paint_unsaid(self, painter: QPainter) -> None:
        frame, words = self.stack.frame, self.stack.context.unsaid
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color("text3"))
        rect = QRectF(frame.column_x, BEFORE_TURN, frame.column, 4 * theme().line("small"))
        side = Qt.AlignmentFlag.AlignRight if frame.rtl else Qt.AlignmentFlag.AlignLeft
        flags = side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignTop
        painter.drawText(rect, flags | Qt.TextFlag.TextWordWrap, words)

    def _paint_missing(self, painter: QPainter, row: Row, height: float) -> None:
        """A message that is being loaded: its place, without anything that moves."""
        frame = self.stack.frame
        rect = QRectF(frame.column_x, row.top + 24, frame.column, max(12.0, height - 60))
        draw_box(painter, rect, theme().corner("card"), "sunken")

    def _paint_item(self, painter: QPainter, index: int, item: Item, clip: QRectF) -> None:
        if item.boxed:
            draw_box(painter, item.fill_rect(), theme().corner("card"), "sunken")
        elif item.brief:
            line = QRectF(item.frame.column_x, LINE_BEFORE_TURN, item.frame.column, 1)
            painter.fillRect(line, theme().color("line"))
        self._paint_bars(painter, item, clip)
        first = item.box_at(clip.top())
        for number in range(first, len(item.boxes)):
            if item.tops[number] > clip.bottom():
                break
            rect = item.box_rect(number)
            if rect.bottom() >= clip.top():
                self._paint_box(painter, index, number, item.boxes[number], rect, clip)
        self._paint_cursor(painter, item)
        if item.brief:
            pass
        elif item.frame.folded:
            self._paint_head(painter, item)
        else:
            self._paint_margin(painter, item)
        self._paint_actions(painter, index, item)
        if self.marks.current == index and self.marks.focused is None:
            body = QRectF(item.frame.column_x, item.content_top, item.frame.column, 0)
            body.setBottom(item.body_bottom)
            draw_ring(painter, theme(), body.adjusted(-6, -4, 6, 4), theme().corner("card"))

    def _paint_box(
        self, painter: QPainter, index: int, number: int, box: Box, rect: QRectF, clip: QRectF
    ) -> None:
        marks = self.marks
        spots = (marks.hovered, marks.pressed, marks.focused, marks.ticked)
        keys = [one.key if one is not None and one[:2] == (index, number) else "" for one in spots]
        hits = tuple((hit.start, hit.end) for hit in marks.hits.get(index, ()) if hit.box == number)
        current = marks.current_hit
        here = current is not None and (current.message, current.box) == (index, number)
        paint = Paint(
            clip.translated(-rect.x(), -rect.y()),
            None if marks.selection is None else marks.selection.inside(index, number, box),
            hits,
            (current.start, current.end) if current is not None and here else None,
            hovered=keys[0],
            pressed=keys[1],
            focused=keys[2],
            inside=marks.pointed == (index, number),
            ticked=keys[3],
        )
        painter.save()
        painter.translate(rect.topLeft())
        box.paint(painter, paint)
        if box.change:
            paint_sign(painter, box.change, box.width, rtl=self.stack.frame.rtl)
        painter.restore()
        if keys[2].startswith("link:"):
            for spot in box.hotspots():
                if spot.key == keys[2]:
                    for one in spot.rects:
                        draw_ring(painter, theme(), one.translated(rect.topLeft()).adjusted(-3, 0, 3, 0), 4)

    def _paint_bars(self, painter: QPainter, item: Item, clip: QRectF) -> None:
        """The bars of quotations, one piece from a quotation's first box to its last."""
        for number, box in enumerate(item.boxes):
            if not box.bars or item.tops[number] > clip.bottom():
                continue
            bottom = item.tops[number] + box.height
            if bottom < clip.top() - 40:
                continue
            for bar in box.bars:
                top = item.tops[number]
                if number and bar in item.boxes[number - 1].bars:
                    top = item.tops[number - 1] + item.boxes[number - 1].height
                frame = item.frame
                x = frame.column_x + frame.column - bar - QUOTE_BAR if frame.rtl else frame.column_x + bar
                painter.fillRect(QRectF(x, top, QUOTE_BAR, bottom - top), theme().color("linectl"))

    def _paint_cursor(self, painter: QPainter, item: Item) -> None:
        found = item.cursor()
        if found is None:
            return
        number, box = found
        end = box.end() if box.exact else None
        if end is None:
            return
        at = item.box_rect(number).topLeft() + end
        wide, high = theme().scaled(_CURSOR[0]), theme().scaled(_CURSOR[1])
        draw_box(painter, QRectF(round(at.x()) + 3, round(at.y() - high / 2), wide, high), 1, "accent")

    def name_rect(self, item: Item) -> QRectF:
        """Where the author's name stands; without width where it is not drawn."""
        frame = item.frame
        high = float(theme().line("ui"))
        if item.entry.named_above:
            if not frame.folded:
                x = frame.margin_x if frame.rtl else frame.margin_x + frame.margin
                return QRectF(x, item.content_top + self._name_offset(item), 0, 0)
            x = frame.column_x + (frame.column if frame.rtl else 0)
            return QRectF(x, item.content_top - frame.head, 0, high)
        width = theme().metrics("ui", 600).horizontalAdvance(item.entry.author) + 2
        mark = theme().icon_size(14) + 5 if item.entry.place else 0
        if frame.folded:
            x = frame.column_x + frame.column - width - mark if frame.rtl else frame.column_x
            return QRectF(x, item.content_top - frame.head, min(width + mark, frame.column * 0.6), high)
        width = min(width + mark, frame.margin)
        x = frame.margin_x if frame.rtl else frame.margin_x + frame.margin - width
        return QRectF(x, item.content_top + self._name_offset(item), width, high)

    @staticmethod
    def _name_offset(item: Item) -> float:
        if item.mine or not item.boxes:
            return 2.0
        first = item.boxes[0]
        high = first.height
        if isinstance(first, TextBox):
            level = first.block.level if first.block is not None else 0
            roles: tuple[FontRole, ...] = ("prose", "h1", "h2", "h3", "h4")
            high = theme().line(roles[min(level, 4)])
        return max(0.0, (min(high, 40.0) - theme().line("ui")) / 2)

    def _paint_name(self, painter: QPainter, item: Item) -> QRectF:
        rect = self.name_rect(item)
        if rect.isEmpty():
            return rect
        text = QRectF(rect)
        if item.entry.place:
            edge = theme().icon_size(14)
            mark = QRectF(rect.right() - edge if item.frame.rtl else rect.x(), rect.y(), edge, rect.height())
            icons.draw(painter, item.entry.place, mark, "text2")
            text.adjust(0 if item.frame.rtl else edge + 5, 0, -(edge + 5) if item.frame.rtl else 0, 0)
        # In the margin the name ends beside the column, above the message it begins where the words do.
        right = item.frame.rtl if item.frame.folded else not item.frame.rtl
        paint_line(painter, text, isolated(item.entry.author), "ui", "text", weight=600, right=right)
        return rect

    def _paint_margin(self, painter: QPainter, item: Item) -> None:
        name = self._paint_name(painter, item)
        frame = item.frame
        y = name.bottom()
        right = not frame.rtl
        high = float(theme().line("small"))
        when = isolated(item.clock())
        paint_line(painter, QRectF(frame.margin_x, y, frame.margin, high), when, right=right,
                   color="text3")  # fmt: skip
        y += high
        for note in item.note_lines():
            rect = QRectF(frame.margin_x, y, frame.margin, high)
            paint_line(painter, rect, isolated(note), right=right, color="text2")
            y += high
        y += 6
        for fact in item.facts():
            rect = QRectF(frame.margin_x, y, frame.margin, high)
            paint_line(painter, rect, isolated(fact), right=right, color="text3")
            y += high

    def _paint_head(self, painter: QPainter, item: Item) -> None:
        """The margin, folded into a line above the message; the first facts drop out first."""
        name = self._paint_name(painter, item)
        frame = item.frame
        small = theme().metrics("small")
        when = item.clock()
        width = small.horizontalAdvance(when) + 2.0
        gap = 8 if name.width() else 0
        x = name.x() - gap - width if frame.rtl else name.right() + gap
        paint_line(
            painter, QRectF(x, name.y(), width, name.height()), isolated(when), color="text3", right=frame.rtl
        )
        width += self._paint_notes(painter, item, name, x, width)
        known = list(item.facts())
        room = frame.column - name.width() - width - 28
        while known and small.horizontalAdvance(in_order(known, frame.rtl)) > room:
            del known[0]
        rest = QRectF(frame.column_x, name.y(), frame.column, name.height())
        paint_line(painter, rest, in_order(known, frame.rtl), color="text3", right=not frame.rtl)

    @staticmethod
    def _paint_notes(painter: QPainter, item: Item, name: QRectF, x: float, before: float) -> float:
        """What is said of the message, after its time in the folded margin; the room it takes."""
        words = item.notes()
        if not words:
            return 0.0
        frame = item.frame
        room = frame.column - name.width() - before - 16
        width = min(theme().metrics("small").horizontalAdvance(words) + 2.0, max(0.0, room))
        left = x - 8 - width if frame.rtl else x + before + 8
        rect = QRectF(left, name.y(), width, name.height())
        paint_line(painter, rect, isolated(words), color="text2", right=frame.rtl)
        return width + 8

    def _paint_actions(self, painter: QPainter, index: int, item: Item) -> None:
        marks = self.marks
        pointed = marks.pointed is not None and marks.pointed[0] == index
        focused = marks.focused is not None and marks.focused.message == index
        last = index == len(self.stack.ids) - 1 and not item.mine
        shown = pointed or focused or last or marks.current == index
        shown = shown and not item.live
        keys = [
            one.key if one is not None and one[:2] == (index, ROW) else ""
            for one in (marks.hovered, marks.pressed, marks.focused, marks.ticked)
        ]
        paint = Paint(QRectF(), hovered=keys[0], pressed=keys[1], focused=keys[2], ticked=keys[3])
        for action in actions_of(item):
            if not (shown or action.always):
                continue
            if action.label:
                metrics = theme().metrics("small")
                left = action.rect.center().x() - metrics.horizontalAdvance(action.label) / 2
                words = QRectF(left, action.rect.y(), action.rect.width(), action.rect.height())
                paint_line(painter, words, action.label, color="text2")
                continue
            edge = 14 if action.key.endswith("branch") else 15
            paint_button(
                painter, action.rect, action.key, paint, icon=action.icon, edge=edge, enabled=action.enabled
            )  # fmt: skip


def spot_at(stack: Stack, painter: TranscriptPainter, point: QPointF) -> tuple[Spot, str, QRectF] | None:
    """What can be pressed at a point of the viewport: it, its name, and its rectangle there."""
    for row in stack.rows:
        if row.item is None or not row.top <= point.y() < row.top + stack.height_of(row.index):
            continue
        inside = QPointF(point.x(), point.y() - row.top)
        for action in actions_of(row.item):
            if action.key and action.enabled and action.rect.contains(inside):
                return Spot(row.index, ROW, action.key), action.name, action.rect.translated(0, row.top)
        name = painter.name_rect(row.item)
        if not row.item.mine and name.contains(inside):
            words = row.item.entry.title or tr("About this answer")
            return Spot(row.index, ROW, "inspect"), words, name.translated(0, row.top)
        if not row.item.boxes:
            return None
        number = row.item.box_at(inside.y())
        rect = row.item.box_rect(number)
        within = inside - rect.topLeft()
        for spot in row.item.boxes[number].hotspots():
            for one in spot.rects:
                if spot.enabled and one.contains(within):
                    place = one.translated(rect.topLeft()).translated(0, row.top)
                    return Spot(row.index, number, spot.key), spot.name, place
    return None
