"""The dialog that attaches what is at an address of the web."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError, PasswordNeeded
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.attachments import Attachments
from chatbench.ui.chat.composer.files import bare_address
from chatbench.ui.chat.picker.rows import left_to_right
from chatbench.ui.quantities import size
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, LineField, announce, describe

if TYPE_CHECKING:
    import asyncio

_WIDTH: Final = 460


class WebDialog(QDialog):
    """An address, Attach, and below them how far it is or what went wrong. Closing it ends the fetching.
    It deletes itself."""

    def __init__(self, attachments: Attachments, conversation_id: str, address: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._attachments = attachments
        self._conversation_id = conversation_id
        self._task: asyncio.Task[None] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Attach from the web"))
        self.address = LineField(
            address or bare_address(QGuiApplication.clipboard().text()[:3000]),
            name=self.tr("Address"),
            mono=True,
            parent=self,
        )
        self.address.setPlaceholderText(self.tr("https://…"))
        self.note = Label(font="small", color="text2", wrap=True)
        self.cancel = Button(self.tr("Cancel"), parent=self)
        self.attach = Button(self.tr("Attach"), kind="primary", parent=self)
        self._lay_out(parent)
        self.address.textChanged.connect(self._judge)
        self.address.returnPressed.connect(self._fetch)
        self.attach.clicked.connect(self._fetch)
        self.cancel.clicked.connect(self._cancel)
        self._judge()
        self.address.selectAll()

    def _lay_out(self, parent: QWidget) -> None:
        self.setMinimumWidth(min(theme().scaled(_WIDTH), parent.width() - 32))
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.attach)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(Label(self.tr("A file, a picture or a page on the web"), color="text2", wrap=True))
        column.addWidget(self.address)
        column.addWidget(self.note)
        column.addLayout(row)

    def _judge(self) -> None:
        self._say(self.tr("It is fetched by this program, without your passwords and cookies."))
        ready = bool(bare_address(self.address.text()))
        self.attach.setEnabled(ready)
        describe(
            self.attach,
            self.tr("Attach"),
            "Return",
            "" if ready else self.tr("Give an address that begins with https://."),
        )

    def _say(self, words: str, *, problem: bool = False) -> None:
        self.note.set_color("danger" if problem else "text2")
        self.note.setText(words)
        if problem:
            announce(self.note, words)

    def _fetch(self) -> None:
        if self.attach.isEnabled():
            self._set_busy(True)
            self._task = spawn(self._fetched(bare_address(self.address.text())), name="fetch", owner=self)

    def _set_busy(self, busy: bool) -> None:
        self.attach.setEnabled(not busy)
        self.attach.set_busy(busy)
        self.address.setReadOnly(busy)
        if busy:
            self._say(self.tr("Asking…"))

    async def _fetched(self, url: str) -> None:
        try:
            part = await self._attachments.services.attachments.attach_url(
                url, None, conversation_id=self._conversation_id, on_progress=self._progressed
            )
        except PasswordNeeded:
            # Its card asks for the password.
            self._attachments.add_address(url, url.rpartition("/")[2] or url)
        except ChatbenchError as error:
            self._set_busy(False)
            self._say(f"{error.message} {error.hint}".strip(), problem=True)
            self.address.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        else:
            self._attachments.add_part(part)
        self.accept()

    def _progressed(self, done: int, total: int) -> None:
        came = left_to_right(size(done))
        if total:
            came = self.tr("{0} of {1}").format(came, left_to_right(size(total)))
        self._say(came)

    def _cancel(self) -> None:
        """First what is under way, then the dialog."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            self._set_busy(False)
            self._judge()
        else:
            self.reject()
