"""The sidebar of the chats: new chat, search, the list by date."""

from __future__ import annotations

from chatbench.ui.chat.sidebar.sidebar import ChatSidebar
from chatbench.ui.chat.sidebar.trash import TrashDialog

__all__ = ["ChatSidebar", "TrashDialog"]
