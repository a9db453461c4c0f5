"""The part of a run's table that is looked at: rows and cells, read as they are needed and let go again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from PySide6.QtCore import QObject, Signal

from chatbench.core.runs import CellKey, Run
from chatbench.services import Services
from chatbench.ui.aio import Rereading
from chatbench.ui.workbench.runs.shown import ShownCell, ShownRow, shown_cell, shown_row

_KEPT_CELLS: Final = 8_000
_LEAST_ROWS: Final = 200
_GAP: Final = 8
"""Rows so close to each other are read as one piece."""
_PIECE_CELLS: Final = 600
"""Read at once: more would keep the window from painting while they are taken in."""

Cells = dict[tuple[int, int], ShownCell]
"""By column and repeat."""


class _Line:
    __slots__ = ("cells", "row", "stale")

    def __init__(self, row: ShownRow, cells: Cells) -> None:
        self.row = row
        self.cells = cells
        self.stale = False


class Pages(QObject):
    """`arrived(rows)`: these rows of the run are otherwise than they were. Nothing is kept but what was
    looked at last."""

    arrived = Signal(object)

    def __init__(self, services: Services, run: Run, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self.run = run
        self._lines: OrderedDict[int, _Line] = OrderedDict()
        self._wanted: list[int] = []
        self._reading = Rereading(self._read, self, "run-cells")

    def look(self, rows: Sequence[int]) -> None:
        """These rows of the run are in view, in this order; what is not there, or stale, is read."""
        self._wanted = list(rows)
        for row in rows:
            if row in self._lines:
                self._lines.move_to_end(row)
        if any(self._lacks(row) for row in rows):
            self._reading.again()

    def row(self, row: int) -> ShownRow | None:
        """None: it has not been read yet."""
        line = self._lines.get(row)
        return line.row if line is not None else None

    def cell(self, key: CellKey) -> ShownCell | None:
        """None: it has no answer yet, or its row has not been read."""
        line = self._lines.get(key.row)
        return line.cells.get((key.column, key.repeat)) if line is not None else None

    def stale(self, *, all_of_them: bool = False) -> None:
        """Cells were written: those of rows in view that were not over are read again, or all."""
        each = len(self.run.columns) * self.run.plan.repeats
        for line in self._lines.values():
            over = not all_of_them and len(line.cells) == each
            line.stale = line.stale or not over or any(one.state != "done" for one in line.cells.values())
        self.look(self._wanted)

    def forget(self, rows: Iterable[int]) -> None:
        """These are to be read again."""
        for row in rows:
            if row in self._lines:
                self._lines[row].stale = True
        self.look(self._wanted)

    def _lacks(self, row: int) -> bool:
        line = self._lines.get(row)
        return line is None or line.stale

    async def _read(self) -> None:
        for first, last in self._pieces():
            if not any(self._lacks(row) for row in range(first, last + 1)):
                continue
            if first not in self._wanted and last not in self._wanted:
                continue
            await self._take(first, last)
        self._trim()

    async def _take(self, first: int, last: int) -> None:
        runs = self._services.runs
        told = await runs.rows(self.run.id, first, last + 1 - first)
        cells: dict[int, Cells] = {}
        for cell in await runs.cells(self.run.id, range(first, last + 1)):
            key = cell.key
            cells.setdefault(key.row, {})[key.column, key.repeat] = shown_cell(cell)
        changed = []
        for row, one in enumerate(told, first):
            line = self._lines.get(row)
            here = cells.get(row, {})
            if line is None:
                self._lines[row] = _Line(shown_row(one), here)
            elif line.cells != here or line.stale:
                line.cells, line.stale = here, False
            else:
                continue
            changed.append(row)
        if changed:
            self.arrived.emit(changed)

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """Rows that are lacking, together where they are close."""
        each = max(1, len(self.run.columns) * self.run.plan.repeats)
        most = max(1, _PIECE_CELLS // each)
        first = last = -1
        for row in sorted(row for row in self._wanted if self._lacks(row)):
            if first >= 0 and row - last <= _GAP and row - first < most:
                last = row
                continue
            if first >= 0:
                yield first, last
            first = last = row
        if first >= 0:
            yield first, last

    def _trim(self) -> None:
        each = max(1, len(self.run.columns) * self.run.plan.repeats)
        most = max(_LEAST_ROWS, _KEPT_CELLS // each, 2 * len(self._wanted))
        while len(self._lines) > most:
            self._lines.popitem(last=False)
