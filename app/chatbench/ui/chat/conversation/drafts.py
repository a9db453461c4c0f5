"""The words of one chat that are not sent yet: kept on the disk, set aside, taken and given back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from chatbench.core.conversations import Conversation, Draft
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer import Composer

DELAY_MS = 600


class Drafts(QObject):
    """The draft, and beside it the edit of a sent message that is under way.

    Both are kept a moment after the last key. ``edit_returned(Draft)``: an edit was not sent, and is to
    be shown again.
    """

    edit_returned = Signal(object)

    def __init__(self, services: Services, composer: Composer, conversation_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self._history = services.history
        self._composer = composer
        self._id = conversation_id
        self.edit = Draft()
        """The edit under way; without `edits` there is none."""
        self._kept = {False: Draft(), True: Draft()}
        """What is on the disk: the draft, and (True) the edit."""
        self.sending: asyncio.Task[None] | None = None
        """What is being written instead of kept. It ends in `sent` or `give_back`."""
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(lambda: spawn(self.save(), owner=self, name="save-draft"))
        composer.draft_changed.connect(self.save_soon)

    def open(self, conversation: Conversation) -> None:
        """Shows what was kept."""
        self._kept = {False: conversation.draft, True: conversation.edit}
        self._composer.set_draft(conversation.draft)
        if conversation.edit.edits is not None:
            self.edit = conversation.edit
            self.edit_returned.emit(conversation.edit)

    @property
    def blank(self) -> bool:
        """Nothing is written here."""
        return all(draft == Draft() for _, draft in self._written())

    def unsent(self) -> Draft:
        """What would be sent now."""
        return self._composer.draft()

    def keep_edit(self, draft: Draft) -> None:
        """The edit under way is this now; one without `edits` ends it."""
        self.edit = draft
        self.save_soon()

    def take_edit(self) -> None:
        """The edit is to be sent: nothing is kept of it until it comes back."""
        self.edit = Draft()

    def take(self) -> Draft:
        """What is to be sent; it leaves the composer."""
        draft = self.unsent()
        self._composer.set_draft(Draft())
        return draft

    def give_back(self, draft: Draft) -> None:
        """It was not sent: it stands in the composer again, before what was written since, or where its
        message is edited."""
        if draft.edits is not None:
            self.keep_edit(draft)
            self.edit_returned.emit(draft)
        else:
            self._composer.set_draft(_joined(draft, self._composer.draft()))
        self.save_soon()

    def sent(self, draft: Draft) -> None:
        """It was sent, and is a draft no more."""
        self._kept[draft.edits is not None] = Draft()
        self.save_soon()

    def save_soon(self) -> None:
        """Keeps what is written when nothing more was written for a moment."""
        self._timer.start()

    async def save(self) -> None:
        """Keeps what is written, also what is being written meanwhile. Raises StorageError."""
        while isValid(self):
            self._timer.stop()
            if self.sending is not None and not self.sending.done():
                await asyncio.wait({self.sending})
                continue
            changed = next((one for one in self._written() if one[1] != self._kept[one[0]]), None)
            if changed is None:
                return
            edit, draft = changed
            await self._history.save_draft(self._id, draft, edit=edit)
            self._kept[edit] = draft

    def _written(self) -> Iterator[tuple[bool, Draft]]:
        yield False, self._composer.draft()
        yield True, self.edit


def _joined(first: Draft, second: Draft) -> Draft:
    text = "\n\n".join(filter(None, (first.text, second.text)))
    attachments = (*first.attachments, *second.attachments)
    system = first.system or second.system
    return Draft(text=text, attachments=attachments, system=system, unread=(*first.unread, *second.unread))
