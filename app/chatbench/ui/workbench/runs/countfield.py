"""A field for a whole number."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chatbench.ui import quantities
from chatbench.ui.theme import theme
from chatbench.ui.widgets import LineField

WIDTH: Final = 96


class CountField(LineField):
    """`counted(int)` when the reader has given another number; what is no number is put back. Up and down
    change it by one."""

    counted = Signal(int)

    def __init__(
        self, name: str, least: int, most: int, *, zero: str = "", parent: QWidget | None = None
    ) -> None:
        """`zero` stands there instead of 0."""
        super().__init__(name=name, parent=parent)
        self._least, self._most, self._value = least, most, least
        self.setPlaceholderText(zero)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedWidth(theme().scaled(WIDTH))
        self.editingFinished.connect(self._take)
        self._show()

    def value(self) -> int:
        """The number."""
        return self._value

    def set_value(self, value: int) -> None:
        """Shows another, without `counted`."""
        self._value = min(self._most, max(self._least, value))
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self._take()
        self._give(self._value + step)

    def _show(self) -> None:
        hidden = self._value == 0 and bool(self.placeholderText())
        self.setText("" if hidden else quantities.number(self._value))

    def _take(self) -> None:
        text = self.text().strip()
        told = quantities.read_number(text) if text else self._least
        if told is None:
            self._show()
        else:
            self._give(told)

    def _give(self, value: int) -> None:
        before = self._value
        self.set_value(value)
        if self._value != before:
            self.counted.emit(self._value)
