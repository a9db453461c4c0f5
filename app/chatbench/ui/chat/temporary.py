"""Temporary chats: begun, said to be so, and gone when they are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout

from chatbench.ui.aio import spawn
from chatbench.ui.widgets import Label, Mark, Surface

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from chatbench.services import Services
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow

ICON: Final = "ghost"
GRACE_MS: Final = 15_000
"""So long a closed one can be opened again."""


class TemporaryChats(QObject):
    """Those of one workspace."""

    def __init__(self, services: Services, window: MainWindow, workspace: ChatWorkspace) -> None:
        super().__init__(workspace)
        self._chat = services.chat
        self._window = window
        self._workspace = workspace
        self._going: dict[str, QTimer] = {}

    def closed(self, conversation_id: str, *, blank: bool) -> None:
        """Its tab was closed: it is gone in a moment, unless it is opened again."""
        if blank:
            self._forget(conversation_id)
            return
        timer = self._going[conversation_id] = QTimer(self, singleShot=True, interval=GRACE_MS)
        timer.timeout.connect(lambda: self._forget(conversation_id))
        timer.start()
        words = self.tr("Temporary chat closed. It is gone for good in {0} seconds.")
        self._window.notices.show_notice(
            words.format(GRACE_MS // 1000),
            action=(self.tr("Undo"), lambda: self._open_again(conversation_id)),
        )

    def _open_again(self, conversation_id: str) -> None:
        timer = self._going.pop(conversation_id, None)
        if timer is not None:
            timer.stop()
            timer.deleteLater()
            self._workspace.open(conversation_id)

    def _forget(self, conversation_id: str) -> None:
        timer = self._going.pop(conversation_id, None)
        if timer is not None:
            timer.deleteLater()
        spawn(self._chat.forget(conversation_id), name="forget-temporary")


class TemporaryLine(Surface):
    """Says above a temporary chat what that means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("sunken", lines=Qt.Edge.BottomEdge, parent=parent)
        words = self.tr(
            "Temporary chat: nothing of it is written to this computer but what it costs. It is gone when "
            "you close it. Whoever runs the model still receives your words."
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        self.set_layout(row, (16, 7, 16, 7))
        row.addWidget(Mark(ICON, size=15))
        row.addWidget(Label(words, font="small", color="text2", wrap=True), 1)
