"""SVG in an answer: the picture, with a switch to its code."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from chatbench.ui.chat.transcript.boxes.base import Effect, Paint
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.drawings import Drawing, DrawingKey, drawings
from chatbench.ui.theme import theme
from chatbench.ui.widgets import box as draw_box

_PAD: Final = 12


class DrawingBox(CodeBox):
    """A code box whose body is the picture that the code draws, until the reader wants the code.

    What cannot be drawn is code, and says so in its head.
    """

    def _drawing(self) -> Drawing | None:
        key = DrawingKey(self.code, round(self.context.ratio * theme().text_factor, 2))
        found = drawings().get(key)
        if found is None:
            self.context.want(key, self)
        return found

    def _picture(self) -> Drawing | None:
        """What is to be shown in place of the code."""
        if self.is_open or self.chosen.source:
            return None
        found = self._drawing()
        return found if found is not None and found.image is not None else None

    def _picture_rect(self, picture: Drawing) -> QRectF:
        """Where it stands: in the middle, as large as it is or as there is room."""
        room = max(40.0, self.width - 2 * _PAD)
        factor = theme().text_factor
        share = min(factor, room / picture.width)
        wide, high = picture.width * share, picture.height * share
        return QRectF((self.width - wide) / 2, self._head + _PAD, wide, high)

    def folded(self) -> bool:
        return self._picture() is None and super().folded()

    def measure(self) -> float:
        picture = self._picture()
        if picture is None:
            return super().measure()
        return math.ceil(self._picture_rect(picture).bottom() + _PAD)

    def _name(self) -> str:
        found = None if self.is_open else self._drawing()
        if found is not None and found.image is None:
            return " · ".join((super()._name(), tr("not drawn")))
        return super()._name()

    def tip(self, point: QPointF) -> str:
        found = None if self.is_open else self._drawing()
        if found is not None and found.why and point.y() < self._head:
            return found.why
        return ""

    def _paint_lines(self, painter: QPainter, paint: Paint) -> None:
        picture = self._picture()
        if picture is None or picture.image is None:
            super()._paint_lines(painter, paint)
            return
        rect = self._picture_rect(picture)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(rect, picture.image)
        painter.restore()
        if paint.selection is not None:
            draw_box(painter, rect.adjusted(-2, -2, 2, 2), 2, None, "accent")

    def _buttons(self) -> dict[str, tuple[str, str, bool]]:
        found = super()._buttons()
        drawn = None if self.is_open else self._drawing()
        if drawn is None or drawn.image is None:
            return found
        if self._picture() is not None:
            found.pop("numbers")
            found.pop("wrap")
        switch = ("code-xml", tr("Show the code of the picture"), self.chosen.source)
        return {"source": switch, **found}

    def activate(self, key: str) -> Effect | None:
        if key == "source":
            state = self.state()
            state.source = not state.source
            self.stale()
            return None
        return super().activate(key)

    def rects(self, start: int, end: int) -> list[QRectF]:
        picture = self._picture()
        return super().rects(start, end) if picture is None else [self._picture_rect(picture)]

    def offset_at(self, point: QPointF) -> int:
        picture = self._picture()
        if picture is None:
            return super().offset_at(point)
        return 0 if point.y() < self._picture_rect(picture).center().y() else self.length()

    def word_at(self, offset: int) -> tuple[int, int]:
        return super().word_at(offset) if self._picture() is None else (0, self.length())

    def thumb(self) -> tuple[QRectF, float] | None:
        return super().thumb() if self._picture() is None else None

    def scroll_sideways(self, by: float) -> bool:
        return self._picture() is None and super().scroll_sideways(by)
