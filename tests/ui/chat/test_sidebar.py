"""The list of chats: what it tells somebody who has none yet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.ui.chat.quiet import done, until_quiet

from chatbench.services import Services
from chatbench.ui.chat.sidebar import ChatSidebar
from chatbench.ui.chat.sidebar.rows import unmarked
from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Runner = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def sidebar(services: Services, run_async: Runner, qtbot: QtBot) -> Iterator[ChatSidebar]:
    sidebar = ChatSidebar(services)
    qtbot.addWidget(sidebar)
    sidebar.resize(248, 700)
    sidebar.show()
    yield sidebar
    run_async(until_quiet())


def test_a_hit_is_read_without_the_signs_of_markdown() -> None:
    def shown(snippet: str, found: str) -> tuple[str, list[str]]:
        start = snippet.index(found)
        words, marks = unmarked(snippet, ((start, start + len(found)),))
        return words, [words[a:b] for a, b in marks]

    written = "…## Colours: the **sky** is *blue*, see `light()` and [why it is](https://example.org/a)."
    read = "…## Colours: the sky is blue, see light() and why it is."
    assert shown(written, "blue") == (read, ["blue"])
    assert shown("## Colours of ~~old~~ ![a cat](cat.png)", "cat") == ("Colours of old a cat", ["cat"])
    assert shown("2 * 3 and a*b, C# is # 1", "and") == ("2 * 3 and a*b, C# is 1", ["and"])
    assert shown("the [link](https://example.org/sky) here", "sky") == (
        "the link](https://example.org/sky) here", ["sky"],
    )  # fmt: skip


def test_a_pinned_chat_that_was_searched_for_is_known_as_pinned(
    sidebar: ChatSidebar, services: Services, run_async: Runner
) -> None:
    one = run_async(services.chat.new_conversation(title="Apples"))
    two = run_async(services.chat.new_conversation(title="Apple trees"))
    run_async(services.history.pin(one.id, True))
    run_async(done(lambda: sidebar.search.setText("apple")))
    assert {row.id: row.pinned for row in sidebar.view.rows()} == {one.id: True, two.id: False}


def _end_of_rows(sidebar: ChatSidebar) -> int:
    """Where the last row ends, in the sidebar."""
    view = sidebar.view
    rect = view.visualRect(view.model().index(view.model().rowCount() - 1, 0))
    return view.viewport().mapTo(sidebar, QPoint(0, rect.bottom())).y()


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_below_a_chat_without_words_it_says_what_will_be_here(
    sidebar: ChatSidebar, services: Services, run_async: Runner, factor: float
) -> None:
    run_async(services.chat.new_conversation(title="Welcome"))
    run_async(done(sidebar.refresh))
    theme().apply(text_factor=factor)
    QApplication.processEvents()
    assert [row.title for row in sidebar.view.rows()][-1] == "Welcome"
    assert sidebar.empty.isVisible()
    assert sidebar.empty.text() == ("Your chats will be listed here. They stay in one file on this computer.")
    end = _end_of_rows(sidebar)
    assert end < sidebar.empty.y() <= end + theme().scaled(20)
    run_async(services.chat.new_conversation(title="Second"))
    run_async(done(sidebar.refresh))
    QApplication.processEvents()
    assert not sidebar.empty.isVisible()
    assert sidebar.view.height() > sidebar.height() / 2, "the list has the room again"


def test_without_any_chat_it_says_so_at_the_top(
    sidebar: ChatSidebar, services: Services, run_async: Runner
) -> None:
    run_async(done(sidebar.refresh))
    QApplication.processEvents()
    assert sidebar.empty.isVisible()
    assert sidebar.empty.y() < sidebar.search.geometry().bottom() + 40
    run_async(done(lambda: sidebar.search.setText("nowhere")))
    QApplication.processEvents()
    assert sidebar.empty.text() == "Nothing found."
    assert sidebar.empty.isVisible()


def test_one_chat_is_marked_where_another_is_turned_to_with_ctrl_held(
    sidebar: ChatSidebar, services: Services, run_async: Runner
) -> None:
    chats = [run_async(services.chat.new_conversation(title=title)).id for title in ("A", "B", "C")]
    run_async(done(sidebar.refresh))
    view, window = sidebar.view, sidebar.window().windowHandle()
    # Only what comes through the window tells the system which keys are held.
    QTest.keyPress(window, Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    try:
        for chat in chats:
            view.set_current(chat)
            assert view.marked() == [chat]
        QTest.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
        assert len(view.marked()) == 1
        view.set_current("none of them")
        assert view.marked() == []
    finally:
        QTest.keyRelease(window, Qt.Key.Key_Control)
