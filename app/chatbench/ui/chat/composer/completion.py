"""Completing what a sign begins: a list beside the cursor, and what the keys do while it is shown."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from typing import Final, Protocol

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QListView, QVBoxLayout, QWidget
from shiboken6 import isValid

from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.code import in_fence, in_span
from chatbench.ui.chat.composer.editor import Editor
from chatbench.ui.palette.rows import Entries, Entry, EntryDelegate, ranked
from chatbench.ui.palette.sources import PaletteRow, PaletteSource
from chatbench.ui.theme import theme
from chatbench.ui.theme.tokens import SHADOW_MARGIN
from chatbench.ui.widgets import SHADOW_MARGINS, announce, box, shadow

MOST_ROWS: Final = 50
PROMPTS: Final = "/"
_ROWS_SEEN: Final = 7
_WIDTH: Final = 440
_EDGE: Final = 8
_LONGEST_WORDS: Final = 60
_STEPS: Final = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_TAKES: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)


class Offers(PaletteSource, Protocol):
    """What one sign (its `prefix`) offers. The typed words go before a row is done."""

    def begin(self) -> None:
        """The sign was typed: what was known before may be old."""


class Completion(QObject):
    """Watches the editor. A sign at the beginning of a word opens the list; the letters after it
    narrow it. Enter and Tab take the row, Escape, a space and deleting the sign close it. What an
    input method composes is the input method's own, and in code a sign is a letter.
    """

    def __init__(self, editor: Editor, offers: Sequence[Offers]) -> None:
        super().__init__(editor)
        self._editor = editor
        self._offers = {one.prefix: one for one in offers}
        self._open: Offers | None = None
        self._sign = QTextCursor()
        self._words: str | None = None
        self._round = 0
        self.list: CompletionList | None = None
        editor.document().contentsChange.connect(self._typed)
        editor.cursorPositionChanged.connect(self._follow)
        editor.grown.connect(lambda: QTimer.singleShot(0, self, self._place))
        editor.installEventFilter(self)

    @property
    def shown(self) -> bool:
        """Whether there is a list to choose from."""
        return self.list is not None and self.list.isVisible()

    def close(self) -> None:
        """Ends it; what was typed stays."""
        self._open = None
        self._round += 1
        if self.list is not None and isValid(self.list):
            self.list.hide()

    def open_prompts(self) -> None:
        """Types the sign of the prompts where the cursor is, as a reader would."""
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
        cursor = self._editor.textCursor()
        cursor.setPosition(cursor.selectionEnd())
        self._editor.setTextCursor(cursor)
        before = self._editor.document().characterAt(cursor.position() - 1)
        if cursor.position() and before == PROMPTS:
            cursor.deletePreviousChar()
        elif cursor.position() and not _begins_word(PROMPTS, before, cursor.position()):
            self._editor.insertPlainText(" ")
        self._editor.insertPlainText(PROMPTS)

    # What is typed.

    def _typed(self, _position: int, removed: int, added: int) -> None:
        # What an input method commits is told as a change of all that stands in the line.
        if (added != 1 and added != removed + 1) or self._editor.quiet or not self._editor.hasFocus():
            return
        position = self._editor.textCursor().position() - 1
        document = self._editor.document()
        offers = self._offers.get(document.characterAt(position))
        if offers is None or not _begins_word(offers.prefix, document.characterAt(position - 1), position):
            return
        if self._open is not None and position > self._sign.position():
            return
        at = QTextCursor(document)
        at.setPosition(position)
        block = at.block()
        if not in_span(block.text(), at.positionInBlock()) and not in_fence(block):
            at.setKeepPositionOnInsert(True)
            self._open, self._sign, self._words = offers, at, None
            offers.begin()

    def _follow(self) -> None:
        """The words between the sign and the cursor; without the sign it is over."""
        if self._open is None:
            return
        cursor = self._editor.textCursor()
        begin, end = self._sign.position(), cursor.position()
        document = self._editor.document()
        if (
            end <= begin
            or end - begin > _LONGEST_WORDS
            or cursor.hasSelection()
            or document.characterAt(begin) != self._open.prefix
        ):
            self.close()
            return
        words = "".join(document.characterAt(at) for at in range(begin + 1, end))
        if any(letter.isspace() or letter == "\u2029" for letter in words):
            self.close()
        elif words != self._words:
            self._words = words
            self._ask(words)

    def _ask(self, words: str) -> None:
        assert self._open is not None
        self._round += 1
        rows = self._open.rows(words)
        if inspect.isawaitable(rows):
            spawn(self._await(rows, words, self._round), owner=self, name="complete")
        else:
            self._show(rows, words)

    async def _await(self, rows: Awaitable[Sequence[PaletteRow]], words: str, asked: int) -> None:
        found = await rows
        if isValid(self) and asked == self._round:
            self._show(found, words)

    # The list.

    def _show(self, rows: Sequence[PaletteRow], words: str) -> None:
        assert self._open is not None
        entries = ranked(rows, words, MOST_ROWS, scattered=False)
        if not entries:
            if self.list is not None:
                self.list.hide()
            return
        window = self._editor.window()
        if self.list is None or not isValid(self.list):
            self.list = CompletionList(window)
            self.list.view.clicked.connect(self._clicked)
            self.destroyed.connect(self.list.deleteLater)
        if self.list.parentWidget() is not window:
            self.list.setParent(window)
        self.list.offer(self._open.title, entries, self._editor, self._sign)
        self._tell(self.tr("{0}: {1}").format(self._open.title, self.list.said()))

    def _place(self) -> None:
        """The composer has another height, and its cursor another place."""
        if self.shown and self.list is not None:
            self.list.place(self._editor, self._sign)

    def _tell(self, words: str) -> None:
        announce(self._editor, words)

    def _clicked(self, index: QModelIndex) -> None:
        row = self.list.row(index) if self.list is not None else None
        if row is not None:
            # The list has yet to deal with the mouse.
            QTimer.singleShot(0, self, lambda: self._take(row))

    def _take(self, row: PaletteRow) -> None:
        """The sign and the words behind it go; the row does what it does."""
        if self._open is None:
            return
        cursor = self._editor.textCursor()
        end = cursor.position()
        cursor.setPosition(self._sign.position())
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self.close()
        cursor.removeSelectedText()
        self._editor.setTextCursor(cursor)
        row.do()

    # Keys.

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.FocusOut, QEvent.Type.Hide):
            self.close()
        elif kind == QEvent.Type.Resize:
            QTimer.singleShot(0, self, self._place)
        elif self.shown and isinstance(event, QKeyEvent) and not self._editor.composing:
            if kind == QEvent.Type.KeyPress:
                return self._key(event)
            if kind == QEvent.Type.ShortcutOverride and self._means(event):
                event.accept()
                return True
        return False

    @staticmethod
    def _means(event: QKeyEvent) -> bool:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        return event.key() in (*_STEPS, *_TAKES, Qt.Key.Key_Escape)

    def _key(self, event: QKeyEvent) -> bool:
        assert self.list is not None
        if not self._means(event):
            return False
        key = event.key()
        if key in _STEPS:
            self.list.step(_STEPS[Qt.Key(key)])
            self._tell(self.list.said())
        elif key == Qt.Key.Key_Escape:
            self.close()
        elif (row := self.list.row(self.list.view.currentIndex())) is not None:
            self._take(row)
        return True


class CompletionList(QWidget):
    """The card with the rows, above the cursor of its editor (or below, where there is more room). It
    never takes the focus."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._entries = Entries(self)
        self.view = QListView()
        self.view.setModel(self._entries)
        self.view.setItemDelegate(EntryDelegate(self.view))
        self.view.setFrameShape(QListView.Shape.NoFrame)
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.viewport().setAutoFillBackground(False)
        column = QVBoxLayout(self)
        margins = SHADOW_MARGINS
        column.setContentsMargins(
            margins.left() + 1, margins.top() + 5, margins.right() + 1, margins.bottom() + 5
        )
        column.addWidget(self.view)
        self.hide()

    def titles(self) -> list[str]:
        """The names of the rows, in order."""
        rows = [self.row(self._entries.index(place)) for place in range(self._entries.rowCount())]
        return [row.title for row in rows if row is not None]

    def row(self, index: QModelIndex) -> PaletteRow | None:
        """What stands in a row; None for the head."""
        return self._entries.entry(index).row if index.isValid() else None

    def said(self) -> str:
        """The current row and its place, as it is read out."""
        index = self.view.currentIndex()
        words = str(index.data(Qt.ItemDataRole.AccessibleTextRole))
        return self.tr("{0}, {1} of {2}").format(words, index.row(), self._entries.rowCount() - 1)

    def offer(self, title: str, rows: Sequence[Entry], editor: Editor, sign: QTextCursor) -> None:
        """Shows these rows, the best one current."""
        self.view.setAccessibleName(title)
        self._entries.show([Entry(head=title), *rows])
        self.view.setCurrentIndex(self._entries.index(1))
        self.view.scrollToTop()
        self.place(editor, sign)
        self.show()
        self.raise_()

    def step(self, by: int) -> None:
        """The row after or before, around the end."""
        count = self._entries.rowCount() - 1
        place = (self.view.currentIndex().row() - 1 + by) % count
        self.view.setCurrentIndex(self._entries.index(place + 1))
        self.view.scrollTo(self._entries.index(place + 1 if place else 0))

    def place(self, editor: Editor, sign: QTextCursor) -> None:
        """Stands beside the sign."""
        window = self.parentWidget()
        assert window is not None
        caret = editor.cursorRect(sign)
        # Words that have just grown past the field are yet to be scrolled into it.
        lowest = editor.viewport().height() - caret.height()
        caret.moveTop(max(0, min(caret.top(), lowest)))
        caret.moveTopLeft(editor.viewport().mapTo(window, caret.topLeft()))
        width = min(theme().scaled(_WIDTH), window.width() - 2 * _EDGE)
        count = min(self._entries.rowCount(), _ROWS_SEEN + 1)
        wanted = sum(self.view.sizeHintForRow(place) for place in range(count)) + 12
        above, below = caret.top() - 2 * _EDGE, window.height() - caret.bottom() - 2 * _EDGE
        upwards = above >= min(wanted, below)
        height = min(wanted, above if upwards else below)
        x = caret.x()
        if editor.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            x = caret.right() - width
        x = max(_EDGE, min(x, window.width() - _EDGE - width))
        y = caret.top() - _EDGE - height if upwards else caret.bottom() + _EDGE
        card = QRect(QPoint(x, y), QPoint(x + width - 1, y + height - 1))
        self.setGeometry(card.adjusted(-SHADOW_MARGIN, -SHADOW_MARGIN, SHADOW_MARGIN, SHADOW_MARGIN))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        card = self.rect().marginsRemoved(SHADOW_MARGINS)
        shadow(painter, card, theme().corner("popup"))
        box(painter, card, theme().corner("popup"), "raised", "btnline")
        painter.end()


def _begins_word(sign: str, before: str, position: int) -> bool:
    """A model may be named behind a bracket, a path or an address goes on."""
    if not position or before.isspace() or before in "\u2028\u2029":
        return True
    return sign == "@" and not (before.isalnum() or before in "_.-+@/\\`")
