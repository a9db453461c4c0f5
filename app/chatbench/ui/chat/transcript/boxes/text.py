"""Flowing text: paragraphs, headings, lists, plain text; with links, inline maths and image cards."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from chatbench.rendering import export
from chatbench.rendering.blocks import TextBlock
from chatbench.rendering.nodes import OBJECT, InlineObject, MathObject
from chatbench.ui.chat.transcript.boxes.base import (
    ESTIMATED_ADVANCE,
    Box,
    Context,
    Effect,
    Hotspot,
    OpenLink,
    Paint,
    ShowNote,
)
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
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.ornaments import paint_code_grounds, paint_link_line, paint_marker
from chatbench.ui.chat.transcript.boxes.pictures import image_card, inline_formula
from chatbench.ui.chat.transcript.excerpts import html_of, spelled_out, without_objects
from chatbench.ui.chat.transcript.frame import NESTED_INDENT, list_indent
from chatbench.ui.chat.transcript.paragraphs import ADDED, CODE, NOTE, REMOVED, Paragraph, Span
from chatbench.ui.chat.transcript.typeset import Figure, Style, Typeset, link_spans
from chatbench.ui.chat.transcript.utf16 import cut, units
from chatbench.ui.theme import FontRole, theme
from chatbench.ui.theme.tokens import FONTS

PROSE = Style()
_WORD = re.compile(r"\w+|[^\w\s]+|\s+")


class TextBox(Box):
    """Paragraphs under one another. ``make`` gives them when they are needed; ``size`` is their
    rough number of characters and lines."""

    cursor_follows = True

    def __init__(
        self,
        context: Context,
        key: tuple[Any, ...],
        make: Callable[[], list[Paragraph]],
        size: tuple[int, int],
        style: Style = PROSE,
        block: TextBlock | None = None,
        *,
        is_compared: bool = False,
    ) -> None:
        super().__init__(context, key)
        self._make = make
        self._size = size
        self.style = style
        self.block = block
        self.is_compared = is_compared
        self._text: str | None = None
        self._starts: list[int] = []
        self._sets: list[Typeset] = []
        self._words: list[str] = []
        self._links: list[tuple[str, Span, Typeset]] = []

    def estimate(self) -> float:
        chars, lines = self._size
        advance = ESTIMATED_ADVANCE * theme().scaled(FONTS[self.style.font].px)
        wrapped = math.ceil(chars * advance / max(40.0, self.width))
        return float(max(wrapped, lines) * theme().line(self.style.font))

    def _laid(self) -> list[Typeset]:
        if not self._sets:
            self._lay_out()
        return self._sets

    def _lay_out(self, keep: int = 0) -> None:
        """Lay out all paragraphs but the first ``keep``, which are unchanged."""
        del self._sets[keep:], self._starts[keep:], self._words[keep:]
        if not keep:
            self._links = []
        top, at = 0.0, 0
        if keep:
            last = self._sets[-1]
            top, at = last.top + last.height, self._starts[-1] + units(self._words[-1]) + 1
        for number, paragraph in enumerate(self._make()):
            if number < keep:
                continue
            if number:
                top += paragraph.gap
            laid = self._typeset(paragraph, top)
            self._sets.append(laid)
            self._starts.append(at)
            self._words.append(laid.paragraph.text)
            self._links += [
                (f"link:{len(self._links) + at}", span, laid)
                for at, span in enumerate(link_spans(laid.paragraph))
            ]
            at += units(laid.paragraph.text) + 1
            top += laid.height
        self._text = "\n".join(self._words)

    def _typeset(self, paragraph: Paragraph, top: float) -> Typeset:
        paragraph, figures = self._resolved(paragraph)
        indent = self._indent_of(paragraph)
        x = 0.0 if self.context.rtl else indent
        laid = Typeset(paragraph, self._style_of(paragraph), x, top, self.width - indent, figures)
        if indent and laid.right_to_left != self.context.rtl:
            laid.x = indent if self.context.rtl else 0.0
        return laid

    def _indent_of(self, paragraph: Paragraph) -> float:
        if not paragraph.depth:
            return 0.0
        return list_indent() + NESTED_INDENT * (paragraph.depth - 1)

    def _style_of(self, paragraph: Paragraph) -> Style:
        if not paragraph.level:
            return self.style
        roles: tuple[FontRole, ...] = ("h1", "h2", "h3", "h4")
        return Style(roles[min(paragraph.level, 4) - 1], self.style.color)

    def _resolved(self, paragraph: Paragraph) -> tuple[Paragraph, dict[int, Figure]]:
        """Objects as figures; maths that is not drawn (yet) as its source."""
        figures: dict[int, Figure] = {}
        grown = 0
        for offset, value in paragraph.objects:
            place = offset + grown
            figure = self._figure(value)
            if figure is not None:
                figures[place] = figure
                continue
            assert isinstance(value, MathObject)
            paragraph = spelled_out(paragraph, place, value.source)
            grown += units(value.source) - 1
        return paragraph, figures

    def _figure(self, value: InlineObject) -> Figure | None:
        if isinstance(value, MathObject):
            return inline_formula(value, self.style, self)
        return image_card(value, self.context)

    def measure(self) -> float:
        laid = self._laid()
        return math.ceil(laid[-1].top + laid[-1].height) if laid else theme().line(self.style.font)

    def release(self) -> None:
        self._sets, self._links = [], []
        self._starts, self._words = [], []

    def paint(self, painter: QPainter, paint: Paint) -> None:
        sets = self._laid()
        selected = theme().color("selbg")
        first = bisect_right(sets, paint.clip.top(), key=lambda laid: laid.top + laid.height)
        for number in range(first, len(sets)):
            laid = sets[number]
            if laid.top > paint.clip.bottom():
                break
            paint_code_grounds(painter, laid)
            if self.is_compared:
                paint_grounds(painter, laid)
            self._paint_hits(painter, number, laid, paint)
            if paint.selection is not None:
                for rect in self._part(number, *paint.selection, to_end=True):
                    painter.fillRect(rect, selected)
            painter.setPen(theme().color(laid.style.color))
            laid.draw(painter, paint.clip)
            if self.is_compared:
                paint_shapes(painter, laid)
                change = whole_change([laid.paragraph]) if not self.change else ""
                paint_sign(painter, change, self.width, laid.top, rtl=self.context.rtl)
            if laid.paragraph.marker:
                paint_marker(painter, laid, self.style.font, self._indent_of(laid.paragraph))
        for _key, span, laid in self._links:
            in_view = laid.top <= paint.clip.bottom() and laid.top + laid.height >= paint.clip.top()
            if in_view and not span.flags & NOTE:
                paint_link_line(painter, laid, span)

    def _paint_hits(self, painter: QPainter, number: int, laid: Typeset, paint: Paint) -> None:
        for hit in paint.hits:
            for rect in self._part(number, *hit):
                painter.fillRect(rect, theme().color("hit"))
                if hit == paint.current_hit:
                    painter.setPen(QPen(theme().color("text"), 2))
                    painter.drawRect(rect.adjusted(1, 1, -1, -1))

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = "\n".join(self._resolved(one)[0].text for one in self._make())
        return self._text

    @property
    def spoken(self) -> str:
        made = [self._resolved(one)[0] for one in self._make()]
        return "\n".join(spoken(one.text, marks_of(one)) for one in made)

    def length(self) -> int:
        return units(self.text)

    def _marks(self) -> list[Marked]:
        """What of ``text`` was added and removed."""
        return [
            Marked(at + span.start, span.length, "removed" if span.flags & REMOVED else "added")
            for laid, at in zip(self._laid(), self._starts, strict=True)
            for span in laid.paragraph.spans
            if span.flags & (ADDED | REMOVED)
        ]

    def _kept(self, start: int, end: int) -> list[tuple[int, int]]:
        """What of a selection is copied: not what was removed, unless it is that alone."""
        return kept(start, end, self._marks()) if self.is_compared else [(start, end)]

    def _part(self, number: int, start: int, end: int, *, to_end: bool = False) -> list[QRectF]:
        laid, at = self._sets[number], self._starts[number]
        length = units(laid.paragraph.text)
        if end <= at - 1 or start > at + length:
            return []
        goes_on = to_end and end > at + length
        return laid.rects(max(0, start - at), min(length, end - at), to_end=goes_on)

    def rects(self, start: int, end: int) -> list[QRectF]:
        sets = self._laid()
        return [rect for number in range(len(sets)) for rect in self._part(number, start, end)]

    def copied(self, start: int, end: int) -> str:
        if self.block is not None and start <= 0 and end >= self.length():
            return export.plain_text([self.block])
        return "".join(
            without_objects(cut(self.text, *part), self._objects(part[0])) for part in self._kept(start, end)
        )

    def _objects(self, start: int) -> list[InlineObject]:
        if OBJECT not in self.text:
            return []
        found: list[InlineObject] = []
        for laid, at in zip(self._laid(), self._starts, strict=True):
            found += [value for offset, value in laid.paragraph.objects if at + offset >= start]
        return found

    def markdown(self, start: int, end: int) -> str:
        if self.block is not None and start <= 0 and end >= self.length():
            return export.markdown([self.block])
        return self.copied(start, end)

    def html(self, start: int, end: int) -> str:
        if self.block is not None and start <= 0 and end >= self.length():
            return export.to_html([self.block])
        parts = self._kept(start, end)
        out = []
        for laid, at in zip(self._laid(), self._starts, strict=True):
            length = units(laid.paragraph.text)
            ranges = [(max(0, first - at), min(length, last - at)) for first, last in parts]
            words = "".join(html_of(laid.paragraph, *one) for one in ranges if one[0] < one[1])
            if words:
                out.append(f"<p>{words}</p>")
        return "".join(out)

    def offset_at(self, point: QPointF) -> int:
        sets = self._laid()
        for number, laid in enumerate(sets):
            if point.y() < laid.top + laid.height or number == len(sets) - 1:
                return self._starts[number] + laid.offset_at(point)
        return 0

    def word_at(self, offset: int) -> tuple[int, int]:
        start, end = self.paragraph_at(offset)
        line = cut(self.text, start, end)
        if not line.isascii() and cut(self.text, offset, offset + 1).strip():
            number = max(0, bisect_right(self._starts, offset) - 1)
            first, last = self._laid()[number].word_at(offset - start)
            return start + first, start + last
        at = start
        for match in _WORD.finditer(line):
            size = units(match[0])
            if at <= offset < at + size:
                return at, at + size
            at += size
        return offset, offset

    def right_to_left_at(self, offset: int) -> bool:
        sets = self._laid()
        number = max(0, bisect_right(self._starts, offset) - 1)
        return bool(sets) and sets[number].right_to_left

    def next_offset(self, offset: int, step: int) -> int:
        sets = self._laid()
        number = max(0, bisect_right(self._starts, offset) - 1)
        at = self._starts[number]
        moved = at + sets[number].next_offset(offset - at, step) if sets else offset
        return moved if moved != offset else offset + step

    def paragraph_at(self, offset: int) -> tuple[int, int]:
        if not self._starts:
            self._laid()
        number = max(0, bisect_right(self._starts, offset) - 1)
        start = self._starts[number]
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else self.length()
        return start, end

    def hotspots(self) -> list[Hotspot]:
        self._laid()
        found = []
        for key, span, laid in self._links:
            words = cut(laid.paragraph.text, span.start, span.start + span.length)
            rects = tuple(laid.tight_rects(span.start, span.start + span.length))
            if rects:
                if span.flags & NOTE:
                    found.append(Hotspot(key, tr("Footnote {0}").format(span.href), rects))
                else:
                    found.append(Hotspot(key, words, rects, link=span.href))
        return found

    def copies(self, point: QPointF) -> list[tuple[str, str]]:
        for laid in self._laid():
            for offset, value in laid.paragraph.objects:
                if isinstance(value, MathObject) and any(
                    rect.contains(point) for rect in laid.tight_rects(offset, offset + 1)
                ):
                    return [(tr("Copy formula as TeX"), value.tex)]
            for span in laid.paragraph.spans:
                end = span.start + span.length
                if span.flags & CODE and any(
                    rect.contains(point) for rect in laid.tight_rects(span.start, end)
                ):
                    return [(tr("Copy code"), cut(laid.paragraph.text, span.start, end))]
        return []

    def activate(self, key: str) -> Effect | None:
        for name, span, laid in self._links:
            if name == key:
                if span.flags & NOTE:
                    return ShowNote(span.href)
                return OpenLink(span.href, cut(laid.paragraph.text, span.start, span.start + span.length))
        return None

    def end(self) -> QPointF | None:
        sets = self._laid()
        return sets[-1].end() if sets else None
