"""A person's judgement of an answer: thumbs, or one to five."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.ui.widgets import Button, IconButton

WORST: Final = 1
BEST: Final = 5


class RatingRow(QWidget):
    """`chosen(rating)`: 1–5; None takes it back. Thumbs are the ends of that scale, so that one and the other
    can be counted together."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rating: int | None = None
        self.bad = IconButton("thumbs-down", self.tr("Bad"), shortcut="-", checkable=True, size="row")
        self.good = IconButton("thumbs-up", self.tr("Good"), shortcut="+", checkable=True, size="row")
        self.marks: dict[int, Button] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button, rating in ((self.bad, WORST), (self.good, BEST)):
            button.clicked.connect(lambda _checked=False, rating=rating: self._choose(rating))
            row.addWidget(button)
        row.addSpacing(8)
        for rating in range(WORST, BEST + 1):
            mark = self.marks[rating] = Button(str(rating), size="small")
            mark.setCheckable(True)
            mark.setAccessibleName(self.tr("{0} of 5").format(rating))
            mark.clicked.connect(lambda _checked=False, rating=rating: self._choose(rating))
            row.addWidget(mark)
        row.addStretch(1)

    def show_rating(self, rating: int | None) -> None:
        """What it is now."""
        self._rating = rating
        self.bad.setChecked(rating in (-1, WORST))
        self.good.setChecked(rating == BEST)
        for number, mark in self.marks.items():
            mark.setChecked(number == rating)

    def _choose(self, rating: int) -> None:
        told = None if rating == self._rating else rating
        self.show_rating(self._rating)
        self.chosen.emit(told)
