"""The tab strip: open chats as tabs, with their state, and the pane's buttons at the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets.buttons import IconButton
from chatbench.ui.widgets.chips import Pill
from chatbench.ui.widgets.gauge import gauge_clock
from chatbench.ui.widgets.paint import box, draw_title, ring_inside
from chatbench.ui.widgets.sections import Surface
from chatbench.ui.widgets.tooltips import tip

TabState = Literal["idle", "streaming", "unread", "failed"]

_WIDEST = 250
_NARROWEST = 88
_PADDING = 12
_CROSS = 13


@dataclass(frozen=True)
class Tab:
    """One tab: ``id`` is the caller's own, ``title`` may be anything a stranger wrote."""

    id: str
    title: str
    state: TabState = "idle"
    closable: bool = True


class _TabBar(QWidget):
    """The painted row of tabs."""

    chosen = Signal(str)
    close_requested = Signal(str)
    moved = Signal(str, int)
    focus_ring = "inside"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.tabs: list[Tab] = []
        self.current = ""
        self._hover = -1
        self._hover_cross = False
        self._pressed_cross = -1
        self._dragged = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Open chats"))

    def place(self, key: str) -> int:
        return next((index for index, tab in enumerate(self.tabs) if tab.id == key), -1)

    def refresh(self) -> None:
        streaming = any(tab.state == "streaming" for tab in self.tabs)
        if streaming and self.isVisible():
            gauge_clock().join(self)
        else:
            gauge_clock().leave(self)
        place = self.place(self.current)
        self.setAccessibleDescription(self.tabs[place].title if place >= 0 else "")
        self.updateGeometry()
        self.update()

    def _wish(self, tab: Tab) -> int:
        words = theme().metrics("ui", 600).horizontalAdvance(tab.title)
        extra = 2 * _PADDING + (theme().icon_size(_CROSS) + 10 if tab.closable else 0)
        if tab.state != "idle":
            extra += theme().icon_size(16) + 4
        return max(_NARROWEST, min(theme().scaled(_WIDEST), words + extra + 1))

    def sizeHint(self) -> QSize:
        return QSize(sum(self._wish(tab) for tab in self.tabs), theme().control("tab-strip"))

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, theme().control("tab-strip"))

    def rects(self) -> list[QRect]:
        """Where the tabs are, mirrored from right to left where people read that way."""
        wishes = [self._wish(tab) for tab in self.tabs]
        excess = sum(wishes) - self.width()
        if excess > 0 and wishes:
            share = self.width() / sum(wishes)
            wishes = [int(wish * share) for wish in wishes]
        x, found = 0, []
        for wish in wishes:
            found.append(QRect(x, 0, wish, self.height()))
            x += wish
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            found = [QRect(self.width() - r.right() - 1, r.y(), r.width(), r.height()) for r in found]
        return found

    def _cross(self, rect: QRect) -> QRect:
        edge = 24
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        x = rect.x() + 5 if rtl else rect.right() + 1 - edge - 5
        return QRect(x, (rect.height() - edge) // 2, edge, edge)

    def _at(self, event: QMouseEvent) -> int:
        point = event.position().toPoint()
        return next((place for place, rect in enumerate(self.rects()) if rect.contains(point)), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._at(event)
        cross = place >= 0 and self._cross(self.rects()[place]).contains(event.position().toPoint())
        if self._dragged >= 0 and place >= 0 and place != self._dragged:
            tab = self.tabs.pop(self._dragged)
            self.tabs.insert(place, tab)
            self._dragged = place
            self.moved.emit(tab.id, place)
            self.update()
        if (place, cross) != (self._hover, self._hover_cross):
            self._hover, self._hover_cross = place, cross
            self.setToolTip(tip(self.tabs[place].title) if place >= 0 else "")
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover, self._hover_cross = -1, False
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._at(event)
        if place < 0:
            return
        on_cross = self._cross(self.rects()[place]).contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and on_cross and self.tabs[place].closable
        ):
            self._pressed_cross = place
        elif event.button() == Qt.MouseButton.LeftButton:
            self._dragged = place
            self.chosen.emit(self.tabs[place].id)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place, pressed = self._at(event), self._pressed_cross
        self._pressed_cross = self._dragged = -1
        if pressed >= 0 and place == pressed and self.tabs[place].closable:
            self.close_requested.emit(self.tabs[place].id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        place = self.place(self.current)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        steps = {Qt.Key.Key_Right: -1 if rtl else 1, Qt.Key.Key_Left: 1 if rtl else -1}
        step = steps.get(Qt.Key(event.key()))
        if step is not None and 0 <= place + step < len(self.tabs):
            self.chosen.emit(self.tabs[place + step].id)
        elif event.key() == Qt.Key.Key_Delete and place >= 0 and self.tabs[place].closable:
            self.close_requested.emit(self.current)
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        gauge_clock().leave(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for place, rect in enumerate(self.rects()):
            self._draw_tab(painter, rect, self.tabs[place], place)
        painter.end()

    def _draw_tab(self, painter: QPainter, rect: QRect, tab: Tab, place: int) -> None:
        current = tab.id == self.current
        if current:
            painter.fillRect(rect, theme().color("page"))
            painter.fillRect(rect.x(), 0, rect.width(), 2, theme().color("accent"))
        elif place == self._hover:
            painter.fillRect(rect.adjusted(0, 0, 0, -1), theme().color("hover"))
        line = theme().color("line")
        painter.fillRect(rect.right(), 0, 1, rect.height(), line)
        if current and place:
            painter.fillRect(rect.x() - 1, 0, 1, rect.height(), line)
        inner = rect.adjusted(_PADDING, 0, -_PADDING, 0)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        if tab.closable:
            self._draw_cross(painter, self._cross(rect), place)
            room = theme().icon_size(_CROSS) + 10
            inner.adjust(room if rtl else 0, 0, 0 if rtl else -room, 0)
        if tab.state != "idle":
            edge = theme().icon_size(16)
            mark = QRect(inner.right() + 1 - edge if rtl else inner.x(), 0, edge, rect.height())
            draw_state(painter, mark, tab.state)
            inner.adjust(0 if rtl else edge + 4, 0, -(edge + 4) if rtl else 0, 0)
        weight = 600 if current else None
        painter.setFont(theme().font("ui", weight))
        painter.setPen(theme().color("text" if current else "text2"))
        draw_title(painter, inner.adjusted(0, 0, 1, 0), tab.title, self.layoutDirection())
        if current:
            ring_inside(painter, self, rect.adjusted(2, 4, -2, -3), 4)

    def _draw_cross(self, painter: QPainter, rect: QRect, place: int) -> None:
        over = place == self._hover and self._hover_cross
        if over:
            fill: ColorRole = "pressed" if self._pressed_cross == place else "hover"
            box(painter, rect, theme().corner("inline"), fill)
        edge = theme().icon_size(_CROSS)
        mark = QRect(rect.x() + (rect.width() - edge) // 2, rect.y(), edge, rect.height())
        icons.draw(painter, "x", mark, "text2" if over else "text3")


def draw_state(painter: QPainter, rect: QRect, state: TabState) -> None:
    """Draw a chat's state mark, as tabs and sidebar rows show it: gauge, dot or alert."""
    if state == "streaming":
        icons.draw_gauge(painter, rect, gauge_clock().step)
    elif state == "unread":
        dot = QRect(0, 0, 7, 7)
        dot.moveCenter(rect.center())
        box(painter, dot, 3.5, "accent")
    elif state == "failed":
        icons.draw(painter, "circle-alert", rect, "danger")


class TabStrip(Surface):
    """Tabs, "+", and the pane's own buttons at the end.

    ``chosen(id)``, ``close_requested(id)``, ``moved(id, place)`` and ``new_requested()`` tell
    what the reader asked for; the strip changes only when it is told to (dragging excepted).
    Compact (a window too narrow for the rail) it is one title, "2 tabs", and the buttons.
    """

    chosen = Signal(str)
    close_requested = Signal(str)
    moved = Signal(str, int)
    new_requested = Signal()
    menu_requested = Signal()
    tabs_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, new_name: str = "", new_shortcut: str = "") -> None:
        super().__init__("chrome", parent=parent)
        self._bar = _TabBar(self)
        self._bar.chosen.connect(self.chosen)
        self._bar.close_requested.connect(self.close_requested)
        self._bar.moved.connect(self.moved)
        self._compact = False
        self.menu_button = IconButton("menu", self.tr("Menu"), parent=self)
        self.menu_button.clicked.connect(self.menu_requested)
        self.menu_button.hide()
        self._plus = IconButton("plus", new_name or self.tr("New chat"), shortcut=new_shortcut, parent=self)
        self._plus.clicked.connect(self.new_requested)
        self._count = Pill(parent=self)
        self._count.hide()
        row = QHBoxLayout()
        row.setSpacing(4)
        self.set_layout(row, (0, 0, 8, 0))
        self._lead = QHBoxLayout()
        self._lead.setContentsMargins(0, 0, 0, 0)
        self._lead.addWidget(self.menu_button)
        row.addLayout(self._lead)
        row.addWidget(self._bar, 0)
        row.addWidget(self._plus)
        row.addStretch(1)
        row.addWidget(self._count)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(4)
        row.addLayout(self._buttons)
        self._measure()
        theme().changed.connect(self._measure)

    def add_button(self, button: QWidget) -> None:
        """Add one of the pane's buttons at the end (find, more, inspector)."""
        self._buttons.addWidget(button)

    def tabs(self) -> list[Tab]:
        """The tabs, in order."""
        return list(self._bar.tabs)

    def current(self) -> str:
        """The id of the current tab, or ""."""
        return self._bar.current

    def add_tab(self, tab: Tab, place: int | None = None) -> None:
        """Add a tab (at the end); the first one becomes current. Raises ValueError for a known id."""
        if self._bar.place(tab.id) >= 0:
            raise ValueError(f"a tab {tab.id!r} exists already")
        self._bar.tabs.insert(len(self._bar.tabs) if place is None else place, tab)
        if not self._bar.current:
            self._bar.current = tab.id
        self._changed()

    def remove_tab(self, key: str) -> None:
        """Remove a tab; if it was current, its neighbour becomes current (no signal)."""
        place = self._bar.place(key)
        if place < 0:
            return
        del self._bar.tabs[place]
        if self._bar.current == key:
            rest = self._bar.tabs
            self._bar.current = rest[min(place, len(rest) - 1)].id if rest else ""
        self._changed()

    def set_current(self, key: str) -> None:
        """Make a tab current (no signal)."""
        self._bar.current = key
        self._changed()

    def update_tab(self, key: str, *, title: str | None = None, state: TabState | None = None) -> None:
        """Change a tab's title or state; unknown ids are ignored."""
        place = self._bar.place(key)
        if place < 0:
            return
        tab = self._bar.tabs[place]
        new = replace(tab, title=tab.title if title is None else title, state=state or tab.state)
        if new != tab:
            self._bar.tabs[place] = new
            self._changed()

    def set_menu_visible(self, visible: bool) -> None:
        """Whether the menu button is offered (the sidebar is behind it)."""
        self.menu_button.setVisible(visible)
        self._lead.setContentsMargins(8 if visible else 0, 0, 4 if visible else 0, 0)

    def set_compact(self, compact: bool) -> None:
        """One title instead of a row of tabs."""
        self._compact = compact
        self._plus.setVisible(not compact)
        self._changed()

    def _changed(self) -> None:
        self._bar.setVisible(not self._compact)
        count = len(self._bar.tabs)
        self._count.setVisible(self._compact and count > 1)
        self._count.set_state(self.tr("{0} tabs").format(count))
        self._bar.refresh()
        self.update()

    def _measure(self) -> None:
        self.setFixedHeight(theme().control("tab-strip"))
        self._bar.updateGeometry()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._compact and self._count.isVisible():
            self.tabs_requested.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._bar.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme().color("line"))
        place = self._bar.place(self._bar.current)
        if self._compact and place >= 0:
            self._draw_title(painter, self._bar.tabs[place].title)
        painter.end()

    def _draw_title(self, painter: QPainter, title: str) -> None:
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        lead = self.menu_button.width() + 16 if self.menu_button.isVisible() else 12
        end = self._buttons.geometry()
        tail = (self._count.width() + 8 if self._count.isVisible() else 0) + end.width() + 16
        left, right = (tail, lead) if rtl else (lead, tail)
        room = self.rect().adjusted(left, 0, -right, 0)
        painter.setFont(theme().font("ui", 600))
        painter.setPen(theme().color("text"))
        draw_title(painter, room, title, self.layoutDirection())
