"""Code: a box with a head, drawn line by line, so that length costs nothing and growth little."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from typing import Any, Final, cast

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter, QTextLayout, QTextOption

from chatbench.rendering.characters import has_hidden, visible
from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import (
    Box,
    Context,
    CopyText,
    Effect,
    Hotspot,
    Paint,
    SaveText,
)
from chatbench.ui.chat.transcript.boxes.coloring import Coloring
from chatbench.ui.chat.transcript.boxes.controls import (
    THUMB,
    button_width,
    paint_button,
    paint_line,
    paint_thumb,
    thumb_step,
    tr,
)
from chatbench.ui.chat.transcript.boxes.languages import extension, language_name
from chatbench.ui.chat.transcript.utf16 import cut, units
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import box as draw_box

FOLD_ABOVE: Final = 40
FOLD_TO: Final = 24
_PAD_X, _PAD_Y = 14, 10
_KEPT_LAYOUTS: Final = 300


@dataclass(slots=True)
class _State:
    wrap: bool = False
    unfolded: bool = False
    offset: float = 0.0


class CodeBox(Box):
    """A code box. ``open``: the fence is still being written; then it is never folded."""

    before = 12.0
    after = 12.0
    cursor_follows = True

    def __init__(
        self,
        context: Context,
        key: tuple[Any, ...],
        code: str,
        language: str,
        *,
        source: str = "",
        is_open: bool = False,
        title: str = "",
        fold: tuple[int, int] = (FOLD_ABOVE, FOLD_TO),
    ) -> None:
        super().__init__(context, key)
        self.code = code
        self.language = language
        self.source = source
        self.title = title
        self.is_open = is_open
        self._fold = fold
        self._lines = visible(code).split("\n")
        self._starts: list[int] = [0]
        self._extend_starts(0)
        self._longest = 0.0
        self._measured = 0
        self._layouts: dict[int, QTextLayout] = {}
        self._rows: list[int] | None = None
        self._coloring = Coloring(language, self._drop_layout)
        self._hidden = has_hidden(code)
        if is_open:
            self._state().unfolded = True
            self._coloring.color_growing(self._lines, len(self._lines) - 1)

    def _state(self) -> _State:
        found = self.context.states.get(self.key)
        if not isinstance(found, _State):
            found = self.context.states[self.key] = _State()
        return found

    @property
    def _now(self) -> _State:
        found = self.context.states.get(self.key)
        return found if isinstance(found, _State) else _State()

    def _extend_starts(self, from_line: int) -> None:
        del self._starts[from_line + 1 :]
        at = self._starts[from_line]
        for line in self._lines[from_line:]:
            at += units(line) + 1
            self._starts.append(at)

    def grow(self, code: str, delta: str, *, source: str, is_open: bool) -> None:
        """The fence got longer by ``delta``, or was closed."""
        self.code, self.source = code, source
        if delta:
            last = len(self._lines) - 1
            self._hidden = self._hidden or has_hidden(delta)
            added = visible(delta).split("\n")
            added[0] = self._lines[last] + added[0]
            self._lines[last:] = added
            self._extend_starts(last)
            self._layouts.pop(last, None)
            self._coloring.forget(last)
            self._measured = min(self._measured, last)
            self._rows = None
            if is_open and len(added) > 1:
                self._coloring.color_growing(self._lines, len(self._lines) - 1)
        if self.is_open and not is_open:
            self._coloring.again()
        self.is_open = is_open
        self.exact = False
        if self.width:
            self.settle()

    def _ask_for_colors(self) -> None:
        if not self.is_open:
            shown = self._shown()
            self._coloring.color(
                self._lines[:shown],
                lambda code: "\n".join(self._lines[:shown]) == code,
                lambda: self.context.changed(self),
            )

    def _drop_layout(self, line: int) -> None:
        self._layouts.pop(line, None)

    @property
    def _head(self) -> int:
        return max(30, theme().line("small") + 12)

    @property
    def _line(self) -> int:
        return theme().line("code")

    @property
    def _room(self) -> float:
        return self.width - 2 * _PAD_X

    def folded(self) -> bool:
        """Whether only the first lines are shown."""
        return len(self._lines) > self._fold[0] and not self._now.unfolded

    def _shown(self) -> int:
        return self._fold[1] if self.folded() else len(self._lines)

    def _row_tops(self) -> list[int] | None:
        """The first row of each shown line, and the number of rows; None when each line is a row."""
        if not self._now.wrap:
            return None
        if self._rows is None or len(self._rows) != self._shown() + 1:
            columns = int(self._room / _advance()) - 1
            counts = (
                1 if len(line) <= columns and line.isascii() else self._layout(at).lineCount()
                for at, line in enumerate(self._lines[: self._shown()])
            )
            self._rows = [0, *accumulate(counts)]
        return self._rows

    def estimate(self) -> float:
        return self._head + 2 * _PAD_Y + self._shown() * self._line + self._more_height()

    def measure(self) -> float:
        rows = self._row_tops()
        count = self._shown() if rows is None else rows[-1]
        return self._head + 2 * _PAD_Y + count * self._line + self._more_height()

    def _more_height(self) -> float:
        return theme().control("button") if self.folded() else 0.0

    def release(self) -> None:
        self._layouts.clear()
        self._rows = None

    def _layout(self, line: int) -> QTextLayout:
        found = self._layouts.get(line)
        if found is None:
            if len(self._layouts) > _KEPT_LAYOUTS:
                self._layouts.clear()
            found = self._layouts[line] = self._make_layout(line)
        return found

    def _make_layout(self, line: int) -> QTextLayout:
        layout = QTextLayout(self._lines[line], theme().font("code"))
        layout.setCacheEnabled(True)
        option = QTextOption()
        wrap = self._now.wrap
        option.setWrapMode(QTextOption.WrapMode.WrapAnywhere if wrap else QTextOption.WrapMode.NoWrap)
        option.setTabStopDistance(4 * _advance())
        layout.setTextOption(option)
        layout.setFormats(self._coloring.formats(line))
        y = 0.0
        metrics = QFontMetricsF(theme().font("code"))
        middle = (self._line - metrics.ascent() - metrics.descent()) / 2 + metrics.ascent()
        layout.beginLayout()
        row = layout.createLine()
        while row.isValid():
            row.setLineWidth(self._room if wrap else 1e6)
            row.setPosition(QPointF(0, y + middle - row.ascent()))
            y += self._line
            row = layout.createLine()
        layout.endLayout()
        return layout

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
        return 0.0 if self._now.wrap else max(0.0, self._whole_width() - self._room)

    def _body(self) -> QRectF:
        return QRectF(1, self._head, self.width - 2, self.height - self._head - self._more_height() - 1)

    def paint(self, painter: QPainter, paint: Paint) -> None:
        self._ask_for_colors()
        draw_box(painter, QRectF(0, 0, self.width, self.height), theme().corner("card"), "sunken", "line")
        if paint.clip.top() < self._head:
            self._paint_head(painter, paint)
        body = self._body()
        painter.save()
        painter.setClipRect(body.intersected(paint.clip).adjusted(0, 0, 0, 0))
        first, last = self._lines_between(paint.clip.top(), paint.clip.bottom())
        painter.translate(_PAD_X - min(self._now.offset, self._overflow()), 0)
        for line in range(first, last + 1):
            self._paint_line(painter, line, paint)
        painter.restore()
        paint_thumb(painter, self._track(), self._now.offset, self._room, self._room + self._overflow())
        if self.folded():
            self._paint_more(painter, paint)

    def _track(self) -> QRectF:
        return QRectF(_PAD_X, self._body().bottom() - THUMB - 2, self._room, THUMB)

    def thumb(self) -> tuple[QRectF, float] | None:
        overflow = self._overflow()
        if not overflow:
            return None
        track = self._track()
        return track.adjusted(0, -4, 0, 2), thumb_step(track, self._room, self._room + overflow)

    def _paint_head(self, painter: QPainter, paint: Paint) -> None:
        painter.fillRect(QRectF(1, self._head - 1, self.width - 2, 1), theme().color("line"))
        spots = self._head_spots()
        title = self.title or language_name(self.language) or tr("Code")
        room = QRectF(_PAD_X, 0, min(rect.x() for rect in spots.values()) - _PAD_X - 8, self._head)
        used = paint_line(painter, room, title)
        if self._hidden:
            room.setLeft(room.x() + used + 12)
            edge = theme().icon_size(13)
            icons.draw(painter, "triangle-alert", QRectF(room.x(), 0, edge, self._head), "warning")
            paint_line(painter, room.adjusted(edge + 6, 0, 0, 0), tr("hidden characters"), color="warning")
        on: ColorRole = "accenttext" if self._now.wrap else "text2"
        paint_button(painter, spots["wrap"], "wrap", paint, icon="wrap-text", color=on)
        paint_button(painter, spots["save"], "save", paint, icon="download")
        label = tr("Copied") if paint.ticked == "copy" else tr("Copy")
        paint_button(painter, spots["copy"], "copy", paint, icon="copy", label=label)

    def _head_spots(self) -> dict[str, QRectF]:
        high = min(self._head - 4, theme().control("icon-button-code"))
        y = (self._head - high) / 2
        narrow = theme().scaled(26)
        wide = max(button_width(tr("Copy"), "copy"), button_width(tr("Copied"), "copy"))
        x = self.width - 4 - wide
        return {
            "wrap": QRectF(x - 2 * narrow - 4, y, narrow, high),
            "save": QRectF(x - narrow - 2, y, narrow, high),
            "copy": QRectF(x, y, wide, high),
        }

    def _more_rect(self) -> QRectF:
        high = self._more_height()
        return QRectF(6, self.height - high - 4, button_width(self._more_label(), "chevron-down"), high)

    def _more_label(self) -> str:
        return tr("Show {0} more lines").format(len(self._lines) - self._fold[1])

    def _paint_more(self, painter: QPainter, paint: Paint) -> None:
        paint_button(
            painter, self._more_rect(), "more", paint, icon="chevron-down", label=self._more_label()
        )  # fmt: skip

    def _lines_between(self, top: float, bottom: float) -> tuple[int, int]:
        return self._line_at(top)[0], self._line_at(bottom)[0]

    def _line_at(self, y: float) -> tuple[int, float]:
        """The shown line at ``y`` and the height into it."""
        y = max(0.0, y - self._head - _PAD_Y)
        rows = self._row_tops()
        row = int(y // self._line)
        line = row if rows is None else bisect_right(rows, row) - 1
        line = min(max(0, line), self._shown() - 1)
        return line, y - (line if rows is None else rows[line]) * self._line

    def _line_top(self, line: int) -> float:
        rows = self._row_tops()
        return self._head + _PAD_Y + (line if rows is None else rows[line]) * self._line

    def _paint_line(self, painter: QPainter, line: int, paint: Paint) -> None:
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

    def _line_rects(self, line: int, start: int, end: int, *, to_end: bool = False) -> list[QRectF]:
        """Where a range stands in one line, in the scrolled coordinates of the body."""
        first, past = self._starts[line], self._starts[line + 1] - 1
        if end < first or start > past or (start == past and not to_end):
            return []
        layout, top = self._layout(line), self._line_top(line)
        found = []
        for at in range(layout.lineCount()):
            row = layout.lineAt(at)
            a = max(start - first, row.textStart())
            z = min(end - first, row.textStart() + row.textLength())
            goes_on = to_end and end > past and at == layout.lineCount() - 1
            if a > z or (a == z and not goes_on):
                continue
            left, right = sorted((_x(row.cursorToX(a)), _x(row.cursorToX(z))))
            found.append(
                QRectF(left, top + at * self._line, right - left + (6 if goes_on else 0), self._line)
            )
        return found

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def length(self) -> int:
        return self._starts[-1] - 1

    def copied(self, start: int, end: int) -> str:
        if start <= 0 and end >= self.length():
            return self.code
        return cut(self.text, start, end)

    def markdown(self, start: int, end: int) -> str:
        if start <= 0 and end >= self.length() and self.source:
            return self.source
        return self.copied(start, end)

    def html(self, start: int, end: int) -> str:
        return f"<pre><code>{escape(self.copied(start, end))}</code></pre>"

    def offset_at(self, point: QPointF) -> int:
        line, into = self._line_at(point.y())
        layout = self._layout(line)
        row = layout.lineAt(max(0, min(int(into // self._line), layout.lineCount() - 1)))
        x = point.x() - _PAD_X + min(self._now.offset, self._overflow())
        return self._starts[line] + row.xToCursor(x)

    def word_at(self, offset: int) -> tuple[int, int]:
        line = self._line_of(offset)
        first = self._starts[line]
        text = self._lines[line]
        at = offset - first
        if not text.isascii() or not 0 <= at < len(text):
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

    def _line_of(self, offset: int) -> int:
        return min(max(0, bisect_right(self._starts, offset) - 1), len(self._lines) - 1)

    def paragraph_at(self, offset: int) -> tuple[int, int]:
        line = self._line_of(offset)
        return self._starts[line], self._starts[line + 1] - 1

    def rects(self, start: int, end: int) -> list[QRectF]:
        first, last = self._line_of(start), min(self._line_of(end), self._shown() - 1)
        shift = _PAD_X - min(self._now.offset, self._overflow())
        return [
            rect.translated(shift, 0)
            for line in range(first, last + 1)
            for rect in self._line_rects(line, start, end)
        ]

    def hotspots(self) -> list[Hotspot]:
        spots = self._head_spots()
        names = {"wrap": tr("Wrap long lines"), "save": tr("Save code"), "copy": tr("Copy code")}
        found = [Hotspot(key, name, (spots[key],)) for key, name in names.items()]
        if self.folded():
            found.append(Hotspot("more", self._more_label(), (self._more_rect(),)))
        return found

    def activate(self, key: str) -> Effect | None:
        if key == "copy":
            return CopyText(self.code)
        if key == "save":
            return SaveText(self.code, f"code.{extension(self.language)}")
        state = self._state()
        if key == "wrap":
            state.wrap = not state.wrap
            state.offset = 0.0
        elif key == "more":
            state.unfolded = True
            self._coloring.again()
        self.stale()
        return None

    def scroll_sideways(self, by: float) -> bool:
        overflow = self._overflow()
        if not overflow:
            return False
        state = self._state()
        before = state.offset
        state.offset = min(max(0.0, before + by), overflow)
        return state.offset != before

    def end(self) -> QPointF | None:
        line = self._shown() - 1
        layout = self._layout(line)
        row = layout.lineAt(layout.lineCount() - 1)
        x = _x(row.cursorToX(units(self._lines[line]))) + _PAD_X - min(self._now.offset, self._overflow())
        y = self._line_top(line) + (layout.lineCount() - 0.5) * self._line
        return QPointF(min(x, self.width - _PAD_X), y)


def _advance() -> float:
    return QFontMetricsF(theme().font("code")).horizontalAdvance("0")


def _x(found: object) -> float:
    return cast(tuple[float, int], found)[0]
