"""The sidebar itself: it lists, searches, renames, pins and deletes; opening is its owner's."""

from __future__ import annotations

import asyncio
from datetime import datetime

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from chatbench.core.changes import Changes
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.sidebar.delegate import RowDelegate
from chatbench.ui.chat.sidebar.rows import ConversationItemModel, Roles, Row, hit_rows, list_rows
from chatbench.ui.widgets import Button, IconButton, Label, SearchField, Surface, gauge_clock

_PAGE = 500
"""So many chats are listed at first, and so many more at the end of the list."""


class _List(QListView):
    chosen = Signal(object)
    renamed = Signal(str, str)
    menu_wanted = Signal(object, QPoint)
    delete_wanted = Signal(str)
    end_reached = Signal()
    editing_ended = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = ConversationItemModel(self)
        self.setModel(self._model)
        self.setItemDelegate(RowDelegate(self))
        self.setAccessibleName(self.tr("Chats"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setUniformItemSizes(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.viewport().setAutoFillBackground(False)
        self.clicked.connect(self._activate)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._context)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def rows(self) -> list[Row]:
        return self._model.rows

    @property
    def editing(self) -> bool:
        return self.state() == QAbstractItemView.State.EditingState

    def show_rows(self, rows: list[Row], current: str) -> None:
        """Shows these rows where the reader has scrolled to. Whoever walks the list by keys stays at
        their row, else `current` is marked."""
        bar = self.verticalScrollBar()
        place = bar.value()
        here: Row | None = self.currentIndex().data(Roles.ROW) if self.hasFocus() else None
        self._model.replace(rows)
        self.setAutoScroll(False)
        self.set_current(here.id if here is not None and self._model.place(here.id) >= 0 else current)
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
            self.setCurrentIndex(QModelIndex())
        elif place != self.currentIndex().row():
            self.setCurrentIndex(self._model.index(place))

    def edit_title(self, conversation_id: str) -> None:
        place = self._model.place(conversation_id)
        if place >= 0:
            self.edit(self._model.index(place))

    def commitData(self, editor: QWidget) -> None:
        row = editor.property("row")
        if isinstance(editor, QLineEdit) and editor.text().strip() not in ("", row.title):
            self.renamed.emit(row.id, editor.text())

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        had_focus = editor.hasFocus()
        super().closeEditor(editor, hint)
        if had_focus:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.editing_ended.emit()

    def _scrolled(self, value: int) -> None:
        if value and value == self.verticalScrollBar().maximum():
            self.end_reached.emit()

    def _activate(self, index: QModelIndex) -> None:
        row: Row = index.data(Roles.ROW)
        if not row.is_head:
            self.chosen.emit(row)

    def _context(self, at: QPoint) -> None:
        index = self.indexAt(at)
        if index.isValid() and not index.data(Roles.ROW).is_head:
            self.menu_wanted.emit(index.data(Roles.ROW), self.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        row: Row | None = index.data(Roles.ROW) if index.isValid() else None
        if row is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(row)
        elif event.key() == Qt.Key.Key_Home and (first := self._model.first()) >= 0:
            self.setCurrentIndex(self._model.index(first))
            self.scrollToTop()
        elif row is not None and event.key() == Qt.Key.Key_F2:
            self.edit(index)
        elif row is not None and event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit(row.id)
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow_clock()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.scheduleDelayedItemsLayout()

    def _follow_clock(self) -> None:
        """The gauges step only while one of the rows in view is being written."""
        if self.isVisible() and any(row.streaming for row in self._model.rows):
            gauge_clock().join(self, self.viewport().update)
        else:
            gauge_clock().leave(self)


class ChatSidebar(Surface):
    """`opened(conversation, message)` when the reader picks one (message "" for the end);
    `new_requested`, `kinds_requested(button)` for chats of other kinds, `export_requested(conversation)`,
    `delete_requested(conversation)` and `trash_requested`."""

    opened = Signal(str, str)
    new_requested = Signal()
    export_requested = Signal(str)
    delete_requested = Signal(str)
    kinds_requested = Signal(object)
    trash_requested = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("chrome", parent=parent)
        self._services = services
        self._current = ""
        self._loading: asyncio.Task[None] | None = None
        self._stale = self._late = False
        self._listed = _PAGE
        self.new_button = Button(self.tr("New chat"), icon="plus", keys="Ctrl+N", stretch=True)
        self.new_button.clicked.connect(self.new_requested)
        self.kinds_button = IconButton("chevron-down", self.tr("New chat with an assistant"))
        self.kinds_button.clicked.connect(lambda: self.kinds_requested.emit(self.kinds_button))
        self.trash_button = Button(self.tr("Trash"), kind="quiet", size="small", icon="trash-2")
        self.trash_button.clicked.connect(self.trash_requested)
        self.search = SearchField(self.tr("Search chats"))
        self.search.textChanged.connect(lambda _text: self.refresh())
        self.search.stepped.connect(lambda _step: self.view.setFocus(Qt.FocusReason.TabFocusReason))
        self.view: _List = _List(self)
        self.view.chosen.connect(self._choose)
        self.view.renamed.connect(self._rename)
        self.view.menu_wanted.connect(self._menu)
        self.view.delete_wanted.connect(self.delete_requested)
        self.view.end_reached.connect(self._list_more)
        self.view.editing_ended.connect(self._edited)
        self.empty = Label(font="small", color="text3", wrap=True)
        self.empty.setContentsMargins(16, 8, 16, 0)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self._column = column = QVBoxLayout()
        column.setSpacing(6)
        self.set_layout(column, (0, 8, 0, 8))
        head = QVBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.setSpacing(6)
        new = QHBoxLayout()
        new.setSpacing(4)
        new.addWidget(self.new_button, 1)
        new.addWidget(self.kinds_button)
        head.addLayout(new)
        head.addWidget(self.search)
        column.addLayout(head)
        column.addWidget(self.view)
        column.addWidget(self.empty)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 0)
        foot.addWidget(self.trash_button)
        foot.addStretch(1)
        column.addLayout(foot)
        self._tell("")
        self._disconnect = services.changes.connect(self._changed)
        self.destroyed.connect(self._disconnect)

    def refresh(self) -> None:
        """Reads the list (or the search) again; several calls in a row read once."""
        self._stale = True
        if self._loading is None or self._loading.done():
            self._loading = spawn(self._load(), owner=self, name="sidebar")

    async def _load(self) -> None:
        while self._stale:
            self._stale = False
            query = self.search.text().strip()
            today = datetime.now().astimezone().date()
            if query:
                rows = hit_rows(await self._services.history.search(query), today)
                told = "" if rows else self.tr("Nothing found.")
            else:
                summaries = await self._services.history.summaries(self._listed)
                rows = list_rows(summaries, today)
                used = len(summaries) > 1 or any(summary.message_count for summary in summaries)
                first = self.tr("Your chats will be listed here. They stay in one file on this computer.")
                told = "" if used else first
            if self._stale:
                continue
            if self.view.editing:
                self._late = True
                continue  # a title is being written: the rows stay until it is
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

    def _menu(self, row: Row, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pin = self.tr("Unpin") if row.pinned else self.tr("Pin")
        menu.addAction(self.tr("Rename"), lambda: self.rename(row.id))
        menu.addAction(pin, lambda: spawn(self._services.history.pin(row.id, not row.pinned)))
        menu.addAction(self.tr("Export…"), lambda: self.export_requested.emit(row.id))
        menu.addSeparator()
        menu.addAction(self.tr("Delete"), lambda: self.delete_requested.emit(row.id))
        menu.popup(at)
