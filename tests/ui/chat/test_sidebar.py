"""The list of chats: what it tells somebody who has none yet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from tests.ui.chat.quiet import done, until_quiet

from chatbench.services import Services
from chatbench.ui.chat.sidebar import ChatSidebar
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
