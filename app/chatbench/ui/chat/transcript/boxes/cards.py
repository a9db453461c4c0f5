"""Cards and notes: how a message stands, why, and ways on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from chatbench.core.errors import ErrorReport
from chatbench.rendering.characters import visible
from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import Act, Box, Context, Effect, Hotspot, Paint
from chatbench.ui.chat.transcript.boxes.controls import button_width, paint_button, paint_line
from chatbench.ui.chat.transcript.boxes.text import TextBox
from chatbench.ui.chat.transcript.paragraphs import plain
from chatbench.ui.chat.transcript.typeset import Style
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import box as draw_box

_WRAPPED: Final = Qt.TextFlag.TextWordWrap
_HIGHEST: Final = 10_000


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
        urged = self.key == (self.context.urged, "error")
        for button, rect in self._button_rects():
            paint_button(
                painter, rect, button.action, paint, icon=button.icon, label=button.label,
                look="primary" if urged and button is self.buttons[0] else "ordinary",
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
