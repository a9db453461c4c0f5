"""The trash: deleted chats and deleted messages, brought back or deleted for good."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHBoxLayout, QListView, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.core.trash import Trash
from chatbench.rendering.beginnings import beginning
from chatbench.services import Services
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.chat.sidebar.delegate import RowDelegate
from chatbench.ui.chat.sidebar.rows import ConversationItemModel, Row, local_moment, when
from chatbench.ui.widgets import Button, Label
from chatbench.ui.widgets.dialogs import fit_dialog
from chatbench.ui.widgets.rowlist import ROW

_SIZE: Final = (560, 560)
_WORDS: Final = 200


class TrashDialog(QDialog):
    """`restored(conversation_id, message_id)`, the second "" for a whole chat. It deletes itself."""

    restored = Signal(str, str)

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Trash"))
        self._services = services
        self._homes: dict[str, str] = {}
        """Deleted message → its conversation."""
        self._count = 0
        self._reading = Rereading(self._read, self, "trash")
        self._asked: Button | None = None
        """What nothing brings back was asked for: only the second press of the same button does it."""
        self.list = _TrashList(self)
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
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())
        self._offer()
        self.refresh()
        self.list.setFocus()

    def _lay_out(self) -> None:
        close = Button(self.tr("Close"))
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.restore)
        foot.addWidget(self.delete)
        foot.addStretch(1)
        foot.addWidget(self.empty)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.told)
        column.addWidget(self.list, 1)
        column.addLayout(foot)

    def refresh(self) -> None:
        """Reads the trash again; several calls in a row read once."""
        self._reading.again()

    async def _read(self) -> None:
        self._show(await self._services.history.trashed())

    def _changed(self, changes: Changes) -> None:
        if changes.conversations:
            self.refresh()

    def _show(self, trash: Trash) -> None:
        self._homes = {one.id: one.conversation_id for one in trash.messages}
        self._count = len(trash.conversations) + len(trash.messages)
        here = self.list.current()
        place = self.list.currentIndex().row()
        self.list.model_.replace(self._rows(trash))
        kept = self.list.model_.place(here.id) if here is not None else -1
        rows = self.list.model_.rows
        nearest = (n for n in (*range(max(place, 0), len(rows)), *range(len(rows))) if not rows[n].is_head)
        target = kept if kept >= 0 else next(nearest, -1)
        if target >= 0:
            self.list.setCurrentIndex(self.list.model_.index(target))
        kept_words = self.tr("What is in the trash stays there until you delete it for good.")
        self.told.setText(kept_words if self._count else self.tr("The trash is empty."))
        self._take_back()

    def _rows(self, trash: Trash) -> list[Row]:
        today = datetime.now().astimezone().date()
        rows: list[Row] = []
        if trash.conversations:
            rows.append(Row(title=self.tr("Chats")))
        for one in trash.conversations:
            title = one.summary.title or self.tr("New chat")
            rows.append(Row(id=one.summary.id, title=title, when=when(local_moment(one.trashed_at), today)))
        if trash.messages:
            rows.append(Row(title=self.tr("Messages")))
        for message in trash.messages:
            told = self.tr("Question in {0}") if message.role == "user" else self.tr("Answer in {0}")
            rows.append(
                Row(
                    id=message.id,
                    title=beginning(message.beginning, _WORDS) or self.tr("(no words)"),
                    when=when(local_moment(message.deleted_at), today),
                    snippet=told.format(message.title or self.tr("New chat")),
                )
            )
        return rows

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
        really = one if self._count == 1 else several.format(self._count)
        self.empty.set_label(really if self._asked is self.empty else self.tr("Empty the trash…"))
        this = self.tr("Yes, delete it for good")
        self.delete.set_label(this if self._asked is self.delete else self.tr("Delete for good"))

    def _restore(self) -> None:
        row = self.list.current()
        if row is None:
            return
        history, home = self._services.history, self._homes.get(row.id)

        async def bring_back() -> None:
            if home is None:
                await history.restore(row.id)
                self.restored.emit(row.id, "")
            else:
                await history.undelete_message(home, row.id)
                self.restored.emit(home, row.id)

        spawn(bring_back(), owner=self, name="restore")

    def _delete(self) -> None:
        row = self.list.current()
        if row is not None and self._sure(self.delete):
            message = [row.id] if row.id in self._homes else []
            chat = [] if message else [row.id]
            gone = self._services.history.delete_for_good(conversations=chat, messages=message)
            spawn(gone, name="delete-for-good")

    def _empty(self) -> None:
        if self._sure(self.empty):
            spawn(self._services.history.empty_trash(), name="empty-trash")

    def _sure(self, button: Button) -> bool:
        """Whether a button was pressed a second time; the first press only asks."""
        sure = self._asked is button
        self._asked = None if sure else button
        self._offer()
        return sure


class _TrashList(QListView):
    """Like the list of chats; `restore_wanted()` by Enter or a double click."""

    restore_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.model_ = ConversationItemModel(self)
        self.setModel(self.model_)
        self.setItemDelegate(RowDelegate(self))
        self.setAccessibleName(self.tr("Deleted chats and messages"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.doubleClicked.connect(lambda _index: self.restore_wanted.emit())

    def current(self) -> Row | None:
        """The marked row; None on a head."""
        index = self.currentIndex()
        row: Row | None = index.data(ROW) if index.isValid() else None
        return None if row is None or row.is_head else row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.restore_wanted.emit()
        else:
            super().keyPressEvent(event)
