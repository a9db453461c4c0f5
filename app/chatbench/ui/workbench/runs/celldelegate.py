"""How a cell of a run is painted: what the answer begins with, a tick or cross a check, cost and time."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from chatbench.core.runs import CellRating
from chatbench.ui import icons, quantities
from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.widgets.gauge import gauge_clock
from chatbench.ui.widgets.paint import base_direction
from chatbench.ui.workbench.runs.shown import ShownCell
from chatbench.ui.workbench.runs.tablemodel import CellModel

_Index = QModelIndex | QPersistentModelIndex
CELL_HEIGHT: Final = 57
_ACROSS, _DOWN = 10, 7
_MARKS: Final[dict[str, tuple[str, ColorRole]]] = {
    "1": ("check", "success"),
    "0": ("x", "danger"),
    "-": ("minus", "text3"),
}
_KEPT_WORDS: Final = 4000


class CellDelegate(QStyledItemDelegate):
    """Two lines a cell. Words that were cut to a width are kept: cutting takes longer than painting."""

    def __init__(self, model: CellModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._cut: dict[tuple[str, int, FontRole], str] = {}
        self._facts: dict[tuple[int | None, Decimal | None, bool], list[tuple[str, int]]] = {}
        theme().changed.connect(self._cut.clear)
        theme().changed.connect(self._facts.clear)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(theme().scaled(150), theme().scaled(CELL_HEIGHT))

    def retry_rect(self, area: QRect, direction: Qt.LayoutDirection) -> QRect:
        """Where "Retry" stands in a cell that failed."""
        _, second = self._lines(area)
        wide = theme().metrics("micro").horizontalAdvance(self.tr("Retry"))
        word = QRect(second.right() + 1 - wide, second.top(), wide, second.height())
        return QStyle.visualRect(direction, area, word)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        area = option.rect
        cell = self._model.cell(self._model.key(index.row(), index.column()))
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        ground: ColorRole = "dangersoft" if cell.state == "failed" else "hover" if over else "page"
        painter.fillRect(area, theme().color(ground))
        first, second = self._lines(area)
        rtl = option.direction == Qt.LayoutDirection.RightToLeft
        if cell.state == "done":
            self._paint_answer(painter, cell, first, second, rtl)
        elif cell.state == "failed":
            self._paint_failed(painter, cell, first, second, rtl)
        elif cell.state == "running":
            self._words(painter, cell.text + "▏", first, "code", "text", rtl)
            since = quantities.duration((cell.total_ms or 0) / 1000)
            told = self.tr("writing, {0}").format(since)
            self._marked(painter, second, "", told, "accenttext", rtl)
        elif self._model.is_there(self._model.line(index.row())[0]):
            self._marked(painter, first, "circle-dashed", self.tr("waiting"), "text3", rtl)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area.x(), area.y(), area.width(), 2, theme().color("accent"))
            painter.fillRect(area.x(), area.bottom() - 1, area.width(), 2, theme().color("accent"))
            painter.fillRect(area.x(), area.y(), 2, area.height(), theme().color("accent"))
            painter.fillRect(area.right() - 1, area.y(), 2, area.height(), theme().color("accent"))

    def _lines(self, area: QRect) -> tuple[QRect, QRect]:
        across, down = theme().scaled(_ACROSS), theme().scaled(_DOWN)
        inner = area.adjusted(across, down, -across, -down)
        high = theme().line("small")
        first = QRect(inner.x(), inner.y(), inner.width(), high)
        return first, QRect(inner.x(), inner.bottom() + 1 - high, inner.width(), high)

    def _paint_answer(
        self, painter: QPainter, cell: ShownCell, first: QRect, second: QRect, rtl: bool
    ) -> None:
        if cell.rating is not None:
            first = self._paint_rating(painter, cell.rating, first, rtl)
        self._words(painter, cell.text, first, "code", "text", rtl, cell.lead)
        edge, gap = theme().icon_size(13), 6
        metrics = theme().metrics("micro")
        right = second.right() + 1
        painter.setFont(theme().font("micro"))
        painter.setPen(theme().color("text2"))
        base = second.y() + (second.height() + metrics.ascent() - metrics.descent()) / 2
        ticks = len(cell.ticks) * (edge + gap)
        if ticks > second.width():
            self._paint_count(painter, cell.ticks, second, rtl)
            return
        for fact, wide in self._facts_of(cell):
            x = right - wide
            if x < second.x() + ticks:
                break
            painter.drawText(QPointF(self._mirror(x, wide, second) if rtl else x, base), fact)
            right = x - theme().scaled(8)
        x = second.x()
        for tick in cell.ticks:
            name, color = _MARKS[tick]
            left = self._mirror(x, edge, second) if rtl else x
            icons.draw(painter, name, QRect(left, second.y(), edge, second.height()), color)
            x += edge + gap

    def _paint_rating(self, painter: QPainter, rating: CellRating, line: QRect, rtl: bool) -> QRect:
        """At the end of the line; the rest of it."""
        edge = theme().icon_size(13)
        digit = "" if isinstance(rating, str) else str(rating)
        wide = edge + theme().metrics("micro").horizontalAdvance(digit) + (2 if digit else 0)
        spot = QRect(line.right() + 1 - wide, line.y(), wide, line.height())
        shown = spot if not rtl else QRect(line.x(), line.y(), wide, line.height())
        icon = "star" if digit else f"thumbs-{rating}"
        mark = QRect(shown.right() + 1 - edge if rtl else shown.x(), line.y(), edge, line.height())
        icons.draw(painter, icon, mark, "accenttext")
        rest = shown.adjusted(0, 0, -edge - 2, 0) if rtl else shown.adjusted(edge + 2, 0, 0, 0)
        self._words(painter, digit, rest, "micro", "accenttext", rtl)
        free = wide + theme().scaled(6)
        return line.adjusted(free, 0, 0, 0) if rtl else line.adjusted(0, 0, -free, 0)

    def _paint_count(self, painter: QPainter, ticks: str, line: QRect, rtl: bool) -> None:
        """More checks than there is room for: how many passed."""
        passed = ticks.count("1")
        name, color = _MARKS["0" if "0" in ticks else "1" if passed else "-"]
        words = self.tr("{0} of {1}").format(passed, len(ticks))
        self._marked(painter, line, name, words, color, rtl)

    def _facts_of(self, cell: ShownCell) -> list[tuple[str, int]]:
        """Time and cost in words, each with its width."""
        key = (cell.total_ms, cell.cost, cell.from_cache)
        found = self._facts.get(key)
        if found is None:
            if len(self._facts) >= _KEPT_WORDS:
                self._facts.clear()
            time = quantities.duration(cell.total_ms / 1000) if cell.total_ms is not None else ""
            cost = quantities.amount(cell.cost) if cell.cost is not None else ""
            metrics = theme().metrics("micro")
            words = (time, self.tr("cache") if cell.from_cache else cost)
            found = [(one, metrics.horizontalAdvance(one)) for one in words if one]
            self._facts[key] = found
        return found

    def _paint_failed(
        self, painter: QPainter, cell: ShownCell, first: QRect, second: QRect, rtl: bool
    ) -> None:
        self._marked(painter, first, "circle-alert", cell.reason, "danger", rtl)
        tried = self.tr("{0} try") if cell.tries == 1 else self.tr("{0} tries")
        tries = tried.format(cell.tries) if cell.tries else ""
        time = quantities.duration(cell.total_ms / 1000) if cell.total_ms is not None else ""
        self._words(painter, ", ".join(filter(None, (tries, time))), second, "micro", "text2", rtl)
        retry = self.tr("Retry")
        wide = theme().metrics("micro").horizontalAdvance(retry)
        x = second.right() + 1 - wide
        word = QRect(self._mirror(x, wide, second) if rtl else x, second.y(), wide + 1, second.height())
        self._words(painter, retry, word, "micro", "accenttext", False)
        painter.fillRect(word.x(), word.bottom() - 2, wide, 1, theme().color("accenttext"))

    def _marked(
        self, painter: QPainter, line: QRect, icon: str, words: str, color: ColorRole, rtl: bool
    ) -> None:
        edge = theme().icon_size(13)
        left = self._mirror(line.x(), edge, line) if rtl else line.x()
        mark = QRect(left, line.y(), edge, line.height())
        if icon:
            icons.draw(painter, icon, mark, color)
        else:
            icons.draw_gauge(painter, mark, gauge_clock().step, "accent")
        rest = line.adjusted(0, 0, -edge - 6, 0) if rtl else line.adjusted(edge + 6, 0, 0, 0)
        self._words(painter, words, rest, "micro", color, rtl)

    def _words(
        self, painter: QPainter, text: str, line: QRect, font: FontRole, color: ColorRole, rtl: bool,
        lead: int = 0,
    ) -> None:  # fmt: skip
        """`lead` letters at the beginning have a colour of their own."""
        shown = self._fitted(text, line.width(), font)
        if not shown:
            return
        painter.setFont(theme().font(font))
        painter.setPen(theme().color(color))
        if lead and not rtl and base_direction(text) == Qt.LayoutDirection.LeftToRight:
            first, rest = shown[:lead], shown[lead:]
            wide = theme().metrics(font).horizontalAdvance(first)
            metrics = theme().metrics(font)
            base = line.y() + (line.height() + metrics.ascent() - metrics.descent()) / 2
            painter.drawText(QPointF(line.x() + wide, base), rest)
            painter.setPen(theme().color("code-function"))
            painter.drawText(QPointF(line.x(), base), first)
            return
        side = Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft
        flags = side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        if not text.isascii():
            painter.setLayoutDirection(base_direction(text))
        painter.drawText(line, int(flags) | int(Qt.TextFlag.TextSingleLine), shown)
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)

    def _fitted(self, text: str, width: int, font: FontRole) -> str:
        key = (text, width, font)
        found = self._cut.get(key)
        if found is None:
            if len(self._cut) >= _KEPT_WORDS:
                self._cut.clear()
            found = theme().metrics(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
            self._cut[key] = found
        return found

    @staticmethod
    def _mirror(x: int, wide: int, within: QRect) -> int:
        return within.x() + within.right() + 1 - x - wide
