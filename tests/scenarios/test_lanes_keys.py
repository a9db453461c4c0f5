"""Lanes by keyboard and from the palette; how they stand is remembered; the inspector follows them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import OTHER, ask, choose, open_menus, tell, two_lanes
from tests.scenarios.window import click, opened, press, until, view_of

from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]
CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
ALT = Qt.KeyboardModifier.AltModifier


def keys(session: Session, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
    """A shortcut, pressed where the focus is."""
    press(QApplication.focusWidget() or session.window, key, modifiers)


def focused() -> QWidget:
    """Where keys go."""
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def test_the_keyboard_turns_to_lanes_and_turns(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await ask(view, "Two")
            first, second = view.lanes.views
            keys(session, Qt.Key.Key_Right, CTRL_ALT)
            assert view.lanes.current is second
            assert second.transcript.hasFocus()
            keys(session, Qt.Key.Key_Right, CTRL_ALT)
            assert view.lanes.current is first, "around the edge"
            keys(session, Qt.Key.Key_Left, CTRL_ALT)
            assert view.lanes.current is second
            keys(session, Qt.Key.Key_PageUp, ALT)
            await until(lambda: view.strip.words.text() == "One", "the turn before")
            keys(session, Qt.Key.Key_PageDown, ALT)
            await until(lambda: view.strip.words.text() == "Two", "the next turn")
            view.composer.lane_added.emit(OTHER)
            await until(lambda: len(view.lanes.views) == 3, "a third lane")
            QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            try:
                await until(lambda: first.x() > second.x(), "the lanes from right to left")
                keys(session, Qt.Key.Key_Left, CTRL_ALT)
                assert view.lanes.current is view.lanes.views[2]
                keys(session, Qt.Key.Key_Right, CTRL_ALT)
                assert view.lanes.current is second
            finally:
                QApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)

    run_async(scenario())


def test_ratings_and_differences_have_keys(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            keys(session, Qt.Key.Key_T, CTRL_ALT)
            notice = session.window.notices.shown()[-1]
            assert "no two whole answers" in notice.accessibleName()
            tell(server, "model-b", "Something else.")
            await ask(view, "One")
            keys(session, Qt.Key.Key_Right, CTRL_ALT)
            keys(session, Qt.Key.Key_B, CTRL_ALT)
            await until(view.lanes.views[1].foot.best.isChecked, "the rating")
            keys(session, Qt.Key.Key_D, CTRL_ALT)
            assert view.bar.differences.label() == "Differences from B"
            keys(session, Qt.Key.Key_D, CTRL_ALT)
            assert not view.bar.differences.isChecked()
            keys(session, Qt.Key.Key_W, CTRL_ALT)
            await until(lambda: view.lanes.alone, "one lane")
            keys(session, Qt.Key.Key_W, CTRL_ALT)
            assert "second model" in session.window.notices.shown()[-1].accessibleName()

    run_async(scenario())


def test_every_action_on_lanes_stands_in_the_palette(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            palette = session.window.command_palette
            palette.open(">")
            field = focused()
            QTest.keyClicks(field, "lanes below")
            press(field, Qt.Key.Key_Return)
            await until(lambda: view.lanes.arrangement == "stacked", "the lanes below each other")
            first, second = view.lanes.views
            assert first.x() == second.x()
            assert first.y() < second.y()

    run_async(scenario())


def test_how_lanes_stand_is_remembered_everywhere(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            view.bar.arrangement.setFocus(Qt.FocusReason.TabFocusReason)
            press(view.bar.arrangement, Qt.Key.Key_Space)
            await until(open_menus, "the ways to stand")
            choose("Below each other")
            assert view.lanes.shown == "stacked"
            click(view.bar.linked)
            assert not view.lanes.together.linked
        async with opened(tmp_path) as session:
            session.window.resize(1440, 900)
            again = view_of(session)
            await until(lambda: len(again.lanes.views) == 2, "the lanes")
            assert again.lanes.arrangement == "stacked"
            assert not again.lanes.together.linked
            assert not again.bar.linked.isChecked()

    run_async(scenario())


def test_the_inspector_changes_the_lane_it_was_opened_for(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            session.window.set_inspector_open(True)
            frame = session.workspace.inspector
            assert frame is not None
            inspector = frame.conversation
            inspector.system.setFocus()
            QTest.keyClicks(inspector.system, "For the first.")
            keys(session, Qt.Key.Key_Right, CTRL_ALT)
            first, second = view.lanes.views
            await until(lambda: first.lane.system == "For the first.", "the words to go to their lane")
            assert second.lane.system == ""
            assert inspector.system.toPlainText() == ""
            row = inspector.parameter_row("temperature")
            row.edit()
            await until(lambda: isinstance(focused(), QLineEdit), "the field")
            QTest.keyClicks(focused(), "0.7")
            keys(session, Qt.Key.Key_Left, CTRL_ALT)
            await until(lambda: second.lane.parameters.temperature == 0.7, "the value to go to its lane")
            assert first.lane.parameters.temperature is None
            assert inspector.system.toPlainText() == "For the first."
            await view.changes.settled()
            await ask(view, "One")
            bodies = {one.json["model"]: one.json for one in server.asked}
            assert bodies["model-a"]["messages"][0]["content"] == "For the first."
            assert bodies["model-b"]["temperature"] == 0.7
            assert "temperature" not in bodies["model-a"]

    run_async(scenario())
