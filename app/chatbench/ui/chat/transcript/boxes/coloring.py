"""Colours of code, line by line: a little at once, much on the worker, open code as its lines end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtGui import QTextCharFormat, QTextLayout

from chatbench.rendering.highlight import Run, highlight
from chatbench.ui.chat.transcript.utf16 import units
from chatbench.ui.chat.transcript.worker import worker
from chatbench.ui.theme import ColorRole, theme

_AT_ONCE: Final = 40
"""Code up to this many lines is coloured when it is first drawn."""
_STRETCH: Final = 16
"""Open code is coloured in stretches of about this many lines, so that each line costs the same."""
_ROLES: Final[dict[str, ColorRole]] = {
    "keyword": "code-keyword",
    "string": "code-string",
    "number": "code-number",
    "comment": "code-comment",
    "slanted": "code-comment",
    "function": "code-function",
    "type": "code-type",
    "added": "success",
    "removed": "danger",
}
_GROUNDS: Final[dict[str, ColorRole]] = {"added": "addbg", "removed": "rembg"}
"""What lies behind the lines of a patch, as behind the words of differences; the sign they begin with
says the same without colour."""
_Piece = tuple[int, int, str]
"""Start and length in a line (UTF-16 units), and the token class; "slanted" is a comment in italics."""


class Coloring:
    """The colours of one piece of code. ``recolored(line)`` hears of each line that changed."""

    def __init__(self, language: str, recolored: Callable[[int], object]) -> None:
        self._language = language
        self._recolored = recolored
        self._pieces: dict[int, list[_Piece]] = {}
        self._asked = False
        self._stretch = 0

    def again(self) -> None:
        """More or other lines are to be coloured next time."""
        self._asked = False

    def forget(self, line: int) -> None:
        """A line has another text."""
        self._pieces.pop(line, None)

    def color(self, lines: Sequence[str], still: Callable[[str], bool], done: Callable[[], object]) -> None:
        """Colour complete code, once. ``still(code)`` is asked before late colours are taken."""
        if self._asked or not self._language:
            return
        self._asked = True
        code, language = "\n".join(lines), self._language
        if len(lines) <= _AT_ONCE and "pygments" in sys.modules:
            self._take(highlight(code, language), 0)
            return

        def take(runs: list[Run] | None) -> None:
            if runs is not None and still(code):
                self._take(runs, 0)
                done()

        worker().submit(lambda: highlight(code, language), take)

    def color_growing(self, lines: Sequence[str], complete: int) -> None:
        """Colour the complete lines of the last stretch of code that is still being written."""
        if "pygments" not in sys.modules or not self._language or complete <= self._stretch:
            return
        first = self._stretch
        self._take(highlight("\n".join(lines[first:complete]), self._language), first)
        if complete - first >= _STRETCH:
            # A stretch begins where a line begins at the margin: rarely inside a string.
            fresh = (
                at for at in range(complete - 1, first, -1) if lines[at][:1] not in ("", " ", "\t", "}", ")")
            )
            self._stretch = next(fresh, complete)

    def _take(self, runs: Sequence[Run], first: int) -> None:
        line, at = first, 0
        pieces: list[_Piece] = []
        for kind, text in runs:
            for number, part in enumerate(text.split("\n")):
                if number:
                    self._set(line, pieces)
                    line, at, pieces = line + 1, 0, []
                size = units(part)
                if size and kind in _ROLES:
                    # Many scripts have no slanted letters, and their fonts no glyphs for them.
                    slanted = kind == "comment" and part.isascii()
                    pieces.append((at, size, "slanted" if slanted else kind))
                at += size
        self._set(line, pieces)

    def _set(self, line: int, pieces: list[_Piece]) -> None:
        if self._pieces.get(line, []) != pieces:
            self._recolored(line)
        self._pieces[line] = pieces

    def formats(self, line: int) -> list[QTextLayout.FormatRange]:
        """The colours of a line in the theme in force; empty while it has none."""
        return [_format(*piece) for piece in self._pieces.get(line, ())]


def _format(start: int, length: int, kind: str) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start, made.length = start, length
    style = QTextCharFormat()
    style.setForeground(theme().color(_ROLES[kind]))
    if kind in _GROUNDS:
        style.setBackground(theme().color(_GROUNDS[kind]))
    if kind == "slanted":
        style.setFontItalic(True)
    made.format = style
    return made
