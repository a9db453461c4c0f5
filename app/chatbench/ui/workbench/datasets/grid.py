"""The grid itself: which rows are in view, what keys do in it, how a cell is edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QFrame, QTableView, QWidget

from chatbench.services.datasets.values import text_of
from chatbench.ui.dropped import taken_files
from chatbench.ui.widgets import announce
from chatbench.ui.workbench.datasets.cells import LONG, CellDelegate
from chatbench.ui.workbench.datasets.header import ColumnHeader, RowHeader
from chatbench.ui.workbench.datasets.longtext import TextDialog
from chatbench.ui.workbench.datasets.model import GridModel
from chatbench.ui.workbench.datasets.painting import CellPainter

_Index = QModelIndex | QPersistentModelIndex
_KEYS: Final[tuple[tuple[QKeySequence.StandardKey | str, str], ...]] = (
    (QKeySequence.StandardKey.Copy, "copy"),
    (QKeySequence.StandardKey.Cut, "cut"),
    (QKeySequence.StandardKey.Paste, "paste"),
    (QKeySequence.StandardKey.Undo, "undo"),
    (QKeySequence.StandardKey.Redo, "redo"),
    ("Ctrl+Y", "redo"),
    (QKeySequence.StandardKey.Find, "filter"),
    (QKeySequence.StandardKey.Delete, "clear"),
    ("Backspace", "clear"),
    ("Ctrl+-", "delete_rows"),
    ("Alt+Down", "column_menu"),
    ("Shift+Space", "select_rows"),
    ("Ctrl+Space", "select_columns"),
)


class GridView(QTableView):
    """`asked(name)`: a key asks for one of the acts in `_KEYS`. `menu_wanted(point)` on a cell,
    `file_wanted(index, path or None)` where a file is to be put into a cell (None: to be chosen),
    `files_dropped(paths)` elsewhere."""

    asked = Signal(str)
    menu_wanted = Signal(QPoint)
    file_wanted = Signal(QPersistentModelIndex, object)
    files_dropped = Signal(list)

    def __init__(self, model: GridModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._grid = model
        self.columns = ColumnHeader(model, self)
        self.setHorizontalHeader(self.columns)
        self.setVerticalHeader(RowHeader(model, self))
        self.setModel(model)
        self.setItemDelegate(CellDelegate(model, self))
        self._cells = CellPainter(model, self)
        self.setAccessibleName(self.tr("Data set"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(True)
        self.setTabKeyNavigation(False)
        self.setAcceptDrops(True)
        self.setMouseTracking(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self.want())
        self.horizontalScrollBar().valueChanged.connect(lambda _value: self.columns.place_fields())
        model.described.connect(self._described)
        model.modelReset.connect(self._reset)

    # What is in view.

    def want(self) -> None:
        """Has the rows in view read."""
        first = self.rowAt(0)
        last = self.rowAt(self.viewport().height() - 1)
        self._grid.want(first, last if last >= 0 else self._grid.total)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.want()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        self._cells.paint(painter, event.rect())
        painter.end()

    def _described(self) -> None:
        self.verticalHeader().updateGeometry()
        self.updateGeometries()
        self.want()

    def _reset(self) -> None:
        self.columns.show_columns()
        if self._grid.columns and not self.currentIndex().isValid():
            self.setCurrentIndex(self._grid.index(0, 0))

    # What is chosen.

    def _ranges(self) -> list[QItemSelectionRange]:
        found = self.selectionModel().selection()
        return [found.at(place) for place in range(found.count())]

    def block(self) -> tuple[int, int, int, int] | None:
        """Rows and columns (first and last of each) around all cells that are chosen; the current one where
        none is. Rows that are not there yet are left out; None where nothing remains."""
        ranges = self._ranges()
        current = self.currentIndex()
        if ranges:
            told = (
                min(one.top() for one in ranges), max(one.bottom() for one in ranges),
                min(one.left() for one in ranges), max(one.right() for one in ranges),
            )  # fmt: skip
        elif current.isValid():
            told = (current.row(), current.row(), current.column(), current.column())
        else:
            return None
        return told if told[0] < self._grid.total else None

    def chosen_rows(self) -> list[range]:
        """The rows in which something is chosen, in order, without the one that is not there yet."""
        found = sorted({(one.top(), min(one.bottom(), self._grid.total - 1)) for one in self._ranges()})
        merged: list[range] = []
        for top, bottom in found:
            if bottom < top:
                continue
            if merged and top <= merged[-1].stop:
                merged[-1] = range(merged[-1].start, max(merged[-1].stop, bottom + 1))
            else:
                merged.append(range(top, bottom + 1))
        return merged

    def whole_rows(self) -> bool:
        """Whether all that is chosen are whole rows."""
        last = len(self._grid.columns) - 1
        ranges = self._ranges()
        return bool(ranges) and all(one.left() == 0 and one.right() == last for one in ranges)

    def go_to(self, row: int, column: int) -> None:
        """Makes a cell the current one."""
        index = self._grid.index(min(row, self._grid.total), column)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    # Editing.

    def edit(  # type: ignore[override]
        self, index: _Index, trigger: Any = None, event: Any = None
    ) -> bool:
        """In its place, or where it has more room."""
        told = QAbstractItemView.EditTrigger.AllEditTriggers if trigger is None else trigger
        asked = bool(told & self.editTriggers()) or trigger is None
        if not asked or not index.isValid() or not self._grid.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return bool(super().edit(index, told, event))
        typed = event.text() if isinstance(event, QKeyEvent) else ""
        kind = self._grid.columns[index.column()].type
        value = self._grid.value(index.row(), index.column())
        typing = told == QAbstractItemView.EditTrigger.AnyKeyPressed
        if typing and not (typed.isprintable() and typed) and isinstance(event, QKeyEvent):
            return False
        if kind == "boolean":
            if not typing or typed == " ":
                self._grid.setData(index, not value if isinstance(value, bool) else True)
            return True
        if kind in ("file", "image"):
            if not typing:
                self.file_wanted.emit(QPersistentModelIndex(index), None)
            return True
        if kind == "json":
            self.edit_at_length(index, typed if typing else None)
            return True
        if not typing and kind == "text" and _is_long(value):
            self.edit_at_length(index)
            return True
        return bool(super().edit(index, told, event))

    def edit_at_length(self, index: _Index, typed: str | None = None) -> TextDialog:
        """A window for a text or for JSON; `typed` replaces what was there."""
        column = self._grid.columns[index.column()]
        kept = QPersistentModelIndex(index)
        title = self.tr("{0}, row {1}").format(column.name, index.row() + 1)
        value = self._grid.value(index.row(), index.column())

        def save(made: Any) -> None:
            if kept.isValid():
                self._grid.setData(kept, made)

        dialog = TextDialog(
            title, text_of(value) if column.type != "json" else value, save, self, json=column.type == "json"
        )
        if typed:
            dialog.words.setPlainText(typed)
            dialog.words.moveCursor(dialog.words.textCursor().MoveOperation.End)
        dialog.finished.connect(lambda _result: self.setFocus(Qt.FocusReason.OtherFocusReason))
        dialog.open()
        return dialog

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Enter goes on below."""
        by_enter = hint == QAbstractItemDelegate.EndEditHint.SubmitModelCache
        at = self.currentIndex()
        super().closeEditor(editor, hint)
        if by_enter and at.isValid() and at.row() < self._grid.total:
            self.go_to(at.row() + 1, at.column())

    # Keys.

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._act(event):
            event.accept()
            return True
        return super().event(event)

    def _act(self, event: QKeyEvent) -> str:
        if self.state() == QAbstractItemView.State.EditingState:
            return ""
        for keys, name in _KEYS:
            if isinstance(keys, str):
                if QKeySequence(keys) == QKeySequence(event.keyCombination()):
                    return name
            elif event.matches(keys):
                return name
        return ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if name := self._act(event):
            self._do(name)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            if shift and self._grid.columns[index.column()].type == "text":
                self.edit_at_length(index)
            else:
                self.edit(index)
        else:
            super().keyPressEvent(event)

    def _do(self, name: str) -> None:
        current = self.currentIndex()
        if name == "column_menu" and current.isValid():
            self.columns.open_menu(current.column())
        elif name == "select_rows" and current.isValid():
            self._select(QItemSelectionModel.SelectionFlag.Rows)
        elif name == "select_columns" and current.isValid():
            self._select(QItemSelectionModel.SelectionFlag.Columns)
        else:
            self.asked.emit(name)

    def _select(self, whole: QItemSelectionModel.SelectionFlag) -> None:
        model = self.selectionModel()
        model.select(model.selection(), QItemSelectionModel.SelectionFlag.Select | whole)
        announce(self, self.tr("{0} rows chosen").format(sum(map(len, self.chosen_rows()))))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.scrollTo(self.currentIndex())
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        self.menu_wanted.emit(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press with the other button keeps what is chosen, if it is on it."""
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.RightButton and self.selectionModel().isSelected(index):
            return
        super().mousePressEvent(event)

    # Files.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        taken_files(event)

    def dropEvent(self, event: QDropEvent) -> None:
        files = taken_files(event)
        if not files:
            return
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self._grid.columns[index.column()].type in ("file", "image"):
            self.file_wanted.emit(QPersistentModelIndex(index), Path(files[0]))
        else:
            self.files_dropped.emit(files)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and (len(value) > LONG or "\n" in value)
