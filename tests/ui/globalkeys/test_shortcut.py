"""The one shortcut, over a real X server and a real bus: what is in force, and why something is not."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from tests.harness.portal import portal
from tests.harness.secret_service import session_bus
from tests.scenarios.window import Run, until
from tests.ui.globalkeys.conftest import Keyboard

from chatbench.ui.globalkeys import GlobalShortcut
from chatbench.ui.globalkeys.stroke import Stroke
from chatbench.ui.globalkeys.x11 import X11Keys


class Heard:
    def __init__(self, shortcut: GlobalShortcut) -> None:
        self.presses = self.changes = 0
        shortcut.pressed.connect(self._press)
        shortcut.changed.connect(self._change)

    def _press(self, _token: str) -> None:
        self.presses += 1

    def _change(self) -> None:
        self.changes += 1


def on(keyboard: Keyboard) -> GlobalShortcut:
    return GlobalShortcut("x11", partial(X11Keys, display=keyboard.display))


def test_keys_that_are_refused_leave_those_before_in_force(keyboard: Keyboard, run_async: Run) -> None:
    async def scenario() -> None:
        shortcut, other = on(keyboard), on(keyboard)
        heard = Heard(shortcut)
        assert not shortcut.works
        assert await shortcut.use("Ctrl+Alt+Space")
        assert (shortcut.keys, shortcut.problem, shortcut.works) == ("Ctrl+Alt+Space", "", True)
        assert await other.use("Ctrl+Alt+J")
        for keys, problem in (
            ("Ctrl+Alt+J", "Another program"),
            ("A", "Without Ctrl"),
            ("Ctrl+ß", "no such key"),
        ):
            assert not await shortcut.use(keys)
            assert problem in shortcut.problem
            assert (shortcut.asked, shortcut.keys) == (keys, "Ctrl+Alt+Space")
        keyboard.press("ctrl+alt+space")
        await until(lambda: heard.presses == 1, "the press")
        assert await shortcut.use("Meta+K")
        assert shortcut.problem == ""
        assert await shortcut.use("")
        assert not shortcut.works
        assert heard.changes == 6
        assert await other.use("Meta+K")
        other.release()
        assert not other.works

    run_async(scenario())


def test_where_nothing_takes_keys_it_is_said(run_async: Run) -> None:
    async def scenario() -> None:
        shortcut = GlobalShortcut()
        assert shortcut.kind == "none"
        assert not await shortcut.use("Ctrl+Alt+Space")
        assert shortcut.problem == "This system lets no program take keys for others."

    run_async(scenario())


def test_keys_lost_and_found_are_told(keyboard: Keyboard, run_async: Run) -> None:
    async def scenario() -> None:
        shortcut = on(keyboard)
        heard = Heard(shortcut)
        await shortcut.use("Ctrl+Alt+Ж")
        assert "no such key" in shortcut.problem
        keyboard.layout("us,ru")
        assert await shortcut.use("Ctrl+Alt+Ж")
        keyboard.layout("us")
        await until(lambda: not shortcut.works, "the loss")
        keyboard.layout("us,ru")
        await until(lambda: shortcut.works, "the keys again")
        assert heard.changes == 4
        shortcut.release()

    run_async(scenario())


def test_what_is_asked_while_the_desktop_asks_takes_its_place(
    home: Path, run_async: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        shortcut = GlobalShortcut("portal")
        with session_bus(home) as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            async with portal(address) as desktop:
                desktop.answer = None
                first = asyncio.ensure_future(shortcut.use("Ctrl+Alt+Space"))
                await until(lambda: desktop.sessions and desktop.session.shortcuts, "the question")
                desktop.answer, desktop.gives = 0, "Super+K"
                assert await shortcut.use("Meta+K")
                assert not await first
                assert (shortcut.keys, shortcut.problem, shortcut.trigger) == ("Meta+K", "", "Super+K")
                desktop.answer = 1
                assert not await shortcut.use("Meta+J")
                assert shortcut.problem == "You have not allowed it."
                desktop.answer = None
                last = asyncio.ensure_future(shortcut.use("Meta+L"))
                await until(lambda: len(desktop.sessions) == 5 and desktop.session.shortcuts, "the question")
                shortcut.release()
                assert not await last
                assert not shortcut.works

    run_async(scenario())


def test_strokes_of_one_key_are_equal() -> None:
    assert Stroke.of("Ctrl+a") == Stroke.of("Ctrl+A")
