"""What is drawn around words: the ground of code, the markers of lists, the lines under links."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from chatbench.ui import icons
from chatbench.ui.chat.transcript import paragraphs
from chatbench.ui.chat.transcript.paragraphs import CODE, Span
from chatbench.ui.chat.transcript.typeset import CODE_PADDING, Typeset
from chatbench.ui.theme import FontRole, theme
from chatbench.ui.widgets import box as draw_box


def paint_code_grounds(painter: QPainter, laid: Typeset) -> None:
    """The ground under code among words."""
    for span in laid.paragraph.spans:
        if span.flags & CODE:
            for rect in laid.tight_rects(span.start, span.start + span.length):
                tall = min(rect.height() - 2, theme().line("code") - 2.0)
                middle = rect.center().y()
                left = rect.x() - CODE_PADDING
                fill = QRectF(left, middle - tall / 2, rect.right() + 1 - left, tall)
                draw_box(painter, fill, theme().corner("inline"), "hover")


def paint_marker(painter: QPainter, laid: Typeset, font: FontRole, depth: float) -> None:
    """What stands before an item of a list whose words are indented by ``depth``."""
    line = laid.lines[0]
    rtl = laid.right_to_left
    edge = laid.x + laid.width if rtl else depth
    baseline = laid.top + line.baseline
    marker = laid.paragraph.marker
    if marker in (paragraphs.CHECKED, paragraphs.UNCHECKED):
        size = theme().icon_size(14)
        x = edge + 6 if rtl else edge - size - 6
        square = QRectF(x, laid.top + (line.height - size) / 2, size, size)
        on = marker == paragraphs.CHECKED
        draw_box(painter, square, 4, "accent" if on else None, "accent" if on else "linectl")
        if on:
            icons.draw(painter, "check", square.adjusted(1, 1, -1, -1), "onaccent")
        return
    painter.setPen(theme().color("text2"))
    if marker == paragraphs.BULLET:
        painter.setBrush(theme().color("text2"))
        painter.setPen(Qt.PenStyle.NoPen)
        radius = 2.5 if laid.paragraph.depth == 1 else 2.0
        middle = baseline - theme().metrics(font).xHeight() / 2
        painter.drawEllipse(QPointF(edge + 12 if rtl else edge - 12, middle), radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        return
    painter.setFont(theme().font(font))
    width = painter.fontMetrics().horizontalAdvance(marker)
    if rtl and marker.endswith("."):
        # The full stop of a number stands on its far side, as it does in a line of that script.
        marker = f"\u2066.{marker[:-1]}\u2069"
    painter.drawText(QPointF(edge + 6 if rtl else edge - 6 - width, baseline), marker)


def paint_link_line(painter: QPainter, laid: Typeset, span: Span) -> None:
    """The line under a link."""
    for rect in laid.tight_rects(span.start, span.start + span.length):
        y = round(laid.baseline_at(rect.top())) + 2
        painter.fillRect(QRectF(rect.x(), y, rect.width(), 1), theme().color("accenttext"))
