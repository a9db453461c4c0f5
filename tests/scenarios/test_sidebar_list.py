"""The list of chats: several marked at once, and what its menu and its keys do with them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from tests.scenarios.test_windows_tabs import SHIFT, show, with_chats
from tests.scenarios.window import CTRL, Run, click, press, shows, until

from chatbench.ui.chat.sidebar import ChatSidebar
from chatbench.ui.session import Session

ALT = Qt.KeyboardModifier.AltModifier
LEFT = Qt.MouseButton.LeftButton


async def listed(session: Session, *ids: str) -> ChatSidebar:
    """The sidebar when it lists these, with the focus in its list."""
    sidebar = session.workspace.sidebar
    assert sidebar is not None
    await until(lambda: set(ids) <= {row.id for row in sidebar.view.rows()}, "the chats")
    session.window.set_sidebar_open(True)
    session.window.activateWindow()
    await until(session.window.isActiveWindow, "the window")
    await until(sidebar.view.isVisible, "the list")
    sidebar.view.setFocus()
    return sidebar


def spot(sidebar: ChatSidebar, chat: str) -> QPoint:
    """The middle of the row of a chat, in the list."""
    model = sidebar.view.model()
    place = [row.id for row in sidebar.view.rows()].index(chat)
    return sidebar.view.visualRect(model.index(place, 0)).center()


def mark(sidebar: ChatSidebar, *chats: str) -> None:
    """Marks these as the mouse does: Ctrl and a click on each."""
    sidebar.view.clearSelection()
    for chat in chats:
        QTest.mouseClick(sidebar.view.viewport(), LEFT, CTRL, spot(sidebar, chat))


def menu_of(sidebar: ChatSidebar) -> QMenu:
    """The menu that is open."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu), sidebar
    return menu


def test_the_menu_opens_in_a_tab_beside_and_in_a_window(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            workspace = session.workspace
            await show(session, a)
            session.window.commands["tab.close_others"].trigger()
            await until(lambda: workspace.open_ids() == [a] and shows(session, a), "one tab")
            sidebar = await listed(session, a, b, c)
            mark(sidebar, b)
            assert shows(session, a), "marked, not opened"
            at = spot(sidebar, b)
            view, reason = sidebar.view.viewport(), QContextMenuEvent.Reason.Mouse
            QApplication.sendEvent(view, QContextMenuEvent(reason, at, view.mapToGlobal(at)))
            menu = menu_of(sidebar)
            assert [one.text() for one in menu.actions()] == [
                "Open in new tab", "Open beside", "Open in new window", "",
                "Rename", "Pin", "Export…", "", "Delete",
            ]  # fmt: skip
            menu.actions()[0].trigger()
            menu.close()
            await until(lambda: workspace.open_ids() == [a, b], "the tab")
            assert shows(session, a), "behind the one in view"

            await listed(session, c)
            mark(sidebar, c)
            press(sidebar.view, Qt.Key.Key_Return, ALT)
            await until(lambda: workspace.ids_in_view() == [a, c], "it beside the other")

            await listed(session, b)
            mark(sidebar, b)
            press(sidebar.view, Qt.Key.Key_Return, SHIFT)
            await until(lambda: len(session.desks) == 2, "another window")
            await until(lambda: session.desks[1].workspace.shows(b), "the chat in it")
            assert workspace.open_ids() == [a, c]

    run_async(scenario())


def test_a_chat_open_nowhere_gets_a_window_and_one_open_elsewhere_comes_beside(
    tmp_path: Path, run_async: Run
) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B") as (session, (a, b)):
            first = session.desks[0].workspace
            first.close_tab(b)
            await until(lambda: first.open_ids() == [a], "one tab")
            sidebar = await listed(session, a, b)
            mark(sidebar, b)
            session.window.commands["list.open_window"].trigger()
            await until(lambda: len(session.desks) == 2, "another window")
            await until(lambda: session.desks[1].workspace.shows(b), "the chat in it")

            session.desks[0].window.activateWindow()
            mark(sidebar, b)
            session.desks[0].window.commands["list.open_beside"].trigger()
            await until(lambda: first.ids_in_view() == [a, b], "it here")
            assert not session.desks[1].workspace.holds(b), "in one window only"

    run_async(scenario())


def test_several_are_marked_pinned_and_deleted_with_one_undo(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            sidebar = await listed(session, a, b, c)
            commands = session.window.commands
            mark(sidebar, a, b)
            assert set(sidebar.view.marked()) == {a, b}
            assert not commands["list.rename"].isEnabled()
            commands["list.pin"].trigger()
            await until(lambda: [r.id for r in sidebar.view.rows() if r.pinned] in ([b, a], [a, b]), "pins")
            assert set(sidebar.view.marked()) == {a, b}, "marked still, where they have gone"
            assert commands["list.pin"].text() == "Unpin"
            press(sidebar.view, Qt.Key.Key_Delete)
            await until(lambda: {row.id for row in sidebar.view.rows()}.isdisjoint({a, b}), "both to go")
            await until(lambda: session.workspace.open_ids() == [c], "their tabs to go")
            await until(session.window.notices.shown, "the notice")
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: {a, b, c} <= {row.id for row in sidebar.view.rows()}, "both again")

    run_async(scenario())


def test_keys_mark_and_open_the_menu_where_the_row_is(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with with_chats(tmp_path, "A", "B", "C") as (session, (a, b, c)):
            await show(session, b)
            sidebar = await listed(session, a, b, c)
            view = sidebar.view
            press(view, Qt.Key.Key_Down, SHIFT)
            two = view.marked()
            assert len(two) == 2
            assert b in two
            press(view, Qt.Key.Key_F10, SHIFT)
            menu = menu_of(sidebar)
            assert sidebar.rect().contains(sidebar.mapFromGlobal(menu.pos()))
            top = view.viewport().mapToGlobal(view.visualRect(view.currentIndex()).topLeft()).y()
            assert top <= menu.pos().y() <= top + view.visualRect(view.currentIndex()).height()
            menu.close()
            assert view.marked() == two
            press(view, Qt.Key.Key_Escape)
            assert len(view.marked()) == 1
            await show(session, a)
            assert view.marked() == [a], "the chat in view is marked"

    run_async(scenario())
