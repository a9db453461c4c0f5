"""The overview of a conversation's branches, from rows to a jump."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import chatting, click, finished, press, send, texts, until, write

from chatbench.core.conversations import Conversation, ConversationSummary, TreeMessage
from chatbench.core.models import ModelRef
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.branches import DEEPEST, BranchRow, branch_rows
from chatbench.ui.chat.conversation.tree import TreeDialog

Run = Callable[[Coroutine[Any, Any, None]], None]
SHIFT_CTRL = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def tree(**parents: str) -> Conversation:
    """A conversation of messages by name, each with the name of the one above it, in this order."""
    messages = tuple(
        TreeMessage(
            id=name, conversation_id="c", parent_id=parent or None, turn_id="", role="user",
            position=number, created_at=number,
        )
        for number, (name, parent) in enumerate(parents.items())
    )  # fmt: skip
    return Conversation(
        summary=ConversationSummary(id="c", title="", created_at=0, updated_at=0), messages=messages
    )


def drawn(rows: list[BranchRow]) -> list[str]:
    """The rows as a person sees them: lines that pass, the branch's beginning, the dot, the name."""
    found = []
    for row in rows:
        cells = ["|" if row.through >> column & 1 else " " for column in range(row.column)]
        if row.elbow:
            cells[-1] = "\\"
        found.append("".join(cells) + ("*" if row.on_path else "o") + row.message.id)
    return found


def test_branches_are_set_in_below_the_message_they_part_from() -> None:
    rows = branch_rows(tree(a="", b="a", c="a", d="b", e="b", f="c"), ["a", "b", "d"])
    assert drawn(rows) == ["*a", "\\oc", "|of", "*b", "\\oe", "*d"]
    by_name = {row.message.id: row for row in rows}
    assert (by_name["c"].place, by_name["c"].of, by_name["f"].of) == (2, 2, 1)
    assert rows[by_name["f"].parent].message.id == "c"
    assert (by_name["a"].above, by_name["a"].below) == (False, True)
    assert (by_name["c"].above, by_name["c"].below, by_name["f"].below) == (False, True, False)


def test_off_the_path_the_newest_goes_on_and_roots_are_branches_too() -> None:
    rows = branch_rows(tree(a="", b="", c="b", d="b"), ["a"])
    assert drawn(rows) == ["\\ob", "|\\oc", "|od", "*a"]


def test_ten_thousand_messages_in_a_line_and_ten_thousand_branches() -> None:
    line = {f"m{number}": f"m{number - 1}" if number else "" for number in range(10_000)}
    began = time.process_time()
    assert {row.column for row in branch_rows(tree(**line), ["m9999"])} == {0}
    stairs = {"r": ""} | {
        name: above
        for number in range(5_000)
        for name, above in ((f"s{number}", f"s{number - 1}" if number else "r"), (f"t{number}", "r"))
    }
    assert max(row.column for row in branch_rows(tree(**stairs), ["t4999"])) <= DEEPEST
    assert time.process_time() - began < 2.0, (
        "seconds of processor time, which a busy machine does not change"
    )


async def branched(view: ConversationView, server: LoopbackServer) -> None:
    """Two turns; the first answer was given twice."""
    server.script(*(replies.events(openai_chat.stream([{"content": one}])) for one in ("red", "blue", "why")))
    await send(view, "Colour")
    message = view.source.message(view.source.ids()[1])
    assert message is not None
    view.acts.regenerate(message)
    await until(lambda: len(view.conversation.messages) == 3, "the second answer")
    await finished(view)
    await send(view, "Why")


async def opened_tree(view: ConversationView) -> TreeDialog:
    """The overview, as its keys open it."""
    view.window().activateWindow()
    await until(view.window().isActiveWindow, "the window to be active")
    press(view.composer.editor, Qt.Key.Key_B, SHIFT_CTRL)
    await until(lambda: view.findChildren(TreeDialog), "the overview")
    (dialog,) = view.findChildren(TreeDialog)
    model = dialog.view.branches
    await until(lambda: None not in [model.words(row) for row in model.rows], "the words")
    return dialog


def told(dialog: TreeDialog) -> list[str]:
    """The rows as a screen reader reads them."""
    model = dialog.view.branches
    return [
        model.index(number).data(Qt.ItemDataRole.AccessibleTextRole) for number in range(model.rowCount())
    ]


def test_a_jump_by_key_turns_the_lane_to_that_branch(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            await branched(view, server)
            dialog = await opened_tree(view)
            assert told(dialog) == [
                "You, shown now, Colour",
                "model-a, branch 1 of 2, red",
                "model-a, branch 2 of 2, shown now, blue",
                "You, shown now, Why",
                "model-a, shown now, why",
            ]
            assert dialog.told.text() == "5 messages, 2 branches"
            here = dialog.view
            assert here.currentIndex().row() == 4
            press(here, Qt.Key.Key_Left)
            press(here, Qt.Key.Key_Left)
            assert here.currentIndex().row() == 2
            press(here, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
            assert here.currentIndex().row() == 1
            press(here, Qt.Key.Key_Return)
            await until(lambda: len(view.source.ids()) == 2, "the other branch")
            assert (await texts(view))[1] == "red"
            dialog = await opened_tree(view)
            index = dialog.view.branches.index(3)
            dialog.view.scrollTo(index)
            click(dialog.view.viewport(), dialog.view.visualRect(index).center())
            await until(lambda: len(view.source.ids()) == 4, "the first branch again")

    run_async(scenario())


def test_a_jump_beside_another_lane_moves_the_lane_that_gave_the_answer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            view.composer.lane_added.emit(ModelRef("loopback", "model-b"))
            await until(lambda: len(view.lanes.views) == 2, "the second lane")
            write(view, "Colour")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.conversation.messages) == 3, "both answers")
            await finished(view)
            first, second = view.lanes.views
            old = second.source.ids()[0]
            message = second.source.message(old)
            assert message is not None
            view.acts.regenerate(message)
            await until(lambda: second.source.ids()[0] != old, "another answer of the second")
            await finished(view)
            before = list(first.source.ids())
            dialog = await opened_tree(view)
            dialog.view.go_to(old)
            press(dialog.view, Qt.Key.Key_Return)
            await until(lambda: second.source.ids()[0] == old, "its first answer")
            assert list(first.source.ids()) == before

    run_async(scenario())
