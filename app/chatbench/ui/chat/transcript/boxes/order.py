"""The order of code with letters that run from the right: words do, what stands between them does not.

By the rules for prose, quotes and operators between two Arabic words change places with them, and a
line reads other than it runs. A mark behind each run of such letters keeps the rest where it was
written. Marks stand only in what is laid out: ``Order`` turns offsets of one text into those of the
other.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import Final
from unicodedata import bidirectional

from chatbench.ui.chat.transcript.utf16 import units

_MARK: Final = "\u200e"
_SPACES = re.compile(r"\s*")
_RUNS_RIGHT: Final = frozenset({"R", "AL"})


class Order:
    """A line of code as it is laid out. Offsets are in UTF-16 units."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._marks: list[int] = []
        if not text.isascii():
            self._mark(text)

    def _mark(self, text: str) -> None:
        places = []
        inside = False
        for at, character in enumerate(text):
            kind = bidirectional(character)
            if inside and kind not in _RUNS_RIGHT and kind != "NSM":
                match = _SPACES.match(text, at)
                following = text[match.end() : match.end() + 1] if match else ""
                if not following or bidirectional(following) not in _RUNS_RIGHT:
                    places.append(at)
                    inside = False
            inside = inside or kind in _RUNS_RIGHT
        for at in reversed(places):
            self.text = self.text[:at] + _MARK + self.text[at:]
        self._marks = [units(text[:at]) for at in places]

    def laid(self, offset: int, *, end: bool = False) -> int:
        """Where an offset of the line is in the laid out text; an ``end`` is before a mark."""
        if not self._marks:
            return offset
        return offset + (bisect_left if end else bisect_right)(self._marks, offset)

    def written(self, offset: int) -> int:
        """The offset of the line for one of the laid out text."""
        at = offset
        for number, mark in enumerate(self._marks):
            if mark + number < offset:
                at = offset - number - 1
        return at
