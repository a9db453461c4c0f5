"""The longest common subsequence of two sequences, many places at a time.

A row of the usual table grows by at most one from place to place, so one bit a place tells it, and
a Python integer holds a whole row (Hyyrö 2004): a step costs a few operations on long integers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError

Match = tuple[int, int]

_CELLS = 1 << 28
"""The largest table that is kept whole, about 36 MB; a larger one is halved first."""
_ROWS_PER_LOOK = 256


def never() -> bool:
    """For work that nobody calls off."""
    return False


def matches(
    a: Sequence[Hashable], b: Sequence[Hashable], cancelled: Callable[[], bool] = never
) -> list[Match]:
    """Pairs of places, rising in both, at which `a` and `b` hold the same: as many as can be.

    Takes a few milliseconds for five thousand places each. Raises CancelledError soon after
    `cancelled` returns True.
    """
    found: list[Match] = []
    waiting = [(0, len(a), 0, len(b))]
    while waiting:
        a_from, a_to, b_from, b_to = waiting.pop()
        while a_from < a_to and b_from < b_to and a[a_from] == b[b_from]:
            found.append((a_from, b_from))
            a_from, b_from = a_from + 1, b_from + 1
        while a_from < a_to and b_from < b_to and a[a_to - 1] == b[b_to - 1]:
            a_to, b_to = a_to - 1, b_to - 1
            found.append((a_to, b_to))
        if a_from == a_to or b_from == b_to:
            continue
        if (a_to - a_from) * (b_to - b_from) <= _CELLS or b_to - b_from == 1:
            found += _matches_by_table(a, b, (a_from, a_to, b_from, b_to), cancelled)
            continue
        a_middle, b_middle = _halves(a[a_from:a_to], b[b_from:b_to], cancelled)
        a_middle, b_middle = a_from + a_middle, b_from + b_middle
        waiting += [(a_from, a_middle, b_from, b_middle), (a_middle, a_to, b_middle, b_to)]
    found.sort()
    return found


def _rows(a: Sequence[Hashable], b: Sequence[Hashable], cancelled: Callable[[], bool]) -> Iterator[int]:
    """One integer before `b` and one a place of it: bit i is clear where `a[i]` makes the common part
    longer."""
    places: dict[Hashable, int] = {}
    for at, item in enumerate(a):
        places[item] = places.get(item, 0) | (1 << at)
    all_set = row = (1 << len(a)) - 1
    yield row
    for number, item in enumerate(b):
        if not number % _ROWS_PER_LOOK and cancelled():
            raise CancelledError
        if same := row & places.get(item, 0):
            row = ((row + same) | (row - same)) & all_set
        yield row


def _matches_by_table(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    area: tuple[int, int, int, int],
    cancelled: Callable[[], bool],
) -> list[Match]:
    a_from, a_to, b_from, b_to = area
    rows = list(_rows(a[a_from:a_to], b[b_from:b_to], cancelled))
    found: list[Match] = []
    i, j = a_to - a_from, b_to - b_from
    while i and j:
        bit = 1 << (i - 1)
        if rows[j] & bit:
            i -= 1
        elif not rows[j - 1] & bit:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((a_from + i, b_from + j))
    return found


def _halves(a: Sequence[Hashable], b: Sequence[Hashable], cancelled: Callable[[], bool]) -> tuple[int, int]:
    """Where both may be cut so that nothing of the common part is lost (Hirschberg 1975)."""
    middle = len(b) // 2
    before = _lengths(a, b[:middle], cancelled)
    after = _lengths(a[::-1], b[middle:][::-1], cancelled)
    cut = max(range(len(a) + 1), key=lambda at: before[at] + after[len(a) - at])
    return cut, middle


def _lengths(a: Sequence[Hashable], b: Sequence[Hashable], cancelled: Callable[[], bool]) -> list[int]:
    """How much the first 0, 1, 2 … places of `a` have in common with `b`."""
    row = deque(_rows(a, b, cancelled), maxlen=1)[0]
    lengths = [0]
    for digit in reversed(f"{row:0{len(a)}b}"):
        lengths.append(lengths[-1] + (digit == "0"))
    return lengths
