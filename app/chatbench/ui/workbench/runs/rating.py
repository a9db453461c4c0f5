"""A person's judgement of an answer: thumbs, or one to five."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from chatbench.core.runs import CellRating
from chatbench.ui.widgets import Button, IconButton

MARKS: Final[tuple[CellRating, ...]] = (1, 2, 3, 4, 5)
KEYS: Final[dict[Qt.Key, CellRating | None]] = {
    Qt.Key.Key_1: 1, Qt.Key.Key_2: 2, Qt.Key.Key_3: 3, Qt.Key.Key_4: 4, Qt.Key.Key_5: 5,
    Qt.Key.Key_Plus: "up", Qt.Key.Key_Minus: "down", Qt.Key.Key_0: None,
}  # fmt: skip
"""What they say of an answer; None takes it back."""
LONGEST_NOTE: Final = 2000


class RatingRow(QWidget):
    """`chosen(CellRating | None)`; None takes it back."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rating: CellRating | None = None
        self.bad = IconButton("thumbs-down", self.tr("Bad"), shortcut="-", checkable=True, size="row")
        self.good = IconButton("thumbs-up", self.tr("Good"), shortcut="+", checkable=True, size="row")
        self.marks: dict[CellRating, Button] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        thumbs: tuple[tuple[IconButton, CellRating], ...] = ((self.bad, "down"), (self.good, "up"))
        for button, rating in thumbs:
            button.clicked.connect(lambda _checked=False, rating=rating: self._choose(rating))
            row.addWidget(button)
        row.addSpacing(8)
        for rating in MARKS:
            mark = self.marks[rating] = Button(str(rating), size="small")
            mark.setCheckable(True)
            mark.setAccessibleName(self.tr("{0} of 5").format(rating))
            mark.clicked.connect(lambda _checked=False, rating=rating: self._choose(rating))
            row.addWidget(mark)
        row.addStretch(1)

    def show_rating(self, rating: CellRating | None) -> None:
        """What it is now."""
        self._rating = rating
        self.bad.setChecked(rating == "down")
        self.good.setChecked(rating == "up")
        for number, mark in self.marks.items():
            mark.setChecked(number == rating)

    def _choose(self, rating: CellRating) -> None:
        told = None if rating == self._rating else rating
        self.show_rating(self._rating)
        self.chosen.emit(told)
