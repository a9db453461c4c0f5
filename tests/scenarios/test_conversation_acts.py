"""What a person does with the messages of one conversation, in the real window."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import CTRL, chatting, click, finished, press, send, texts, until, view_of, write

from chatbench.core.conversations import TreeMessage
from chatbench.core.models import ModelRef
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.otherwise import AskOtherwise
from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]
ALT = Qt.KeyboardModifier.AltModifier


def answer(text: str) -> replies.Reply:
    """A whole answer of these words."""
    return replies.events(openai_chat.stream([{"content": text}]))


SO_FAR = openai_chat.frame(openai_chat.chunk({"content": "One two three"}))


def place_of(view: ConversationView, index: int, key: str) -> QPoint:
    """Where an action of a message stands in the viewport."""
    transcript = view.transcript
    transcript.arrange()
    row = next(row for row in transcript.stack.rows if row.index == index)
    assert row.item is not None
    action = next(one for one in actions_of(row.item) if one.key == key)
    return action.rect.translated(0, row.top).center().toPoint()


def press_action(view: ConversationView, index: int, key: str) -> None:
    """A click on an action of a message."""
    click(view.transcript.viewport(), place_of(view, index, key))


def choose(words: str) -> None:
    """Chooses an entry of the menu that is open, with the keyboard."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(one for one in menu.actions() if one.text() == words)
    menu.setActiveAction(action)
    press(menu, Qt.Key.Key_Return)


def notes(view: ConversationView, index: int) -> str:
    """What stands beside the time of a message."""
    item = view.transcript.stack.item(index)
    assert item is not None
    return item.notes()


async def answers(view: ConversationView) -> list[TreeMessage]:
    """The answers of the whole tree, whole."""
    ids = [one.id for one in view.conversation.messages if one.role == "assistant"]
    return await view.services.history.messages(ids)


async def shown(view: ConversationView, count: int) -> None:
    """Waits until so many messages are shown."""
    await until(lambda: len(view.source.ids()) == count, f"{count} messages")


async def back(session: Session) -> None:
    """The window is the active one again, as a window manager sees to when a dialog or menu closes."""
    session.window.activateWindow()
    await until(session.window.isActiveWindow, "the window to be active")


async def trigger(session: Session, key: str) -> None:
    """An action by its name, as the palette would."""
    session.window.commands[f"chat.{key}"].trigger()


def test_regenerating_with_another_temperature_names_it_on_the_answer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Name a colour")
            press_action(view, 1, "ways")
            choose("Regenerate with other parameters…")
            await until(lambda: view.findChild(AskOtherwise), "the dialog")
            (dialog,) = view.findChildren(AskOtherwise)
            row = dialog.rows["temperature"]
            row._button.setFocus(Qt.FocusReason.TabFocusReason)
            press(row._button, Qt.Key.Key_Return)
            (field,) = row.findChildren(QLineEdit)
            for key in (Qt.Key.Key_0, Qt.Key.Key_Period, Qt.Key.Key_9):
                press(field, key)
            click(dialog.regenerate)
            await until(lambda: len(view.conversation.messages) == 3, "the second answer")
            await finished(view)
            await back(session)
            assert server.asked[-1].json["temperature"] == 0.9
            await until(lambda: notes(view, 1) == "temperature default → 0.9", "the change to be named")
            assert view.lane.parameters.temperature is None
            item = view.transcript.stack.item(1)
            assert item is not None
            assert item.note_lines() == ["temperature", "default → 0.9"]
            press(view.composer.editor, Qt.Key.Key_Left, ALT)
            await until(lambda: notes(view, 1) == "", "the first answer, which says nothing of it")

    run_async(scenario())


def test_regenerating_with_another_model_says_instead_of_which(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            await send(view, "Name a colour")
            message = view.source.message(view.source.ids()[1])
            assert message is not None
            view.acts.regenerate(message, ModelRef("loopback", "model-b"))
            await until(lambda: len(view.conversation.messages) == 3, "the second answer")
            await finished(view)
            assert server.asked[-1].json["model"] == "model-b"
            await until(lambda: notes(view, 1) == "instead of model-a", "the model to be named")
            assert view.lane.model == ModelRef("loopback", "model-a")

    run_async(scenario())


def test_an_answer_is_edited_where_it_stands_and_marked(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Say it")
            before = (await texts(view))[1]
            press_action(view, 1, "more")
            choose("Edit")
            await until(lambda: view.edits.rewriting, "the field over the answer")
            over = view.edits.rewriting
            assert over is not None
            await back(session)
            await until(over.field.hasFocus, "the cursor in it")
            assert over.field.toPlainText() == before
            assert view.transcript.viewport().rect().contains(over.geometry())
            press(over.field, Qt.Key.Key_A, CTRL)
            for key in (Qt.Key.Key_H, Qt.Key.Key_I):
                press(over.field, key)
            press(over.field, Qt.Key.Key_Escape)
            assert view.edits.rewriting is over, "Escape threw away what was written"
            press(over.field, Qt.Key.Key_Return, CTRL)
            await until(lambda: len(view.conversation.messages) == 3, "the edited answer")
            assert (await texts(view))[1] == "hi"
            assert notes(view, 1) == "edited"
            assert sorted(one.text for one in await answers(view)) == sorted([before, "hi"])
            assert view.edits.rewriting is None
            await send(view, "Go on")
            assert server.asked[-1].json["messages"][1]["content"] == "hi"

    run_async(scenario())


def test_a_stopped_answer_goes_on_by_its_button(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            server.script(replies.events([SO_FAR], end="hang"), answer("two three four"))
            write(view, "Count")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: [a for a in view.services.chat.live_in(view.id) if a.parts()], "words")
            view.stop()
            await finished(view)
            transcript = view.transcript
            await until(lambda: (item := transcript.stack.item(1)) and not item.live, "its end")
            transcript.arrange()
            row = transcript.stack.rows[-1]
            assert row.item is not None
            number = len(row.item.boxes) - 1
            (spot,) = row.item.boxes[number].hotspots()
            assert spot.name == "Continue"
            at = spot.rects[0].translated(row.item.box_rect(number).topLeft()).translated(0, row.top)
            click(transcript.viewport(), at.center().toPoint())
            await until(lambda: len(view.conversation.messages) == 3, "the continued answer")
            await finished(view)
            assert (await texts(view))[1].startswith("One two three")
            assert (await texts(view))[1].endswith("four")
            assert notes(view, 1) == "continued"

    run_async(scenario())


def press_in_card(view: ConversationView, index: int, name: str) -> None:
    """A click on a button under the words of a message."""
    transcript = view.transcript
    transcript.arrange()
    row = next(row for row in transcript.stack.rows if row.index == index)
    assert row.item is not None
    number = len(row.item.boxes) - 1
    spot = next(one for one in row.item.boxes[number].hotspots() if one.name == name)
    at = spot.rects[0].translated(row.item.box_rect(number).topLeft()).translated(0, row.top)
    click(transcript.viewport(), at.center().toPoint())


def test_retry_of_a_failed_continuation_continues_again(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        refused = replies.data({"error": {"message": "no such key", "code": "invalid_api_key"}}, 401)
        async with chatting(tmp_path, server) as (_, view):
            server.script(replies.events([SO_FAR], end="hang"), refused, answer(" four"))
            write(view, "Count")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: [a for a in view.services.chat.live_in(view.id) if a.parts()], "words")
            view.stop()
            await finished(view)
            await until(lambda: view.source.entry(1), "the stopped answer")
            press_in_card(view, 1, "Continue")
            await until(lambda: len(view.conversation.messages) == 3, "the continuation")
            await finished(view)
            assert (await texts(view))[1] == "One two three"
            assert view.source.path[1].state == "failed"
            press_in_card(view, 1, "Retry")
            await until(lambda: len(view.conversation.messages) == 4, "the next continuation")
            await finished(view)
            assert (await texts(view))[1] == "One two three four"
            whole = {one.id: one for one in await answers(view)}
            stopped = next(one.id for one in whole.values() if one.state == "stopped")
            assert sorted(one.continues for one in whole.values()) == ["", stopped, stopped]
            assert server.asked[-1].json["messages"] == server.asked[-2].json["messages"]

    run_async(scenario())


def test_what_is_selected_is_quoted_into_the_composer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            server.script(answer("First line\n\nSecond line"))
            await send(view, "Two lines")
            write(view, "Why")
            press_action(view, 1, "quote")
            await until(lambda: ">" in view.composer.editor.text(), "the quotation")
            assert view.composer.editor.text() == "Why\n\n> First line\n>\n> Second line\n\n"
            assert view.composer.editor.hasFocus()
            press(view.composer.editor, Qt.Key.Key_Z, CTRL)
            assert view.composer.editor.text() == "Why"
            transcript = view.transcript
            row = next(row for row in transcript.stack.rows if row.index == 1)
            assert row.item is not None
            box = row.item.box_rect(0).translated(0, row.top)
            word = box.topLeft().toPoint() + QPoint(6, 8)
            QTest.mouseDClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=word)
            await trigger(session, "quote")
            await until(lambda: "> First\n" in view.composer.editor.text(), "the selected word")
            assert view.composer.editor.text() == "Why\n\n> First\n\n"
            view.composer.editor.clear()
            press_action(view, 0, "quote")
            await until(lambda: "Two lines" in view.composer.editor.text(), "the question")
            assert view.composer.editor.text() == "> Two lines\n\n", "the selection is elsewhere"
            view.composer.editor.clear()
            event = QContextMenuEvent(
                QContextMenuEvent.Reason.Mouse, word, transcript.viewport().mapToGlobal(word)
            )
            QApplication.sendEvent(transcript.viewport(), event)
            choose("Quote")
            await until(lambda: "> First\n" in view.composer.editor.text(), "the selection again")

    run_async(scenario())


def test_a_fork_is_another_chat_with_everything_down_to_the_message(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            await send(view, "Two")
            asked = len(server.asked)
            press_action(view, 1, "fork")
            await until(lambda: view_of(session) is not view, "the new chat")
            fork = view_of(session)
            await until(lambda: len(fork.source.ids()) == 2, "its messages")
            assert await texts(fork) == (await texts(view))[:2]
            assert len(view.source.ids()) == 4
            assert len(server.asked) == asked
            assert (view.conversation.summary.title, fork.conversation.summary.title) == ("One", "Fork: One")
            press_action(fork, 1, "fork")
            await until(lambda: view_of(session) not in (view, fork), "the fork of the fork")
            assert view_of(session).conversation.summary.title == "Fork: One"

    run_async(scenario())


def test_branches_by_key_and_by_mouse(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            server.script(answer("first"), answer("second"))
            await send(view, "Go")
            press_action(view, 1, "regenerate")
            await until(lambda: len(view.conversation.messages) == 3, "the second answer")
            await finished(view)
            assert (await texts(view))[1] == "second"
            press(view.composer.editor, Qt.Key.Key_Left, ALT)
            await until(lambda: view.source.ids()[1] == view.conversation.messages[1].id, "the first")
            assert (await texts(view))[1] == "first"
            view.transcript.setFocus()
            press(view.transcript, Qt.Key.Key_Right, ALT)
            await until(lambda: view.source.ids()[1] == view.conversation.messages[2].id, "the second")
            await texts(view)
            press_action(view, 1, "previous-branch")
            await until(lambda: view.source.ids()[1] == view.conversation.messages[1].id, "the first again")

    run_async(scenario())


def test_deletions_are_undone_one_after_another(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "One")
            await send(view, "Two")
            before = list(view.source.ids())
            for _ in range(2):
                count = len(view.source.ids())
                press_action(view, count - 1, "more")
                choose("Delete")
                await shown(view, count - 1)
                await texts(view)
            for count in (3, 4):
                await trigger(session, "undo-delete")
                await shown(view, count)
                assert list(view.source.ids()) == before[:count], "the last deleted comes first"
                assert len(session.window.notices.shown()) == 4 - count, "what was undone is offered no more"

    run_async(scenario())


def test_what_is_being_rewritten_waits_while_another_branch_is_shown(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            server.script(answer("first"), answer("second"))
            await send(view, "Go")
            press_action(view, 1, "regenerate")
            await until(lambda: len(view.conversation.messages) == 3, "the second answer")
            await finished(view)
            await texts(view)
            await trigger(session, "edit-answer")
            await until(lambda: view.edits.rewriting, "the field over the answer")
            over = view.edits.rewriting
            assert over is not None
            assert over.field.toPlainText() == "second"
            over.field.insertPlainText("Mine, ")
            await trigger(session, "branch-back")
            await until(lambda: not over.isVisible(), "it to hide")
            await texts(view)
            await trigger(session, "branch-on")
            await until(over.isVisible, "it to be there again")
            assert over.field.toPlainText() == "Mine, second"
            click(over.cancel)
            assert view.edits.rewriting is None

    run_async(scenario())


def test_up_in_an_empty_composer_edits_the_last_question_as_a_branch(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            await send(view, "One")
            press(view.composer.editor, Qt.Key.Key_Up)
            await until(lambda: view.edits.reasking, "the question")
            sheet = view.edits.reasking
            assert sheet is not None
            press(sheet.editor, Qt.Key.Key_Exclam)
            press(sheet.editor, Qt.Key.Key_Return)
            await until(lambda: len(view.conversation.messages) == 4, "the branch")
            await finished(view)
            assert (await texts(view))[0] == "One!"
            press(view.composer.editor, Qt.Key.Key_Left, ALT)
            await until(lambda: view.source.ids()[0] == view.conversation.messages[0].id, "the first branch")

    run_async(scenario())
