"""The main window: a frame that sections plug into, with its actions, palette and notices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QContextMenuEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from chatbench.ui.actions import Actions
from chatbench.ui.notices import Notices
from chatbench.ui.theme import theme
from chatbench.ui.widgets.buttons import IconButton
from chatbench.ui.widgets.labels import ElidedLabel
from chatbench.ui.widgets.sections import Surface
from chatbench.ui.window.body import Body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatbench.ui.palette import CommandPalette, PaletteSource
    from chatbench.ui.window.panes import PaneParts, PaneSpec
    from chatbench.ui.window.rail import Rail
    from chatbench.ui.window.side import SideArea
    from chatbench.ui.window.status import StatusBar


class MainWindow(QMainWindow):
    """The frame: rail, sidebar, pane, inspector, status bar; palette and notices above them.

    Attributes for panes: ``commands`` (the actions), ``notices``, ``status``, ``rail``,
    ``sidebar`` and ``inspector`` (areas whose ``wanted_width``, ``width_chosen`` and
    ``open_changed`` the application may remember), and ``command_palette``, which is made on
    first use: give it sources with ``add_palette_source``. Signals: ``section_shown(id)``;
    ``layout_changed(layout)``, see ``Body``; ``close_requested()`` instead of closing at
    once, when ``closes_itself`` is False: the application shuts down in its own order;
    ``quit_requested()`` for all windows; ``activated()`` when the keyboard comes here.
    """

    section_shown = Signal(str)
    layout_changed = Signal(str)
    close_requested = Signal()
    quit_requested = Signal()
    activated = Signal()

    def __init__(self, specs: Sequence[PaneSpec], *, shortcuts: Mapping[str, str] | None = None) -> None:
        """``specs`` in the order of the rail; ``shortcuts`` are the reader's own by action id."""
        super().__init__()
        self.closes_itself = True
        self.setWindowTitle("Chatbench")
        self._body = Body(self)
        self.setCentralWidget(self._body)
        self.rail: Rail = self._body.rail
        self.sidebar: SideArea = self._body.sidebar
        self.inspector: SideArea = self._body.inspector
        self.status: StatusBar = self._body.status
        self.commands = Actions(self, shortcuts)
        self.notices = Notices(self._body.pane)
        self._palette: CommandPalette | None = None
        self._sources: list[PaletteSource] = []
        self._search_inside: Callable[[str], object] | None = None
        self._specs = {spec.id: spec for spec in specs}
        self._parts: dict[str, PaneParts] = {}
        self._headers: dict[str, _PaneHeader] = {}
        self._current = ""
        for spec in specs:
            self.rail.add(spec)
        self.rail.chosen.connect(self._rail_chosen)
        self._body.layout_changed.connect(self._layout_crossed)
        self.sidebar.toggled.connect(self._sync)
        self.inspector.toggled.connect(self._sync)
        self._add_actions()
        self._sync()
        self.setMinimumSize(QSize(360, 420))
        self.resize(1440, 900)

    @property
    def layout_mode(self) -> str:
        """The layout in force: "wide", "inspector-drawer", "both-drawers" or "compact"."""
        return self._body.layout_mode

    @property
    def current_section(self) -> str:
        """The id of the section in view, "" before the first."""
        return self._current

    @property
    def command_palette(self) -> CommandPalette:
        """The palette, made on first use."""
        if self._palette is None:
            from chatbench.ui.palette import ActionSource, CommandPalette

            self._palette = CommandPalette(self._body)
            self._palette.search_inside = self._search_inside
            self._palette.add_source(ActionSource(self.commands, self.tr("Actions")))
            for source in self._sources:
                self._palette.add_source(source)
        return self._palette

    def add_palette_source(self, source: PaletteSource) -> None:
        """Add a group to the palette, after the actions."""
        self._sources.append(source)
        if self._palette is not None:
            self._palette.add_source(source)

    def set_search_inside(self, search: Callable[[str], object]) -> None:
        """What the palette's "Search inside messages?" does with the words typed."""
        self._search_inside = search
        if self._palette is not None:
            self._palette.search_inside = search

    def show_section(self, key: str) -> PaneParts:
        """Bring a section into view, building it if it has not been shown; returns its parts."""
        parts = self._parts.get(key) or self._build(key)
        self._current = key
        self.rail.set_current(key)
        self._body.pane.setCurrentWidget(self._headers.get(key) or parts.main)
        if parts.sidebar is not None:
            self.sidebar.stack.setCurrentWidget(parts.sidebar)
        if parts.inspector is not None:
            self.inspector.stack.setCurrentWidget(parts.inspector)
        self._body.show_parts(parts.sidebar is not None, parts.inspector is not None)
        self.notices.raise_()
        self._sync()
        if parts.activate is not None:
            parts.activate()
        self.section_shown.emit(key)
        return parts

    def set_sidebar_open(self, is_open: bool) -> None:
        """Open or close the sidebar, standing or as a drawer."""
        self._body.set_area_open(self.sidebar, is_open)

    def set_inspector_open(self, is_open: bool) -> None:
        """Open or close the inspector, standing or as a drawer."""
        self._body.set_area_open(self.inspector, is_open)

    def restore_areas(self, *, sidebar_open: bool, inspector_open: bool) -> None:
        """Put back what the reader had open in an earlier session."""
        self._body.restore(sidebar_open=sidebar_open, inspector_open=inspector_open)
        self._sync()

    def _build(self, key: str) -> PaneParts:
        spec = self._specs[key]
        parts = self._parts[key] = spec.build(self)
        if parts.tabs is None:
            header = self._headers[key] = _PaneHeader(spec.title, parts.main)
            header.menu_button.clicked.connect(lambda: self.set_sidebar_open(True))
            self._body.pane.addWidget(header)
        else:
            parts.tabs.menu_requested.connect(lambda: self.set_sidebar_open(True))
            self._body.pane.addWidget(parts.main)
        if parts.sidebar is not None:
            self.sidebar.stack.addWidget(parts.sidebar)
        if parts.inspector is not None:
            self.inspector.stack.addWidget(parts.inspector)
            parts.inspector.close_requested.connect(lambda: self.set_inspector_open(False))
        return parts

    def _add_actions(self) -> None:
        add, tr, window = self.commands.add, self.tr, self.tr("Window")
        for place, spec in enumerate(self._specs.values(), 1):
            text, show = tr("Go to {0}").format(spec.title), partial(self.show_section, spec.id)
            keys = spec.shortcut or f"Ctrl+{place}"
            add(f"section.{spec.id}", text, show, icon=spec.icon, shortcut=keys, place=window)
        for key, text, do, icon, keys in (
            ("window.palette", tr("Command palette"), self._open_palette, "search", "Ctrl+K"),
            ("view.sidebar", tr("Sidebar"), self._turn_sidebar, "menu", "Ctrl+B"),
            ("view.inspector", tr("Inspector"), self._turn_inspector, "panel-right", "Ctrl+I"),
            ("window.notices", tr("Go to the notice"), self.notices.focus_newest, "info", "F6"),
            ("window.menu", tr("Menu of what has the focus"), self._show_menu, "menu", "Shift+F10"),
            ("window.shut", tr("Close the window"), self.close, "x", "Ctrl+Shift+W"),
            ("window.close", tr("Quit"), self._quit, "x", "Ctrl+Q"),
        ):
            is_view, listed = key.startswith("view."), key not in ("window.palette", "window.menu")
            place_name = tr("View") if is_view else window
            add(
                key, text, do, icon=icon, shortcut=keys, place=place_name,
                checkable=is_view, in_palette=listed,
            )  # fmt: skip

    def _turn_sidebar(self) -> None:
        self.set_sidebar_open(not self.sidebar.open)

    def _turn_inspector(self) -> None:
        self.set_inspector_open(not self.inspector.open)

    def _show_menu(self) -> None:
        """What the menu key does everywhere; these keys do it by themselves only on some systems."""
        focused = QApplication.focusWidget()
        if focused is not None and QApplication.activePopupWidget() is None:
            cursor: QRect = focused.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
            reason, at = QContextMenuEvent.Reason.Keyboard, cursor.center()
            QApplication.sendEvent(focused, QContextMenuEvent(reason, at, focused.mapToGlobal(at)))

    def _quit(self) -> None:
        if self.closes_itself:
            self.close()
        else:
            self.quit_requested.emit()

    def _open_palette(self) -> None:
        self.command_palette.open()

    def _rail_chosen(self, key: str) -> None:
        """A press on the current section folds its sidebar, as on another it shows the section."""
        if key == self._current:
            self.set_sidebar_open(not self.sidebar.open)
        else:
            self.show_section(key)

    def _layout_crossed(self, layout: str) -> None:
        self._sync()
        self.layout_changed.emit(layout)

    def _sync(self) -> None:
        """Checked states and menu buttons follow what is in view."""
        self.commands["view.sidebar"].setChecked(self.sidebar.open)
        self.commands["view.inspector"].setChecked(self.inspector.open)
        hidden = self._body.is_drawer(self.sidebar)
        compact = self.layout_mode == "compact"
        # The rail is behind the menu button then; with one section there is nothing to choose on it.
        menu = compact and len(self._specs) > 1
        for key, parts in self._parts.items():
            if parts.tabs is not None:
                parts.tabs.set_menu_visible((hidden and parts.sidebar is not None) or menu)
                parts.tabs.set_compact(compact)
            else:
                self._headers[key].show_head((hidden and parts.sidebar is not None) or menu)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.activated.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.closes_itself:
            super().closeEvent(event)
        else:
            event.ignore()
            self.close_requested.emit()


class _PaneHeader(QWidget):
    """A section without tabs, under a head with the menu button where one is needed."""

    def __init__(self, title: str, main: QWidget) -> None:
        super().__init__()
        self.menu_button = IconButton("menu", self.tr("Menu"))
        self._head = Surface("chrome", lines=Qt.Edge.BottomEdge)
        row = QHBoxLayout()
        row.setSpacing(8)
        self._head.set_layout(row, (8, 0, 12, 1))
        row.addWidget(self.menu_button)
        row.addWidget(ElidedLabel(title, weight=600), 1)
        self._head.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(main, 1)
        self.setFocusProxy(main)
        self._measure()

    def show_head(self, visible: bool) -> None:
        """Show or hide the head."""
        self._head.setVisible(visible)

    def _measure(self) -> None:
        self._head.setFixedHeight(theme().control("toolbar"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._measure()
