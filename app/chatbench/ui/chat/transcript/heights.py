"""Heights of many rows: guessed from sizes at once, corrected one by one in O(log n).

A guess is the same for every row plus a share of its size, so the sums of the guesses come from one
running sum of the sizes; what is known better is kept in a Fenwick tree of corrections.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


class Heights:
    """Heights of rows in pixels, in reading order: ``fixed + size * share`` until they are set."""

    def __init__(self, sizes: Sequence[float] = (), fixed: float = 0.0, share: float = 1.0) -> None:
        self._sizes = tuple(sizes)
        self._fixed = fixed
        self._share = share
        self._before = list(accumulate(sizes, initial=0))
        self._changes = [0.0] * (len(sizes) + 1)
        self._set: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, row: int) -> float:
        found = self._set.get(row)
        return self._fixed + self._sizes[row] * self._share if found is None else found

    def set(self, row: int, height: float) -> None:
        """Correct one row's height."""
        change = height - self[row]
        self._set[row] = height
        if not change:
            return
        at = row + 1
        while at < len(self._changes):
            self._changes[at] += change
            at += at & -at

    def _guess(self, row: int) -> float:
        return row * self._fixed + self._before[row] * self._share

    def top(self, row: int) -> float:
        """The sum of the heights before ``row``."""
        total = self._guess(row)
        while row > 0:
            total += self._changes[row]
            row -= row & -row
        return total

    def total(self) -> float:
        """The sum of all heights."""
        return self.top(len(self))

    def find(self, y: float) -> tuple[int, float]:
        """The row at ``y`` and how far into it; the last row for anything below. (0, 0) if empty."""
        count = len(self)
        if not count:
            return 0, 0.0
        row, corrected = 0, 0.0
        step = 1 << count.bit_length()
        y = max(0.0, y)
        while step:
            ahead = row + step
            if ahead <= count and self._guess(ahead) + corrected + self._changes[ahead] <= y:
                row, corrected = ahead, corrected + self._changes[ahead]
            step >>= 1
        row = min(row, count - 1)
        return row, y - self.top(row)
