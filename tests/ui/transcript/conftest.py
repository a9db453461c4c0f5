"""A transcript in a window, and what drives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QElapsedTimer, QPointF, QRectF
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from tests.ui.transcript.samples import showcase

from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.drawings import drawings
from chatbench.ui.chat.transcript.paintclock import paint_clock
from chatbench.ui.chat.transcript.painter import ROW
from chatbench.ui.chat.transcript.source import ListSource
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.chat.transcript.worker import worker
from chatbench.ui.theme import theme

Show = Callable[..., TranscriptView]


def settle(milliseconds: int = 0) -> None:
    """Let events run: until the worker is idle and the time is over."""
    clock = QElapsedTimer()
    clock.start()
    QApplication.processEvents()
    while worker().busy or drawings().worker.busy or clock.elapsed() < milliseconds:
        QTest.qWait(2)
    QApplication.processEvents()


@pytest.fixture
def show(qapp: QApplication) -> Iterator[Show]:
    """Shows a source in a view of a size; closes it at the end."""
    views: list[TranscriptView] = []
    theme().apply(scheme="light", text_factor=1.0, motion="reduced")

    def make(source: ListSource | None = None, width: int = 900, height: int = 700) -> TranscriptView:
        view = TranscriptView()
        views.append(view)
        view.resize(width, height)
        view.set_source(source or showcase())
        view.show()
        settle()
        return view

    yield make
    for view in views:
        view.close()
        view.deleteLater()
    settle()
    theme().apply(scheme="light", text_factor=1.0, motion="system")
    # What is left on the clipboard of the offscreen platform is deleted after Python has gone.
    QGuiApplication.clipboard().clear()
    assert not paint_clock().running


def action_point(view: TranscriptView, index: int, key: str) -> QPointF:
    """The middle of an action of a message, in the viewport."""
    row = next(row for row in view.stack.rows if row.index == index)
    assert row.item is not None
    rect: QRectF = next(one.rect for one in actions_of(row.item) if one.key == key)
    return rect.translated(0, row.top).center()


def box_point(view: TranscriptView, index: int, number: int, key: str) -> QPointF:
    """The middle of a control of a box, in the viewport."""
    assert number != ROW
    row = next(row for row in view.stack.rows if row.index == index)
    assert row.item is not None
    spot = next(one for one in row.item.boxes[number].hotspots() if one.key == key)
    return spot.rects[0].translated(row.item.box_rect(number).topLeft()).translated(0, row.top).center()
