"""A dialog with a row for each of some things, a line about them, and a button for one more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chatbench.ui.widgets.buttons import Button, IconButton
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.fields import SearchField
from chatbench.ui.widgets.labels import Label

_SIZE: Final = (560, 480)


class ListDialog(QDialog):
    """It deletes itself when it is closed. `new_wanted()`: its button for one more was pressed."""

    new_wanted = Signal()

    def __init__(self, title: str, new: str, parent: QWidget, *, search: str = "") -> None:
        """`search` is the hint of a field to search in; without one there is none to see."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.told = Label(font="small", color="text2", wrap=True)
        self.search = SearchField(search)
        inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(0, 0, 8, 0)
        self._rows.setSpacing(2)
        self._rows.addStretch(1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        self.new = Button(new, icon="plus")
        self.new.clicked.connect(self.new_wanted)
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.new)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.told)
        column.addWidget(self.search)
        column.addWidget(area, 1)
        column.addLayout(foot)
        self.search.setVisible(bool(search))
        fit_dialog(self, *_SIZE)

    def replace_rows(self, old: Sequence[ListRow], new: Sequence[ListRow]) -> None:
        """Shows other rows; who has just deleted one by the keyboard can delete the next."""
        focused = next((place for place, row in enumerate(old) if row.delete.hasFocus()), None)
        for row in old:
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, row in enumerate(new):
            self._rows.insertWidget(place, row)
        if focused is not None:
            left = new[min(focused, len(new) - 1)].delete if new else self.new
            left.setFocus(Qt.FocusReason.OtherFocusReason)


class ListRow(QWidget):
    """A row of it: `told` has room for words, `row` for buttons behind them."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.edit = IconButton("pencil", self.tr("Edit {0}").format(name), size="row")
        self.delete = IconButton("trash-2", self.tr("Delete {0}").format(name), size="row")
        self.told = QVBoxLayout()
        self.told.setSpacing(0)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(4, 6, 0, 6)
        self.row.setSpacing(6)
        self.row.addLayout(self.told, 1)
