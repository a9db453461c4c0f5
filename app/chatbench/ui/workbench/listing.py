"""The list in the sidebar: rows that are opened, named in place, moved into folders, and asked about."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from chatbench.ui.dropped import taken_files
from chatbench.ui.widgets.rowlist import ROW, RowList
from chatbench.ui.workbench.delegate import RowDelegate
from chatbench.ui.workbench.rows import Row, RowsModel

_NOWHERE: Final = -1


class WorkbenchList(RowList):
    """`chosen(Row)` to be opened; `renamed(Row, name)`; `menu_wanted(Row, point)`; `delete_wanted(Row)`;
    `moved(prompt_id, folder)` when a prompt was dropped on a folder or on one in it;
    `files_dropped(paths)`."""

    chosen = Signal(object)
    renamed = Signal(object, str)
    menu_wanted = Signal(object, QPoint)
    delete_wanted = Signal(object)
    moved = Signal(str, str)
    files_dropped = Signal(list)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(self.tr("Prompts, data sets and runs"), parent)
        self._model = RowsModel(self)
        self._held: Row | None = None
        self._held_at = QPoint()
        self._is_moving = False
        self.setModel(self._model)
        self.setItemDelegate(RowDelegate(self))
        self.clicked.connect(self._activate)

    def rows(self) -> list[Row]:
        return self._model.rows

    def show_rows(self, rows: list[Row], current: str) -> None:
        """Shows these where the reader has scrolled to; who walks the list by keys stays at their row."""
        bar = self.verticalScrollBar()
        place = bar.value()
        here: Row | None = self.currentIndex().data(ROW) if self.hasFocus() else None
        self._model.replace(rows)
        stays = here is not None and self._model.place(here.key) >= 0
        self.set_current(here.key if here is not None and stays else current)
        self.doItemsLayout()
        bar.setValue(place)

    def set_current(self, key: str) -> None:
        """Marks the row of what is in view."""
        index = self._model.index(self._model.place(key))
        if index.row() != self.currentIndex().row():
            self.setCurrentIndex(index)

    def edit_name(self, key: str) -> None:
        """Turns a name into a field."""
        place = self._model.place(key)
        if place >= 0 and self._model.index(place).flags() & Qt.ItemFlag.ItemIsEditable:
            self.setCurrentIndex(self._model.index(place))
            self.edit(self._model.index(place))

    def rename(self, row: Row, name: str) -> None:
        self.renamed.emit(row, name)

    def _activate(self, index: QModelIndex) -> None:
        row: Row = index.data(ROW)
        if not row.is_head:
            self.chosen.emit(row)

    # Moving prompts, taking files.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        row = self._row(self.indexAt(event.position().toPoint()))
        taken = row is not None and row.kind == "prompt" and event.button() == Qt.MouseButton.LeftButton
        self._held, self._held_at = (row, event.position().toPoint()) if taken else (None, QPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self._held is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
        elif self._is_moving or (at - self._held_at).manhattanLength() >= QApplication.startDragDistance():
            if not self._is_moving:
                self.viewport().setCursor(Qt.CursorShape.DragMoveCursor)
            self._is_moving = True
            self.mark_drop(self._folder_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, moving, place = self._held, self._is_moving, self.dropping_on
        self._let_go()
        if not moving or held is None:
            super().mouseReleaseEvent(event)
        elif place != _NOWHERE:
            self.moved.emit(held.id, self._model.rows[place].id)

    def _let_go(self) -> None:
        if self._is_moving:
            self.viewport().unsetCursor()
        self._held, self._is_moving = None, False
        self.mark_drop(_NOWHERE)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        taken_files(event)

    def dropEvent(self, event: QDropEvent) -> None:
        if files := taken_files(event):
            self.files_dropped.emit(files)

    def _folder_at(self, point: QPoint) -> int:
        """The place of the folder's head that a point is on or below."""
        index = self.indexAt(point)
        if not index.isValid():
            return _NOWHERE
        for place in range(index.row(), -1, -1):
            kind = self._model.rows[place].kind
            if kind == "folder":
                return place
            if kind != "prompt":
                break
        return _NOWHERE

    # Keys and menus.

    def _row(self, index: QModelIndex) -> Row | None:
        row: Row | None = index.data(ROW) if index.isValid() else None
        return row

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index, point = self.asked(event)
        row = self._row(index)
        if row is not None and row.kind != "head":
            self.menu_wanted.emit(row, point)

    def focusInEvent(self, event: QFocusEvent) -> None:
        had_row = self.currentIndex().isValid()
        super().focusInEvent(event)
        if not had_row:
            # What is in view may have no row: the keyboard begins at the first that can be opened.
            first = next((at for at, row in enumerate(self._model.rows) if not row.is_head), _NOWHERE)
            self.setCurrentIndex(self._model.index(first))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self._row(self.currentIndex()), event.key()
        if key == Qt.Key.Key_Escape and self._is_moving:
            self._let_go()
        elif row is None or self.editing:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(row)
        elif key == Qt.Key.Key_Delete:
            self.delete_wanted.emit(row)
        elif key == Qt.Key.Key_F2:
            self.edit_name(row.key)
        else:
            super().keyPressEvent(event)
