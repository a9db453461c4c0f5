"""Layouts come to rest: nothing that folds makes its page grow and shrink without an end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget
from tests.ui.settings.conftest import Desk

from chatbench.core.endpoints import Endpoint
from chatbench.ui.settings.providers.fields import AuthEditor
from chatbench.ui.widgets.forms import Form, scrolling

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

ENOUGH = 20
"""Sizes a widget may take on the way to one: beyond, it is going round."""


class Rest(QObject):
    """Counts the sizes a scrolled widget takes, and ends what would not end."""

    def __init__(self, area: QScrollArea) -> None:
        super().__init__(area)
        self.sizes: list[QSize] = []
        inner = area.widget()
        assert inner is not None
        inner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QResizeEvent):
            self.sizes.append(event.size())
            area = self.parent()  # never kept: who holds what holds him ends when the collector comes
            if len(self.sizes) > ENOUGH and isinstance(area, QScrollArea):
                area.setWidgetResizable(False)
        return False


class Hostile(QWidget):
    """Higher where it is wider."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(300 if self.width() >= 400 else 200)


def test_the_choice_of_a_header_folds_without_both_ways_in_view(qtbot: QtBot) -> None:
    editor, form = AuthEditor(), Form()
    form.add("Send the key as", editor)
    inner = QWidget()
    column = QVBoxLayout(inner)
    column.addWidget(form)
    column.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(inner)
    qtbot.addWidget(area)
    area.resize(700, 600)
    area.show()
    qtbot.waitExposed(area)
    rest = Rest(area)
    fold = area.width() - editor.width() + editor.segments.sizeHint().width()
    least = inner.sizeHint().height()
    ways = set()
    for width in range(fold - 2, fold + area.verticalScrollBar().sizeHint().width() + 4):
        for height in range(least - 4, least + 48, 4):
            rest.sizes.clear()
            area.resize(width, height)
            qtbot.wait(0)
            assert len(rest.sizes) <= ENOUGH, (width, height, rest.sizes[-4:])
            ways.add(editor.segments.isVisible())
            assert editor.segments.isVisible() != editor.choice.isVisible()
    assert ways == {True, False}


def test_a_page_that_scrolls_keeps_its_width_whatever_its_height(qtbot: QtBot) -> None:
    hostile, inner = Hostile(), QWidget()
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(hostile)
    area = scrolling(inner)
    qtbot.addWidget(area)
    area.resize(500, 250)
    area.show()
    qtbot.waitExposed(area)
    rest = Rest(area)
    bar = area.verticalScrollBar().sizeHint().width()
    for width in range(398, 400 + bar + 4):
        rest.sizes.clear()
        area.resize(width, 250)
        for _ in range(ENOUGH):
            qtbot.wait(0)
        assert len(rest.sizes) <= 3, (width, rest.sizes)
        assert {size.width() for size in rest.sizes} <= {area.viewport().width()}


def test_the_form_of_a_provider_rests_where_it_just_fits(desk: Desk, gateway: Endpoint) -> None:
    page = desk.providers
    desk.do(lambda: page.show_provider("gateway"))
    area = page.form.parentWidget()
    while not isinstance(area, QScrollArea):
        assert area is not None
        area = area.parentWidget()
    rest, auth, window = Rest(area), page.form.auth, desk.window
    fold = window.width() - auth.width() + auth.segments.sizeHint().width()
    inner = area.widget()
    assert inner is not None
    above = window.height() - area.maximumViewportSize().height() + inner.sizeHint().height()
    for width in range(fold - 1, fold + area.verticalScrollBar().sizeHint().width() + 1, 5):
        for height in range(above - 4, above + 44, 8):
            rest.sizes.clear()
            desk.do(partial(window.resize, width, height))
            assert len(rest.sizes) <= ENOUGH, (width, height, rest.sizes[-4:])
