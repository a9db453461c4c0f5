"""What a person has thrown away and can still take back."""

from __future__ import annotations

from typing import Literal

import msgspec

from chatbench.core.conversations import ConversationSummary
from chatbench.core.models import ModelRef


class TrashedConversation(msgspec.Struct, frozen=True, kw_only=True):
    """`trashed_at` is UTC milliseconds."""

    summary: ConversationSummary
    trashed_at: int


class TrashedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message deleted from a conversation that is not in the trash itself: how it begins, as it
    was written, and the title of where it stood. `deleted_at` is UTC milliseconds."""

    id: str
    conversation_id: str
    title: str
    role: Literal["user", "assistant"]
    model: ModelRef | None
    beginning: str
    deleted_at: int


class Trash(msgspec.Struct, frozen=True, kw_only=True):
    """Each newest first."""

    conversations: tuple[TrashedConversation, ...] = ()
    messages: tuple[TrashedMessage, ...] = ()
