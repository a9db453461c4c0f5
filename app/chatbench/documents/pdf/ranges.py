"""Pages as people write them: "1-3, 7, -1"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from chatbench.core.errors import AttachmentRefused

MAX_CHARACTERS: Final = 10_000
_ONE: Final = re.compile(r"(-?\d{1,9})")
_RANGE: Final = re.compile(r"(-?\d{1,9})?-(-?\d{1,9})?")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212]")

_HINT: Final = "Write pages like 1-3, 7 or 12-; -1 is the last."


def parse_pages(written: str, count: int) -> tuple[int, ...]:
    """The pages of a document of `count` that are meant, from 1, in the order written and each once.

    Numbers and ranges with commas, semicolons or blanks between; "5-" goes to the end, "-2" is the last but
    one, "8-5" runs backwards; nothing means all. Raises AttachmentRefused with what is wrong in words.
    """
    if len(written) > MAX_CHARACTERS:
        raise AttachmentRefused("That is too long for a list of pages.", _HINT)
    plain = _DASHES.sub("-", written).strip(" \t\r\n,;")
    if not plain:
        return tuple(range(1, count + 1))
    pages: dict[int, None] = {}
    for word in _words(plain):
        for page in _meant(word, count):
            pages[page] = None
    return tuple(pages)


def written_pages(pages: Iterable[int]) -> str:
    """Pages in the shortest way that `parse_pages` understands: "1-3, 7"."""
    runs = [
        [page for _, page in run] for _, run in groupby(enumerate(pages), key=lambda one: one[1] - one[0])
    ]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _words(written: str) -> Iterator[str]:
    # "2 - 4" is one range, "2 -4" two words: the last but three is meant.
    joined = re.sub(r"(?<=\d)\s+-\s+(?=-?\d)|(?<=\d)-\s+(?=\d)", "-", written)
    for word in re.split(r"[\s,;]+", joined):
        if word:
            yield word


def _meant(word: str, count: int) -> Iterable[int]:
    if _ONE.fullmatch(word):
        return (_page(word, count),)
    found = _RANGE.fullmatch(word)
    if found is None or found[1] is None:
        raise AttachmentRefused(f"“{word[:40]}” is no page and no range of pages.", _HINT)
    first = _page(found[1], count)
    last = _page(found[2], count) if found[2] else count
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _page(word: str, count: int) -> int:
    number = int(word)
    page = count + 1 + number if number < 0 else number
    if not 1 <= page <= count:
        there = "There is one page." if count == 1 else f"There are {count} pages."
        raise AttachmentRefused(f"There is no page {word}.", there)
    return page
