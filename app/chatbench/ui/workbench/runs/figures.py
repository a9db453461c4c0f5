"""What stands in the head of a column: its numbers, and how sure they are."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final, NamedTuple

from PySide6.QtCore import QCoreApplication

from chatbench.services.runs import RunStatistics
from chatbench.ui import quantities

TOO_FEW: Final = 20
"""With fewer judged cells the interval says next to nothing."""
_STEPS: Final = 10


class ColumnFigures(NamedTuple):
    """One column: `rate` of its cells passed, surely between `low` and `high` (95 %); None where nothing
    was judged. Money in US dollars, times in milliseconds."""

    judged: int = 0
    passed: int = 0
    rate: float | None = None
    low: float = 0.0
    high: float = 1.0
    cost: Decimal | None = None
    median_ms: float | None = None
    p95_ms: float | None = None
    mean_score: float | None = None

    @property
    def reach(self) -> float:
        """Half the interval."""
        return (self.high - self.low) / 2


class Scale(NamedTuple):
    """The shares between which the intervals of all columns are drawn."""

    low: float = 0.0
    high: float = 1.0


def scale_of(columns: tuple[ColumnFigures, ...]) -> Scale:
    """One that holds every interval, wide enough to be read: from a multiple of ten to another."""
    told = [one for one in columns if one.rate is not None]
    if not told:
        return Scale()
    low = math.floor(min(one.low for one in told) * _STEPS) / _STEPS
    high = math.ceil(max(one.high for one in told) * _STEPS) / _STEPS
    return Scale(low, high) if high > low else Scale(max(0.0, high - 1 / _STEPS), high)


def percent(share: float, places: int = 1) -> str:
    """A share: `94.0 %`."""
    return _tr("{0} %").format(quantities.decimals(share * 100, places))


def figures_of(statistics: RunStatistics) -> tuple[ColumnFigures, ...]:
    """What the heads show."""
    found = []
    for column in statistics.columns:
        one = column.summary
        low, high = one.interval or (0.0, 1.0)
        known = one.cells > one.unpriced or not one.cells
        found.append(
            ColumnFigures(
                judged=one.judged, passed=one.passed, rate=one.rate, low=low, high=high,
                cost=one.cost if known else None, median_ms=one.median_ms, p95_ms=one.p95_ms,
                mean_score=one.mean_score,
            )
        )  # fmt: skip
    return tuple(found)


def told(figures: ColumnFigures) -> str:
    """A head in words, for screen readers and tooltips."""
    parts = []
    if figures.rate is None:
        parts.append(_tr("nothing judged yet"))
    else:
        words = _tr("{0} passed, {1} of {2}, 95 % interval {3} to {4}")
        parts.append(
            words.format(
                percent(figures.rate), quantities.number(figures.passed), quantities.number(figures.judged),
                percent(figures.low), percent(figures.high),
            )
        )  # fmt: skip
        if figures.judged < TOO_FEW:
            parts.append(_tr("too few to tell"))
    if figures.mean_score is not None:
        parts.append(_tr("mean score {0}").format(quantities.decimals(figures.mean_score, 2)))
    parts.append(quantities.amount(figures.cost) if figures.cost is not None else _tr("price unknown"))
    if figures.median_ms is not None and figures.p95_ms is not None:
        words = _tr("median {0}, 95th percentile {1}")
        times = quantities.duration(figures.median_ms / 1000), quantities.duration(figures.p95_ms / 1000)
        parts.append(words.format(*times))
    return "; ".join(parts)


def _tr(text: str) -> str:
    return QCoreApplication.translate("ColumnFigures", text)
