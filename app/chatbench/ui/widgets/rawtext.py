"""What a server said, letter by letter: selectable, broken anywhere, as high as it is long."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from chatbench.ui.theme import theme


class RawText(QPlainTextEdit):
    """Read-only code on the ground of its parent; beyond ``most_lines`` it scrolls."""

    def __init__(self, name: str, *, most_lines: int = 16, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most_lines = most_lines
        self.setProperty("bare", True)
        self.setReadOnly(True)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
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
        """Show ``text``."""
        self.setPlainText(text)
        self._fit()

    def _fit(self) -> None:
        whole = max(1, round(self.document().size().height()))
        lines = min(self._most_lines, whole)
        over = whole > lines
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if over else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        wanted = lines * self.fontMetrics().lineSpacing() + 2
        if wanted != self.height():
            self.setFixedHeight(wanted)

    def _wear(self) -> None:
        self.setFont(theme().font("code-small"))
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().scaled(60), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()
