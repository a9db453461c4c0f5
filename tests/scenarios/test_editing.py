"""A question is edited where it stands: in its bubble, or above the lanes that share it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import FIRST, ask, two_lanes
from tests.scenarios.test_conversation_acts import choose, press_action, trigger
from tests.scenarios.window import (
    CTRL,
    chatting,
    click,
    disk,
    finished,
    opened,
    press,
    send,
    texts,
    until,
    view_of,
    write,
)

from chatbench.core.conversations import TreeMessage
from chatbench.core.messages import user
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.reasking import Reasking
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]


async def editing(session: Session, view: ConversationView) -> Reasking:
    """The sheet with the words, with the cursor in it."""
    await until(lambda: view.edits.reasking, "the sheet")
    sheet = view.edits.reasking
    assert sheet is not None
    session.window.activateWindow()
    await until(lambda: sheet.editor.hasFocus() and sheet.isVisible(), "the cursor in it")
    return sheet


async def questions(view: ConversationView) -> list[TreeMessage]:
    """Every question there is, whole."""
    loaded = await view.services.history.load(view.id)
    return [one for one in loaded.messages if one.role == "user"]


def test_a_question_is_asked_again_in_its_bubble_with_its_files(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            view.composer.attachments.add_text("words of a file", "notes.txt")
            await until(lambda: view.composer.draft().attachments, "the file")
            await send(view, "What is this?")
            press_action(view, 0, "edit")
            sheet = await editing(session, view)
            assert sheet.parentWidget() is view.transcript.viewport()
            row = view.transcript.stack.rows[0]
            assert row.item is not None
            assert abs(sheet.y() - row.item.fill_rect().top() - row.top) <= 12
            assert view.composer.editor.text() == ""
            press(sheet.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
            QTest.keyClicks(sheet.editor, "And that?")
            assert sheet.editor.text() == "What is this?\nAnd that?"
            press(sheet.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.conversation.messages) == 4, "the branch")
            await finished(view)
            first, second = await questions(view)
            assert second.text == "What is this?\nAnd that?"
            assert second.parts[0] == first.parts[0]
            assert second.parent_id == first.parent_id
            assert view.edits.reasking is None
            assert (await view.services.history.load(view.id)).edit.edits is None

    run_async(scenario())


def test_what_is_edited_in_place_covers_nothing_of_what_follows(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            server.words = ["word"]
            await send(view, "One")
            await send(view, "Two")
            stack = view.transcript.stack
            before = [stack.height_of(index) for index in range(4)]

            def is_free(sheet: QWidget, index: int) -> bool:
                view.transcript.arrange()
                row = next(one for one in stack.rows if one.index == index)
                return row.item is not None and sheet.geometry().bottom() < row.top + row.item.content_top

            press_action(view, 0, "edit")
            sheet = await editing(session, view)
            assert is_free(sheet, 1)
            press(sheet.editor, Qt.Key.Key_Escape)
            press_action(view, 1, "more")
            choose("Edit")
            await until(lambda: view.edits.rewriting, "the field over the answer")
            over = view.edits.rewriting
            assert over is not None
            assert is_free(over, 2)
            click(over.cancel)
            view.transcript.arrange()
            assert [stack.height_of(index) for index in range(4)] == before

    run_async(scenario())


def test_escape_leaves_it_as_it_was_and_can_be_taken_back(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            press(view.composer.editor, Qt.Key.Key_Up)
            sheet = await editing(session, view)
            press(sheet.editor, Qt.Key.Key_Escape)
            assert view.edits.reasking is None
            assert session.window.notices.shown() == []
            assert view.composer.editor.hasFocus()
            press(view.composer.editor, Qt.Key.Key_Up)
            sheet = await editing(session, view)
            QTest.keyClicks(sheet.editor, " more")
            press(sheet.editor, Qt.Key.Key_Escape)
            assert view.edits.reasking is None
            await view.save_draft()
            assert (await texts(view))[0] == "One"
            assert (await view.services.history.load(view.id)).edit.edits is None
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            sheet = await editing(session, view)
            assert sheet.editor.text() == "One more"
            click(sheet.cancel)

    run_async(scenario())


def test_saved_words_stand_beside_the_question_and_nobody_is_asked(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            write(view, "next")
            press_action(view, 0, "edit")
            sheet = await editing(session, view)
            assert not sheet.save.isEnabled(), "nothing was changed"
            QTest.keyClicks(sheet.editor, "!")
            press(sheet.editor, Qt.Key.Key_S, CTRL)
            await until(lambda: len(view.conversation.messages) == 3, "the other words")
            await until(lambda: len(view.source.ids()) == 1, "its branch")
            assert await texts(view) == ["One!"]
            assert len(server.asked) == 1
            assert view.composer.editor.text() == "next", "the draft is another matter"
            entry = view.source.entry(0)
            assert entry is not None
            assert (entry.position, entry.count) == (2, 2)

    run_async(scenario())


def test_the_keys_that_send_are_those_of_the_composer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            session.services.preferences.replace(send_with="ctrl+enter")
            write(view, "One")
            press(view.composer.editor, Qt.Key.Key_Return, CTRL)
            await until(lambda: len(view.source.ids()) == 2, "the question")
            await finished(view)
            await trigger(session, "edit-question")
            sheet = await editing(session, view)
            press(sheet.editor, Qt.Key.Key_Return)
            assert sheet.editor.text() == "One\n"
            session.services.preferences.replace(send_with="enter")
            press(sheet.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.conversation.messages) == 4, "the branch")
            await finished(view)

    run_async(scenario())


def test_an_edit_is_there_again_after_a_restart(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            write(view, "draft")
            press_action(view, 0, "edit")
            sheet = await editing(session, view)
            QTest.keyClicks(sheet.editor, " and a half")
        async with opened(tmp_path) as session:
            view = view_of(session)
            await until(lambda: view.edits.reasking, "the sheet")
            again = view.edits.reasking
            assert again is not None
            assert again.editor.text() == "One and a half"
            assert view.composer.editor.text() == "draft"
            assert again.was.text == "One"
            await until(again.isVisible, "it to stand over its message")

    run_async(scenario())


def test_what_cannot_be_written_is_edited_further(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            press_action(view, 0, "edit")
            sheet = await editing(session, view)
            QTest.keyClicks(sheet.editor, "!")
            await disk(session.services, full=True, read_only=True)
            press(sheet.editor, Qt.Key.Key_Return)
            await until(lambda: view.edits.reasking not in (None, sheet), "the words again")
            again = view.edits.reasking
            assert again is not None
            assert again.editor.text() == "One!"
            await session.services.profile._database._run_on_writer(
                lambda c: c.execute("PRAGMA query_only = 0")
            )
            await disk(session.services, full=False)

    run_async(scenario())


def test_a_shared_question_is_edited_above_the_lanes(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await ask(view, "Two")
            await until(lambda: view.strip.words.text() == "Two", "the turn")
            click(view.strip.back)
            await until(lambda: view.strip.words.text() == "One", "the turn before")
            click(view.strip.edit)
            sheet = await editing(session, view)
            assert sheet.parentWidget() is view.strip
            assert not view.strip.words.isVisible()
            QTest.keyClicks(sheet.editor, "!")
            press(sheet.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.conversation.messages) == 10, "the branch")
            await finished(view)
            await until(lambda: view.strip.words.text() == "One!", "the question above")
            assert view.strip.words.isVisible()
            asked = [one.json["messages"][-1]["content"] for one in server.asked]
            assert asked[-2:] == ["One!", "One!"]
            assert [len(lane.source.path) for lane in view.lanes.views] == [2, 2]

    run_async(scenario())


def test_saved_words_of_a_shared_question_move_all_lanes(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            press(view.composer.editor, Qt.Key.Key_Up)
            sheet = await editing(session, view)
            QTest.keyClicks(sheet.editor, "!")
            click(sheet.save)
            await until(lambda: len(view.conversation.messages) == 4, "the other words")
            await until(lambda: view.strip.words.text() == "One!", "them above the lanes")
            assert {lane.lane.leaf for lane in view.lanes.views} == {view.lanes.views[0].source.path[-1].id}
            assert len(server.asked) == 2
            focus = QApplication.focusWidget()
            assert focus is view.composer.editor

    run_async(scenario())


def test_the_estimate_of_an_edit_counts_what_would_be_sent(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "First question")
            await send(view, "Second question")
            models = view.services.models
            press_action(view, 0, "edit")
            sheet = await editing(session, view)
            alone = models.estimate(FIRST, [user("First question")]).tokens
            await until(lambda: sheet.estimate.text().startswith(f"≈ {alone} tokens"), "its estimate")
            QTest.keyClicks(sheet.editor, " with many more words than before")
            more = models.estimate(FIRST, [user(sheet.editor.text())]).tokens
            assert more > alone
            await until(lambda: sheet.estimate.text().startswith(f"≈ {more} tokens"), "the estimate of more")
            assert sheet.estimate.accessibleName().startswith("Before asking: ≈ ")
            press(sheet.editor, Qt.Key.Key_Escape)
            await until(lambda: view.edits.reasking is None, "the end of it")
            press_action(view, 2, "edit")
            sheet = await editing(session, view)
            await until(sheet.estimate.text, "its estimate")
            words = sheet.estimate.text().removeprefix("≈ ").split(" ")[0]
            assert int(words) > 115, "the first question and its answer go before it"

    run_async(scenario())
