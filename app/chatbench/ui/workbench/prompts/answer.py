"""A model's words as they are, as high as they are long; they can be marked and copied."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from chatbench.ui.theme import theme
from chatbench.ui.workbench.prompts.text import laid_out_height

_MOST_LINES: Final = 40


class AnswerText(QPlainTextEdit):
    """Plain text that grows at its end; beyond 40 lines it scrolls."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setProperty("bare", True)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.viewport().setAutoFillBackground(False)
        self._wear()

    def show_text(self, text: str) -> None:
        """Shows it; what is only longer is added, so that what is marked stays marked."""
        if text == self._text:
            return
        if self._text and text.startswith(self._text):
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text[len(self._text) :])
        else:
            self.setPlainText(text)
        self._text = text
        self.fit()

    def fit(self) -> None:
        """Takes the height of the words."""
        most = _MOST_LINES * self.fontMetrics().lineSpacing()
        whole = laid_out_height(self, most)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if whole > most else policy.ScrollBarAlwaysOff
        )
        height = min(most, max(whole, self.fontMetrics().lineSpacing())) + 2
        if height != self.height():
            self.setFixedHeight(height)

    def _wear(self) -> None:
        self.setFont(theme().font("ui"))
        self.fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(60), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_text"):
            self._wear()
