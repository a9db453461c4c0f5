"""The outline of a long answer: a list of its headings, to go to one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QMenu
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import choose, open_menus, tell
from tests.scenarios.window import CTRL, chatting, click, press, send, until

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.outline import OutlinePopup
from chatbench.ui.palette import ActionSource
from chatbench.ui.session import Session
from chatbench.ui.theme import theme

Run = Callable[[Coroutine[Any, Any, None]], None]
SHIFT_CTRL = CTRL | Qt.KeyboardModifier.ShiftModifier
WORDS = "Some words about it, so that it takes a while to read. " * 60
LONG = "".join(
    f"{'#' * (2 + (at % 3 > 0))} Part {at}\n\n{WORDS}\n\n```sh\n# no heading\n```\n\n" for at in range(9)
)
SHORT = f"## One\n\n{WORDS}\n\n## Two\n\n{WORDS}\n"


def outlines(view: ConversationView) -> list[OutlinePopup]:
    """The outlines that stand open."""
    return [one for one in view.transcript.findChildren(OutlinePopup) if one.isVisible()]


async def outline(view: ConversationView) -> OutlinePopup:
    """The outline, opened by its keys."""
    press(view.composer.editor, Qt.Key.Key_H, SHIFT_CTRL)
    await until(lambda: outlines(view), "the outline")
    (popup,) = outlines(view)
    return popup


async def back(view: ConversationView) -> None:
    """The window is the active one again, as a window manager sees to when a popup closes."""
    view.window().activateWindow()
    await until(view.window().isActiveWindow, "the window to be active")


async def closed(view: ConversationView) -> None:
    """Waits until no outline is left and the window is the active one again."""
    await until(lambda: not view.transcript.findChildren(OutlinePopup), "the outline to be gone")
    await back(view)


def top_of(view: ConversationView, words: str) -> float:
    """How far below the upper edge a heading stands."""
    view.transcript.arrange()
    for row in view.transcript.stack.rows:
        boxes = row.item.boxes if row.item is not None else []
        for number, box in enumerate(boxes):
            if box.text == words:
                assert row.item is not None
                return row.top + row.item.tops[number]
    raise AssertionError(f"{words} is not in view")


def palette_lists(session: Session, words: str) -> bool:
    """Whether the palette offers an action now."""
    source = ActionSource(session.window.commands, "Actions")
    return words in [row.title for row in source.rows("outline")]


def open_menu_of(view: ConversationView, index: int) -> QMenu:
    """The menu of a message, by a click on its last action; it has to be in view."""
    transcript = view.transcript
    row = next(row for row in transcript.stack.rows if row.index == index)
    assert row.item is not None
    more = next(one for one in actions_of(row.item) if one.key == "more")
    click(transcript.viewport(), more.rect.translated(0, row.top).center().toPoint())
    (menu,) = open_menus()
    return menu


def test_the_outline_goes_to_a_heading_by_keyboard_and_marks_where_one_is(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        tell(server, "model-a", LONG)
        async with chatting(tmp_path, server) as (_session, view):
            await send(view, "Tell me at length")
            await until(lambda: view.transcript.stack.following, "the end of the way to the end")
            popup = await outline(view)
            headings = popup.list.outline
            assert [one.heading.text for one in headings.places] == [f"Part {at}" for at in range(9)]
            assert [one.heading.depth for one in headings.places] == [0, 1, 1] * 3
            assert headings.here == 8, "at the end the last heading is read"
            assert popup.list.hasFocus()
            assert popup.list.currentIndex().row() == 8
            press(popup.list, Qt.Key.Key_Home)
            for _ in range(4):
                press(popup.list, Qt.Key.Key_Down)
            press(popup.list, Qt.Key.Key_Return)
            await closed(view)
            assert top_of(view, "Part 4") == 16
            popup = await outline(view)
            assert popup.list.outline.here == 4
            spoken = QAccessible.queryAccessibleInterface(popup.list)
            names = [spoken.child(at).text(QAccessible.Text.Name) for at in (3, 4)]
            assert names == ["Part 3, level 1", "Part 4, level 2, in view"]
            press(popup.list, Qt.Key.Key_Escape)
            await closed(view)
            assert top_of(view, "Part 4") == 16

    run_async(scenario())


def test_the_outline_is_in_the_menu_of_a_long_answer_and_goes_by_mouse(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        tell(server, "model-a", LONG)
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Tell me at length")
            await until(lambda: view.transcript.stack.following, "the end of the way to the end")
            assert palette_lists(session, "Outline of the answer…")
            open_menu_of(view, 1)
            choose("Outline…")
            await until(lambda: outlines(view), "the outline")
            (popup,) = outlines(view)
            rows = popup.list
            rows.scrollToTop()
            click(rows.viewport(), rows.visualRect(rows.outline.index(2)).center())
            await closed(view)
            assert top_of(view, "Part 2") == 16
            popup = await outline(view)
            card, image = popup.card(), popup.grab().toImage()
            for x in (card.left(), card.right()):
                at = QPointF(x, card.bottom() - 20) * popup.devicePixelRatio()
                assert image.pixelColor(at.toPoint()) != theme().color("raised"), "its border"
            outside = popup.card().bottomLeft() + QPoint(-8, 4)
            click(popup, outside)
            await closed(view)
            assert top_of(view, "Part 2") == 16

    run_async(scenario())


def test_an_answer_with_two_headings_has_no_outline(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        tell(server, "model-a", SHORT)
        async with chatting(tmp_path, server) as (session, view):
            await send(view, "Tell me briefly")
            menu = open_menu_of(view, 1)
            assert "Outline…" not in [one.text() for one in menu.actions()]
            menu.close()
            assert not palette_lists(session, "Outline of the answer…")
            await back(view)
            press(view.composer.editor, Qt.Key.Key_H, SHIFT_CTRL)
            await until(lambda: session.window.notices.shown(), "the notice")
            assert "fewer than three headings" in session.window.notices.shown()[-1].text
            assert outlines(view) == []

    run_async(scenario())
