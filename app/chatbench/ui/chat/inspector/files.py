"""The files of a message: what was sent of each, in which form, and where the provider keeps it."""

from __future__ import annotations

import asyncio
from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import FilePart, MediaPart
from chatbench.services import Services
from chatbench.services.inspect import InspectedFile, sha256_of
from chatbench.ui.aio import spawn
from chatbench.ui.chat.inspector.words import moment
from chatbench.ui.chat.viewer import open_attachment
from chatbench.ui.filefacts import facts_of, sent_words
from chatbench.ui.quantities import ABOUT, number
from chatbench.ui.widgets import Button, ElidedLabel, FactRow, Flow, Label, Section, announce

_DIGITS = 12
"""Of a SHA-256; all of it is in the tool tip."""


class FilesSection(Section):
    """Hidden where there are none."""

    def __init__(self, services: Services) -> None:
        super().__init__("")
        self.set_title(self.tr("Files"))
        self._services = services
        self._message: TreeMessage | None = None
        self._reading: asyncio.Task[None] | None = None
        self.body.setSpacing(10)
        self.hide()

    def show_message(self, message: TreeMessage | None) -> None:
        """Turns to a message."""
        self._message = message
        self._clear()
        self.hide()
        asks = message is not None and any(isinstance(part, MediaPart) for part in message.parts)
        if message is not None and (message.sent_files or asks):
            self._reading = spawn(self._show(message), owner=self, name="sent-files")

    def _clear(self) -> None:
        while (item := self.body.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()

    async def _show(self, message: TreeMessage) -> None:
        try:
            found = await self._services.inspect.files(message)
        except ChatbenchError as error:
            found, told = (), " ".join(filter(None, (error.message, error.hint)))
        else:
            told = ""
        if self._message is not message:
            return
        self._clear()
        if told:
            self.body.addWidget(Label(told, font="small", color="danger", wrap=True))
        for file in found:
            self.body.addWidget(self._made(message, file))
        self.setVisible(bool(found) or bool(told))

    def _made(self, message: TreeMessage, file: InspectedFile) -> QWidget:
        part = file.part
        box = QWidget()
        box.setAccessibleName(part.name)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(ElidedLabel(part.name or facts_of(part), weight=500))
        column.addWidget(ElidedLabel(facts_of(part), font="small", color="text3"))
        for row in self._facts(file):
            column.addWidget(row)
        column.addSpacing(6)
        column.addWidget(self._buttons(message, file))
        return box

    def _facts(self, file: InspectedFile) -> list[FactRow]:
        part, sent = file.part, file.sent
        rows = []
        if sent is not None:
            pages = part.pages if isinstance(part, FilePart) else ""
            words = sent_words(sent.form)
            told = self.tr("{0}, pages {1}").format(words, pages) if pages else words
            rows.append(FactRow(self.tr("Sent"), told))
            tokens = self.tr("not known") if file.tokens is None else ABOUT + number(file.tokens)
            rows.append(FactRow(self.tr("Tokens"), tokens))
        if sent is not None and sent.file_id:
            kept = FactRow(self.tr("Uploaded"), self._kept(file))
            kept.setToolTip(sent.file_id)
            rows.append(kept)
        digest = FactRow(self.tr("SHA-256"))
        sha256 = sha256_of(part)
        digest.set_value(f"{sha256[:_DIGITS]}…", mono=True)
        digest.setToolTip(sha256)
        rows.append(digest)
        if sent is not None and len(sent.sent) == 1 and sent.sent != (sent.original,):
            of_sent = FactRow(self.tr("SHA-256 as sent"))
            of_sent.set_value(f"{sent.sent[0][:_DIGITS]}…", mono=True)
            of_sent.setToolTip(sent.sent[0])
            rows.append(of_sent)
        return rows

    def _kept(self, file: InspectedFile) -> str:
        if file.upload is None:
            return self.tr("no longer kept")
        if file.upload.expires_at is None:
            return self.tr("kept until it is deleted")
        return self.tr("until {0}").format(moment(file.upload.expires_at))

    def _buttons(self, message: TreeMessage, file: InspectedFile) -> QWidget:
        buttons = QWidget()
        flow = Flow(buttons)
        whole = Button(self.tr("Open"), size="small")
        whole.setAccessibleName(self.tr("Open {0}").format(file.part.name))
        whole.clicked.connect(lambda: open_attachment(self._services, file.part, (file.part,), self))
        flow.addWidget(whole)
        if file.sent is not None and file.sent.form == "text":
            copy = Button(self.tr("Copy what was sent"), size="small")
            copy.setAccessibleName(self.tr("Copy what was sent of {0}").format(file.part.name))
            copy.clicked.connect(partial(self._copy, message, file))
            flow.addWidget(copy)
        elif file.shown and sha256_of(file.shown[0]) != sha256_of(file.part):
            sent = Button(self.tr("Open what was sent"), size="small")
            sent.setAccessibleName(self.tr("Open what was sent of {0}").format(file.part.name))
            sent.clicked.connect(lambda: open_attachment(self._services, file.shown[0], file.shown, self))
            flow.addWidget(sent)
        return buttons

    def _copy(self, message: TreeMessage, file: InspectedFile, _checked: bool = False) -> None:
        async def copied() -> None:
            QGuiApplication.clipboard().setText(await self._services.inspect.words_sent(message, file))
            announce(self, self.tr("Copied."))

        spawn(copied(), owner=self, name="copy-sent-words")
