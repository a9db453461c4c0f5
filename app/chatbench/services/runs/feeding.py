"""Which cell is asked next: a lane for each model, so that a slow one holds no other back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from chatbench.core.runs import CellKey, Run, RunRow
from chatbench.storage.runs import DUE, RunStore

_PAGE = 256
"""Rows that are read at once."""


class Due(NamedTuple):
    """A cell whose turn it is. `lane` is to be told when it is over."""

    place: int
    key: CellKey
    row: RunRow
    lane: Lane


class Lane:
    """The cells of one model, row after row; within a row a prompt comes before those that go on from it."""

    def __init__(self, run: Run, columns: list[int], states: bytearray, store: RunStore) -> None:
        self.in_flight = 0
        self.given = 0
        self.is_over = False
        self._run, self._columns, self._states, self._store = run, columns, states, store
        self._page: deque[Due] = deque()
        self._first = 0
        self._lock = asyncio.Lock()

    async def next(self) -> Due | None:
        """The next cell; None at the end."""
        while not self._page:
            async with self._lock:
                if not self._page and not await self._turn():
                    self.is_over = True
                    return None
        self.given += 1
        return self._page.popleft()

    async def _turn(self) -> bool:
        """Reads the next rows of which a cell is due; False where there are none."""
        while self._first < self._run.rows and not self._page:
            first, count = self._first, min(_PAGE, self._run.rows - self._first)
            due = {row: places for row in range(first, first + count) if (places := self._places(row))}
            rows = await self._store.rows(self._run, first, count) if due else []
            self._first += count
            self._page.extend(
                Due(place, key, row, self)
                for at, row in enumerate(rows, first)
                for place, key in due.get(at, ())
            )
        return bool(self._page)

    def _places(self, row: int) -> list[tuple[int, CellKey]]:
        """The cells of a row that are to be asked, or checked."""
        repeats, states = self._run.plan.repeats, self._states
        start = row * len(self._run.columns)
        return [
            (place, CellKey(row, column, repeat))
            for column in self._columns
            for repeat in range(repeats)
            if states[place := (start + column) * repeats + repeat] in DUE
        ]


class Feed:
    """Hands out the cells of a run, each once, evenly over the lanes; or those of some of its columns."""

    def __init__(
        self, run: Run, states: bytearray, store: RunStore, columns: Collection[int] | None = None
    ) -> None:
        models: dict[str, list[int]] = {}
        for column in run.columns:
            if columns is None or column.index in columns:
                models.setdefault(column.model, []).append(column.index)
        self._lanes = [Lane(run, columns, states, store) for columns in models.values()]

    @property
    def is_over(self) -> bool:
        """Whether every cell has been handed out."""
        return all(lane.is_over for lane in self._lanes)

    async def next(self) -> Due | None:
        """A cell of the model that has the fewest in flight, of these the one that has had the fewest; None
        once there are no more."""
        while open_lanes := [lane for lane in self._lanes if not lane.is_over]:
            lane = min(open_lanes, key=lambda one: (one.in_flight, one.given))
            lane.in_flight += 1
            due = await lane.next()
            if due is not None:
                return due
            lane.in_flight -= 1
        return None
