"""The tab strip: tabs, "+", and the pane's own buttons at its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets.buttons import IconButton
from chatbench.ui.widgets.chips import Pill
from chatbench.ui.widgets.paint import draw_title
from chatbench.ui.widgets.sections import Surface
from chatbench.ui.window.tabbar import Tab, TabBar, TabState

if TYPE_CHECKING:
    from collections.abc import Iterable


class TabStrip(Surface):
    """Tabs, "+", and the pane's own buttons at the end.

    ``chosen(id)``, ``close_requested(id)``, ``moved(id, place)`` and ``new_requested()`` tell
    what the reader asked for; the strip changes only when it is told to (dragging excepted).
    ``lifted``, ``put_back``, ``dropped`` and ``menu_wanted`` are those of ``TabBar``.
    Compact (a window too narrow for the rail) it is one title, "2 tabs", and the buttons.
    """

    chosen = Signal(str)
    close_requested = Signal(str)
    moved = Signal(str, int)
    lifted = Signal(str, QPoint)
    put_back = Signal()
    dropped = Signal(str, QPoint)
    menu_wanted = Signal(str, QPoint)
    new_requested = Signal()
    menu_requested = Signal()
    tabs_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, new_name: str = "", new_shortcut: str = "") -> None:
        super().__init__("chrome", parent=parent)
        self._bar = TabBar(self)
        self._bar.chosen.connect(self.chosen)
        self._bar.close_requested.connect(self.close_requested)
        self._bar.moved.connect(self.moved)
        self._bar.lifted.connect(self.lifted)
        self._bar.put_back.connect(self.put_back)
        self._bar.dropped.connect(self.dropped)
        self._bar.menu_wanted.connect(self.menu_wanted)
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

    def set_shown(self, keys: Iterable[str]) -> None:
        """Which tabs are in view; those beside the current one are marked."""
        shown = frozenset(keys)
        if shown != self._bar.shown:
            self._bar.shown = shown
            self._bar.update()

    def move_tab(self, key: str, step: int) -> None:
        """Move a tab so many places to the end (or, below 0, to the beginning)."""
        self._bar.move_tab(key, step)

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
