"""The rail: one button a section at the window's edge, with the progress of background work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chatbench.ui import icons
from chatbench.ui.dropped import local_files
from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import RAIL_WIDTH
from chatbench.ui.widgets.buttons import PaintedButton
from chatbench.ui.widgets.paint import box
from chatbench.ui.widgets.sections import Surface
from chatbench.ui.widgets.tooltips import describe

if TYPE_CHECKING:
    from chatbench.ui.window.panes import PaneSpec


class RailButton(PaintedButton):
    """36 square with a 20 px icon; a bar at the window's edge when current."""

    ring_corner = 8

    def __init__(self, spec: PaneSpec, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = spec.icon
        self._progress: float | None = None
        self.setCheckable(True)
        describe(self, spec.title, spec.shortcut)

    def nextCheckState(self) -> None:
        """Only the window says which section is current."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            event.ignore()  # the rail moves the focus: a button would move it past the rail
        else:
            super().keyPressEvent(event)

    def set_progress(self, fraction: float | None) -> None:
        """Draw the ring for background work done to ``fraction``; None takes it away."""
        if fraction != self._progress:
            self._progress = fraction
            self.update()

    def sizeHint(self) -> QSize:
        edge = theme().control("rail-button")
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = self.state_fill(None)
        if fill is not None:
            box(painter, self.rect(), 8, fill)
        edge = theme().icon_size(20)
        mark = QRect((self.width() - edge) // 2, (self.height() - edge) // 2, edge, edge)
        icons.draw(painter, self._icon, mark, "accenttext" if self.isChecked() else "text2")
        if self._progress is not None:
            disc = QRectF(mark.right() - 5, mark.bottom() - 5, 12, 12)
            box(painter, disc, 6, "rail")
            icons.draw_ring(painter, disc, self._progress)
        painter.end()


class Rail(Surface):
    """The column of section buttons. Tab enters it once, arrow keys move. ``chosen(id)``;
    ``files_dropped(paths)`` anywhere on it."""

    chosen = Signal(str)
    files_dropped = Signal(list)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("rail", parent=parent)
        self._buttons: dict[str, RailButton] = {}
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        self.set_layout(self._column, (6, 8, 6, 8))
        self._column.addStretch(1)
        self._heads = 0
        self.setAccessibleName(self.tr("Sections"))
        self.setAcceptDrops(True)

    def rail_width(self) -> int:
        """Its width at the present text size."""
        return max(RAIL_WIDTH, theme().control("rail-button") + 12)

    def add(self, spec: PaneSpec) -> None:
        """Add a section's button, at the head or at the foot."""
        button = RailButton(spec, self)
        button.clicked.connect(lambda: self.chosen.emit(spec.id))
        center = Qt.AlignmentFlag.AlignHCenter
        if spec.at_foot:
            self._column.addWidget(button, 0, center)
        else:
            self._column.insertWidget(self._heads, button, 0, center)
            self._heads += 1
        self._buttons[spec.id] = button
        self._take_tab_stop(next(iter(self._buttons)))

    def set_current(self, key: str) -> None:
        """Mark the section in view."""
        for name, button in self._buttons.items():
            button.setChecked(name == key)
        self._take_tab_stop(key)
        self.update()

    def set_progress(self, key: str, fraction: float | None) -> None:
        """Show the progress of work that belongs to a section; None when there is none."""
        self._buttons[key].set_progress(fraction)

    def button(self, key: str) -> RailButton:
        """A section's button."""
        return self._buttons[key]

    def _take_tab_stop(self, key: str) -> None:
        for name, button in self._buttons.items():
            policy = Qt.FocusPolicy.StrongFocus if name == key else Qt.FocusPolicy.ClickFocus
            button.setFocusPolicy(policy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        buttons = sorted(self._buttons.values(), key=lambda button: button.y())
        focused = next((place for place, button in enumerate(buttons) if button.hasFocus()), None)
        if step is None or focused is None:
            super().keyPressEvent(event)
            return
        buttons[(focused + step) % len(buttons)].setFocus(Qt.FocusReason.TabFocusReason)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = local_files(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files_dropped.emit(paths)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        current = next((button for button in self._buttons.values() if button.isChecked()), None)
        if current is None:
            return
        rect = current.geometry()
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        bar = QRect(self.width() - 3 if rtl else 0, rect.y() + 9, 3, rect.height() - 18)
        painter = QPainter(self)
        painter.fillRect(bar, theme().color("accent"))
        painter.end()
