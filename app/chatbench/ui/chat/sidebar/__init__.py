"""The sidebar of the chats: new chat, search, the list by date."""

from __future__ import annotations

from chatbench.ui.chat.sidebar.sidebar import ChatSidebar

__all__ = ["ChatSidebar"]
