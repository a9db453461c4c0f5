"""Pictures among words: formulas, and cards for images that are never loaded."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPixmap

from chatbench.rendering.characters import visible
from chatbench.rendering.nodes import ImageObject, MathObject
from chatbench.ui import icons
from chatbench.ui.chat.transcript.boxes.base import Box, Context
from chatbench.ui.chat.transcript.formulas import FormulaKey, formulas
from chatbench.ui.chat.transcript.typeset import Figure, Style
from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.theme.tokens import FONTS
from chatbench.ui.widgets import box as draw_box

MATHS_SCALE: Final = 1.1
CARD: Final = (168, 72)
THUMB: Final = (114, 72)


def formula_key(tex: str, role: FontRole, color: ColorRole, display: bool, ratio: float) -> FormulaKey:
    """The picture of ``tex`` beside words of a font and colour."""
    pixels = round(theme().scaled(1000) / 1000 * FONTS[role].px * MATHS_SCALE, 1)
    return FormulaKey(tex, pixels, theme().hex(color), display, ratio)


def inline_formula(value: MathObject, style: Style, box: Box) -> Figure | None:
    """A formula in a line; None while it is not drawn, and when it cannot be."""
    context = box.context
    key = formula_key(value.tex, style.font, style.color, value.display, context.ratio)
    formula = formulas().get(key)
    if formula is None:
        context.want(key, box)
    if formula is None or formula.image is None:
        return None
    image = formula.image

    def draw(painter: QPainter, rect: QRectF) -> None:
        painter.drawImage(_on_pixels(rect.topLeft(), context.ratio), image)

    return Figure(formula.width, formula.ascent, formula.descent, draw)


def _on_pixels(point: QPointF, ratio: float) -> QPointF:
    return QPointF(round(point.x() * ratio) / ratio, round(point.y() * ratio) / ratio)


def image_card(value: ImageObject, context: Context) -> Figure:
    """An image in Markdown: a thumbnail of an attachment, else a card with the host."""
    width, height = THUMB if value.attachment else CARD

    def draw(painter: QPainter, rect: QRectF) -> None:
        picture = thumbnail(context, value.attachment) if value.attachment else None
        if picture is not None:
            draw_thumb(painter, rect, picture)
            return
        name = visible(value.alt) or _tr("Image")
        where = visible(value.host) or _tr("no address")
        draw_card(painter, rect, "image", name, where, _tr("not loaded"), rtl=context.rtl)

    return Figure(theme().scaled(width), theme().scaled(height) - 20.0, 20.0, draw)


def thumbnail(context: Context, sha256: str, size: tuple[int, int] = THUMB) -> QPixmap | None:
    """An attachment's picture with as many pixels as the screen has for it; None if it is not ready."""
    wide, high = (round(theme().scaled(edge) * context.ratio) for edge in size)
    picture = context.thumbnail(sha256, wide, high)
    return None if picture is None else QPixmap.fromImage(picture)


def draw_thumb(painter: QPainter, rect: QRectF, picture: QPixmap) -> None:
    """A picture cropped to fill, with rounded corners and a line around."""
    corner = theme().corner("control")
    path = QPainterPath()
    path.addRoundedRect(rect, corner, corner)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    size = picture.size()
    scale = max(rect.width() / max(1, size.width()), rect.height() / max(1, size.height()))
    shown = QRectF(0, 0, rect.width() / scale, rect.height() / scale)
    shown.moveCenter(QPointF(size.width() / 2, size.height() / 2))
    painter.drawPixmap(rect, picture, shown)
    painter.restore()
    draw_box(painter, rect, corner, None, "line")


def draw_card(
    painter: QPainter,
    rect: QRectF,
    icon: str,
    name: str,
    second: str,
    third: str,
    *,
    sheet: QPixmap | None = None,
    rtl: bool = False,
) -> None:
    """A file's card: icon and name, then two quiet lines; with its first page before them."""
    draw_box(painter, rect, theme().corner("control"), "page", "line")
    edge = theme().icon_size(15)
    pad = 10.0
    if sheet is not None:
        wide = _draw_sheet(painter, rect.adjusted(pad, 8, -pad, -8), sheet, rtl=rtl) + 8
        rect = rect.adjusted(0, 0, -wide, 0) if rtl else rect.adjusted(wide, 0, 0, 0)
    side = Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft
    side |= Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
    lines: tuple[tuple[str, FontRole, ColorRole], ...] = (
        (name, "ui", "text"), (second, "small", "text2"), (third, "micro", "text2"))  # fmt: skip
    heights = [theme().line(role) for text, role, _color in lines if text]
    y = rect.y() + (rect.height() - sum(heights)) / 2
    for number, (text, role, color) in enumerate(lines):
        if not text:
            continue
        lead = edge + 6 if number == 0 else 0
        if number == 0:
            left = rect.right() - pad - edge if rtl else rect.x() + pad
            icons.draw(painter, icon, QRectF(left, y, edge, theme().line(role)), "text2")
        room = rect.width() - 2 * pad - lead
        mode = Qt.TextElideMode.ElideMiddle if number == 0 else Qt.TextElideMode.ElideRight
        painter.setFont(theme().font(role))
        painter.setPen(theme().color(color))
        shown = theme().metrics(role).elidedText(text, mode, int(room))
        line = QRectF(rect.x() + pad + (0 if rtl else lead), y, room + 1, theme().line(role))
        painter.drawText(line, side, shown)
        y += theme().line(role)


def _draw_sheet(painter: QPainter, room: QRectF, sheet: QPixmap, *, rtl: bool) -> float:
    """A page where a place begins, as high as that is at most; returns its width."""
    share = min(room.height() / max(1, sheet.height()), room.height() / max(1, sheet.width()))
    page = QRectF(room.x(), room.y(), sheet.width() * share, sheet.height() * share)
    if rtl:
        page.moveRight(room.right())
    page.moveTop(room.y() + (room.height() - page.height()) / 2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(page, sheet, QRectF(sheet.rect()))
    painter.restore()
    draw_box(painter, page.adjusted(-1, -1, 1, 1), 1, None, "btnline")
    return page.width()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Transcript", text)
