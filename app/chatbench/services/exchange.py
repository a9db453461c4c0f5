"""Getting conversations out."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Literal

from chatbench.core.blind import hides_names, unnamed
from chatbench.core.conversations import Conversation
from chatbench.formats.conversation_json import (
    answer_object,
    iso,
    response_object,
    summary_object,
    to_json,
)
from chatbench.formats.conversation_markdown import to_markdown
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.ratings import RatingStore
from chatbench.storage.textfiles import replace_file

__all__ = [
    "SUFFIXES", "ExchangeService", "ExportFormat", "answer_object", "file_name", "iso",
    "response_object", "summary_object",
]  # fmt: skip

ExportFormat = Literal["markdown", "json"]
SUFFIXES: dict[ExportFormat, str] = {"markdown": ".md", "json": ".json"}


class ExchangeService:
    """Writes conversations in formats other programs read."""

    def __init__(self, store: ConversationStore, ratings: RatingStore) -> None:
        self._store = store
        self._ratings = ratings

    async def text(self, conversation_id: str, form: ExportFormat) -> str:
        """The export as text; without models where they are not to be named. Raises StorageError where
        there is no such conversation."""
        conversation = await self._store.load(conversation_id)
        if hides_names(conversation, await self._ratings.of_conversation(conversation_id)):
            conversation = unnamed(conversation)
        return to_json(conversation) if form == "json" else to_markdown(conversation)

    async def export(self, conversation_id: str, form: ExportFormat, out: Path) -> None:
        """Writes the file as a whole or not at all. Raises StorageError, DiskFull, ReadOnly."""
        text = await self.text(conversation_id, form)
        await asyncio.to_thread(replace_file, out, text.encode())


def file_name(conversation: Conversation, form: ExportFormat) -> str:
    """A safe file name from the title."""
    title = re.sub(r"[^\w\- ]+", " ", conversation.summary.title)
    name = " ".join(title.split())[:80].strip(" .") or "conversation"
    return f"{name}{SUFFIXES[form]}"
