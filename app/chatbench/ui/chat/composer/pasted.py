"""The offer to keep a long paste as a file beside the words, or to fetch what a pasted address names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from chatbench.ui.chat.composer.editor import Editor
from chatbench.ui.chat.composer.files import bare_address
from chatbench.ui.quantities import number
from chatbench.ui.widgets import Button, ElidedLabel, IconButton, announce

LONG: Final = 10_000
"""Letters: about five pages."""


class PasteOffer(QWidget):
    """One line above the words: how much was pasted, and a button that makes it a file. It goes when
    the text is changed or the reader has declined it.

    Of a pasted address, and of pictures from the web, it offers to attach what is there.

    ``taken(str)`` carries the text that has left the words, ``addresses_taken(list of str)`` what is to
    be fetched; ``changed()``: it came or went.
    """

    taken = Signal(str)
    addresses_taken = Signal(object)
    changed = Signal()

    def __init__(self, editor: Editor, parent: QWidget) -> None:
        super().__init__(parent)
        self._editor = editor
        self._text, self._length = "", 0
        self._addresses: list[str] = []
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
        self._text, self._addresses = "", []
        self._begin = self._end = QTextCursor()
        self.hide()
        self.changed.emit()

    def _offer(self, text: str, begin: int, end: int) -> None:
        address = bare_address(text)
        if len(text) < LONG and not address:
            return
        self._addresses = [address] if address else []
        document = self._editor.document()
        self._text, self._length = text, end - begin
        self._begin, self._end = QTextCursor(document), QTextCursor(document)
        self._begin.setPosition(begin)
        self._end.setPosition(end)
        # What is typed right behind the paste is not part of it.
        self._end.setKeepPositionOnInsert(True)
        if address:
            self._say_addresses()
            return
        words = self.tr("{0} characters pasted").format(number(len(text)))
        self._show(words, self.tr("Keep as a file"))
        announce(self, self.tr("{0}. They can be kept as a file.").format(words))

    def offer_addresses(self, urls: Sequence[str]) -> None:
        """Offers to fetch pictures that something pasted shows from the web."""
        self.withdraw()
        self._addresses = list(urls)
        self._say_addresses()

    def _say_addresses(self) -> None:
        hosts = sorted({urlsplit(url).hostname or url for url in self._addresses})
        words = self.tr("On the web: {0}").format(", ".join(hosts))
        if len(self._addresses) > 1:
            words = self.tr("{0} pictures on the web: {1}").format(
                number(len(self._addresses)), ", ".join(hosts)
            )
        self._show(words, self.tr("Attach it") if len(self._addresses) == 1 else self.tr("Attach them"))
        announce(self, words)

    def _show(self, words: str, button: str) -> None:
        self._label.set_text(words)
        self.keep.set_label(button)
        self.show()
        self.changed.emit()

    def _follow(self) -> None:
        """What was typed into it, or taken back, is not the text that was pasted."""
        if self._text and self._end.position() - self._begin.position() != self._length:
            self.withdraw()

    def _take(self) -> None:
        text, addresses, place = self._text, self._addresses, QTextCursor(self._begin)
        place.setPosition(self._end.position(), QTextCursor.MoveMode.KeepAnchor)
        self.withdraw()
        place.removeSelectedText()
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
        if addresses:
            self.addresses_taken.emit(addresses)
        else:
            self.taken.emit(text)

    def _declined(self) -> None:
        self.withdraw()
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
