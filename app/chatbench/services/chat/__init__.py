"""Conversations going on: sent, answered, stopped, changed, carried on elsewhere."""

from chatbench.services.chat.service import ChatService
from chatbench.services.turns import STREAMED, How, Turn

__all__ = ["STREAMED", "ChatService", "How", "Turn"]
