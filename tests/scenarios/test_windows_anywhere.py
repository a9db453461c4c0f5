"""The quick chat from anywhere: the program is a process of its own on an X server and a session's bus,
and what presses its keys or its entry in the tray is another."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.harness import program
from tests.harness.atspi import screen
from tests.harness.portal import portal
from tests.harness.secret_service import session_bus
from tests.harness.tray import tray
from tests.scenarios.window import Run, opened, until

from chatbench.ui.globalkeys.stroke import Stroke
from chatbench.ui.globalkeys.x11 import grabs_of
from chatbench.ui.globalkeys.xcb import BAD_ACCESS, Connection

QUICK = "Quick chat – Chatbench"
MAIN = "Welcome – Chatbench"
KEYS = ("ctrl+alt+space",)
PATIENCE_S = 40.0


class Desktop:
    """A screen and a bus, and hands on them."""

    def __init__(self, home: Path, display: str, bus: str) -> None:
        self.profile = home / "profile"
        self.bus = bus
        self.environment = {
            **program.environment(home / "keys.json"),
            "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "DBUS_SESSION_BUS_ADDRESS": bus,
        }  # fmt: skip

    def prefer(self, **preferences: str) -> None:
        self.profile.mkdir(exist_ok=True)
        lines = [f'{name} = "{value}"\n' for name, value in preferences.items()]
        (self.profile / "preferences.toml").write_text("".join(lines))

    def hands(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env=self.environment, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        return done.stdout.strip()

    def press(self, *keys: str) -> None:
        self.hands("key", *keys)

    def shows(self, title: str) -> bool:
        return bool(self.hands("search", "--onlyvisible", "--name", f"^{title}$"))

    def has_keyboard(self, title: str) -> bool:
        return self.hands("getwindowfocus", "getwindowname") == title

    async def focus(self, title: str) -> None:
        """Gives a window the keyboard, as a window manager does."""
        self.hands("windowfocus", self.hands("search", "--onlyvisible", "--name", f"^{title}$"))
        await self.until(True, title, keyboard=True)

    async def until(self, holds: bool, title: str, *, keyboard: bool = False) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while (self.has_keyboard(title) if keyboard else self.shows(title)) != holds:
            assert loop.time() < end, f"waited for {title!r} to be {holds}"
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The program, ended if it has not ended by itself; it may have said nothing."""
        process = await asyncio.create_subprocess_exec(
            *program.command("--profile", str(self.profile), *words),
            env=self.environment, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            _, said = await process.communicate()
        assert said == b""

    async def second(self, *words: str) -> None:
        """A second start, which hands over and ends."""
        async with self.running(*words) as process:
            assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0


@pytest.fixture
def desktop(home: Path) -> Iterator[Desktop]:
    missing = [name for name in ("Xvfb", "xdotool", "dbus-daemon") if shutil.which(name) is None]
    assert not missing, f"not installed: {missing} (python3 packaging/dev.py test installs or names them)"
    with ExitStack() as ends:
        yield Desktop(home, ends.enter_context(screen()), ends.enter_context(session_bus(home)))


async def pressed_until_shown(desktop: Desktop) -> None:
    """The program takes its keys some time after its window is there: they are pressed until it has."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while not desktop.shows(QUICK):
        assert loop.time() < end, "waited for the quick chat"
        desktop.press(*KEYS)
        for _ in range(20):
            if desktop.shows(QUICK):
                return
            await asyncio.sleep(0.05)


async def test_its_keys_show_it_and_hide_it_whichever_window_is_in_front(desktop: Desktop) -> None:
    desktop.prefer(quick_keys="Ctrl+Alt+Space")
    async with desktop.running():
        await desktop.until(True, MAIN)
        await pressed_until_shown(desktop)
        await desktop.until(True, QUICK, keyboard=True)
        desktop.press(*KEYS)
        await desktop.until(False, QUICK)
        desktop.press(*KEYS)
        await desktop.until(True, QUICK, keyboard=True)


def test_in_view_but_not_in_front_it_comes_to_the_front(tmp_path: Path, run_async: Run) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            press = session.quick_chat.keys.pressed.emit
            press("")
            await until(lambda: session.quick and session.quick.pane.view, "the quick chat")
            quick = session.quick
            assert quick is not None
            assert quick.isActiveWindow()
            session.window.activateWindow()
            await until(session.window.isActiveWindow, "the main window in front")
            press("leave")
            await until(quick.isActiveWindow, "the quick chat in front")
            assert os.environ.pop("XDG_ACTIVATION_TOKEN") == "leave"
            assert quick.isVisible()
            press("")
            assert not quick.isVisible()
            assert not session.ended.is_set()
            # Brought, but the desktop has not said yet that it is in front.
            press("")
            press("")
            assert not quick.isVisible()

    run_async(scenario())


async def test_without_another_window_its_keys_bring_it_back(desktop: Desktop) -> None:
    desktop.prefer(quick_keys="Ctrl+Alt+Space")
    async with desktop.running("quick") as process:
        await desktop.until(True, QUICK, keyboard=True)
        await taken(desktop)
        desktop.press("Escape")
        await desktop.until(False, QUICK)
        desktop.press(*KEYS)
        await desktop.until(True, QUICK, keyboard=True)
        desktop.press(*KEYS)
        await desktop.until(False, QUICK)
        await desktop.second("quick")
        await desktop.until(True, QUICK, keyboard=True)
        desktop.press("ctrl+q")
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    assert not held(desktop)


def held(desktop: Desktop) -> bool:
    """Whether a program has the keys."""
    other = Connection(desktop.environment["DISPLAY"])
    code = other.grab(grabs_of(Stroke.of("Ctrl+Alt+Space"), other.keyboard()))
    other.close()
    return code == BAD_ACCESS


async def taken(desktop: Desktop) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while not held(desktop):
        assert loop.time() < end, "waited for the keys to be taken"
        await asyncio.sleep(0.05)


async def test_keys_that_another_program_has_are_told_when_it_starts(desktop: Desktop) -> None:
    desktop.prefer(quick_keys="Ctrl+Alt+Space")
    other = Connection(desktop.environment["DISPLAY"])
    assert other.grab(grabs_of(Stroke.of("Ctrl+Alt+Space"), other.keyboard())) == 0
    async with desktop.running("quick") as process:
        await desktop.until(True, QUICK, keyboard=True)
        desktop.press("Escape")
        # Nothing else could call it: it ends.
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    other.close()


async def test_where_a_portal_gives_keys_it_is_asked(desktop: Desktop) -> None:
    desktop.prefer(quick_keys="Ctrl+Alt+Space")
    # X11 inside a Wayland desktop.
    desktop.environment["WAYLAND_DISPLAY"] = "wayland-0"
    async with portal(desktop.bus) as asked, desktop.running():
        await desktop.until(True, MAIN)
        await until(lambda: asked.sessions and asked.session.shortcuts, "the question")
        assert not held(desktop)
        await asked.activate(activation_token=("s", "leave"))
        await desktop.until(True, QUICK, keyboard=True)
        await asked.activate()
        await desktop.until(False, QUICK)


async def test_the_tray_shows_it_and_keeps_it_when_all_windows_are_closed(desktop: Desktop) -> None:
    async with tray(desktop.bus) as shown, desktop.running() as process:
        await until(lambda: shown.items, "the entry in the tray")
        (item,) = shown.items
        assert await item.property("ToolTip") is not None
        assert [row.label for row in await item.menu()] == ["Quick chat", "Open Chatbench", "Quit"]
        await item.press()
        await desktop.until(True, QUICK, keyboard=True)
        await desktop.focus(MAIN)
        desktop.press("ctrl+shift+w")
        await desktop.until(False, MAIN)
        await desktop.focus(QUICK)
        desktop.press("Escape")
        await desktop.until(False, QUICK)
        await item.choose("Quick chat")
        await desktop.until(True, QUICK, keyboard=True)
        desktop.press("Escape")
        await desktop.until(False, QUICK)
        await desktop.second("quick")
        await desktop.until(True, QUICK, keyboard=True)
        await item.choose("Open Chatbench")
        await desktop.until(True, MAIN)
        await item.choose("Quit")
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
