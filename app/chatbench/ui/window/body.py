"""How the window's areas share its room, by the design's breakpoints."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import INSPECTOR_WIDTH, RAIL_FROM, SIDEBAR_FROM, SIDEBAR_WIDTH, WIDE_FROM
from chatbench.ui.widgets.sections import Surface
from chatbench.ui.window.rail import Rail
from chatbench.ui.window.side import Scrim, SideArea
from chatbench.ui.window.status import StatusBar

Layout = Literal["wide", "inspector-drawer", "both-drawers", "compact"]


class Body(Surface):
    """Rail, sidebar, pane, inspector and status bar, placed by hand.

    ``layout_changed(layout)`` fires when a breakpoint is crossed. From "wide" to "compact":
    all four stand side by side; the inspector is a drawer; the sidebar too; the rail hides
    behind the menu button, with the sidebar, and there is no status bar.
    """

    layout_changed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("page", parent=parent)
        self.rail = Rail(self)
        self.sidebar = SideArea("start", SIDEBAR_WIDTH, self)
        self.inspector = SideArea("end", INSPECTOR_WIDTH, self)
        self.pane = QStackedWidget(self)
        self.status = StatusBar(self)
        self.scrim = Scrim(self)
        self.scrim.pressed.connect(self.close_drawers)
        self.layout_mode: Layout = "wide"
        self._has_sidebar = self._has_inspector = False
        self._docked_open = {"start": True, "end": True}
        for area in (self.sidebar, self.inspector):
            area.set_open(False, animated=False)
            area.moved.connect(self.arrange)
        theme().changed.connect(self._relayout)

    def show_parts(self, sidebar: bool, inspector: bool) -> None:
        """Say which areas the section in view has."""
        self._has_sidebar, self._has_inspector = sidebar, inspector
        self._open_docked()

    def is_drawer(self, area: SideArea) -> bool:
        """Whether an area slides over the pane in the present layout."""
        if area is self.inspector:
            return self.layout_mode != "wide"
        return self.layout_mode in {"both-drawers", "compact"}

    def set_area_open(self, area: SideArea, is_open: bool, *, animated: bool = True) -> None:
        """Open or close an area; standing in the window, its state is remembered."""
        if is_open and not (self._has_sidebar if area is self.sidebar else self._has_inspector):
            return
        if self.is_drawer(area):
            if is_open:
                other = self.inspector if area is self.sidebar else self.sidebar
                if self.is_drawer(other) and other.open:
                    other.set_open(False, animated=False)
        else:
            self._docked_open[area.edge] = is_open
            area.open_changed.emit(is_open)
        area.set_open(is_open, animated=animated)
        if self.is_drawer(area) and is_open:
            area.focus_first()

    def restore(self, *, sidebar_open: bool, inspector_open: bool) -> None:
        """Put back what the reader had open, without a signal."""
        self._docked_open = {"start": sidebar_open, "end": inspector_open}
        self._open_docked()

    def close_drawers(self) -> bool:
        """Close what lies over the pane; False when nothing does."""
        closed = False
        for area in (self.sidebar, self.inspector):
            if self.is_drawer(area) and area.open:
                area.set_open(False)
                closed = True
        if closed:
            current = self.pane.currentWidget()
            if current is not None:
                current.setFocus(Qt.FocusReason.OtherFocusReason)
        return closed

    def _open_docked(self) -> None:
        for area, has in ((self.sidebar, self._has_sidebar), (self.inspector, self._has_inspector)):
            stands = not self.is_drawer(area)
            area.set_open(has and stands and self._docked_open[area.edge], animated=False)
        self.arrange()

    def _relayout(self) -> None:
        if not self._cross_breakpoint():
            self.arrange()

    def _cross_breakpoint(self) -> bool:
        width, mode = self.width(), theme().breakpoint
        found: Layout = (
            "wide"
            if width >= mode(WIDE_FROM)
            else "inspector-drawer"
            if width >= mode(SIDEBAR_FROM)
            else "both-drawers"
            if width >= mode(RAIL_FROM)
            else "compact"
        )
        if found == self.layout_mode:
            return False
        self.layout_mode = found
        self._open_docked()
        self.layout_changed.emit(found)
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._relayout()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.arrange()

    def arrange(self) -> None:
        """Place everything."""
        compact = self.layout_mode == "compact"
        height = self.height() - (0 if compact else theme().control("status-bar"))
        self.status.setVisible(not compact)
        self._set(self.status, QRect(0, height, self.width(), self.height() - height))
        rail_width = self.rail.rail_width()
        left = 0 if compact else rail_width
        drawer_left = left
        side = min(self.sidebar.area_width(), self.width() - rail_width - 24)
        hidden = round((1 - self.sidebar.shown_part) * (side + (rail_width if compact else 0)))
        rail_x = -hidden if compact else 0
        side_x = rail_x + rail_width if compact else rail_width - hidden
        if not self.is_drawer(self.sidebar):
            left += side - hidden
        end = min(self.inspector.area_width(), self.width() - 24)
        out = round((1 - self.inspector.shown_part) * end)
        right = self.width() - (0 if self.is_drawer(self.inspector) else end - out)
        self._set(self.rail, QRect(rail_x, 0, rail_width, height))
        self.rail.setVisible(not compact or self.sidebar.shown_part > 0)
        self._set(self.sidebar, QRect(side_x, 0, side, height))
        self._set(self.inspector, QRect(self.width() - end + out, 0, end, height))
        self._set(self.pane, QRect(left, 0, max(0, right - left), height))
        self._arrange_scrim(QRect(drawer_left, 0, self.width() - drawer_left, height))

    def _arrange_scrim(self, room: QRect) -> None:
        drawer = any(self.is_drawer(area) and area.shown_part > 0 for area in (self.sidebar, self.inspector))
        self.scrim.setVisible(drawer)
        if drawer:
            self._set(self.scrim, room)
            self.scrim.raise_()
        for area in (self.sidebar, self.inspector):
            area.raise_()
        self.rail.raise_()

    def _set(self, widget: QWidget, rect: QRect) -> None:
        """Set a geometry, mirrored where people read from right to left."""
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            rect = QRect(self.width() - rect.x() - rect.width(), rect.y(), rect.width(), rect.height())
        if widget.geometry() != rect:
            widget.setGeometry(rect)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape or not self.close_drawers():
            super().keyPressEvent(event)
