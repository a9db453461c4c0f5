"""What differs between two Markdown texts, in words; and between two lanes, in parameters.

The texts are compared block by block: blocks that share enough of their words, in runs a reader would
notice, are laid beside each other and compared word by word, every other block was removed or added
as a whole. In code each line
is a block, compared token by token, and there white space counts. No Qt, nothing shared: safe in a
worker thread, and about 20 ms for two texts of five thousand words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from chatbench.core.conversations import Lane
from chatbench.rendering.subsequence import Match, matches, never

Kind = Literal["same", "added", "removed"]

_FENCE = re.compile(r" *(?:[-*+>] +|\d{1,9}[.)] +)*(`{3,}(?=[^`]*$)|~{3,})")
_BEGINS = re.compile(r"\s*(?:[-*+>]\s|\d{1,9}[.)]\s|#{1,6}\s|\|)")
_NO_SPACES = "\u2e80-\u2fff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_THAI_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
_APART = "\\s!-/:-@\\[-^`{-~\u2010-\u203e\u3001-\u3030\uff01-\uff0f\uff1a-\uff20"
_WORD = re.compile(
    # What is written without spaces is compared by the character, with the marks on it.
    rf"(?:[{_NO_SPACES}][\u3099\u309a\ufe00-\ufe0f]*"
    rf"|[\u0e01-\u0e7f\u0e81-\u0eff][{_THAI_MARKS}]*"
    rf"|[^{_APART}{_NO_SPACES}\u0e01-\u0e7f\u0e81-\u0eff]+(?:['’](?=\w)[^{_APART}{_NO_SPACES}]+)*"
    r"|\S)\s*|\s+"
)
_TOKEN = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")
_ENDS = frozenset(".!?…。！？")
_FEW_WORDS = 2
_FEW_CHARACTERS = 9
_ENOUGH = 0.3
_ENOUGH_CODE = 0.5
_NEARLY_ALL = 0.75


class Piece(NamedTuple):
    """A run of words of one kind in one block.

    The texts of what is same or removed join to the first text, of what is same or added to the
    second; only white space between words of prose that are the same is the second's in both. `a`
    and `b` are the places (characters from 0) at which the piece stands, or would, in each. `block`
    counts the blocks from 0: two that were laid beside each other are one.
    """

    kind: Kind
    text: str
    a: int
    b: int
    block: int
    code: bool = False


class ParameterDifference(NamedTuple):
    """`name` is a field of Parameters, or "model" or "system"; None is what was not set."""

    name: str
    a: Any
    b: Any


def differences(a: str, b: str, cancelled: Callable[[], bool] = never) -> tuple[Piece, ...]:
    """From `a` to `b`, in order; what was removed stands before what was added in its place.

    Raises CancelledError soon after `cancelled` returns True.
    """
    a_blocks, b_blocks = _blocks(a), _blocks(b)
    pieces = _Pieces()
    a_next = b_next = 0
    end = _Pair(len(a_blocks), len(b_blocks))
    for pair in (*_pairs(a_blocks, b_blocks, cancelled), end):
        a_at, b_at = pair.a, pair.b
        for block in a_blocks[a_next:a_at]:
            pieces.add("removed", block.text, block.code)
            pieces.end_block()
        for block in b_blocks[b_next:b_at]:
            pieces.add("added", block.text, block.code)
            pieces.end_block()
        if pair is not end:
            first, second = a_blocks[a_at], b_blocks[b_at]
            same = pair.matches
            pieces.compare(
                first, second, matches(first.keys, second.keys, cancelled) if same is None else same
            )
            pieces.end_block()
        a_next, b_next = a_at + 1, b_at + 1
    return tuple(pieces.found)


def parameter_differences(a: Lane, b: Lane) -> tuple[ParameterDifference, ...]:
    """What two lanes ask with differently: model, system prompt, then parameters in their order."""
    found: list[ParameterDifference] = []
    if a.model != b.model:
        found.append(ParameterDifference("model", a.model, b.model))
    if a.system != b.system:
        found.append(ParameterDifference("system", a.system or None, b.system or None))
    for name in a.parameters.__struct_fields__:
        ours, theirs = getattr(a.parameters, name), getattr(b.parameters, name)
        if ours != theirs:
            found.append(ParameterDifference(name, ours, theirs))
    return tuple(found)


class _Block(NamedTuple):
    """`words` join to the text; `keys` are what is compared of each, and `sizes` how many characters
    the first 0, 1, 2 … of these have."""

    text: str
    code: bool
    words: list[str]
    keys: list[str]
    sizes: list[int]

    @property
    def weight(self) -> int:
        """Characters, and one more a word."""
        return self.sizes[-1] + len(self.keys)


def _blocks(text: str) -> list[_Block]:
    found: list[_Block] = []
    lines: list[str] = []

    def close() -> None:
        if lines:
            joined = "".join(lines)
            words = _WORD.findall(joined)
            found.append(_block(joined, False, words, [word.rstrip() for word in words]))
            lines.clear()

    for line, code in _lines(text):
        if code:
            close()
            tokens = _TOKEN.findall(line)
            found.append(_block(line, True, tokens, tokens))
            continue
        blank = not line.strip()
        if not blank and (_BEGINS.match(line) or (lines and not lines[-1].strip())):
            close()
        lines.append(line)
    close()
    return found


def _block(text: str, code: bool, words: list[str], keys: list[str]) -> _Block:
    return _Block(text, code, words, keys, list(accumulate(map(len, keys), initial=0)))


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line with its end, and whether it stands inside a fence."""
    fence = ""
    for line in text.splitlines(keepends=True):
        if fence:
            bare = line.strip().lstrip("> ")
            closes = len(bare) >= len(fence) and not bare.strip(fence[0])
            yield line, not closes
            fence = "" if closes else fence
            continue
        yield line, False
        opened = _FENCE.match(line)
        fence = opened[1] if opened else ""


class _Pair(NamedTuple):
    """Blocks that belong beside each other, and which of their words are the same (None: to be
    found)."""

    a: int
    b: int
    matches: list[Match] | None = None


def _pairs(a: Sequence[_Block], b: Sequence[_Block], cancelled: Callable[[], bool]) -> list[_Pair]:
    """Rising in both; each shares enough of its words."""
    a_owners, a_keys = _words_of(a)
    b_owners, b_keys = _words_of(b)
    a_firsts, b_firsts = _firsts(a), _firsts(b)
    shared: dict[Match, list[Match]] = {}
    for match in matches(a_keys, b_keys, cancelled):
        shared.setdefault((a_owners[match[0]], b_owners[match[1]]), []).append(match)
    weighed: list[tuple[Match, int]] = []
    for pair, found in shared.items():
        one, other = a[pair[0]], b[pair[1]]
        if not _alike(one, other, sum(len(a_keys[i]) for i, _ in found) + len(found)):
            continue
        inside = [(i - a_firsts[pair[0]], j - b_firsts[pair[1]]) for i, j in found]
        weight = sum(run.size + run.b_end - run.b for run in _runs(one, other, inside) if run.same)
        if _alike(one, other, weight):
            weighed.append((pair, weight))
    in_many = Counter(i for i, _ in shared), Counter(j for _, j in shared)
    pairs: list[_Pair] = []
    for i, j in _chain(weighed):
        # A word that was matched to one of another block may have its like in this pair.
        if in_many[0][i] > 1 or in_many[1][j] > 1:
            pairs.append(_Pair(i, j))
        else:
            found = shared[i, j]
            pairs.append(_Pair(i, j, [(x - a_firsts[i], y - b_firsts[j]) for x, y in found]))
    return pairs


def _words_of(blocks: Sequence[_Block]) -> tuple[list[int], list[str]]:
    """The keys of all words, and the block each stands in."""
    owners: list[int] = []
    keys: list[str] = []
    for at, block in enumerate(blocks):
        owners += [at] * len(block.keys)
        keys += block.keys
    return owners, keys


def _firsts(blocks: Sequence[_Block]) -> list[int]:
    """How many words stand before each block."""
    return list(accumulate((len(block.keys) for block in blocks), initial=0))


def _alike(a: _Block, b: _Block, weight: int) -> bool:
    if a.code != b.code:
        return False
    enough = _ENOUGH_CODE if a.code else _ENOUGH
    return 2 * weight >= enough * (a.weight + b.weight) or weight >= _NEARLY_ALL * min(a.weight, b.weight)


def _chain(weighed: list[tuple[Match, int]]) -> list[Match]:
    """The heaviest choice in which no block stands in two pairs.

    The pairs come from matches that rise in both, so those a pair cannot stand beside are the ones
    right before it that share a block with it.
    """
    best: list[tuple[int, int, bool]] = [(0, 0, False)]  # weight, how many pairs to go on from, taken
    first_of_a: dict[int, int] = {}
    first_of_b: dict[int, int] = {}
    for at, ((i, j), weight) in enumerate(weighed):
        free = min(first_of_a.setdefault(i, at), first_of_b.setdefault(j, at))
        with_it = best[free][0] + weight
        best.append((with_it, free, True) if with_it > best[at][0] else (best[at][0], at, False))
    chosen: list[Match] = []
    at = len(weighed)
    while at:
        _, before, taken = best[at]
        if taken:
            chosen.append(weighed[at - 1][0])
        at = before
    return chosen[::-1]


class _Run(NamedTuple):
    """Words `a` to `a_end` of one block are, or have become, words `b` to `b_end` of the other.
    `size` is in characters, the larger of the two."""

    same: bool
    a: int
    a_end: int
    b: int
    b_end: int
    size: int


class _Pieces:
    """Gathers pieces, and counts blocks and places."""

    def __init__(self) -> None:
        self.found: list[Piece] = []
        self._a = self._b = self._block = 0

    def add(self, kind: Kind, text: str, code: bool, removed: str | None = None) -> None:
        """`removed` is the first text's form of what is the same."""
        if not text:
            return
        self.found.append(Piece(kind, text, self._a, self._b, self._block, code))
        if kind != "added":
            self._a += len(text if removed is None else removed)
        if kind != "removed":
            self._b += len(text)

    def end_block(self) -> None:
        self._block += 1

    def compare(self, a: _Block, b: _Block, same: Sequence[Match]) -> None:
        """Two blocks word by word."""
        if a.text == b.text:
            self.add("same", a.text, a.code)
            return
        for run in _runs(a, b, same):
            before, after = "".join(a.words[run.a : run.a_end]), "".join(b.words[run.b : run.b_end])
            if run.same:
                self.add("same", after, a.code, before)
            else:
                self.add("removed", before, a.code)
                self.add("added", after, a.code)


def _runs(a: _Block, b: _Block, same: Sequence[Match]) -> list[_Run]:
    """What is the same and what is not, in turn.

    A word or two that are the same between larger changes are there by chance and count as changed.
    """
    found: list[_Run] = []
    for run in _turns(a, b, same):
        while len(found) > 1 and not run.same and _by_chance(found[-2], found[-1], run, b.keys):
            found.pop()
            before = found.pop()
            run = _run(False, a, b, (before.a, run.a_end, before.b, run.b_end))
        found.append(run)
    return found


def _by_chance(before: _Run, run: _Run, after: _Run, keys: Sequence[str]) -> bool:
    if run.size > min(before.size, after.size, _FEW_CHARACTERS):
        return False
    return sum(key[:1].isalnum() for key in keys[run.b : run.b_end]) <= _FEW_WORDS


def _turns(a: _Block, b: _Block, same: Sequence[Match]) -> Iterator[_Run]:
    """What is the same as the matches say; but where a change could as well stand between sentences,
    it does."""
    a_at = b_at = a_from = b_from = 0
    for i, j in (*same, (len(a.keys), len(b.keys))):
        if i > a_at or j > b_at:
            back = _back(b, b_from, b_at, j) if i == a_at else 0
            back = _back(a, a_from, a_at, i) if j == b_at else back
            if a_at - back > a_from:
                yield _run(True, a, b, (a_from, a_at - back, b_from, b_at - back))
            yield _run(False, a, b, (a_at - back, i - back, b_at - back, j - back))
            a_from, b_from = i - back, j - back
        a_at, b_at = i + 1, j + 1
    if len(a.keys) > a_from:
        yield _run(True, a, b, (a_from, len(a.keys), b_from, len(b.keys)))


def _back(block: _Block, least: int, start: int, end: int) -> int:
    """How many words before its place the change from `start` to `end` says the same and begins a
    sentence; 0 where it nowhere does, or begins one as it stands."""
    back = 0
    while start - back > least:
        if _ends_sentence(block.words[start - back - 1]):
            return back
        back += 1
        if block.keys[start - back] != block.keys[end - back]:
            return 0
    return back if not start - back else 0


def _ends_sentence(word: str) -> bool:
    return word.rstrip() in _ENDS or word.endswith("\n")


def _run(same: bool, a: _Block, b: _Block, places: tuple[int, int, int, int]) -> _Run:
    a_from, a_to, b_from, b_to = places
    return _Run(same, *places, max(a.sizes[a_to] - a.sizes[a_from], b.sizes[b_to] - b.sizes[b_from]))
