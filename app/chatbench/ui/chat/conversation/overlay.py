"""A widget that stands over a message of a transcript and moves with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QWidget

from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.theme import theme
from chatbench.ui.widgets import box

_EDGE: Final = 8


class OverMessage(QObject):
    """Keeps a widget over one message, but within the view; hidden while another branch is shown.

    `height(words, room)` gives how high it wants to be over words so high, in a view with so much room;
    it is `around` pixels wider than they are at each side. It ends with the widget.
    """

    def __init__(
        self,
        widget: QWidget,
        transcript: TranscriptView,
        message_id: str,
        height: Callable[[int, int], int],
        around: int = 0,
    ) -> None:
        super().__init__(widget)
        self._around = around
        self._widget = widget
        self.transcript = transcript
        self.message_id = message_id
        self._height = height
        widget.setParent(transcript.viewport())
        transcript.scrolled.connect(self.place)
        transcript.viewport().installEventFilter(self)
        self.place()

    def place(self) -> None:
        """Over the words, as high as they are but within the view."""
        view, widget = self.transcript, self._widget
        view.arrange()
        index = view.stack.index_of(self.message_id)
        if index is None and holds_focus(widget):
            view.setFocus(Qt.FocusReason.OtherFocusReason)
        widget.setVisible(index is not None)
        if index is None:
            return
        frame, room = view.stack.frame, view.viewport().height() - 2 * _EDGE
        row = next((one for one in view.stack.rows if one.index == index), None)
        item = row.item if row is not None else None
        top, high = (-1e6, 0.0) if row is None else (row.top, float(view.stack.height_of(index)))
        if row is None and view.stack.rows and index > view.stack.rows[-1].index:
            top = 1e6
        if row is not None and item is not None:
            top, high = row.top + item.content_top, item.body_bottom - item.content_top
        lead = 0 if frame.folded else self._around
        height = min(room, self._height(round(high), room))
        if row is not None and item is not None:
            # What follows moves below it. That places it again, and then there is nothing to move.
            view.reserve(self.message_id, item.content_top - lead + height + _EDGE)
            row = next((one for one in view.stack.rows if one.index == index), row)
            top = row.top + item.content_top
        y = max(_EDGE, min(round(top) - lead, view.viewport().height() - _EDGE - height))
        around = min(self._around, frame.column_x)
        widget.setGeometry(QRect(frame.column_x - around, y, frame.column + 2 * around, height))

    def leave(self) -> None:
        """Watches no longer; the widget goes elsewhere, or away."""
        self.transcript.viewport().removeEventFilter(self)
        self.transcript.scrolled.disconnect(self.place)
        self.transcript.reserve(self.message_id, 0.0)
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False


def holds_focus(widget: QWidget) -> bool:
    """Whether the keyboard is somewhere in it."""
    focused = QApplication.focusWidget()
    return focused is not None and widget.isAncestorOf(focused)


def paint_sheet(widget: QWidget) -> None:
    """The ground of what is being edited in place."""
    painter = QPainter(widget)
    box(painter, widget.rect(), theme().corner("popup"), "raised", "accent", 2)
    painter.end()
