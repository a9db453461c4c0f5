"""Scrolling a view: its bar, its pill, and the ways to a place in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QSize, QVariantAnimation

from chatbench.ui.theme import theme

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView


class Scrolling(QObject):
    """Where one view stands, told by its bar and its pill and changed by them."""

    def __init__(self, view: TranscriptView) -> None:
        super().__init__(view)
        self._view = view
        self._guarded = False
        self._unseen_from: int | None = None
        self._animation: QVariantAnimation | None = None
        bar = view.verticalScrollBar()
        bar.setSingleStep(40)
        bar.valueChanged.connect(self._bar_moved)
        view.pill.clicked.connect(self.jump_to_end)

    def forget(self) -> None:
        """The view shows other messages, from their end."""
        self.stop()
        self._unseen_from = None

    def grown(self, before: int) -> None:
        """There were ``before`` messages: the pill counts what has come since until it is seen."""
        view = self._view
        if len(view.stack.ids) > before and not view.stack.following and self._unseen_from is None:
            self._unseen_from = before

    # Told

    def show_place(self) -> None:
        """Tell the scroll bar and the pill where the view stands."""
        self._show_bar()
        self._show_pill()

    def _show_bar(self) -> None:
        stack, height = self._view.stack, self._view.viewport().height()
        bar = self._view.verticalScrollBar()
        most = max(0, math.ceil(stack.total() - height))
        self._guarded = True
        bar.setPageStep(height)
        bar.setRange(0, most)
        bar.setEnabled(most > 0)
        bar.setValue(most if stack.following else min(most, round(stack.value())))
        self._guarded = False

    def _show_pill(self) -> None:
        stack, pill = self._view.stack, self._view.pill
        away = not stack.following and not stack.at_end()
        if stack.following:
            self._unseen_from = None
        unseen = 0 if self._unseen_from is None else len(stack.ids) - self._unseen_from
        pill.show_state(unseen, any(item.live for item in stack.items()))
        if away != pill.isVisibleTo(self._view):
            pill.setVisible(away)
            self.place_children()
            self._view.following_changed.emit(not away)

    def place_children(self) -> None:
        """Put the pill and the bar that searches where they belong."""
        view, area = self._view, self._view.viewport().geometry()
        size = view.pill.sizeHint()
        middle = area.x() + (area.width() - size.width()) // 2
        x = area.right() - size.width() - 16 if view.stack.frame.folded else middle
        view.pill.setGeometry(x, area.bottom() - size.height() - 10, size.width(), size.height())
        bar = view.find_bar.sizeHint().boundedTo(QSize(area.width() - 16, 200))
        view.find_bar.setGeometry(area.right() - bar.width() - 8, area.y() + 8, bar.width(), bar.height())

    # Changed

    def _bar_moved(self, value: int) -> None:
        if self._guarded:
            return
        self.stop()
        stack, height = self._view.stack, self._view.viewport().height()
        change = value - (stack.total() - height if stack.following else stack.value())
        if abs(change) <= 2 * height:
            self._view.scroll_by(change)
        else:
            stack.scroll_to(value)
            self._view.moved()

    def jump_to_end(self) -> None:
        """Go to the end, moving there if it is near."""
        stack = self._view.stack
        self._view.arrange()
        self._glide(stack.total() - self._view.viewport().height() - stack.value(), self._settle_at_end)

    def _settle_at_end(self) -> None:
        self._view.stack.follow()
        self._view.moved()

    def _glide(self, distance: float, then: Callable[[], None]) -> None:
        self.stop()
        view, duration = self._view, theme().duration("jump")
        if not duration or abs(distance) > 3 * view.viewport().height() or not view.isVisible():
            then()
            return
        animation = QVariantAnimation(self)
        animation.setDuration(duration)
        animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        animation.setStartValue(0.0)
        animation.setEndValue(float(distance))
        gone = [0.0]

        def step(value: float) -> None:
            view.scroll_by(round(value) - gone[0])
            gone[0] = round(value)

        animation.valueChanged.connect(step)
        animation.finished.connect(then)
        animation.finished.connect(self.stop)
        self._animation = animation
        animation.start()

    @property
    def gliding(self) -> bool:
        """Whether the view is on its way somewhere."""
        return self._animation is not None

    def stop(self) -> None:
        """Glide no further."""
        if self._animation is not None:
            self._animation.blockSignals(True)
            self._animation.stop()
            self._animation.deleteLater()
            self._animation = None

    # Places

    def place(self) -> tuple[str, float] | None:
        """The message at the upper edge, and how many pixels of it are above that; None at the end."""
        stack = self._view.stack
        self._view.arrange()
        if stack.following or not stack.rows:
            return None
        first = stack.rows[0]
        return stack.ids[first.index], -first.top

    def show_message(self, message_id: str) -> None:
        """Scroll so that a message begins at the upper edge."""
        stack = self._view.stack
        index = stack.index_of(message_id)
        if index is not None:
            self.stop()
            stack.show(index, 0, -stack.frame.head - 12.0)
            self._view.moved()

    def show_at(self, message_id: str, top: float) -> None:
        """Scroll so that a message begins at a height of the viewport."""
        index = self._view.stack.index_of(message_id)
        if index is not None:
            self.stop()
            self._view.stack.show_at(index, top)
            self._view.moved()

    def set_foot(self, room: float) -> None:
        """How much room there is below the last message."""
        if room != self._view.stack.foot:
            self._view.stack.foot = room
            self._view.invalidate()

    def go_to_place(self, message_id: str, pixels: float) -> None:
        """Scroll so that so many pixels of a message are above the upper edge, at most all of them."""
        index = self._view.stack.index_of(message_id)
        if index is not None:
            self.stop()
            self._view.stack.show_inside(index, pixels)
            self._view.moved()

    def reveal(self, index: int, box: int, offset: int) -> None:
        """Scroll as little as shows a place, a third from the upper edge if it is far."""
        view = self._view
        item = view.stack.item(index)
        if item is None or box >= len(item.boxes):
            return
        item.settle(box)
        rects = item.boxes[box].rects(offset, offset + 1)
        y = rects[0].top() if rects else 0.0
        row = next((row for row in view.stack.rows if row.index == index), None)
        height = view.viewport().height()
        if row is not None and 40 <= row.top + item.tops[box] + y <= height - 60:
            view.viewport().update()
            return
        self.stop()
        view.stack.show(index, box, y - height / 3)
        view.moved()
