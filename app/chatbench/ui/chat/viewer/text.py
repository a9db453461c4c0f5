"""A text of any length: filled in and coloured a little at a time, searched off the window's thread."""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from time import thread_time
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QTextBlock, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from chatbench.ui.chat.transcript.boxes.coloring import Coloring
from chatbench.ui.chat.transcript.utf16 import units
from chatbench.ui.theme import theme
from chatbench.ui.widgets import ring_inside

LONGEST_LINE: Final = 5_000
"""Characters: what is longer is broken, or to lay it out would take seconds."""
MOST_HITS: Final = 10_000
_AT_ONCE: Final = 8_192
_BUDGET_S: Final = 0.003
_MOST_WRAPPED: Final = 20_000
"""Lines: to wrap more anew, when the window is drawn wider, would take too long."""
_SLICE: Final = 1 << 18
_BROKEN: Final = 1
"""The state of a block that goes on in the next one."""


class Place(NamedTuple):
    """Where a hit stands: a line, from 0, and columns in it (UTF-16 units)."""

    line: int
    start: int
    end: int


class Lines(NamedTuple):
    """A text as it is shown: its lines, which of them go on in the next, and where each begins in it."""

    text: str
    shown: tuple[str, ...]
    broken: frozenset[int]
    begins: tuple[int, ...]


def cut(text: str) -> Lines:
    """A text in lines of bounded length. For a worker thread."""
    shown: list[str] = []
    broken: set[int] = set()
    steps: list[int] = []
    for line in text.split("\n"):
        pieces = [line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE)] or [""]
        for piece in pieces[:-1]:
            broken.add(len(shown))
            shown.append(piece)
            steps.append(len(piece))
        shown.append(pieces[-1])
        steps.append(len(pieces[-1]) + 1)
    return Lines(text, tuple(shown), frozenset(broken), tuple(accumulate(steps, initial=0))[:-1])


def found_in(lines: Lines, needle: str) -> list[Place]:
    """Where `needle` stands, case ignored; `MOST_HITS` at most. For a worker thread."""
    if not needle:
        return []
    pattern = re.compile(re.escape(needle), re.IGNORECASE)
    hits: list[Place] = []
    for start, end in _spans(lines.text, pattern, len(needle)):
        line = bisect_right(lines.begins, start) - 1
        words = lines.shown[line]
        column = start - lines.begins[line]
        before = units(words[:column])
        hits.append(Place(line, before, before + units(words[column : column + end - start])))
        if len(hits) == MOST_HITS:
            break
    return hits


def _spans(text: str, pattern: re.Pattern[str], length: int) -> Iterator[tuple[int, int]]:
    """Matches, slice by slice, so that another thread gets its turn in between."""
    at = 0
    while at < len(text):
        end, last = at + _SLICE, at
        for match in pattern.finditer(text, at, min(len(text), end + length - 1)):
            last = match.end()
            yield match.span()
        at = max(end, last)


class TextView(QPlainTextEdit):
    """Read-only words. ``filled()`` when all of a text stands in it."""

    focus_ring = "inside"
    filled = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines = cut("")
        self._next = 0
        self._needle = ""
        self._hits: Sequence[Place] = ()
        self._current: Place | None = None
        self._coloring: Coloring | None = None
        self._uncolored: list[int] = []
        self._mono = False
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        self.setProperty("bare", True)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(name)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setDocumentMargin(16)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._mark())
        theme().changed.connect(self._wear)
        self._wear()

    async def show_text(self, text: str, language: str = "", *, code: bool = False) -> None:
        """Fill in a text; `language` is how it is coloured, as a fence names it, and `code` is not
        wrapped."""
        self._timer.stop()
        self.lines = await asyncio.to_thread(cut, text)
        self._hits, self._current, self._next = (), None, 0
        self.clear()
        self._mono = code or bool(language)
        wraps = not code and len(self.lines.shown) <= _MOST_WRAPPED
        modes = QPlainTextEdit.LineWrapMode
        self.setLineWrapMode(modes.WidgetWidth if wraps else modes.NoWrap)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._coloring = Coloring(language, self._uncolored.append) if language else None
        self._wear()
        self._timer.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        ring_inside(painter, self, self.viewport().rect(), theme().corner("control"))
        painter.end()

    @property
    def is_filled(self) -> bool:
        """Whether all of the text stands in it."""
        return self._next >= len(self.lines.shown)

    # Filling and colouring

    def _go_on(self) -> None:
        """A little more, as long as a frame has room for it."""
        end = thread_time() + _BUDGET_S
        while thread_time() < end:
            if not self.is_filled:
                self._fill()
            elif not self._color():
                self._timer.stop()
                return

    def _fill(self) -> None:
        shown, first, size = self.lines.shown, self._next, 0
        at = first
        while at < len(shown) and size < _AT_ONCE:
            size += len(shown[at]) + 1
            at += 1
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(("\n" if first else "") + "\n".join(shown[first:at]))
        for line in range(first, at) if self.lines.broken else ():
            if line in self.lines.broken:
                self.document().findBlockByNumber(line).setUserState(_BROKEN)
        self._next = at
        if self.is_filled:
            self._mark()
            self.filled.emit()
            if self._coloring is not None:
                lines = self.lines
                self._coloring.color(lines.shown, lambda _code: self.lines is lines, self._recolor)

    def _recolor(self) -> None:
        self._timer.start()

    def _color(self) -> bool:
        """Colours some lines; False when there are none left."""
        if self._coloring is None or not self._uncolored:
            return False
        lines, self._uncolored = self._uncolored[:50], self._uncolored[50:]
        for line in lines:
            block = self.document().findBlockByNumber(line)
            if block.isValid():
                block.layout().setFormats(self._coloring.formats(line))
                self.document().markContentsDirty(block.position(), block.length())
        return True

    # Finding

    async def find_all(self, needle: str) -> Sequence[Place]:
        """Where a needle stands; all hits in view are marked."""
        lines, self._needle = self.lines, needle
        hits = await asyncio.to_thread(found_in, lines, needle)
        # An earlier search may end after a later one.
        if lines is self.lines and needle == self._needle:
            self._hits, self._current = hits, None
            self._mark()
        return hits

    def go_to(self, hit: Place) -> None:
        """Show a hit, marked apart from the others."""
        self._current = hit
        block = self.document().findBlockByNumber(hit.line)
        if block.isValid():
            cursor = QTextCursor(block)
            cursor.setPosition(block.position() + hit.start)
            self.setTextCursor(cursor)
            self.centerCursor()
        self._mark()

    def show_line(self, line: int) -> None:
        """Scroll to where a line begins, as far as the text is filled in."""
        block = self.document().findBlockByNumber(line)
        if block.isValid():
            self.verticalScrollBar().setValue(block.firstLineNumber())

    def first_line(self) -> int:
        """The first line in view."""
        return self.firstVisibleBlock().blockNumber()

    def _mark(self) -> None:
        """Mark the hits in view: thousands of them would take long."""
        marks: list[QTextEdit.ExtraSelection] = []
        if self._hits:
            first = self.firstVisibleBlock().blockNumber()
            last = first + self.viewport().height() // max(1, self.fontMetrics().lineSpacing()) + 1
            at = bisect_right(self._hits, (first, -1, -1))
            for hit in self._hits[at : at + 500]:
                if hit.line > last:
                    break
                marks += self._marked(hit)
        self.setExtraSelections(marks)

    def _marked(self, hit: Place) -> list[QTextEdit.ExtraSelection]:
        block = self.document().findBlockByNumber(hit.line)
        if not block.isValid():
            return []
        made = QTextEdit.ExtraSelection()
        cursor = QTextCursor(block)
        cursor.setPosition(block.position() + hit.start)
        cursor.setPosition(block.position() + hit.end, QTextCursor.MoveMode.KeepAnchor)
        style = QTextCharFormat()
        style.setBackground(theme().color("hit"))
        style.setForeground(theme().color("text"))
        if hit == self._current:
            style.setFontUnderline(True)
            style.setBackground(theme().color("accent"))
            style.setForeground(theme().color("onaccent"))
        made.cursor, made.format = cursor, style
        return [made]

    # The rest

    def createMimeDataFromSelection(self) -> QMimeData:
        """What was selected, without the breaks that are not in the text."""
        cursor = self.textCursor()
        block = self.document().findBlock(cursor.selectionStart())
        mime = QMimeData()
        mime.setText("".join(self._pieces(block, cursor.selectionStart(), cursor.selectionEnd())))
        return mime

    def _pieces(self, block: QTextBlock, start: int, end: int) -> Iterator[str]:
        while block.isValid() and block.position() < end:
            text = block.text().encode("utf-16-le", "surrogatepass")
            first, last = max(0, start - block.position()), max(0, end - block.position())
            yield text[2 * first : 2 * last].decode("utf-16-le", "replace")
            if end >= block.position() + block.length() and block.userState() != _BROKEN:
                yield "\n"
            block = block.next()

    def _wear(self) -> None:
        self.setFont(theme().font("code" if self._mono else "prose"))
        if self._coloring is not None and self.is_filled:
            self._uncolored = list(range(len(self.lines.shown)))
            self._timer.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._wear()
