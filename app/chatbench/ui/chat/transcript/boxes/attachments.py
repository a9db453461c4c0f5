"""Attachments of a message: pictures as thumbnails, other files as cards, in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from chatbench.core.messages import AudioPart, FilePart, ImagePart, MediaPart, StoredFile, VideoPart
from chatbench.rendering.characters import visible
from chatbench.ui.chat.transcript.boxes.base import Box, Context, Hotspot, OpenFile, Paint
from chatbench.ui.chat.transcript.boxes.controls import isolated, tr
from chatbench.ui.chat.transcript.boxes.pictures import CARD, THUMB, draw_card, draw_thumb, thumbnail
from chatbench.ui.chat.transcript.source import Sent
from chatbench.ui.filefacts import facts_of, sent_words
from chatbench.ui.theme import theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.widgets import box as draw_box

_NARROW_CARD: Final = 140
_SHEET: Final = (42, 56)
_PDF: Final = "application/pdf"
_ICONS: Final = (
    (ImagePart, "image"),
    (AudioPart, "file-audio"),
    (VideoPart, "film"),
    (FilePart, "file-text"),
)


class AttachmentsBox(Box):
    """Pictures as thumbnails, other files as cards, in rows; each opens what it stands for. `sent` tells how
    they went to the models."""

    before = 0.0
    after = 10.0

    def __init__(
        self, context: Context, key: tuple[Any, ...], parts: Sequence[MediaPart], sent: Sent = ()
    ) -> None:
        super().__init__(context, key)
        self.media = tuple(parts)
        self._sent = sent
        self._rects: list[QRectF] = []

    def _lay_out(self) -> float:
        self._rects = []
        x = y = 0.0
        high = float(theme().scaled(THUMB[1]))
        for part in self.media:
            wide = float(theme().scaled((THUMB if isinstance(part, ImagePart) else CARD)[0]))
            if _is_pdf(part):
                wide += theme().scaled(_SHEET[0]) + 8
            rest = self.width - x
            if x and not isinstance(part, ImagePart) and rest >= theme().scaled(_NARROW_CARD):
                wide = min(wide, rest)
            wide = min(wide, self.width)
            if x and x + wide > self.width:
                x, y = 0.0, y + high + 8
            left = self.width - x - wide if self.context.rtl else x
            self._rects.append(QRectF(left, y, wide, high))
            x += wide + 8
        return y + high

    def estimate(self) -> float:
        return self._lay_out()

    def measure(self) -> float:
        return self._lay_out()

    def paint(self, painter: QPainter, paint: Paint) -> None:
        for number, (part, rect) in enumerate(zip(self.media, self._rects, strict=True)):
            if paint.clip.isEmpty() or rect.intersects(paint.clip):
                self._paint_file(painter, part, rect)
                key = f"file:{number}"
                if paint.hovered == key:
                    draw_box(painter, rect, theme().corner("control"), None, "linectl")
                if paint.focused == key:
                    draw_ring(painter, theme(), rect, theme().corner("control"))

    def _paint_file(self, painter: QPainter, part: MediaPart, rect: QRectF) -> None:
        stored = part.source.sha256 if isinstance(part.source, StoredFile) else ""
        if isinstance(part, ImagePart) and stored:
            picture = thumbnail(self.context, stored)
            if picture is not None:
                draw_thumb(painter, rect, picture)
                return
        sheet = thumbnail(self.context, stored, _SHEET) if stored and _is_pdf(part) else None
        icon = next((name for kind, name in _ICONS if isinstance(part, kind)), "file-text")
        name, facts = visible(part.name) or tr("File"), facts_of(part)
        sent = sent_as(part, self._sent)
        draw_card(painter, rect, icon, name, facts, sent, sheet=sheet, rtl=self.context.rtl)

    def hotspots(self) -> list[Hotspot]:
        if len(self._rects) != len(self.media):
            self._lay_out()
        return [
            Hotspot(f"file:{number}", words_of(part, self._sent), (rect,))
            for number, (part, rect) in enumerate(zip(self.media, self._rects, strict=True))
            if isinstance(part.source, StoredFile)
        ]

    def activate(self, key: str) -> OpenFile:
        return OpenFile(self.media[int(key.partition(":")[2])], self.media)

    def file_at(self, point: QPointF) -> OpenFile | None:
        for part, rect in zip(self.media, self._rects, strict=True):
            if rect.contains(point) and isinstance(part.source, StoredFile):
                return OpenFile(part, self.media)
        return None

    def tip(self, point: QPointF) -> str:
        for part, rect in zip(self.media, self._rects, strict=True):
            if rect.contains(point):
                return words_of(part, self._sent)
        return ""

    @property
    def text(self) -> str:
        return ", ".join(visible(part.name) for part in self.media if part.name)


def sent_as(part: MediaPart, sent: Sent) -> str:
    """How a file went to the models: in words, with the lanes' letters where they differ."""
    if not isinstance(part.source, StoredFile):
        return ""
    told = [(lane, form) for sha256, lane, form in sent if sha256 == part.source.sha256]
    forms = dict.fromkeys(form for _lane, form in told)
    if len(forms) == 1:
        return tr("sent {0}").format(sent_words(next(iter(forms))))
    lanes = (f"{', '.join(lane for lane, one in told if one == form)} {sent_words(form)}" for form in forms)
    return " · ".join(lanes)


def words_of(part: MediaPart, sent: Sent) -> str:
    """All that is said of a file, in a line."""
    known = (isolated(visible(part.name)) or tr("File"), facts_of(part), sent_as(part, sent))
    return ", ".join(filter(None, known))


def _is_pdf(part: MediaPart) -> bool:
    return isinstance(part, FilePart) and part.media_type == _PDF
