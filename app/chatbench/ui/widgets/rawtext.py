"""Words that are read: selectable, broken anywhere, as high as they are long."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from chatbench.ui.theme import FontRole, theme
from chatbench.ui.widgets.paint import ring_inside


class FittedText(QPlainTextEdit):
    """Read-only plain text on the ground of its parent; beyond ``most_lines`` it scrolls."""

    def __init__(
        self, name: str, *, font: FontRole = "ui", most_lines: int = 40, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._font_role: FontRole = font
        self._most_lines = most_lines
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

    def set_text(self, text: str) -> None:
        """Show ``text``; what is only longer is added, so that what is marked stays marked."""
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
        """Take the height of the words."""
        line = self.fontMetrics().lineSpacing()
        most = self._most_lines * line
        whole = laid_out_height(self, most)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if whole > most else policy.ScrollBarAlwaysOff
        )
        height = min(most, max(whole, line)) + 2
        if height != self.height():
            self.setFixedHeight(height)

    def _wear(self) -> None:
        self.setFont(theme().font(self._font_role))
        self.fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        ring_inside(painter, self, self.viewport().rect(), theme().corner("inline"))
        painter.end()

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(60), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()


class RawText(FittedText):
    """What a server said, letter by letter, from left to right."""

    def __init__(self, name: str, *, most_lines: int = 16, parent: QWidget | None = None) -> None:
        super().__init__(name, font="code-small", most_lines=most_lines, parent=parent)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def laid_out_height(field: QPlainTextEdit, most: float = 1e9) -> int:
    """How high all words of a field are, in pixels, or that it is more than `most`: what is out of view Qt
    lays out only when it is asked for it."""
    layout, height, block = field.document().documentLayout(), 0.0, field.document().begin()
    while block.isValid() and height <= most:
        height += layout.blockBoundingRect(block).height()
        block = block.next()
    return ceil(height)
