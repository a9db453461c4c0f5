"""Lists one walks with the arrow keys: sections of the settings, providers."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from chatbench.ui import icons
from chatbench.ui.theme import ColorRole, ControlRole, theme
from chatbench.ui.theme.ring import draw_ring
from chatbench.ui.widgets import Label, PaintedButton, box
from chatbench.ui.widgets.paint import draw_title

_EDGE = 8
_GAP = 9


class Entry(NamedTuple):
    """One row. `below` is a second line; `head` starts a group with a heading."""

    id: str
    title: str
    icon: str = ""
    color: ColorRole = "text2"
    below: str = ""
    state: str = ""
    head: str = ""


class NavRow(PaintedButton):
    """A row of a list; checked when current."""

    focus_ring = "inside"

    def __init__(self, entry: Entry, parent: QWidget) -> None:
        super().__init__(parent)
        self.entry = entry
        self.setCheckable(True)
        self.setText(entry.title.replace("&", "&&"))
        self.setAccessibleName(". ".join(filter(None, (entry.title, entry.below, entry.state))))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def nextCheckState(self) -> None:
        """Only the list says which row is current."""

    def sizeHint(self) -> QSize:
        role: ControlRole = "row-double" if self.entry.below else "row"
        lines = theme().line("ui") + (theme().line("micro") if self.entry.below else 0)
        return QSize(theme().scaled(120), max(theme().control(role), lines + 8))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(60), self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            event.ignore()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = self.state_fill(None)
        if fill is not None:
            box(painter, self.rect(), theme().corner("control"), fill)
        edge = theme().icon_size(16) if self.entry.icon else 0
        before = _EDGE + (edge + _GAP if edge else 0)
        mark = QRect(_EDGE, 0, edge, self.height())
        words = QRect(before, 0, self.width() - before - _EDGE, self.height())
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            for rect in (mark, words):
                rect.moveLeft(self.width() - rect.x() - rect.width())
        if edge:
            plain = self.entry.color == "text2"
            color: ColorRole = "accenttext" if self.isChecked() and plain else self.entry.color
            icons.draw(painter, self.entry.icon, mark, color)
        self._draw_words(painter, words)
        if theme().keyboard_focused(self):
            draw_ring(painter, theme(), QRectF(self.rect()), theme().corner("control"))
        painter.end()

    def _draw_words(self, painter: QPainter, words: QRect) -> None:
        line, small = theme().line("ui"), theme().line("micro")
        top = (self.height() - line - (small if self.entry.below else 0)) // 2
        weight = 600 if self.isChecked() else 500 if self.entry.below else 400
        painter.setFont(theme().font("ui", weight))
        painter.setPen(theme().color("text"))
        first = QRect(words.x(), top, words.width(), line)
        draw_title(painter, first, self.entry.title, self.layoutDirection())
        if self.entry.below:
            painter.setFont(theme().font("micro"))
            painter.setPen(theme().color("text3"))
            second = QRect(words.x(), top + line, words.width(), small)
            draw_title(painter, second, self.entry.below, self.layoutDirection())


class NavList(QWidget):
    """`chosen(id)` when a row is pressed. Tab enters at the current row, arrows move."""

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._current = ""
        self._rows: list[NavRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def rows(self) -> list[NavRow]:
        """The rows in order."""
        return list(self._rows)

    def current(self) -> str:
        """The id of the current row."""
        return self._current

    def show_entries(self, entries: list[Entry]) -> None:
        """Replaces the rows; the focus stays on the row of the same id."""
        if entries == [row.entry for row in self._rows]:
            return
        focused = next((row.entry.id for row in self._rows if row.hasFocus()), None)
        while (item := self._column.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._rows, head = [], ""
        for entry in entries:
            if entry.head and entry.head != head:
                label = Label(entry.head, font="micro", color="text3", weight=600)
                label.setContentsMargins(_EDGE, 10 if self._rows else 4, _EDGE, 4)
                self._column.addWidget(label)
            head = entry.head
            row = NavRow(entry, self)
            row.clicked.connect(lambda _checked=False, key=entry.id: self._press(key))
            self._rows.append(row)
            self._column.addWidget(row)
        self.set_current(self._current)
        if focused is not None:
            self.focus_row(focused)

    def set_current(self, key: str) -> None:
        """Marks a row, without `chosen`."""
        self._current = key
        known = any(row.entry.id == key for row in self._rows)
        for place, row in enumerate(self._rows):
            mine = row.entry.id == key
            row.setChecked(mine)
            enters = mine or (not known and place == 0)
            row.setFocusPolicy(Qt.FocusPolicy.StrongFocus if enters else Qt.FocusPolicy.ClickFocus)

    def focus_row(self, key: str = "") -> None:
        """Puts the focus on a row ("" for the current one, else the first)."""
        wanted = key or self._current
        row = next((row for row in self._rows if row.entry.id == wanted), None)
        row = row or next(iter(self._rows), None)
        if row is not None:
            row.setFocus(Qt.FocusReason.TabFocusReason)

    def _press(self, key: str) -> None:
        self.set_current(key)
        self.chosen.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        step = steps.get(Qt.Key(event.key()))
        at = next((place for place, row in enumerate(self._rows) if row.hasFocus()), None)
        if step is None or at is None:
            super().keyPressEvent(event)
            return
        place = max(0, min(len(self._rows) - 1, at + step))
        self._rows[place].setFocus(Qt.FocusReason.TabFocusReason)
