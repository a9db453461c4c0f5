"""The transcript: a painted, virtual view of one lane's messages."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Literal
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
    QGuiApplication,
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

from chatbench.ui.chat.transcript import selection as selecting
from chatbench.ui.chat.transcript.accessibility import install_accessibility
from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.boxes.base import (
    Act,
    Box,
    Context,
    CopyText,
    Effect,
    OpenLink,
    Rebuild,
    SaveText,
)
from chatbench.ui.chat.transcript.find import FindBar, Finding, hits_in
from chatbench.ui.chat.transcript.formulas import formulas
from chatbench.ui.chat.transcript.frame import Frame, frame_for
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.keyboard import Keyboard
from chatbench.ui.chat.transcript.links import ask_before_opening
from chatbench.ui.chat.transcript.paintclock import interval_for, paint_clock
from chatbench.ui.chat.transcript.painter import ROW, Marks, Spot, TranscriptPainter
from chatbench.ui.chat.transcript.pill import EndPill
from chatbench.ui.chat.transcript.pointer import Pointer
from chatbench.ui.chat.transcript.selection import Selection
from chatbench.ui.chat.transcript.source import ListSource, Source
from chatbench.ui.chat.transcript.stack import Stack
from chatbench.ui.theme import theme
from chatbench.ui.widgets import announce, gauge_clock

_BAR_EVERY_S = 0.25
_TICK_MS = 1_200
_SPOKEN = 600
ReadingWidth = Literal["narrow", "normal", "wide", "full"]


class TranscriptView(QAbstractScrollArea):
    """Shows the messages of a ``Source``.

    - ``action_requested(message_id, action)``: regenerate, edit, previous-branch, next-branch, delete,
      inspect, retry, retry-with, details, retry-now, stop. Copying is done here and not signalled.
    - ``more_requested(message_id, global_point)``: open the menu of a message there.
    - ``link_chosen(url)``: the reader has seen where a link leads and wants it opened.
    - ``save_requested(text, suggested_name)``: offer to save code as a file.
    - ``following_changed(bool)``: whether the view stays at the end.
    """

    action_requested = Signal(str, str)
    more_requested = Signal(str, object)
    link_chosen = Signal(str)
    save_requested = Signal(str, str)
    following_changed = Signal(bool)

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
        self.context = Context(
            changed=lambda box: (call := changed()) and call(box),
            thumbnail=lambda *asked: call(*asked) if (call := thumbnail()) else None,
        )
        self.stack = Stack(ListSource(), self.context, frame_for(800), 600)
        self.painter = TranscriptPainter(self.stack, self.marks)
        self._arranged = False
        self._guarded = False
        self._bar_at = 0.0
        self._paint_cost = 0.0
        self._unseen_from: int | None = None
        self._copying: Selection | None = None
        self._animation: QVariantAnimation | None = None
        self._finding = Finding()
        self.find_bar = FindBar(self)
        self.pill = EndPill(self)
        self.pointer = Pointer(self)
        self.keyboard = Keyboard(self)
        self._connect()

    def _connect(self) -> None:
        bar = self.verticalScrollBar()
        bar.setSingleStep(40)
        bar.valueChanged.connect(self._bar_moved)
        self.pill.clicked.connect(self.jump_to_end)
        self.find_bar.searched.connect(self.search)
        self.find_bar.stepped.connect(self.find_step)
        self.find_bar.closed.connect(self._find_closed)
        theme().changed.connect(self._restyle)
        formulas().ready.connect(self._formula_ready)

    # What the owner says

    def set_source(self, source: Source) -> None:
        """Show another conversation, from its end."""
        self._stop_animation()
        self.marks = Marks()
        self.context.states.clear()
        self.context.wanted.clear()
        self._unseen_from = None
        self.stack = Stack(source, self.context, self._frame(), self.viewport().height())
        self.painter = TranscriptPainter(self.stack, self.marks)
        self.find_bar.hide()
        self.invalidate()

    def refresh(self) -> None:
        """The source has other messages, or newer versions of some; what is read stays in place."""
        old = self.stack.ids
        living = self._living_ids()
        self.stack.refresh()
        new = self.stack.ids
        if new[: len(old)] != old:
            self.marks.selection = self.marks.focused = self.marks.current = None
            self.marks.hovered = self.marks.pressed = self.marks.ticked = None
        if len(new) > len(old) and not self.stack.following and self._unseen_from is None:
            self._unseen_from = len(old)
        self._search_again()
        self.invalidate()
        self._announce_ends(living)

    def loaded(self, ids: Iterable[str]) -> None:
        """Messages that were asked for are at hand."""
        living = self._living_ids()
        for one in ids:
            self.stack.reload(one)
        self.invalidate()
        self._announce_ends(living)
        if self._copying is not None:
            waiting, self._copying = self._copying, None
            self._copy(waiting)

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
            self._follow_living()

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
        self._mark_hits()
        self._show_bar()
        self._show_pill()

    def _show_bar(self) -> None:
        self._bar_at = time.monotonic()
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
            self._place_children()
            self.following_changed.emit(not away)

    def _place_children(self) -> None:
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
            self._moved()

    def scroll_by(self, change: float) -> None:
        """Move by pixels; positive goes towards the end."""
        self.arrange()
        self.stack.scroll_by(float(round(change)))
        self._moved()

    def _moved(self) -> None:
        self._arranged = False
        self.arrange()
        self.viewport().update()
        self._follow_living()
        self.pointer.refresh()

    def jump_to_end(self) -> None:
        """Go to the end, moving there if it is near."""
        self.arrange()
        distance = self.stack.total() - self.viewport().height() - self.stack.value()
        self._glide(distance, self._settle_at_end)

    def _settle_at_end(self) -> None:
        self.stack.follow()
        self._moved()

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
            self.stack.show(index, 0, -self.stack.frame.head - 12.0)
            self._moved()

    # Living answers

    def _living(self) -> list[tuple[int, Item]]:
        return [(row.index, row.item) for row in self.stack.rows if row.item is not None and row.item.live]

    def _follow_living(self) -> None:
        """Run the clock exactly while something in view is being written."""
        self.arrange()
        living = self._living() if self.isVisible() else []
        if living:
            paint_clock().join(self, self.step)
        else:
            paint_clock().leave(self)
        if any(item.thinks() for _index, item in living):
            gauge_clock().join(self, self._step_gauges)
        else:
            gauge_clock().leave(self)

    def _step_gauges(self) -> None:
        for row in self.stack.rows:
            if row.item is not None and row.item.live:
                for number, box in enumerate(row.item.boxes):
                    if getattr(box, "live", False):
                        self.update_rect(row.item.box_rect(number).translated(0, row.top))

    def step(self) -> int:
        """One turn of the paint clock; returns the milliseconds until the next."""
        began = time.thread_time()
        for index, item in self._living():
            if item.tick():
                self._show_growth(index, item)
            if item.facts_due():
                self._update_facts(index, item)
        spent = (time.thread_time() - began) * 1000 + self._paint_cost
        self._paint_cost = 0.0
        return interval_for(spent)

    def _show_growth(self, index: int, item: Item) -> None:
        """Arrange what grew, and repaint only from the first change downwards."""
        before = {row.index: row.top for row in self.stack.rows}
        self.stack.item_grew(index)
        self.stack.arrange()
        self._mark_hits(only=index)
        if time.monotonic() - self._bar_at >= _BAR_EVERY_S:
            self._show_bar()
            self._show_pill()
        after = {row.index: row.top for row in self.stack.rows}
        shifts = {round(after[one] - before[one], 3) for one in after.keys() & before.keys()}
        whole = self.devicePixelRatioF() == int(self.devicePixelRatioF())
        top = after.get(index)
        if top is None or len(shifts) != 1 or not whole or item.changed_at is None:
            self.viewport().update()
            return
        shift = shifts.pop()
        if shift != int(shift) or abs(shift) >= self.viewport().height() / 2:
            self.viewport().update()
            return
        if shift:
            self.viewport().scroll(0, int(shift), self.viewport().rect())
        height = self.viewport().height()
        first = max(0, math.floor(top + item.changed_at) - 30)
        if first < height:
            self.viewport().update(0, first, self.viewport().width(), height - first)

    def _update_facts(self, index: int, item: Item) -> None:
        row = next((row for row in self.stack.rows if row.index == index), None)
        if row is None:
            return
        frame = item.frame
        top = row.top + item.content_top - frame.head
        if frame.folded:
            self.update_rect(QRectF(0, top, frame.width, frame.head))
        else:
            self.update_rect(QRectF(frame.margin_x, top, frame.margin, item.margin_height()))

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

    def _formula_ready(self, key: object) -> None:
        for box in self.context.wanted.pop(key, ()):
            box.stale()
            self._box_changed(box)

    def _thumbnail(self, sha256: str, width: int, height: int) -> QImage | None:
        return self.stack.source.thumbnail(sha256, width, height)

    def press(self, spot: Spot) -> None:
        """Do what a spot does."""
        item = self.stack.at_hand(spot.message)
        if item is None:
            return
        if spot.box == ROW:
            self._press_action(spot, item)
            return
        if spot.box < len(item.boxes):
            box = item.boxes[spot.box]
            self._carry_out(box.activate(spot.key), spot, item, box)

    def _carry_out(self, effect: Effect | None, spot: Spot, item: Item, box: Box) -> None:
        if isinstance(effect, CopyText):
            QGuiApplication.clipboard().setText(effect.text)
            self._tick(spot)
        elif isinstance(effect, SaveText):
            self.save_requested.emit(effect.text, effect.name)
        elif isinstance(effect, OpenLink):
            dialog = ask_before_opening(effect.url, effect.words, self)
            if dialog is not None:
                dialog.chosen.connect(self.link_chosen)
        elif isinstance(effect, Act):
            self.action_requested.emit(item.id, effect.action)
        else:
            self.stack.hold(spot.message, spot.box)
            if isinstance(effect, Rebuild):
                item.rebuild_part_of(box)
            else:
                item.box_changed(box)
            self.stack.item_grew(spot.message)
            self._moved()
            self.stack.following = self.stack.at_end()

    def _press_action(self, spot: Spot, item: Item) -> None:
        if spot.key == "copy":
            self._copy(selecting.of_message(spot.message))
            self._tick(spot)
        elif spot.key == "more":
            action = next(one for one in actions_of(item) if one.key == "more")
            row = next(row for row in self.stack.rows if row.index == spot.message)
            corner = action.rect.translated(0, row.top).bottomLeft().toPoint()
            self.more_requested.emit(item.id, self.viewport().mapToGlobal(corner))
        else:
            self.action_requested.emit(item.id, spot.key)

    def _tick(self, spot: Spot) -> None:
        """Show for a moment that something was copied."""
        self.marks.ticked = spot
        self.viewport().update()
        self.startTimer(_TICK_MS)
        announce(self, self.tr("Copied"))

    def timerEvent(self, event: QEvent) -> None:
        self.killTimer(event.timerId())  # type: ignore[attr-defined]
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
            self._copy(self.marks.selection)

    def _copy(self, selection: Selection) -> None:
        missing = selecting.missing(self.stack, selection)
        if missing:
            self._copying = selection
            self.stack.source.request(tuple(missing))
            return
        QGuiApplication.clipboard().setMimeData(selecting.mime_data(self.stack, selection))
        self.stack.trim()

    def selected_text(self) -> str:
        """The selection as plain text."""
        chosen = self.marks.selection
        return "" if chosen is None else selecting.mime_data(self.stack, chosen).text()

    # Finding

    def open_find(self) -> None:
        """Show the bar that searches this conversation."""
        chosen = self.selected_text() if self.marks.selection is not None else ""
        if chosen and "\n" not in chosen and len(chosen) < 100:
            self.find_bar.field.setText(chosen)
        self.find_bar.open()
        self._place_children()
        self.search(self.find_bar.field.text())

    def search(self, needle: str) -> None:
        """Search all messages and mark the hits."""
        counts = self.stack.source.matches(needle) if needle else ()
        self._finding.start(needle, counts)
        self.marks.current_hit = None
        if counts:
            self.find_step(1)
        self._search_again()
        self.viewport().update()

    def find_step(self, direction: int) -> None:
        """Go to the next or the previous hit."""
        first = self.stack.rows[0].index if self.stack.rows else 0
        place = self._finding.step(direction > 0, first)
        if place is None:
            return
        index, which = place
        item = self.stack.item(index)
        if item is None:
            self.stack.show(index)
            self._moved()
            return
        hits = hits_in(index, item, self._finding.needle)
        if hits:
            self.marks.current_hit = hits[min(which, len(hits) - 1)]
            self.reveal(index, self.marks.current_hit.box, self.marks.current_hit.start)
        self._search_again()

    def _search_again(self) -> None:
        self.marks.hits.clear()
        self._mark_hits()
        self.find_bar.show_count(self._finding.number, self._finding.total)

    def _mark_hits(self, only: int | None = None) -> None:
        if not self._finding.needle:
            return
        for row in self.stack.rows:
            if row.item is not None and (only == row.index or row.index not in self.marks.hits):
                self.marks.hits[row.index] = hits_in(row.index, row.item, self._finding.needle)

    def _find_closed(self) -> None:
        self._finding.start("", ())
        self.marks.hits.clear()
        self.marks.current_hit = None
        self.viewport().update()
        if self.isVisible():
            self.setFocus(Qt.FocusReason.OtherFocusReason)

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
        self._moved()

    # Events

    def _restyle(self) -> None:
        self.stack.resize(self._frame(), self.viewport().height())
        self.stack.restyle()
        self._place_children()
        self.invalidate()

    def _resized(self) -> None:
        self.arrange()
        self.stack.resize(self._frame(), self.viewport().height())
        self.context.ratio = self.devicePixelRatioF()
        self._place_children()
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
        self._follow_living()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        paint_clock().leave(self)
        gauge_clock().leave(self)
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
        self._paint_cost += (time.thread_time() - began) * 1000

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
