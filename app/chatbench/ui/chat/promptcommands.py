"""The actions on saved prompts, for shortcuts and the palette."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.prompts import Prompting
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow


def add_prompt_actions(workspace: ChatWorkspace, window: MainWindow) -> None:
    """Registers them with the window."""
    tr = workspace.tr

    def add(key: str, text: str, act: Callable[[Prompting], object], icon: str) -> None:
        def run() -> None:
            view = workspace.current_view()
            if view is not None:
                act(view.prompting)

        window.commands.add(f"prompts.{key}", text, run, icon=icon, place=tr("Prompts"))

    def written() -> bool:
        view = workspace.current_view()
        return view is not None and not view.composer.editor.is_blank()

    add("all", tr("Prompts…"), lambda one: one.show_all(), "book-open")
    add("new", tr("New prompt…"), lambda one: one.create(), "plus")
    add("save", tr("Save this text as a prompt…"), lambda one: one.save_words(), "bookmark-plus")
    window.commands.offer_when("prompts.save", written)
