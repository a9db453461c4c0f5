"""Runs looked at: cells and rows, what they come to, how they compare; and what a person says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path

from chatbench.core.changes import Changes
from chatbench.core.errors import ConfigurationError
from chatbench.core.observe import Signal
from chatbench.core.requests import Request
from chatbench.core.runs import Cell, CellKey, CellRating, Run, RunColumn, RunRow
from chatbench.services.runs.charting import Charts, charts_of
from chatbench.services.runs.clients import Clients
from chatbench.services.runs.exporting import Exporter, RunFormat
from chatbench.services.runs.statistics import Compared, RunStatistics, compared, statistics_of
from chatbench.services.runs.unrated import unrated
from chatbench.storage.runs import Figures, RunStore, place_of

_Read = tuple[Run, list[Figures], dict[int, str]]
"""A run, its figures, and the ids of its rows by their places."""


class Reading:
    """The part of the service of runs that asks nothing. All methods raise StorageError where there is no
    such run."""

    def __init__(self, store: RunStore, clients: Clients, changes: Signal[Changes]) -> None:
        self._store = store
        self._clients = clients
        self._changes = changes

    async def cells(self, run_id: str, which: Sequence[CellKey] | range | None = None) -> list[Cell]:
        """Cells that have been asked: of these keys, of these rows, or all."""
        run = await self._store.get(run_id)
        each = len(run.columns) * run.plan.repeats
        if which is None:
            return await self._store.cells(run, 0, run.total)
        if isinstance(which, range):
            return await self._store.cells(run, which.start * each, len(which) * each)
        found = [await self._store.cell(run, place_of(run, key)) for key in which]
        return [cell for cell in found if cell is not None]

    async def rows(self, run_id: str, first: int = 0, count: int = 200) -> list[RunRow]:
        """The rows in these places, as they were when the run was made."""
        return await self._store.rows(await self._store.get(run_id), first, count)

    async def failing_rows(self, run_id: str, check: int | None = None) -> list[int]:
        """The places of rows in which a cell failed or did not pass; of `check` (its place in the plan), in
        which that one did not."""
        return await self._store.failing_rows(await self._store.get(run_id), check)

    async def places_of(self, run_id: str, row_ids: Collection[str]) -> list[int]:
        """Where the rows with these ids stand, in their order."""
        ids = await self._store.row_ids(await self._store.get(run_id))
        return [place for place, row_id in ids.items() if row_id in row_ids]

    async def failing_ids(self, run_id: str) -> frozenset[str]:
        """The ids of rows in which a cell failed or did not pass."""
        run = await self._store.get(run_id)
        ids = await self._store.row_ids(run)
        return frozenset(ids[place] for place in await self._store.failing_rows(run))

    async def statistics(self, run_id: str) -> RunStatistics:
        """What its cells say so far; also while it is under way."""
        run = await self._store.get(run_id)
        figures = await self._store.figures(run)
        return await asyncio.to_thread(statistics_of, run, figures)

    async def charts(self, run_id: str) -> Charts:
        """Its cells drawn together, as far as they have come."""
        run = await self._store.get(run_id)
        return await asyncio.to_thread(charts_of, run, await self._store.figures(run))

    async def unrated(self, run_id: str, rows: Collection[int] | None = None) -> list[CellKey]:
        """The answers that nobody has rated yet, of these rows if some are given: row after row, those of
        each by chance."""
        run = await self._store.get(run_id)
        return await asyncio.to_thread(unrated, run, await self._store.figures(run), rows)

    async def counterpart(self, run_id: str, key: CellKey, earlier_id: str) -> Cell | None:
        """The cell of an earlier run that this one goes on from: that of the same row in the column that its
        column goes on from. None where there is none, or no answer in it."""
        run, earlier = await self._store.get(run_id), await self._store.get(earlier_id)
        column = _earlier(earlier, run.columns[key.column])
        rows = await self._store.rows(run, key.row, 1)
        if column is None or not rows or key.repeat >= earlier.plan.repeats:
            return None
        place = key.row
        if [row.id for row in await self._store.rows(earlier, place, 1)] != [rows[0].id]:
            ids = await self._store.row_ids(earlier)
            place = next((at for at, row_id in ids.items() if row_id == rows[0].id), -1)
        if place < 0:
            return None
        return await self._store.cell(earlier, place_of(earlier, CellKey(place, column, key.repeat)))

    async def compare(self, first: tuple[str, int], second: tuple[str, int]) -> Compared:
        """Two columns, each by the run's id and its index: of one run, or of two. Rows belong together by
        their ids."""
        return await self._compared(first, second, {})

    async def _compared(
        self, first: tuple[str, int], second: tuple[str, int], read: dict[str, _Read]
    ) -> Compared:
        """`read` is what was read of runs already, and gets what is read now."""
        for run_id, index in (first, second):
            if run_id not in read:
                run = await self._store.get(run_id)
                read[run_id] = run, await self._store.figures(run), await self._store.row_ids(run)
            if not 0 <= index < len(read[run_id][0].columns):
                raise ConfigurationError(
                    f"Run {read[run_id][0].number} has no column {index + 1}.", "Name another."
                )
        sides = [(read[run_id][0], index, *read[run_id][1:]) for run_id, index in (first, second)]
        return await asyncio.to_thread(compared, *sides)

    async def compare_runs(self, first: str, second: str) -> list[Compared]:
        """Each column of the second run with the one of the first that it goes on from: the same one, or the
        one of the same prompt, model and parameters; columns without one are left out."""
        one, other = await self._store.get(first), await self._store.get(second)
        pairs = [(column.index, _earlier(one, column)) for column in other.columns]
        read: dict[str, _Read] = {}
        return [
            await self._compared((first, before), (second, after), read)
            for after, before in pairs
            if before is not None
        ]

    async def export(self, run_id: str, form: RunFormat, path: Path) -> tuple[str, ...]:
        """Writes the run as a table (csv, jsonl, xlsx: a line for each cell), a page (html) or for build
        servers (junit); returns what could not be written as it is. Raises StorageError and its kinds."""
        run = await self._store.get(run_id)
        statistics = await self.statistics(run_id)
        read: dict[str, _Read] = {}
        columns = range(1, len(run.columns))
        others = [await self._compared((run_id, 0), (run_id, at), read) for at in columns]
        return await Exporter(run, self._store, statistics, others).export(form, path)

    async def sent(self, run_id: str, key: CellKey) -> Request:
        """What the model of a cell is asked first. Raises FormatError for values that do not fill it in."""
        run = await self._store.get(run_id)
        (row,) = await self._store.rows(run, key.row, 1)
        column = run.columns[key.column]
        outputs: dict[str, str] = {}
        for variable, source in column.outputs_of.items():
            place = place_of(run, CellKey(key.row, source, key.repeat))
            before = await self._store.cell(run, place)
            outputs[variable] = "" if before is None else before.text
        return self._clients.asker(run).request(column, row, outputs)

    async def rate(self, run_id: str, key: CellKey, rating: CellRating | None, note: str = "") -> None:
        """A person's judgement of a cell; None takes it back."""
        run = await self._store.get(run_id)
        await self._store.rate(run, place_of(run, key), rating, note)
        self._tell(run_id)

    def _tell(self, run_id: str) -> None:
        self._changes.emit(Changes(runs=frozenset({run_id})))


def _earlier(run: Run, column: RunColumn) -> int | None:
    """The column that `column` of a later run goes on from."""
    same = [one.index for one in run.columns if one.key == column.key]
    alike = [
        one.index
        for one in run.columns
        if (one.planned, one.model, one.parameters) == (column.planned, column.model, column.parameters)
    ]
    return next(iter((*same, *alike)), None)
