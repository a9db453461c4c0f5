"""The sidebar itself: it lists and searches; what is done with chats is its owner's."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.changes import Changes
from chatbench.services import Services
from chatbench.ui.aio import Rereading, spawn
from chatbench.ui.chat.sidebar.listing import ChatList
from chatbench.ui.chat.sidebar.rows import Row, hit_rows, list_rows
from chatbench.ui.widgets import Button, IconButton, Label, SearchField, Surface

_PAGE = 500
"""So many chats are listed at first, and so many more at the end of the list."""


class ChatSidebar(Surface):
    """`opened(conversation, message)` when the reader picks one (message "" for the end);
    `new_requested`, `kinds_requested(button)` for chats of other kinds, and `trash_requested`."""

    opened = Signal(str, str)
    new_requested = Signal()
    kinds_requested = Signal(object)
    trash_requested = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("chrome", parent=parent)
        self._services = services
        self._current = ""
        self._reading = Rereading(self._read, self, "sidebar")
        self._late = False
        self._listed = _PAGE
        self.new_button = Button(self.tr("New chat"), icon="plus", keys="Ctrl+N", stretch=True)
        self.new_button.clicked.connect(self.new_requested)
        self.kinds_button = IconButton("chevron-down", self.tr("New chat with an assistant"))
        self.kinds_button.clicked.connect(lambda: self.kinds_requested.emit(self.kinds_button))
        self.trash_button = Button(self.tr("Trash"), kind="quiet", size="small", icon="trash-2")
        self.trash_button.clicked.connect(self.trash_requested)
        self.view = ChatList(self)
        self.search = SearchField(self.tr("Search chats"))
        self.search.textChanged.connect(lambda _text: self.refresh())
        self.search.stepped.connect(lambda _step: self.view.setFocus(Qt.FocusReason.TabFocusReason))
        self.view.chosen.connect(self._choose)
        self.view.renamed.connect(self._rename)
        self.view.end_reached.connect(self._list_more)
        self.view.editing_ended.connect(self._edited)
        self.empty = Label(font="small", color="text3", wrap=True)
        self.empty.setContentsMargins(16, 8, 16, 0)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self._lay_out()
        self._tell("")
        self._disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(self._disconnect)

    def _lay_out(self) -> None:
        new = QHBoxLayout()
        new.setSpacing(4)
        new.addWidget(self.new_button, 1)
        new.addWidget(self.kinds_button)
        head = QVBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.setSpacing(6)
        head.addLayout(new)
        head.addWidget(self.search)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 0)
        foot.addWidget(self.trash_button)
        foot.addStretch(1)
        self._column = column = QVBoxLayout()
        column.setSpacing(6)
        self.set_layout(column, (0, 8, 0, 8))
        column.addLayout(head)
        column.addWidget(self.view)
        column.addWidget(self.empty)
        column.addLayout(foot)

    def refresh(self) -> None:
        """Reads the list (or the search) again; several calls in a row read once."""
        self._reading.again()

    async def _read(self) -> None:
        query = self.search.text().strip()
        today = datetime.now().astimezone().date()
        if query:
            rows = hit_rows(await self._services.history.search(query), today)
            told = "" if rows else self.tr("Nothing found.")
        else:
            summaries = await self._services.history.summaries(self._listed, begun=True)
            rows = list_rows(summaries, today)
            used = len(summaries) > 1 or any(summary.message_count for summary in summaries)
            first = self.tr("Your chats will be listed here. They stay in one file on this computer.")
            told = "" if used else first
        if self.view.editing:
            self._late = True
            return  # a title is being written: the rows stay until it is
        self.view.show_rows(rows, self._current)
        self._tell(told)

    def _tell(self, words: str) -> None:
        """Says it below the rows; "" gives their list all of the room."""
        self.empty.setText(words)
        self.empty.setVisible(bool(words))
        self.view.setMaximumHeight(self.view.needed_height() if words else 16_777_215)
        self._column.setStretchFactor(self.view, 0 if words else 1)
        self._column.setStretchFactor(self.empty, 1 if words else 0)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "empty"):
            self._tell(self.empty.text())

    def _edited(self) -> None:
        if self._late:
            self._late = False
            self.refresh()

    def _list_more(self) -> None:
        """The list ends with older chats unread so far."""
        if not self.search.text().strip() and sum(1 for row in self.view.rows() if row.id) >= self._listed:
            self._listed += _PAGE
            self.refresh()

    def set_current(self, conversation_id: str) -> None:
        """Marks the conversation that is shown."""
        if conversation_id != self._current:
            # In the one before something may have been written, which lists it.
            self.refresh()
        self._current = conversation_id
        self.view.set_current(conversation_id)

    def titles(self) -> list[tuple[str, str, str]]:
        """(id, title, when) of every conversation listed, for the palette."""
        return [(row.id, row.title, row.when) for row in self.view.rows() if row.id]

    def rename(self, conversation_id: str) -> None:
        """Turns the title into a field."""
        self.view.edit_title(conversation_id)

    def _changed(self, changes: Changes) -> None:
        if changes.conversations:
            self.refresh()

    def _choose(self, row: Row) -> None:
        self.opened.emit(row.id, row.message_id)

    def _rename(self, conversation_id: str, title: str) -> None:
        spawn(self._services.history.rename(conversation_id, title), name="rename")
