"""The quick chat's keys in the settings: asked of the system, kept when had, refusals told in place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from tests.harness.atspi import screen
from tests.harness.portal import portal
from tests.harness.secret_service import session_bus
from tests.ui.settings.conftest import Desk, Runner

from chatbench.main import glance
from chatbench.ui.globalkeys import GlobalShortcut
from chatbench.ui.globalkeys.stroke import Stroke
from chatbench.ui.globalkeys.x11 import X11Keys, grabs_of
from chatbench.ui.globalkeys.xcb import Connection
from chatbench.ui.settings.general import GeneralPage

CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


@pytest.fixture
def display() -> Iterator[str]:
    with screen() as name:
        yield name


class TestOnX11:
    @pytest.fixture
    def quick_keys(self, display: str) -> Iterator[GlobalShortcut]:
        shortcut = GlobalShortcut("x11", partial(X11Keys, display=display))
        yield shortcut
        shortcut.release()

    def test_keys_are_pressed_had_and_kept(
        self, desk: Desk, quick_keys: GlobalShortcut, tmp_path: Path
    ) -> None:
        page = general(desk)
        capture = page.quick_keys.capture
        assert kept(desk) == ""
        assert not quick_keys.works
        desk.click(capture)
        desk.key(capture, Qt.Key.Key_Space, CTRL_ALT)
        assert quick_keys.works
        assert kept(desk) == "Ctrl+Alt+Space"
        assert glance(tmp_path / "profile").quick_keys == "Ctrl+Alt+Space"
        assert capture.accessibleName() == "Keys of the quick chat: Ctrl+Alt+Space"
        assert page.quick_keys.row.error() == ""
        desk.click(capture)
        desk.key(capture, Qt.Key.Key_Backspace)
        assert (kept(desk), quick_keys.works) == ("", False)

    def test_a_refusal_is_told_in_place_and_nothing_changes(
        self, desk: Desk, quick_keys: GlobalShortcut, display: str
    ) -> None:
        page = general(desk)
        capture, row = page.quick_keys.capture, page.quick_keys.row
        desk.click(capture)
        desk.key(capture, Qt.Key.Key_Space, CTRL_ALT)
        other = Connection(display)
        assert other.grab(grabs_of(Stroke.of("Ctrl+Alt+J"), other.keyboard())) == 0
        desk.click(capture)
        desk.key(capture, Qt.Key.Key_J, CTRL_ALT)
        assert row.error() == "Ctrl+Alt+J: Another program has these keys."
        assert capture.accessibleDescription() == row.error()
        assert (kept(desk), quick_keys.keys) == ("Ctrl+Alt+Space", "Ctrl+Alt+Space")
        other.close()
        desk.click(capture)
        desk.key(capture, Qt.Key.Key_J, CTRL_ALT)
        assert (row.error(), kept(desk)) == ("", "Ctrl+Alt+J")


class TestWithAPortal:
    @pytest.fixture
    def quick_keys(self) -> GlobalShortcut:
        return GlobalShortcut("portal")

    def test_what_the_desktop_gives_is_said(
        self,
        desk: Desk,
        quick_keys: GlobalShortcut,
        home: Path,
        run_async: Runner,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        page = general(desk)
        row = page.quick_keys.row
        assert "asks you first" in row._hint.text()

        async def scenario(address: str) -> None:
            async with portal(address) as desktop:
                desktop.gives = "Super+Space"
                assert await quick_keys.use("Ctrl+Alt+Space")
                assert row._hint.text().startswith("Your desktop calls it with Super+Space")
                desktop.answer = 1
                assert not await quick_keys.use("Ctrl+Alt+J")
                assert row.error() == "Ctrl+Alt+J: You have not allowed it."
                quick_keys.release()

        with session_bus(home) as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            run_async(scenario(address))


def test_where_no_program_may_take_keys_the_field_is_off_and_says_so(desk: Desk) -> None:
    page = general(desk)
    assert not page.quick_keys.capture.isEnabled()
    assert "no program" in page.quick_keys.row._hint.text()


def general(desk: Desk) -> GeneralPage:
    desk.do(lambda: desk.settings.show_page("general", "quick_keys"))
    page = desk.settings.page("general")
    assert isinstance(page, GeneralPage)
    return page


def kept(desk: Desk) -> str:
    return desk.services.preferences.current.quick_keys
