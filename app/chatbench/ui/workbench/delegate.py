"""How a row of the sidebar is painted: an icon, the name, and a fact at its end."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from chatbench.ui import icons
from chatbench.ui.theme import theme
from chatbench.ui.widgets.paint import draw_title, row_ground
from chatbench.ui.widgets.rowlist import EDGE, ROW, NamingDelegate
from chatbench.ui.workbench.rows import Row

_Index = QModelIndex | QPersistentModelIndex
_PAD: Final = 8
_MARK: Final = 15


class RowDelegate(NamingDelegate):
    """Heads in `small`, rows 30 high."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        row: Row = index.data(ROW)
        if row.is_head:
            return QSize(0, theme().line("small") + (14 if index.row() else 6))
        return QSize(0, theme().control("row"))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: Row = index.data(ROW)
        painter.save()
        dropping = getattr(option.widget, "dropping_on", -1) == index.row()
        if row.is_head:
            self._paint_head(painter, option, row, dropping)
        else:
            if dropping:
                option.state |= QStyle.StateFlag.State_Selected
            self._paint_row(painter, option, row)
        painter.restore()

    def _paint_head(self, painter: QPainter, option: QStyleOptionViewItem, row: Row, dropping: bool) -> None:
        area = option.rect.adjusted(EDGE + _PAD, 0, -EDGE - _PAD, -4)
        area.setTop(area.bottom() - theme().line("small") + 1)
        if dropping:
            option.state |= QStyle.StateFlag.State_Selected
            option.rect = area.adjusted(-_PAD - EDGE, -2, _PAD + EDGE, 2)
            row_ground(painter, option, EDGE)
        painter.setFont(theme().font("small", 600))
        painter.setPen(theme().color("text3"))
        draw_title(painter, area, row.title, option.direction)

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        card = row_ground(painter, option, EDGE)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        inner = card.adjusted(_PAD, 0, -_PAD, 0)
        edge = theme().icon_size(_MARK)
        mark = QRect(inner.left(), inner.top(), edge, inner.height())
        painter.setFont(theme().font("small"))
        wide = painter.fontMetrics().horizontalAdvance(row.fact) if row.fact else 0
        fact = QRect(inner.right() + 1 - wide, inner.top(), wide, inner.height())
        name = inner.adjusted(edge + 8, 0, -(wide + 8 if wide else 0), 0)
        direction = option.direction
        mark, fact, name = (QStyle.visualRect(direction, inner, one) for one in (mark, fact, name))
        if row.fraction is None:
            icons.draw(painter, row.icon, mark, row.tone)
        else:
            icons.draw_ring(painter, mark, row.fraction)
        if row.fact:
            painter.setPen(theme().color("text3"))
            painter.drawText(fact, Qt.AlignmentFlag.AlignCenter, row.fact)
        painter.setFont(theme().font("ui", 500 if chosen else 400))
        painter.setPen(theme().color("text"))
        draw_title(painter, name, row.title, direction)
