"""A run's charts in words and shares: what is drawn of it, and the table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from chatbench.core.runs import CellRating
from chatbench.services.runs import (
    RATINGS,
    Band,
    Charts,
    ColumnStatistics,
    HeatMap,
    Measure,
    RunStatistics,
    Spread,
)
from chatbench.ui import quantities
from chatbench.ui.workbench.runs.figures import percent
from chatbench.ui.workbench.runs.strips import Strip, Strips, Tile

_TICKS = 5


class Table(NamedTuple):
    """Heads, and the cells of each row."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Drawn(NamedTuple):
    """A chart and its table; `told` says how to read it."""

    strips: Strips
    table: Table
    told: str


def measure_name(measure: Measure) -> str:
    """What a measure is called."""
    names: dict[Measure, str] = {
        "passed": _tr("Verdict"),
        "score": _tr("Score"),
        "cost": _tr("Cost"),
        "time": _tr("Time"),
        "tokens": _tr("Tokens"),
    }
    return names[measure]


def value_words(measure: Measure, value: float) -> str:
    """A value with its unit."""
    if measure == "passed":
        return percent(value, 0)
    if measure == "score":
        return quantities.decimals(value, 2)
    if measure == "cost":
        return quantities.amount(Decimal(f"{value:.9f}"))
    if measure == "time":
        return quantities.duration(value / 1000)
    return quantities.number(round(value))


def heat_of(charts: Charts, measure: Measure, names: Sequence[str]) -> Drawn:
    """Rows from left to right in bands."""
    heat = charts.heat[measure]
    bands = [_rows(band) for band in heat.bands]
    strips = tuple(
        Strip(
            name,
            tuple(
                Tile(_share(heat, value), f"{band}, {_mean(measure, value)}")
                for band, value in zip(bands, values, strict=True)
            ),
        )
        for name, values in zip(names, heat.values, strict=True)
    )
    rows = tuple(
        (band, *(_mean(measure, values[at]) for values in heat.values)) for at, band in enumerate(bands)
    )
    return Drawn(
        Strips(strips, _row_ticks(heat.bands), "missing" if measure == "passed" else "tint"),
        Table((_tr("Rows"), *names), rows),
        _tr(
            "Each bar is the mean of its rows, from 0 to {0}; a cross is 0, a dash unknown. "
            "Enter or a click goes to the rows."
        ).format(value_words(measure, heat.high or 1.0)),
    )


def spread_of(charts: Charts, measure: Measure, names: Sequence[str]) -> Drawn:
    """Values from left to right in bins."""
    spread = charts.spread[measure]
    most = max((one.number for bins in spread.columns for one in bins), default=0) or 1
    edges = next((bins for bins in spread.columns if bins), ())
    words = [_bin(spread, measure, at) for at in range(len(edges))]
    strips = tuple(
        Strip(
            name,
            tuple(Tile(one.number / most, _counted(words[at], one.number)) for at, one in enumerate(bins)),
        )
        for name, bins in zip(names, spread.columns, strict=True)
    )
    rows = [
        (
            words[at],
            *(
                quantities.number(bins[at].number) if bins else quantities.number(0)
                for bins in spread.columns
            ),
        )
        for at in range(len(edges))
    ]
    if any(spread.unknown):
        rows.append((_tr("unknown"), *(quantities.number(one) for one in spread.unknown)))
    unknown = sum(spread.unknown)
    told = _tr("How many answers lie where; the highest bar has {0}.").format(quantities.number(most))
    if unknown:
        told += " " + _tr("Cells that are not among them, for nothing is known: {0}.").format(
            quantities.number(unknown)
        )
    ticks = tuple(
        (at / _TICKS, value_words(measure, edges[-1].high * at / _TICKS)) for at in range(_TICKS + 1)
    ) if edges else ()  # fmt: skip
    return Drawn(Strips(strips, ticks), Table((measure_name(measure), *names), tuple(rows)), told)


def ratings_of(charts: Charts, names: Sequence[str]) -> Drawn:
    """How often each judgement was given."""
    words = [_rating(one) for one in RATINGS]
    most = max((count for counts in charts.ratings for count in counts), default=0)
    strips = tuple(
        Strip(
            name,
            tuple(
                Tile(count / (most or 1), _counted(word, count))
                for word, count in zip(words, counts, strict=True)
            ),
        )
        for name, counts in zip(names, charts.ratings, strict=True)
    )
    rows = [
        (word, *(quantities.number(counts[at]) for counts in charts.ratings)) for at, word in enumerate(words)
    ]
    rows.append((_tr("mean of 1 to 5"), *(_mean_mark(counts) for counts in charts.ratings)))
    ticks = tuple(((at + 0.5) / len(words), word) for at, word in enumerate(words))
    said = _tr("What people thought of the answers; the highest bar has {0}.").format(quantities.number(most))
    if not most:
        said = _tr("Nobody has rated an answer of this run yet.")
    return Drawn(Strips(strips, ticks), Table((_tr("Rating"), *names), tuple(rows)), said)


def value_table(statistics: RunStatistics, names: Sequence[str]) -> Table:
    """The columns beside each other."""
    heads = (
        _tr("Column"), _tr("Pass rate"), _tr("An answer"), _tr("Mean score"), _tr("Median"),
        _tr("Best value"),
    )  # fmt: skip
    rows = []
    for one, name in zip(statistics.columns, names, strict=True):
        summary, cost = one.summary, cost_of(one)
        score, ms = summary.mean_score, summary.median_ms
        rows.append(
            (
                name,
                percent(summary.rate) if summary.rate is not None else "",
                _tr("price unknown") if cost is None else quantities.amount(summary.cost / one.done),
                quantities.decimals(score, 2) if score is not None else "",
                quantities.duration(ms / 1000) if ms is not None else "",
                _tr("yes") if one.best_value else "",
            )
        )
    return Table(heads, tuple(rows))


def cost_of(column: ColumnStatistics) -> float | None:
    """US dollars of one answer; None where a price is unknown."""
    if column.summary.unpriced or not column.done:
        return None
    return float(column.summary.cost / column.done)


def _counted(words: str, count: int) -> str:
    told = _tr("{0}: {1} answer") if count == 1 else _tr("{0}: {1} answers")
    return told.format(words, quantities.number(count))


def _rating(rating: CellRating) -> str:
    named = {"down": _tr("thumbs down"), "up": _tr("thumbs up")}
    return named[rating] if isinstance(rating, str) else str(rating)


def _mean_mark(counts: Sequence[int]) -> str:
    """Of the marks alone: thumbs are on no scale with them."""
    marks = [(one, count) for one, count in zip(RATINGS, counts, strict=True) if isinstance(one, int)]
    given = sum(count for _, count in marks)
    return quantities.decimals(sum(one * count for one, count in marks) / given, 2) if given else ""


def _share(heat: HeatMap, value: float | None) -> float | None:
    return None if value is None else min(1.0, value / (heat.high or 1.0))


def _mean(measure: Measure, value: float | None) -> str:
    return _tr("unknown") if value is None else value_words(measure, value)


def _rows(band: Band) -> str:
    first, last = quantities.number(band.first + 1), quantities.number(band.last + 1)
    return _tr("Row {0}").format(first) if first == last else _tr("Rows {0} to {1}").format(first, last)


def _row_ticks(bands: Sequence[Band]) -> tuple[tuple[float, str], ...]:
    if not bands:
        return ()
    count = len(bands)
    places = sorted({count * at // _TICKS for at in range(_TICKS)} | {count - 1})
    return tuple(
        ((at + 0.5) / count, quantities.number((bands[at].last if at == count - 1 else bands[at].first) + 1))
        for at in places
    )


def _bin(spread: Spread, measure: Measure, at: int) -> str:
    bins = next(bins for bins in spread.columns if bins)
    low, high = value_words(measure, bins[at].low), value_words(measure, bins[at].high)
    if spread.is_open and at == len(bins) - 1:
        return _tr("{0} and more").format(low)
    return _tr("{0} to {1}").format(low, high)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Charts", text)
