"""Tabs and chats beside each other: moved, closed, opened again, and kept over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import (
    CTRL,
    Run,
    at_loopback,
    click,
    finished,
    opened,
    press,
    send,
    shows,
    until,
    view_of,
)

from chatbench.core.conversations import Draft
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.session import Session

SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


async def add_chats(session: Session, *titles: str) -> list[str]:
    """Opens chats, each with a draft, so that none of them is blank; the last one is in view."""
    ids = []
    for title in titles:
        conversation = await session.services.chat.new_conversation(title=title)
        await session.services.history.save_draft(conversation.id, Draft(text=title), edit=False)
        await show(session, conversation.id)
        ids.append(conversation.id)
    return ids


async def show(session: Session, conversation_id: str) -> ConversationView:
    session.workspace.open(conversation_id)
    await until(lambda: shows(session, conversation_id), "the chat")
    return view_of(session)


@asynccontextmanager
async def with_chats(folder: Path, *titles: str) -> AsyncIterator[tuple[Session, list[str]]]:
    """The window with these chats and no other."""
    async with opened(folder) as session:
        welcome = view_of(session).id
        ids = await add_chats(session, *titles)
        session.workspace.close_tab(welcome)
        await until(lambda: session.workspace.open_ids() == ids, "the tabs")
        session.window.activateWindow()
        await until(session.window.isActiveWindow, "the window")
        yield session, ids


@asynccontextmanager
async def reopened(folder: Path) -> AsyncIterator[Session]:
    """The window with all that was open when it was closed."""
    async with opened(folder) as session:
        await until(lambda: session.watching, "all tabs")
        yield session


def bar(session: Session) -> QWidget:
    return session.workspace.tabs._bar


def tab_middle(session: Session, conversation_id: str) -> QPoint:
    place = session.workspace.open_ids().index(conversation_id)
    return session.workspace.tabs._bar.rects()[place].center()


def drag_tab(session: Session, conversation_id: str, to: QPoint) -> None:
    """Drags a tab to a point of the screen, by real mouse events."""
    strip = bar(session)
    QTest.mousePress(strip, LEFT, NONE, tab_middle(session, conversation_id))
    QTest.mouseMove(strip, strip.mapFromGlobal(to))
    QTest.mouseRelease(strip, LEFT, NONE, strip.mapFromGlobal(to))


def column_point(session: Session, conversation_id: str, *, right: bool) -> QPoint:
    """A point in the left or right half of a chat in view, on the screen."""
    view = session.workspace._views[conversation_id]
    return view.mapToGlobal(QPoint(view.width() * 3 // 4 if right else view.width() // 4, view.height() // 2))


def focused_chat() -> str:
    """The chat in whose composer the keyboard is."""
    widget = QApplication.focusWidget()
    while widget is not None and not isinstance(widget, ConversationView):
        widget = widget.parentWidget()
    return widget.id if isinstance(widget, ConversationView) else ""


# Tabs.


def test_tabs_are_moved_by_the_keyboard_and_by_dragging(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            tabs = session.workspace
            press(session.window, Qt.Key.Key_PageUp, CTRL | SHIFT)
            assert tabs.open_ids() == [a, c, b]
            press(session.window, Qt.Key.Key_PageUp, CTRL | SHIFT)
            press(session.window, Qt.Key.Key_PageUp, CTRL | SHIFT)
            assert tabs.open_ids() == [c, a, b]
            press(session.window, Qt.Key.Key_PageDown, CTRL | SHIFT)
            assert tabs.open_ids() == [a, c, b]
            drag_tab(session, b, bar(session).mapToGlobal(tab_middle(session, a)))
            assert tabs.open_ids() == [b, a, c]
            await until(lambda: shows(session, b), "the dragged tab to be current")
        async with reopened(tmp_path) as session:
            assert session.workspace.open_ids() == [b, a, c]

    run_async(scenario())


class Seen(QObject):
    """Which chats are shown, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(watched, ConversationView) and event.type() == QEvent.Type.Show:
            self.ids.append(watched.id)
        return False


def test_only_the_chat_that_was_in_view_is_shown_while_tabs_come_back(
    tmp_path: Path, run_async: Run, qapp: QApplication
) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, ids):
            await show(session, ids[1])
        seen = Seen()
        qapp.installEventFilter(seen)
        try:
            async with reopened(tmp_path) as session:
                await until(lambda: shows(session, ids[1]), "the chat")
                assert session.workspace.open_ids() == ids
        finally:
            qapp.removeEventFilter(seen)
        assert set(seen.ids) == {ids[1]}

    run_async(scenario())


def test_others_are_closed_and_closed_tabs_open_again_where_they_stood(
    tmp_path: Path, run_async: Run
) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            await show(session, b)
            session.window.commands["tab.close_others"].trigger()
            await until(lambda: session.workspace.open_ids() == [b], "the others to close")
            press(session.window, Qt.Key.Key_T, CTRL | SHIFT)
            await until(lambda: session.workspace.open_ids() == [b, c], "the last one")
            press(session.window, Qt.Key.Key_T, CTRL | SHIFT)
            await until(lambda: session.workspace.open_ids() == [a, b, c], "the first one")
            assert session.workspace._views[a].composer.draft().text == "A"
            press(session.window, Qt.Key.Key_T, CTRL | SHIFT)
            # A chat that was deleted is not opened again.
            session.workspace.filing.delete(c)
            await until(lambda: session.workspace.open_ids() == [a, b], "the deleted one to close")
            press(session.window, Qt.Key.Key_T, CTRL | SHIFT)
            await asyncio.sleep(0.05)
            assert session.workspace.open_ids() == [a, b]

    run_async(scenario())


def test_the_menu_of_a_tab_is_the_tabs_own(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            session.workspace.tabs.menu_wanted.emit(a, QPoint(10, 10))
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            next(one for one in menu.actions() if one.text() == "Close").trigger()
            menu.close()
            await until(lambda: session.workspace.open_ids() == [b], "the tab to close")

    run_async(scenario())


def test_the_reader_comes_back_to_where_they_were(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    server.words = ("Many words. " * 300,)

    async def scrolled(session: Session) -> tuple[str, float] | None:
        view = view_of(session)
        view.transcript.go_to_place(view.source.ids()[1], 120.0)
        return view.transcript.place()

    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            view = view_of(session)
            for words in ("One", "Two"):
                await send(view, words)
            place = await scrolled(session)
            assert place is not None
            session.workspace.close_tab(view.id)
            await until(lambda: not shows(session, view.id), "the tab to close")
            press(session.window, Qt.Key.Key_T, CTRL | SHIFT)
            await until(lambda: shows(session, view.id), "the tab")
            await until(lambda: view_of(session).transcript.place() == place, "the same place")
        async with opened(tmp_path) as session:
            await until(lambda: shows(session, view.id), "the tab")
            await until(lambda: view_of(session).transcript.place() == place, "the same place again")
            view_of(session).transcript.jump_to_end()
        async with opened(tmp_path) as session:
            await until(lambda: len(view_of(session).source.ids()) == 4, "the messages")
            assert view_of(session).transcript.place() is None

    run_async(scenario())


def test_a_tab_that_nobody_looked_at_keeps_its_place(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    server.words = ("Many words. " * 300,)

    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            first = view_of(session)
            await send(first, "One")
            first.transcript.go_to_place(first.source.ids()[1], 150.0)
            place = first.transcript.place()
            await add_chats(session, "B")
        for _ in range(2):
            async with reopened(tmp_path) as session:
                assert not shows(session, first.id)
        async with reopened(tmp_path) as session:
            view = await show(session, first.id)
            await until(lambda: view.transcript.place() == place, "the place")

    run_async(scenario())


def test_a_temporary_chat_leaves_no_trace_among_the_tabs(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A") as (session, _):
            secret = await session.services.chat.new_conversation(title="T", temporary=True)
            await show(session, secret.id)
        assert secret.id not in (tmp_path / "preferences.toml").read_text()

    run_async(scenario())


# Beside each other.


def test_a_chat_is_shown_beside_another_each_with_its_composer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            press(session.window, Qt.Key.Key_Backslash, CTRL)
            assert session.workspace.ids_in_view() == [b, a]
            assert focused_chat() == a
            views = session.workspace._views
            assert views[a].isVisible()
            assert views[b].isVisible()
            assert views[a].width() == pytest.approx(views[b].width(), abs=4)
            QTest.keyClicks(views[a].composer.editor, "x")
            assert views[a].composer.draft().text == "Ax"
            press(session.window, Qt.Key.Key_F8)
            await until(lambda: focused_chat() == b, "the focus")
            assert session.workspace.current_id() == b
            assert session.window.windowTitle() == "B – Chatbench"
            press(session.window, Qt.Key.Key_F8, SHIFT)
            await until(lambda: focused_chat() == a, "the focus back")
            # By the mouse, and the inspector follows.
            session.window.set_inspector_open(True)
            click(views[b].composer.editor.viewport())
            await until(lambda: session.workspace.current_id() == b, "the other chat")
            inspector = session.workspace.inspector
            assert inspector is not None
            shown = inspector.conversation._conversation
            assert shown is not None
            assert shown.id == b

    run_async(scenario())


def test_both_answer_at_once(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            first = view_of(session)
            await send(first, "One")
            press(session.window, Qt.Key.Key_Backslash, CTRL)
            await until(lambda: session.workspace.current_id() != first.id, "a new chat beside it")
            second = view_of(session)
            assert session.workspace.ids_in_view() == [first.id, second.id]
            server.pace = 200
            for view in (first, second):
                view.composer.editor.setPlainText("Two")
                press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: first.streaming and second.streaming, "both to stream")
            await finished(first)
            await finished(second)
            for summary in await session.services.history.summaries():
                assert not summary.unread

    run_async(scenario())


def test_a_tab_dragged_to_an_edge_stands_there(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            # Over itself: what was in view before stays, and it comes beside that.
            drag_tab(session, a, column_point(session, c, right=True))
            await until(lambda: session.workspace.ids_in_view() == [c, a], "A at the right of C")
            drag_tab(session, b, column_point(session, c, right=False))
            await until(lambda: session.workspace.ids_in_view() == [b, c, a], "B at the left of C")
            assert session.workspace.open_ids() == [a, b, c]
            assert session.workspace.current_id() == b
            # One that is in view moves.
            drag_tab(session, a, column_point(session, b, right=False))
            await until(lambda: session.workspace.ids_in_view() == [a, b, c], "A at the very left")

    run_async(scenario())


def test_where_a_dragged_tab_would_stand_is_shown(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (_, b)):
            strip, columns = bar(session), session.workspace.columns
            at = strip.mapFromGlobal(column_point(session, b, right=True))
            QTest.mousePress(strip, LEFT, NONE, tab_middle(session, b))
            QTest.mouseMove(strip, at)
            hint = columns._hint
            assert hint.isVisible()
            assert hint.geometry().left() >= columns.width() // 2 - 2
            QTest.mouseMove(strip, tab_middle(session, b))
            assert not hint.isVisible()
            QTest.mouseRelease(strip, LEFT, NONE, tab_middle(session, b))
            assert session.workspace.ids_in_view() == [b]

    run_async(scenario())


def test_columns_close_by_their_cross_and_with_their_tab(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            workspace = session.workspace
            workspace.beside.split(a)
            workspace.beside.split(b)
            assert workspace.ids_in_view() == [c, a, b]
            click(workspace.columns._columns[1].head.close_button)
            assert workspace.ids_in_view() == [c, b]
            assert workspace.open_ids() == [a, b, c]
            workspace.close_tab(b)
            await until(lambda: workspace.open_ids() == [a, c], "the tab to close")
            assert workspace.ids_in_view() == [c]
            assert workspace.current_id() == c
            assert not workspace.columns._columns[0].head.isVisible()
            # A tab that waits comes into the column with the focus.
            await show(session, a)
            assert workspace.ids_in_view() == [a]
            workspace.close_tab(a)
            await until(lambda: workspace.open_ids() == [c] and shows(session, c), "the neighbour")
            assert workspace.ids_in_view() == [c]

    run_async(scenario())


def test_no_more_than_four_stand_beside_each_other(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, *"ABCDE") as (session, ids):
            for _ in range(4):
                press(session.window, Qt.Key.Key_Backslash, CTRL)
            assert len(session.workspace.ids_in_view()) == 4
            assert "No more than 4" in session.window.notices.shown()[0].text
            assert sorted(session.workspace.open_ids()) == sorted(ids)

    run_async(scenario())


def test_a_narrow_window_shows_the_one_with_the_focus(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            session.workspace.beside.split(a)
            session.window.resize(480, 800)
            views = session.workspace._views
            assert views[a].isVisible()
            assert not views[b].isVisible()
            assert session.window.width() == 480
            press(session.window, Qt.Key.Key_F8)
            await until(lambda: focused_chat() == b, "the other")
            assert views[b].isVisible()
            assert not views[a].isVisible()
            head = session.workspace.columns._columns[0].head
            click(head.other_button)
            await until(lambda: focused_chat() == a, "the first again")
            session.window.resize(1440, 800)
            assert views[a].isVisible()
            assert views[b].isVisible()

    run_async(scenario())


def test_what_stood_beside_each_other_does_so_after_a_restart(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    server.words = ("Many words. " * 300,)

    async def scenario() -> None:
        async with opened(tmp_path) as session:
            at_loopback(session, server)
            first = view_of(session)
            await send(first, "One")
            first.transcript.go_to_place(first.source.ids()[1], 130.0)
            (b,) = await add_chats(session, "B")
            session.workspace.beside.split(b)
            session.workspace.beside.split(first.id)
            assert session.workspace.ids_in_view() == [b, first.id]
            session.workspace.columns.set_shares([420, 580])
            place = first.transcript.place()
            shares = session.workspace.columns.shares()
        async with reopened(tmp_path) as session:
            assert session.workspace.ids_in_view() == [b, first.id]
            assert session.workspace.current_id() == first.id
            assert session.workspace.columns.shares() == pytest.approx(shares, abs=3)
            view = session.workspace._views[first.id]
            await until(lambda: view.transcript.place(), "a place")
            assert view.transcript.place() == place

    run_async(scenario())
