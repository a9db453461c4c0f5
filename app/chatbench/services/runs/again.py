"""Cells looked at again: which requests have changed since they were asked, and what other checks say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from decimal import Decimal

import msgspec

from chatbench.core.checks import Check, Verdict
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.runs import Cell, CellKey, Plan, Run, RunColumn, RunRow
from chatbench.services.runs.asking import Asker, fingerprint_of, subject_of
from chatbench.services.runs.judging import Checks, Judged, judged, letters
from chatbench.services.runs.sources import Sources
from chatbench.storage.runs import DONE, Finished, RunStore, key_of, place_of

_PAGE = 256
_AT_ONCE = 20


async def refreshed(run: Run, columns: Sequence[RunColumn], sources: Sources, store: RunStore) -> Run:
    """The run with prompts and rows as they are now. Raises ConfigurationError where its table would have
    other columns, and what reading the rows raises; it is as it was then."""
    if [_shape(one) for one in columns] != [_shape(one) for one in run.columns]:
        raise ConfigurationError(
            "The plan makes other columns than the run has.", "Start a new run: nothing of this one is lost."
        )
    data = run.plan.data
    if not (data.id or data.name or data.file):
        return await store.settle(run, run.rows, columns)
    rows = [row async for piece in sources.rows(data) for row in piece]
    if not rows:
        raise ConfigurationError("The plan has no rows any more.", "Choose others, or add some.")
    places = {row_id: place for place, row_id in (await store.row_ids(run)).items()}
    await store.rearrange(run, [places.get(row.id) for row in rows])
    for first in range(0, len(rows), _PAGE):
        await store.add_rows(run, first, rows[first : first + _PAGE])
    return await store.settle(run, len(rows), columns)


async def changed_places(run: Run, asker: Asker, store: RunStore) -> list[int]:
    """The places of cells whose request is another by now, those left out that only go on from such."""
    before = {one.place: one.fingerprint for one in await store.figures(run)}
    found: list[int] = []
    async for row, place, cells in _rows(run, store):
        for column in run.columns:
            for repeat in range(run.plan.repeats):
                key = CellKey(place, column.index, repeat)
                at = place_of(run, key)
                if at not in before:
                    continue
                if before[at] != _fingerprint(asker, key, row, cells, run):
                    found.append(at)
    return found


def with_followers(run: Run, places: Iterable[int]) -> list[int]:
    """The cells, and those of the same row that go on from their answers."""
    found = dict.fromkeys(places)
    for place in list(found):
        key = key_of(run, place)
        for column in run.columns[key.column + 1 :]:
            sources = column.outputs_of.values()
            if any(place_of(run, CellKey(key.row, source, key.repeat)) in found for source in sources):
                found[place_of(run, CellKey(key.row, column.index, key.repeat))] = None
    return list(found)


async def verdicts_of(
    run: Run, checks: Sequence[Check], asker: Asker, judge: Checks, store: RunStore
) -> AsyncIterator[list[tuple[Cell, tuple[Verdict, ...]]]]:
    """Every answered cell with what these checks find of it, some rows at a time. Raises BudgetExceeded."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(cell: Cell, row: RunRow, question: str) -> tuple[Cell, tuple[Verdict, ...]]:
        async with places:
            subject = subject_of(cell, row, question)
            return cell, await judge.judge_all(checks, subject, client=asker.client)

    async for row, place, cells in _rows(run, store):
        asked = [
            one(cell, row, _question(asker, cell, row, cells, run))
            for key, cell in cells.items()
            if key.row == place and cell.state == "done"
        ]
        if asked:
            yield list(await asyncio.gather(*asked))


async def recheck(
    run: Run, plan: Plan, asker: Asker, judge: Checks, store: RunStore, told: Callable[[], None]
) -> None:
    """Judges every answered cell by the checks of `plan`, and keeps what they find."""
    group: list[Judged] = []

    async def write() -> None:
        finished = [
            Finished(place_of(run, one.cell.key), one.cell, DONE, letters(one.cell.verdicts)) for one in group
        ]
        cost = sum((one.cost for one in group), Decimal(0))
        await store.judge(run, finished, cost, sum(one.unpriced for one in group))
        group.clear()
        told()

    try:
        async for found in verdicts_of(run, plan.checks, asker, judge, store):
            group += [judged(plan, cell, verdicts) for cell, verdicts in found]
            if len(group) >= _PAGE:
                await write()
    finally:
        if group:
            await write()


async def _rows(run: Run, store: RunStore) -> AsyncIterator[tuple[RunRow, int, dict[CellKey, Cell]]]:
    """Every row with its place and its cells that have been asked."""
    each = len(run.columns) * run.plan.repeats
    for first in range(0, run.rows, _PAGE):
        count = min(_PAGE, run.rows - first)
        rows = await store.rows(run, first, count)
        cells: dict[int, dict[CellKey, Cell]] = {}
        for cell in await store.cells(run, first * each, count * each):
            cells.setdefault(cell.key.row, {})[cell.key] = cell
        for place, row in enumerate(rows, first):
            yield row, place, cells.get(place, {})


def _outputs(key: CellKey, cells: dict[CellKey, Cell], run: Run) -> dict[str, str]:
    found = {}
    for variable, column in run.columns[key.column].outputs_of.items():
        source = cells.get(CellKey(key.row, column, key.repeat))
        found[variable] = source.text if source is not None else ""
    return found


def _fingerprint(asker: Asker, key: CellKey, row: RunRow, cells: dict[CellKey, Cell], run: Run) -> str:
    try:
        return fingerprint_of(asker.request(run.columns[key.column], row, _outputs(key, cells, run)))
    except ChatbenchError:
        return ""


def _question(asker: Asker, cell: Cell, row: RunRow, cells: dict[CellKey, Cell], run: Run) -> str:
    try:
        return asker.question(cell, row, _outputs(cell.key, cells, run))
    except ChatbenchError:
        return ""


def _shape(column: RunColumn) -> tuple[int, str, str]:
    return column.planned, column.model, msgspec.json.encode(column.parameters).decode()
