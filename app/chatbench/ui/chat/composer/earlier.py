"""The files that were used in a chat before, to attach them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from chatbench.core.conversations import Conversation
from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import FilePart, ImagePart, MediaPart, StoredFile
from chatbench.services import Services
from chatbench.ui import icons
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.attachment import PDF
from chatbench.ui.chat.composer.sendwords import icon_of, shown_name
from chatbench.ui.quantities import size
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, describe
from chatbench.ui.widgets.dialogs import fit_dialog

_SIZE: Final = (460, 480)
_THUMB: Final = 44


class EarlierFiles(QDialog):
    """The newest first. ``chosen(list of parts)``. It deletes itself."""

    chosen = Signal(object)

    def __init__(self, services: Services, conversation_id: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._services = services
        self._parts: list[MediaPart] = []
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Attach from this chat"))
        self.list = _List(self)
        self.list.setAccessibleName(self.tr("Files of this chat"))
        edge = theme().scaled(_THUMB)
        self.list.setIconSize(QSize(edge, edge))
        self.note = Label(self.tr("Being read…"), font="small", color="text2", wrap=True)
        self.cancel = Button(self.tr("Cancel"), parent=self)
        self.attach = Button(self.tr("Attach"), kind="primary", parent=self)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.note, 1)
        row.addWidget(self.cancel)
        row.addWidget(self.attach)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        fit_dialog(self, *_SIZE)
        self.cancel.clicked.connect(self.reject)
        self.attach.clicked.connect(self._take)
        self.list.taken.connect(self._take)
        self.list.itemDoubleClicked.connect(lambda _item: self._take())
        self.list.itemSelectionChanged.connect(self._offer)
        self._offer()
        spawn(self._read(conversation_id), name="earlier-files", owner=self)

    async def _read(self, conversation_id: str) -> None:
        try:
            conversation = await self._services.history.load(conversation_id)
        except ChatbenchError as error:
            self.note.setText(error.message)
            return
        self._parts = list(files_of(conversation))
        for part in self._parts:
            row = QListWidgetItem(icons.icon(icon_of(part.name, part), "text2"), _words(part))
            row.setToolTip(part.name)
            self.list.addItem(row)
        self.note.setText("" if self._parts else self.tr("No file was used in this chat yet."))
        if self._parts:
            self.list.setCurrentRow(0)
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        for place, part in enumerate(self._parts):
            await self._draw(place, part)

    async def _draw(self, place: int, part: MediaPart) -> None:
        if not (isinstance(part, ImagePart) or part.media_type == PDF):
            return
        assert isinstance(part.source, StoredFile)
        edge = 3 * _THUMB
        try:
            data = await self._services.attachments.thumbnail(
                part.source.sha256, edge, edge, media_type=part.media_type, name=part.name
            )
        except ChatbenchError:
            # Its icon stays; attaching it tells what is wrong.
            return
        self.list.item(place).setIcon(QIcon(QPixmap.fromImage(QImage.fromData(data))))

    def _offer(self) -> None:
        chosen = bool(self.list.selectedItems())
        self.attach.setEnabled(chosen)
        describe(self.attach, self.tr("Attach"), "Return", "" if chosen else self.tr("Choose a file first."))

    def _take(self) -> None:
        rows = sorted(self.list.row(one) for one in self.list.selectedItems())
        if rows:
            self.chosen.emit([self._parts[row] for row in rows])
            self.accept()


class _List(QListWidget):
    """Enter takes what is selected."""

    taken = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUniformItemSizes(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.taken.emit()
        else:
            super().keyPressEvent(event)


def files_of(conversation: Conversation) -> Iterator[MediaPart]:
    """The stored files of its messages, the newest first, each once."""
    known: set[str] = set()
    messages = sorted(conversation.messages, key=lambda one: one.created_at, reverse=True)
    for message in messages:
        for part in message.parts:
            if not isinstance(part, MediaPart) or not isinstance(part.source, StoredFile):
                continue
            if part.source.sha256 not in known:
                known.add(part.source.sha256)
                yield part


def _words(part: MediaPart) -> str:
    facts = [size(part.size)] if part.size else []
    if isinstance(part, ImagePart):
        facts.insert(0, f"{part.width} x {part.height}")
    elif isinstance(part, FilePart) and part.page_count:
        facts.insert(0, f"{part.page_count} p.")
    return f"{shown_name(part.name)}\n{' · '.join(facts)}"
