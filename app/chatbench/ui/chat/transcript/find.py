"""Find in the conversation: the hits, walking through them, and the bar at the upper right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.ui.chat.transcript.item import Item
from chatbench.ui.chat.transcript.painter import Hit
from chatbench.ui.chat.transcript.utf16 import offsets
from chatbench.ui.theme import theme
from chatbench.ui.widgets import IconButton, Label, SearchField, announce, box

if TYPE_CHECKING:
    from collections.abc import Sequence


def hits_in(index: int, item: Item, needle: str) -> list[Hit]:
    """Where ``needle`` stands in a message as it is shown, case ignored."""
    if not needle:
        return []
    pattern = re.compile(re.escape(needle), re.IGNORECASE)
    found = []
    for number, one in enumerate(item.boxes):
        text = one.text
        spans = [match.span() for match in pattern.finditer(text)]
        found += [Hit(index, number, start, end) for start, end in offsets(text, spans)]
    return found


class Finding:
    """The state of a search: the needle, how many hits each message has, and the current one."""

    def __init__(self) -> None:
        self.needle = ""
        self._counts: list[tuple[int, int]] = []
        self._place: tuple[int, int] | None = None

    def start(self, needle: str, counts: Sequence[tuple[int, int]]) -> None:
        """A new search."""
        self.needle = needle
        self._counts = list(counts)
        self._place = None

    @property
    def total(self) -> int:
        """How many hits there are."""
        return sum(count for _index, count in self._counts)

    @property
    def number(self) -> int:
        """The current hit, counted from 1; 0 before the first."""
        if self._place is None:
            return 0
        at, inside = self._place
        return sum(count for _index, count in self._counts[:at]) + inside + 1

    def step(self, forwards: bool, from_message: int) -> tuple[int, int] | None:
        """The next hit as (message, which one in it); at an end it goes on at the other."""
        if not self._counts:
            return None
        if self._place is None:
            at = next((i for i, (index, _n) in enumerate(self._counts) if index >= from_message), 0)
            self._place = (at, 0)
        else:
            at, inside = self._place
            inside += 1 if forwards else -1
            if inside < 0 or inside >= self._counts[at][1]:
                at = (at + (1 if forwards else -1)) % len(self._counts)
                inside = 0 if forwards else self._counts[at][1] - 1
            self._place = (at, inside)
        return self._counts[self._place[0]][0], self._place[1]


class FindBar(QWidget):
    """A field, the count, and buttons to step. ``searched(text)``, ``stepped(±1)``, ``closed()``."""

    searched = Signal(str)
    stepped = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget, name: str = "") -> None:
        super().__init__(parent)
        name = name or self.tr("Find in this conversation")
        self.field = SearchField(name)
        self.field.setMinimumWidth(theme().scaled(220))
        self._count = Label("", font="small", color="text3")
        self._count.setMinimumWidth(theme().scaled(64))
        back = IconButton("chevron-left", self.tr("Previous hit"), shortcut="Shift+F3", size="code")
        on = IconButton("chevron-right", self.tr("Next hit"), shortcut="F3", size="code")
        close = IconButton("x", self.tr("Close"), shortcut="Esc", size="code")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 6, 6)
        row.setSpacing(4)
        for widget in (self.field, self._count, back, on, close):
            row.addWidget(widget)
        self.field.textChanged.connect(self.searched)
        self.field.stepped.connect(self.stepped)
        back.clicked.connect(lambda: self.stepped.emit(-1))
        on.clicked.connect(lambda: self.stepped.emit(1))
        close.clicked.connect(self.hide)
        self.setAccessibleName(name)
        self.hide()

    def show_count(self, number: int, total: int) -> None:
        """Say which hit this is."""
        if not self.field.text():
            words = ""
        elif not total:
            words = self.tr("No hits")
        else:
            of = self.tr("{0} of {1}").format(number, total)
            words = of if number else self.tr("{0} hits").format(total)
        if words != self._count.text():
            self._count.setText(words)
            if words:
                announce(self, words)

    def open(self) -> None:
        """Show the bar and put the text cursor into its field."""
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key == Qt.Key.Key_Escape:
            self.hide()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3):
            self.stepped.emit(-1 if back else 1)
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.closed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("page"))
        box(painter, QRectF(self.rect()), theme().corner("popup"), "raised", "btnline")
        painter.end()
