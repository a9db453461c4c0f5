"""One open conversation: its transcript, its composer, and what happens between them."""

from __future__ import annotations

from chatbench.ui.chat.conversation.view import ConversationView

__all__ = ["ConversationView"]
