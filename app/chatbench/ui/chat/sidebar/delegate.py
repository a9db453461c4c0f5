"""How a row of the list is painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from chatbench.ui import icons
from chatbench.ui.chat.sidebar.rows import Row
from chatbench.ui.theme import theme
from chatbench.ui.widgets import gauge_clock
from chatbench.ui.widgets.paint import base_direction, draw_title, row_ground
from chatbench.ui.widgets.rowlist import EDGE, ROW, NamingDelegate

_Index = QModelIndex | QPersistentModelIndex
_PAD = 8


class RowDelegate(NamingDelegate):
    """Heads in `micro`, rows 30 high, hits 44 with a second line."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        row: Row = index.data(ROW)
        if row.is_head:
            return QSize(0, theme().line("micro") + (14 if index.row() else 6))
        return QSize(0, theme().control("row-double" if row.snippet else "row"))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: Row = index.data(ROW)
        painter.save()
        if row.is_head:
            self._paint_head(painter, option.rect, row, option.direction)
        else:
            if getattr(option.widget, "dropping_on", -1) == index.row():
                option.state |= QStyle.StateFlag.State_Selected
            self._paint_row(painter, option, row)
        painter.restore()

    def _paint_head(self, painter: QPainter, rect: QRect, row: Row, direction: Qt.LayoutDirection) -> None:
        area = rect.adjusted(EDGE + _PAD, 0, -EDGE - _PAD, -4)
        line = QRect(
            area.left(), area.bottom() - theme().line("micro") + 1, area.width(), theme().line("micro")
        )
        if row.icon:
            edge = theme().icon_size(13)
            mark = _visual(direction, area, QRect(line.left(), line.top(), edge, line.height()))
            icons.draw(painter, row.icon, mark, "text3")
            line.setLeft(line.left() + edge + 4)
        painter.setFont(theme().font("micro", 600))
        painter.setPen(theme().color("text3"))
        draw_title(painter, _visual(direction, area, line), row.title, direction)

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        card = row_ground(painter, option, EDGE)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        line = theme().line("ui")
        inner = card.adjusted(_PAD, 0, -_PAD, 0)
        top = inner.top() + ((inner.height() - line) // 2 if not row.snippet else 3)
        words = QRect(inner.left(), top, inner.width(), line)
        words.setWidth(words.width() - self._paint_end(painter, option, row, words))
        painter.setFont(theme().font("ui", 500 if chosen or row.unread else 400))
        painter.setPen(theme().color("text"))
        draw_title(painter, _visual(option.direction, inner, words), row.title, option.direction)
        if row.snippet:
            below = QRect(inner.left(), words.bottom() + 1, inner.width(), theme().line("micro"))
            self._paint_snippet(painter, below, row, option.direction)

    def _paint_end(self, painter: QPainter, option: QStyleOptionViewItem, row: Row, line: QRect) -> int:
        """The gauge, a mark, a dot and the time, from the far end inwards; the room they take."""
        taken = 0
        direction = option.direction

        def slot(width: int) -> QRect:
            rect = QRect(line.right() + 1 - taken - width, line.top(), width, line.height())
            return _visual(direction, line, rect)

        edge = theme().icon_size(14)
        if row.streaming:
            icons.draw_gauge(painter, slot(edge), gauge_clock().step)
            return edge + 6
        if row.when:
            painter.setFont(theme().font("micro"))
            painter.setPen(theme().color("text3"))
            width = painter.fontMetrics().horizontalAdvance(row.when)
            painter.drawText(slot(width), Qt.AlignmentFlag.AlignCenter, row.when)
            taken += width + 6
        if row.failed:
            icons.draw(painter, "circle-alert", slot(edge), "danger")
            taken += edge + 6
        elif row.unread:
            spot = slot(7)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(theme().color("accent")))
            painter.drawEllipse(QRectF(spot.left(), spot.center().y() - 3, 7, 7))
            taken += 13
        return taken

    def _paint_snippet(self, painter: QPainter, rect: QRect, row: Row, direction: Qt.LayoutDirection) -> None:
        painter.setFont(theme().font("micro"))
        metrics = painter.fontMetrics()
        text = metrics.elidedText(row.snippet, Qt.TextElideMode.ElideRight, rect.width())
        if base_direction(text) == Qt.LayoutDirection.LeftToRight:
            first = rect.left()
            if direction == Qt.LayoutDirection.RightToLeft:
                first = rect.right() + 1 - metrics.horizontalAdvance(text)
            for start, end in row.highlights:
                if end <= len(text):
                    left = first + metrics.horizontalAdvance(text[:start])
                    width = metrics.horizontalAdvance(text[start:end])
                    painter.fillRect(QRect(left, rect.top(), width, rect.height()), theme().color("hit"))
        painter.setPen(theme().color("text2"))
        draw_title(painter, rect, text, direction)


def _visual(direction: Qt.LayoutDirection, within: QRect, rect: QRect) -> QRect:
    return QStyle.visualRect(direction, within, rect)
