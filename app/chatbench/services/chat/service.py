"""The chat service whole."""

from __future__ import annotations

from chatbench.services.chat.gathering import Gathering
from chatbench.services.chat.queueing import Queueing
from chatbench.services.chat.rewriting import Rewriting


class ChatService(Rewriting, Gathering, Queueing):
    """Everything that goes on in conversations: sent, answered, stopped, changed, carried on."""
