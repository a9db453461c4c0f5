"""The quick chat: by command, key and tray; away at Escape; its chat goes to the main window."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from tests.harness import program
from tests.loopback.server import LoopbackServer
from tests.scenarios.test_windows_single import ended, listening, start
from tests.scenarios.test_windows_tabs import SHIFT, reopened, with_chats
from tests.scenarios.window import (
    CTRL,
    Run,
    add_loopback,
    finished,
    opened,
    press,
    send,
    shows,
    until,
    view_of,
    write,
)

from chatbench.__main__ import wants_window
from chatbench.main import build
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.quick.tray import Tray
from chatbench.ui.chat.quick.window import QuickWindow
from chatbench.ui.icons import icon
from chatbench.ui.session import Session
from chatbench.ui.settings.quickcommand import QuickCommand
from chatbench.ui.theme import theme
from chatbench.ui.wish import Wish


@asynccontextmanager
async def quick_alone(folder: Path) -> AsyncIterator[tuple[Session, QuickWindow, ConversationView]]:
    """The program as `chatbench quick` starts it."""
    session = Session(build(folder), quick=True)
    session.start(Wish(quick=True))
    try:
        await until(lambda: session.watching, "the profile")
        quick, view = shown(session)
        yield session, quick, view
    finally:
        await session.aclose()


def shown(session: Session) -> tuple[QuickWindow, ConversationView]:
    """The quick chat that is in view."""
    assert session.quick is not None
    assert session.quick.isVisible()
    assert session.quick.pane.view is not None
    return session.quick, session.quick.pane.view


async def ask_for_quick(session: Session) -> tuple[QuickWindow, ConversationView]:
    """Shows it by its action."""
    session.window.commands["window.quick"].trigger()
    await until(lambda: session.quick is not None and session.quick.pane.view is not None, "the quick chat")
    return shown(session)


def test_quick_alone_is_one_small_window_above_all_others(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with quick_alone(tmp_path) as (session, quick, view):
            assert session.desks == []
            visible = [one for one in QApplication.topLevelWidgets() if one.isVisible()]
            assert visible == [quick]
            assert quick.windowFlags() & Qt.WindowType.WindowStaysOnTopHint
            assert not quick.rail.isVisible()
            assert not quick.status.isVisible()
            assert view.composer.editor.hasFocus()
            view.choose_model(add_loopback(session, server.base_url("openai_chat")))
            await send(view, "Quick question")
            await until(lambda: quick.windowTitle() == "Quick question – Chatbench", "its title")
            (summary,) = await session.services.history.summaries()
            assert not summary.unread
            # Nobody could reach what runs on without a window.
            press(view.composer.editor, Qt.Key.Key_Escape)
            assert not quick.isVisible()
            assert session.ended.is_set()

    run_async(scenario())


def test_escape_hides_it_and_it_comes_back_as_it_was(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            quick, view = await ask_for_quick(session)
            assert view.id not in session.workspace.open_ids()
            write(view, "Half a thought")
            press(view.composer.editor, Qt.Key.Key_Escape)
            assert not quick.isVisible()
            assert not session.ended.is_set()
            assert (await ask_for_quick(session))[1] is view
            quick.close()
            assert not quick.isVisible()
            assert not session.ended.is_set()
            session.window.close()
            assert session.ended.is_set()
        # What was not sent is kept, and in it again.
        async with opened(tmp_path) as session:
            _, again = await ask_for_quick(session)
            assert again.id == view.id
            assert again.composer.draft().text == "Half a thought"

    run_async(scenario())


def test_an_empty_chat_is_listed_when_something_is_in_it(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A") as (session, (a,)):
            sidebar = session.workspace.sidebar
            assert sidebar is not None

            def listed() -> list[str]:
                return [row.id for row in sidebar.view.rows() if row.id]

            await until(lambda: a in listed(), "the list")
            before = set(listed())
            _, view = await ask_for_quick(session)
            view.choose_model(add_loopback(session, server.base_url("openai_chat")))
            await view.settled()
            session.workspace.new_chat()
            await until(lambda: not shows(session, a), "an empty chat in the main window")
            blank = view_of(session)
            await session.services.history.rename(a, "A with another name")
            await until(lambda: "A with another name" in [r.title for r in sidebar.view.rows()], "the list")
            assert set(listed()) == before
            write(blank, "Half a thought")
            await blank.save_draft()
            session.workspace.open(a)
            await until(lambda: set(listed()) == {*before, blank.id}, "what was written")
            await send(view, "Quick question")
            await until(lambda: set(listed()) == {*before, blank.id, view.id}, "what was asked")

    run_async(scenario())


def test_its_chat_goes_to_the_main_window(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            quick, view = await ask_for_quick(session)
            view.choose_model(add_loopback(session, server.base_url("openai_chat")))
            server.pace = 60
            write(view, "Go on elsewhere")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: view.streaming, "the answer")
            moved = view.id
            press(quick, Qt.Key.Key_O, CTRL | SHIFT)
            await until(lambda: session.workspace.shows(moved), "the chat in the main window")
            assert not quick.isVisible()
            assert session.window.isActiveWindow()
            await finished(view_of(session))
            assert [one.state for one in view_of(session).conversation.messages] == ["done", "done"]
            _, fresh = await ask_for_quick(session)
            assert fresh.id != moved
            assert fresh.is_blank

    run_async(scenario())


def test_from_quick_alone_the_main_window_opens_with_its_tabs(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (_, ids):
            pass
        async with quick_alone(tmp_path) as (session, quick, view):
            write(view, "Mine")
            press(quick, Qt.Key.Key_O, CTRL | SHIFT)
            await until(lambda: session.desks and session.workspace.shows(view.id), "the main window")
            assert session.workspace.open_ids() == [*ids, view.id]
            assert not quick.isVisible()
            assert not session.ended.is_set()
        async with quick_alone(tmp_path) as (session, _, _):
            session.take(Wish())
            await until(lambda: session.desks and session.window.isActiveWindow(), "the main window")
            await until(lambda: session.workspace.open_ids() == [*ids, view.id], "its tabs")
        # Quick alone, the main window's tabs are not forgotten.
        async with quick_alone(tmp_path):
            pass
        async with reopened(tmp_path) as session:
            assert session.workspace.open_ids() == [*ids, view.id]

    run_async(scenario())


def test_the_main_window_closes_and_the_quick_chat_stays(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, ids):
            quick, _ = await ask_for_quick(session)
            session.window.close()
            await until(lambda: session.desks == [], "the window to go")
            assert not session.ended.is_set()
            assert quick.isVisible()
            session.take(Wish())
            await until(lambda: session.desks and session.workspace.open_ids() == ids, "the window again")

    run_async(scenario())


def test_its_place_is_remembered(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            quick, _ = await ask_for_quick(session)
            quick.resize(400, 500)
            quick.move(120, 40)
            at = quick.pos()
        async with opened(tmp_path) as session:
            quick, _ = await ask_for_quick(session)
            assert quick.size().toTuple() == (400, 500)
            assert quick.pos() == at
            quick.move(90_000, 90_000)
        # On a screen that is no more, it is not put.
        async with opened(tmp_path) as session:
            quick, _ = await ask_for_quick(session)
            assert quick.screen().availableGeometry().contains(quick.pos() + QPoint(10, 10))

    run_async(scenario())


def test_it_has_no_rail_at_any_width_and_text_size(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            quick, _ = await ask_for_quick(session)
            for factor in (1.0, 2.0):
                theme().apply(text_factor=factor)
                quick.resize(5000, 600)
                assert quick.layout_mode == "compact"
                assert not quick.rail.isVisible()
                assert not quick.pane.tabs.menu_button.isVisible()
            theme().apply(text_factor=1.0)

    run_async(scenario())


def test_a_chat_is_in_it_or_in_a_window(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A") as (session, (a,)):
            quick, view = await ask_for_quick(session)
            write(view, "x")
            quick.hide()
            session.workspace.open(view.id)
            await until(quick.isVisible, "the quick chat that has it")
            assert session.workspace.open_ids() == [a]
            press(quick, Qt.Key.Key_N, CTRL)
            await until(lambda: quick.pane.view not in (None, view), "a new one")
            session.workspace.open(view.id)
            await until(lambda: session.workspace.shows(view.id), "the old one in the window")

    run_async(scenario())


def test_a_second_process_asks_for_it_with_files(tmp_path: Path, run_async: Run) -> None:
    profile, picture = tmp_path / "profile", tmp_path / "p.png"
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.blue)
    assert image.save(str(picture))
    env = program.environment(tmp_path / "keyring.json")

    async def scenario() -> None:
        async with listening(profile) as (session, _):
            second = await start("--profile", str(profile), "quick", str(picture), env=env)
            assert await ended(second) == 0
            await until(lambda: session.quick is not None and session.quick.pane.view, "the quick chat")
            _, view = shown(session)
            await until(lambda: view.composer.draft().attachments, "the file in it")
            assert not view_of(session).composer.draft().attachments

    run_async(scenario())


def test_the_command_alone_starts_it_in_a_process_that_later_ones_find(
    tmp_path: Path, run_async: Run
) -> None:
    profile = tmp_path / "profile"
    env = program.environment(tmp_path / "keyring.json")

    async def scenario() -> None:
        from chatbench.main import meet

        first = await start("--profile", str(profile), "quick", env=env)
        try:
            await until(lambda: meet(profile).occupied, "the first")
            second = await start("--profile", str(profile), "quick", env=env)
            assert await ended(second) == 0
            assert first.returncode is None
        finally:
            first.kill()
            await first.wait()

    run_async(scenario())


def test_without_a_tray_nothing_is_made_for_it(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        assert not QSystemTrayIcon.isSystemTrayAvailable()
        async with opened(tmp_path) as session:
            await until(lambda: session.watching, "all")
            assert session.quick_chat.tray is None
            assert not [one for one in QApplication.allWidgets() if "Tray" in type(one).__name__]

    run_async(scenario())


@pytest.mark.qt_log_ignore("systemTrayWindowChanged")
def test_the_tray_offers_quick_main_and_the_end(qapp: QApplication) -> None:
    asked: list[str] = []
    tray = Tray(
        icon("zap"), lambda: asked.append("quick"), lambda: asked.append("main"), lambda: asked.append("end")
    )
    for action in tray.menu.actions():
        if not action.isSeparator():
            action.trigger()
    tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Context)
    assert asked == ["quick", "main", "end", "quick"]
    tray.close()


@pytest.mark.parametrize("quick", [False, True])
def test_a_profile_that_cannot_be_opened_is_told_in_what_is_there(
    tmp_path: Path, run_async: Run, quick: bool
) -> None:
    async def scenario() -> None:
        (tmp_path / "chatbench.db").write_bytes(b"not a database " * 100)
        session = Session(build(tmp_path), quick=quick)
        session.start(Wish(quick=quick))
        window = session.quick if quick else session.window
        assert window is not None
        if quick:
            await until(window.notices.shown, "the error")
        else:
            await until(lambda: session.workspace.columns.current(), "the error")
        await session.aclose()

    run_async(scenario())


def test_the_settings_show_the_command_to_bind(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path / "a profile") as session:
            session.window.activateWindow()
            pane = session.window.show_section("settings").main
            pane.show_page("general", "quick")  # type: ignore[attr-defined]
            command = session.window.findChild(QuickCommand)
            assert isinstance(command, QuickCommand)
            await until(command.copy_button.hasFocus, "the focus on it")
            press(command.copy_button, Qt.Key.Key_Space)
            copied = QApplication.clipboard().text()
            assert copied == f"chatbench --profile '{tmp_path / 'a profile'}' quick"
            assert wants_window(shlex.split(copied)[1:])

    run_async(scenario())
