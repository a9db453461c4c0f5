"""One paragraph laid out: lines at an even pitch, whatever fonts and objects stand in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, cast
from unicodedata import bidirectional

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QPainter,
    QTextCharFormat,
    QTextLayout,
    QTextLine,
    QTextOption,
)

from chatbench.rendering.nodes import OBJECT
from chatbench.ui.chat.transcript.paragraphs import (
    ADDED,
    BOLD,
    CODE,
    ITALIC,
    MOVED,
    NOTE,
    REMOVED,
    STRIKE,
    Paragraph,
    Span,
)
from chatbench.ui.chat.transcript.utf16 import cut, units
from chatbench.ui.theme import ColorRole, FontRole, theme

_SOLID: Final = "\u00a0"
"""Stands for an object in the layout: a character that keeps to its neighbours."""
_OBJECT_GAP: Final = 0
SELECTED_LINE_END: Final = 6
CODE_PADDING: Final = 3


class Style(NamedTuple):
    """Font and colour of flowing text."""

    font: FontRole = "prose"
    color: ColorRole = "text"
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """An object in a line: its size around the baseline and how it is drawn into its rectangle."""

    width: float
    ascent: float
    descent: float
    draw: Callable[[QPainter, QRectF], None]


class Line(NamedTuple):
    """A line of a paragraph: first character, end, top, height and baseline (from the top)."""

    start: int
    end: int
    top: float
    height: float
    baseline: float


_formats: dict[tuple[object, ...], QTextCharFormat] = {}


def _format(flags: int, *, linked: bool, style: Style) -> QTextCharFormat:
    now = theme()
    key = (now.dark, now.text_factor, flags, linked, style)
    found = _formats.get(key)
    if found is None:
        found = _formats[key] = QTextCharFormat()
        if flags & CODE:
            found.setFont(_code_font(style))
        if flags & BOLD:
            found.setFontWeight(600)
        if flags & ITALIC:
            found.setFontItalic(True)
        if flags & STRIKE:
            found.setFontStrikeOut(True)
        if linked:
            found.setForeground(now.color("accenttext"))
        if flags & NOTE:
            found.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        if flags & REMOVED:
            found.setForeground(now.color("text2"))
    return found


def _code_font(style: Style) -> QFont:
    if style.font == "prose":
        return theme().font("code")
    font = QFont(theme().font("code"))
    font.setPointSizeF(theme().font(style.font).pointSizeF() * 0.9)
    return font


class Typeset:
    """A paragraph laid out for one width; ``top`` is where its first line stands in the box."""

    __slots__ = (
        "_figures",
        "_layout",
        "_one_way",
        "height",
        "lines",
        "paragraph",
        "style",
        "top",
        "width",
        "x",
    )

    def __init__(
        self,
        paragraph: Paragraph,
        style: Style,
        x: float,
        top: float,
        width: float,
        figures: dict[int, Figure] | None = None,
        *,
        right: bool = False,
        wrap: bool = True,
    ) -> None:
        self.paragraph = paragraph
        self.style = style
        self.x = x
        self.top = top
        self.width = width
        self._figures = figures or {}
        font = theme().font(style.font, style.weight)
        self._layout = QTextLayout(paragraph.text.replace(OBJECT, _SOLID), font)
        self._layout.setCacheEnabled(True)
        option = QTextOption(Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft)
        if right or self.right_to_left:
            option.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute)
        wrapped = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
        option.setWrapMode(wrapped if wrap else QTextOption.WrapMode.NoWrap)
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        self._layout.setTextOption(option)
        if paragraph.spans or self._figures:
            self._layout.setFormats(self._ranges(font))
        self._one_way = paragraph.text.isascii() or not has_right_to_left(paragraph.text)
        self.lines: list[Line] = []
        self.height = self._break(font, width)

    def _ranges(self, font: QFont) -> list[QTextLayout.FormatRange]:
        ranges = []
        for span in self.paragraph.spans:
            if span.flags in (ADDED, MOVED):
                continue
            style_format = _format(span.flags, linked=bool(span.href), style=self.style)
            ranges.append(_range(span.start, span.length, style_format))
            if span.flags & CODE:
                ranges += self._padding(span, font)
        space = QFontMetricsF(font).horizontalAdvance(_SOLID)
        for offset, figure in self._figures.items():
            wide = QTextCharFormat()
            wide.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
            wide.setFontLetterSpacing(figure.width + 2 * _OBJECT_GAP - space)
            ranges.append(_range(offset, 1, wide))
        return ranges

    def _padding(self, span: Span, font: QFont) -> list[QTextLayout.FormatRange]:
        """Room for the fill of inline code: wider spacing after its last character, and after the one that
        stands to the left of it (spacing is always to the right of a character)."""
        last = span.start + span.length - 1
        around = [(last, _format(span.flags, linked=bool(span.href), style=self.style))]
        text = self.paragraph.text
        left = span.start - 1
        if self.right_to_left and _direction(reversed(cut(text, 0, span.start))) != "L":
            left = last + 1
        if 0 <= left < units(text):
            around.append((left, QTextCharFormat()))
        ranges = []
        for offset, style in around:
            wide = QTextCharFormat(style)
            wide.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
            wide.setFontLetterSpacing(CODE_PADDING)
            ranges.append(_range(offset, 1, wide))
        return ranges

    def _break(self, font: QFont, width: float) -> float:
        layout = self._layout
        metrics = QFontMetricsF(font)
        pitch = float(theme().line(self.style.font))
        ascent, descent = metrics.ascent(), metrics.descent()
        middle = (pitch - ascent - descent) / 2 + ascent
        y = 0.0
        layout.beginLayout()
        line = layout.createLine()
        while line.isValid():
            line.setLineWidth(max(1.0, width))
            start = line.textStart()
            end = start + line.textLength()
            height, baseline = pitch, middle
            for offset, figure in self._figures.items():
                if start <= offset < end:
                    baseline = max(baseline, figure.ascent + 3)
                    height = max(height, baseline + max(figure.descent + 3, pitch - middle))
            baseline = round(baseline)
            height = float(round(height))
            line.setPosition(QPointF(0, y + baseline - line.ascent()))
            self.lines.append(Line(start, end, y, height, baseline))
            y += height
            line = layout.createLine()
        layout.endLayout()
        return y or pitch

    @property
    def right_to_left(self) -> bool:
        """Whether the paragraph runs from the right, by its first letter that has a direction."""
        return not self.paragraph.text.isascii() and _direction(self.paragraph.text) in ("R", "AL")

    def word_at(self, offset: int) -> tuple[int, int]:
        """The word around an offset by the rules of Unicode, without white space at its end."""
        words = QTextLayout.CursorMode.SkipWords
        end = self._layout.nextCursorPosition(offset, words)
        start = self._layout.previousCursorPosition(end, words)
        size = units(cut(self.paragraph.text, start, end).rstrip())
        return (start, start + size) if start <= offset < start + size else (offset, offset)

    def natural_width(self) -> float:
        """The widest line."""
        return max((self._layout.lineAt(at).naturalTextWidth() for at in range(len(self.lines))), default=0.0)

    def draw(self, painter: QPainter, clip: QRectF) -> None:
        """Draw the words in the painter's pen, and the figures among them."""
        self._layout.draw(painter, QPointF(self.x, self.top), [], clip)
        for offset, figure in self._figures.items():
            for rect in self.figure_rects(offset):
                if rect.intersects(clip):
                    figure.draw(painter, rect)

    def figure_rects(self, offset: int) -> list[QRectF]:
        """Where the figure at ``offset`` stands."""
        figure = self._figures[offset]
        for at, line in enumerate(self.lines):
            if line.start <= offset < line.end:
                left = min(self._x_of(at, offset), self._x_of(at, offset + 1)) + _OBJECT_GAP
                top = self.top + line.top + line.baseline - figure.ascent
                return [QRectF(self.x + left, top, figure.width, figure.ascent + figure.descent)]
        return []

    def _x_of(self, line: int, offset: int) -> float:
        return _cursor_x(self._layout, line, offset)

    def rects(self, start: int, end: int, *, to_end: bool = False) -> list[QRectF]:
        """Where characters ``start`` to ``end`` stand, a rectangle a line, as high as the line.

        ``to_end`` goes a little past the last line: the selection takes in the paragraph's end.
        """
        found = []
        for at, line in enumerate(self.lines):
            first, last = max(start, line.start), min(end, line.end)
            past = end > line.end or (to_end and at == len(self.lines) - 1 and end >= line.end)
            if first > last or (first == last and not past):
                continue
            spans = self._across(at, first, last)
            if past and start <= line.end:
                rtl = self.right_to_left
                edge = self._x_of(at, line.end)
                spans.append((edge - SELECTED_LINE_END, edge) if rtl else (edge, edge + SELECTED_LINE_END))
            for left, right in _merged(spans):
                found.append(QRectF(self.x + left, self.top + line.top, right - left, line.height))
        return found

    def _across(self, line: int, first: int, last: int) -> list[tuple[float, float]]:
        """Where characters of a line stand from left to right: in pieces where directions are mixed."""
        if self._one_way:
            left, right = self._x_of(line, first), self._x_of(line, last)
            return [(min(left, right), max(left, right))]
        return across(self._layout.lineAt(line), first, last)

    def tight_rects(self, start: int, end: int) -> list[QRectF]:
        """Like ``rects``, without what goes past line ends; for underlines and fills."""
        found = []
        for at, line in enumerate(self.lines):
            first, last = max(start, line.start), self._before_spaces(min(end, line.end), line)
            if first >= last:
                continue
            top = self.top + line.top
            for left, right in _merged(self._across(at, first, last)):
                found.append(QRectF(self.x + left, top, right - left, line.height))
        return found

    def _before_spaces(self, end: int, line: Line) -> int:
        """``end`` without the spaces at which a line was broken."""
        if end != line.end or line is self.lines[-1]:
            return end
        words = cut(self.paragraph.text, line.start, end)
        return line.start + units(words.rstrip(" "))

    def baseline_at(self, y: float) -> float:
        """The baseline, in the box, of the line whose top is ``y``."""
        for line in self.lines:
            if abs(self.top + line.top - y) < 1:
                return self.top + line.top + line.baseline
        return y

    def offset_at(self, point: QPointF) -> int:
        """The offset in the paragraph nearest to a point of the box."""
        y = point.y() - self.top
        for at, line in enumerate(self.lines):
            if y < line.top + line.height or at == len(self.lines) - 1:
                return self._layout.lineAt(at).xToCursor(point.x() - self.x)
        return 0

    def next_offset(self, offset: int, step: int) -> int:
        """Where the next character begins, or the one before; the same at an end of the paragraph."""
        if step > 0:
            return self._layout.nextCursorPosition(offset)
        return self._layout.previousCursorPosition(offset)

    def end(self) -> QPointF:
        """The right end of the last line, at its middle."""
        if not self.lines:
            return QPointF(self.x, self.top + self.height / 2)
        line = self.lines[-1]
        return QPointF(
            self.x + self._x_of(len(self.lines) - 1, line.end), self.top + line.top + line.height / 2
        )


def _range(start: int, length: int, style: QTextCharFormat) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start, made.length, made.format = start, length, style
    return made


def _cursor_x(layout: QTextLayout, line: int, offset: int) -> float:
    found = layout.lineAt(line).cursorToX(offset)
    return float(cast(tuple[float, int], found)[0])


def has_right_to_left(text: str) -> bool:
    """Whether any letter of a text runs from the right."""
    return any(bidirectional(one) in ("R", "AL") for one in text)


def across(line: QTextLine, first: int, last: int) -> list[tuple[float, float]]:
    """Where characters ``first`` to ``last`` of a laid out line stand, from left to right."""
    if first >= last:
        edge = float(cast(tuple[float, int], line.cursorToX(first))[0])
        return [(edge, edge)]
    rects = [run.boundingRect() for run in line.glyphRuns(first, last - first)]
    return _merged([(rect.left(), rect.right()) for rect in rects])


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans in order, those that touch as one."""
    if len(spans) < 2:
        return spans
    found: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if found and left <= found[-1][1] + 0.5:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _direction(characters: Iterable[str]) -> str:
    """Of the first one that has a direction: "L", "R" or "AL"; "" where none has."""
    return next((kind for kind in map(bidirectional, characters) if kind in ("L", "R", "AL")), "")


def link_spans(paragraph: Paragraph) -> list[Span]:
    """The links of a paragraph, spans of one link joined."""
    found: list[Span] = []
    for span in paragraph.spans:
        if not span.href:
            continue
        if found and found[-1].href == span.href and found[-1].start + found[-1].length == span.start:
            last = found.pop()
            span = Span(last.start, last.length + span.length, 0, span.href)
        found.append(span)
    return found
