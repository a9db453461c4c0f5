"""What will be sent: shown part by part, left out, summarised, and everything taken back."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import chatting, click, press, send, until, write

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.sent import SentDialog
from chatbench.ui.chat.conversation.summarising import SummariseDialog
from chatbench.ui.chat.inspector.context import check_rect
from chatbench.ui.session import Session
from chatbench.ui.widgets import FactRow

Run = Callable[[Coroutine[Any, Any, None]], None]
SHIFT_CTRL = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def answer(text: str) -> replies.Reply:
    """A whole answer of these words."""
    return replies.events(openai_chat.stream([{"content": text}]))


async def opened_dialog(view: ConversationView) -> SentDialog:
    """What will be sent, as its keys open it."""
    view.window().activateWindow()
    await until(view.window().isActiveWindow, "the window to be active")
    view.composer.setFocus()
    press(view.composer.editor, Qt.Key.Key_U, SHIFT_CTRL)
    await until(lambda: view.findChildren(SentDialog), "the dialog")
    (dialog,) = view.findChildren(SentDialog)
    await until(lambda: dialog.list.context.items, "its items")
    return dialog


def told(dialog: SentDialog) -> list[tuple[str, str, str]]:
    """Kind, words and why not, item by item."""
    return [(item.kind, item.text, item.why) for item in dialog.list.context.items]


def sent_words(server: LoopbackServer) -> list[str]:
    """What the last request said."""
    return [one["content"] for one in server.asked[-1].json["messages"]]


def notes(view: ConversationView, index: int) -> str:
    """What stands beside the time of a message."""
    item = view.transcript.stack.item(index)
    assert item is not None
    return item.notes()


def facts(session: Session) -> list[str]:
    """The rows of the inspector's context."""
    inspector = session.workspace.inspector
    assert inspector is not None
    section = inspector.conversation._context_section
    return [row.accessibleName() for row in section.findChildren(FactRow) if row.isVisible()]


def test_the_dialog_shows_what_is_sent_and_leaves_out_by_box_and_by_key(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            server.script(answer("red"), answer("blue"))
            await send(view, "One")
            await send(view, "Two")
            write(view, "Three")
            dialog = await opened_dialog(view)
            plain = [("One", ""), ("red", ""), ("Two", ""), ("blue", ""), ("Three", "")]
            assert [(text, why) for _, text, why in told(dialog)] == plain
            assert dialog.list.currentIndex().row() == 4
            assert not dialog.leave_out.isEnabled(), "the draft is what is asked"
            spoken = dialog.list.context.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
            assert spoken.startswith("Answer, sent, ≈ ")

            rows = dialog.list
            index = rows.context.index(3)
            click(rows.viewport(), check_rect(rows.visualRect(index), rows.layoutDirection()).center())
            await until(lambda: told(dialog)[3][2] == "person", "the answer to be left out")
            press(rows, Qt.Key.Key_Up)
            press(rows, Qt.Key.Key_Space)
            await until(lambda: told(dialog)[2][2] == "person", "its question to be left out")
            assert dialog.leave_out.label() == "Send it again"
            await until(lambda: notes(view, 2) == "not sent", "the note on the question")
            press(rows, Qt.Key.Key_Escape)
            await send(view, "")
            assert sent_words(server) == ["One", "red", "Three"]

            dialog = await opened_dialog(view)
            dialog.list.setCurrentIndex(dialog.list.context.index(2))
            click(dialog.leave_out)
            await until(lambda: told(dialog)[2][2] == "", "it to be sent again")
            dialog.reject()
            await until(lambda: notes(view, 2) == "", "no note")

    run_async(scenario())


def test_a_summary_stands_for_the_beginning_and_is_withdrawn(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.window.set_inspector_open(True)
            server.script(answer("red"), answer("blue"), answer("They named colours."), answer("green"))
            await send(view, "One")
            await send(view, "Two")
            assert session.workspace.inspector is not None
            click(session.workspace.inspector.conversation.context_button)
            await until(lambda: view.findChildren(SentDialog), "the dialog")
            (dialog,) = view.findChildren(SentDialog)
            await until(lambda: len(dialog.list.context.items) == 4, "its items")
            dialog.list.setCurrentIndex(dialog.list.context.index(1))
            click(dialog.summarise)
            await until(lambda: view.findChildren(SummariseDialog), "the question which model")
            (asking,) = view.findChildren(SummariseDialog)
            assert asking.focusWidget() is asking.write, "Enter summarises"
            assert asking.model.label() == "model-a"
            await until(lambda: asking.estimate.text().startswith("reads ≈ "), "what it would take")
            click(asking.write)
            await until(lambda: [kind for kind, _, _ in told(dialog)].count("summary") == 1, "the summary")
            assert told(dialog) == [
                ("message", "One", "summarised"),
                ("message", "red", "summarised"),
                ("summary", "They named colours.", ""),
                ("message", "Two", ""),
                ("message", "blue", ""),
            ]
            assert len(view.source.ids()) == 4, "nothing is deleted"
            await until(lambda: notes(view, 1) == "in the summary", "the note")
            await until(lambda: "Not sent: 2 messages" in facts(session), "the inspector")
            assert any(one.startswith("Summary: ≈ ") for one in facts(session))
            dialog.reject()
            await send(view, "Three")
            first, *rest = sent_words(server)
            assert "They named colours." in first
            assert first.endswith("Two")
            assert rest == ["blue", "Three"]
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: notes(view, 1) == "", "the summary to be withdrawn")

    run_async(scenario())


def test_a_summary_that_fails_says_why_and_changes_nothing(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            server.script(answer("red"), replies.data({"error": {"message": "no"}}, 400))
            await send(view, "One")
            message = view.source.ids()[1]
            view.acts.summarise(message)
            (asking,) = view.findChildren(SummariseDialog)
            click(asking.write)
            await until(asking.problem.isVisible, "the reason")
            assert asking.problem.text()
            assert not asking.write.busy
            click(asking.cancel)
            assert not view.marks

    run_async(scenario())


def test_one_file_is_left_out_by_its_box(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    """The question it belongs to is sent without it, and says so to whoever cannot see."""

    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            for name in ("one.txt", "two.txt"):
                (tmp_path / name).write_text(f"the words of {name}", encoding="utf-8")
            session.workspace.attach([tmp_path / "one.txt", tmp_path / "two.txt"])
            await until(lambda: len(view.composer.attachments.parts) == 2, "the files")
            server.script(answer("red"), answer("blue"))
            await send(view, "Compare")
            dialog = await opened_dialog(view)
            assert [(kind, text) for kind, text, _ in told(dialog)][:2] == [
                ("attachment", "one.txt"), ("attachment", "two.txt"),
            ]  # fmt: skip
            spoken = dialog.list.context.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
            assert spoken.startswith("Attachment, as text, sent, ≈ ")
            rows = dialog.list
            index = rows.context.index(0)
            click(rows.viewport(), check_rect(rows.visualRect(index), rows.layoutDirection()).center())
            await until(lambda: told(dialog)[0][2] == "person", "the file to be left out")
            assert told(dialog)[1][2] == "", "the other is sent"
            assert told(dialog)[2][1:] == ("Compare", "")
            spoken = rows.context.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
            assert spoken.startswith("Attachment, not sent: left out by you, ")
            dialog.reject()
            await send(view, "And?")
            first = str(server.asked[-1].json["messages"][0]["content"])
            assert "the words of two.txt" in first
            assert "the words of one.txt" not in first

    run_async(scenario())
