"""What is done with a whole conversation: into the trash with Undo, out to a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from chatbench.services.exchange import ExportFormat, file_name
from chatbench.ui.aio import spawn
from chatbench.ui.chat.saving import ask_where
from chatbench.ui.chat.sidebar import TrashDialog

if TYPE_CHECKING:
    from chatbench.services import Services
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow


class Filing(QObject):
    """Part of a workspace, told of by its window's notices."""

    def __init__(self, services: Services, window: MainWindow, workspace: ChatWorkspace) -> None:
        super().__init__(workspace)
        self._services = services
        self._window = window
        self._workspace = workspace

    def delete(self, *conversation_ids: str) -> None:
        """Into the trash, with one Undo for all."""
        spawn(self._trash(conversation_ids), owner=self, name="delete-chat")

    async def _trash(self, conversation_ids: Sequence[str]) -> None:
        for conversation_id in conversation_ids:
            self._services.chat.stop(conversation_id)
            await self._services.history.trash(conversation_id)
            await self._workspace.openings.let_go(conversation_id)
        several = self.tr("{0} chats deleted.").format(len(conversation_ids))
        self._window.notices.show_notice(
            self.tr("Chat deleted.") if len(conversation_ids) == 1 else several,
            action=(
                self.tr("Undo"),
                lambda: spawn(self._bring_back(conversation_ids), owner=self, name="restore"),
            ),
        )

    async def _bring_back(self, conversation_ids: Sequence[str]) -> None:
        for conversation_id in conversation_ids:
            await self._services.history.restore(conversation_id)
        self._workspace.open(conversation_ids[0])

    def show_trash(self) -> None:
        """What was deleted, to be brought back or deleted for good; what comes back is shown."""
        dialog = TrashDialog(self._services, self._workspace)
        dialog.restored.connect(self._workspace.open)
        dialog.open()

    def export(self, conversation_id: str) -> None:
        """Asks where to, then writes Markdown or JSON by the file's ending."""
        spawn(self._export(conversation_id), owner=self, name="export")

    async def _export(self, conversation_id: str) -> None:
        conversation = await self._services.history.outline(conversation_id)
        out = await ask_where(
            self._window,
            self.tr("Export chat"),
            file_name(conversation, "markdown"),
            [self.tr("Markdown (*.md)"), self.tr("JSON (*.json)")],
        )
        if out is None:
            return
        form: ExportFormat = "json" if out.suffix.lower() == ".json" else "markdown"
        await self._services.exchange.export(conversation_id, form, out)
        self._window.notices.show_notice(self.tr("Exported to {0}.").format(out.name), "success")
