"""The real window over a real profile, for tests that use it as a person would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from tests.loopback.server import LoopbackServer

from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.main import build
from chatbench.services import Services
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]
CTRL = Qt.KeyboardModifier.ControlModifier
PATIENCE_S = 20.0


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Session]:
    """The window on a profile, shown and ready; shut down as a person's closing it would."""
    session = Session(build(folder, shared_loop=True))
    session.start()
    try:
        await until(lambda: session.window.windowTitle() != "Chatbench", "a conversation to show")
        yield session
    finally:
        await session.aclose()


@asynccontextmanager
async def chatting(folder: Path, server: LoopbackServer) -> AsyncIterator[tuple[Session, ConversationView]]:
    """The window as `opened`, and the conversation in view, which goes to the loopback provider."""
    async with opened(folder) as session:
        at_loopback(session, server)
        yield session, view_of(session)


def view_of(session: Session) -> ConversationView:
    """The conversation in view."""
    view = session.workspace.current_view()
    assert view is not None
    return view


def shows(session: Session, conversation_id: str) -> bool:
    """Whether that conversation is in view."""
    view = session.workspace.current_view()
    return view is not None and view.id == conversation_id


async def until(holds: Callable[[], object], what: str) -> None:
    """Waits for something that will come; fails by name if it does not."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while not holds():
        assert loop.time() < end, f"waited for {what}"
        await asyncio.sleep(0.005)


def write(view: ConversationView, text: str) -> None:
    """Types words into the composer; what has no key comes as an input method commits it."""
    editor = view.composer.editor
    view.composer.setFocus()
    if text.isascii():
        QTest.keyClicks(editor, text)
        return
    event = QInputMethodEvent("", [])
    event.setCommitString(text)
    QApplication.sendEvent(editor, event)


async def send(view: ConversationView, text: str) -> None:
    """Types words, presses Enter, and waits for the end of the answer."""
    before = len(view.source.ids())
    write(view, text)
    press(view.composer.editor, Qt.Key.Key_Return)
    await until(lambda: len(view.source.ids()) >= before + 2, "the question and its answer to show")
    await finished(view)


async def finished(view: ConversationView) -> None:
    """Waits until nothing is written any more and the pane knows."""
    await until(
        lambda: not view.streaming and not view.conversation.summary.streaming, "the end of the answer"
    )


def press(
    widget: QWidget,
    key: Qt.Key,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """A key press and release."""
    QTest.keyClick(widget, key, modifiers)


def click(widget: QWidget, at: QPoint | None = None) -> None:
    """A left click, in the middle or at a point."""
    QTest.mouseClick(
        widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at or widget.rect().center()
    )


async def texts(view: ConversationView) -> list[str]:
    """The words of the messages that are shown."""

    def at_hand() -> bool:
        ids = view.source.ids()
        view.source.request(ids)
        return all(view.source.entry(index) for index in range(len(ids)))

    await until(at_hand, "the messages to load")
    entries = [view.source.entry(index) for index in range(len(view.source.ids()))]
    return [entry.message.text for entry in entries if entry]


async def disk(services: Services, *, full: bool, read_only: bool = False) -> None:
    """Makes the profile's database find no more room on the disk, or finds it again."""

    def limit(connection: apsw.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {1 if full else 1_000_000}").fetchone()

    await services.profile._database._run_on_writer(limit)
    if read_only:
        await services.profile._database._run_on_writer(lambda c: c.execute("PRAGMA query_only = 1"))


def add_loopback(session: Session, url: str, wire: str = "openai_chat") -> ModelRef:
    """A provider of the user's own at a loopback server."""
    endpoint = Endpoint(
        id="loopback", name="Loopback", wire=wire, base_url=url, auth="none", models=("model-a", "model-b")
    )
    session.services.endpoints.save(endpoint)
    return ModelRef("loopback", "model-a")


def at_loopback(session: Session, server: LoopbackServer) -> None:
    """Lets the conversation in view go to the loopback provider."""
    view_of(session).choose_model(add_loopback(session, server.base_url("openai_chat")))
