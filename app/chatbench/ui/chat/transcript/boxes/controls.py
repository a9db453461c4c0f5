"""Small controls painted inside boxes: buttons with icons and words, thumbs of sideways scrolling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QPainter

from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import Paint
from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.widgets import box as draw_box

ButtonLook = Literal["bare", "ordinary", "primary"]
_GAP: Final = 6
THUMB: Final = 4


def tr(text: str) -> str:
    """A translated string of the transcript."""
    return QCoreApplication.translate("Transcript", text)


def button_width(label: str, icon: str, look: ButtonLook = "bare") -> int:
    """Width of a painted button with words."""
    weight = 500 if look != "bare" else None
    words = theme().metrics("small", weight).horizontalAdvance(label)
    mark = theme().icon_size(14) + theme().icon_size(_GAP) if icon else 0
    return words + mark + 2 * theme().scaled(8) + 1


def paint_button(
    painter: QPainter,
    rect: QRectF,
    key: str,
    paint: Paint,
    *,
    icon: str = "",
    label: str = "",
    look: ButtonLook = "bare",
    color: ColorRole = "text2",
    edge: int = 14,
    enabled: bool = True,
) -> None:
    """A button in the state ``paint`` says: hovered, pressed, focused, ticked."""
    over, down = paint.hovered == key and enabled, paint.pressed == key and enabled
    corner = theme().corner("control")
    if look == "primary":
        draw_box(painter, rect, corner, "accentpressed" if down else "accenthover" if over else "accent")
    elif look == "ordinary":
        draw_box(painter, rect, corner, "pressed" if down else "hover" if over else "raised", "btnline")
    elif over or down:
        draw_box(painter, rect, corner, "pressed" if down else "hover")
    shade: ColorRole = "onaccent" if look == "primary" else color if enabled else "disabled"
    if look == "ordinary":
        shade = "text"
    if paint.ticked == key:
        icon = "check"
    size = theme().icon_size(edge)
    if not label:
        icons.draw(painter, icon, _centred(rect, size), shade)
    else:
        _paint_words(painter, rect, icon, label, look, shade, size)
    if paint.focused == key:
        draw_ring(painter, theme(), rect.adjusted(-1, -1, 1, 1), corner + 1.0)


def _centred(rect: QRectF, size: int) -> QRectF:
    return QRectF(rect.center().x() - size / 2, rect.center().y() - size / 2, size, size)


def _paint_words(
    painter: QPainter, rect: QRectF, icon: str, label: str, look: ButtonLook, shade: ColorRole, size: int
) -> None:
    x = rect.x() + theme().scaled(8)
    if icon:
        icons.draw(painter, icon, QRectF(x, rect.y(), size, rect.height()), shade)
        x += size + theme().icon_size(_GAP)
    painter.setFont(theme().font("small", 500 if look != "bare" else None))
    painter.setPen(theme().color(shade))
    words = QRectF(x, rect.y(), rect.right() - x, rect.height())
    left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | left, label)


def isolated(text: str) -> str:
    """Words that keep their own order among others, whichever direction those run in."""
    return f"\u2068{text}\u2069" if text else ""


def in_order(words: Sequence[str], rtl: bool) -> str:
    """Several words in the interface's order, each of them in its own."""
    embedding = "\u2067" if rtl else "\u2066"
    return embedding + " · ".join(isolated(one) for one in words) + "\u2069"


def paint_line(
    painter: QPainter,
    rect: QRectF,
    text: str,
    role: FontRole = "small",
    color: ColorRole = "text2",
    *,
    weight: int | None = None,
    right: bool = False,
    middle: bool = False,
) -> float:
    """One line of words, elided to ``rect`` and centred in its height; returns its width."""
    metrics = theme().metrics(role, weight)
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    shown = metrics.elidedText(text, mode, max(0, int(rect.width())))
    painter.setFont(theme().font(role, weight))
    painter.setPen(theme().color(color))
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute, shown)
    return float(metrics.horizontalAdvance(shown))


def thumb_step(track: QRectF, page: float, whole: float) -> float:
    """How much a pixel of the thumb's way scrolls."""
    length = max(32.0, track.width() * page / max(1.0, whole))
    return (whole - page) / max(1.0, track.width() - length)


def paint_thumb(painter: QPainter, track: QRectF, offset: float, page: float, whole: float) -> None:
    """A thin thumb that shows where a sideways scroll stands; nothing when all is in view."""
    if whole <= page:
        return
    length = max(32.0, track.width() * page / whole)
    x = track.x() + (track.width() - length) * min(1.0, offset / (whole - page))
    draw_box(painter, QRectF(x, track.y(), length, THUMB), THUMB / 2, "linectl")
