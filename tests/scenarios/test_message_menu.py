"""The menu at a place of a conversation: what is selected, under the pointer, and all a message offers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, choose, open_menus, tell, two_lanes
from tests.scenarios.window import CTRL, chatting, finished, opened, press, send, texts, until

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.offers import offers
from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.boxes.code import CodeBox
from chatbench.ui.chat.transcript.boxes.small import MathsBox
from chatbench.ui.chat.transcript.boxes.table import TableBox

Run = Callable[[Coroutine[Any, Any, None]], None]
RICH = """Some words with `inline()` code and a [page](https://example.com/a).

```python
print("one")
```

$$a^2 + b^2$$

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        tell(running, "model-a", RICH)
        yield running


def ask_for_menu(
    widget: QWidget, at: QPoint, reason: QContextMenuEvent.Reason = QContextMenuEvent.Reason.Mouse
) -> None:
    """The right button at a point, or the key for menus."""
    QApplication.sendEvent(widget, QContextMenuEvent(reason, at, widget.mapToGlobal(at)))


def right_click(view: ConversationView, at: QPoint) -> QMenu:
    """The menu that opens at a point of the words."""
    ask_for_menu(view.transcript.viewport(), at)
    (menu,) = open_menus()
    return menu


def names(menu: QMenu) -> list[str]:
    """What a menu offers."""
    return [action.text() for action in menu.actions() if action.text()]


def point_of(view: ConversationView, index: int, kind: type, words: str = "") -> QPoint:
    """A point in the first box of a kind, or at words in it."""
    view.transcript.arrange()
    row = next(row for row in view.transcript.stack.rows if row.index == index)
    assert row.item is not None
    number = next(n for n, box in enumerate(row.item.boxes) if isinstance(box, kind) and words in box.text)
    box = row.item.boxes[number]
    rect = box.rects(box.text.index(words), box.text.index(words) + 1)[0]
    return (rect.center() + row.item.box_rect(number).topLeft()).toPoint() + QPoint(0, round(row.top))


def test_the_menu_offers_what_is_under_the_pointer(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_session, view):
            await send(view, "Show it")
            await texts(view)
            clipboard = QGuiApplication.clipboard()
            for kind, inside, words, copied in (
                (CodeBox, "print", "Copy code", 'print("one")'),
                (MathsBox, "a", "Copy formula as TeX", "a^2 + b^2"),
                (TableBox, "1", "Copy table as CSV", "a,b"),
                (object, "inline()", "Copy code", "inline()"),
                (object, "page", "Copy link address", "https://example.com/a"),
            ):
                menu = right_click(view, point_of(view, 1, kind, inside))
                assert names(menu)[0] == words
                choose(words)
                assert clipboard.text().strip().splitlines()[0] == copied
                await until(lambda: not open_menus(), "the menu to close")

    run_async(scenario())


def test_the_menu_offers_all_that_the_row_does_and_more(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_session, view):
            await send(view, "Show it")
            view.acts.regenerate_last()
            await until(lambda: len(view.conversation.messages) == 3, "the second answer")
            await finished(view)
            await texts(view)
            for index in (0, 1):
                item = view.transcript.stack.item(index)
                assert item is not None
                row = {one.key for one in actions_of(item) if one.key and one.enabled}
                listed = offers(view, view.lanes.current, item.message)
                keys = {offer.key for group in listed for offer in group}
                assert row - {"more", "ways"} <= keys
            menu = right_click(view, point_of(view, 1, object, "Some words"))
            said = names(menu)
            for words in (
                "Copy message", "Quote", "Edit", "Regenerate", "Regenerate with another model…",
                "Regenerate with other parameters…", "Previous branch", "All branches…",
                "Fork to a new chat", "Leave out of what is sent", "Summarise up to here…", "Inspect",
                "Delete", "Select all",
            ):  # fmt: skip
                assert words in said
            assert not {"Copy", "Quote selection"} & set(said), "nothing is selected"
            choose("Previous branch")
            first = view.conversation.messages[1].id
            await until(lambda: view.source.ids()[1] == first, "the branch before")
            await texts(view)
            right_click(view, point_of(view, 1, object, "Some words"))
            choose("Copy message")
            assert QGuiApplication.clipboard().text().startswith("Some words with inline() code")
            view.transcript.setFocus()
            press(view.transcript, Qt.Key.Key_A, CTRL)
            menu = right_click(view, point_of(view, 1, object, "Some words"))
            assert names(menu)[:2] == ["Copy", "Quote selection"]
            choose("Quote selection")
            assert view.composer.editor.text().startswith("> Show it")

    run_async(scenario())


def test_the_key_for_menus_opens_that_of_the_message_the_keyboard_is_at(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with chatting(tmp_path, server) as (_session, view):
            await send(view, "Show it")
            await texts(view)
            transcript = view.transcript
            transcript.setFocus()
            press(transcript, Qt.Key.Key_Up, CTRL)
            press(transcript, Qt.Key.Key_Up, CTRL)
            assert transcript.marks.current == 0
            ask_for_menu(transcript, QPoint(700, 500), QContextMenuEvent.Reason.Keyboard)
            (menu,) = open_menus()
            assert "Regenerate" not in names(menu)
            choose("Edit")
            await until(lambda: view.edits.reasking, "the question to be edited")

    run_async(scenario())


def test_the_question_above_the_lanes_has_the_menu_too(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await until(lambda: view.strip.question is not None, "the question")
            ask_for_menu(view.strip, view.strip.rect().center())
            choose("Copy message")
            assert QGuiApplication.clipboard().text() == "One"

    run_async(scenario())
