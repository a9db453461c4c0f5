"""A table of figures: heads, rules, numbers at the end, read row by row, copied as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.theme import ColorRole, theme

_PADDING = 10
_RANGE_WIDTH = 150
_CELL = int(Qt.ItemDataRole.UserRole)
_Index = QModelIndex | QPersistentModelIndex


class Range(NamedTuple):
    """A value with its interval, drawn on a scale that the whole column shares."""

    low: float
    value: float
    high: float
    least: float
    most: float


class Cell(NamedTuple):
    """``exact`` is what a spreadsheet gets, where that is not the words; ``drawn`` takes their place
    on the screen."""

    words: str
    exact: str | None = None
    color: ColorRole = "text"
    strong: bool = False
    drawn: Range | None = None
    tip: str = ""


class FactTable(QTableWidget):
    """The first ``names`` columns hold names, the others numbers. It takes the height of its rows, up
    to ``most_rows``."""

    def __init__(
        self,
        heads: Sequence[str],
        *,
        name: str,
        names: int = 1,
        most_rows: int = 12,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(0, len(heads), parent)
        self._heads = list(heads)
        self._names = names
        self._most_rows = most_rows
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setItemDelegate(_Painter(self))
        self.verticalHeader().hide()
        self.setHorizontalHeaderLabels(self._heads)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(theme().scaled(40))
        for column in range(len(heads)):
            head = self.horizontalHeaderItem(column)
            assert head is not None
            head.setTextAlignment(self.side(column))
        self._wear()

    def fill(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Shows other rows."""
        self.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                item = QTableWidgetItem(cell.words)
                item.setTextAlignment(self.side(column))
                item.setData(_CELL, cell)
                item.setToolTip(cell.tip)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{self._heads[column]}: {cell.words}")
                self.setItem(row, column, item)
        self._measure()

    def csv(self) -> str:
        """The whole table as comma-separated values, numbers unshortened."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self._heads)
        for row in range(self.rowCount()):
            cells = [self.cell_at(row, column) for column in range(self.columnCount())]
            writer.writerow([one.words if one.exact is None else one.exact for one in cells])
        return out.getvalue()

    def copy(self) -> None:
        """Puts it on the clipboard."""
        QGuiApplication.clipboard().setText(self.csv())

    def cell_at(self, row: int, column: int) -> Cell:
        """What stands in a place."""
        item = self.item(row, column)
        assert item is not None
        cell: Cell = item.data(_CELL)
        return cell

    def is_name(self, column: int) -> bool:
        """Whether a column holds names."""
        return column < self._names

    def side(self, column: int) -> Qt.AlignmentFlag:
        """Where the words of a column stand."""
        start = self.is_name(column)
        side = Qt.AlignmentFlag.AlignLeading if start else Qt.AlignmentFlag.AlignTrailing
        return side | Qt.AlignmentFlag.AlignVCenter

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()

    def _wear(self) -> None:
        self.setFont(theme().font("ui"))
        self.horizontalHeader().setFont(theme().font("small", 600))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.setPalette(palette)
        self._measure()

    def _measure(self) -> None:
        high = theme().scaled(31)
        self.verticalHeader().setDefaultSectionSize(high)
        for row in range(self.rowCount()):
            self.setRowHeight(row, high)
        shown = max(1, min(self.rowCount(), self._most_rows))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * high + 2)
        self.resizeColumnsToContents()
        header = self.horizontalHeader()
        self.setMinimumWidth(
            min(theme().scaled(720), theme().scaled(180) + sum(
                header.sectionSizeHint(column) for column in range(1, self.columnCount())
            ))
        )  # fmt: skip


class _Painter(QStyledItemDelegate):
    """Words, a rule below each row, and intervals as lines with whiskers."""

    def __init__(self, table: FactTable) -> None:
        super().__init__(table)
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        cell: Cell = index.data(_CELL)
        words = theme().metrics("ui", 600 if cell.strong else None).horizontalAdvance(cell.words)
        width = theme().scaled(_RANGE_WIDTH) if cell.drawn is not None else words
        return QSize(width + 2 * _PADDING + 1, theme().scaled(31))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        cell: Cell = index.data(_CELL)
        rect, state = option.rect, option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme().color("selected"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, theme().color("hover"))
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), theme().color("line"))
        inner = rect.adjusted(_PADDING, 0, -_PADDING, 0)
        if cell.drawn is not None:
            _draw_range(painter, inner, cell.drawn)
            return
        # Figures keep their signs and units in place, whatever way the words around them run.
        named = self._table.is_name(index.column())
        words = cell.words if named else left_to_right(cell.words)
        weight = 600 if cell.strong else None
        metrics = theme().metrics("ui", weight)
        # Names of one family differ at their ends.
        words = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, inner.width() + 1)
        painter.setFont(theme().font("ui", weight))
        painter.setPen(theme().color(cell.color))
        painter.drawText(inner, int(self._table.side(index.column())), words)


def _draw_range(painter: QPainter, rect: QRect, shown: Range) -> None:
    """Numbers run from left to right, whatever way the words run."""
    span = (shown.most - shown.least) or 1.0

    def at(value: float) -> int:
        share = min(1.0, max(0.0, (value - shown.least) / span))
        return rect.x() + 3 + round((rect.width() - 6) * share)

    middle = rect.center().y()
    painter.fillRect(QRect(rect.x(), middle, rect.width(), 1), theme().color("line"))
    low, value, high = at(shown.low), at(shown.value), at(shown.high)
    ink = theme().color("accent")
    painter.fillRect(QRect(low, middle - 1, max(1, high - low), 2), ink)
    for x in (low, high):
        painter.fillRect(QRect(x, middle - 4, 1, 9), ink)
    painter.fillRect(QRect(value - 2, middle - 5, 4, 11), ink)


def plain(value: Any) -> str:
    """A figure as a spreadsheet takes it; "unknown" for None."""
    return "unknown" if value is None else str(value)
