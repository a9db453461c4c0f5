"""Cells drawn together, answers still to be rated, the cell of an earlier run."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.ui.workbench.stored_runs import columns_of, stored, triage_rows

from chatbench.core.errors import ErrorReport
from chatbench.core.runs import Cell, CellKey, Run
from chatbench.core.usage import Usage
from chatbench.services import Services
from chatbench.services.runs.charting import MOST_BANDS, Band
from chatbench.storage.runs import key_of

COLUMNS = columns_of(("loop/a", "loop/b"))


def cell(run: Run, place: int) -> Cell:
    """In column A everything passes in more and more time; in B the even rows fail."""
    key = key_of(run, place)
    if key.column and not key.row % 2:
        return Cell(key=key, state="failed", error=ErrorReport(kind="RateLimited", message="Later"))
    return Cell(
        key=key, state="done", text=f"{key.row} {key.column} {key.repeat}", passed=True, score=0.5,
        cost=None if key.column else Decimal("0.001"), total_ms=100 * (key.row + 1),
        usage=Usage(input_tokens=10, output_tokens=key.row),
    )  # fmt: skip


async def test_rows_are_drawn_in_bands_and_what_is_not_known_is_left_out(services: Services) -> None:
    run = await stored(services, triage_rows(170), COLUMNS, cell)
    charts = await services.runs.charts(run.id)
    heat = charts.heat["passed"]
    assert len(heat.bands) == 57 <= MOST_BANDS
    assert (heat.bands[0], heat.bands[-1]) == (Band(0, 2), Band(168, 169))
    assert heat.values[0][:2] == (1.0, 1.0)
    assert [round(one or 0, 2) for one in heat.values[1][:2]] == [0.33, 0.67]
    assert charts.heat["cost"].values == ((0.001,) * 57, (None,) * 57)
    time = charts.heat["time"]
    assert (time.values[0][0], time.values[1][0]) == (200.0, 200.0)
    assert time.high == 17_000.0


async def test_values_are_counted_in_bins_of_a_round_width(services: Services) -> None:
    run = await stored(services, triage_rows(10), COLUMNS, cell)
    charts = await services.runs.charts(run.id)
    time = charts.spread["time"]
    assert [one.number for one in time.columns[0]] == [0, 0, *[1, 0] * 8, 1, 1]
    assert (time.columns[0][1].low, time.columns[0][-1].high) == (50.0, 1000.0)
    assert time.unknown == (0, 5)
    assert [one.number for one in charts.spread["score"].columns[0]][5] == 10
    assert sum(one.number for one in charts.spread["cost"].columns[1]) == 0


async def test_what_lies_far_out_is_counted_in_the_last_bin(services: Services) -> None:
    def made(run: Run, place: int) -> Cell:
        ms = 60_000 if place == 5 else 100
        return Cell(key=key_of(run, place), state="done", total_ms=ms, passed=True)

    run = await stored(services, triage_rows(100), COLUMNS[:1], made)
    time = (await services.runs.charts(run.id)).spread["time"]
    (bins,) = time.columns
    assert time.is_open
    assert bins[-1].high == 100.0
    assert bins[-1].number == 100


async def test_a_run_without_answers_has_empty_charts(services: Services) -> None:
    run = await stored(services, triage_rows(3), COLUMNS, lambda _run, _place: None)
    charts = await services.runs.charts(run.id)
    assert charts.heat["passed"].values == ((None,) * 3,) * 2
    assert charts.spread["time"].columns == ((), ())


async def test_thumbs_and_marks_are_counted_apart(services: Services) -> None:
    run = await stored(services, triage_rows(4), COLUMNS[:1], cell)
    for row, rating in enumerate(("up", "up", 1, 5)):
        await services.runs.rate(run.id, CellKey(row, 0), rating)  # type: ignore[arg-type]
    assert (await services.runs.charts(run.id)).ratings == ((0, 2, 1, 0, 0, 0, 1),)


async def test_answers_to_be_rated_come_row_by_row_in_an_order_by_chance(services: Services) -> None:
    run = await stored(services, triage_rows(40), COLUMNS, cell)
    order = await services.runs.unrated(run.id)
    assert len(order) == 60, "what has failed is not read"
    assert [key.row for key in order] == sorted(key.row for key in order)
    both = [key.column for key in order if key.row % 2]
    firsts = both[::2]
    assert set(firsts) == {0, 1}, "the place in a row tells nothing of the column"
    assert order == await services.runs.unrated(run.id)
    await services.runs.rate(run.id, order[0], 4)
    assert await services.runs.unrated(run.id) == order[1:]
    assert {key.row for key in await services.runs.unrated(run.id, [3, 7])} == {3, 7}


async def test_a_cell_has_its_counterpart_in_an_earlier_run(services: Services) -> None:
    rows = triage_rows(4)
    earlier = await stored(services, [rows[2], rows[1], rows[0]], COLUMNS, cell)
    later = msgspec.structs.replace(COLUMNS[1], index=0)
    run = await stored(services, rows, (later,), cell)
    runs = services.runs

    async def text(row: int) -> str | None:
        found = await runs.counterpart(run.id, CellKey(row, 0), earlier.id)
        return None if found is None else found.text

    assert [await text(row) for row in range(4)] == ["", "1 1 0", "", None]
