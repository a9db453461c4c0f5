"""The actions of the chats: what menus, shortcuts and the palette can do with the one in view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chatbench.core.conversations import TreeMessage
    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow


OnView = Callable[[Callable[["ConversationView"], object]], Callable[[], None]]


class Add(Protocol):
    """Registers one action of the chats."""

    def __call__(
        self,
        key: str,
        text: str,
        do: Callable[[], object],
        icon: str,
        shortcut: str = "",
        listed: bool = True,
    ) -> None: ...


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
    add("temporary", tr("New temporary chat"), workspace.new_temporary, "ghost", "Ctrl+Shift+P")
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
    add("leaderboard", tr("Leaderboard"), on_view(lambda v: v.compare.show_leaderboard()), "trophy")
    add("search", tr("Search chats"), workspace.focus_search, "search", "Ctrl+Shift+F")
    add("rename", tr("Rename this chat"), workspace.rename_current, "pencil")
    add("export", tr("Export this chat"), on_current(workspace.filing.export), "download")
    add("delete", tr("Delete this chat"), on_current(workspace.filing.delete), "trash-2")
    _add_message_actions(workspace, add, on_view)
    window.commands.offer_when("chat.outline", partial(_has_outline, workspace))
    if workspace.inspector is not None:
        workspace.inspector.context_wanted.connect(window.commands["chat.context"].trigger)
    add("trash", tr("Trash"), workspace.filing.show_trash, "trash-2")
    add(
        "save-assistant",
        tr("Save this chat as an assistant…"),
        workspace.assistants.save_current,
        "bot",
    )
    add("assistants", tr("Assistants…"), workspace.assistants.show_all, "users")
    add("next", tr("Next tab"), partial(workspace.step_tab, 1), "", "Ctrl+Tab", listed=False)
    add("previous", tr("Previous tab"), partial(workspace.step_tab, -1), "", "Ctrl+Shift+Tab", listed=False)


def _add_message_actions(workspace: ChatWorkspace, add: Add, on_view: OnView) -> None:
    """What can be done with the answer the reader looks at."""
    tr = workspace.tr

    def on_answer(
        act: Callable[[ConversationView, LaneView, TreeMessage], object],
    ) -> Callable[[], None]:
        def run(view: ConversationView) -> None:
            lane = view.lanes.current
            message = view.acts.answer_meant(lane)
            if message is not None:
                act(view, lane, message)

        return on_view(run)

    def step(by: int) -> Callable[[], None]:
        return on_view(lambda view: view.transcript.keyboard.step_branch(by))

    other_model = tr("Regenerate with another model…")
    other_parameters = tr("Regenerate with other parameters…")
    add("regenerate-model", other_model, on_answer(lambda v, _, m: v.acts.regenerate_with(m)), "refresh-cw")
    add(
        "regenerate-parameters",
        other_parameters,
        on_answer(lambda v, _, m: v.acts.regenerate_otherwise(m)),
        "sliders-horizontal",
        "Ctrl+Shift+R",
    )
    add(
        "continue", tr("Continue the answer"), on_answer(lambda v, la, m: v.acts.go_on(la, m)), "step-forward"
    )
    add("add", tr("Add without sending"), on_view(lambda v: v.add_draft("user")), "message-square-plus")
    add("add-answer", tr("Add as an answer"), on_view(lambda v: v.add_draft("assistant")), "pencil-line")
    add(
        "add-everywhere",
        tr("Add to all lanes without sending"),
        on_view(lambda v: v.add_draft("user", everywhere=True)),
        "message-square-plus",
    )
    add(
        "edit-question",
        tr("Edit the question"),
        on_view(lambda v: v.edits.edit_in_view(v.lanes.current)),
        "pencil",
    )
    add("edit-answer", tr("Edit the answer"), on_answer(lambda v, la, m: v.edits.rewrite(la, m)), "pencil")
    add(
        "quote",
        tr("Quote the selection"),
        on_view(lambda v: v.acts.quote_selection(v.lanes.current)),
        "text-quote",
        "Ctrl+Shift+Q",
    )
    add("fork", tr("Fork to a new chat"), on_answer(lambda v, la, m: v.acts.fork(la, m)), "git-fork")
    add(
        "tree",
        tr("All branches…"),
        on_view(lambda v: v.acts.show_tree(v.lanes.current)),
        "list-tree",
        "Ctrl+Shift+B",
    )
    add(
        "outline",
        tr("Outline of the answer…"),
        on_answer(lambda v, la, m: v.acts.show_outline(la, m)),
        "table-of-contents",
        "Ctrl+Shift+H",
    )
    add("context", tr("What will be sent…"), on_view(lambda v: v.show_context()), "layers", "Ctrl+Shift+U")
    add(
        "leave-out",
        tr("Leave out of what is sent"),
        on_answer(lambda v, _, m: v.acts.leave_out(m)),
        "eye-off",
    )
    add(
        "summarise",
        tr("Summarise up to here…"),
        on_answer(lambda v, _, m: v.acts.summarise(m.id)),
        "list-collapse",
    )
    add(
        "undo-delete",
        tr("Undo the last deletion"),
        on_view(lambda v: v.acts.undo_delete()),
        "undo-2",
        "Ctrl+Alt+Z",
    )
    add("branch-back", tr("Previous branch"), step(-1), "chevron-left", "Alt+Left")
    add("branch-on", tr("Next branch"), step(1), "chevron-right", "Alt+Right")


def _has_outline(workspace: ChatWorkspace) -> bool:
    view = workspace.current_view()
    return view is not None and view.acts.has_outline(view.lanes.current)
