"""The field that a cell turns into."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from chatbench.services.datasets.values import converted, text_of
from chatbench.ui.theme import theme
from chatbench.ui.widgets.fields import LineField
from chatbench.ui.workbench.datasets.model import GridModel
from chatbench.ui.workbench.datasets.painting import fits

_Index = QModelIndex | QPersistentModelIndex
LONG: Final = 80
"""Characters from which on a text is edited in a window of its own."""


class CellDelegate(QStyledItemDelegate):
    """Of texts and numbers, which are edited in their place."""

    def __init__(self, model: GridModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._grid = model

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        column = self._grid.columns[index.column()]
        editor = LineField(name=str(index.data(Qt.ItemDataRole.AccessibleTextRole)), parent=parent)
        font = QFont(theme().font("small"))
        editor.setFont(font)
        editor.setProperty("kind", column.type)
        editor.textEdited.connect(lambda _text: judge(editor))
        return editor

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(text_of(self._grid.value(index.row(), index.column())))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        if isinstance(editor, QLineEdit):
            kind = self._grid.columns[index.column()].type
            text = editor.text()
            model.setData(index, converted(text, kind) if text else "")

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: _Index) -> None:
        editor.setGeometry(option.rect)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """What is no number does not leave a field for numbers by Enter."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and isinstance(editor, QLineEdit)
        ):
            leaving = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
            if leaving and not judge(editor):
                return True
        return super().eventFilter(editor, event)


def judge(editor: QLineEdit) -> bool:
    """Whether what is written is of the column's type; it looks so."""
    kind = editor.property("kind")
    text = editor.text().strip()
    good = not text or fits(converted(text, kind), kind)
    palette = editor.palette()
    palette.setColor(editor.foregroundRole(), theme().color("text" if good else "danger"))
    editor.setPalette(palette)
    editor.setToolTip("" if good else editor.tr("This is no number."))
    return good
