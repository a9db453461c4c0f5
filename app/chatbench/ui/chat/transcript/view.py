"""The transcript: a painted, virtual view of one lane's messages."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple
from weakref import WeakMethod

from PySide6.QtCore import (
    QEasingCurve,
    QEvent,
    QRectF,
    QSize,
    Qt,
    QVariantAnimation,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from chatbench.rendering.outline import Heading, outline
from chatbench.ui.chat.transcript import selection as selecting
from chatbench.ui.chat.transcript.accessibility import install_accessibility
from chatbench.ui.chat.transcript.boxes.base import (
    Box,
    Context,
)
from chatbench.ui.chat.transcript.comparing import Compared
from chatbench.ui.chat.transcript.copying import Copying
from chatbench.ui.chat.transcript.drawings import drawings
from chatbench.ui.chat.transcript.find import FindBar
from chatbench.ui.chat.transcript.formulas import formulas
from chatbench.ui.chat.transcript.frame import Frame, frame_for
from chatbench.ui.chat.transcript.keyboard import Keyboard
from chatbench.ui.chat.transcript.living import Living
from chatbench.ui.chat.transcript.painter import Marks, Spot, TranscriptPainter
from chatbench.ui.chat.transcript.pill import EndPill
from chatbench.ui.chat.transcript.pointer import Pointer
from chatbench.ui.chat.transcript.pressing import Pressing
from chatbench.ui.chat.transcript.searching import Searching
from chatbench.ui.chat.transcript.selection import Selection
from chatbench.ui.chat.transcript.source import ListSource, Source
from chatbench.ui.chat.transcript.stack import Stack
from chatbench.ui.chat.transcript.versions import Versions
from chatbench.ui.theme import theme
from chatbench.ui.widgets import announce

_BAR_EVERY_S = 0.25
_TICK_MS = 1_200
_SPOKEN = 600
_HEADING_GAP = 16.0
ReadingWidth = Literal["narrow", "normal", "wide", "full"]


class Place(NamedTuple):
    """A heading of a message, and in which part of its words it stands."""

    part: int
    heading: Heading


class TranscriptView(QAbstractScrollArea):
    """Shows the messages of a ``Source``.

    - ``action_requested(message_id, action)``: regenerate, edit, previous-branch, next-branch, delete,
      inspect, retry, retry-with, details, retry-now, stop. Copying is done here and not signalled.
    - ``more_requested(message_id, global_point)``: open the menu of a message there.
    - ``link_chosen(url)``: the reader has seen where a link leads and wants it opened.
    - ``save_requested(text, suggested_name)``: offer to save code as a file.
    - ``page_chosen(url)``: the reader wants this local page opened in a browser.
    - ``line_numbers_changed(bool)``: whether lines of code are numbered; a setting to keep.
    - ``following_changed(bool)``: whether the view stays at the end.
    - ``scrolled()``: the reader, or somebody for him, has moved the view; growing words do not.
    """

    action_requested = Signal(str, str)
    more_requested = Signal(str, object)
    link_chosen = Signal(str)
    save_requested = Signal(str, str)
    page_chosen = Signal(str)
    line_numbers_changed = Signal(bool)
    following_changed = Signal(bool)
    scrolled = Signal()

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
        changed = WeakMethod(self._box_changed)
        thumbnail = WeakMethod(self._thumbnail)
        rearranged = WeakMethod(self._rearranged)
        earlier = WeakMethod(self._earlier)
        self.context = Context(
            changed=lambda box: (call := changed()) and call(box),
            thumbnail=lambda *asked: call(*asked) if (call := thumbnail()) else None,
            rearranged=lambda segment: (call := rearranged()) and call(segment),
            earlier=lambda *asked: call(*asked) if (call := earlier()) else None,
        )
        self.stack = Stack(ListSource(), self.context, frame_for(800), 600)
        self.painter = TranscriptPainter(self.stack, self.marks)
        self._arranged = False
        self._guarded = False
        self._unseen_from: int | None = None
        self._animation: QVariantAnimation | None = None
        self.find_bar = FindBar(self)
        self.pill = EndPill(self)
        self.pointer = Pointer(self)
        self.keyboard = Keyboard(self)
        self.living = Living(self)
        self.pressing = Pressing(self)
        self.copying = Copying(self)
        self.searching = Searching(self)
        self.versions = Versions(self)
        self._connect()

    def _connect(self) -> None:
        bar = self.verticalScrollBar()
        bar.setSingleStep(40)
        bar.valueChanged.connect(self._bar_moved)
        self.pill.clicked.connect(self.jump_to_end)
        theme().changed.connect(self._restyle)
        formulas().ready.connect(self._picture_ready)
        drawings().ready.connect(self._picture_ready)

    # What the owner says

    def set_source(self, source: Source) -> None:
        """Show another conversation, from its end."""
        self._stop_animation()
        self.marks = Marks()
        self.context.states.clear()
        self.context.wanted.clear()
        self._unseen_from = None
        self.copying.forget()
        self.versions.forget()
        self.stack = Stack(source, self.context, self._frame(), self.viewport().height())
        self.painter = TranscriptPainter(self.stack, self.marks)
        self.find_bar.hide()
        self.invalidate()

    def refresh(self) -> None:
        """The source has other messages, or newer versions of some; what is read stays in place."""
        old = self.stack.ids
        living = self._living_ids()
        self.stack.refresh()
        self.versions.forget()
        new = self.stack.ids
        if new[: len(old)] != old:
            self.marks.selection = self.marks.focused = self.marks.current = None
            self.marks.hovered = self.marks.pressed = self.marks.ticked = None
        if len(new) > len(old) and not self.stack.following and self._unseen_from is None:
            self._unseen_from = len(old)
        self.searching.again()
        self.invalidate()
        self._announce_ends(living)

    def loaded(self, ids: Iterable[str]) -> None:
        """Messages that were asked for are at hand."""
        living = self._living_ids()
        for one in ids:
            self.stack.reload(one)
        self.versions.forget()
        self.invalidate()
        self._announce_ends(living)
        self.copying.loaded()
        self.searching.loaded()

    def _living_ids(self) -> set[str]:
        return {item.id for item in self.stack.items() if item.live}

    def _announce_ends(self, living: set[str]) -> None:
        for item in self.stack.items():
            if item.id in living and not item.live:
                words = item.plain_text()[:_SPOKEN]
                announce(self, self.tr("{0} has answered. {1}").format(item.entry.author, words))

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
            self.line_numbers_changed.emit(on)

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
        self.show_place()

    def show_place(self) -> None:
        """Tell the scroll bar and the pill where the view stands."""
        self._show_bar()
        self._show_pill()

    def _show_bar(self) -> None:
        bar = self.verticalScrollBar()
        most = max(0, math.ceil(self.stack.total() - self.viewport().height()))
        self._guarded = True
        bar.setPageStep(self.viewport().height())
        bar.setRange(0, most)
        bar.setValue(most if self.stack.following else min(most, round(self.stack.value())))
        self._guarded = False

    def _show_pill(self) -> None:
        away = not self.stack.following and not self.stack.at_end()
        if self.stack.following:
            self._unseen_from = None
        unseen = 0 if self._unseen_from is None else len(self.stack.ids) - self._unseen_from
        self.pill.show_state(unseen, any(item.live for item in self.stack.items()))
        if away != self.pill.isVisibleTo(self):
            self.pill.setVisible(away)
            self.place_children()
            self.following_changed.emit(not away)

    def place_children(self) -> None:
        """Put the pill and the bar where they belong."""
        area = self.viewport().geometry()
        size = self.pill.sizeHint()
        middle = area.x() + (area.width() - size.width()) // 2
        x = area.right() - size.width() - 16 if self.stack.frame.folded else middle
        self.pill.setGeometry(x, area.bottom() - size.height() - 10, size.width(), size.height())
        bar = self.find_bar.sizeHint().boundedTo(QSize(area.width() - 16, 200))
        self.find_bar.setGeometry(area.right() - bar.width() - 8, area.y() + 8, bar.width(), bar.height())

    def _bar_moved(self, value: int) -> None:
        if self._guarded:
            return
        self._stop_animation()
        change = value - (self.stack.total() - self.viewport().height() if self.stack.following
                          else self.stack.value())  # fmt: skip
        if abs(change) <= 2 * self.viewport().height():
            self.scroll_by(change)
        else:
            self.stack.scroll_to(value)
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
        self.arrange()
        distance = self.stack.total() - self.viewport().height() - self.stack.value()
        self._glide(distance, self._settle_at_end)

    def _settle_at_end(self) -> None:
        self.stack.follow()
        self.moved()

    def _glide(self, distance: float, then: Callable[[], None]) -> None:
        self._stop_animation()
        duration = theme().duration("jump")
        if not duration or abs(distance) > 3 * self.viewport().height() or not self.isVisible():
            then()
            return
        animation = QVariantAnimation(self)
        animation.setDuration(duration)
        animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        animation.setStartValue(0.0)
        animation.setEndValue(float(distance))
        gone = [0.0]

        def step(value: float) -> None:
            self.scroll_by(round(value) - gone[0])
            gone[0] = round(value)

        animation.valueChanged.connect(step)
        animation.finished.connect(then)
        animation.finished.connect(self._stop_animation)
        self._animation = animation
        animation.start()

    def _stop_animation(self) -> None:
        if self._animation is not None:
            self._animation.blockSignals(True)
            self._animation.stop()
            self._animation.deleteLater()
            self._animation = None

    def show_message(self, message_id: str) -> None:
        """Scroll so that a message begins at the upper edge."""
        index = self.stack.index_of(message_id)
        if index is not None:
            self._stop_animation()
            self.stack.show(index, 0, -self.stack.frame.head - 12.0)
            self.moved()

    def place(self) -> tuple[str, float] | None:
        """The message at the upper edge, and how many pixels of it are above that; None at the end."""
        self.arrange()
        if self.stack.following or not self.stack.rows:
            return None
        first = self.stack.rows[0]
        return self.stack.ids[first.index], -first.top

    def go_to_place(self, message_id: str, pixels: float) -> None:
        """Scroll so that so many pixels of a message are above the upper edge, at most all of them."""
        index = self.stack.index_of(message_id)
        if index is not None:
            self._stop_animation()
            self.stack.show_inside(index, pixels)
            self.moved()

    def outline(self, message_id: str) -> list[Place]:
        """The headings of a message in order; empty while it is not at hand."""
        index = self.stack.index_of(message_id)
        item = self.stack.item(index) if index is not None else None
        texts = item.text_segments() if item is not None else []
        return [Place(part, one) for part, text in enumerate(texts) for one in outline(text.blocks)]

    def show_heading(self, message_id: str, place: Place) -> None:
        """Scroll so that a heading stands near the upper edge."""
        index = self.stack.index_of(message_id)
        item = self.stack.item(index) if index is not None else None
        texts = item.text_segments() if item is not None else []
        if index is None or item is None or place.part >= len(texts):
            return
        text = texts[place.part]
        if place.heading.block < len(text.blocks):
            box = text.boxes[text.number_of(place.heading.block)]
            self.stack.show(index, item.boxes.index(box), -_HEADING_GAP)
            self.moved()

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

    # Boxes

    def _box_changed(self, box: Box) -> None:
        for item in self.stack.items():
            if box in item.boxes:
                item.box_changed(box)
                index = self.stack.index_of(item.id)
                if index is not None:
                    self.stack.item_grew(index)
        self.invalidate()

    def _rearranged(self, segment: object) -> None:
        for item in self.stack.items():
            if item.holds(segment):
                index = self.stack.index_of(item.id)
                if index is not None:
                    self.stack.rearrange(index)
        self.searching.again()
        self.invalidate()

    def _earlier(self, key: tuple[Any, ...], file: str) -> str | None:
        return self.versions.earlier(key, file)

    def _picture_ready(self, key: object) -> None:
        for box in self.context.wanted.pop(key, ()):
            box.stale()
            self._box_changed(box)

    def _thumbnail(self, sha256: str, width: int, height: int) -> QImage | None:
        return self.stack.source.thumbnail(sha256, width, height)

    def press(self, spot: Spot) -> None:
        """Do what a spot does."""
        self.pressing.press(spot)

    def untick(self) -> None:
        """What was copied was shown long enough."""
        self.marks.ticked = None
        self.viewport().update()

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

    def find_step(self, direction: int) -> None:
        """Go to the next (1) or the previous (-1) hit."""
        self.searching.step(direction)

    def stop_searching(self) -> None:
        """Mark nothing any more."""
        self.searching.stop()

    def reveal(self, index: int, box: int, offset: int) -> None:
        """Scroll as little as shows a place, a third from the upper edge if it is far."""
        item = self.stack.item(index)
        if item is None or box >= len(item.boxes):
            return
        item.settle(box)
        rects = item.boxes[box].rects(offset, offset + 1)
        y = rects[0].top() if rects else 0.0
        row = next((row for row in self.stack.rows if row.index == index), None)
        height = self.viewport().height()
        if row is not None and 40 <= row.top + item.tops[box] + y <= height - 60:
            self.viewport().update()
            return
        self.stack.show(index, box, y - height / 3)
        self.moved()

    # Events

    def _restyle(self) -> None:
        self.stack.resize(self._frame(), self.viewport().height())
        self.stack.restyle()
        self.place_children()
        self.invalidate()

    def _resized(self) -> None:
        self.arrange()
        self.stack.resize(self._frame(), self.viewport().height())
        self.context.ratio = self.devicePixelRatioF()
        self.place_children()
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
        self._stop_animation()

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
        painter.end()
        self.living.painted_ms += (time.thread_time() - began) * 1000

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
        self.pointer.context_menu(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.pointer.leave()
        elif event.type() == QEvent.Type.ToolTip:
            return self.pointer.tool_tip(event)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.keyboard.press(event):
            event.ignore()

    def focusNextPrevChild(self, forwards: bool) -> bool:
        return self.keyboard.tab(forwards) or super().focusNextPrevChild(forwards)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.keyboard.leave()
        self.viewport().update()
