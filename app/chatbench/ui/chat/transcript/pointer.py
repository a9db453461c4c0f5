"""The pointer in the transcript: hovering, pressing, selecting by dragging, the wheel, the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer
from PySide6.QtGui import QCursor, QGuiApplication, QHelpEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip

from chatbench.ui.chat.transcript.boxes.base import Box
from chatbench.ui.chat.transcript.painter import Spot, spot_at
from chatbench.ui.chat.transcript.selection import Position, Selection, box_point, position_at, row_at
from chatbench.ui.widgets import tip

if TYPE_CHECKING:
    from chatbench.ui.chat.transcript.view import TranscriptView

_DRAG_MS = 30
_LINE = 40


class Pointer:
    """Mouse events of one view."""

    def __init__(self, view: TranscriptView) -> None:
        self._view = view
        self._dragging = False
        self._unit = 1
        self._origin: tuple[Position, Position] | None = None
        self._presses = 0
        self._pressed_at = QPointF()
        self._timer: QTimer | None = None
        self._thumb: tuple[Box, float, float] | None = None

    def refresh(self) -> None:
        """The rows moved under the pointer."""
        view = self._view
        if not self._dragging and view.viewport().underMouse():
            self._hover(QPointF(view.viewport().mapFromGlobal(QCursor.pos())))

    def leave(self) -> None:
        """The pointer left the view."""
        marks = self._view.marks
        if marks.hovered is not None or marks.pointed is not None:
            marks.hovered = marks.pointed = None
            self._view.viewport().update()

    def press(self, event: QMouseEvent) -> None:
        """A button went down: on something that can be pressed, or to select."""
        view, point = self._view, event.position()
        if event.button() != Qt.MouseButton.LeftButton:
            return
        view.marks.focused = None
        found = spot_at(view.stack, view.painter, point)
        if found is not None:
            view.marks.pressed = found[0]
            view.viewport().update()
            return
        if self._take_thumb(point):
            return
        if self._again(point):
            self._select_unit(point, 3)
            return
        place = position_at(view.stack, point)
        if place is None:
            return
        self._unit, self._dragging = 1, True
        chosen = view.marks.selection
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and chosen is not None:
            view.select(Selection(chosen.start, place))
            self._origin = (chosen.start, chosen.start)
        else:
            self._origin = (place, place)
            view.select(Selection(place, place))

    def _take_thumb(self, point: QPointF) -> bool:
        """Begin to drag the thumb of something that scrolls sideways."""
        under = self.box_under(point, margin=6)
        thumb = under[0].thumb() if under is not None else None
        if under is None or thumb is None or not thumb[0].contains(under[1]):
            return False
        self._thumb = (under[0], thumb[1], point.x())
        return True

    def _drag_thumb(self, x: float) -> None:
        assert self._thumb is not None
        box, step, before = self._thumb
        box.scroll_sideways((x - before) * step)
        self._thumb = (box, step, x)
        self._view.viewport().update()

    def _again(self, point: QPointF) -> bool:
        """Whether this press is the third one in a row."""
        third = self._presses == 2 and (point - self._pressed_at).manhattanLength() < 6
        self._presses = 0
        return third

    def double_click(self, event: QMouseEvent) -> None:
        """Two presses select a word; a control takes them as presses."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        view, point = self._view, event.position()
        if spot_at(view.stack, view.painter, point) is not None:
            self.press(event)
            return
        self._select_unit(point, 2)
        self._presses, self._pressed_at = 2, point
        QTimer.singleShot(QApplication.doubleClickInterval(), view, self._forget_presses)

    def _forget_presses(self) -> None:
        self._presses = 0

    def _unit_at(self, place: Position) -> tuple[Position, Position]:
        item = self._view.stack.at_hand(place.message)
        if item is None or self._unit == 1 or place.box >= len(item.boxes):
            return place, place
        box: Box = item.boxes[place.box]
        start, end = box.word_at(place.offset) if self._unit == 2 else box.paragraph_at(place.offset)
        return place._replace(offset=start), place._replace(offset=end)

    def _select_unit(self, point: QPointF, unit: int) -> None:
        place = position_at(self._view.stack, point)
        if place is None:
            return
        self._unit, self._dragging = unit, True
        self._origin = self._unit_at(place)
        self._view.select(Selection(*self._origin))

    def move(self, point: QPointF, buttons: Qt.MouseButton) -> None:
        """The pointer moved, perhaps dragging a selection."""
        if self._thumb is not None:
            self._drag_thumb(point.x())
            return
        if self._dragging and buttons & Qt.MouseButton.LeftButton:
            self._extend(point)
            self._scroll_at_edges(point)
            return
        self._hover(point)

    def _extend(self, point: QPointF) -> None:
        place = position_at(self._view.stack, point)
        if place is None or self._origin is None:
            return
        start, end = self._unit_at(place)
        if start < self._origin[0]:
            self._view.select(Selection(self._origin[1], start))
        else:
            self._view.select(Selection(self._origin[0], max(end, self._origin[1])))

    def _scroll_at_edges(self, point: QPointF) -> None:
        """While dragging beyond an edge a timer scrolls; it stops with the drag."""
        height = self._view.viewport().height()
        outside = point.y() < 0 or point.y() > height
        if outside and self._timer is None:
            self._timer = QTimer(self._view)
            self._timer.timeout.connect(self._drag_on)
            self._timer.start(_DRAG_MS)
        elif not outside:
            self._stop_timer()

    def _drag_on(self) -> None:
        view = self._view
        point = QPointF(view.viewport().mapFromGlobal(QCursor.pos()))
        self.drag_step(point)

    def drag_step(self, point: QPointF) -> None:
        """One step of scrolling towards a point beyond the upper or lower edge."""
        height = self._view.viewport().height()
        over = point.y() if point.y() < 0 else max(0.0, point.y() - height)
        if not over:
            self._stop_timer()
            return
        self._view.scroll_by(max(-60.0, min(60.0, over / 2)))
        edge = QPointF(point.x(), 1 if over < 0 else height - 1)
        self._extend(edge)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None

    def release(self, event: QMouseEvent) -> None:
        """A button went up: what was pressed is done if the pointer is still on it."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        view = self._view
        self._dragging = False
        self._thumb = None
        self._stop_timer()
        pressed, view.marks.pressed = view.marks.pressed, None
        if pressed is not None:
            view.viewport().update()
            found = spot_at(view.stack, view.painter, event.position())
            if found is not None and found[0] == pressed:
                view.pressing.press(pressed)
        elif view.marks.selection is not None and not view.marks.selection.empty:
            clipboard = QGuiApplication.clipboard()
            if clipboard.supportsSelection():
                clipboard.setText(view.selected_text(), clipboard.Mode.Selection)

    def _hover(self, point: QPointF) -> None:
        view = self._view
        view.arrange()
        row = row_at(view.stack, point.y())
        pointed = None
        if row is not None and row.item is not None and view.viewport().rect().contains(point.toPoint()):
            inside = point.y() - row.top
            pointed = (row.index, row.item.box_at(inside)) if row.item.boxes else (row.index, 0)
        found = spot_at(view.stack, view.painter, point)
        spot = found[0] if found is not None else None
        marks = view.marks
        if (spot, pointed) != (marks.hovered, marks.pointed):
            marks.hovered, marks.pointed = spot, pointed
            view.viewport().update()
        self._show_shape(spot, point)

    def _show_shape(self, spot: Spot | None, point: QPointF) -> None:
        frame = self._view.stack.frame
        if spot is not None:
            shape = Qt.CursorShape.PointingHandCursor
        elif frame.column_x <= point.x() <= frame.column_x + frame.column:
            shape = Qt.CursorShape.IBeamCursor
        else:
            shape = Qt.CursorShape.ArrowCursor
        if self._view.viewport().cursor().shape() != shape:
            self._view.viewport().setCursor(shape)

    def box_under(self, point: QPointF, margin: float = 0.0) -> tuple[Box, QPointF] | None:
        """The box at a point of the viewport, and the point in it."""
        row = row_at(self._view.stack, point.y())
        if row is None or row.item is None or not row.item.boxes:
            return None
        number = row.item.box_at(point.y() - row.top)
        inside = box_point(row, row.item, number, point)
        box = row.item.boxes[number]
        within = -margin <= inside.y() <= box.height + margin and 0 <= inside.x() <= box.width
        return (box, inside) if within else None

    def wheel(self, event: QWheelEvent) -> None:
        """Pixels where the device knows them; sideways, or with Shift, inside code and tables, and where
        there is nothing to move across, for who is around to take."""
        pixels, angle = event.pixelDelta(), event.angleDelta()
        across = float(-(pixels.x() or angle.x() * _LINE * 3 // 120))
        down = float(-(pixels.y() or angle.y() * _LINE * 3 // 120))
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not across:
            across, down = down, 0.0
        under = self.box_under(event.position())
        event.accept()
        if under is not None:
            box, inside = under
            if abs(across) > abs(down) and box.scroll_sideways(across):
                self._view.viewport().update()
                return
            if down and box.scroll_down(down, inside):
                self._view.viewport().update()
                return
        if down:
            self._view.scrolling.stop()
            self._view.scroll_by(down)
        elif across:
            event.ignore()

    def tool_tip(self, event: QEvent) -> bool:
        """The name of what is under the pointer, or what it has to say."""
        assert isinstance(event, QHelpEvent)
        view = self._view
        point = QPointF(event.pos())
        found = spot_at(view.stack, view.painter, point)
        if found is not None and not found[0].key.startswith("link:"):
            QToolTip.showText(event.globalPos(), tip(found[1]), view.viewport(), found[2].toAlignedRect())
            return True
        under = self.box_under(point)
        words = under[0].tip(under[1]) if under is not None else ""
        if words:
            QToolTip.showText(event.globalPos(), tip(words), view.viewport())
        else:
            QToolTip.hideText()
        return True
