"""What a person brings into view: the chat with one and with three lanes, the palette, the picker, the
settings page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import FIRST, OTHER, ask
from tests.scenarios.window import add_loopback, press, until, view_of

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.session import Session
from chatbench.ui.widgets import Popup

NATIVE = ("chat.attach", "chat.export")
"""What these open is the system's own."""
CTRL = Qt.KeyboardModifier.ControlModifier


class Surface(NamedTuple):
    """What is in view, and the widget that holds it."""

    name: str
    root: QWidget


async def surfaces(session: Session, server: LoopbackServer) -> AsyncIterator[Surface]:
    """One after another, each in view while it is looked at."""
    window = session.window
    window.activateWindow()
    view = await _chatted(session, server)
    yield Surface("chat", window)
    await three_lanes(session, view)
    yield Surface("lanes", window)
    for name, opener in (("palette", Qt.Key.Key_K), ("picker", Qt.Key.Key_M)):
        press(window, opener, CTRL)
        await quiet()
        yield Surface(name, window)
        press(QApplication.focusWidget() or window, Qt.Key.Key_Escape)
        await quiet()
    settings = window.show_section("settings").main
    for key in ("general", "appearance", "providers", "shortcuts", "storage", "about"):
        settings.show_page(key)  # type: ignore[attr-defined]
        await quiet()
        yield Surface(f"settings: {key}", window)


async def _chatted(session: Session, server: LoopbackServer) -> ConversationView:
    view = view_of(session)
    view.choose_model(add_loopback(session, server.base_url("openai_chat")))
    await ask(view, "First question")
    return view


async def three_lanes(session: Session, view: ConversationView) -> None:
    """Two more models, and an answer of each."""
    for model in (OTHER, FIRST):
        count = len(view.lanes.views)
        view.composer.lane_added.emit(model)
        await until(lambda count=count: len(view.lanes.views) > count, "the lane")  # type: ignore[misc]
    await ask(view, "Second question")
    await quiet()


async def dialogs(session: Session, server: LoopbackServer) -> AsyncIterator[Surface]:
    """Every dialog and popup that an action of the window opens, three lanes in view."""
    session.window.activateWindow()
    await three_lanes(session, await _chatted(session, server))
    for command in list(session.window.commands):
        if (
            command.objectName() in NATIVE
            or not command.isEnabled()
            or not command.text().rstrip("⟧").endswith("…")
        ):
            continue
        before = set(above(session.window))
        command.trigger()
        await quiet()
        for one in [one for one in above(session.window) if one not in before]:
            yield Surface(command.objectName(), one)
        await close_all(session)


def above(window: QWidget) -> list[QWidget]:
    """Dialogs, popups and menus that stand open above a window."""
    tops = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one is not window]
    return tops + [one for one in window.findChildren(Popup) if one.isVisible()]


async def close_all(session: Session) -> None:
    """Closes whatever stands above the window."""
    for one in above(session.window):
        if isValid(one) and one.isVisible():
            press(one, Qt.Key.Key_Escape)
            await quiet()
        if isValid(one) and one.isVisible():
            one.close()
    await quiet()


async def quiet() -> None:
    """Lets what was begun be shown."""
    await asyncio.sleep(0.05)


def interfaces(root: QWidget) -> Iterator[QAccessibleInterface]:
    """Everything assistive technology meets below a widget that is in view, the widget first."""
    found = QAccessible.queryAccessibleInterface(root)
    if found is not None:
        yield from _below(found)


def _below(node: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    if node.state().invisible:
        return
    yield node
    for at in range(node.childCount()):
        child = node.child(at)
        if child is not None:
            yield from _below(child)
