"""The chat service whole."""

from __future__ import annotations

from chatbench.services.chat.rewriting import Rewriting


class ChatService(Rewriting):
    """Everything that goes on in conversations: sent, answered, stopped, changed, carried on."""
