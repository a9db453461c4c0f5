"""A card that shows that the field inside of it has the keyboard, and an area such cards scroll in."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.widgets import Card, Divider
from chatbench.ui.widgets.paint import box


class FocusCard(Card):
    """Its border is that of a field while the one that it follows has the keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._followed: QWidget | None = None

    def lay_out(self, head: QHBoxLayout, *body: QWidget) -> None:
        """A line above, and what stands below it."""
        below = QVBoxLayout()
        below.setContentsMargins(10, 8, 10, 8)
        below.setSpacing(6)
        for one in body:
            below.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(Divider())
        column.addLayout(below)

    def follow(self, field: QWidget) -> None:
        """Shows the focus of this field."""
        self._followed = field
        field.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._followed is not None and self._followed.hasFocus():
            painter = QPainter(self)
            box(painter, self.rect(), theme().corner("card"), None, "accent", 2.0)
            painter.end()


def framed(field: QWidget) -> FocusCard:
    """The field in a card of its own."""
    card = FocusCard()
    card.follow(field)
    column = QVBoxLayout(card)
    column.setContentsMargins(10, 8, 10, 8)
    column.addWidget(field)
    return card


def scrolled(inside: QWidget) -> QScrollArea:
    """In an area that scrolls up and down."""
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area
