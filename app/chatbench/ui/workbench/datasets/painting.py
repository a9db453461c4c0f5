"""What cells look like: painted together, column by column, which costs half of what it does one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QTableView

from chatbench.core.datasets import ColumnType, DataColumn
from chatbench.services.datasets.values import part_of
from chatbench.ui import icons
from chatbench.ui.theme import FontRole, theme
from chatbench.ui.widgets.paint import draw_title
from chatbench.ui.workbench.datasets.model import GridModel, in_one_line

_EDGE: Final = 8
_NARROW: Final = 3
"""Pixels that the narrowest letters take."""


def fits(value: Any, kind: ColumnType) -> bool:
    """Whether a value is of its column's type."""
    if value is None:
        return True
    match kind:
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "json":
            return not isinstance(value, str)
        case "file" | "image":
            return part_of(value) is not None
    return isinstance(value, str)


class _Line(NamedTuple):
    """A row in view: its values (None: not read yet) and where it stands."""

    values: dict[str, Any] | None
    top: int


class CellPainter:
    """Of a table whose rows are all as high as the first, and whose columns stand in their order."""

    def __init__(self, model: GridModel, view: QTableView) -> None:
        self._model = model
        self._view = view

    def paint(self, painter: QPainter, area: QRect) -> None:
        """All cells of an area of the viewport."""
        view, last = self._view, self._model.rowCount() - 1
        first = view.rowAt(area.top())
        if first < 0:
            return
        end = view.rowAt(area.bottom())
        rows = range(first, (last if end < 0 else end) + 1)
        columns = [
            at
            for at in range(len(self._model.columns))
            if (left := view.columnViewportPosition(at)) <= area.right()
            and left + view.columnWidth(at) > area.left()
        ]
        if not columns:
            return
        self._paint_selected(painter, rows)
        lines = list(self._lines(rows))
        height = view.rowHeight(first)
        for at in columns:
            left, width = view.columnViewportPosition(at), view.columnWidth(at)
            self._paint_column(painter, self._model.columns[at], lines, QRect(left, 0, width - 1, height - 1))
        self._paint_grid(painter, lines, columns, height)
        self._paint_current(painter)

    def _lines(self, rows: range) -> Iterable[_Line]:
        top = self._view.rowViewportPosition(rows.start)
        height = self._view.rowHeight(rows.start)
        for row in rows:
            if not self._model.is_last(row):
                found = self._model.row_at(row)
                yield _Line(None if found is None else found.values, top)
            else:
                yield _Line({}, top)
            top += height

    def _paint_selected(self, painter: QPainter, rows: range) -> None:
        view, color = self._view, theme().color("selected")
        chosen = view.selectionModel().selection()
        for place in range(chosen.count()):
            one = chosen.at(place)
            top, bottom = max(one.top(), rows.start), min(one.bottom(), rows.stop - 1)
            if top > bottom:
                continue
            high = view.rowHeight(top) * (bottom - top + 1)
            for at in range(one.left(), one.right() + 1):
                where = QRect(
                    view.columnViewportPosition(at), view.rowViewportPosition(top), view.columnWidth(at), high
                )
                painter.fillRect(where, color)

    def _paint_grid(self, painter: QPainter, lines: list[_Line], columns: list[int], height: int) -> None:
        view = self._view
        painter.setPen(theme().color("line"))
        lefts = [view.columnViewportPosition(at) for at in columns]
        rights = [left + view.columnWidth(at) - 1 for left, at in zip(lefts, columns, strict=True)]
        first, last = min(lefts), max(rights)
        for line in lines:
            painter.drawLine(first, line.top + height - 1, last, line.top + height - 1)
        top, bottom = lines[0].top, lines[-1].top + height - 1
        for side in lefts if view.isRightToLeft() else rights:
            painter.drawLine(side, top, side, bottom)

    def _paint_current(self, painter: QPainter) -> None:
        index = self._view.currentIndex()
        if index.isValid() and self._view.hasFocus():
            painter.setPen(QPen(theme().color("accent"), 2))
            painter.drawRect(self._view.visualRect(index).adjusted(1, 1, -1, -1))

    def _paint_column(self, painter: QPainter, column: DataColumn, lines: list[_Line], cell: QRect) -> None:
        kind, name = column.type, column.name
        font: FontRole = "code-small" if kind == "json" else "small"
        metrics, color = theme().metrics(font), theme().color("text")
        painter.setFont(theme().font(font))
        painter.setPen(color)
        for line in lines:
            cell.moveTop(line.top)
            if line.values is None:
                bar = QRect(cell.left() + _EDGE, cell.center().y() - 3, max(8, cell.width() // 2), 6)
                painter.fillRect(bar, theme().color("hover"))
            elif (value := line.values.get(name)) is not None:
                inner = cell.adjusted(_EDGE, 0, -_EDGE, 0)
                fit = fits(value, kind)
                if mark := _mark(value, kind, fit):
                    self._paint_mark(painter, inner, mark, fit)
                if not fit:
                    painter.setPen(theme().color("warning"))
                text = in_one_line(value)
                self._paint_words(painter, inner, text, metrics, at_end=kind == "number" and fit)
                if not fit:
                    painter.setPen(color)

    def _paint_mark(self, painter: QPainter, inner: QRect, mark: str, fit: bool) -> None:
        edge = theme().icon_size(13)
        mirrored = self._view.isRightToLeft()
        x = inner.right() + 1 - edge if mirrored else inner.left()
        place = QRect(x, inner.top(), edge, inner.height())
        icons.draw(painter, mark, place, "text2" if fit else "warning")
        lead = edge + 6
        inner.adjust(0 if mirrored else lead, 0, -lead if mirrored else 0, 0)

    def _paint_words(
        self, painter: QPainter, inner: QRect, text: str, metrics: QFontMetrics, *, at_end: bool
    ) -> None:
        width = inner.width()
        most = max(1, width) // _NARROW + 2
        if len(text) > most:
            # What comes after these has no room, however narrow they are.
            text = text[:most]
        if not text.isascii() or self._view.isRightToLeft():
            draw_title(painter, inner, text, self._view.layoutDirection(), at_end=at_end)
            return
        x = inner.left()
        if at_end or len(text) * 2 * metrics.averageCharWidth() > width:
            advance = metrics.horizontalAdvance(text)
            if advance > width:
                text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            elif at_end:
                x = inner.right() + 1 - advance
        base = inner.top() + (inner.height() + metrics.ascent() - metrics.descent()) // 2
        painter.drawText(x, base, text)


def _mark(value: Any, kind: ColumnType, fit: bool) -> str:
    if not fit:
        return "triangle-alert"
    if kind == "boolean":
        return "check" if value else "x"
    return {"file": "file-text", "image": "image"}.get(kind, "")
