"""Several windows of one program: a chat moves between them, closing one leaves the others."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from tests.loopback.server import LoopbackServer
from tests.scenarios.test_windows_tabs import SHIFT, add_chats, reopened, show, with_chats
from tests.scenarios.window import (
    CTRL,
    Run,
    add_loopback,
    at_loopback,
    disk,
    opened,
    press,
    until,
    view_of,
    write,
)

from chatbench.ui.desk import Desk
from chatbench.ui.session import Session


async def detached(session: Session, conversation_id: str) -> tuple[Desk, Desk]:
    """The window a chat has left, and the one it has gone to, by the key for that."""
    first = session.desks[0]
    await show(session, conversation_id)
    press(first.window, Qt.Key.Key_N, CTRL | SHIFT)
    await until(lambda: len(session.desks) == 2, "the second window")
    second = session.desks[1]
    await until(lambda: second.workspace.shows(conversation_id), "the chat in it")
    return first, second


def test_a_chat_moves_into_a_window_of_its_own(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            write(await show(session, b), " and more")
            first, second = await detached(session, b)
            assert first.workspace.open_ids() == [a]
            assert first.workspace.ids_in_view() == [a]
            assert second.workspace.open_ids() == [b]
            await until(second.window.isActiveWindow, "the new window to have the keyboard")
            assert session.window is second.window
            assert second.window.windowTitle() == "B – Chatbench"
            assert view_of(session).composer.draft().text == "B and more"
            assert first.window.isVisible()

    run_async(scenario())


def test_a_chat_is_open_in_one_window_only(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            first, second = await detached(session, c)
            # Asked for here, it is shown there.
            second.workspace.open(b)
            await until(lambda: first.workspace.shows(b), "the window that has it")
            await until(lambda: session.window is first.window, "that window in front")
            assert second.workspace.open_ids() == [c]
            assert first.workspace.open_ids() == [a, b]
            # Deleted here, it is closed there.
            first.workspace.filing.delete(c)
            await until(lambda: c not in second.workspace.open_ids(), "the tab to go")

    run_async(scenario())


def test_closing_a_window_leaves_the_other_and_its_tabs_can_come_back(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            first, second = await detached(session, b)
            write(second.workspace.current_view() or view_of(session), "!")
            press(second.window, Qt.Key.Key_W, CTRL | SHIFT)
            await until(lambda: session.desks == [first], "the window to go")
            assert not session.ended.is_set()
            assert session.window is first.window
            first.window.commands["tab.restore"].trigger()
            await until(lambda: first.workspace.open_ids() == [a, b], "its tab here")
            await until(lambda: first.workspace.shows(b), "the chat")
            assert view_of(session).composer.draft().text == "B!"
            first.window.close()
            assert session.ended.is_set()
            assert first.window.isVisible()

    run_async(scenario())


def test_quitting_ends_all_and_all_come_back(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            first, second = await detached(session, c)
            await until(second.window.isActiveWindow, "the new window")
            second.window.resize(700, 540)
            press(second.window, Qt.Key.Key_Q, CTRL)
            assert session.ended.is_set()
            assert await session.may_close()
        async with reopened(tmp_path) as session:
            first, second = session.desks
            assert first.workspace.open_ids() == [a, b]
            assert second.workspace.open_ids() == [c]
            assert (second.window.width(), second.window.height()) == (700, 540)
            assert second.workspace.view(c) is not None
            assert second.window.isVisible()
            await session.services.history.trash(c)
        # A window of which nothing is left is not opened again.
        async with reopened(tmp_path) as session:
            assert len(session.desks) == 1

    run_async(scenario())


def test_a_new_window_has_an_empty_chat(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A") as (session, (a,)):
            session.window.commands["window.new"].trigger()
            await until(lambda: len(session.desks) == 2, "the window")
            workspace = session.desks[1].workspace
            await until(lambda: workspace.current_view() is not None, "a chat")
            assert view_of(session).is_blank
            assert session.desks[0].workspace.open_ids() == [a]

    run_async(scenario())


def test_what_is_in_view_in_any_window_is_read(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            model = add_loopback(session, server.base_url("openai_chat"))
            first, second = await detached(session, c)
            server.pace = 100
            for desk, key in ((first, a), (first, b), (second, c)):
                view = await shown_in(desk, key)
                view.choose_model(model)
                press(view.composer.editor, Qt.Key.Key_Return)
                await until(lambda view=view: view.streaming, "the answer")  # type: ignore[misc]
            await until(lambda: not any(session.services.chat.live_in(key) for key in (a, b, c)), "the ends")
            await until_unread(session, {a})

    async def shown_in(desk: Desk, key: str):  # type: ignore[no-untyped-def]
        desk.workspace.open(key)
        await until(lambda: desk.workspace.shows(key), "the chat")
        return desk.workspace.current_view()

    async def until_unread(session: Session, wanted: set[str]) -> None:
        async with asyncio.timeout(20):
            while {s.id for s in await session.services.history.summaries() if s.unread} != wanted:  # noqa: ASYNC110 - told by nobody
                await asyncio.sleep(0.01)

    run_async(scenario())


def test_shortcuts_are_those_of_all_windows(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (_, b)):
            first, second = await detached(session, b)
            second.window.commands.set_shortcut("chat.export", "Ctrl+E")
            assert first.window.commands["chat.export"].shortcut().toString() == "Ctrl+E"
            first.window.commands.set_shortcut("chat.export", None)
            assert second.window.commands["chat.export"].shortcut().isEmpty()
            first.window.commands.set_shortcut("chat.export", "Ctrl+J")
        async with reopened(tmp_path) as session:
            for desk in session.desks:
                assert desk.window.commands["chat.export"].shortcut().toString() == "Ctrl+J"

    run_async(scenario())


def test_a_window_whose_drafts_cannot_be_kept_says_so_before_it_goes(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (_, b)):
            first, second = await detached(session, b)
            view = second.workspace.view(b)
            assert view is not None
            await disk(session.services, full=True)
            view.composer.editor.insertPlainText("word " * 60_000)
            second.window.close()
            await until(lambda: len(second.window.notices.shown()) == 2, "the words")
            assert session.desks == [first, second]
            second.window.close()
            await until(lambda: session.desks == [first], "the window to go")
            await disk(session.services, full=False)

    run_async(scenario())


def test_an_answer_goes_on_when_its_window_closes(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            await add_chats(session, "A", "B")
            at_loopback(session, server)
            b = view_of(session).id
            first, second = await detached(session, b)
            view = second.workspace.view(b)
            assert view is not None
            server.pace = 60
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: view.streaming, "the answer")
            second.window.close()
            await until(lambda: session.desks == [first], "the window to go")
            (answer,) = session.services.chat.live_in(b)
            await until(lambda: session.services.chat.live(answer.id) is None, "its end, written down")
            stored = await session.services.history.load(b)
            assert [message.state for message in stored.messages] == ["done", "done"]

    run_async(scenario())
