"""The painted row of tabs, and a chat's state mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets.gauge import gauge_clock
from chatbench.ui.widgets.paint import box, draw_title, ring_inside
from chatbench.ui.widgets.tooltips import tip

TabState = Literal["idle", "streaming", "unread", "failed"]

_WIDEST = 250
_NARROWEST = 88
_PADDING = 12
_CROSS = 13
_LIFT = 28
"""Pixels above or below the row from which on a dragged tab is off it."""


@dataclass(frozen=True)
class Tab:
    """One tab: ``id`` is the caller's own, ``title`` may be anything a stranger wrote. An ``icon`` before
    it says what kind of chat it is."""

    id: str
    title: str
    state: TabState = "idle"
    closable: bool = True
    icon: str = ""


class TabBar(QWidget):
    """The row of tabs. `lifted(id, point)` while one is dragged off it, `put_back()` when it comes
    back, `dropped(id, point)` when it is let go elsewhere; points are the screen's.
    `menu_wanted(id, point)` for the menu of a tab."""

    chosen = Signal(str)
    close_requested = Signal(str)
    moved = Signal(str, int)
    lifted = Signal(str, QPoint)
    put_back = Signal()
    dropped = Signal(str, QPoint)
    menu_wanted = Signal(str, QPoint)
    focus_ring = "inside"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.tabs: list[Tab] = []
        self.current = ""
        self.shown: frozenset[str] = frozenset()
        """The other tabs that are in view, beside the current one."""
        self._is_lifted = False
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
        if tab.icon:
            extra += theme().icon_size(14) + 6
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
        if self._dragged >= 0:
            self._drag(event, place)
        if (place, cross) != (self._hover, self._hover_cross):
            self._hover, self._hover_cross = place, cross
            self.setToolTip(tip(self.tabs[place].title) if place >= 0 else "")
            self.update()

    def _drag(self, event: QMouseEvent, place: int) -> None:
        off = not -_LIFT <= event.position().y() <= self.height() + _LIFT
        if off:
            self._is_lifted = True
            self.lifted.emit(self.tabs[self._dragged].id, event.globalPosition().toPoint())
        elif self._is_lifted:
            self._is_lifted = False
            self.put_back.emit()
        if place >= 0 and place != self._dragged:
            self.move_tab(self.tabs[self._dragged].id, place - self._dragged)
            self._dragged = place

    def move_tab(self, key: str, step: int) -> None:
        """Moves a tab so many places to the end (or, below 0, to the beginning)."""
        place = self.place(key)
        to = max(0, min(place + step, len(self.tabs) - 1))
        if place >= 0 and to != place:
            self.tabs.insert(to, self.tabs.pop(place))
            self.moved.emit(key, to)
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
        if self._is_lifted and 0 <= self._dragged < len(self.tabs):
            self.dropped.emit(self.tabs[self._dragged].id, event.globalPosition().toPoint())
        self._is_lifted = False
        self._pressed_cross = self._dragged = -1
        if pressed >= 0 and place == pressed and self.tabs[place].closable:
            self.close_requested.emit(self.tabs[place].id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and (here := self.place(self.current)) >= 0:
            at = self.rects()[here].center()
        place = next((n for n, rect in enumerate(self.rects()) if rect.contains(at)), -1)
        if place >= 0:
            self.menu_wanted.emit(self.tabs[place].id, self.mapToGlobal(at))

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
        if tab.id in self.shown and not current:
            painter.fillRect(rect.x(), 0, rect.width(), 2, theme().color("linectl"))
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
        if tab.icon:
            edge = theme().icon_size(14)
            mark = QRect(inner.right() + 1 - edge if rtl else inner.x(), 0, edge, rect.height())
            icons.draw(painter, tab.icon, mark, "text2")
            inner.adjust(0 if rtl else edge + 6, 0, -(edge + 6) if rtl else 0, 0)
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
