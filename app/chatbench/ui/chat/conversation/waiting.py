"""The messages that wait for the answers before them, above the composer: each can be changed or taken
out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.conversations import Draft
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, Label, box

_MOST_ROWS: Final = 4


class WaitingList(QWidget):
    """Hidden while nothing waits. `edit_wanted(index)`, `remove_wanted(index)`, `send_wanted()`."""

    edit_wanted = Signal(int)
    remove_wanted = Signal(int)
    send_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Draft, ...] = ()
        self.rows: list[WaitingRow] = []
        self.told = Label(font="small", color="text2", wrap=True)
        self.send = Button(self.tr("Send now"), size="small", parent=self)
        self.send.clicked.connect(self.send_wanted)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.told, 1)
        head.addWidget(self.send)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._area = QScrollArea(self)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inside)
        self._area.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 6, 6)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._area)
        self.setAccessibleName(self.tr("Waiting messages"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_queue(self, queue: Sequence[Draft], *, streaming: bool) -> None:
        """What waits, the next one first. Where nothing is being written, it is held: the reader sends
        it."""
        held = self.tr("Held back, because the last answer did not come to its end")
        comes = self.tr("Sent one after another, when the answer is complete")
        self.told.setText(comes if streaming else held)
        self.send.setVisible(not streaming)
        if tuple(queue) != self._shown:
            self._shown = tuple(queue)
            self._make_rows()
        self.setVisible(bool(queue))

    def _make_rows(self) -> None:
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [WaitingRow(number, draft) for number, draft in enumerate(self._shown)]
        for number, row in enumerate(self.rows):
            row.edit.clicked.connect(partial(self.edit_wanted.emit, number))
            row.remove.clicked.connect(partial(self.remove_wanted.emit, number))
            self._column.addWidget(row)
        height = sum(row.sizeHint().height() for row in self.rows[:_MOST_ROWS])
        self._area.setFixedHeight(height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), theme().corner("card"), "sunken", "line")
        painter.end()


class WaitingRow(QWidget):
    """One message: its place, its words in one line, Edit and Remove."""

    def __init__(self, number: int, draft: Draft) -> None:
        super().__init__()
        words = " ".join(draft.text.split()) or next(
            (getattr(part, "name", "") for part in draft.attachments), ""
        )
        self.words = ElidedLabel(words[:500])
        place = Label(f"{number + 1}", font="small", color="text3")
        self.edit = IconButton("pencil", self.tr("Edit waiting message {0}").format(number + 1), size="row")
        self.remove = IconButton("x", self.tr("Remove waiting message {0}").format(number + 1), size="row")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 1, 0, 1)
        row.setSpacing(8)
        row.addWidget(place)
        row.addWidget(self.words, 1)
        row.addWidget(self.edit)
        row.addWidget(self.remove)
