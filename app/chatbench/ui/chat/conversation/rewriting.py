"""An answer being edited where it stands: its words in a field over it, Save as branch and Cancel."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.ui.chat.conversation.overlay import OverMessage, paint_sheet
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label

_AROUND: Final = 10
_LEAST: Final = 160


class Rewriting(QWidget):
    """Stands over the message.

    `saved(message_id, text)` and then `ended()`; it deletes itself. Ctrl+Enter saves, Escape leaves
    it where nothing was changed.
    """

    saved = Signal(str, str)
    ended = Signal()

    def __init__(self, transcript: TranscriptView, message: TreeMessage) -> None:
        super().__init__(transcript.viewport())
        self._message = message
        self.field = QPlainTextEdit(self)
        self.field.setProperty("bare", True)
        self.field.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.field.setTabChangesFocus(True)
        self.field.setAccessibleName(self.tr("Words of the answer"))
        self.field.setPlainText(message.text)
        self.field.installEventFilter(self)
        self.cancel = Button(self.tr("Cancel"), kind="quiet", parent=self)
        self.save = Button(self.tr("Save as branch"), kind="primary", keys="Ctrl+Return", parent=self)
        self.cancel.clicked.connect(self.end)
        self.save.clicked.connect(self._save)
        self._told = Label(self.tr("Marked as edited"), font="small", color="text3")
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._told)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(_AROUND, _AROUND, _AROUND, _AROUND)
        column.setSpacing(8)
        column.addWidget(self.field, 1)
        column.addLayout(row)
        self._wear()
        self._over = OverMessage(self, transcript, message.id, self._height_over, _AROUND)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def changed(self) -> bool:
        """Whether there are other words than before."""
        return self.field.toPlainText() != self._message.text

    def place(self) -> None:
        """The messages are elsewhere now."""
        self._over.place()

    def _height_over(self, words: int, room: int) -> int:
        return max(theme().scaled(_LEAST), words + 2 * _AROUND + self.save.sizeHint().height() + 8)

    def end(self) -> None:
        """Leaves the message as it is."""
        transcript = self._over.transcript
        self._over.leave()
        self.hide()
        transcript.setFocus(Qt.FocusReason.OtherFocusReason)
        self.ended.emit()
        self.deleteLater()

    def _save(self) -> None:
        text = self.field.toPlainText()
        if text.strip() and self.changed:
            self.saved.emit(self._message.id, text)
        self.end()

    def _wear(self) -> None:
        self.field.setFont(theme().font("prose"))

    def _key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            if not self.changed:
                self.end()
            return True
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._save()
            return True
        return False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent):
            return event.type() == QEvent.Type.KeyPress and self._key(event)
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "field"):
            self._wear()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_sheet(self)
