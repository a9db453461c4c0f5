"""Messages that are sent while an answer is written, and messages that are not sent at all."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import (
    chatting,
    click,
    finished,
    opened,
    press,
    send,
    texts,
    until,
    view_of,
    write,
)

from chatbench.ui.chat.conversation import ConversationView

Run = Callable[[Coroutine[Any, Any, None]], None]


def hanging() -> replies.Reply:
    """An answer that begins and does not end."""
    return replies.events([openai_chat.frame(openai_chat.chunk({"content": "so far"}))], end="hang")


async def begin(view: ConversationView, words: str) -> None:
    """Asks, and waits for the first words of the answer."""
    write(view, words)
    press(view.composer.editor, Qt.Key.Key_Return)
    await until(lambda: [one for one in view.services.chat.live_in(view.id) if one.parts()], "words")


async def queue(view: ConversationView, *words: str) -> None:
    """Lets messages wait."""
    for one in words:
        count = len(view.queue.list.rows)
        write(view, one)
        press(view.composer.editor, Qt.Key.Key_Return)
        await until(lambda count=count: len(view.queue.list.rows) == count + 1, "it to wait")  # type: ignore[misc]


def waiting(view: ConversationView) -> list[str]:
    """What stands in the list above the composer."""
    return [row.words.text() for row in view.queue.list.rows] if view.queue.list.isVisible() else []


def test_queued_messages_are_shown_changed_removed_and_sent_in_their_order(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            server.script(hanging())
            await begin(view, "One")
            assert view.composer.send_button.stop.isVisible()
            await queue(view, "Two", "Three", "Four")
            assert waiting(view) == ["Two", "Three", "Four"]
            assert view.composer.editor.text() == ""
            assert not view.queue.list.send.isVisible()

            click(view.queue.list.rows[0].edit)
            await until(lambda: view.composer.editor.text() == "Two", "the words to be changed")
            await until(lambda: waiting(view) == ["Three", "Four"], "it to leave the list")
            press(view.composer.editor, Qt.Key.Key_Exclam)
            assert view.composer.send_button.send.label() == "Queue"
            click(view.composer.send_button.send)
            await until(lambda: waiting(view) == ["Two!", "Three", "Four"], "it in its place again")

            click(view.queue.list.rows[1].remove)
            await until(lambda: waiting(view) == ["Two!", "Four"], "it to go")
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: waiting(view) == ["Two!", "Three", "Four"], "it to come back")
            click(view.queue.list.rows[1].remove)
            await until(lambda: waiting(view) == ["Two!", "Four"], "it to go again")

            write(view, "Stop now")
            await until(view.composer.line.stop.isVisible, "Stop in the line below")
            click(view.composer.line.stop)
            await until(view.queue.list.send.isVisible, "the queue to be held")
            assert waiting(view) == ["Two!", "Four"]
            click(view.queue.list.send)
            await until(lambda: len(view.conversation.messages) == 6, "both to be sent")
            await finished(view)
            assert (await texts(view))[::2] == ["One", "Two!", "Four"]
            await until(lambda: not view.queue.list.isVisible(), "an empty queue")
            assert view.composer.editor.text() == "Stop now"

    run_async(scenario())


def test_a_queue_is_there_again_after_a_restart(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_, view):
            server.script(hanging())
            await begin(view, "One")
            await queue(view, "Two")
        async with opened(tmp_path) as session:
            view = view_of(session)
            await until(lambda: waiting(view) == ["Two"], "the waiting message")
            assert view.queue.list.send.isVisible()
            click(view.queue.list.send)
            await until(lambda: len(view.conversation.messages) == 4, "it to be sent")
            await finished(view)

    run_async(scenario())


def test_words_are_added_without_sending_and_as_an_answer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (session, view):
            for words, entry in (("Question", "Add without sending"), ("By hand", "Add as an answer")):
                count = len(view.source.ids())
                write(view, words)
                click(view.composer.send_button.choose)
                (menu,) = view.composer.send_button.findChildren(QMenu)
                action = next(one for one in menu.actions() if one.text() == entry)
                menu.setActiveAction(action)
                press(menu, Qt.Key.Key_Return)
                await until(lambda count=count: len(view.source.ids()) == count + 1, "the message")  # type: ignore[misc]
                session.window.activateWindow()
            assert server.asked == []
            assert await texts(view) == ["Question", "By hand"]
            assert view.composer.editor.text() == ""
            item = view.transcript.stack.item(1)
            assert item is not None
            assert (item.message.role, item.notes()) == ("assistant", "written by hand")
            await send(view, "Go on")
            assert [one["content"] for one in server.asked[0].json["messages"]] == [
                "Question",
                "By hand",
                "Go on",
            ]

    run_async(scenario())
