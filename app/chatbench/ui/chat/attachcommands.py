"""The actions that attach something, for menus, shortcuts and the palette."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from chatbench.ui.chat.capturecommands import add_capture_actions

if TYPE_CHECKING:
    from chatbench.ui.actions import Actions
    from chatbench.ui.chat.composer.attaching import Attaching
    from chatbench.ui.chat.conversation import ConversationView


def add_attach_actions(commands: Actions, current: Callable[[], ConversationView | None]) -> None:
    """Registers them with a window; they are about the chat that is in view."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Attaching", text)

    def run(act: Callable[[Attaching], object]) -> None:
        view = current()
        if view is not None:
            act(view.composer.attaching)

    listed: tuple[tuple[str, str, Callable[[Attaching], object], str, str], ...] = (
        ("attach", tr("Attach files"), lambda one: one.choose_files(), "paperclip", "Ctrl+Shift+A"),
        ("attach-folder", tr("Attach files of a folder"), lambda one: one.choose_folder(), "folder", ""),
        ("attach-web", tr("Attach from the web…"), lambda one: one.from_web(), "globe", ""),
        ("attach-chat", tr("Attach from this chat…"), lambda one: one.from_chat(), "history", ""),
    )
    for key, text, act, icon, shortcut in listed:
        commands.add(f"chat.{key}", text, partial(run, act), icon=icon, shortcut=shortcut, place=tr("Chat"))
    add_capture_actions(commands, current)
