"""Files in the messages of a conversation: seen, saved, copied, handed on, attached again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu

from chatbench.core.messages import FilePart, ImagePart, MediaPart, StoredFile
from chatbench.ui.aio import spawn
from chatbench.ui.chat.saving import save_file
from chatbench.ui.chat.transcript.boxes.attachments import words_of
from chatbench.ui.chat.transcript.boxes.base import OpenFile
from chatbench.ui.chat.viewer import open_attachment
from chatbench.ui.chat.viewer.outside import ending_for, open_outside

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.conversation.view import ConversationView


class AttachedFiles(QObject):
    """What can be done with them in one conversation."""

    def __init__(self, view: ConversationView) -> None:
        super().__init__(view)
        self._view = view
        self._services = view.services

    def listen(self, lane: LaneView) -> None:
        """Does what is asked for in a lane."""
        lane.transcript.file_opened.connect(self.open)
        lane.transcript.file_menu_opening.connect(self._add_to)

    def show_question(self, at: QPoint) -> None:
        """Lists the files of the question above the lanes, to open one."""
        spawn(self._list(at), owner=self._view, name="files-of-question")

    async def _list(self, at: QPoint) -> None:
        question = self._view.strip.question
        if question is None:
            return
        sent = await self._view.source.sent_of(question)
        media = tuple(part for part in question.parts if isinstance(part, MediaPart))
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for part in media:
            action = menu.addAction(words_of(part, sent), partial(self.open, OpenFile(part, media)))
            action.setEnabled(isinstance(part.source, StoredFile))
        menu.popup(at)

    def open(self, file: OpenFile) -> None:
        """Shows it in a window of its own."""
        open_attachment(self._services, file.part, file.siblings, self._view)

    def _add_to(self, file: OpenFile, menu: QMenu) -> None:
        part = file.part
        if not menu.isEmpty():
            menu.addSeparator()
        menu.addAction(self.tr("Open"), partial(self.open, file))
        if ending_for(part):
            menu.addAction(self.tr("Open with the system's program"), partial(self._start, "outside", part))
        menu.addAction(self.tr("Save as…"), partial(self._start, "save", part))
        if isinstance(part, ImagePart):
            menu.addAction(self.tr("Copy picture"), partial(self._start, "copy", part))
        elif isinstance(part, FilePart):
            menu.addAction(self.tr("Copy its text"), partial(self._start, "copy", part))
        menu.addAction(self.tr("Attach again"), partial(self._attach, part))

    def _start(self, act: str, part: MediaPart) -> None:
        assert isinstance(part.source, StoredFile)
        work = {
            "outside": partial(open_outside, self._services, part),
            "save": partial(
                save_file,
                self._view,
                partial(self._services.attachments.original, part.source.sha256),
                part.name,
            ),
            "copy": partial(self._copy, part),
        }[act]
        spawn(work(), owner=self._view, name=f"{act}-attachment")

    async def _copy(self, part: MediaPart) -> None:
        clipboard = QGuiApplication.clipboard()
        if isinstance(part, ImagePart):
            clipboard.setImage(QImage.fromData(await self._services.attachments.picture(part)))
        elif isinstance(part, FilePart):
            clipboard.setText(await self._services.attachments.words(part))

    def _attach(self, part: MediaPart) -> None:
        composer = self._view.composer
        composer.attachments.add_part(part)
        composer.setFocus()
