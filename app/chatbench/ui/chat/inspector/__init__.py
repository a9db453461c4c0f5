"""The inspector of the chats: what a conversation is made of, and how a message came about."""

from __future__ import annotations

from chatbench.ui.chat.inspector.conversation import ConversationInspector
from chatbench.ui.chat.inspector.frame import ChatInspector, inspector_frame
from chatbench.ui.chat.inspector.message import MessageInspector

__all__ = ["ChatInspector", "ConversationInspector", "MessageInspector", "inspector_frame"]
