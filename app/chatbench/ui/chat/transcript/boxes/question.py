"""The question of a turn in one line: it stands in whole elsewhere, and here it heads the answer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from chatbench.core.messages import MediaPart
from chatbench.rendering.characters import visible
from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import Box, Context, Effect, Hotspot, Paint, Rebuild
from chatbench.ui.chat.transcript.boxes.controls import isolated, paint_line, tr
from chatbench.ui.chat.transcript.boxes.folds import is_open
from chatbench.ui.chat.transcript.utf16 import cut, units
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.theme.ring import draw_ring

_START: Final = 300
"""Characters of a question that one line can hold at most, and that are read out of a folded one."""
_GAP: Final = 6


class QuestionLine(Box):
    """The start of a question; it opens to all of it, where there is more than the line holds.

    ``head`` is what the line says while it is open.
    """

    before = 0.0
    after = 4.0
    heading = True

    def __init__(
        self, context: Context, key: tuple[Any, ...], words: str, media: Sequence[MediaPart], head: str
    ) -> None:
        super().__init__(context, key)
        self._words = visible(words)
        self._files = [visible(getattr(part, "name", "")) or tr("picture") for part in media]
        self._head = head
        self._start = " ".join(self._words[:_START].split()) or ", ".join(self._files)

    @property
    def opened(self) -> bool:
        """Whether all of it stands below."""
        return is_open(self.context, self.key)

    def foldable(self) -> bool:
        """Whether there is more of it than the line shows."""
        if self.opened or (self._files and self._words) or len(self._files) > 1:
            return True
        if "\n" in self._words.strip() or len(self._words) > _START:
            return True
        return theme().metrics("small", 500).horizontalAdvance(self._start) > self._room()

    def _room(self) -> float:
        return self.width - theme().icon_size(14) - _GAP

    def estimate(self) -> float:
        return float(max(26, theme().line("small") + 8))

    def measure(self) -> float:
        return self.estimate()

    def paint(self, painter: QPainter, paint: Paint) -> None:
        rtl, edge, room = self.context.rtl, theme().icon_size(14), self._room()
        color: ColorRole = "text" if paint.hovered == "fold" else "text2"
        words = QRectF(0 if rtl else edge + _GAP, 0, room, self.height)
        if paint.selection is not None:
            painter.fillRect(words, theme().color("selbg"))
        elif paint.hits:
            painter.fillRect(words, theme().color("hit"))
        if self.foldable():
            closed = "chevron-left" if rtl else "chevron-right"
            mark = QRectF(self.width - edge if rtl else 0, 0, edge, self.height)
            icons.draw(painter, "chevron-down" if self.opened else closed, mark, color)
        else:
            words = QRectF(0, 0, self.width, self.height)
        line = self._head if self.opened else self._start
        used = paint_line(painter, words, isolated(line), color=color, weight=500, right=rtl)
        if self._files and self._words and not self.opened:
            facts = tr("and {0} files").format(len(self._files)) if len(self._files) > 1 else self._files[0]
            rest = words.adjusted(0, 0, -used, 0) if rtl else words.adjusted(used, 0, 0, 0)
            paint_line(painter, rest, f" · {isolated(facts)}", color="text3", right=rtl)
        if paint.focused == "fold":
            draw_ring(painter, theme(), QRectF(-4, 1, self.width + 8, self.height - 2), 6)

    # What it says

    @property
    def text(self) -> str:
        return "" if self.opened else self._words

    @property
    def spoken(self) -> str:
        return self._head if self.opened else self._start

    def length(self) -> int:
        return units(self.text)

    def copied(self, start: int, end: int) -> str:
        return cut(self.text, start, end)

    def html(self, start: int, end: int) -> str:
        lines = escape(self.copied(start, end)).replace("\n", "<br>")
        return f"<p>{lines}</p>" if lines else ""

    def offset_at(self, point: QPointF) -> int:
        return 0 if (point.x() < self.width / 2) != self.context.rtl else self.length()

    def word_at(self, offset: int) -> tuple[int, int]:
        return 0, self.length()

    def rects(self, start: int, end: int) -> list[QRectF]:
        return [QRectF(0, 0, self.width, self.height)] if start < end and self.length() else []

    def tip(self, point: QPointF) -> str:
        return self._start if not self.opened and self.foldable() else ""

    # Pressing

    def hotspots(self) -> list[Hotspot]:
        if not self.foldable():
            return []
        name = tr("Fold the question") if self.opened else tr("Show all of the question")
        return [Hotspot("fold", name, (QRectF(0, 0, self.width, self.height),))]

    def activate(self, key: str) -> Effect | None:
        self.context.states[self.key] = not self.opened
        return Rebuild()
