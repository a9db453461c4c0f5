"""The place of the chats on the rail. What is in it is imported when it is first shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from chatbench.ui.window.panes import PaneSpec

if TYPE_CHECKING:
    from chatbench.ui.window.panes import Builder


def chats_spec(build: Builder) -> PaneSpec:
    """The section's place at the top of the rail."""
    title = QCoreApplication.translate("ChatWorkspace", "Chats")
    return PaneSpec("chats", title, "messages-square", build)
