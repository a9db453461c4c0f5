"""The lanes of a conversation beside each other: where each stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollBar, QStyle, QWidget

from chatbench.core.conversations import Lane
from chatbench.services import Services
from chatbench.ui.chat.conversation.lane import LaneView
from chatbench.ui.chat.conversation.notes import LETTERS
from chatbench.ui.chat.conversation.together import Together
from chatbench.ui.theme import theme
from chatbench.ui.widgets import SegmentControl, Surface

Arrangement = Literal["columns", "grid", "tabs", "stacked"]
LEAST_WIDTH: Final = 300
"""A narrower column is not read: then one lane at a time is shown."""
LEAST_HEIGHT: Final = 220
_LINE: Final = 1
_NOTCH: Final = 120
"""Pixels one notch of a wheel moves them sideways."""
_TABS_EDGE: Final = 12
_TAB_PADDING: Final = 24
_LEAST_TAB: Final = 40
"""In less room nothing can be read of a name: then the letter stands alone."""
_MOST_TAB: Final = 180


class Lanes(Surface):
    """``current_changed()`` when the reader turns to another lane; ``scrolled()`` when any has moved;
    ``arranged()`` when they stand otherwise, or are more or fewer."""

    current_changed = Signal()
    scrolled = Signal()
    added = Signal(object)
    arranged = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__("line", parent=parent)
        self._services = services
        self._views: list[LaneView] = []
        self._current = 0
        self._order: dict[str, int] = {}
        self.together = Together(self)
        self.arrangement: Arrangement = "columns"
        self._stood: tuple[object, ...] = ()
        self._rest_height = 0
        self._tabs_host = Surface("chrome", lines=Qt.Edge.BottomEdge, parent=self)
        self._tabs: SegmentControl | None = None
        self._tab_labels: dict[str, tuple[str, str]] = {}
        row = QHBoxLayout()
        self._tabs_host.set_layout(row, (_TABS_EDGE, 5, _TABS_EDGE, 5))
        self._tabs_host.hide()
        self._sideways = QScrollBar(Qt.Orientation.Horizontal, self)
        self._sideways.setAccessibleName(self.tr("More lanes"))
        self._sideways.setSingleStep(40)
        self._sideways.valueChanged.connect(self._place)
        self._sideways.hide()

    @property
    def views(self) -> tuple[LaneView, ...]:
        """The open lanes, in their order."""
        return tuple(self._views)

    @property
    def current(self) -> LaneView:
        """The lane the reader has turned to."""
        return self._views[min(self._current, len(self._views) - 1)]

    @property
    def alone(self) -> bool:
        """Whether there is one lane only."""
        return len(self._views) == 1

    @property
    def one_at_a_time(self) -> bool:
        """Whether one lane has all the room, because it is the only one or of several the only one shown."""
        return self.alone or self.shown == "tabs"

    def view(self, lane_id: str) -> LaneView | None:
        """The view of a lane."""
        return next((one for one in self._views if one.id == lane_id), None)

    def set_order(self, lane_ids: Sequence[str]) -> None:
        """Another order than the lanes' own, from the next `set_lanes` on; () gives that back."""
        self._order = {lane_id: place for place, lane_id in enumerate(lane_ids)}

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """Makes and unmakes views, so that there is one for each lane, in this order."""
        lanes = sorted(lanes, key=lambda lane: self._order.get(lane.id, len(self._order)))
        chosen = self._views[self._current].id if self._views else ""
        known = {view.id: view for view in self._views}
        if [lane.id for lane in lanes] == list(known):
            return
        views = [known.pop(lane.id) if lane.id in known else self._made(lane) for lane in lanes]
        for gone in known.values():
            gone.hide()
            gone.setParent(None)
            gone.deleteLater()
        self._views = views
        # A head that learns its letter has the tabs named: those there are have none for a new lane.
        self._drop_tabs()
        self._current = next((n for n, one in enumerate(views) if one.id == chosen), 0)
        for letter, view in zip(LETTERS, views, strict=False):
            view.set_alone(len(views) == 1)
            view.set_letter(letter)
        self._make_tabs()
        self._place()

    def _made(self, lane: Lane) -> LaneView:
        view = LaneView(self._services, lane, self)
        view.setParent(self)
        view.activated.connect(lambda: self.turn_to(view))
        view.head.named.connect(self._name_tabs)
        self.together.watch(view)
        self.added.emit(view)
        return view

    def turn_to(self, view: LaneView) -> None:
        """Makes a lane the current one."""
        if view in self._views and view is not self.current:
            self._current = self._views.index(view)
            if self._tabs is not None:
                self._tabs.set_current(view.id)
            self._place()
            self._bring_into_view(view)
            self.current_changed.emit()

    def step_aside(self, step: int) -> None:
        """Turns to the lane to the right (1) or to the left (-1), around the edge, with the focus."""
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self.step(-step if rtl else step)

    def step(self, step: int) -> None:
        """Turns to the next (1) or the previous (-1) lane, around the end, with the focus."""
        view = self._views[(self._current + step) % len(self._views)]
        self.turn_to(view)
        view.transcript.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def arrange(self, arrangement: Arrangement) -> None:
        """Beside each other, in a grid, one at a time, or below each other."""
        self.arrangement = arrangement
        self._place()

    def set_rest_height(self, height: int) -> None:
        """How high they are while nothing around them is unfolded: that says which arrangement has room,
        so that none is left while somebody writes."""
        if height != self._rest_height:
            self._rest_height = height
            self._place()

    @property
    def shown(self) -> Arrangement:
        """The arrangement in force. Where there is no room for it they stand beside each other as
        wide as they must be, to scroll sideways; where no two have room, one at a time."""
        count = len(self._views)
        columns, rows = self._cells(self.arrangement, count)
        wide = self.width() // columns >= theme().scaled(LEAST_WIDTH)
        height = self._rest_height or self.height()
        high = height // rows >= theme().scaled(LEAST_HEIGHT)
        if self.arrangement == "tabs" or count == 1 or (wide and high):
            return self.arrangement
        two = self.width() >= 2 * theme().scaled(LEAST_WIDTH)
        return "columns" if two and height >= theme().scaled(LEAST_HEIGHT) else "tabs"

    @property
    def lacking(self) -> tuple[Literal["width", "height"], int] | None:
        """What the arrangement asked for has too little of, and how many pixels of it all lanes need; None
        where it is in force."""
        if self.shown == self.arrangement:
            return None
        columns, rows = self._cells(self.arrangement, len(self._views))
        wide, high = columns * theme().scaled(LEAST_WIDTH), rows * theme().scaled(LEAST_HEIGHT)
        return ("width", wide) if self.width() < wide else ("height", high)

    @property
    def tabs_height(self) -> int:
        """What the letters take above a lane that is shown alone of several."""
        return self._tabs_host.sizeHint().height() if self.shown == "tabs" and not self.alone else 0

    @property
    def rows(self) -> int:
        """How many lanes stand below each other."""
        return self._cells(self.shown, len(self._views))[1]

    @staticmethod
    def _cells(arrangement: Arrangement, count: int) -> tuple[int, int]:
        if arrangement == "columns":
            return count, 1
        if arrangement == "stacked":
            return 1, count
        if arrangement == "tabs":
            return 1, 1
        columns = math.ceil(math.sqrt(count))
        return columns, math.ceil(count / columns)

    def _drop_tabs(self) -> None:
        if self._tabs is not None:
            self._tabs.hide()
            self._tabs.deleteLater()
            self._tabs = None

    def _make_tabs(self) -> None:
        if len(self._views) < 2:
            return
        choices = [(view.id, view.letter) for view in self._views]
        tabs = self._tabs = SegmentControl(choices, name=self.tr("Lanes"), parent=self._tabs_host)
        self._tab_labels = {}
        tabs.changed.connect(lambda lane_id: self.turn_to(self.view(lane_id) or self.current))
        tabs.set_current(self.current.id)
        layout = self._tabs_host.layout()
        assert layout is not None
        layout.addWidget(tabs)
        tabs.show()

    def _name_tabs(self) -> None:
        """Each tab has the letter and the name that the lane's head has, as far as there is room."""
        tabs = self._tabs
        if tabs is None or self.shown != "tabs":
            return
        metrics = theme().metrics("small", 600)
        room = (self.width() - 2 * _TABS_EDGE) // len(self._views) - theme().scaled(_TAB_PADDING)
        labels = {}
        for view in self._views:
            words = view.letter if view.head.blind else f"{view.letter}  {view.head.model.label()}"
            short = metrics.elidedText(
                words, Qt.TextElideMode.ElideRight, min(room, theme().scaled(_MOST_TAB))
            )
            labels[view.id] = (
                short if room >= theme().scaled(_LEAST_TAB) else view.letter,
                view.head.accessibleName(),
            )
        if labels != self._tab_labels:
            self._tab_labels = labels
            for key, (label, name) in labels.items():
                tabs.set_label(key, label, name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways, or with Shift, to lanes that are out of view."""
        pixels, angle = event.pixelDelta(), event.angleDelta()
        across = pixels.x() or angle.x() * _NOTCH // 120
        if not across and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            across = pixels.y() or angle.y() * _NOTCH // 120
        bar = self._sideways
        event.setAccepted(bool(across) and not bar.isHidden())
        if event.isAccepted():
            rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
            bar.setValue(bar.value() + (across if rtl else -across))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LayoutDirectionChange, QEvent.Type.StyleChange):
            self._place()

    def _place(self) -> None:
        count, shown = len(self._views), self.shown
        one = count == 1 or shown == "tabs"
        tabs = count > 1 and shown == "tabs"
        self._tabs_host.setVisible(tabs)
        self._name_tabs()
        top = self.tabs_height
        self._tabs_host.setGeometry(0, 0, self.width(), top)
        columns, rows = (1, 1) if one else self._cells(shown, count)
        area = self._area(1 if one else columns)
        for number, view in enumerate(self._views):
            view.setVisible(not one or view is self.current)
            view.set_has_room(one)
            if one:
                view.setGeometry(0, top, self.width(), self.height() - top)
                continue
            row, column = divmod(number, columns)
            across = columns if row < rows - 1 else count - columns * (rows - 1)
            rect = self._cell(area, column, across, row, rows)
            view.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), rect))
        stands = (self.arrangement, shown, self.lacking, count)
        if stands != self._stood:
            self._stood = stands
            self.arranged.emit()

    def _area(self, columns: int) -> QRect:
        """What the lanes fill: wider than this where that many columns need it, and scrolled."""
        whole = columns * theme().scaled(LEAST_WIDTH)
        over = max(0, whole - self.width()) if columns > 1 else 0
        bar = self._sideways
        bar.setVisible(bool(over))
        if not over:
            return self.rect()
        high = bar.sizeHint().height()
        bar.setGeometry(0, self.height() - high, self.width(), high)
        bar.setPageStep(self.width())
        bar.setRange(0, over)
        bar.raise_()
        return QRect(-bar.value(), 0, whole, self.height() - high)

    def _bring_into_view(self, view: LaneView) -> None:
        """Scrolls sideways until a lane is whole."""
        rect = QStyle.visualRect(self.layoutDirection(), self.rect(), view.geometry())
        bar = self._sideways
        if bar.isHidden() or view.isHidden():
            return
        if rect.left() < 0:
            bar.setValue(bar.value() + rect.left())
        elif rect.right() >= self.width():
            bar.setValue(bar.value() + rect.right() + 1 - self.width())

    @staticmethod
    def _cell(area: QRect, column: int, columns: int, row: int, rows: int) -> QRect:
        left, right = area.width() * column // columns, area.width() * (column + 1) // columns
        upper, lower = area.height() * row // rows, area.height() * (row + 1) // rows
        gap = _LINE if column < columns - 1 else 0
        below = _LINE if row < rows - 1 else 0
        return QRect(area.x() + left, area.y() + upper, right - left - gap, lower - upper - below)
