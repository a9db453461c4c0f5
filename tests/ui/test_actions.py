"""The registry of actions: real shortcuts, menus, conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from chatbench.ui.actions import Actions, ShortcutTaken, name_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


def test_a_shortcut_does_its_action(window: QWidget) -> None:
    done: list[str] = []
    Actions(window).add("chat.new", "New chat", lambda: done.append("new"), shortcut="Ctrl+N")
    QTest.keyClick(window, Qt.Key.Key_N, CONTROL)
    assert done == ["new"]


def test_a_changed_shortcut_works_at_once_and_is_remembered(window: QWidget) -> None:
    done: list[str] = []
    actions = Actions(window)
    actions.add("chat.new", "New chat", lambda: done.append("new"), shortcut="Ctrl+N")
    actions.set_shortcut("chat.new", "Ctrl+J")
    QTest.keyClick(window, Qt.Key.Key_N, CONTROL)
    QTest.keyClick(window, Qt.Key.Key_J, CONTROL)
    assert done == ["new"]
    assert actions.overrides() == {"chat.new": "Ctrl+J"}
    actions.set_shortcut("chat.new", None)
    assert actions.overrides() == {}


def test_the_readers_own_shortcuts_win_over_defaults(window: QWidget) -> None:
    actions = Actions(window, {"chat.new": "Ctrl+J", "chat.find": ""})
    new = actions.add("chat.new", "New chat", lambda: None, shortcut="Ctrl+N")
    find = actions.add("chat.find", "Find", lambda: None, shortcut="Ctrl+F")
    assert new.shortcut().toString() == "Ctrl+J"
    assert find.shortcut().isEmpty()


def test_a_taken_shortcut_is_refused_by_name(window: QWidget) -> None:
    actions = Actions(window)
    new = actions.add("chat.new", "New chat", lambda: None, shortcut="Ctrl+N")
    find = actions.add("chat.find", "Find", lambda: None, shortcut="Ctrl+F")
    with pytest.raises(ShortcutTaken) as refused:
        actions.set_shortcut("chat.find", "Ctrl+N")
    assert refused.value.action is new
    assert find.shortcut().toString() == "Ctrl+F"


def test_a_scoped_shortcut_works_inside_its_widget_only(window: QWidget, qtbot: QtBot) -> None:
    done: list[str] = []
    outside, inside = QLineEdit(window), QLineEdit(window)
    inside.move(0, 60)
    outside.show()
    inside.show()
    actions = Actions(window)
    actions.add("find.next", "Next", lambda: done.append("next"), shortcut="F3", scope=inside)
    outside.setFocus()
    QTest.keyClick(outside, Qt.Key.Key_F3)
    assert done == []
    inside.setFocus()
    QTest.keyClick(inside, Qt.Key.Key_F3)
    assert done == ["next"]
    inside.setParent(None)
    inside.deleteLater()
    qtbot.waitUntil(lambda: "find.next" not in actions)


def test_a_menu_holds_the_named_actions_and_says_why_one_is_disabled(window: QWidget) -> None:
    actions = Actions(window)
    actions.add("a", "Save & close", lambda: None)
    actions.add("b", "Export", lambda: None)
    actions.set_enabled("b", False, "Nothing is open")
    menu = actions.menu(window, ["a", None, "unknown", "b"])
    entries = menu.actions()
    assert [name_of(entry) for entry in entries if not entry.isSeparator()] == ["Save & close", "Export"]
    assert entries[1].isSeparator()
    assert actions["b"].property("reason") == "Nothing is open"


def test_one_name_cannot_mean_two_actions(window: QWidget) -> None:
    actions = Actions(window)
    actions.add("a", "One", lambda: None)
    with pytest.raises(ValueError, match="'a'"):
        actions.add("a", "Two", lambda: None)
    actions.remove("a")
    actions.add("a", "Two", lambda: None)
    assert [name_of(action) for action in actions] == ["Two"]
