"""The settings in a real window over real services."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from tests.loopback.server import LoopbackServer
from tests.ui.chat.quiet import done, until_quiet

from chatbench.core.endpoints import Endpoint
from chatbench.core.secrets import Secret
from chatbench.main import build
from chatbench.services import Services
from chatbench.ui.globalkeys import GlobalShortcut
from chatbench.ui.settings import settings_builder, settings_spec
from chatbench.ui.settings.navigation import NavRow
from chatbench.ui.settings.providers import ProvidersPage
from chatbench.ui.settings.workspace import SettingsWorkspace
from chatbench.ui.widgets import Button
from chatbench.ui.window import MainWindow

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
W = TypeVar("W", bound=QWidget)
LEFT = Qt.MouseButton.LeftButton
CANARY = "sk-canary-0123456789-7Qxe"


class Desk:
    """The window with its settings, and the hands that use it."""

    def __init__(self, services: Services, run: Runner, window: MainWindow) -> None:
        self.services, self._run, self.window = services, run, window
        main = window.show_section("settings").main
        assert isinstance(main, SettingsWorkspace)
        self.settings = main

    @property
    def providers(self) -> ProvidersPage:
        page = self.settings.page("providers")
        assert isinstance(page, ProvidersPage)
        return page

    def do(self, act: Callable[[], object]) -> None:
        """Does it on the running loop and waits for what it started."""
        self._run(done(act))

    def settle(self) -> None:
        self._run(until_quiet())

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._run(work)

    def click(self, widget: QWidget) -> None:
        assert widget.isVisible(), widget.accessibleName()
        self.do(lambda: QTest.mouseClick(widget, LEFT))

    def type(self, widget: QWidget, text: str) -> None:
        """Writes over what stands in a field, then leaves it with Tab."""

        def write() -> None:
            widget.setFocus()
            QTest.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClick(widget, Qt.Key.Key_Delete)
            QTest.keyClicks(widget, text)
            QTest.keyClick(widget, Qt.Key.Key_Tab)

        self.do(write)

    def key(self, widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
        held = modifiers or Qt.KeyboardModifier.NoModifier
        self.do(lambda: QTest.keyClick(widget, key, held))


def button(inside: QWidget, label: str) -> Button:
    """The visible button with these words."""
    return next(b for b in inside.findChildren(Button) if b.label() == label and b.isVisible())


def row(inside: QWidget, title: str) -> NavRow:
    """The row of a list."""
    return next(r for r in inside.findChildren(NavRow) if r.entry.title == title and r.isVisible())


@pytest.fixture
def services(tmp_path: Path, run_async: Runner) -> Iterator[Services]:
    built = build(tmp_path / "profile", environ={"GROQ_API_KEY": "gsk-from-the-environment-1234"})
    run_async(built.profile.ready())
    yield built
    run_async(built.aclose())


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def gateway(services: Services, run_async: Runner, server: LoopbackServer) -> Endpoint:
    """A provider of the reader's own, with a key."""
    endpoint = Endpoint(
        id="gateway",
        name="Company gateway",
        wire="openai_chat",
        base_url=server.base_url("openai_chat"),
        headers={"X-Team": "header-secret"},
    )
    services.endpoints.save(endpoint)
    run_async(services.endpoints.set_key("gateway", Secret(CANARY)))
    return endpoint


@pytest.fixture
def quick_keys() -> GlobalShortcut:
    """What takes keys: nothing, on the offscreen platform."""
    return GlobalShortcut()


@pytest.fixture
def desk(services: Services, run_async: Runner, qtbot: QtBot, quick_keys: GlobalShortcut) -> Iterator[Desk]:
    window = MainWindow([settings_spec(settings_builder(services, quick_keys))])
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    made: list[Desk] = []
    run_async(done(lambda: made.append(Desk(services, run_async, window))))
    assert window.isActiveWindow(), "a part without a parent was shown as a window of its own"
    yield made[0]
    run_async(until_quiet())
