"""Boxes of one purpose: display maths, rules, and the line that waits for the first words."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from chatbench.rendering.blocks import MathBlock
from chatbench.ui.chat.transcript.boxes.base import Box, Context, CopyText, Effect, Hotspot, Paint
from chatbench.ui.chat.transcript.boxes.changes import Marked, paint_ground, paint_shape, spoken
from chatbench.ui.chat.transcript.boxes.controls import button_width, paint_button, paint_thumb, tr
from chatbench.ui.chat.transcript.boxes.pictures import formula_key
from chatbench.ui.chat.transcript.formulas import Formula, formulas
from chatbench.ui.chat.transcript.paragraphs import CODE, Paragraph, Span
from chatbench.ui.chat.transcript.typeset import Style, Typeset
from chatbench.ui.chat.transcript.utf16 import units
from chatbench.ui.theme import theme

_INDENT = 24
_BETWEEN = 1.0


class MathsBox(Box):
    """Display maths: the picture, or its source while there is none."""

    hugs = True
    after = 8.0

    def __init__(self, context: Context, key: tuple[Any, ...], block: MathBlock) -> None:
        super().__init__(context, key)
        self.block = block
        self._source: Typeset | None = None
        self._offset = 0.0

    def _formula(self) -> Formula | None:
        if not self.block.closed:
            return None
        key = formula_key(self.block.tex, "prose", "text", True, self.context.ratio)
        found = formulas().get(key)
        if found is None:
            self.context.want(key, self)
        return None if found is None or found.image is None else found

    def _typeset(self) -> Typeset:
        if self._source is None:
            text = self.block.tex.replace("\n", "\u2028")
            span = Span(0, units(text), CODE, "")
            self._source = Typeset(
                Paragraph(text, (span,)), Style("prose", "text2"), _INDENT, _BETWEEN, self.width - _INDENT
            )
        return self._source

    def estimate(self) -> float:
        return float(theme().line("prose") * 2)

    def measure(self) -> float:
        formula = self._formula()
        if formula is None:
            return math.ceil(self._typeset().height + 2 * _BETWEEN)
        thumb = 8 if formula.width > self.width - _INDENT else 0
        return math.ceil(formula.ascent + formula.descent + 2 * _BETWEEN) + thumb

    def release(self) -> None:
        self._source = None

    def paint(self, painter: QPainter, paint: Paint) -> None:
        if paint.selection is not None:
            painter.fillRect(self.rects(0, 1)[0], theme().color("selbg"))
        elif self.change:
            paint_ground(painter, self.rects(0, 1), self.change)
        self._paint_formula(painter, paint)
        if self.block.closed and (paint.inside or paint.focused or paint.ticked):
            painter.fillRect(self._button().adjusted(-6, 0, 0, 0), theme().color("page"))
            paint_button(painter, self._button(), "tex", paint, icon="copy", label=tr("TeX"))
        if self.change:
            rect = self.rects(0, 1)[0]
            baseline = rect.bottom() - 4 if self.change != "removed" else rect.center().y()
            paint_shape(painter, rect, baseline, self.change, 0)

    def _paint_formula(self, painter: QPainter, paint: Paint) -> None:
        formula = self._formula()
        if formula is None or formula.image is None:
            painter.setPen(theme().color("text2"))
            self._typeset().draw(painter, paint.clip)
            return
        room = self.width - _INDENT
        painter.save()
        painter.setClipRect(QRectF(_INDENT, 0, room, self.height))
        offset = min(self._offset, max(0.0, formula.width - room))
        painter.drawImage(QPointF(_INDENT - offset, _BETWEEN), formula.image)
        painter.restore()
        paint_thumb(painter, QRectF(_INDENT, self.height - 6, room, 4), offset, room, formula.width)

    def scroll_sideways(self, by: float) -> bool:
        formula = self._formula()
        over = max(0.0, formula.width - (self.width - _INDENT)) if formula else 0.0
        before = self._offset
        self._offset = min(max(0.0, before + by), over)
        return self._offset != before

    @property
    def text(self) -> str:
        return self.block.tex

    @property
    def spoken(self) -> str:
        return spoken(self.text, [Marked(0, self.length(), self.change)] if self.change else [])

    def length(self) -> int:
        return units(self.block.tex)

    def copied(self, start: int, end: int) -> str:
        return self.block.tex if start < end else ""

    def markdown(self, start: int, end: int) -> str:
        return self.block.source if start < end else ""

    def html(self, start: int, end: int) -> str:
        from chatbench.rendering import export

        return export.to_html([self.block]) if start < end else ""

    def offset_at(self, point: QPointF) -> int:
        return 0 if point.y() < self.height / 2 else self.length()

    def word_at(self, offset: int) -> tuple[int, int]:
        return 0, self.length()

    def rects(self, start: int, end: int) -> list[QRectF]:
        formula = self._formula()
        wide = self._typeset().natural_width() if formula is None else formula.width
        return [QRectF(_INDENT - 4, 0, min(wide + 8, self.width - _INDENT + 4), self.height)]

    def tip(self, point: QPointF) -> str:
        return self.block.tex

    def copies(self, point: QPointF) -> list[tuple[str, str]]:
        return [(tr("Copy formula as TeX"), self.block.tex)]

    def _button(self) -> QRectF:
        wide, high = button_width(tr("TeX"), "copy"), float(theme().control("icon-button-code"))
        return QRectF(self.width - wide, max(0.0, (self.height - high) / 2), wide, high)

    def hotspots(self) -> list[Hotspot]:
        return [Hotspot("tex", tr("Copy formula as TeX"), (self._button(),))] if self.block.closed else []

    def activate(self, key: str) -> Effect | None:
        return CopyText(self.block.tex)


class RuleBox(Box):
    """A thematic break."""

    before = 6.0
    after = 6.0

    def estimate(self) -> float:
        return 13.0

    def measure(self) -> float:
        return 13.0

    def paint(self, painter: QPainter, paint: Paint) -> None:
        painter.fillRect(QRectF(0, 6, self.width, 1), theme().color("line"))

    @property
    def text(self) -> str:
        return ""

    def markdown(self, start: int, end: int) -> str:
        return "---"

    def html(self, start: int, end: int) -> str:
        return "<hr>"


class WaitingBox(Box):
    """A line without words, where the block cursor waits; also what an empty message is."""

    cursor_follows = True

    def estimate(self) -> float:
        return float(theme().line("prose"))

    def measure(self) -> float:
        return self.estimate()

    def paint(self, painter: QPainter, paint: Paint) -> None:
        """Nothing: the view draws the cursor."""

    def end(self) -> QPointF | None:
        return QPointF(-3, self.height / 2)
