"""The offer to keep a long paste as a file beside the words."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from chatbench.ui.chat.composer.editor import Editor
from chatbench.ui.quantities import number
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, announce

LONG: Final = 10_000
"""Letters: about five pages."""


class PasteOffer(QWidget):
    """One line above the words: how much was pasted, and a button that makes it a file. It goes when
    the text is changed or the reader has declined it.

    ``taken(str)`` carries the text that has left the words; ``changed()``: it came or went.
    """

    taken = Signal(str)
    changed = Signal()

    def __init__(self, editor: Editor, parent: QWidget) -> None:
        super().__init__(parent)
        self._editor = editor
        self._text, self._length = "", 0
        self._begin = self._end = QTextCursor()
        self._label = ElidedLabel(font="small", color="text2")
        self.keep = Button(self.tr("Keep as a file"), size="small")
        self.decline = IconButton("x", self.tr("Leave it in the words"), size="code")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._label, 1)
        row.addWidget(self.keep)
        row.addWidget(self.decline)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.keep.clicked.connect(self._take)
        self.decline.clicked.connect(self._declined)
        editor.pasted.connect(self._offer)
        editor.textChanged.connect(self._follow)
        self.hide()

    def withdraw(self) -> None:
        """There is nothing to be kept any more."""
        self._text = ""
        self._begin = self._end = QTextCursor()
        self.hide()
        self.changed.emit()

    def _offer(self, text: str, begin: int, end: int) -> None:
        if len(text) < LONG:
            return
        document = self._editor.document()
        self._text, self._length = text, end - begin
        self._begin, self._end = QTextCursor(document), QTextCursor(document)
        self._begin.setPosition(begin)
        self._end.setPosition(end)
        # What is typed right behind the paste is not part of it.
        self._end.setKeepPositionOnInsert(True)
        words = self.tr("{0} characters pasted").format(number(len(text)))
        self._label.set_text(words)
        self.show()
        self.changed.emit()
        announce(self, self.tr("{0}. They can be kept as a file.").format(words))

    def _follow(self) -> None:
        """What was typed into it, or taken back, is not the text that was pasted."""
        if self._text and self._end.position() - self._begin.position() != self._length:
            self.withdraw()

    def _take(self) -> None:
        text, place = self._text, QTextCursor(self._begin)
        place.setPosition(self._end.position(), QTextCursor.MoveMode.KeepAnchor)
        self.withdraw()
        place.removeSelectedText()
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.taken.emit(text)

    def _declined(self) -> None:
        self.withdraw()
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
