"""What a chat hands on to the workbench: itself as a prompt, a question and its answer as a row, an answer
as a fragment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu

from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.pane import ChatWorkspace
from chatbench.ui.workbench.section import Workbench

if TYPE_CHECKING:
    from chatbench.core.datasets import Dataset


class Handing(QObject):
    """Between the chats and the workbench of one window."""

    def __init__(self, services: Services, chats: ChatWorkspace, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._services = services
        self._chats = chats
        self._workbench = workbench
        chats.prompt_wanted.connect(
            lambda conversation_id, lane_id: spawn(
                self.to_prompt(conversation_id, lane_id), owner=self, name="chat-to-prompt"
            )
        )
        chats.case_wanted.connect(
            lambda conversation_id, message_id: spawn(
                self._ask_where(conversation_id, message_id), owner=self, name="turn-to-dataset"
            )
        )

    async def to_prompt(self, conversation_id: str, lane_id: str = "") -> None:
        """A new prompt of what a lane would ask now, opened. Raises ConfigurationError where nothing was
        asked, and as PromptService.save."""
        from chatbench.services.prompts import prompt_of

        conversation = await self._services.history.load(conversation_id)
        prompt = prompt_of(conversation, lane_id)
        name = " ".join(conversation.summary.title.replace("/", " ").split())[:80]
        await self._workbench.show().filing.add_prompt(prompt, name)

    async def to_dataset(self, conversation_id: str, message_id: str, dataset: Dataset | None) -> None:
        """One more row; in a new data set without one. Raises ConfigurationError for what is no answer."""
        from chatbench.services.prompts import case_of

        conversation = await self._services.history.load(conversation_id)
        datasets = self._services.datasets
        first = next((one.name for one in dataset.columns if one.role == "input"), "") if dataset else ""
        case = case_of(conversation, message_id, variable=first or "input")
        if dataset is None:
            taken = {one.name for one in await datasets.all()}
            name = self.tr("From chats")
            dataset = await datasets.create(name if name not in taken else f"{name} {len(taken) + 1}")
        await datasets.add_row(dataset.id, case.values, case.expected)
        show = partial(self._open, dataset.id)
        words = self.tr("Added to {0}").format(dataset.name)
        self._workbench.window.notices.show_notice(words, action=(self.tr("Open"), show))

    def _open(self, dataset_id: str) -> None:
        self._workbench.show().open_dataset(dataset_id)

    async def _ask_where(self, conversation_id: str, message_id: str) -> None:
        menu = QMenu(self._chats)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Add the answer to"))
        for dataset in await self._services.datasets.all():
            name = dataset.name.replace("&", "&&")
            menu.addAction(name, partial(self._add, conversation_id, message_id, dataset))
        menu.addAction(self.tr("A new data set"), partial(self._add, conversation_id, message_id, None))
        menu.addSeparator()
        menu.addAction(self.tr("A new fragment…"), partial(self._add_fragment, conversation_id, message_id))
        menu.popup(QCursor.pos())

    def _add(self, conversation_id: str, message_id: str, dataset: Dataset | None) -> None:
        work = self.to_dataset(conversation_id, message_id, dataset)
        spawn(work, owner=self, name="turn-to-dataset")

    async def to_fragment(self, conversation_id: str, message_id: str) -> None:
        """The form of a new fragment with an answer's words, opened. Raises StorageError."""
        from chatbench.core.messages import text_of
        from chatbench.services.prompts import ANSWER

        conversation = await self._services.history.load(conversation_id)
        words = next((text_of(one.parts) for one in conversation.messages if one.id == message_id), "")
        await self._workbench.show().pages.new_fragment(words, f"{ANSWER}{message_id}")

    def _add_fragment(self, conversation_id: str, message_id: str) -> None:
        spawn(self.to_fragment(conversation_id, message_id), owner=self, name="answer-to-fragment")
