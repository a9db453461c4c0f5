"""The table of a run: heads that stay, cells that are read as they come into view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QTableView, QWidget

from chatbench.core.runs import CellKey, Run
from chatbench.ui.theme import theme
from chatbench.ui.widgets.paint import ring_inside
from chatbench.ui.workbench.runs.celldelegate import CELL_HEIGHT, CellDelegate
from chatbench.ui.workbench.runs.figures import ColumnFigures
from chatbench.ui.workbench.runs.heads import NARROWEST, ColumnHead, Corner, RowHead
from chatbench.ui.workbench.runs.pages import Pages
from chatbench.ui.workbench.runs.rating import KEYS
from chatbench.ui.workbench.runs.tablemodel import CellModel

_Index = QModelIndex | QPersistentModelIndex
_AHEAD: Final = 12
"""Rows read above and below those in view."""


class Grid(QTableView):
    """`opened(CellKey)`: Enter or a double click; `moved(CellKey)`: another cell is current;
    `retried(CellKey)`; `rated(CellKey, CellRating | None)`: a key says what the reader thinks of it."""

    opened = Signal(object)
    moved = Signal(object)
    retried = Signal(object)
    rated = Signal(object, object)

    def __init__(self, model: CellModel, pages: Pages, parent: QWidget) -> None:
        super().__init__(parent)
        self._cells = model
        self._pages = pages
        self.heads = ColumnHead(model, self)
        self.rows = RowHead(model, self)
        self.setHorizontalHeader(self.heads)
        self.setVerticalHeader(self.rows)
        self.corner = Corner(model.run, self)
        self.delegate = CellDelegate(model, self)
        self.setItemDelegate(self.delegate)
        self.setModel(model)
        self.setAccessibleName(self.tr("Cells of the run"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setCornerButtonEnabled(False)
        corner = self.findChild(QAbstractButton)
        if corner is not None:
            corner.setAccessibleName(self.tr("Rows and columns"))
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.verticalScrollBar().valueChanged.connect(lambda _at: self.look())
        model.modelReset.connect(self.look)
        self.doubleClicked.connect(self._open)
        self._wear()

    def look(self) -> None:
        """Has what is in view, and a little around it, read."""
        count = self._cells.rowCount()
        if not count or not self.isVisible():
            return
        first = max(0, self.rowAt(0))
        bottom = self.rowAt(self.viewport().height() - 1)
        last = bottom if bottom >= 0 else count - 1
        sections = range(max(0, first - _AHEAD), min(count, last + _AHEAD + 1))
        self._pages.look(list(dict.fromkeys(self._cells.line(section)[0] for section in sections)))

    def step(self) -> None:
        """Moves the gauges of the cells that are being written."""
        for key in self._cells.writing():
            index = self._cells.at(key)
            if index.isValid():
                self.update(index)

    def current(self) -> CellKey | None:
        """The cell the keyboard is at."""
        index = self.currentIndex()
        return self._cells.key(index.row(), index.column()) if index.isValid() else None

    def chosen(self) -> list[CellKey]:
        """The selected cells."""
        return [self._cells.key(one.row(), one.column()) for one in self.selectedIndexes()]

    def go_to(self, key: CellKey) -> None:
        """Makes a cell the current one and brings it into view."""
        index = self._cells.at(key)
        if index.isValid():
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.scrollTo(index)

    def show_rows(self, rows: Sequence[int] | None) -> None:
        """Only some rows, or all; the current cell stays current if it is among them."""
        key = self.current()
        self._cells.show_rows(rows)
        if key is not None:
            self.go_to(key)
        self.look()

    def show_run(self, run: Run, title: str) -> None:
        """What the corner tells."""
        self.corner.show_run(run, self.heads.scale, title)

    def set_figures(self, figures: tuple[ColumnFigures, ...]) -> None:
        """The numbers of the heads."""
        self.heads.set_figures(figures)

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.moved.emit(self._cells.key(current.row(), current.column()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if theme().keyboard_focused(self):
            painter = QPainter(self.viewport())
            ring_inside(painter, self, self.viewport().rect(), theme().corner("inline"))
            painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self._cells.rowCount():
            top = max(0, self.rowAt(0))
            self.setCurrentIndex(self._cells.index(top, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = self.current()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        pressed = Qt.Key(event.key())
        if key is not None and pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit(key)
        elif key is not None and pressed in KEYS and plain:
            self.rated.emit(key, KEYS[pressed])
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid():
            return
        key = self._cells.key(index.row(), index.column())
        if self._cells.cell(key).state == "failed":
            spot = self.delegate.retry_rect(self.visualRect(index), self.layoutDirection())
            if spot.adjusted(-6, -6, 6, 6).contains(event.position().toPoint()):
                self.retried.emit(key)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self._cells.key(index.row(), index.column()))

    def _wear(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, theme().color("page"))
        grid = QColor(theme().color("line"))
        self.setPalette(palette)
        self.setStyleSheet(f"QTableView {{ gridline-color: {grid.name()}; }}")
        self.rows.wear()
        self.heads.wear()
        self.setMinimumHeight(theme().scaled(CELL_HEIGHT))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._place_corner()

    def wear(self) -> None:
        """Takes the colours and sizes of the theme in force."""
        self._wear()
        self.updateGeometries()

    def updateGeometries(self) -> None:
        super().updateGeometries()
        self._place_corner()

    def resizeEvent(self, event: QResizeEvent) -> None:
        columns = max(1, len(self._cells.run.columns))
        self.rows.set_narrow(self.width() < theme().scaled(NARROWEST * min(columns, 3) + 285))
        super().resizeEvent(event)
        self._place_corner()
        self.look()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look()

    def _place_corner(self) -> None:
        wide, high = self.rows.width(), self.heads.height()
        left = self.width() - wide if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else 0
        self.corner.setGeometry(QRect(left, 0, wide, high))
        self.corner.raise_()
