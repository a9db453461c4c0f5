"""Which blocks of one text belong to which blocks of another, so that they can be shown as one."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from chatbench.rendering.blocks import AnyBlock, CodeBlock
from chatbench.rendering.differences import differences
from chatbench.rendering.subsequence import never

_ENOUGH = 0.3
"""The share of the smaller block that has to be the same in both."""


class Pair(NamedTuple):
    """Indices of two blocks that belong together; None where one text has nothing to show for it."""

    here: int | None
    there: int | None


class Text(NamedTuple):
    """A text with line feeds as its only line ends, and its blocks."""

    text: str
    blocks: Sequence[AnyBlock]


def aligned(here: Text, there: Text, cancelled: Callable[[], bool] = never) -> list[Pair]:
    """All blocks of both texts, in the order of each; what is only ``there`` stands first.

    Blocks are paired when much of the smaller one is the same in both; of maths and rules only what
    is equal. Raises CancelledError soon after ``cancelled`` returns True.
    """
    partners = _partners(here, there, cancelled)
    pairs: list[Pair] = []
    next_here = next_there = 0
    for mine, theirs in (*partners, (len(here.blocks), len(there.blocks))):
        pairs += [Pair(None, at) for at in range(next_there, theirs)]
        pairs += [Pair(at, None) for at in range(next_here, mine)]
        if mine < len(here.blocks):
            pairs.append(Pair(mine, theirs))
        next_here, next_there = mine + 1, theirs + 1
    return pairs


def moved(pairs: Sequence[Pair], here: Sequence[AnyBlock], there: Sequence[AnyBlock]) -> dict[int, int]:
    """Index here → index there, of blocks that no pair holds together and that say the same: they only
    stand elsewhere. Each belongs to one other."""
    waiting: dict[Hashable, list[int]] = {}
    for pair in pairs:
        if pair.here is None and pair.there is not None and there[pair.there].kind != "rule":
            waiting.setdefault(_key(there[pair.there]), []).append(pair.there)
    found: dict[int, int] = {}
    for pair in pairs:
        if pair.there is None and pair.here is not None and (same := waiting.get(_key(here[pair.here]))):
            found[pair.here] = same.pop(0)
    return found


def same(one: AnyBlock, other: AnyBlock) -> bool:
    """Whether two blocks say the same, wherever they stand."""
    return _key(one) == _key(other)


def _key(block: AnyBlock) -> Hashable:
    content = block.code if isinstance(block, CodeBlock) else block.content_key()
    return (block.kind, block.containers, content)


def _partners(here: Text, there: Text, cancelled: Callable[[], bool]) -> list[tuple[int, int]]:
    """Pairs that rise in both, those with most in common first chosen; then those that have their lines
    in common, in another order."""
    weights: Counter[tuple[int, int]] = Counter()
    mine_at, theirs_at = _Places(here), _Places(there)
    for piece in differences(there.text, here.text, cancelled):
        if piece.kind != "same":
            continue
        at = 0
        for line in piece.text.splitlines(keepends=True):
            pair = mine_at.block(piece.b + at), theirs_at.block(piece.a + at)
            if -1 not in pair:
                weights[pair] += len(line.strip())
            at += len(line)
    chosen: list[tuple[int, int]] = []
    for pair, weight in (*weights.most_common(), *_shared_lines(here, there).most_common()):
        at = bisect_right(chosen, pair)
        before = chosen[at - 1] if at else (-1, -1)
        after = chosen[at] if at < len(chosen) else (len(here.blocks), len(there.blocks))
        rises = before[0] < pair[0] < after[0] and before[1] < pair[1] < after[1]
        if rises and _belong(here.blocks[pair[0]], there.blocks[pair[1]], weight):
            chosen.insert(at, pair)
    return chosen


def _shared_lines(here: Text, there: Text) -> Counter[tuple[int, int]]:
    """How many characters two blocks share in lines that stand in no third one."""
    mine, theirs = _lines_of(here), _lines_of(there)
    shared: Counter[tuple[int, int]] = Counter()
    for line, places in mine.items():
        others = theirs.get(line, Counter())
        if len(places) == len(others) == 1:
            ((one, often),), ((other, as_often),) = places.items(), others.items()
            shared[one, other] += min(often, as_often) * len(line)
    return shared


def _lines_of(text: Text) -> dict[str, Counter[int]]:
    """Line → how often it stands in which block."""
    found: dict[str, Counter[int]] = {}
    for at, block in enumerate(text.blocks):
        for line in filter(None, map(str.strip, block.source.splitlines())):
            found.setdefault(line, Counter())[at] += 1
    return found


def _belong(one: AnyBlock, other: AnyBlock, weight: int) -> bool:
    if (one.kind, one.containers) != (other.kind, other.containers):
        return False
    if one.kind in ("math", "rule"):
        return same(one, other)
    return weight >= _ENOUGH * min(len(one.source), len(other.source))


class _Places:
    """Which block a character stands in."""

    def __init__(self, text: Text) -> None:
        lines = list(accumulate((len(line) + 1 for line in text.text.split("\n")), initial=0))
        self._starts = list(_rising(lines[min(block.start, len(lines) - 1)] for block in text.blocks))

    def block(self, character: int) -> int:
        """Its index; -1 before the first."""
        return bisect_right(self._starts, character) - 1


def _rising(starts: Iterator[int]) -> Iterator[int]:
    return accumulate(starts, max)
