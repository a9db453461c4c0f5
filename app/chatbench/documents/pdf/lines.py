"""What stands on a page and where, as cheaply as PDFium tells it.

PDFium gives the text of a page in the order in which it was drawn, cut into lines, and the boxes of its text
objects. Most pages were drawn as they are read: that shows by the boxes alone, and nothing more is asked.
Otherwise each line is given its own boxes, and is parted where it has a gap; single letters are looked at
only to find the word behind a gap.
"""

from __future__ import annotations

import ctypes
import re
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple

from chatbench.documents.pdf.drawn import CUT, GAP, Box, text_as_drawn
from chatbench.documents.pdf.library import Page, pdfium

MAX_CHARACTERS: Final = 200_000
"""Of a page; what is beyond is left out, see `Reader.was_cut`."""
_TALL: Final = 2.5
_ENDS: Final = re.compile("\r\n|[\r\n\ufffe]")
_BEGINNINGS: Final = re.compile(r"(?<!\S)\S")
_FOUR: Final = struct.Struct("4d")


class Line(NamedTuple):
    """A stretch of text on one baseline, and its edges as it is read: `top` is less than `bottom`.
    `hyphen`: its last word goes on in the next line."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    hyphen: bool = False


class Lines(NamedTuple):
    """The lines of a page in the order in which they were drawn; `aside` runs up or down the side."""

    upright: list[Line]
    aside: list[Line]


class _Stretch(NamedTuple):
    """A line as it was drawn: the index of its first character, and the boxes of its text objects."""

    start: int
    text: str
    hyphen: bool
    boxes: list[Box]


# From left, top, right and bottom in points to the edges as they are read, by quarter turns of the page.
_READ: Final[tuple[Callable[[Box], Box], ...]] = (
    lambda box: (box[0], -box[1], box[2], -box[3]),
    lambda box: (box[3], box[0], box[1], box[2]),
    lambda box: (-box[2], box[3], -box[0], box[1]),
    lambda box: (-box[1], -box[2], -box[3], -box[0]),
)


class Reader:
    """Reads pages one after another; what is needed for it is made once."""

    def __init__(self) -> None:
        self.was_cut = False
        """Whether the last page had more characters than are read."""
        self._library = pdfium()
        self._room = 0
        self._buffer: Any = None
        self._edges = (ctypes.c_double * 4)()
        address = ctypes.addressof(self._edges)
        self._places = tuple(range(address, address + 32, 8))
        self._count_boxes = _quick(self._library.FPDFText_CountRects, 3, 0)
        self._get_box = _quick(self._library.FPDFText_GetRect, 2, 4)
        self._get_letter = _quick(self._library.FPDFText_GetCharBox, 2, 4)

    def read(self, page: Page) -> str | Lines:
        """The text of a page that was drawn as it is read, else the lines of which it is to be made."""
        words = self._library.FPDFText_LoadPage(page)
        if not words:
            return ""
        try:
            text, count = self._text(words)
            turn = self._library.FPDFPage_GetRotation(page)
            if not turn:
                boxes = self._boxes(ctypes.addressof(words.contents), 0, -1)
                drawn = text_as_drawn(text, boxes)
                if drawn is not None:
                    return drawn
            return self._one_by_one(words, text, count, turn)
        finally:
            self._library.FPDFText_ClosePage(words)

    def _one_by_one(self, words: Any, text: str, count: int, turn: int) -> Lines:
        at = ctypes.addressof(words.contents)
        stretches = list(self._stretches(words, text, count))
        turn = self._turn(at, turn, stretches)
        found = Lines([], [])
        for stretch in stretches:
            lines = self._lines(at, stretch, turn)
            tall = len(lines) == 1 and stands(lines[0][:4], len(lines[0].text))
            (found.aside if tall else found.upright).extend(lines)
        return found

    def letters(self, page: Page, most: int) -> int:
        """How many characters the page has that are no blanks, counted up to `most`."""
        words = self._library.FPDFText_LoadPage(page)
        if not words:
            return 0
        try:
            text, _ = self._text(words)
            return min(most, sum(not letter.isspace() for letter in text))
        finally:
            self._library.FPDFText_ClosePage(words)

    def _text(self, words: Any) -> tuple[str, int]:
        count = max(0, self._library.FPDFText_CountChars(words))
        most = min(count, MAX_CHARACTERS)
        self.was_cut = most < count
        if most >= self._room:
            self._room = most + 1024
            self._buffer = (ctypes.c_ushort * (2 * self._room))()
        length = self._library.FPDFText_GetText(words, 0, most, self._buffer) if most else 0
        return ctypes.string_at(self._buffer, 2 * max(0, length - 1)).decode("utf-16-le", "replace"), count

    def _stretches(self, words: Any, text: str, count: int) -> Iterator[_Stretch]:
        # Characters without a meaning are counted, but are not in the text.
        same = len(text) == min(count, MAX_CHARACTERS)
        at = ctypes.addressof(words.contents)
        start = 0
        while start < len(text):
            end = _ENDS.search(text, start)
            stop = end.start() if end else len(text)
            stretch = text[start:stop]
            if stretch and not stretch.isspace():
                index = start if same else self._library.FPDFText_GetCharIndexFromTextIndex(words, start)
                boxes = self._boxes(at, index, stop - start)
                yield _Stretch(index, stretch, end is not None and end[0] == CUT, boxes)
            start = end.end() if end else len(text)

    def _boxes(self, words: int, start: int, length: int) -> list[Box]:
        get, edges, places = self._get_box, self._edges, self._places
        unpack = _FOUR.unpack_from
        # The call fills the edges.
        return [
            unpack(edges)
            for number in range(self._count_boxes(words, start, length))
            if get(words, number, *places)
        ]

    def _letter(self, words: int, index: int) -> Box:
        left, top, right, bottom = self._places
        self._get_letter(words, index, left, right, bottom, top)
        return _FOUR.unpack_from(self._edges)

    def _turn(self, words: int, turn: int, stretches: list[_Stretch]) -> int:
        """Quarter turns after which most of what stands on the page can be read."""
        tall = even = 0
        upwards = 0
        for start, text, _, boxes in stretches:
            if not boxes:
                continue
            line = _READ[turn](boxes[0])
            if not stands(line, len(text)):
                even += len(text)
                continue
            tall += len(text)
            first = _READ[turn](self._letter(words, start))
            last = _READ[turn](self._letter(words, start + len(text.rstrip()) - 1))
            upwards += len(text) if first[1] > last[1] else -len(text)
        if tall <= even:
            return turn
        return (turn + (1 if upwards > 0 else 3)) % 4

    def _lines(self, words: int, stretch: _Stretch, turn: int) -> list[Line]:
        """The stretch as one line, or as several where it has gaps."""
        read = _READ[turn]
        boxes = [read(box) for box in stretch.boxes]
        if len(boxes) == 1:
            return [Line(*boxes[0], stretch.text, stretch.hyphen)]
        if not boxes:
            return []
        parts = _parted(boxes)
        if len(parts) == 1:
            return [Line(*parts[0], stretch.text, stretch.hyphen)]
        begins = self._beginnings(words, stretch, parts, read)
        texts = [
            stretch.text[start:end].strip() for start, end in zip(begins, [*begins[1:], None], strict=True)
        ]
        lines = [Line(*part, text) for part, text in zip(parts, texts, strict=True) if text]
        return [*lines[:-1], lines[-1]._replace(hyphen=stretch.hyphen)]

    def _beginnings(
        self, words: int, stretch: _Stretch, parts: list[Box], read: Callable[[Box], Box]
    ) -> list[int]:
        """At which character of the stretch each part of it begins."""
        if any(_below_each_other(one, other) for one, other in pairwise(parts)):
            # Figures below each other are given as one word.
            places = (place for place, letter in enumerate(stretch.text) if not letter.isspace())
            letters = [(place, read(self._letter(words, stretch.start + place))) for place in places]
            firsts = (_first_within(part, letters, len(stretch.text)) for part in parts[1:])
            return list(accumulate((0, *firsts), max))
        starts = [match.start() for match in _BEGINNINGS.finditer(stretch.text)]
        to_the_left = parts[-1][0] < parts[0][0]

        def place(start: int) -> float:
            box = read(self._letter(words, stretch.start + start))
            return -box[2] if to_the_left else box[0]

        begins = [0]
        for part in parts[1:]:
            edge = (-part[2] if to_the_left else part[0]) - 0.5
            found = bisect_left(starts, edge, lo=bisect_left(starts, begins[-1]), key=place)
            begins.append(starts[found] if found < len(starts) else len(stretch.text))
        return begins


def _quick(function: Any, numbers: int, places: int) -> Any:
    """A function of the library that takes whole numbers and addresses as Python has them: half the time
    of a call is the conversion of arguments, and lines take hundreds of calls a page."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    kinds = [ctypes.c_void_p, *[ctypes.c_int] * (numbers - 1), *[ctypes.c_void_p] * places]
    return ctypes.PYFUNCTYPE(ctypes.c_int, *kinds)(address)


def _parted(boxes: list[Box]) -> list[Box]:
    """The boxes of a line, joined where no gap is between them."""
    parts = [boxes[0]]
    for box in boxes[1:]:
        left, top, right, bottom = last = parts[-1]
        gap = max(box[0] - right, left - box[2])
        if gap > GAP * (bottom - top) or _below_each_other(last, box):
            parts.append(box)
        else:
            parts[-1] = (
                min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3])
            )  # fmt: skip
    return parts


def _below_each_other(one: Box, other: Box) -> bool:
    return other[1] >= one[3] or other[3] <= one[1]


def _first_within(part: Box, letters: list[tuple[int, Box]], default: int) -> int:
    """The first of the letters that stands in that part."""
    for start, (left, top, right, bottom) in letters:
        if part[0] <= (left + right) / 2 <= part[2] and part[1] <= (top + bottom) / 2 <= part[3]:
            return start
    return default


def stands(box: Box, length: int) -> bool:
    """Whether text of that length runs up or down."""
    return length > 2 and box[3] - box[1] > _TALL * (box[2] - box[0])
