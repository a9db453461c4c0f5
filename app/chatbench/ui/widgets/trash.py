"""The trash: what was deleted, brought back or deleted for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from PySide6.QtCore import QAbstractListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QDialog, QVBoxLayout, QWidget

from chatbench.ui.quantities import number
from chatbench.ui.widgets.buttons import Button
from chatbench.ui.widgets.dialogs import fit_dialog, last_line
from chatbench.ui.widgets.labels import Label
from chatbench.ui.widgets.rowlist import ROW, RowList

_SIZE: Final = (560, 560)


class TrashRow(Protocol):
    """A row of it; a head stands above those of one kind."""

    @property
    def is_head(self) -> bool: ...

    @property
    def key(self) -> str: ...


class TrashList(RowList):
    """`restore_wanted()` by Enter or a double click."""

    restore_wanted = Signal()

    def __init__(
        self, name: str, model: QAbstractListModel, delegate: QAbstractItemDelegate, parent: QWidget
    ) -> None:
        super().__init__(name, parent)
        self.model_: Any = model
        self.setModel(model)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setAcceptDrops(False)
        self.doubleClicked.connect(lambda _index: self.restore_wanted.emit())

    def current(self) -> Any:
        """The marked row; None on a head."""
        index = self.currentIndex()
        row = index.data(ROW) if index.isValid() else None
        return None if row is None or row.is_head else row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.restore_wanted.emit()
        else:
            super().keyPressEvent(event)


class TrashWindow(QDialog):
    """It deletes itself. `restore_wanted(row)`, `delete_wanted(row)` and `empty_wanted()`: what nothing
    brings back is asked for by a second press of the same button."""

    restore_wanted = Signal(object)
    delete_wanted = Signal(object)
    empty_wanted = Signal()

    def __init__(
        self, name: str, model: QAbstractListModel, delegate: QAbstractItemDelegate, parent: QWidget
    ) -> None:
        """`model` has `rows`, which its `replace` replaces all together."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Trash"))
        model.setParent(self)
        self._count = 0
        self._asked: Button | None = None
        self.list = TrashList(name, model, delegate, self)
        self.list.selectionModel().currentChanged.connect(lambda *_: self._take_back())
        self.list.restore_wanted.connect(self._restore)
        self.told = Label(font="small", color="text2", wrap=True)
        self.restore = Button(self.tr("Restore"), icon="undo-2")
        self.restore.clicked.connect(self._restore)
        self.delete = Button(self.tr("Delete for good"), kind="destructive")
        self.delete.clicked.connect(self._delete)
        self.empty = Button(self.tr("Empty the trash…"), kind="destructive")
        self.empty.clicked.connect(self._empty)
        self._lay_out()
        fit_dialog(self, *_SIZE)
        self._offer()
        self.list.setFocus()

    def _lay_out(self) -> None:
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.told)
        column.addWidget(self.list, 1)
        column.addLayout(last_line(self.empty, close, begins=(self.restore, self.delete)))

    def show_rows(self, rows: Sequence[TrashRow], count: int) -> None:
        """These, of which `count` are no heads; who goes on deleting finds the next one marked."""
        here, place = self.list.current(), self.list.currentIndex().row()
        self.list.model_.replace(list(rows))
        kept = next((at for at, row in enumerate(rows) if here is not None and row.key == here.key), -1)
        nearest = (at for at in (*range(max(place, 0), len(rows)), *range(len(rows))) if not rows[at].is_head)
        target = kept if kept >= 0 else next(nearest, -1)
        if target >= 0:
            self.list.setCurrentIndex(self.list.model().index(target, 0))
        kept_words = self.tr("What is in the trash stays there until you delete it for good.")
        self.told.setText(kept_words if count else self.tr("The trash is empty."))
        self._count = count
        self._take_back()

    def _take_back(self) -> None:
        """Nothing is asked for any more."""
        self._asked = None
        self._offer()

    def _offer(self) -> None:
        chosen = self.list.current() is not None
        self.restore.setEnabled(chosen)
        self.delete.setEnabled(chosen)
        self.empty.setEnabled(self._count > 0)
        one, several = self.tr("Delete 1 thing for good"), self.tr("Delete all {0} for good")
        really = one if self._count == 1 else several.format(number(self._count))
        self.empty.set_label(really if self._asked is self.empty else self.tr("Empty the trash…"))
        this = self.tr("Yes, delete it for good")
        self.delete.set_label(this if self._asked is self.delete else self.tr("Delete for good"))

    def _restore(self) -> None:
        if (row := self.list.current()) is not None:
            self.restore_wanted.emit(row)

    def _delete(self) -> None:
        row = self.list.current()
        if row is not None and self._sure(self.delete):
            self.delete_wanted.emit(row)

    def _empty(self) -> None:
        if self._sure(self.empty):
            self.empty_wanted.emit()

    def _sure(self, button: Button) -> bool:
        """Whether a button was pressed a second time; the first press only asks."""
        sure = self._asked is button
        self._asked = None if sure else button
        self._offer()
        return sure
