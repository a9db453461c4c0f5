"""What can be done with one attachment: see it, save it, move it, send it otherwise, take it away."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from chatbench.core.errors import StorageError
from chatbench.core.messages import MediaPart, StoredFile
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.attachment import Attachment
from chatbench.ui.chat.composer.attachments import Attachments
from chatbench.ui.chat.composer.options import FileOptions


class FileActs(QObject):
    """For one strip. ``remove_wanted(Attachment)``."""

    remove_wanted = Signal(object)

    def __init__(self, attachments: Attachments, strip: QWidget) -> None:
        super().__init__(strip)
        self._attachments = attachments
        self._strip = strip
        self.options: FileOptions | None = None
        """How one is sent, while it is shown."""

    def open(self, item: Attachment, anchor: QWidget) -> None:
        """Shows how it is sent, and in which other ways it could be."""
        if self.options is not None:
            self.options.close()
        popup = self.options = FileOptions(self._attachments, item, self._strip)
        popup.preview_wanted.connect(lambda: self.preview(item))
        popup.save_wanted.connect(lambda: self.save(item))
        popup.remove_wanted.connect(lambda: self.remove_wanted.emit(item))
        popup.closed.connect(self._closed)
        popup.open_beside(anchor, "above")

    def _closed(self) -> None:
        if self.options is not None:
            self.options.deleteLater()
            self.options = None

    def open_menu(self, item: Attachment, at: QPoint) -> None:
        """The menu under the right button."""
        menu = QMenu(self._strip)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if item.part is not None:
            menu.addAction(self.tr("Preview"), partial(self.preview, item))
            menu.addAction(self.tr("How it is sent…"), partial(self._open_at_card, item))
            menu.addAction(self.tr("Save a copy…"), partial(self.save, item))
            menu.addSeparator()
        place, count = self._attachments.items.index(item), len(self._attachments.items)
        before = menu.addAction(self.tr("Move forward"), partial(self._attachments.move, item, place - 1))
        before.setEnabled(place > 0)
        after = menu.addAction(self.tr("Move back"), partial(self._attachments.move, item, place + 1))
        after.setEnabled(place < count - 1)
        menu.addSeparator()
        menu.addAction(self.tr("Remove"), partial(self.remove_wanted.emit, item))
        menu.popup(at)

    def _open_at_card(self, item: Attachment) -> None:
        card = next(
            (one for one in self._strip.findChildren(QWidget) if getattr(one, "item", None) is item), None
        )
        if card is not None:
            self.open(item, card)

    def preview(self, item: Attachment) -> None:
        """Shows the file in a window of its own."""
        from chatbench.ui.chat.viewer import open_attachment

        if isinstance(item.part, MediaPart):
            siblings = [part for part in self._attachments.parts if isinstance(part, MediaPart)]
            open_attachment(self._attachments.services, item.part, siblings, self._strip)

    def save(self, item: Attachment) -> None:
        """Writes the file as it was attached to where the reader says."""
        spawn(self._saved(item), name="save-attachment", owner=self._strip)

    async def _saved(self, item: Attachment) -> None:
        from chatbench.ui.chat.saving import save_file

        part, services = item.part, self._attachments.services
        if not isinstance(part, MediaPart) or not isinstance(part.source, StoredFile):
            return
        read = partial(services.attachments.original, part.source.sha256)
        try:
            await save_file(self._strip.window(), read, item.name or "picture")
        except StorageError as error:
            services.notifier.error(error)
