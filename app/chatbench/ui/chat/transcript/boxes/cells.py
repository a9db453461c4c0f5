"""The words of a table as one text, rows on lines and cells apart by tabs, and where each cell is in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from chatbench.ui.chat.transcript.utf16 import units


class CellText:
    """Made of the words of each cell, row by row; offsets are UTF-16 units."""

    def __init__(self, rows: Sequence[Sequence[str]], columns: int) -> None:
        self.text = "\n".join("\t".join(row) for row in rows)
        self.length = units(self.text)
        self._columns = columns
        self._starts: list[int] = []
        at = 0
        for row in rows:
            for cell in row:
                self._starts.append(at)
                at += units(cell) + 1

    def start_of(self, row: int, column: int) -> int:
        """Where a cell begins."""
        return self._starts[row * self._columns + column]

    def cell_at(self, offset: int) -> tuple[int, int]:
        """Row and column of the cell around an offset."""
        return divmod(max(0, bisect_right(self._starts, offset) - 1), self._columns)

    def cell_range(self, offset: int) -> tuple[int, int]:
        """The cell around an offset."""
        row, column = self.cell_at(offset)
        return self._range(row * self._columns + column, 1)

    def row_range(self, offset: int) -> tuple[int, int]:
        """The row around an offset."""
        return self._range(self.cell_at(offset)[0] * self._columns, self._columns)

    def _range(self, first: int, count: int) -> tuple[int, int]:
        after = first + count
        end = self._starts[after] - 1 if after < len(self._starts) else self.length
        return self._starts[first], end
