"""Attachments of a message: pictures as thumbnails, other files as cards, in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from chatbench.core.messages import AudioPart, FilePart, ImagePart, MediaPart, StoredFile, VideoPart
from chatbench.rendering.characters import visible
from chatbench.ui.chat.transcript.boxes.base import Box, Context, Paint
from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.boxes.pictures import CARD, THUMB, draw_card, draw_thumb, thumbnail
from chatbench.ui.quantities import size
from chatbench.ui.theme import theme

_NARROW_CARD: Final = 140
_ICONS: Final = (
    (ImagePart, "image"),
    (AudioPart, "file-audio"),
    (VideoPart, "film"),
    (FilePart, "file-text"),
)


class AttachmentsBox(Box):
    """Pictures as thumbnails, other files as cards, in rows."""

    before = 0.0
    after = 10.0

    def __init__(self, context: Context, key: tuple[Any, ...], parts: Sequence[MediaPart]) -> None:
        super().__init__(context, key)
        self.media = tuple(parts)
        self._rects: list[QRectF] = []

    def _lay_out(self) -> float:
        self._rects = []
        x = y = 0.0
        high = float(theme().scaled(THUMB[1]))
        for part in self.media:
            wide = float(theme().scaled((THUMB if isinstance(part, ImagePart) else CARD)[0]))
            rest = self.width - x
            if x and not isinstance(part, ImagePart) and rest >= theme().scaled(_NARROW_CARD):
                wide = min(wide, rest)
            wide = min(wide, self.width)
            if x and x + wide > self.width:
                x, y = 0.0, y + high + 8
            self._rects.append(QRectF(x, y, wide, high))
            x += wide + 8
        return y + high

    def estimate(self) -> float:
        return self._lay_out()

    def measure(self) -> float:
        return self._lay_out()

    def paint(self, painter: QPainter, paint: Paint) -> None:
        for part, rect in zip(self.media, self._rects, strict=True):
            picture = None
            if isinstance(part, ImagePart) and isinstance(part.source, StoredFile):
                picture = thumbnail(self.context, part.source.sha256)
            if picture is not None:
                draw_thumb(painter, rect, picture)
            else:
                icon = next((name for kind, name in _ICONS if isinstance(part, kind)), "file-text")
                draw_card(painter, rect, icon, visible(part.name) or tr("File"), _size_of(part), "")

    def tip(self, point: QPointF) -> str:
        for part, rect in zip(self.media, self._rects, strict=True):
            if rect.contains(point):
                return f"{visible(part.name)}  {_size_of(part)}".strip()
        return ""

    @property
    def text(self) -> str:
        return ", ".join(visible(part.name) for part in self.media if part.name)


def _size_of(part: MediaPart) -> str:
    facts = []
    if isinstance(part, ImagePart) and part.width:
        facts.append(f"{part.width} × {part.height}")
    if part.size:
        facts.append(size(part.size))
    return " · ".join(facts) or part.media_type
