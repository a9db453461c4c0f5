"""Cards: thinking, tool calls, errors, attachments, and one-line notes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from chatbench.core.errors import ErrorReport
from chatbench.rendering.characters import visible
from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import Act, Box, Context, Effect, Hotspot, Paint, Rebuild
from chatbench.ui.chat.transcript.boxes.controls import button_width, paint_button, paint_line, tr
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.paragraphs import plain
from chatbench.ui.chat.transcript.typeset import Style
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.widgets import box as draw_box
from chatbench.ui.widgets import draw_pill, gauge_clock, pill_width

THOUGHT_HEIGHT: Final = 240
_THOUGHT_INDENT: Final = 20
_WRAPPED: Final = Qt.TextFlag.TextWordWrap
_HIGHEST: Final = 10_000


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


class NoteBox(Box):
    """A quiet sentence: stopped, refused, something this version does not know."""

    before = 4.0

    def __init__(
        self, context: Context, key: tuple[Any, ...], words: str, icon: str = "", color: ColorRole = "text3",
        button: CardButton | None = None,
    ) -> None:  # fmt: skip
        super().__init__(context, key)
        self._words, self._icon, self._color = words, icon, color
        self._button = button

    def estimate(self) -> float:
        least = theme().control("button-small") if self._button is not None else 0
        return float(max(theme().line("small") + 4, least))

    def measure(self) -> float:
        return max(self.estimate(), self._words_height() + 4.0)

    def _room(self) -> float:
        """The width the words have."""
        taken = theme().icon_size(14) + 6.0 if self._icon else 0.0
        if self._button is not None:
            taken += button_width(self._button.label, self._button.icon, "ordinary") + 10.0
        return max(1.0, self.width - taken)

    def _words_height(self) -> float:
        room = QRect(0, 0, int(self._room()), _HIGHEST)
        return float(theme().metrics("small").boundingRect(room, _WRAPPED, self._words).height())

    def paint(self, painter: QPainter, paint: Paint) -> None:
        x = 0.0
        if self._icon:
            edge = theme().icon_size(14)
            icons.draw(painter, self._icon, QRectF(0, 0, edge, self.height), self._color)
            x = edge + 6.0
        room = self._room()
        if self._button is not None:
            rect = self._button_rect(self._button)
            one = self._button
            paint_button(painter, rect, one.action, paint, icon=one.icon, label=one.label, look="ordinary")
            x = rect.right() + 10 if self.context.rtl else x
        line = QRectF(x, 0, room, self.height)
        if self._words_height() <= theme().line("small"):
            paint_line(painter, line, self._words, color=self._color, right=self.context.rtl)
            return
        painter.setFont(theme().font("small"))
        painter.setPen(theme().color(self._color))
        side = Qt.AlignmentFlag.AlignRight if self.context.rtl else Qt.AlignmentFlag.AlignLeft
        painter.drawText(line, side | Qt.AlignmentFlag.AlignVCenter | _WRAPPED, self._words)

    def _button_rect(self, button: CardButton) -> QRectF:
        """Right after the words, or at the end where they need all the room."""
        wide = button_width(button.label, button.icon, "ordinary")
        words = theme().metrics("small").horizontalAdvance(self._words) + 10.0
        x = min(words, self.width - wide)
        high = float(theme().control("button-small"))
        at = self.width - x - wide if self.context.rtl else x
        return QRectF(at, (self.height - high) / 2, wide, high)

    def hotspots(self) -> list[Hotspot]:
        button = self._button
        return [] if button is None else [Hotspot(button.action, button.label, (self._button_rect(button),))]

    def activate(self, key: str) -> Effect | None:
        return Act(key)


Tone = Literal["danger", "warning", "quiet"]


@dataclass(frozen=True, slots=True)
class CardButton:
    """A button of an error card: the action it asks for and its words."""

    action: str
    label: str
    icon: str = ""
    primary: bool = False


class _Look(NamedTuple):
    words: ColorRole
    fill: ColorRole
    edge: ColorRole
    icon: str


_LOOKS: Final[dict[Tone, _Look]] = {
    "danger": _Look("danger", "dangersoft", "danger", "circle-alert"),
    "warning": _Look("warning", "warningsoft", "warning", "circle-alert"),
    "quiet": _Look("text2", "sunken", "line", "clock"),
}


class ErrorCard(Box):
    """What went wrong or is waited for, what it means, the raw reason, and ways on."""

    before = 10.0

    def __init__(
        self, context: Context, key: tuple[Any, ...], report: ErrorReport, buttons: Sequence[CardButton], *,
        tone: Tone = "danger",
    ) -> None:  # fmt: skip
        super().__init__(context, key)
        self.report = report
        self.buttons = tuple(buttons)
        self._look = _LOOKS[tone]
        self._parts: list[TextBox] = []
        self._raw: TextBox | None = None

    def _texts(self) -> list[TextBox]:
        if not self._parts:
            lines = (
                (self.report.message, Style("ui", self._look.words, 600)),
                (self.report.hint, Style("small", "text2")),
            )
            for number, (words, style) in enumerate(lines):
                if words:
                    self._parts.append(self._part(number, words, style))
            raw = self.report.raw.strip()[:1_500]
            if raw:
                self._raw = self._part(2, raw, Style("code-small", "text2"))
        return self._parts

    def _part(self, number: int, words: str, style: Style) -> TextBox:
        shown = visible(words)
        return TextBox(self.context, (*self.key, number), lambda: plain(shown), (len(shown), 1), style)

    def _lead(self) -> float:
        return theme().icon_size(14) + 8.0

    def estimate(self) -> float:
        return 110.0

    def measure(self) -> float:
        y = 10.0
        for part in self._texts():
            part.fit(self.width - 24 - self._lead())
            part.settle()
            y += part.height + 2
        if self._raw is not None:
            self._raw.fit(self.width - 24 - self._lead() - 16)
            self._raw.settle()
            y += 6 + min(self._raw.height, self._most_raw()) + 12
        if self.buttons:
            y += 8 + self._buttons_height()
        return y + 10

    def _most_raw(self) -> float:
        return 5.0 * theme().line("code-small")

    def release(self) -> None:
        self._parts, self._raw = [], None

    def paint(self, painter: QPainter, paint: Paint) -> None:
        if not self._parts:
            self.measure()
        look = self._look
        draw_box(painter, QRectF(0, 0, self.width, self.height), theme().corner("card"), look.fill, look.edge)
        edge = theme().icon_size(14)
        icons.draw(painter, look.icon, QRectF(12, 10, edge, theme().line("ui")), look.words)
        x, y = 12 + self._lead(), 10.0
        clip = QRectF(0, 0, self.width, self.height)
        for part in self._parts:
            y = _paint_at(painter, part, x, y, clip) + 2
        if self._raw is not None:
            high = min(self._raw.height, self._most_raw())
            ground = QRectF(x, y + 6, self.width - x - 12, high + 12)
            draw_box(painter, ground, theme().corner("inline"), "page")
            painter.save()
            painter.setClipRect(ground)
            _paint_at(painter, self._raw, x + 8, y + 12, QRectF(0, 0, self.width, high))
            painter.restore()
        for button, rect in self._button_rects():
            paint_button(
                painter, rect, button.action, paint, icon=button.icon, label=button.label,
                look="primary" if button.primary else "ordinary",
            )  # fmt: skip

    def _buttons_height(self) -> float:
        return self._laid_buttons()[-1][1].bottom()

    def _button_rects(self) -> list[tuple[CardButton, QRectF]]:
        top = self.height - 10 - self._buttons_height() if self.buttons else 0.0
        return [(button, rect.translated(0, top)) for button, rect in self._laid_buttons()]

    def _laid_buttons(self) -> list[tuple[CardButton, QRectF]]:
        """The buttons from 0 downwards, in as many rows as they need."""
        left = x = 12 + self._lead()
        y, high = 0.0, float(theme().control("button"))
        found = []
        for button in self.buttons:
            wide = button_width(button.label, button.icon, "ordinary")
            if x > left and x + wide > self.width - 12:
                x, y = left, y + high + 6
            found.append((button, QRectF(x, y, wide, high)))
            x += wide + 6
        return found

    @property
    def text(self) -> str:
        return "\n".join(one for one in (self.report.message, self.report.hint) if one)

    def hotspots(self) -> list[Hotspot]:
        return [Hotspot(button.action, button.label, (rect,)) for button, rect in self._button_rects()]

    def activate(self, key: str) -> Effect | None:
        return Act(key)


def _paint_at(painter: QPainter, part: TextBox, x: float, y: float, clip: QRectF) -> float:
    painter.save()
    painter.translate(x, y)
    part.paint(painter, Paint(clip))
    painter.restore()
    return y + part.height
