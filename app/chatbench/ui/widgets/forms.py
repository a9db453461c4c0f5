"""Rows of a form: labels in a column of their own, a hint and an error under their field."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from chatbench.core.errors import ChatbenchError
from chatbench.ui.theme import theme
from chatbench.ui.widgets.labels import Label
from chatbench.ui.widgets.mark import Mark

LABEL_WIDTH: Final = 116
FOLD_BELOW: Final = 440
ROW_GAP: Final = 14


class _Told(QWidget):
    """An error: the mark, then the words."""

    def __init__(self) -> None:
        super().__init__()
        self._words = Label(font="small", color="danger", wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(Mark("circle-alert", "danger", size=13), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        self.hide()

    def text(self) -> str:
        return self._words.text()

    def say(self, words: str) -> None:
        self._words.setText(words)
        self.setVisible(bool(words))


class FormRow(QWidget):
    """A label, a field, and what is to be said about it."""

    def __init__(self, label: str, field: QWidget, *, hint: str = "") -> None:
        super().__init__()
        self.field = field
        self._label = Label(label, color="text2", wrap=True)
        self._hint = Label(hint, font="small", color="text3", wrap=True)
        if not hint:
            self._hint.hide()  # never the other way: shown without a parent it would be a window
        self._error = _Told()
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        narrow = (QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Maximum)
        if field.sizePolicy().horizontalPolicy() in narrow:
            # Else the whole row would be no wider than the field, and stand in the middle.
            line = QHBoxLayout()
            line.addWidget(field)
            line.addStretch(1)
            column.addLayout(line)
        else:
            column.addWidget(field)
        column.addWidget(self._hint)
        column.addWidget(self._error)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self._label, 0, Qt.AlignmentFlag.AlignTop)
        self._box.addLayout(column, 1)
        self.set_folded(folded=False)

    def set_folded(self, *, folded: bool) -> None:
        """Whether the label stands above its field."""
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._box.setDirection(down if folded else across)
        self._box.setSpacing(4 if folded else 16)
        width = theme().scaled(LABEL_WIDTH)
        self._label.setMinimumWidth(0 if folded else width)
        self._label.setMaximumWidth(16_777_215 if folded else width)
        beside = min(theme().control("field-form"), max(theme().line("ui"), self.field.sizeHint().height()))
        self._label.setMinimumHeight(0 if folded else beside)
        rtl = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        side = Qt.AlignmentFlag.AlignLeft if rtl else Qt.AlignmentFlag.AlignRight
        start = Qt.AlignmentFlag.AlignRight if rtl else Qt.AlignmentFlag.AlignLeft
        absolute = Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
        self._label.setAlignment((start if folded else side) | absolute)

    def set_hint(self, text: str) -> None:
        """What helps to fill the field."""
        self._hint.setText(text)
        self._hint.setVisible(bool(text))

    def set_error(self, text: str) -> None:
        """What is wrong with the field, in a sentence; "" when it is right."""
        self._error.say(text)
        self.field.setAccessibleDescription(text)

    def error(self) -> str:
        """What is wrong with the field."""
        return self._error.text()


class Form(QWidget):
    """Rows from one left edge; narrow, the labels stand above the fields."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[FormRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(ROW_GAP)

    def add(self, label: str, field: QWidget, *, hint: str = "") -> FormRow:
        """A further row."""
        row = FormRow(label, field, hint=hint)
        self._rows.append(row)
        self._column.addWidget(row)
        row.set_folded(folded=self._folded())
        return row

    def _folded(self) -> bool:
        return self.width() < theme().scaled(FOLD_BELOW)

    def _fold(self) -> None:
        for row in self._rows:
            row.set_folded(folded=self._folded())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.StyleChange, QEvent.Type.LayoutDirectionChange}:
            self._fold()


def scrolling(widget: QWidget) -> QScrollArea:
    """A column that scrolls, without a frame."""
    area = QScrollArea()
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    # The bar has its room from the start: a form that folds beside it, and fits then, would never rest.
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setViewport(QWidget())
    area.setWidget(widget)
    for ground in (area.viewport(), widget):
        ground.setAutoFillBackground(False)
    return area


def words_of(error: ChatbenchError) -> str:
    """An error as one line: what happened and what to do."""
    return " ".join(filter(None, (error.message, error.hint)))
