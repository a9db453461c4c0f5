"""The card that the words stand on: what is in it, and how it grows with them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent, QWindow
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from chatbench.ui.chat.composer.attachments import Attachments
from chatbench.ui.chat.composer.editor import Editor
from chatbench.ui.chat.composer.pasted import PasteOffer
from chatbench.ui.chat.composer.send import SendButton
from chatbench.ui.chat.composer.strip import AttachmentStrip
from chatbench.ui.chat.composer.variables import VariableFields
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.widgets import IconButton, box

_LEAST_HEIGHT: Final = 84
_MARGINS: Final = (10, 12, 12, 10)
_SHORT_MARGINS: Final = (10, 5, 8, 5)
_WORDS_GAP: Final = 8
_LEAST_WORDS: Final = 180
"""Width of the words from which they may stand beside the buttons."""


class Card(QWidget):
    """Attachments, fields and an offer above the words, the buttons below or beside them. It grows to a
    third of the window; ``grown()`` when its layout has changed and what is around it has to follow. Its
    border tells whether the words have the focus."""

    grown = Signal()

    def __init__(self, attachments: Attachments, parent: QWidget) -> None:
        super().__init__(parent)
        self._short = self._wants_short = self._outgrown = False
        self._handle: QWindow | None = None
        self.strip = AttachmentStrip(attachments, self, offers_models=True)
        self.variables = VariableFields(self)
        self.editor = Editor(self)
        self.editor.setAccessibleName(self.tr("Message"))
        self.paste_offer = PasteOffer(self.editor, self)
        self.attach_button = IconButton("paperclip", self.tr("Attach"), parent=self)
        self.prompts_button = IconButton("book-open", self.tr("Put in a saved prompt"), parent=self)
        self.send_button = SendButton(self)
        self._lay_out()
        self.editor.focus_changed.connect(self.update)
        self.editor.grown.connect(self._settle)
        self.paste_offer.changed.connect(self.limit)
        self.variables.fitted.connect(self.limit)

    def _lay_out(self) -> None:
        row = self._row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.attach_button)
        row.addWidget(self.prompts_button)
        row.addStretch(1)
        row.addWidget(self.send_button)
        words = self._words = QVBoxLayout()
        words.setContentsMargins(6, 0, 4, 0)
        words.setSpacing(_WORDS_GAP)
        for widget in (self.strip, self.variables, self.paste_offer, self.editor):
            words.addWidget(widget)
        inside = self._inside = QVBoxLayout(self)
        inside.setContentsMargins(*_MARGINS)
        inside.setSpacing(_MARGINS[3])
        inside.addLayout(words)
        inside.addLayout(row)

    def follow_words(self) -> None:
        """What stands in it has changed."""
        self._shorten()
        self.limit()

    def set_short(self, short: bool) -> None:
        """Whether words and buttons share a row, where there is little height. Where the row is narrow,
        words that wrap have one of their own until they are gone."""
        self._wants_short = short
        self._shorten()

    def _shorten(self) -> None:
        if self.editor.document().isEmpty():
            self._outgrown = False
        elif self._short and not self._has_width and self.editor.height() > theme().line("prose"):
            self._outgrown = True
        short = self._wants_short and not self._outgrown
        if short == self._short:
            return
        self._short = short
        row, below = self._row, Qt.AlignmentFlag.AlignBottom
        # Its sign can be typed; the words need the room.
        self.prompts_button.setVisible(not short)
        if short:
            row.insertWidget(row.indexOf(self.attach_button) + 1, self.editor, 1)
            row.setAlignment(self.editor, Qt.AlignmentFlag.AlignVCenter)
        else:
            self._words.addWidget(self.editor)
        row.setStretch(row.indexOf(self.send_button) - 1, 0 if short else 1)
        for button in (self.attach_button, self.send_button):
            row.setAlignment(button, below if short else Qt.AlignmentFlag(0))
        self._inside.setContentsMargins(*(_SHORT_MARGINS if short else _MARGINS))
        self._inside.setSpacing(0 if short else _MARGINS[3])
        self.limit()
        self._settle()

    @property
    def _has_width(self) -> bool:
        """Whether the buttons leave words of a row of their own size beside them."""
        buttons = self.attach_button.sizeHint().width() + self.send_button.sizeHint().width()
        return self.width() - buttons >= theme().scaled(_LEAST_WORDS)

    def least_height(self, *, short: bool) -> int:
        """How high it is with one line of words."""
        line, button = theme().line("prose"), self.send_button.sizeHint().height()
        if short:
            return _SHORT_MARGINS[1] + _SHORT_MARGINS[3] + max(line, button)
        return max(_LEAST_HEIGHT, _MARGINS[1] + _MARGINS[3] + _MARGINS[3] + button + line)

    def limit(self) -> None:
        """A third of the window, of which the words get what the rest leaves."""
        margins = self._inside.contentsMargins()
        frame = margins.top() + margins.bottom()
        if not self._short:
            frame += self._inside.spacing() + self.send_button.sizeHint().height()
        above = (self.strip, self.variables, self.paste_offer)
        taken = sum(
            max(one.minimumHeight(), one.sizeHint().height()) + _WORDS_GAP
            for one in above
            if not one.isHidden()
        )
        line = theme().line("prose")
        self.editor.set_most_height(max(line * 2, self.window().height() // 3 - frame - taken))
        self.setMinimumHeight(self.least_height(short=self._short))
        # The paperclip stands under the first letter, whatever room its button has around it.
        around = (self.attach_button.sizeHint().width() - theme().icon_size(16)) // 2
        self._row.setContentsMargins(max(-6, 6 - around), 0, 0, 0)

    def _settle(self) -> None:
        """Lays out at once: each level by an event of its own would show the words cut off meanwhile."""
        self._inside.activate()
        self.grown.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # A filter on the window would be asked at every blink of the cursor: it hears of each repainting.
        self._handle = self.window().windowHandle()
        self._handle.heightChanged.connect(self.limit)
        self.limit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._handle is not None and isValid(self._handle):
            self._handle.heightChanged.disconnect(self.limit)
        self._handle = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._shorten()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_inside"):
            self.limit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        focused = self.editor.hasFocus()
        border: ColorRole = "accent" if focused else "linectl"
        box(painter, self.rect(), theme().corner("popup"), "raised", border, 2 if focused else 1)
        painter.end()
