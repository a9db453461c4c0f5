"""The request behind an answer: shown raw, copied as a curl command or a Python program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE
from chatbench.services import Services
from chatbench.services.inspect import RawRequest
from chatbench.ui.aio import spawn
from chatbench.ui.widgets import Button, Card, Flow, Label, RawText, Section, announce


class RequestSection(Section):
    """Built when it is opened and in view; the key is never part of it."""

    def __init__(self, services: Services) -> None:
        super().__init__("", is_open=False)
        self.set_title(self.tr("Request"))
        self._services = services
        self._message: TreeMessage | None = None
        self._made: RawRequest | None = None
        self._reading: asyncio.Task[None] | None = None
        self.copy_raw = Button(self.tr("Raw"), icon="braces", size="small")
        self.copy_curl = Button(self.tr("Copy as curl"), icon="terminal", size="small")
        self.copy_python = Button(self.tr("Python"), icon="code-xml", size="small")
        for button, name in (
            (self.copy_raw, self.tr("Copy the raw request")),
            (self.copy_curl, self.tr("Copy as curl")),
            (self.copy_python, self.tr("Copy as Python")),
        ):
            button.setAccessibleName(name)
            button.setToolTip(name)
        self.copy_raw.clicked.connect(lambda: self._copy(RawRequest.text))
        self.copy_curl.clicked.connect(lambda: self._copy(RawRequest.curl))
        self.copy_python.clicked.connect(lambda: self._copy(RawRequest.python))
        self._buttons = QWidget()
        flow = Flow(self._buttons)
        for button in (self.copy_raw, self.copy_curl, self.copy_python):
            flow.addWidget(button)
        self._text = RawText(self.tr("The request, without the key"), most_lines=24)
        self._card = Card(fill="page")
        inner = QVBoxLayout(self._card)
        inner.setContentsMargins(10, 8, 10, 8)
        inner.addWidget(self._text)
        self._told = Label(font="small", color="text3", wrap=True)
        self.body.setSpacing(6)
        self.body.addWidget(self._buttons)
        self.body.addWidget(self._card)
        self.body.addWidget(self._told)
        self.toggled.connect(lambda _open: self._read())
        self.hide()

    def show_message(self, message: TreeMessage | None) -> None:
        """Turns to an answer; hidden for what no provider was asked for."""
        self._message = message
        self._made = None
        asked = message is not None and message.role == "assistant"
        self.setVisible(asked and message is not None and message.model not in {None, GUIDE})
        for widget in (self._buttons, self._card, self._told):
            widget.hide()
        self._read()

    def _read(self) -> None:
        if self._message is not None and self._made is None and self.is_open() and self.isVisible():
            self._reading = spawn(self._show(self._message), name="raw-request")

    async def _show(self, message: TreeMessage) -> None:
        try:
            made = await self._services.inspect.request(message)
        except ChatbenchError as error:
            self._told.setText(" ".join(filter(None, (error.message, error.hint))))
            self._told.show()
            return
        if made is None or self._message is None or self._message.id != message.id:
            return
        self._made = made
        self._text.set_text(made.text())
        words = self.tr("As it would be sent now; ${0} stands for the key.")
        self._told.setText(words.format(made.variable))
        for widget in (self._buttons, self._card, self._told):
            widget.show()

    def _copy(self, written: Callable[[RawRequest], str]) -> None:
        if self._made is not None:
            QGuiApplication.clipboard().setText(written(self._made))
            announce(self, self.tr("Copied."))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read()
