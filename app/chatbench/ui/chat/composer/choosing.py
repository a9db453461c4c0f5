"""The dialog that lists what is in a folder, an archive or a large drop, and lets some of it be chosen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QHeaderView, QTreeView, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.filetree import KIND, NAME, SIZE, Choice, FileTree, Listed
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import ABOUT, number, tokens
from chatbench.ui.quantities import size as size_of
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, SearchField, describe
from chatbench.ui.widgets.dialogs import fit_dialog

T = TypeVar("T")
R = TypeVar("R")
MOST_AT_ONCE: Final = 250
"""Files that are attached at the same time."""
_ALL_AT_FIRST: Final = 50
_BYTES_A_TOKEN: Final = 4
_SLICE_S: Final = 0.004
_SIZE: Final = (660, 560)
_NARROW: Final = {KIND: 96, SIZE: 80}
_WITH_KINDS: Final = 440
"""Width from which there is room for a column of kinds."""


class Listing(NamedTuple):
    """What there is, and what was left out, in words."""

    files: Sequence[Choice]
    notes: Sequence[str] = ()


Read = Callable[[Callable[[int], None]], Awaitable[Listing]]
"""Lists the files; it is given whom to tell how many it has found."""


async def in_slices(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What `work` makes of each, on this thread but never for long: a thread beside it that only computes
    would keep the window waiting for its turn again and again."""
    made: list[R] = []
    until = time.perf_counter() + _SLICE_S
    for item in items:
        made.append(work(item))
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + _SLICE_S
    return made


class FileChooser(QDialog):
    """Lists first, then lets choose. ``chosen(list of numbers)`` of the files `read` gave. It deletes
    itself, and reading ends with it."""

    chosen = Signal(object)

    def __init__(self, name: str, read: Read, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Attach files of {0}").format(name))
        self.search = SearchField(self.tr("Search names"), self)
        self.model = FileTree(self._total, self)
        self.view = _Tree(self)
        self.view.setModel(self.model)
        self.view.setAccessibleName(self.tr("Files"))
        self.notes = Label(font="small", color="text2", wrap=True)
        self.total = Label(font="small", color="text2", wrap=True)
        self.everything = Button(self.tr("Choose all"), size="small", parent=self)
        self.nothing = Button(self.tr("Choose none"), size="small", parent=self)
        self.cancel = Button(self.tr("Cancel"), parent=self)
        self.attach = Button(self.tr("Attach"), kind="primary", parent=self)
        self._lay_out()
        self._connect()
        fit_dialog(self, *_SIZE)
        self._wait(0)
        spawn(self._list(read), name="list-files", owner=self)

    def _lay_out(self) -> None:
        head = self.view.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for section in (KIND, SIZE):
            head.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
            head.resizeSection(section, theme().scaled(_NARROW[section]))
        upper = QHBoxLayout()
        upper.setSpacing(6)
        upper.addWidget(self.search, 1)
        upper.addWidget(self.everything)
        upper.addWidget(self.nothing)
        lower = QHBoxLayout()
        lower.setSpacing(6)
        lower.addWidget(self.total, 1)
        lower.addWidget(self.cancel)
        lower.addWidget(self.attach)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addLayout(upper)
        column.addWidget(self.view, 1)
        column.addWidget(self.notes)
        column.addLayout(lower)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._search)
        self.search.stepped.connect(lambda _step: self.view.setFocus(Qt.FocusReason.TabFocusReason))
        self.everything.clicked.connect(lambda: self.model.choose(self.model.shown(), True))
        self.nothing.clicked.connect(lambda: self.model.choose(self.model.shown(), False))
        self.cancel.clicked.connect(self.reject)
        self.attach.clicked.connect(self._take)
        self.view.entered_key.connect(self._take)

    def _wait(self, count: int) -> None:
        words = (
            self.tr("Being read…") if not count else self.tr("Being read: {0} files").format(number(count))
        )
        self.notes.setText(words)
        self.attach.setEnabled(False)

    async def _list(self, read: Read) -> None:
        try:
            listing = await read(self._wait)
        except ChatbenchError as error:
            self.notes.setText(f"{error.message} {error.hint}".strip())
            return
        listed = Listed()
        await in_slices(listed.add, listing.files)
        self.model.show_files(listed)
        self.model.fetchMore(QModelIndex())
        notes = [self.tr("There is no file in it.")] if not listing.files else list(listing.notes)
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))
        if len(listing.files) <= _ALL_AT_FIRST:
            self._unfold(QModelIndex())
            self.model.choose(self.model.shown(), True)
        self._total()
        self.view.setCurrentIndex(self.model.index(0, 0))
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def _unfold(self, parent: QModelIndex) -> None:
        for row in range(self.model.rowCount(parent)):
            below = self.model.index(row, 0, parent)
            self.model.fetchMore(below)
            self.view.expand(below)
            self._unfold(below)

    def _search(self, query: str) -> None:
        self.model.search(query)
        self.model.fetchMore(QModelIndex())
        self.view.setCurrentIndex(self.model.index(0, 0))

    def _total(self) -> None:
        chosen = self.model.chosen
        words = self.tr("{0} of {1} files").format(number(len(chosen)), number(len(self.model.files)))
        if chosen:
            words += f" · {left_to_right(size_of(self.model.size))}"
        if texts := self.model.text_size:
            about = left_to_right(tokens(max(1, texts // _BYTES_A_TOKEN), ABOUT))
            words += self.tr(" · {0} of text").format(about)
        self.total.setText(words)
        reason = ""
        if not chosen:
            reason = self.tr("Choose a file first.")
        elif len(chosen) > MOST_AT_ONCE:
            reason = self.tr("{0} files at most can be attached at a time.").format(number(MOST_AT_ONCE))
            self.total.setText(f"{words}. {reason}")
        self.attach.setEnabled(not reason)
        describe(self.attach, self.tr("Attach"), "Return", reason)

    def _take(self) -> None:
        if self.attach.isEnabled():
            self.chosen.emit(sorted(self.model.chosen))
            self.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take()
        else:
            super().keyPressEvent(event)


class _Tree(QTreeView):
    """Space chooses what the cursor is on; Enter takes what is chosen."""

    entered_key = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        edge = theme().icon_size(16)
        self.setIconSize(QSize(edge, edge))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setColumnHidden(KIND, self.width() < theme().scaled(_WITH_KINDS))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered_key.emit()
            return
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            at = self.currentIndex().siblingAtColumn(NAME)
            self.model().setData(at, None, Qt.ItemDataRole.CheckStateRole)
            return
        super().keyPressEvent(event)
