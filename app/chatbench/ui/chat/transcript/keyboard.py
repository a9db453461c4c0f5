"""The keyboard in the transcript: scrolling, walking through messages and controls, selecting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from chatbench.ui.chat.transcript.actions import actions_of
from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.painter import ROW, Spot
from chatbench.ui.chat.transcript.selection import Position, Selection
from chatbench.ui.widgets import announce

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView

_LINE = 40
_KEEP = 40
_Key = Qt.Key


class Keyboard:
    """Key events of one view.

    Arrows, Page Up and Down, Home and End scroll; Ctrl+Up and Ctrl+Down go from message to message.
    Tab goes to the controls of the message (links, code boxes, its row of actions, one stop each),
    arrows move among them. Shift and arrows extend the selection.
    """

    def __init__(self, view: TranscriptView) -> None:
        self._view = view

    def press(self, event: QKeyEvent) -> bool:
        """Handle a key; False if it is not ours."""
        view = self._view
        if event.matches(QKeySequence.StandardKey.Copy):
            view.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            view.select_all()
        elif event.matches(QKeySequence.StandardKey.Find):
            view.open_find()
        elif event.matches(QKeySequence.StandardKey.FindPrevious):
            view.searching.step(-1)
        elif event.matches(QKeySequence.StandardKey.FindNext):
            view.searching.step(1)
        elif event.key() == _Key.Key_Escape:
            return self._escape()
        else:
            return self._with_modifiers(event)
        return True

    def _with_modifiers(self, event: QKeyEvent) -> bool:
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if held == Qt.KeyboardModifier.ControlModifier and key in (_Key.Key_Up, _Key.Key_Down):
            return self._walk(1 if key == _Key.Key_Down else -1)
        if held == Qt.KeyboardModifier.AltModifier and key in (_Key.Key_Left, _Key.Key_Right):
            return self.step_branch(-1 if key == _Key.Key_Left else 1)
        if held == Qt.KeyboardModifier.ShiftModifier:
            return self._with_shift(key)
        if held == Qt.KeyboardModifier.ControlModifier and key in (_Key.Key_Home, _Key.Key_End):
            return self._scroll(key)
        return not held and (self._in_controls(key) or self._scroll(key))

    def _scroll(self, key: int) -> bool:
        view = self._view
        page = max(_LINE, view.viewport().height() - _KEEP)
        steps = {
            _Key.Key_Up: -_LINE,
            _Key.Key_Down: _LINE,
            _Key.Key_PageUp: -page,
            _Key.Key_PageDown: page,
            _Key.Key_Space: page,
        }
        view.scrolling.stop()
        if key in steps:
            view.scroll_by(steps[_Key(key)])
        elif key == _Key.Key_Home and view.stack.ids:
            view.stack.show(0, 0, -1e6)
            view.scroll_by(-1e6)
        elif key == _Key.Key_End:
            view.jump_to_end()
        else:
            return False
        return True

    def _escape(self) -> bool:
        view = self._view
        marks = view.marks
        if view.find_bar.isVisible():
            view.find_bar.hide()
        elif marks.focused is not None:
            marks.focused = None
        elif marks.current is not None:
            marks.current = None
        elif marks.selection is not None and not marks.selection.empty:
            marks.selection = None
        else:
            return False
        view.viewport().update()
        return True

    def leave(self) -> None:
        """The focus went elsewhere."""
        self._view.marks.focused = None
        self._view.marks.current = None

    def current(self) -> int | None:
        """The message the keyboard is at: the last one in view that begins in it, at first."""
        view = self._view
        view.arrange()
        if view.marks.current is not None and view.marks.current < len(view.stack.ids):
            return view.marks.current
        rows = [row for row in view.stack.rows if row.item is not None]
        begun = [row for row in rows if row.top >= -4]
        if view.stack.following and rows:
            return rows[-1].index
        return (begun or rows)[0].index if rows else None

    def _walk(self, step: int) -> bool:
        view = self._view
        here = self.current()
        if here is None:
            return True
        at = here if view.marks.current is None else here + step
        at = min(max(0, at), len(view.stack.ids) - 1)
        view.marks.current, view.marks.focused = at, None
        self._bring(at)
        item = view.stack.at_hand(at)
        if item is not None:
            announce(view, f"{item.entry.author}. {item.plain_text()[:300]}")
        return True

    def _bring(self, index: int) -> None:
        """Scroll as far as shows the beginning of a message."""
        view = self._view
        row = next((row for row in view.stack.rows if row.index == index), None)
        if row is None or row.top < -12 or row.top > view.viewport().height() - 80:
            view.stack.show(index, 0, -view.stack.frame.head - 24.0)
            view.moved()
        view.viewport().update()

    def step_branch(self, step: int) -> bool:
        """Shows the branch before (-1) or after (1) that of the message the keyboard is at; where that
        has no branches, of the last one in view that has. False where there is nothing to turn to."""
        view = self._view
        here = self.current()
        rows = [row.index for row in reversed(view.stack.rows)]
        action = "previous-branch" if step < 0 else "next-branch"
        for place in (here, *rows):
            item = view.stack.at_hand(place) if place is not None else None
            if item is None or item.entry.count < 2:
                continue
            offered = any(one.key == action and one.enabled for one in actions_of(item))
            if offered:
                view.action_requested.emit(item.id, action)
            return offered
        return False

    # Controls

    def _groups(self, index: int, item: Item) -> list[list[Spot]]:
        """The controls of a message in reading order, those of one box together."""
        groups = []
        for number, box in enumerate(item.boxes):
            spots = [Spot(index, number, one.key) for one in box.hotspots() if one.enabled]
            if spots:
                groups.append(spots)
        row = [Spot(index, ROW, one.key) for one in actions_of(item) if one.key and one.enabled]
        if row and not item.live:
            groups.append(row)
        return groups

    def tab(self, forwards: bool) -> bool:
        """Move to the next group of controls of the message; False when there is none."""
        view = self._view
        here = self.current()
        if here is None:
            return False
        item = view.stack.at_hand(here)
        groups = self._groups(here, item) if item is not None else []
        focused = view.marks.focused
        at = next((n for n, group in enumerate(groups) if focused in group), None)
        if at is None:
            at = 0 if forwards else len(groups) - 1
        else:
            at += 1 if forwards else -1
        if not 0 <= at < len(groups):
            self.leave()
            view.viewport().update()
            return False
        view.marks.current = here
        self._focus(groups[at][0])
        return True

    def _focus(self, spot: Spot) -> None:
        view = self._view
        view.marks.focused = spot
        item = view.stack.at_hand(spot.message)
        if item is not None:
            name = next((n for key, n, rect in _controls(item, spot.box) if key == spot.key), "")
            announce(view, name)
            self._show(spot, item)
        view.viewport().update()

    def focused_rect(self) -> QRect:
        """Where in the viewport the control is that has the focus; empty where none has."""
        view = self._view
        spot = view.marks.focused
        item = view.stack.at_hand(spot.message) if spot is not None else None
        row = next((row for row in view.stack.rows if spot is not None and row.index == spot.message), None)
        if spot is None or item is None or row is None:
            return QRect()
        rects = [rect for key, _name, rect in _controls(item, spot.box) if key == spot.key]
        inside = item.box_rect(spot.box).topLeft() if spot.box >= 0 else QPointF()
        return rects[0].translated(inside).translated(0, row.top).toAlignedRect() if rects else QRect()

    def _show(self, spot: Spot, item: Item) -> None:
        view = self._view
        rects = [rect for key, _name, rect in _controls(item, spot.box) if key == spot.key]
        row = next((row for row in view.stack.rows if row.index == spot.message), None)
        if not rects:
            return
        y = rects[0].top() + (item.tops[spot.box] if spot.box >= 0 else 0.0)
        top = row.top if row is not None else -1e9
        height = view.viewport().height()
        if not 0 <= top + y <= height - 30:
            box = max(0, spot.box) if spot.box >= 0 else max(0, len(item.boxes) - 1)
            view.stack.show(spot.message, box, y - item.tops[box] - height / 2)
            view.moved()

    def _in_controls(self, key: int) -> bool:
        """Arrows among controls of one group; Enter and Space press."""
        view = self._view
        spot = view.marks.focused
        item = view.stack.at_hand(spot.message) if spot is not None else None
        if spot is None or item is None:
            return False
        if key in (_Key.Key_Return, _Key.Key_Enter, _Key.Key_Space):
            view.pressing.press(spot)
            return True
        if key not in (_Key.Key_Left, _Key.Key_Right):
            return False
        group = next((one for one in self._groups(spot.message, item) if spot in one), [spot])
        step = 1 if (key == _Key.Key_Right) != view.stack.frame.rtl else -1
        at = min(max(0, group.index(spot) + step if spot in group else 0), len(group) - 1)
        self._focus(group[at])
        return True

    # Selecting

    def _with_shift(self, key: int) -> bool:
        view = self._view
        spot = view.marks.focused
        item = view.stack.at_hand(spot.message) if spot is not None else None
        if spot is not None and item is not None and spot.box >= 0 and key in (_Key.Key_Left, _Key.Key_Right):
            item.boxes[spot.box].scroll_sideways(_LINE if key == _Key.Key_Right else -_LINE)
            view.viewport().update()
            return True
        if key == _Key.Key_Space:
            return self._scroll(_Key.Key_PageUp)
        steps = (_Key.Key_Left, _Key.Key_Right, _Key.Key_Up, _Key.Key_Down, _Key.Key_Home, _Key.Key_End)
        chosen = view.marks.selection
        if key not in steps or chosen is None:
            return False
        end = self._moved_end(chosen.end, key)
        if end is not None:
            view.select(Selection(chosen.start, end))
            view.scrolling.reveal(end.message, end.box, end.offset)
        return True

    def _moved_end(self, end: Position, key: int) -> Position | None:
        stack = self._view.stack
        item = stack.item(end.message)
        if item is None or end.box >= len(item.boxes):
            return None
        box = item.boxes[end.box]
        if key in (_Key.Key_Home, _Key.Key_End):
            start, last = box.paragraph_at(end.offset)
            return end._replace(offset=start if key == _Key.Key_Home else last)
        if key in (_Key.Key_Left, _Key.Key_Right):
            return self._sideways(end, item, 1 if key == _Key.Key_Right else -1)
        return self._vertically(end, item, 1 if key == _Key.Key_Down else -1)

    def _sideways(self, end: Position, item: Item, step: int) -> Position | None:
        box = item.boxes[end.box]
        if box.right_to_left_at(end.offset):
            step = -step
        offset = box.next_offset(end.offset, step)
        if 0 <= offset <= box.length():
            return end._replace(offset=offset)
        return self._next_box(end, step)

    def _vertically(self, end: Position, item: Item, step: int) -> Position | None:
        box = item.boxes[end.box]
        rects = box.rects(end.offset, end.offset + 1) or box.rects(max(0, end.offset - 1), end.offset)
        if not rects:
            return self._next_box(end, step)
        here = rects[0]
        point = QPointF(here.left() + 1, here.center().y() + step * here.height())
        if 0 <= point.y() <= box.height:
            offset = box.offset_at(point)
            if offset != end.offset:
                return end._replace(offset=offset)
        return self._next_box(end, step)

    def _next_box(self, end: Position, step: int) -> Position | None:
        stack = self._view.stack
        message, number = end.message, end.box + step
        item = stack.item(message)
        while item is not None:
            while 0 <= number < len(item.boxes):
                if item.boxes[number].length():
                    return Position(message, number, 0 if step > 0 else item.boxes[number].length())
                number += step
            message += step
            if not 0 <= message < len(stack.ids):
                return None
            item = stack.item(message)
            number = 0 if step > 0 or item is None else len(item.boxes) - 1
        return None


def _controls(item: Item, box: int) -> list[tuple[str, str, QRectF]]:
    """Key, name and place (in the item; for a box in the box) of the controls of a box or the row."""
    if box == ROW:
        return [(one.key, one.name, one.rect) for one in actions_of(item)]
    return [(one.key, one.name, one.rects[0]) for one in item.boxes[box].hotspots() if one.rects]
