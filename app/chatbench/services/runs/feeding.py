"""Which cell is asked next: a lane for each model, so that a slow one holds no other back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
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
        self._cells = self._each()
        self._lock = asyncio.Lock()

    async def next(self) -> Due | None:
        """The next cell; None at the end."""
        async with self._lock:
            due = await anext(self._cells, None)
        self.is_over = due is None
        self.given += due is not None
        return due

    async def _each(self) -> AsyncIterator[Due]:
        for first in range(0, self._run.rows, _PAGE):
            count = min(_PAGE, self._run.rows - first)
            if not any(self._places(row) for row in range(first, first + count)):
                continue
            for at, row in enumerate(await self._store.rows(self._run, first, count), first):
                for place, key in self._places(at):
                    yield Due(place, key, row, self)

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
    """Hands out the cells of a run, each once, evenly over the lanes."""

    def __init__(self, run: Run, states: bytearray, store: RunStore) -> None:
        models: dict[str, list[int]] = {}
        for column in run.columns:
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
