"""Spelling in the composer: a wavy line under words that no dictionary knows, and what to do about them.

Only what is in sight is looked at, a moment after the last key, and the words are judged beside the
thread that paints: a text of megabytes costs no more than a screen of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QAction, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QMenu, QTextEdit
from shiboken6 import isValid

from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.chat.composer.code import blanked, in_fence, is_fence, lines_of
from chatbench.ui.chat.composer.editor import Editor
from chatbench.ui.theme import theme

AFTER_MS: Final = 250
_LONGEST_LINE: Final = 8_000
"""So many letters of one line are looked at."""
_WORD: Final = re.compile(r"(?:[^\W\d_][\u0300-\u036f]*)+(?:['\u2019](?:[^\W\d_][\u0300-\u036f]*)+)*")
_TOKEN: Final = re.compile(r"\S+")
_LONGEST_TOKEN: Final = 80
_NOT_PROSE: Final = re.compile(r"[@#~$./\\-]|.*?(?:[@/\\_{}<>=|\d]|\w\.\w)")
"""What no word is: addresses, paths, options, variables, the names of models, chats and prompts."""


class Word(NamedTuple):
    """A word and where it begins in the document."""

    text: str
    begin: int


def words_of(line: str) -> Iterator[tuple[str, int]]:
    """The words of a line that are prose, with their places: no code, addresses, paths, names with
    capitals inside them, abbreviations, single letters."""
    for token in _TOKEN.finditer(blanked(line)):
        if len(token[0]) > _LONGEST_TOKEN or _NOT_PROSE.match(token[0]):
            continue
        for match in _WORD.finditer(token[0]):
            word = match[0]
            if len(word) > 1 and not any(letter.isupper() for letter in word[1:]):
                yield word, token.start() + match.start()


class Spelling(QObject):
    """Watches the editor. It does nothing where nothing is checked."""

    def __init__(self, editor: Editor, services: Services) -> None:
        super().__init__(editor)
        self._editor = editor
        self._services = services
        self._round = 0
        self._marked: tuple[Word, ...] = ()
        self._timer = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._timer.timeout.connect(self._look)
        editor.textChanged.connect(self._soon)
        editor.cursorPositionChanged.connect(self._soon)
        editor.verticalScrollBar().valueChanged.connect(self._soon)
        editor.menu_opening.connect(self._offer)
        editor.installEventFilter(self)
        disconnect = services.changes.connect(self._told)
        self.destroyed.connect(lambda *_: disconnect())

    def marked(self) -> list[str]:
        """The words that have the wavy line, in order."""
        return [word.text for word in self._marked]

    def _soon(self) -> None:
        if self._editor.document().isEmpty():
            self._timer.stop()
            self._mark(())
        elif self._editor.isVisible():
            self._timer.start()

    def _told(self, changes: Changes) -> None:
        if changes.preferences:
            self._soon()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Resize, QEvent.Type.FocusOut):
            self._soon()
        elif event.type() == QEvent.Type.StyleChange:
            self._mark(self._marked)
        return False

    # What is looked at.

    def _look(self) -> None:
        if self._editor.composing or not self._editor.isVisible():
            return
        self._round += 1
        if self._services.spelling.checked() or self._marked:
            spawn(self._check(self._round), owner=self, name="spelling")

    async def _check(self, asked: int) -> None:
        found = list(self._in_sight())
        unknown = await self._services.spelling.unknown({word.text for word in found})
        if isValid(self) and asked == self._round and not self._timer.isActive():
            self._mark(tuple(word for word in found if word.text in unknown))

    def _in_sight(self) -> Iterator[Word]:
        editor = self._editor
        block = editor.firstVisibleBlock()
        end = editor.cursorForPosition(editor.viewport().rect().bottomRight()).position()
        cursor = editor.textCursor().position() if editor.hasFocus() else -1
        fenced = in_fence(block)
        while block.isValid() and block.position() <= end:
            at = block.position()
            for line in lines_of(block):
                if is_fence(line):
                    fenced = not fenced
                elif not fenced:
                    for text, place in _near(line, end - at):
                        # What is being written is not wrong yet.
                        if at + place + len(text) != cursor:
                            yield Word(text, at + place)
                at += len(line) + 1
            block = block.next()

    def _mark(self, words: tuple[Word, ...]) -> None:
        self._marked = words
        look = QTextCharFormat()
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        look.setUnderlineColor(theme().color("danger"))
        marks: list[QTextEdit.ExtraSelection] = []
        for word in words:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = self._over(word)
            mark.format = look
            marks.append(mark)
        if marks or self._editor.extraSelections():
            self._editor.setExtraSelections(marks)

    def _over(self, word: Word) -> QTextCursor:
        cursor = QTextCursor(self._editor.document())
        cursor.setPosition(word.begin)
        cursor.setPosition(word.begin + len(word.text), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    # What can be done.

    def _offer(self, menu: QMenu, at: QTextCursor) -> None:
        """Suggestions above what the menu holds, for the word that was pressed."""
        place = at.position()
        word = next((one for one in self._marked if one.begin <= place <= one.begin + len(one.text)), None)
        if word is None or self._over(word).selectedText() != word.text:
            return
        first = menu.actions()[0]
        wait = QAction(self.tr("Looking for suggestions…"), menu)
        wait.setEnabled(False)
        learn = QAction(self.tr("Add “{0}” to the dictionary").format(word.text), menu)
        learn.triggered.connect(lambda: spawn(self._learn(word.text), owner=self, name="learn"))
        menu.insertAction(first, wait)
        menu.insertSeparator(first)
        menu.insertAction(first, learn)
        menu.insertSeparator(first)
        spawn(self._suggest(menu, wait, word), owner=self, name="suggest")

    async def _suggest(self, menu: QMenu, wait: QAction, word: Word) -> None:
        found = await self._services.spelling.suggestions(word.text)
        if not isValid(menu) or not isValid(wait):
            return
        if not found:
            wait.setText(self.tr("No suggestions"))
            return
        for text in found:
            action = QAction(text, menu)
            action.triggered.connect(partial(self._replace, word, text))
            menu.insertAction(wait, action)
        menu.removeAction(wait)

    def _replace(self, word: Word, text: str, _checked: bool = False) -> None:
        cursor = self._over(word)
        if cursor.selectedText() == word.text:
            cursor.insertText(text)

    async def _learn(self, word: str) -> None:
        try:
            await self._services.spelling.learn(word)
        except ChatbenchError as error:
            self._services.notifier.error(error)
        if isValid(self):
            self._look()


def _near(line: str, end: int) -> Iterator[tuple[str, int]]:
    """The words of a line; of one that is endless those before the end of the sight."""
    if len(line) <= _LONGEST_LINE:
        yield from words_of(line)
        return
    last = max(0, min(len(line), end))
    first = max(0, last - _LONGEST_LINE)
    while 0 < first < last and not line[first - 1].isspace():
        first += 1
    for word, place in words_of(line[first:last]):
        yield word, first + place
