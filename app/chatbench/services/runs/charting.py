"""A run's cells drawn together: by bands of rows and by column, and how they are spread in each column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import msgspec

from chatbench.core.runs import CellRating, Run
from chatbench.evaluation.statistics import Bin, histogram, percentiles
from chatbench.storage.runs import DONE, FAILED, REFUSED, UNCHECKED, Figures

Measure = Literal["passed", "score", "cost", "time", "tokens"]
MEASURES: Final[tuple[Measure, ...]] = ("passed", "score", "cost", "time", "tokens")
SPREAD: Final[tuple[Measure, ...]] = ("score", "cost", "time", "tokens")
RATINGS: Final[tuple[CellRating, ...]] = ("down", "up", 1, 2, 3, 4, 5)
MOST_BANDS: Final = 80
_BINS: Final = 20
_USUAL: Final = 0.98
_FAR: Final = 2.0
"""So many times the value below which nearly all lie, a value is far off: the last bin takes it in."""


class Band(NamedTuple):
    """Neighbouring rows of a run, by their places (from 0), both inside."""

    first: int
    last: int


class HeatMap(msgspec.Struct, frozen=True, kw_only=True):
    """`values[column][band]` is the mean of what is known of those cells (None: nothing is), between `low`
    and `high`: shares and scores 0–1, US dollars, milliseconds, tokens."""

    bands: tuple[Band, ...]
    values: tuple[tuple[float | None, ...], ...]
    low: float
    high: float


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How many cells of each column lie where, all in the same bins. `is_open`: the last bin has what lies
    beyond it too. `unknown` has the cells of each column without the value."""

    columns: tuple[tuple[Bin, ...], ...]
    unknown: tuple[int, ...]
    is_open: bool = False


class Charts(msgspec.Struct, frozen=True, kw_only=True):
    """What can be drawn of a run; empty where nothing was answered yet. `ratings` has for each column how
    many of its answers a person gave each of `RATINGS`."""

    heat: dict[Measure, HeatMap]
    spread: dict[Measure, Spread]
    ratings: tuple[tuple[int, ...], ...] = ()


def charts_of(run: Run, figures: Sequence[Figures]) -> Charts:
    """Of the figures of all cells, in any order."""
    values = {measure: _read(run, measure, figures) for measure in MEASURES}
    bands = _bands(run.rows)
    each = bands[0].last + 1 if bands else 1
    repeats, width = run.plan.repeats, len(run.columns)
    places = [divmod(one.place // repeats, width) for one in figures]
    spots = [column * len(bands) + row // each for row, column in places]
    heat = {measure: _heat(bands, width, spots, found, measure) for measure, found in values.items()}
    columns = [column for _, column in places]
    return Charts(
        heat=heat,
        spread={measure: _spread(width, columns, values[measure], measure) for measure in SPREAD},
        ratings=_ratings(width, columns, figures),
    )


def _read(run: Run, measure: Measure, figures: Sequence[Figures]) -> list[float | None]:
    """A value for each cell: an answer that never came passes no check, and has nothing else."""
    failing = 0.0 if run.plan.checks else None
    if measure == "passed":
        return [failing if one.state in (FAILED, REFUSED) else _judged(one) for one in figures]
    value: Callable[[Figures], float | None] = {
        "score": lambda one: one.score,
        "cost": lambda one: None if one.cost is None else float(Decimal(one.cost)),
        "time": lambda one: one.total_ms,
        "tokens": lambda one: one.input_tokens + one.output_tokens,
    }[measure]
    return [value(one) if one.state in (DONE, UNCHECKED) else None for one in figures]


def _judged(one: Figures) -> float | None:
    return None if one.state != DONE or one.passed is None else float(one.passed)


def _bands(rows: int) -> tuple[Band, ...]:
    each = max(1, math.ceil(rows / MOST_BANDS))
    return tuple(Band(first, min(rows, first + each) - 1) for first in range(0, rows, each))


def _heat(
    bands: tuple[Band, ...], width: int, spots: list[int], found: list[float | None], measure: Measure
) -> HeatMap:
    count = len(bands)
    sums, known = [0.0] * (width * count), [0] * (width * count)
    for spot, value in zip(spots, found, strict=True):
        if value is not None:
            sums[spot] += value
            known[spot] += 1
    means = [total / number if number else None for total, number in zip(sums, known, strict=True)]
    values = tuple(tuple(means[at * count : (at + 1) * count]) for at in range(width))
    high = (
        1.0 if measure in ("passed", "score") else max((one for one in means if one is not None), default=0)
    )
    return HeatMap(bands=bands, values=values, low=0.0, high=high or 1.0)


def _spread(width: int, columns: list[int], found: list[float | None], measure: Measure) -> Spread:
    each: list[list[float]] = [[] for _ in range(width)]
    unknown = [0] * width
    for column, value in zip(columns, found, strict=True):
        if value is None:
            unknown[column] += 1
        else:
            each[column].append(value)
    known = [value for values in each for value in values]
    if not known:
        return Spread(columns=((),) * width, unknown=tuple(unknown))
    most = max(known)
    usual = (percentiles(known, (_USUAL,)) or [most])[0]
    is_open = measure != "score" and most > _FAR * usual > 0
    bin_width, bins = (0.1, 10) if measure == "score" else _round_bins(usual if is_open else most, measure)
    high = bin_width * bins
    told = [histogram([min(one, high) for one in values], bins, 0.0, high) for values in each]
    return Spread(columns=tuple(map(tuple, told)), unknown=tuple(unknown), is_open=is_open)


def round_step(most: float, steps: int) -> float:
    """A step that is easily read (1, 2 or 5 times a power of ten), of which so many reach that far."""
    rough = most / steps
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next((one * power for one in (1, 2, 5) if one * power >= rough), 10 * power)


def _ratings(width: int, columns: list[int], figures: Sequence[Figures]) -> tuple[tuple[int, ...], ...]:
    given = zip(columns, figures, strict=True)
    found = Counter((column, one.rating) for column, one in given if one.rating is not None)
    return tuple(tuple(found[column, str(rating)] for rating in RATINGS) for column in range(width))


def _round_bins(most: float, measure: Measure) -> tuple[float, int]:
    """A width, and how many of it reach that far."""
    width = round_step(most, _BINS)
    if measure in ("tokens", "time"):
        width = max(1.0, width)
    return width, max(1, math.ceil(most / width - 1e-9))
