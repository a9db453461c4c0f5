"""The trash: deleted chats and messages, brought back or deleted for good."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QWidget

from chatbench.core.changes import Changes
from chatbench.core.trash import Trash
from chatbench.rendering.beginnings import beginning
from chatbench.services import Services
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.chat.sidebar.delegate import RowDelegate
from chatbench.ui.chat.sidebar.rows import ConversationItemModel, Row, local_moment, when
from chatbench.ui.widgets.trash import TrashWindow

_WORDS: Final = 200


class TrashDialog(TrashWindow):
    """`restored(conversation_id, message_id)`, the second "" for a whole chat."""

    restored = Signal(str, str)

    def __init__(self, services: Services, parent: QWidget) -> None:
        name = QCoreApplication.translate("TrashDialog", "Deleted chats and messages")
        super().__init__(name, ConversationItemModel(parent), RowDelegate(parent), parent)
        self._services = services
        self._homes: dict[str, str] = {}
        """Deleted message → its conversation."""
        self._reading = Rereading(self._read, self, "trash")
        self.restore_wanted.connect(lambda row: spawn(self._bring_back(row), owner=self, name="restore"))
        self.delete_wanted.connect(self._delete_for_good)
        self.empty_wanted.connect(lambda: spawn(services.history.empty_trash(), name="empty-trash"))
        disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(lambda *_: disconnect())
        self.refresh()

    def refresh(self) -> None:
        """Reads the trash again; several calls in a row read once."""
        self._reading.again()

    async def _read(self) -> None:
        trash = await self._services.history.trashed()
        self._homes = {one.id: one.conversation_id for one in trash.messages}
        self.show_rows(self._rows(trash), len(trash.conversations) + len(trash.messages))

    def _changed(self, changes: Changes) -> None:
        if changes.conversations:
            self.refresh()

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

    async def _bring_back(self, row: Row) -> None:
        history, home = self._services.history, self._homes.get(row.id)
        if home is None:
            await history.restore(row.id)
            self.restored.emit(row.id, "")
        else:
            await history.undelete_message(home, row.id)
            self.restored.emit(home, row.id)

    def _delete_for_good(self, row: Row) -> None:
        message = [row.id] if row.id in self._homes else []
        chat = [] if message else [row.id]
        gone = self._services.history.delete_for_good(conversations=chat, messages=message)
        spawn(gone, name="delete-for-good")
