"""The actions of the chats: what menus, shortcuts and the palette can do with the one in view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from chatbench.core.conversations import TreeMessage
    from chatbench.ui.chat.conversation import ConversationView
    from chatbench.ui.chat.conversation.lane import LaneView
    from chatbench.ui.chat.pane import ChatWorkspace
    from chatbench.ui.window import MainWindow

Do = TypeVar("Do")
Act = Callable[[], object]
OnView = Callable[["ConversationView"], object]
OnAnswer = Callable[["ConversationView", "LaneView", "TreeMessage"], object]


class _Entry(NamedTuple, Generic[Do]):
    """An action: its id without "chat.", its name, what it does, its icon and its keys."""

    key: str
    text: str
    do: Do
    icon: str
    keys: str = ""


def add_chat_actions(workspace: ChatWorkspace, window: MainWindow) -> None:
    """Registers every action of the chats with the window."""
    place = workspace.tr("Chat")

    def add(entry: _Entry[Do], do: Act) -> None:
        window.commands.add(
            f"chat.{entry.key}", entry.text, do, icon=entry.icon, shortcut=entry.keys, place=place
        )

    for one in _of_window(workspace):
        add(one, one.do)
    for seen in _of_view(workspace):
        add(seen, partial(_on_view, workspace, seen.do))
    for told in _of_answer(workspace):
        add(told, partial(_on_view, workspace, partial(_on_answer, told.do)))
    window.commands.offer_when("chat.outline", partial(_has_outline, workspace))
    if workspace.inspector is not None:
        workspace.inspector.context_wanted.connect(window.commands["chat.context"].trigger)


def _of_window(workspace: ChatWorkspace) -> list[_Entry[Act]]:
    tr, listed, assistants = workspace.tr, workspace.listed, workspace.assistants
    return [
        _Entry("new", tr("New chat"), workspace.new_chat, "plus", "Ctrl+N"),
        _Entry("temporary", tr("New temporary chat"), workspace.new_temporary, "ghost", "Ctrl+Shift+P"),
        _Entry("search", tr("Search chats"), listed.search, "search", "Ctrl+Shift+F"),
        _Entry("rename", tr("Rename this chat"), listed.rename_current, "pencil"),
        _Entry("trash", tr("Trash"), workspace.filing.show_trash, "trash-2"),
        _Entry("save-assistant", tr("Save this chat as an assistant…"), assistants.save_current, "bot"),
        _Entry("assistants", tr("Assistants…"), assistants.show_all, "users"),
    ]


def _of_view(workspace: ChatWorkspace) -> list[_Entry[OnView]]:
    """What is done with the chat in view."""
    tr, filing = workspace.tr, workspace.filing
    add, add_answer = tr("Add without sending"), tr("Add as an answer")
    add_everywhere, edit = tr("Add to all lanes without sending"), tr("Edit the question")
    quote, undo, sent = tr("Quote the selection"), tr("Undo the last deletion"), tr("What will be sent…")
    branches = tr("All branches…")
    return [
        _Entry("close", tr("Close tab"), lambda v: workspace.close_tab(v.id), "x", "Ctrl+W"),
        _Entry("find", tr("Find in this chat"), lambda v: v.open_find(), "search", "Ctrl+F"),
        _Entry("stop", tr("Stop the answer"), lambda v: v.stop(), "square", "Ctrl+."),
        _Entry("regenerate", tr("Regenerate"), lambda v: v.acts.regenerate_last(), "refresh-cw", "Ctrl+R"),
        _Entry("model", tr("Choose a model"), lambda v: v.composer.open_picker(), "cloud", "Ctrl+M"),
        _Entry("leaderboard", tr("Leaderboard"), lambda v: v.compare.show_leaderboard(), "trophy"),
        _Entry("export", tr("Export this chat"), lambda v: filing.export(v.id), "download"),
        _Entry("delete", tr("Delete this chat"), lambda v: filing.delete(v.id), "trash-2"),
        _Entry("add", add, lambda v: v.acts.add_draft("user"), "message-square-plus"),
        _Entry("add-answer", add_answer, lambda v: v.acts.add_draft("assistant"), "pencil-line"),
        _Entry(
            "add-everywhere", add_everywhere, lambda v: v.acts.add_draft("user", everywhere=True),
            "message-square-plus",
        ),
        _Entry("edit-question", edit, lambda v: v.edits.edit_in_view(v.lanes.current), "pencil"),
        _Entry(
            "quote", quote, lambda v: v.acts.quote_selection(v.lanes.current), "text-quote", "Ctrl+Shift+Q"
        ),
        _Entry("tree", branches, lambda v: v.acts.show_tree(v.lanes.current), "list-tree", "Ctrl+Shift+B"),
        _Entry("context", sent, lambda v: v.acts.show_context(), "layers", "Ctrl+Shift+U"),
        _Entry("undo-delete", undo, lambda v: v.acts.undo_delete(), "undo-2", "Ctrl+Alt+Z"),
        _Entry("branch-back", tr("Previous branch"), partial(_step_branch, -1), "chevron-left", "Alt+Left"),
        _Entry("branch-on", tr("Next branch"), partial(_step_branch, 1), "chevron-right", "Alt+Right"),
    ]  # fmt: skip


def _of_answer(workspace: ChatWorkspace) -> list[_Entry[OnAnswer]]:
    """What is done with the answer the reader looks at."""
    tr = workspace.tr
    other_model, otherwise = tr("Regenerate with another model…"), tr("Regenerate with other parameters…")
    go_on, edit, fork = tr("Continue the answer"), tr("Edit the answer"), tr("Fork to a new chat")
    outline, leave_out = tr("Outline of the answer…"), tr("Leave out of what is sent")
    return [
        _Entry("regenerate-model", other_model, lambda v, _, m: v.acts.regenerate_with(m), "refresh-cw"),
        _Entry(
            "regenerate-parameters", otherwise, lambda v, _, m: v.acts.regenerate_otherwise(m),
            "sliders-horizontal", "Ctrl+Shift+R",
        ),
        _Entry("continue", go_on, lambda v, lane, m: v.acts.go_on(lane, m), "step-forward"),
        _Entry("edit-answer", edit, lambda v, lane, m: v.edits.rewrite(lane, m), "pencil"),
        _Entry("fork", fork, lambda v, lane, m: v.acts.fork(lane, m), "git-fork"),
        _Entry(
            "outline", outline, lambda v, lane, m: v.acts.show_outline(lane, m),
            "table-of-contents", "Ctrl+Shift+H",
        ),
        _Entry("leave-out", leave_out, lambda v, _, m: v.acts.leave_out(m), "eye-off"),
        _Entry(
            "summarise", tr("Summarise up to here…"), lambda v, _, m: v.acts.summarise(m.id), "list-collapse"
        ),
    ]  # fmt: skip


def _on_view(workspace: ChatWorkspace, act: OnView) -> None:
    view = workspace.current_view()
    if view is not None:
        act(view)


def _on_answer(act: OnAnswer, view: ConversationView) -> None:
    lane = view.lanes.current
    message = view.acts.answer_meant(lane)
    if message is not None:
        act(view, lane, message)


def _step_branch(by: int, view: ConversationView) -> None:
    view.transcript.keyboard.step_branch(by)


def _has_outline(workspace: ChatWorkspace) -> bool:
    view = workspace.current_view()
    return view is not None and view.acts.has_outline(view.lanes.current)
