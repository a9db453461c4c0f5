"""Fuzzy matching of names: which letters match, and how well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

NEAR_A_WORD: Final = 600
"""What a word of the query counts at least, unless its letters are scattered."""
_SHORTEST_SLIP: Final = 4
_STEP: Final = 10
"""The words that say best what is meant stand first."""


class Match(NamedTuple):
    """A match: a higher score is a better one; ``letters`` are indices into the name."""

    score: int
    letters: tuple[int, ...]


def _starts_word(text: str, index: int) -> bool:
    if index == 0:
        return True
    before, here = text[index - 1], text[index]
    return not before.isalnum() or (before.islower() and here.isupper())


def match(query: str, name: str, keywords: Sequence[str] = ()) -> Match | None:
    """Match ``query`` in ``name``, ignoring case; None when a letter is missing.

    Each word of the query must occur, as a piece of the name if it can, else letter by
    letter in order. Starts of words beat initials, initials beat pieces inside words, and
    those beat scattered letters; of two equal matches the shorter name wins. An empty query
    matches everything equally.

    ``keywords`` are other words for what is named, the best first: one of them, or its beginning, does
    for a word of the query, not as well as the start of a word of the name. Where there are any, a slip
    of one letter is overlooked.
    """
    words = query.split()
    if not words:
        return Match(0, ())
    score, letters = -len(name), set[int]()
    for word in words:
        ways = _piece(word, name), _initials(word, name), _keyword(word, keywords)
        found = max((way for way in ways if way is not None), key=lambda way: way.score, default=None)
        if found is None and keywords:
            found = _misspelt(word, [*re.findall(r"\w+", name), *keywords])
        found = found or _scattered(word, name)
        if found is None:
            return None
        score += found.score
        letters.update(found.letters)
    return Match(score, tuple(sorted(letters)))


def _fold(text: str) -> str:
    """Lower case letter by letter, so that indices stay true."""
    if text.isascii():
        return text.lower()
    return "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in text)


def _piece(word: str, name: str) -> Match | None:
    needle, haystack = _fold(word), _fold(name)
    best: Match | None = None
    at = haystack.find(needle)
    while at >= 0:
        score = 1000 + (500 if _starts_word(name, at) else 0) + (250 if at == 0 else 0)
        if best is None or score > best.score:
            best = Match(score, tuple(range(at, at + len(needle))))
        at = haystack.find(needle, at + 1)
    return best


def _initials(word: str, name: str) -> Match | None:
    """The first letters of words, in order: "nc" for "New chat"."""
    haystack = _fold(name)
    starts = [index for index in range(len(name)) if _starts_word(name, index)]
    letters: list[int] = []
    for letter in _fold(word):
        found = next((index for index in starts if haystack[index] == letter), None)
        if found is None:
            return None
        letters.append(found)
        starts = [index for index in starts if index > found]
    return Match(1200, tuple(letters)) if len(letters) > 1 else None


def _scattered(word: str, name: str) -> Match | None:
    needle, haystack = _fold(word), _fold(name)
    letters: list[int] = []
    at = score = 0
    for letter in needle:
        found = haystack.find(letter, at)
        if found < 0:
            return None
        score += 20 if _starts_word(name, found) else 5 if letters and found == letters[-1] + 1 else 0
        letters.append(found)
        at = found + 1
    spread = letters[-1] - letters[0] + 1 - len(letters)
    return Match(score - spread, tuple(letters)) if spread <= 3 * len(letters) else None


def _keyword(word: str, keywords: Sequence[str]) -> Match | None:
    wanted = _fold(word)
    ways = [
        (1300 if one == wanted else 1100) - _STEP * place
        for place, one in enumerate(map(_fold, keywords))
        if one.startswith(wanted)
    ]
    return Match(max(ways), ()) if ways else None


def _misspelt(word: str, known: Iterable[str]) -> Match | None:
    """One letter too many, too few or another, or two that have changed places."""
    wanted = _fold(word)
    if len(wanted) < _SHORTEST_SLIP:
        return None
    for place, one in enumerate(known):
        if abs(len(one) - len(wanted)) <= 1 and _is_slip(wanted, _fold(one)):
            return Match(NEAR_A_WORD - _STEP * place, ())
    return None


def _is_slip(typed: str, meant: str) -> bool:
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    one, other = typed[start:], meant[start:]
    changed_places = one[:2] == other[1::-1] and one[2:] == other[2:]
    return one[1:] == other[1:] or one[1:] == other or one == other[1:] or changed_places
