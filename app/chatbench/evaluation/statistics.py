"""What a run says: how good a column is and how sure that is, how two columns compare, and what changed.

Plain Python, as fast as it gets: values that occur again and again (scores, milliseconds) are counted first.
None stands for what is not known or could not be judged, and counts nowhere.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import accumulate, compress, islice
from operator import eq, sub
from typing import Any, Final, Literal, NamedTuple, TypeVar, cast

import msgspec

Key = TypeVar("Key", bound=Hashable)
CONFIDENCE: Final = 0.95
SIGNIFICANT: Final = 0.05
"""From which p on a difference is not called one."""
_Z_95: Final = 1.959963984540054
_EXACT_UP_TO: Final = 50
"""So many pairs without ties are compared by every way their signs could have fallen."""
_LOOKED_AT: Final = 100
"""So many differences tell whether there are ties."""
_LEAST_DIFFERENT: Final = 6
"""With fewer rows that differ, no test can call it significant."""


class Interval(NamedTuple):
    """From `low` to `high`, both inside."""

    low: float
    high: float


class Bin(NamedTuple):
    """How many values (`number`) lie from `low` up to `high`, which is inside the last bin only."""

    low: float
    high: float
    number: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One column. `rate` is the share of the `judged` cells that passed, with its 95 % Wilson interval;
    `cost` US dollars of the cells whose price is known, `unpriced` the others; `median_ms` and `p95_ms`
    of the time until the whole answer. None: nothing is known."""

    cells: int = 0
    judged: int = 0
    passed: int = 0
    rate: float | None = None
    interval: Interval | None = None
    mean_score: float | None = None
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """Two columns on the same rows: on how many the second is `better`, `worse` or the `same`; `p` is the
    chance of a difference at least as large if there were none (McNemar's exact test for passes,
    Wilcoxon's signed ranks for scores), `difference` the mean of second − first."""

    better: int
    worse: int
    same: int
    p: float
    difference: float | None
    test: Literal["McNemar", "Wilcoxon"]

    @property
    def rows(self) -> int:
        """How many could be compared."""
        return self.better + self.worse + self.same

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would hardly do it."""
        return self.p < SIGNIFICANT

    @property
    def is_told_by_few(self) -> bool:
        """Whether too few rows came out otherwise to tell whether that was chance."""
        return self.better + self.worse < _LEAST_DIFFERENT

    def words(self, first: str = "A", second: str = "B") -> str:
        """In plain words, as "B is better on 14 rows, worse on 6: not yet significant"."""
        if not self.rows:
            return f"{first} and {second} have no row in common that could be judged."
        if not self.better and not self.worse:
            return f"{first} and {second} do the same on {_rows(self.rows)}."
        if self.better >= self.worse:
            told = f"{second} is better on {_rows(self.better)}, worse on {self.worse}"
        else:
            told = f"{second} is worse on {_rows(self.worse)}, better on {self.better}"
        if self.is_significant:
            return f"{told}: significant ({_chance(self.p)})."
        if self.is_told_by_few:
            return f"{told}: too few rows differ to tell."
        return f"{told}: not yet significant ({_chance(self.p)})."


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are otherwise than before, in the order of the later run: `fixed` failed and pass now,
    `broken` passed and fail now, `judged` and `unjudged` could not be judged on one side."""

    fixed: tuple[Any, ...] = ()
    broken: tuple[Any, ...] = ()
    judged: tuple[Any, ...] = ()
    unjudged: tuple[Any, ...] = ()
    added: tuple[Any, ...] = ()
    removed: tuple[Any, ...] = ()


def wilson(passed: int, judged: int, z: float = _Z_95) -> Interval | None:
    """The Wilson score interval of a share, 95 % unless `z` says otherwise; None of nothing."""
    if judged <= 0:
        return None
    share, square = passed / judged, z * z
    centre = (share + square / (2 * judged)) / (1 + square / judged)
    reach = z * math.sqrt(share * (1 - share) / judged + square / (4 * judged * judged))
    reach /= 1 + square / judged
    low = 0.0 if passed == 0 else max(0.0, centre - reach)
    return Interval(low, 1.0 if passed == judged else min(1.0, centre + reach))


def mean(values: Iterable[float | None]) -> float | None:
    """Of what is known."""
    known = list(values)
    try:
        # Without a None among them, this is done in C.
        return math.fsum(cast("list[float]", known)) / len(known) if known else None
    except TypeError:
        return mean([value for value in known if value is not None])


def percentiles(values: Iterable[float | None], shares: Sequence[float]) -> list[float] | None:
    """The values below which those shares (0–1) of all lie, between two neighbours in proportion; None of
    nothing."""
    return _percentiles(_counted(values), shares)


def histogram(
    values: Iterable[float | None], bins: int = 10, low: float | None = None, high: float | None = None
) -> list[Bin]:
    """How the known values are spread, in bins of one width from `low` to `high` (the least and the largest
    value where they are not given); what lies outside is not counted."""
    known = [value for value in values if value is not None]
    if not known and (low is None or high is None):
        return []
    start = min(known) if low is None else low
    end = max(known) if high is None else high
    if start == end:
        start, end = start - 0.5, end + 0.5
    edges = [start + (end - start) * at / bins for at in range(bins)] + [end]
    # The edge of the last bin is inside.
    places = Counter(map(partial(bisect_right, [*edges[:-1], math.nextafter(end, math.inf)]), known))
    return [Bin(edges[at], edges[at + 1], places[at + 1]) for at in range(bins)]


def summary(
    passed: Sequence[bool | None],
    *,
    scores: Iterable[float | None] = (),
    costs: Iterable[Decimal | None] = (),
    input_tokens: Iterable[int] = (),
    output_tokens: Iterable[int] = (),
    times_ms: Iterable[float | None] = (),
) -> Summary:
    """One column, from what is known of its cells."""
    good = passed.count(True)
    judged = good + passed.count(False)
    prices = list(costs)
    known = [price for price in prices if price is not None]
    times = percentiles(times_ms, (0.5, 0.95))
    return Summary(
        cells=len(passed),
        judged=judged,
        passed=good,
        rate=good / judged if judged else None,
        interval=wilson(good, judged),
        mean_score=mean(scores),
        cost=sum(known, Decimal(0)),
        unpriced=len(prices) - len(known),
        input_tokens=sum(input_tokens),
        output_tokens=sum(output_tokens),
        median_ms=times[0] if times else None,
        p95_ms=times[1] if times else None,
    )


def compare_passes(first: Sequence[bool | None], second: Sequence[bool | None]) -> Paired:
    """Row by row whether two columns pass; each a value a row, in the same order. Raises ValueError where
    they are of different lengths."""
    if len(first) != len(second):
        raise ValueError("the columns have different numbers of rows")
    try:
        # Without a None among them, this is done in C.
        changes = list(map(sub, cast("Sequence[bool]", second), cast("Sequence[bool]", first)))
    except TypeError:
        pairs = zip(first, second, strict=True)
        changes = [b - a for a, b in pairs if a is not None and b is not None]
    better, worse = changes.count(1), changes.count(-1)
    same = len(changes) - better - worse
    rows = better + worse + same
    return Paired(
        better=better, worse=worse, same=same, p=mcnemar(better, worse), test="McNemar",
        difference=(better - worse) / rows if rows else None,
    )  # fmt: skip


def compare_scores(first: Sequence[float | None], second: Sequence[float | None]) -> Paired:
    """Row by row how two columns score; as `compare_passes`. Of several repeats give each row's mean:
    repeats of one row are no rows of their own."""
    if len(first) != len(second):
        raise ValueError("the columns have different numbers of rows")
    try:
        # Without a None among them, this is done in C.
        differences = list(map(sub, second, first))
    except TypeError:
        pairs = zip(first, second, strict=True)
        differences = [b - a for a, b in pairs if a is not None and b is not None]
    rows, same = len(differences), differences.count(0.0)
    better = sum([difference > 0 for difference in differences])
    return Paired(
        better=better, worse=rows - same - better, same=same, test="Wilcoxon",
        p=_signed_ranks(differences) if not same else wilcoxon(differences),
        difference=math.fsum(differences) / rows if rows else None,
    )  # fmt: skip


def mcnemar(better: int, worse: int) -> float:
    """The two-sided p of McNemar's exact test: of that many coins, how seldom so few fall on one side."""
    count, few = better + worse, min(better, worse)
    if better == worse:
        return 1.0
    term = math.exp(
        math.lgamma(count + 1) - math.lgamma(few + 1) - math.lgamma(count - few + 1) - count * math.log(2)
    )
    total = 0.0
    for at in range(few, -1, -1):
        total += term
        if term < total * 1e-17:
            break
        term *= at / (count - at + 1)
    return min(1.0, 2 * total)


def wilcoxon(differences: Iterable[float]) -> float:
    """The two-sided p of Wilcoxon's signed-rank test, differences of 0 left out: exact for at most 50
    without ties, else by the normal distribution, corrected for ties."""
    return _signed_ranks([difference for difference in differences if difference])


def _signed_ranks(found: Sequence[float]) -> float:
    """Of differences that are none of them 0."""
    ranked = _distinct(found) or _tied(found)
    total = len(found)
    if not total:
        return 1.0
    if not ranked.ties and total <= _EXACT_UP_TO:
        return _exact_signs(total, round(min(ranked.rank_sum, total * (total + 1) / 2 - ranked.rank_sum)))
    middle = total * (total + 1) / 4
    spread = math.sqrt(total * (total + 1) * (2 * total + 1) / 24 - ranked.ties / 48)
    return min(1.0, math.erfc(abs(ranked.rank_sum - middle) / spread / math.sqrt(2))) if spread else 1.0


def means_by_row(values: Iterable[tuple[Key, float | None]]) -> dict[Key, float | None]:
    """One value a row out of several repeats, in the order in which the rows come first."""
    found: dict[Key, list[float]] = {}
    for row, value in values:
        kept = found.setdefault(row, [])
        if value is not None:
            kept.append(value)
    return {row: math.fsum(kept) / len(kept) if kept else None for row, kept in found.items()}


def changed(before: Mapping[Key, bool | None], after: Mapping[Key, bool | None]) -> Changed:
    """Which rows (or cells) of two runs are otherwise; the keys say which belong together."""
    found: dict[str, list[Key]] = {
        name: [] for name in ("fixed", "broken", "judged", "unjudged", "added", "removed")
    }
    for key, now in after.items():
        if key not in before:
            found["added"].append(key)
        elif (was := before[key]) is not now:
            found[_change(was, now)].append(key)
    found["removed"] = [key for key in before if key not in after]
    return Changed(**{name: tuple(keys) for name, keys in found.items()})


def pareto(points: Sequence[tuple[float | Decimal | None, float | None]]) -> list[int]:
    """Which of (cost, quality) nothing else beats, cheapest first: their places. A point is beaten by one
    that costs no more and is no worse, and is better in one of both; what is not known is left out."""
    known = [
        (float(cost), quality, at)
        for at, (cost, quality) in enumerate(points)
        if cost is not None and quality is not None
    ]
    known.sort(key=lambda point: (point[0], -point[1], point[2]))
    front: list[int] = []
    best, best_cost = -math.inf, -math.inf
    for cost, quality, at in known:
        if quality > best or (quality == best and cost == best_cost):
            front.append(at)
            best, best_cost = quality, cost
    return front


def _counted(values: Iterable[float | None]) -> list[tuple[float, int]]:
    """Each value once with how often it is there, in order."""
    counts: Counter[float | None] = Counter(values)
    counts.pop(None, None)
    return sorted((value, count) for value, count in counts.items() if value is not None)


def _percentiles(ordered: Sequence[tuple[float, int]], shares: Sequence[float]) -> list[float] | None:
    if not ordered:
        return None
    ends = list(accumulate(count for _, count in ordered))
    found: list[float] = []
    for share in shares:
        place = share * (ends[-1] - 1)
        below = math.floor(place)
        low = ordered[bisect_left(ends, below + 1)][0]
        high = ordered[bisect_left(ends, min(below + 2, ends[-1]))][0]
        found.append(low + (high - low) * (place - below))
    return found


class _Ranked(NamedTuple):
    """The sum of the ranks of what is above 0, and Σ t³ − t over groups of t equals."""

    rank_sum: float
    ties: int


def _distinct(differences: Sequence[float]) -> _Ranked | None:
    """Where no two are of one size; None where two are, or seem to be many."""
    begun = differences[:_LOOKED_AT]
    if len(set(map(abs, begun))) < len(begun):
        return None
    ordered = sorted(differences, key=abs)
    sizes = list(map(abs, ordered))
    if any(map(eq, sizes, islice(sizes, 1, None))):
        return None
    return _Ranked(sum(compress(range(1, len(ordered) + 1), [one > 0 for one in ordered])), 0)


def _tied(differences: Sequence[float]) -> _Ranked:
    sizes: Counter[float] = Counter()
    positive: Counter[float] = Counter()
    for value, count in Counter(differences).items():
        sizes[abs(value)] += count
        if value > 0:
            positive[value] += count
    rank_sum, ties, before = 0.0, 0, 0
    for size in sorted(sizes):
        count = sizes[size]
        rank_sum += (before + (count + 1) / 2) * positive[size]
        ties += count**3 - count
        before += count
    return _Ranked(rank_sum, ties)


def _exact_signs(count: int, least: int) -> float:
    """How often the smaller sum of ranks is at most that, over all signs."""
    ways = [1]
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for at, number in enumerate(ways):
            longer[at + rank] += number
        ways = longer
    return float(min(1.0, 2 * sum(ways[: least + 1]) / 2**count))


def _change(was: bool | None, now: bool | None) -> str:
    if now is None:
        return "unjudged"
    if was is None:
        return "judged"
    return "fixed" if now else "broken"


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
