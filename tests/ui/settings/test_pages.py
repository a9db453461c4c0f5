"""The other pages: search, what is kept, shortcuts taken by pressing them, the database's check."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from tests.ui.settings.conftest import Desk, button, row

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.ui.settings.appearance import AppearancePage
from chatbench.ui.settings.general import GeneralPage
from chatbench.ui.settings.shortcuts import KeyCapture, ShortcutsPage
from chatbench.ui.settings.storage import StoragePage
from chatbench.ui.theme import theme
from chatbench.ui.widgets.switches import _Segment

CONTROL = Qt.KeyboardModifier.ControlModifier


def general(desk: Desk) -> GeneralPage:
    desk.do(lambda: desk.settings.show_page("general"))
    page = desk.settings.page("general")
    assert isinstance(page, GeneralPage)
    return page


def shortcuts(desk: Desk) -> ShortcutsPage:
    desk.do(lambda: desk.settings.show_page("shortcuts"))
    page = desk.settings.page("shortcuts")
    assert isinstance(page, ShortcutsPage)
    return page


def press(desk: Desk, capture: KeyCapture, key: Qt.Key, held: Qt.KeyboardModifier | None = None) -> None:
    desk.click(capture)
    assert capture.listening
    desk.key(capture, key, held)


def test_sections_are_walked_with_the_arrow_keys(desk: Desk) -> None:
    sidebar = desk.settings.sidebar
    desk.do(lambda: sidebar.list.focus_row("general"))
    for _ in range(2):
        focused = next(r for r in sidebar.list.rows() if r.hasFocus())
        desk.key(focused, Qt.Key.Key_Down)
    focused = next(r for r in sidebar.list.rows() if r.hasFocus())
    assert focused.entry.id == "providers"
    desk.key(focused, Qt.Key.Key_Down)
    desk.key(next(r for r in sidebar.list.rows() if r.hasFocus()), Qt.Key.Key_Return)
    assert desk.settings.current_page == "files"


def test_search_finds_a_setting_and_goes_to_it(desk: Desk) -> None:
    sidebar = desk.settings.sidebar
    desk.do(lambda: QTest.keyClicks(sidebar.search, "text size"))
    assert [r.entry.id for r in sidebar.list.rows()] == ["appearance", "appearance/text_scale"]
    desk.key(sidebar.search, Qt.Key.Key_Return)
    page = desk.settings.page("appearance")
    assert isinstance(page, AppearancePage)
    assert desk.settings.current_page == "appearance"
    assert page.text_size.hasFocus()
    desk.do(lambda: QTest.keyClicks(sidebar.search, " of giraffes"))
    assert sidebar.list.rows() == []
    desk.key(sidebar.search, Qt.Key.Key_Escape)
    assert len(sidebar.list.rows()) == 7


def test_general_is_kept_as_it_changes_and_refuses_what_makes_no_sense(desk: Desk) -> None:
    page, preferences = general(desk), desk.services.preferences
    segment = next(s for s in page.send_with.findChildren(_Segment) if s.text() == "Ctrl+Enter")
    desk.click(segment)
    desk.click(page.thinking)
    desk.type(page.attempts, "7")
    desk.type(page.patience, "30.5")
    now = preferences.current
    assert (now.send_with, now.thinking_open, now.max_attempts, now.read_timeout_s) == (
        "ctrl+enter", True, 7, 30.5,
    )  # fmt: skip
    desk.type(page.attempts, "0")
    desk.type(page.patience, "soon")
    assert "from 1 to 10" in page.attempts_row.error()
    assert "seconds" in page.patience_row.error()
    assert preferences.current == now
    desk.type(page.attempts, "2")
    assert page.attempts_row.error() == ""


def test_the_default_model_is_chosen_among_those_that_can_be_used(desk: Desk) -> None:
    desk.do(
        lambda: desk.services.endpoints.save(
            Endpoint(
                id="house",
                name="House",
                wire="openai_chat",
                base_url="http://127.0.0.1:9/v1",
                auth="none",
                models=("small-talk",),
            )
        )
    )
    page = general(desk)
    names = [page.model.itemText(n) for n in range(page.model.count())]
    assert not any("Anthropic" in name for name in names), "no key, no choice"

    def choose() -> None:
        page.model.setFocus()
        QTest.keyClick(page.model, Qt.Key.Key_End)
        while page.model.currentData() != "house/small-talk":
            QTest.keyClick(page.model, Qt.Key.Key_Up)

    desk.do(choose)
    assert desk.services.models.default() == ModelRef("house", "small-talk")


def test_titles_come_from_the_first_words_or_from_a_chosen_model(desk: Desk) -> None:
    local = Endpoint(
        id="desk", name="Desk", wire="openai_chat", base_url="http://127.0.0.1:9", auth="none", models=("m",)
    )
    desk.do(lambda: desk.services.endpoints.save(local))
    page, preferences = general(desk), desk.services.preferences
    assert page.titles.currentText() == "The first words of the question"
    place = page.titles.findData("desk/m")
    desk.do(lambda: page.titles.setFocus())
    for _ in range(place):
        desk.key(page.titles, Qt.Key.Key_Down)
    assert (preferences.current.title_source, preferences.current.title_model) == ("model", "desk/m")
    page.refresh()
    assert page.titles.currentIndex() == place
    desk.key(page.titles, Qt.Key.Key_Home)
    assert preferences.current.title_source == "words"
    desk.key(page.titles, Qt.Key.Key_Down)
    assert (preferences.current.title_source, preferences.current.title_model) == ("model", "")


def test_a_broken_file_of_preferences_is_told_where_one_changes_them(desk: Desk) -> None:
    path: Path = desk.services.profile.folder / "preferences.toml"
    path.write_text("theme = 7\n")
    desk.services.preferences.reload()
    page = general(desk)
    desk.click(page.thinking)
    assert "preferences.toml" in page.thinking_row.error()
    assert path.read_text() == "theme = 7\n"


def test_appearance_is_kept(desk: Desk) -> None:
    desk.do(lambda: desk.settings.show_page("appearance"))
    page = desk.settings.page("appearance")
    assert isinstance(page, AppearancePage)
    desk.click(next(s for s in page.colours.findChildren(_Segment) if s.text() == "Dark"))
    desk.click(next(s for s in page.width_choice.findChildren(_Segment) if s.text() == "Wide"))
    desk.click(page.numbers)
    desk.click(page.motion)

    def larger() -> None:
        page.text_size.setFocus()
        QTest.keyClick(page.text_size, Qt.Key.Key_Down)

    desk.do(larger)
    now = desk.services.preferences.current
    assert (now.theme, now.reading_width, now.reduced_motion, now.text_scale) == ("dark", "wide", True, 1.1)
    assert now.line_numbers


def test_a_shortcut_is_changed_by_pressing_it_and_reset(desk: Desk) -> None:
    page = shortcuts(desk)
    line = page.row("view.sidebar")
    press(desk, line.capture, Qt.Key.Key_J, CONTROL)
    assert desk.window.commands["view.sidebar"].shortcut().toString() == "Ctrl+J"
    assert desk.services.preferences.current.shortcuts == {"view.sidebar": "Ctrl+J"}
    desk.click(line.reset)
    assert desk.window.commands["view.sidebar"].shortcut().toString() == "Ctrl+B"
    assert desk.services.preferences.current.shortcuts == {}


def test_keys_pressed_for_a_shortcut_do_not_do_what_they_do_now(desk: Desk) -> None:
    page = shortcuts(desk)
    assert desk.window.sidebar.open
    line = page.row("view.inspector")
    press(desk, line.capture, Qt.Key.Key_B, CONTROL)
    assert desk.window.sidebar.open
    assert "Ctrl+B belongs to “Sidebar”" in line.conflict()
    assert desk.window.commands["view.inspector"].shortcut().toString() == "Ctrl+I"
    desk.click(button(line, "Use it here"))
    assert desk.window.commands["view.inspector"].shortcut().toString() == "Ctrl+B"
    assert desk.window.commands["view.sidebar"].shortcut().isEmpty()
    assert line.conflict() == ""
    desk.click(page.reset_all)
    assert desk.window.commands["view.sidebar"].shortcut().toString() == "Ctrl+B"
    assert desk.window.commands["view.inspector"].shortcut().toString() == "Ctrl+I"
    assert desk.services.preferences.current.shortcuts == {}


def test_escape_leaves_a_shortcut_and_backspace_takes_it(desk: Desk) -> None:
    line = shortcuts(desk).row("view.sidebar")
    press(desk, line.capture, Qt.Key.Key_Escape)
    assert desk.window.commands["view.sidebar"].shortcut().toString() == "Ctrl+B"
    press(desk, line.capture, Qt.Key.Key_Backspace)
    assert desk.window.commands["view.sidebar"].shortcut().isEmpty()
    assert "no shortcut" in line.capture.accessibleName()


def test_actions_that_come_later_are_listed_and_searched(desk: Desk) -> None:
    page = shortcuts(desk)
    desk.do(lambda: desk.window.commands.add("x.giraffe", "Feed the giraffe", lambda: None, place="Zoo"))
    assert page.row("x.giraffe").isVisible()
    desk.do(lambda: QTest.keyClicks(page.search, "giraffe"))
    assert page.row("x.giraffe").isVisible()
    assert not page.row("view.sidebar").isVisible()
    desk.do(lambda: desk.window.commands.remove("x.giraffe"))
    with pytest.raises(KeyError):
        page.row("x.giraffe")


def test_the_database_is_checked_when_asked(desk: Desk) -> None:
    desk.do(lambda: desk.settings.show_page("storage"))
    page = desk.settings.page("storage")
    assert isinstance(page, StoragePage)
    desk.click(page.check)
    assert "nothing is wrong" in page.check_row._hint.text()
    assert page.check.isEnabled()
    assert "keyring of your system" in page.keyring.text()


def test_every_control_has_a_name_and_keyboard_reaches_it(desk: Desk) -> None:
    for key in ("general", "appearance", "providers", "shortcuts", "storage", "about"):
        desk.do(partial(desk.settings.show_page, key))
        page = desk.settings.page(key)
        inside = [w for w in page.findChildren(QWidget) if w.isVisible()]
        controls = [w for w in inside if w.focusPolicy() & Qt.FocusPolicy.TabFocus and not w.focusProxy()]
        unnamed = [w for w in controls if not w.accessibleName() and type(w).__name__ != "QListView"]
        assert not unnamed, key
        assert controls, key


def test_narrow_and_large_text_fit(desk: Desk) -> None:
    desk.do(lambda: theme().apply(text_factor=2.0))
    desk.do(lambda: desk.window.resize(900, 900))
    for key in ("general", "appearance", "shortcuts", "storage", "about"):
        desk.do(partial(desk.settings.show_page, key))
        page = desk.settings.page(key)
        inner = page._inner  # type: ignore[union-attr]
        assert inner.width() <= page.width(), key


def test_a_row_of_the_list_says_what_it_is(desk: Desk) -> None:
    assert row(desk.providers, "Groq").accessibleName().startswith("Groq. ")
