"""The inspector's frame: views chosen by a segment control, each a column that scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets.buttons import IconButton
from chatbench.ui.widgets.labels import ElidedLabel
from chatbench.ui.widgets.sections import Surface
from chatbench.ui.widgets.switches import SegmentControl

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Head(Surface):
    """As high as the tab strip, with a line below."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme().color("line"))
        painter.end()


class InspectorFrame(Surface):
    """Head and views of an inspector.

    ``views`` are (id, label, widget); each widget (sections in a column) is put into a scroll
    area. With one view its label is the title. ``close_requested`` is the cross;
    ``view_changed(id)`` a choice by the reader.
    """

    close_requested = Signal()
    view_changed = Signal(str)

    def __init__(self, views: Sequence[tuple[str, str, QWidget]], parent: QWidget | None = None) -> None:
        super().__init__("chrome", parent=parent)
        self._stack = QStackedWidget()
        self._places = {key: place for place, (key, _, _) in enumerate(views)}
        self._segments: SegmentControl | None = None
        head = QHBoxLayout()
        head.setSpacing(6)
        self._head = _Head("chrome")
        self._head.set_layout(head, (12, 0, 8, 1))
        if len(views) > 1:
            self._segments = SegmentControl([(key, label) for key, label, _ in views])
            self._segments.changed.connect(self._chosen)
            head.addWidget(self._segments)
            head.addStretch(1)
        else:
            head.addWidget(ElidedLabel(views[0][1], weight=600), 1)
        close = IconButton("x", self.tr("Close the inspector"))
        close.clicked.connect(self.close_requested)
        head.addWidget(close)
        for _, _, widget in views:
            self._stack.addWidget(_scrolling(widget))
        column = QVBoxLayout()
        column.setSpacing(0)
        self.set_layout(column)
        column.addWidget(self._head)
        column.addWidget(self._stack, 1)
        self._measure()
        theme().changed.connect(self._measure)

    def current_view(self) -> str:
        """The id of the view shown."""
        return next(key for key, place in self._places.items() if place == self._stack.currentIndex())

    def show_view(self, key: str) -> None:
        """Show a view."""
        self._stack.setCurrentIndex(self._places[key])
        if self._segments is not None:
            self._segments.set_current(key)

    def _chosen(self, key: str) -> None:
        self._stack.setCurrentIndex(self._places[key])
        self.view_changed.emit(key)

    def _measure(self) -> None:
        self._head.setFixedHeight(theme().control("tab-strip"))


def _scrolling(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    # A viewport made here: asking Qt for its own one makes PySide set up every kind of
    # widget there is, to find out which it got (10 ms).
    area.setViewport(QWidget())
    area.setWidget(widget)
    return area
