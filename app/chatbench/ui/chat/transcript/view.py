"""The transcript: a painted, virtual view of one lane's messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from chatbench.ui.chat.transcript import selection as selecting
from chatbench.ui.chat.transcript.accessibility import install_accessibility
from chatbench.ui.chat.transcript.comparing import Compared
from chatbench.ui.chat.transcript.copying import Copying
from chatbench.ui.chat.transcript.find import FindBar
from chatbench.ui.chat.transcript.frame import Frame, frame_for
from chatbench.ui.chat.transcript.headings import Headings
from chatbench.ui.chat.transcript.keyboard import Keyboard
from chatbench.ui.chat.transcript.living import Living
from chatbench.ui.chat.transcript.menu import PlaceMenu
from chatbench.ui.chat.transcript.painter import Marks, TranscriptPainter
from chatbench.ui.chat.transcript.pill import EndPill
from chatbench.ui.chat.transcript.pointer import Pointer
from chatbench.ui.chat.transcript.pressing import Pressing
from chatbench.ui.chat.transcript.scrolling import Scrolling
from chatbench.ui.chat.transcript.searching import Searching
from chatbench.ui.chat.transcript.selection import Selection
from chatbench.ui.chat.transcript.serving import Serving
from chatbench.ui.chat.transcript.source import ListSource, Source
from chatbench.ui.chat.transcript.stack import Stack
from chatbench.ui.chat.transcript.versions import Versions
from chatbench.ui.theme import theme
from chatbench.ui.theme.ring import draw_ring

ReadingWidth = Literal["narrow", "normal", "wide", "full"]


class TranscriptView(QAbstractScrollArea):
    """Shows the messages of a ``Source``.

    - ``action_requested(message_id, action)``: regenerate, edit, previous-branch, next-branch, delete,
      inspect, retry, retry-with, details, retry-now, stop. Copying is done here and not signalled.
    - ``more_requested(message_id, global_point)``: open the menu of a message there.
    - ``menu_opening(message_id, menu)``: the menu at a place of a message is about to open; the owner adds
      what can be done with the message.
    - ``link_chosen(url)``: the reader has seen where a link leads and wants it opened.
    - ``save_requested(text, suggested_name)``: offer to save code as a file.
    - ``file_opened(OpenFile)``: the reader wants to see an attached file; ``file_menu_opening(OpenFile,
      QMenu)``: a menu opens at one, and takes what can be done with it.
    - ``page_chosen(url)``: the reader wants this local page opened in a browser.
    - ``line_numbers_changed(bool)``: the reader has lines of code numbered, or no longer; a setting to
      keep.
    - ``following_changed(bool)``: whether the view stays at the end.
    - ``scrolled()``: the reader, or somebody for him, has moved the view; growing words do not.
    - ``reshaped()``: messages have become higher or lower by what they are shown beside.
    """

    action_requested = Signal(str, str)
    more_requested = Signal(str, object)
    menu_opening = Signal(str, object)
    link_chosen = Signal(str)
    save_requested = Signal(str, str)
    page_chosen = Signal(str)
    file_opened = Signal(object)
    file_menu_opening = Signal(object, object)
    line_numbers_changed = Signal(bool)
    following_changed = Signal(bool)
    scrolled = Signal()
    reshaped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        install_accessibility()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Conversation"))
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setMouseTracking(True)
        self.marks = Marks()
        self._reading: ReadingWidth = "normal"
        self.serving = Serving(self)
        self.context = self.serving.context
        self.context.rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self.stack = Stack(ListSource(), self.context, frame_for(800), 600)
        self.painter = TranscriptPainter(self.stack, self.marks)
        self._arranged = False
        self.find_bar = FindBar(self)
        self.pill = EndPill(self)
        self.scrolling = Scrolling(self)
        self.headings = Headings(self)
        self.pointer = Pointer(self)
        self.menu = PlaceMenu(self)
        self.keyboard = Keyboard(self)
        self.living = Living(self)
        self.pressing = Pressing(self)
        self.copying = Copying(self)
        self.searching = Searching(self)
        self.versions = Versions(self)
        theme().changed.connect(self._restyle)

    # What the owner says

    def set_source(self, source: Source) -> None:
        """Show another conversation, from its end."""
        self.scrolling.forget()
        self.marks = Marks()
        self.context.states.clear()
        self.context.wanted.clear()
        self.copying.forget()
        self.versions.forget()
        self.stack = Stack(source, self.context, self._frame(), self.viewport().height())
        self.painter = TranscriptPainter(self.stack, self.marks)
        self.find_bar.hide()
        self.invalidate()

    def refresh(self) -> None:
        """The source has other messages, or newer versions of some; what is read stays in place."""
        old = self.stack.ids
        living = self.living.ids()
        self.stack.refresh()
        self.versions.forget()
        new = self.stack.ids
        if new[: len(old)] != old:
            self.marks.selection = self.marks.focused = self.marks.current = None
            self.marks.hovered = self.marks.pressed = self.marks.ticked = None
        self.scrolling.grown(len(old))
        self.searching.again()
        self.invalidate()
        self.living.announce_ended(living)

    def loaded(self, ids: Iterable[str]) -> None:
        """Messages that were asked for are at hand."""
        living = self.living.ids()
        for one in ids:
            self.stack.reload(one)
        self.versions.forget()
        self.invalidate()
        self.living.announce_ended(living)
        self.copying.loaded()
        self.searching.loaded()

    def thumbnail_ready(self, sha256: str) -> None:
        """A picture that ``source.thumbnail`` did not have is there."""
        self.viewport().update()

    def set_comparison(self, compared: Callable[[str], Compared | None] | None) -> None:
        """Show messages beside other texts: ``compared(message_id)`` gives what each is shown beside.

        Call ``compare_again`` when it would answer otherwise. It is asked again by itself for answers
        that are being written. None ends the comparison.
        """
        self.context.compared = compared or (lambda _message: None)
        self.compare_again()

    def compare_again(self) -> None:
        """What messages are shown beside has changed, or has grown."""
        for item in self.stack.items():
            item.compare()

    def set_line_numbers(self, on: bool) -> None:
        """Whether lines of code are numbered."""
        if on != self.context.numbers:
            self.context.numbers = on
            self._restyle()

    def set_reading_width(self, reading: ReadingWidth) -> None:
        """How wide the column of words is."""
        self._reading = reading
        self._resized()

    # Geometry

    def _frame(self) -> Frame:
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        return frame_for(self.viewport().width(), self._reading, rtl=rtl)

    def invalidate(self) -> None:
        """Something changed: arrange and paint anew when it is next looked at."""
        self._arranged = False
        self.viewport().update()
        if self.isVisible():
            self.follow_living()

    def arrange(self) -> None:
        """Bring the rows up to date, ask for what is missing, and tell the scroll bar."""
        if self._arranged:
            return
        self._arranged = True
        self.stack.arrange()
        wanted = (*self.stack.missing, *self.stack.stale)
        if wanted:
            self.stack.stale.clear()
            self.stack.source.request(wanted)
        self.searching.mark()
        self.scrolling.show_place()

    def reserve(self, message_id: str, height: float) -> None:
        """Gives a message at least so many pixels of height, for what stands over it; 0 for its own."""
        if self.stack.reserve(message_id, height):
            self.moved()

    def scroll_by(self, change: float) -> None:
        """Move by pixels; positive goes towards the end."""
        self.arrange()
        self.stack.scroll_by(float(round(change)))
        self.moved()

    def moved(self) -> None:
        """The rows are elsewhere: arrange and paint them, and see what is under the pointer now."""
        self._arranged = False
        self.arrange()
        self.viewport().update()
        self.follow_living()
        self.pointer.refresh()
        self.scrolled.emit()

    def jump_to_end(self) -> None:
        """Go to the end, moving there if it is near."""
        self.scrolling.jump_to_end()

    def show_message(self, message_id: str) -> None:
        """Scroll so that a message begins at the upper edge."""
        self.scrolling.show_message(message_id)

    def place(self) -> tuple[str, float] | None:
        """The message at the upper edge, and how many pixels of it are above that; None at the end."""
        return self.scrolling.place()

    def go_to_place(self, message_id: str, pixels: float) -> None:
        """Scroll so that so many pixels of a message are above the upper edge, at most all of them."""
        self.scrolling.go_to_place(message_id, pixels)

    def step(self) -> int:
        """One turn of the paint clock; returns the milliseconds until the next."""
        return self.living.step()

    def follow_living(self) -> None:
        """Run the clocks exactly while something in view is being written."""
        self.arrange()
        self.living.follow()

    def update_rect(self, rect: QRectF) -> None:
        """Repaint a part of the viewport."""
        self.viewport().update(rect.toAlignedRect().adjusted(-5, -5, 5, 5))

    # Selection and copying

    def select(self, selection: Selection | None) -> None:
        """Select; None selects nothing."""
        self.marks.selection = selection
        self.viewport().update()

    def select_all(self) -> None:
        """Select every message."""
        self.select(selecting.whole(self.stack))

    def copy(self) -> None:
        """Copy the selection as rich text, Markdown and plain text at once."""
        if self.marks.selection is not None and not self.marks.selection.empty:
            self.copying.start(self.marks.selection)

    def selected_text(self) -> str:
        """The selection as plain text."""
        chosen = self.marks.selection
        return "" if chosen is None else selecting.mime_data(self.stack, chosen).text()

    # Searching

    def open_find(self) -> None:
        """Show the bar that searches this conversation."""
        self.searching.open()

    def search(self, needle: str) -> None:
        """Search all messages, mark the hits and go to the first."""
        self.searching.start(needle)

    # Events

    def _restyle(self) -> None:
        self.stack.resize(self._frame(), self.viewport().height())
        self.stack.restyle()
        self.scrolling.place_children()
        self.invalidate()

    def _resized(self) -> None:
        self.arrange()
        self.stack.resize(self._frame(), self.viewport().height())
        self.context.ratio = self.devicePixelRatioF()
        self.scrolling.place_children()
        self.invalidate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._resized()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.context.rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
            self._restyle()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.context.ratio = self.devicePixelRatioF()
            self._restyle()
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.follow_living()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.living.stop()
        self.scrolling.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        began = time.thread_time()
        self.arrange()
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        region = event.region()
        for rect in [region.boundingRect()] if region.rectCount() == 1 else list(region):  # type: ignore[call-overload]
            painter.save()
            painter.setClipRect(rect)
            self.painter.paint(painter, QRectF(rect))
            painter.restore()
        if self.ringed:
            draw_ring(painter, theme(), QRectF(self.viewport().rect()), 0.0)
        painter.end()
        self.living.painted_ms += (time.thread_time() - began) * 1000

    @property
    def ringed(self) -> bool:
        """The keyboard is here, and at no message and no control yet: those show it themselves."""
        marks = self.marks
        return marks.focused is None and marks.current is None and theme().keyboard_focused(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.pointer.wheel(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event.position(), event.buttons())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pointer.double_click(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.arrange()
        self.menu.open(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.pointer.leave()
        elif event.type() == QEvent.Type.ToolTip:
            return self.pointer.tool_tip(event)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.keyboard.press(event):
            event.ignore()

    def inputMethodQuery(self, query: Qt.InputMethodQuery) -> object:
        """Where the keyboard is: menus open there, and nothing is laid over it."""
        if query == Qt.InputMethodQuery.ImCursorRectangle and self.marks.focused is not None:
            return self.keyboard.focused_rect()
        return super().inputMethodQuery(query)

    def focusNextPrevChild(self, forwards: bool) -> bool:
        return self.keyboard.tab(forwards) or super().focusNextPrevChild(forwards)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.keyboard.leave()
        self.viewport().update()
