"""What a cell looks like, and the field that it turns into."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from chatbench.core.datasets import ColumnType
from chatbench.services.datasets.values import converted, part_of, text_of
from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, FontRole, theme
from chatbench.ui.widgets.fields import LineField
from chatbench.ui.widgets.paint import draw_title
from chatbench.ui.workbench.datasets.model import GridModel, in_one_line

_EDGE: Final = 8
_Index = QModelIndex | QPersistentModelIndex
_SELECTED: Final = QStyle.StateFlag.State_Selected.value
_FOCUSED: Final = QStyle.StateFlag.State_HasFocus.value
_NARROW: Final = 3
"""Pixels that the narrowest letters take."""
LONG: Final = 80
"""Characters from which on a text is edited in a window of its own."""


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


class CellDelegate(QStyledItemDelegate):
    """Of texts and numbers, which are edited in their place."""

    def __init__(self, model: GridModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._grid = model
        self._view = parent

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        # Some two hundred times a frame: cheap words for what is asked of Qt.
        rect: QRect = option.rect
        current = theme()
        state: int = option.state.value
        if state & _SELECTED:
            painter.fillRect(rect, current.color("selected"))
        row, column = index.row(), index.column()
        found = self._grid.row_at(row)
        if found is not None:
            told = self._grid.columns[column]
            value = found.values.get(told.name)
            if value is not None:
                self._paint_value(painter, rect, value, told.type)
        elif not self._grid.is_last(row):
            bar = QRect(rect.left() + _EDGE, rect.center().y() - 3, max(8, rect.width() // 2), 6)
            painter.fillRect(bar, current.color("hover"))
        if state & _FOCUSED:
            painter.setPen(QPen(current.color("accent"), 2))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))

    def _paint_value(self, painter: QPainter, rect: QRect, value: Any, kind: ColumnType) -> None:
        inner = rect.adjusted(_EDGE, 0, -_EDGE, 0)
        mirrored = self._view.isRightToLeft()
        fit = fits(value, kind)
        mark = _mark(value, kind, fit)
        color: ColorRole = "text" if fit else "warning"
        if mark:
            edge = theme().icon_size(13)
            x = inner.right() + 1 - edge if mirrored else inner.left()
            shade: ColorRole = "text2" if fit else color
            icons.draw(painter, mark, QRect(x, inner.top(), edge, inner.height()), shade)
            lead = edge + 6
            inner.adjust(0 if mirrored else lead, 0, -lead if mirrored else 0, 0)
        font: FontRole = "code-small" if kind == "json" else "small"
        painter.setFont(theme().font(font))
        painter.setPen(theme().color(color))
        self._paint_words(
            painter, inner, in_one_line(value), theme().metrics(font), at_end=kind == "number" and fit
        )

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

    # Editing in place.

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


def _mark(value: Any, kind: ColumnType, fit: bool) -> str:
    if not fit:
        return "triangle-alert"
    if kind == "boolean":
        return "check" if value else "x"
    return {"file": "file-text", "image": "image"}.get(kind, "")
