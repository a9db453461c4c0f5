"""What folds: thinking, tool calls, parts this version does not know."""

from __future__ import annotations

import time
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from chatbench.rendering.characters import visible
from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import Box, Context, Effect, Hotspot, Paint, Rebuild
from chatbench.ui.chat.transcript.boxes.controls import paint_line, tr
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.paragraphs import plain
from chatbench.ui.chat.transcript.typeset import Style
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.widgets import box as draw_box
from chatbench.ui.widgets import draw_pill, gauge_clock, pill_width

THOUGHT_HEIGHT: Final = 240
_THOUGHT_INDENT: Final = 20


def is_open(context: Context, key: tuple[Any, ...]) -> bool:
    """Whether the fold with this key was opened."""
    return context.states.get(key) is True


class FoldLine(Box):
    """A line that opens and closes what stands under it: thinking, unknown parts."""

    before = 0.0
    snug = True

    def __init__(
        self, context: Context, key: tuple[Any, ...], icon: str, words: str, facts: str = "", *,
        live: bool = False, since: float | None = None, foldable: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(context, key)
        self.icon, self.words, self.facts = icon, words, facts
        self.live = live
        self._since = since
        self._foldable = foldable

    def estimate(self) -> float:
        return float(max(26, theme().line("small") + 8))

    def measure(self) -> float:
        return self.estimate()

    def paint(self, painter: QPainter, paint: Paint) -> None:
        edge = theme().icon_size(14)
        over = paint.hovered == "fold"
        color: ColorRole = "text" if over and self._foldable else "text2"
        if self._foldable:
            chevron = "chevron-down" if is_open(self.context, self.key) else "chevron-right"
            icons.draw(painter, chevron, QRectF(0, 0, edge, self.height), color)
        x = edge + 8.0
        if self.live:
            icons.draw_gauge(painter, QRectF(x, 0, edge, self.height), gauge_clock().step)
        else:
            icons.draw(painter, self.icon, QRectF(x, 0, edge, self.height), color)
        x += edge + 6
        used = paint_line(painter, QRectF(x, 0, self.width - x, self.height), self.words, color=color)
        facts = self._running() or self.facts
        if facts:
            rest = QRectF(x + used, 0, self.width - x - used, self.height)
            paint_line(painter, rest, f" · {facts}", color="text3")
        if paint.focused == "fold":
            draw_ring(painter, theme(), QRectF(-4, 1, min(self.width, x + used + 12) + 4, self.height - 2), 6)

    def _running(self) -> str:
        """The seconds since it began, while it goes on."""
        if not self.live or self._since is None:
            return ""
        return tr("{0} s").format(int(time.monotonic() - self._since))

    def hotspots(self) -> list[Hotspot]:
        if not self._foldable:
            return []
        return [Hotspot("fold", self.words, (QRectF(0, 0, self.width, self.height),))]

    def activate(self, key: str) -> Effect | None:
        self.context.states[self.key] = not is_open(self.context, self.key)
        return Rebuild()


class ThoughtBox(TextBox):
    """Opened thinking: at most 240 high, then it scrolls; a line at its left."""

    before = 0.0
    snug = True

    def __init__(self, context: Context, key: tuple[Any, ...], text: str) -> None:
        self._thought = visible(text).strip("\n")
        size = (len(text), text.count("\n") + 1)
        super().__init__(context, key, lambda: plain(self._thought), size, Style("small", "text2"))
        self.indent = _THOUGHT_INDENT
        self._whole = 0.0
        self._scrolled = 0.0
        self.cursor_follows = False

    def grow(self, text: str) -> None:
        """More was thought; what is scrolled to the end stays there."""
        at_end = self._shift() >= self._whole - self.height
        unchanged = max(0, len(self._words) - 1)
        self._thought = visible(text).strip("\n")
        if self.width:
            self._lay_out(unchanged)
            self.exact = False
            self.settle()
        if at_end:
            self._scrolled = self._whole

    def measure(self) -> float:
        self._whole = super().measure()
        return min(self._whole, float(theme().scaled(THOUGHT_HEIGHT)))

    def _shift(self) -> float:
        return min(self._scrolled, max(0.0, self._whole - self.height))

    def paint(self, painter: QPainter, paint: Paint) -> None:
        painter.fillRect(QRectF(-13, 0, 1, self.height), theme().color("line"))
        shift = self._shift()
        painter.save()
        painter.setClipRect(QRectF(-4, 0, self.width + 8, self.height))
        painter.translate(0, -shift)
        moved = Paint(
            paint.clip.translated(0, shift), paint.selection, paint.hits, paint.current_hit, paint.hovered,
            paint.pressed, paint.focused,
        )  # fmt: skip
        super().paint(painter, moved)
        painter.restore()
        if self._whole > self.height:
            length = max(24.0, self.height * self.height / self._whole)
            y = (self.height - length) * shift / (self._whole - self.height)
            draw_box(painter, QRectF(self.width - 4, y, 4, length), 2, "linectl")

    def offset_at(self, point: QPointF) -> int:
        return super().offset_at(point + QPointF(0, self._shift()))

    def rects(self, start: int, end: int) -> list[QRectF]:
        moved = [rect.translated(0, -self._shift()) for rect in super().rects(start, end)]
        return [rect for rect in moved if 0 <= rect.top() < self.height]

    def scroll_down(self, by: float, point: QPointF) -> bool:
        before = self._shift()
        self._scrolled = min(max(0.0, before + by), max(0.0, self._whole - self.height))
        return self._scrolled != before


class ToolCard(Box):
    """A tool call: kept and shown, not executed; opens to its arguments and result."""

    before = 4.0
    snug = True

    def __init__(
        self, context: Context, key: tuple[Any, ...], name: str, arguments: str, state: str, *,
        live: bool = False, failed: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(context, key)
        self._name = visible(name)
        self._arguments = visible(" ".join(arguments[:400].split()))
        self._state = state
        self._live = live
        self._failed = failed

    def estimate(self) -> float:
        return float(max(34, theme().line("small") + 16))

    def measure(self) -> float:
        return self.estimate()

    def paint(self, painter: QPainter, paint: Paint) -> None:
        fill: ColorRole | None = "hover" if paint.hovered == "fold" else None
        card = QRectF(0, 0, self.width, self.height)
        draw_box(painter, card, theme().corner("card"), fill, "line")
        if paint.focused == "fold":
            draw_ring(painter, theme(), card.adjusted(-3, -3, 3, 3), theme().corner("card") + 2.0)
        edge = theme().icon_size(14)
        chevron = "chevron-down" if is_open(self.context, self.key) else "chevron-right"
        icons.draw(painter, chevron, QRectF(10, 0, edge, self.height), "text2")
        icons.draw(painter, "wrench", QRectF(18 + edge, 0, edge, self.height), "text2")
        right = self._paint_state(painter)
        x = 26.0 + 2 * edge
        used = paint_line(painter, QRectF(x, 0, right - x - 8, self.height), self._name, "code", "text")
        x += used + 12
        rest = QRectF(x, 0, max(0.0, right - x - 12), self.height)
        paint_line(painter, rest, self._arguments, "code", "text3")

    def _paint_state(self, painter: QPainter) -> float:
        if self._live:
            icons.draw_gauge(painter, QRectF(self.width - 30, 0, 20, self.height), gauge_clock().step)
            return self.width - 30
        wide = pill_width(self._state)
        high = theme().control("pill")
        rect = QRectF(self.width - wide - 8, (self.height - high) / 2, wide, high).toRect()
        draw_pill(painter, rect, self._state, "danger" if self._failed else "neutral")
        return float(rect.left())

    @property
    def text(self) -> str:
        return f"{self._name} {self._arguments}".strip()

    def copied(self, start: int, end: int) -> str:
        return ""

    def hotspots(self) -> list[Hotspot]:
        name = tr("Tool call {0}, {1}").format(self._name, self._state)
        return [Hotspot("fold", name, (QRectF(0, 0, self.width, self.height),))]

    def activate(self, key: str) -> Effect | None:
        self.context.states[self.key] = not is_open(self.context, self.key)
        return Rebuild()
