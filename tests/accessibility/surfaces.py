"""What a person brings into view: the chat with one and with three lanes, the palette, the picker, the
settings page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QContextMenuEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QPlainTextEdit,
    QWidget,
)
from shiboken6 import isValid
from tests.accessibility.runs import run_dialogs, show_run
from tests.documents import pdfs, recordings
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import FIRST, OTHER, ask
from tests.scenarios.window import add_loopback, click, press, until, view_of
from tests.shots.workbench import TRIAGE

from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.chat.viewer import open_attachment
from chatbench.ui.chat.viewer.pdf import PdfBody
from chatbench.ui.session import Session
from chatbench.ui.widgets import Popup
from chatbench.ui.workbench.pane import WorkbenchPane
from chatbench.ui.workbench.prompts.page import PromptPage

NATIVE = ("chat.attach", "list.export", "workbench.import")
"""What these open is the system's own."""
OPENING = ("ellipsis", "chevron-down", "columns-3", "diff")
"""Icons of buttons that open a menu."""
BROKEN = "Sort for {{product"
"""A template that cannot be read."""
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
    await show_prompt(session)
    yield Surface("workbench", window)
    run = await show_run(session)
    await quiet()
    yield Surface("run", window)
    async for name, dialog in run_dialogs(run):
        await quiet()
        yield Surface(name, dialog)
    window.activateWindow()
    await quiet()
    settings = window.show_section("settings").main
    for key in ("general", "appearance", "providers", "shortcuts", "storage", "about"):
        settings.show_page(key)  # type: ignore[attr-defined]
        await quiet()
        yield Surface(f"settings: {key}", window)
    keep_files(session, server)
    settings.show_page("files")  # type: ignore[attr-defined]
    page = settings.page("files")  # type: ignore[attr-defined]
    await until(page.rows, "the files")
    await quiet()
    click(page.rows()[0].delete)
    await quiet()
    yield Surface("settings: files", window)
    async for viewer in _viewers(session):
        yield viewer


async def show_prompt(session: Session) -> PromptPage:
    """A prompt in the workbench, with every section of it open, and words that need mending."""
    first = await session.services.prompts.save(None, TRIAGE, name="Ticket triage", folder="Support")
    changed = msgspec.structs.replace(TRIAGE, models=("loopback/model-a",), dataset="Tickets, October")
    await session.services.prompts.save(first.prompt_id, changed, note="With a model")
    await session.services.datasets.create("Tickets, October", (), [{"text": "Hello", "tier": "gold"}] * 3)
    pane = session.window.show_section("workbench").main
    assert isinstance(pane, WorkbenchPane)
    pane.open_prompt(first.prompt_id)
    await until(pane.current_view, "the prompt")
    page = pane.current_view()
    assert isinstance(page, PromptPage)
    await until(lambda: page.is_ready and page.editor.variables.source("ticket"), "its words and a row")
    settings = page.editor.settings
    for section in (settings.parameters_section, settings.schema_section, settings.tools_section):
        section.set_open(True)
    for section in (page.editor.defaults, page.editor.preview_section):
        section.set_open(True)
    page.editor.cards.cards[0].text.setPlainText(BROKEN)
    page.editor.look()
    page.editor.run_once.click()
    await quiet()
    return page


async def _viewers(session: Session) -> AsyncIterator[Surface]:
    """The windows that show attached files, one of each kind."""
    service = session.services.attachments
    files = (
        ("REPORT.PDF", pdfs.book(6)),
        ("NOTES.PY", b"# Notes\nx = 1\n"),
        ("TONE.WAV", recordings.sound("wav")),
    )
    for name, data in files:
        part = await service.attach_bytes(data, name, None)
        shown = open_attachment(session.services, part, (part,), session.window)
        await quiet()
        body = shown.body
        if isinstance(body, PdfBody):
            await until(lambda body=body: body.pages is not None and body.pages.sheet(2), "the pages")  # type: ignore[misc]
            press(shown, Qt.Key.Key_F, CTRL)
            press(body, Qt.Key.Key_T)
            await until(lambda body=body: body.text.is_filled and body.text.lines.text, "the words")  # type: ignore[misc]
            await quiet()
        yield Surface(f"viewer: {name}", shown)
        shown.close()
        await quiet()


def keep_files(session: Session, server: LoopbackServer) -> None:
    """A provider that keeps two files, one of which it gives back."""
    session.services.endpoints.save(
        Endpoint(
            id="keeper", name="Keeper", wire="openai_responses", base_url=server.base_url("openai_responses"),
            auth="none", quirks=Quirks(file_storage=True),
        )
    )  # fmt: skip
    server.files.put("openai", b"x" * 2600, "notes.txt", "text/plain", **{"expires_after[seconds]": "86400"})
    server.files.put("openai", b"x", "results.jsonl", "application/json", purpose="fine-tune-results")


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


async def beginnings(session: Session, server: LoopbackServer) -> AsyncIterator[Surface]:
    """The first start, and the inspector with a conversation and with one answer."""
    window = session.window
    window.activateWindow()
    await quiet()
    yield Surface("first start", window)
    view = await _chatted(session, server)
    window.commands["view.inspector"].trigger()
    await until(lambda: window.inspector.shown_part == 1, "the inspector")
    await quiet()
    yield Surface("inspector: conversation", window)
    view.transcript.action_requested.emit(view.source.ids()[-1], "inspect")
    await quiet()
    yield Surface("inspector: message", window)
    window.commands["window.quick"].trigger()
    await until(lambda: session.quick is not None and session.quick.isVisible(), "the quick window")
    await quiet()
    assert session.quick is not None
    yield Surface("quick", session.quick)


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


async def menus(session: Session, server: LoopbackServer) -> AsyncIterator[Surface]:
    """Every menu that a button of the window opens, as wide as it is and where room is short."""
    window = session.window
    window.activateWindow()
    await three_lanes(session, await _chatted(session, server))
    seen: set[str] = set()
    for size in ((1440, 900), (480, 800)):
        window.resize(*size)
        await quiet()
        for widget in [*openers(window), *holders(window)]:
            named = widget if isinstance(widget, QAbstractButton) else widget.parentWidget() or widget
            name = f"{type(named).__name__} {named.accessibleName()} at {size[0]}"
            if not isValid(widget) or not widget.isVisible() or name in seen:
                continue
            seen.add(name)
            before = set(above(window))
            if isinstance(widget, QAbstractButton):
                click(widget)
            else:
                at = _first(widget)
                event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
                QApplication.sendEvent(widget, event)
            await quiet()
            for one in [one for one in above(window) if one not in before]:
                yield Surface(name, one)
            await close_all(session)


def _first(widget: QWidget) -> QPoint:
    """Inside what stands uppermost in a list, or in the middle."""
    if isinstance(widget, QAbstractItemView):
        rows = range(widget.model().rowCount())
        rects = [widget.visualRect(widget.model().index(row, 0)) for row in rows]
        return rects[-1].center() if rects else QPoint(5, 5)
    return widget.rect().center()


def holders(root: QWidget) -> list[QWidget]:
    """What has a menu of its own under the right button: transcripts, lists, fields."""
    found = [
        one.viewport()
        for one in root.findChildren(QAbstractScrollArea)
        if isinstance(one, TranscriptView | QAbstractItemView | QPlainTextEdit) and one.isVisible()
    ]
    return [one for one in found if not one.visibleRegion().isEmpty()]


def openers(root: QWidget) -> list[QAbstractButton]:
    """The buttons in view that open a menu or a list."""
    return [
        one
        for one in root.findChildren(QAbstractButton)
        if one.isVisible() and one.isEnabled() and not one.visibleRegion().isEmpty()
        and (getattr(one, "_menu", False) or getattr(one, "_icon", "") in OPENING or hasattr(one, "menu"))
    ]  # fmt: skip


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
    """Lets what was begun be shown: in ten turns of the loop, of which a busy machine has one in one wait."""
    for _ in range(10):
        await asyncio.sleep(0.005)


def interfaces(root: QWidget) -> Iterator[QAccessibleInterface]:
    """Everything assistive technology meets below a widget that is in view, the widget first."""
    found = QAccessible.queryAccessibleInterface(root)
    if found is not None:
        yield from _below(found)


def _below(node: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    # While nobody listens, Qt keeps the interfaces of rows that were replaced; they are not valid then.
    if not node.isValid() or node.state().invisible:
        return
    yield node
    for at in range(node.childCount()):
        child = node.child(at)
        if child is not None:
            yield from _below(child)
