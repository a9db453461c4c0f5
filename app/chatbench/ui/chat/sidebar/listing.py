"""The list of chats in the sidebar: rows that are opened, marked, named in place and asked about."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QWidget,
)

from chatbench.ui.chat.sidebar.delegate import RowDelegate
from chatbench.ui.chat.sidebar.rows import ConversationItemModel, Row
from chatbench.ui.dropped import local_files
from chatbench.ui.widgets import gauge_clock
from chatbench.ui.widgets.rowlist import ROW, RowList

_CHOOSING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class ChatList(RowList):
    """`chosen(Row)` to be opened, `chosen_aside(id)` to be opened behind what is in view;
    `menu_wanted(point)` for the chats of `marked()`; `renamed(id, title)`; `end_reached` where more could be
    listed; `files_dropped(id, paths)` on a chat, which is marked while they hang over it (`dropping_on`)."""

    chosen = Signal(object)
    renamed = Signal(str, str)
    chosen_aside = Signal(str)
    menu_wanted = Signal(QPoint)
    end_reached = Signal()
    files_dropped = Signal(str, list)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(self.tr("Chats"), parent)
        self._model = ConversationItemModel(self)
        self.setModel(self._model)
        self.setItemDelegate(RowDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.clicked.connect(self._activate)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def rows(self) -> list[Row]:
        return self._model.rows

    def show_rows(self, rows: list[Row], current: str) -> None:
        """Shows these rows where the reader has scrolled to. Whoever walks the list by keys stays at
        their row, several that were marked stay marked, else `current` is."""
        bar = self.verticalScrollBar()
        place = bar.value()
        here: Row | None = self.currentIndex().data(ROW) if self.hasFocus() else None
        marked = self.marked()
        self._model.replace(rows)
        self.setAutoScroll(False)
        self.set_current(here.id if here is not None and self._model.place(here.id) >= 0 else current)
        if len(marked) > 1:
            self._mark(marked)
        self.setAutoScroll(True)
        self.doItemsLayout()
        bar.setValue(place)
        self._follow_clock()

    def needed_height(self) -> int:
        """How high all of the rows are."""
        return sum(self.sizeHintForRow(row) for row in range(self._model.rowCount()))

    def set_current(self, conversation_id: str) -> None:
        place = self._model.place(conversation_id)
        if place < 0:
            self._mark_alone(QModelIndex())
        elif place != self.currentIndex().row():
            self._mark_alone(self._model.index(place))

    def _mark_alone(self, index: QModelIndex) -> None:
        """Makes a row the current one and the only one marked, even while the keys that led here are held,
        with which the view itself would mark it beside the others."""
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def marked(self) -> list[str]:
        """The ids of the chats that are marked, from the top."""
        places = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return list(dict.fromkeys(self._model.rows[place].id for place in places))

    def _mark(self, ids: list[str]) -> None:
        for place in filter(lambda place: place >= 0, map(self._model.place, ids)):
            index = self._model.index(place)
            self.selectionModel().select(index, QItemSelectionModel.SelectionFlag.Select)

    def row_of(self, conversation_id: str) -> Row | None:
        """The first row of a chat."""
        place = self._model.place(conversation_id)
        return self._model.rows[place] if place >= 0 else None

    def edit_title(self, conversation_id: str) -> None:
        place = self._model.place(conversation_id)
        if place >= 0:
            self.edit(self._model.index(place))

    def rename(self, row: Row, name: str) -> None:
        self.renamed.emit(row.id, name)

    def _scrolled(self, value: int) -> None:
        if value and value == self.verticalScrollBar().maximum():
            self.end_reached.emit()

    def _activate(self, index: QModelIndex) -> None:
        row: Row = index.data(ROW)
        if not row.is_head and not QApplication.keyboardModifiers() & _CHOOSING:
            self.chosen.emit(row)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton and index.isValid():
            row: Row = index.data(ROW)
            if not row.is_head:
                self.chosen_aside.emit(row.id)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        carries = bool(local_files(event.mimeData()))
        fits = carries and index.isValid() and not index.data(ROW).is_head
        self.mark_drop(index.row() if fits else -1)
        if carries:
            # What is over no chat may yet be moved over one.
            event.setDropAction(Qt.DropAction.CopyAction if fits else Qt.DropAction.IgnoreAction)
            event.accept()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.mark_drop(-1)

    def dropEvent(self, event: QDropEvent) -> None:
        place = self.dropping_on
        self.mark_drop(-1)
        if place < 0:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files_dropped.emit(self._model.rows[place].id, local_files(event.mimeData()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index, point = self.asked(event)
        if index.isValid() and not index.data(ROW).is_head:
            self.menu_wanted.emit(point)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        row: Row | None = index.data(ROW) if index.isValid() else None
        if row is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(row)
        elif event.key() == Qt.Key.Key_Home and (first := self._model.first()) >= 0:
            self._mark_alone(self._model.index(first))
            self.scrollToTop()
        elif event.key() == Qt.Key.Key_Escape and len(self.marked()) > 1:
            self.selectionModel().select(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def _follow_clock(self) -> None:
        """The gauges step only while one of the rows in view is being written."""
        if self.isVisible() and any(row.streaming for row in self._model.rows):
            gauge_clock().join(self, self.viewport().update)
        else:
            gauge_clock().leave(self)
