"""Heights of many rows with sums, searches and changes in O(log n): a Fenwick tree."""

from __future__ import annotations

from collections.abc import Iterable


class Heights:
    """Heights of rows, in pixels, in reading order."""

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._values = list(values)
        self._sums = [0.0, *self._values]
        count = len(self._values)
        for at in range(1, count + 1):
            above = at + (at & -at)
            if above <= count:
                self._sums[above] += self._sums[at]

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, row: int) -> float:
        return self._values[row]

    def set(self, row: int, height: float) -> None:
        """Change one row's height."""
        change = height - self._values[row]
        if not change:
            return
        self._values[row] = height
        at = row + 1
        while at < len(self._sums):
            self._sums[at] += change
            at += at & -at

    def top(self, row: int) -> float:
        """The sum of the heights before ``row``."""
        total = 0.0
        while row > 0:
            total += self._sums[row]
            row -= row & -row
        return total

    def total(self) -> float:
        """The sum of all heights."""
        return self.top(len(self._values))

    def find(self, y: float) -> tuple[int, float]:
        """The row at ``y`` and how far into it; the last row for anything below. (0, 0) if empty."""
        if not self._values:
            return 0, 0.0
        row, step = 0, 1 << len(self._values).bit_length()
        rest = max(0.0, y)
        while step:
            ahead = row + step
            if ahead < len(self._sums) and self._sums[ahead] <= rest:
                row, rest = ahead, rest - self._sums[ahead]
            step >>= 1
        if row == len(self._values):
            row -= 1
            rest += self._values[row]
        return row, rest
