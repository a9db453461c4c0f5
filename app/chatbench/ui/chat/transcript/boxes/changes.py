"""How what was added, removed and moved looks and reads: colour and shape, a sign in the margin, and
words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from chatbench.ui.chat.transcript.boxes.controls import tr
from chatbench.ui.chat.transcript.comparing import Change
from chatbench.ui.chat.transcript.paragraphs import ADDED, MOVED, REMOVED, Paragraph
from chatbench.ui.chat.transcript.typeset import Typeset
from chatbench.ui.chat.transcript.utf16 import cut, units
from chatbench.ui.theme import ColorRole, theme

_SIGNS: Final[dict[Change, str]] = {"added": "+", "removed": "−", "moved": "↕"}
_GROUNDS: Final[dict[Change, ColorRole]] = {"added": "addbg", "removed": "rembg", "moved": "selected"}
_INKS: Final[dict[Change, ColorRole]] = {"added": "success", "removed": "danger", "moved": "accent"}
_DASH: Final = 4
_SIGN_ROOM: Final = 13


class Marked(NamedTuple):
    """``length`` units from ``start`` that were added, removed or moved."""

    start: int
    length: int
    change: Change


def marks_of(paragraph: Paragraph) -> list[Marked]:
    """What of a paragraph was added, removed or moved, white space around it left out."""
    joined: list[Marked] = []
    for span in paragraph.spans:
        if span.flags & (ADDED | REMOVED | MOVED):
            moved: Change = "moved" if span.flags & MOVED else "removed"
            change: Change = "added" if span.flags & ADDED else moved
            before = joined[-1] if joined else None
            if before and before.change == change and before.start + before.length == span.start:
                joined[-1] = before._replace(length=before.length + span.length)
            else:
                joined.append(Marked(span.start, span.length, change))
    return [_trimmed(paragraph.text, mark) for mark in joined]


def _trimmed(text: str, mark: Marked) -> Marked:
    words = cut(text, mark.start, mark.start + mark.length)
    lead = len(words) - len(words.lstrip())
    return mark._replace(start=mark.start + lead, length=units(words.strip())) if words.strip() else mark


def paint_ground(painter: QPainter, rects: Iterable[QRectF], change: Change) -> None:
    """What lies behind such words."""
    color = theme().color(_GROUNDS[change])
    for rect in rects:
        painter.fillRect(rect, color)


def paint_shape(painter: QPainter, rect: QRectF, baseline: float, change: Change, x_height: float) -> None:
    """A line under added words, a dashed one under moved ones, one through removed ones."""
    ink = theme().color(_INKS[change])
    if change == "added":
        painter.fillRect(QRectF(rect.x(), baseline + 2, rect.width(), 2), ink)
    elif change == "moved":
        for at in range(0, math.ceil(rect.width()), 2 * _DASH):
            wide = min(_DASH, rect.width() - at)
            painter.fillRect(QRectF(rect.x() + at, baseline + 2, wide, 2), ink)
    else:
        middle = round(baseline - x_height / 2)
        painter.fillRect(QRectF(rect.x(), middle - 0.5, rect.width(), 1.5), ink)


def paint_grounds(painter: QPainter, laid: Typeset) -> None:
    """What lies behind a paragraph."""
    for mark in marks_of(laid.paragraph):
        for rect in laid.tight_rects(mark.start, mark.start + mark.length):
            paint_ground(painter, [_around_words(rect)], mark.change)


def paint_shapes(painter: QPainter, laid: Typeset) -> None:
    """The lines under and through the words of a paragraph."""
    for mark in marks_of(laid.paragraph):
        x_height = theme().metrics(laid.style.font, laid.style.weight).xHeight()
        for rect in laid.tight_rects(mark.start, mark.start + mark.length):
            paint_shape(painter, rect, laid.baseline_at(rect.top()), mark.change, x_height)


def _around_words(rect: QRectF) -> QRectF:
    tall = min(rect.height() - 2, theme().line("code") - 2.0)
    return QRectF(rect.x(), rect.center().y() - tall / 2, rect.width(), tall)


def whole_change(paragraphs: Iterable[Paragraph]) -> Change:
    """What was done with all words of some paragraphs, if it is the same with all."""
    changes: set[Change] = set()
    for paragraph in paragraphs:
        marks = marks_of(paragraph)
        if paragraph.text.strip():
            whole = bool(marks) and marks[0].length >= units(paragraph.text.strip())
            changes.add(marks[0].change if whole else "")
    return changes.pop() if len(changes) == 1 else ""


def paint_sign(painter: QPainter, change: Change, width: float, top: float = 0.0, *, rtl: bool) -> None:
    """The sign in the margin beside a line of a box ``width`` wide; nothing without a change."""
    if change:
        x = width if rtl else -_SIGN_ROOM
        paint_sign_in(painter, change, QRectF(x, top, _SIGN_ROOM, theme().line("prose")))


def paint_sign_in(painter: QPainter, change: Change, rect: QRectF) -> None:
    """The sign in the middle of a rectangle."""
    painter.setFont(theme().font("code"))
    painter.setPen(theme().color(_INKS[change]))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, _SIGNS[change])


def kept(start: int, end: int, marks: Sequence[Marked]) -> list[tuple[int, int]]:
    """What of a range is not removed; all of it when nothing else would be left."""
    left: list[tuple[int, int]] = []
    at = start
    for mark in marks:
        if mark.change == "removed" and mark.start < end and mark.start + mark.length > start:
            if mark.start > at:
                left.append((at, mark.start))
            at = max(at, mark.start + mark.length)
    if at < end:
        left.append((at, end))
    return left or [(start, end)]


def spoken(text: str, marks: Sequence[Marked]) -> str:
    """Words for a reader who sees neither colour nor lines."""
    if not marks:
        return text
    out: list[str] = []
    at = 0
    for mark in marks:
        end = mark.start + mark.length
        words = cut(text, mark.start, end)
        out.append(f"{cut(text, at, mark.start)}[{_named(mark.change).format(words)}]")
        at = end
    out.append(cut(text, at, units(text)))
    return "".join(out)


def _named(change: Change) -> str:
    if change == "moved":
        return tr("moved: {0}")
    return tr("added: {0}") if change == "added" else tr("removed: {0}")
