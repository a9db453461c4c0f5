"""Contrast as it is on the screen: the words in view, and the two colours each of them is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QFont, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QToolButton,
    QWidget,
)

from chatbench.ui.chat.transcript.boxes.base import Box
from chatbench.ui.chat.transcript.boxes.cards import ErrorCard, NoteBox
from chatbench.ui.chat.transcript.boxes.folds import FoldLine, ToolCard
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.widgets import ElidedLabel, FactRow, Pill

Pixels = npt.NDArray[np.uint32]
RATIO = 2
"""Device pixels for one pixel: strokes are wide enough to be of one colour somewhere."""
FEW = 3
"""So many pixels of a colour may be an accident of smoothing."""
TEXT, LARGE = 4.5, 3.0
_WORD = re.compile(r"[^\W_]+")
_INSET = 4
_SPACE, _SMALL = 3, 6


class Word(NamedTuple):
    """Words in view: whose they are, where they stand in the window, and how large they are."""

    whose: str
    text: str
    rect: QRect
    font: QFont

    @property
    def least(self) -> float:
        """The contrast they need (WCAG 2.2, 1.4.3)."""
        pixels = self.font.pixelSize() if self.font.pixelSize() > 0 else self.font.pointSizeF() * 96 / 72
        return LARGE if pixels >= 24 or (pixels >= 18.66 and self.font.bold()) else TEXT


def picture(root: QWidget) -> QImage:
    """What a widget shows."""
    image = QImage(root.size() * RATIO, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(RATIO)
    root.render(image)
    return image


def words(root: QWidget) -> Iterator[Word]:
    """All words below a widget that are in view and not of something disabled."""
    for widget in [root, *root.findChildren(QWidget)]:
        if isinstance(widget, TranscriptView):
            yield from _of_transcript(widget, root)
        elif isinstance(widget, QMenu):
            yield from _of_menu(widget)
        elif widget.isEnabled() and not widget.visibleRegion().isEmpty() and (text := _text(widget)):
            seen = widget.visibleRegion().boundingRect()
            inset = _INSET if isinstance(widget, QAbstractButton | QLineEdit) else 0
            rect = seen.adjusted(inset, inset, -inset, -inset).translated(widget.mapTo(root, QPoint()))
            if rect.height() >= widget.fontMetrics().xHeight():
                # Of less, at the edge of what scrolls, no letter is in view.
                yield Word(type(widget).__name__, text, rect, widget.font())


def _text(widget: QWidget) -> str:
    if isinstance(widget, QToolButton):
        return ""
    if isinstance(widget, QLabel | QAbstractButton | ElidedLabel | Pill):
        words = widget.text() or str(getattr(widget, "label", str)())
    elif isinstance(widget, QLineEdit):
        words = widget.text() or widget.placeholderText()
    elif isinstance(widget, QPlainTextEdit):
        words = widget.toPlainText() or widget.placeholderText()
    else:
        return ""
    return words if _WORD.search(words) else ""


def _of_menu(menu: QMenu) -> Iterator[Word]:
    for action in menu.actions():
        if action.isEnabled() and _WORD.search(action.text()):
            rect = menu.actionGeometry(action).adjusted(_INSET, _INSET, -_INSET, -_INSET)
            yield Word("QMenu", action.text(), rect, menu.font())


def _of_transcript(view: TranscriptView, root: QWidget) -> Iterator[Word]:
    viewport = view.viewport()
    origin = viewport.mapTo(root, QPoint())
    seen = viewport.visibleRegion().boundingRect()
    for row in view.stack.rows:
        for number, box in enumerate(row.item.boxes if row.item is not None else ()):
            assert row.item is not None
            place = row.item.box_rect(number).translated(0, row.top)
            for text, rect in _of_box(box, seen.translated(-place.topLeft().toPoint())):
                at = rect.translated(place.topLeft().toPoint() + origin)
                yield Word(type(box).__name__, text, at, QFont())


def _of_box(box: Box, seen: QRect) -> Iterator[tuple[str, QRect]]:
    inside = seen & QRect(0, 0, round(box.width), round(box.height))
    if inside.isEmpty():
        return
    for found in _WORD.finditer(box.text):
        rects = [one.toAlignedRect() for one in box.rects(found.start(), found.end())]
        # Where a line is broken before a word, the space there is one of its rectangles.
        rect = max(rects, key=QRect.width, default=QRect())
        if not rect.isEmpty() and inside.contains(rect):
            yield found.group(), rect


def pieces(image: QImage, rect: QRect) -> Iterator[QRect]:
    """What is drawn in a rectangle, line by line and word by word, as rectangles: what is painted has no
    other bounds."""
    pixels = _pixels(image, rect)
    for top, bottom in _runs(_drawn(pixels), 1):
        line = pixels[top * RATIO : bottom * RATIO]
        for left, right in _runs(_drawn(line.transpose()), _SPACE):
            if bottom - top >= _SMALL and right - left >= _SMALL:
                yield QRect(rect.x() + left, rect.y() + top, right - left, bottom - top)


def _drawn(lines: Pixels) -> list[bool]:
    """Of each line of pixels, in pixels of the window, whether it is of more than one colour."""
    drawn = (lines != lines[:, :1]).any(axis=1)
    return [bool(drawn[at : at + RATIO].any()) for at in range(0, len(drawn), RATIO)]


def _runs(drawn: list[bool], gap: int) -> list[tuple[int, int]]:
    """Beginnings and ends of what is drawn; gaps up to so many pixels are inside."""
    found: list[tuple[int, int]] = []
    for at in (at for at, one in enumerate(drawn) if one):
        if found and at - found[-1][1] <= gap:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found


def _pixels(image: QImage, rect: QRect) -> Pixels:
    """Row by row, as 0xAARRGGBB."""
    # The view does not keep its image alive: it has a name until the pixels are copied.
    part = image.copy(QRect(rect.topLeft() * RATIO, rect.size() * RATIO) & image.rect())
    found = np.frombuffer(part.constBits(), np.uint32).copy()
    return found.reshape(part.height(), part.width())


def painted(root: QWidget) -> Iterator[tuple[str, QRect]]:
    """What is painted without a widget of its own below a widget: rows of lists, facts, what stands beside
    messages, cards."""
    for view in root.findChildren(QAbstractItemView):
        seen = view.viewport().visibleRegion().boundingRect()
        origin = view.viewport().mapTo(root, QPoint())
        for at in range(view.model().rowCount()):
            rect = view.visualRect(view.model().index(at, 0)).adjusted(_INSET, _INSET, -_INSET, -_INSET)
            if seen.contains(rect):
                yield type(view).__name__, rect.translated(origin)
    for fact in root.findChildren(FactRow):
        seen = fact.visibleRegion().boundingRect()
        if fact.isEnabled() and not seen.isEmpty():
            yield type(fact).__name__, seen.translated(fact.mapTo(root, QPoint()))
    for lane in [one for one in [root, *root.findChildren(QWidget)] if isinstance(one, TranscriptView)]:
        seen = lane.viewport().visibleRegion().boundingRect()
        origin = lane.viewport().mapTo(root, QPoint())
        for row in lane.stack.rows:
            for place in _beside(row.item) if row.item is not None else ():
                rect = place.translated(0, row.top).toAlignedRect()
                if seen.contains(rect):
                    yield "beside a message", rect.translated(origin)


def _beside(item: Item) -> Iterator[QRectF]:
    """Who wrote a message and what is known of it; the cards in it."""
    frame = item.frame
    if not frame.folded:
        yield QRectF(frame.margin_x, item.content_top, frame.margin, item.margin_height())
    for number, one in enumerate(item.boxes):
        if isinstance(one, ErrorCard | FoldLine | NoteBox | ToolCard):
            yield item.box_rect(number).adjusted(_INSET, _INSET, -_INSET, -_INSET)


def contrast_in(image: QImage, rect: QRect) -> float:
    """Of the most frequent colour with the farthest of those that are no accident; 1 where there is one
    colour only."""
    colors, counts = np.unique(_pixels(image, rect), return_counts=True)
    ground = int(colors[counts.argmax()])
    return max((contrast(int(color), ground) for color in colors[counts > FEW]), default=1.0)


@cache
def contrast(one: int, other: int) -> float:
    """WCAG 2.2 contrast of two colours, as 0xAARRGGBB."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@cache
def _luminance(color: int) -> float:
    channels = ((color >> shift & 255) / 255 for shift in (16, 8, 0))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
