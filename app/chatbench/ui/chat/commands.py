"""The actions of the chats: what menus, shortcuts and the palette can do with the one in view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow


def add_chat_actions(workspace: ChatWorkspace, window: MainWindow) -> None:
    """Registers every action of the chats with the window."""
    tr = workspace.tr

    def add(
        key: str, text: str, do: Callable[[], object], icon: str, shortcut: str = "", listed: bool = True
    ) -> None:
        window.commands.add(
            f"chat.{key}", text, do, icon=icon, shortcut=shortcut, place=tr("Chat"), in_palette=listed
        )

    def on_view(act: Callable[[ConversationView], object]) -> Callable[[], None]:
        def run() -> None:
            view = workspace.current_view()
            if view is not None:
                act(view)

        return run

    def on_current(act: Callable[[str], object]) -> Callable[[], None]:
        return on_view(lambda view: act(view.id))

    add("new", tr("New chat"), workspace.new_chat, "plus", "Ctrl+N")
    add("close", tr("Close tab"), on_current(workspace.close_tab), "x", "Ctrl+W")
    add("find", tr("Find in this chat"), on_view(lambda view: view.open_find()), "search", "Ctrl+F")
    add("stop", tr("Stop the answer"), on_view(lambda view: view.stop()), "square", "Ctrl+.")
    add("regenerate", tr("Regenerate"), on_view(lambda v: v.regenerate_last()), "refresh-cw", "Ctrl+R")
    add("model", tr("Choose a model"), on_view(lambda v: v.composer.open_picker()), "cloud", "Ctrl+M")
    add(
        "attach",
        tr("Attach a file"),
        on_view(lambda v: v.composer.choose_files()),
        "paperclip",
        "Ctrl+Shift+A",
    )
    add("search", tr("Search chats"), workspace.focus_search, "search", "Ctrl+Shift+F")
    add("rename", tr("Rename this chat"), workspace.rename_current, "pencil")
    add("export", tr("Export this chat"), on_current(workspace.export), "download")
    add("delete", tr("Delete this chat"), on_current(workspace.delete), "trash-2")
    add("next", tr("Next tab"), partial(workspace.step_tab, 1), "", "Ctrl+Tab", listed=False)
    add("previous", tr("Previous tab"), partial(workspace.step_tab, -1), "", "Ctrl+Shift+Tab", listed=False)
