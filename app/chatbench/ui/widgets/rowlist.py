"""The list of a sidebar: rows that are opened, named in their place, and asked about."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

_Index = QModelIndex | QPersistentModelIndex
ROW: Final = Qt.ItemDataRole.UserRole + 1
"""The role in which a model gives the row itself, which has a `title`."""
EDGE: Final = 8
"""From the edges of the list to a row, in pixels."""
_LONGEST: Final = 200


class RowList(QListView):
    """`editing_ended()` when no name is being written any more. `dropping_on` is the place of the row that
    would take what hangs over the list; -1 for none."""

    editing_ended = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.dropping_on = -1
        self.setAccessibleName(name)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setUniformItemSizes(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setDropIndicatorShown(False)

    @property
    def editing(self) -> bool:
        """Whether a name is being written."""
        return self.state() == QAbstractItemView.State.EditingState

    def rename(self, row: Any, name: str) -> None:
        """Another name was written for a row, which is neither empty nor the one it has."""

    def mark_drop(self, place: int) -> None:
        """Shows which row something would fall on."""
        if place != self.dropping_on:
            self.dropping_on = place
            self.viewport().update()

    def asked(self, event: QContextMenuEvent) -> tuple[QModelIndex, QPoint]:
        """The row that a menu is wanted for, and where on the screen: at the pointer, or, by key, at the
        current row."""
        at = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.scrollTo(self.currentIndex())
            at = self.visualRect(self.currentIndex()).center()
        return self.indexAt(at), self.viewport().mapToGlobal(at)

    def commitData(self, editor: QWidget) -> None:
        row = editor.property("row")
        if isinstance(editor, QLineEdit) and (name := editor.text().strip()) not in ("", row.title):
            self.rename(row, name)

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        had_focus = editor.hasFocus()
        super().closeEditor(editor, hint)
        if had_focus:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.editing_ended.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.scheduleDelayedItemsLayout()


class NamingDelegate(QStyledItemDelegate):
    """Turns a row's name into a field; the list hears of what was written there, the model does not."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(_LONGEST)
        editor.setAccessibleName(self.tr("Name"))
        editor.setProperty("row", index.data(ROW))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: _Index) -> None:
        editor.setGeometry(option.rect.adjusted(EDGE, 1, -EDGE, -1))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        """Nothing: `RowList.rename` is told."""
