"""An answer being edited where it stands: its words in a field over it, Save as branch and Cancel."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chatbench.core.conversations import TreeMessage
from chatbench.ui.chat.transcript.view import TranscriptView
from chatbench.ui.theme import theme
from chatbench.ui.widgets import Button, Label, box

_AROUND: Final = 10
_EDGE: Final = 8
_LEAST: Final = 160


class Rewriting(QWidget):
    """Stands over the message and moves with it, but never leaves the view.

    `saved(message_id, text)` and then `ended()`; it deletes itself. Ctrl+Enter saves, Escape leaves
    it where nothing was changed.
    """

    saved = Signal(str, str)
    ended = Signal()

    def __init__(self, transcript: TranscriptView, message: TreeMessage) -> None:
        super().__init__(transcript.viewport())
        self._transcript = transcript
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
        transcript.scrolled.connect(self.place)
        transcript.viewport().installEventFilter(self)
        self.place()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def changed(self) -> bool:
        """Whether there are other words than before."""
        return self.field.toPlainText() != self._message.text

    def place(self) -> None:
        """Over the words, as high as they are but within the view; hidden while another branch is shown."""
        view = self._transcript
        index = view.stack.index_of(self._message.id)
        if index is None and self.field.hasFocus():
            self._transcript.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setVisible(index is not None)
        if index is None:
            return
        frame, room = view.stack.frame, view.viewport().height() - 2 * _EDGE
        row = next((one for one in view.stack.rows if one.index == index), None)
        item = row.item if row is not None else None
        top, high = (-1e6, 0.0) if row is None else (row.top, float(view.stack.height_of(index)))
        if row is None and view.stack.rows and index > view.stack.rows[-1].index:
            top = 1e6
        if row is not None and item is not None:
            top, high = row.top + item.content_top, item.body_bottom - item.content_top
        lead = 0 if frame.folded else _AROUND
        wanted = high + 2 * _AROUND + self.save.sizeHint().height() + 8
        height = min(room, max(theme().scaled(_LEAST), round(wanted)))
        y = max(_EDGE, min(round(top) - lead, view.viewport().height() - _EDGE - height))
        around = min(_AROUND, frame.column_x)
        self.setGeometry(QRect(frame.column_x - around, y, frame.column + 2 * around, height))

    def end(self) -> None:
        """Leaves the message as it is."""
        self._transcript.viewport().removeEventFilter(self)
        self.hide()
        self._transcript.setFocus(Qt.FocusReason.OtherFocusReason)
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
        if event.type() == QEvent.Type.Resize and watched is not self.field:
            self.place()
        elif watched is self.field and isinstance(event, QKeyEvent):
            return event.type() == QEvent.Type.KeyPress and self._key(event)
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "field"):
            self._wear()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box(painter, self.rect(), theme().corner("popup"), "raised", "accent", 2)
        painter.end()
