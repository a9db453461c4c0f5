"""Shapes every painted widget draws: boxes with a border inside, rings inside, the nine-patch shadow."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import bidirectional

from PySide6.QtCore import QMargins, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QWidget

from chatbench.ui.icons import device_ratio
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.theme.tokens import SHADOW_DARK, SHADOW_LIGHT, SHADOW_MARGIN, ShadowToken


def box(
    painter: QPainter,
    rect: QRect | QRectF,
    radius: float,
    fill: ColorRole | QColor | None,
    border: ColorRole | QColor | None = None,
    width: float = 1.0,
) -> None:
    """Fill a rounded box; its border lies wholly inside ``rect``."""
    outer = QRectF(rect)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush if fill is None else QBrush(_shade(fill)))
    if border is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(outer, radius, radius)
    else:
        half = width / 2
        painter.setPen(QPen(_shade(border), width))
        inset = max(0.0, radius - half)
        painter.drawRoundedRect(outer.adjusted(half, half, -half, -half), inset, inset)
    painter.restore()


def _shade(color: ColorRole | QColor) -> QColor:
    return color if isinstance(color, QColor) else theme().color(color)


def ring_inside(painter: QPainter, widget: QWidget, rect: QRect | QRectF, radius: float) -> None:
    """Draw the focus ring inside ``rect`` if the keyboard has focused ``widget``."""
    if theme().keyboard_focused(widget):
        draw_ring(painter, theme(), QRectF(rect), radius)


def row_ground(painter: QPainter, option: QStyleOptionViewItem, inset: int) -> QRect:
    """Paints the ground of a row in a list, chosen, hovered and focused as it is; returns its rect,
    which stands `inset` from the sides of the list."""
    card = option.rect.adjusted(inset, 0, -inset, 0)
    chosen = bool(option.state & QStyle.StateFlag.State_Selected)
    if chosen or option.state & QStyle.StateFlag.State_MouseOver:
        box(painter, card, theme().corner("control"), "selected" if chosen else "hover")
    if option.state & QStyle.StateFlag.State_HasFocus and isinstance(option.widget, QWidget):
        ring_inside(painter, option.widget, QRectF(card), theme().corner("control"))
    return card


def base_direction(text: str) -> Qt.LayoutDirection:
    """The direction of a text by its first letter that has one (Unicode Bidirectional Algorithm, P2)."""
    told = told_direction(text)
    return Qt.LayoutDirection.LeftToRight if told is None else told


def told_direction(text: str) -> Qt.LayoutDirection | None:
    """The same; None for a text without such a letter."""
    for character in text:
        kind = bidirectional(character)
        if kind in {"R", "AL"}:
            return Qt.LayoutDirection.RightToLeft
        if kind == "L":
            return Qt.LayoutDirection.LeftToRight
    return None


def draw_title(
    painter: QPainter,
    rect: QRect,
    text: str,
    direction: Qt.LayoutDirection,
    *,
    at_end: bool = False,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """One line, shortened at its own end: words run as their letters do, at the side where the
    interface begins to read, or `at_end` where it ends. Figures and signs without letters run from
    left to right."""
    shown = painter.fontMetrics().elidedText(text, elide, rect.width())
    mirrored = (direction == Qt.LayoutDirection.RightToLeft) != at_end
    side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
    flags = side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
    painter.save()
    painter.setLayoutDirection(base_direction(text))
    painter.drawText(rect, int(flags) | int(Qt.TextFlag.TextSingleLine), shown)
    painter.restore()


SHADOW_MARGINS = QMargins(SHADOW_MARGIN, SHADOW_MARGIN, SHADOW_MARGIN, SHADOW_MARGIN)


@lru_cache(maxsize=8)
def _shadow(dark: bool, radius: int, ratio: float) -> QPixmap:
    """The nine-patch: corners of margin + radius + 4, one stretchable pixel between."""
    edge = 2 * (SHADOW_MARGIN + radius + 4) + 1
    image = QImage(round(edge * ratio), round(edge * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    inner = QRectF(SHADOW_MARGIN, SHADOW_MARGIN, edge - 2 * SHADOW_MARGIN, edge - 2 * SHADOW_MARGIN)
    for layer in SHADOW_DARK if dark else SHADOW_LIGHT:
        _blurred(painter, inner.translated(0, layer.drop), radius, layer)
    painter.end()
    return QPixmap.fromImage(image)


def _blurred(painter: QPainter, rect: QRectF, radius: float, shadow: ShadowToken) -> None:
    """A soft box from stacked translucent ones, whose opacities add up along a smooth step."""
    reach = shadow.blur / 2
    steps = max(2, shadow.blur)
    tint = QColor(shadow.tint)
    covered = 0.0
    for index in range(steps):
        position = (index + 1) / steps
        wanted = shadow.strength * position * position * (3 - 2 * position)
        layer = (wanted - covered) / (1 - covered)
        covered = wanted
        grow = reach - index * 2 * reach / steps
        tint.setAlphaF(max(0.0, min(1.0, layer)))
        painter.setBrush(tint)
        corner = max(1.0, radius + grow)
        painter.drawRoundedRect(rect.adjusted(-grow, -grow, grow, grow), corner, corner)


def shadow(painter: QPainter, card: QRect, radius: int) -> None:
    """Draw the shadow of ``card`` around it; 32 px on each side must be free."""
    ratio = device_ratio(painter)
    patch = _shadow(theme().dark, radius, ratio)
    corner = SHADOW_MARGIN + radius + 4
    outer = card.marginsAdded(SHADOW_MARGINS)
    source, left, top = patch.width() / ratio, outer.left(), outer.top()
    columns = (
        (left, 0, corner),
        (left + corner, corner, 1),
        (outer.right() + 1 - corner, source - corner, corner),
    )
    rows = (
        (top, 0, corner),
        (top + corner, corner, 1),
        (outer.bottom() + 1 - corner, source - corner, corner),
    )
    for column, (x, sx, sw) in enumerate(columns):
        for row, (y, sy, sh) in enumerate(rows):
            width = outer.width() - 2 * corner if column == 1 else corner
            height = outer.height() - 2 * corner if row == 1 else corner
            painter.drawPixmap(
                QRectF(x, y, width, height),
                patch,
                QRectF(sx * ratio, sy * ratio, sw * ratio, sh * ratio),
            )
