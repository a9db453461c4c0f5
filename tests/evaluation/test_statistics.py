"""What a run says, held against SciPy and NumPy."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from chatbench.evaluation.statistics import (
    Bin,
    changed,
    compare_passes,
    compare_scores,
    histogram,
    mcnemar,
    mean,
    means_by_row,
    pareto,
    percentiles,
    summary,
    wilcoxon,
    wilson,
)


@pytest.mark.parametrize(("passed", "judged"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (9_321, 100_000)])
def test_wilsons_interval_is_scipys(passed: int, judged: int) -> None:
    interval = wilson(passed, judged)
    theirs = stats.binomtest(passed, judged).proportion_ci(0.95, method="wilson")
    assert interval is not None
    assert interval.low == pytest.approx(theirs.low, abs=1e-12)
    assert interval.high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= interval.low <= passed / judged <= interval.high <= 1


def test_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (0, 0),
        (1, 0),
        (5, 0),
        (6, 0),
        (14, 6),
        (6, 14),
        (30, 8),
        (500, 430),
        (50_400, 49_600),
        (90_000, 10_000),
    ],
)
def test_mcnemars_exact_test_is_scipys(better: int, worse: int) -> None:
    theirs = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert mcnemar(better, worse) == pytest.approx(theirs, rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("size", [1, 2, 6, 20, 50])
def test_wilcoxons_exact_test_is_scipys(size: int) -> None:
    drawn = random.Random(size)
    differences = [drawn.gauss(0.3, 1) for _ in range(size)]
    assert wilcoxon(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


@pytest.mark.parametrize("size", [8, 60, 3_000])
@pytest.mark.parametrize("levels", [2, 5, 0])
def test_wilcoxons_test_with_ties_is_scipys(size: int, levels: int) -> None:
    drawn = random.Random(size + levels)
    if levels:
        differences = [drawn.choice((-1, 1, 1)) * drawn.randint(1, levels) / 4 for _ in range(size)]
    else:
        differences = [drawn.gauss(0.05, 1) for _ in range(size)]
        differences[-1] = differences[0]
    theirs = stats.wilcoxon(differences, method="asymptotic", correction=False).pvalue
    assert wilcoxon(differences) == pytest.approx(theirs, rel=1e-9)
    assert wilcoxon([*differences, 0.0, -0.0]) == pytest.approx(theirs, rel=1e-9)


def test_many_differences_without_ties_are_scipys() -> None:
    drawn = random.Random(4)
    differences = [drawn.gauss(0.02, 1) for _ in range(2_000)]
    theirs = stats.wilcoxon(differences, method="asymptotic", correction=False).pvalue
    assert wilcoxon(differences) == pytest.approx(theirs, rel=1e-9)
    late = [*differences, *[0.125] * 400]
    theirs = stats.wilcoxon(late, method="asymptotic", correction=False).pvalue
    assert wilcoxon(late) == pytest.approx(theirs, rel=1e-9)


def test_no_difference_is_no_surprise() -> None:
    assert wilcoxon([]) == 1
    assert wilcoxon([0.0, 0.0]) == 1


@pytest.mark.parametrize(
    "values", [[5.0], [1, 2], [3, 1, 2], [1, 1, 1, 9], list(range(1_000)), [0.1, 0.7, 0.7, 0.25]]
)
def test_percentiles_are_numpys(values: list[float]) -> None:
    shares = (0, 0.05, 0.5, 0.95, 1)
    assert percentiles([*values, None], shares) == pytest.approx(
        np.percentile(values, [100 * share for share in shares]).tolist()
    )
    assert percentiles([None], shares) is None


@pytest.mark.parametrize("bins", [1, 7, 10])
def test_histograms_are_numpys(bins: int) -> None:
    drawn = random.Random(bins)
    for values in (
        [drawn.random() for _ in range(500)],
        [drawn.choice((0, 0.25, 0.5, 0.75, 1)) for _ in range(500)],
        [drawn.randint(0, 16) / 8 for _ in range(500)],
        [4.0, 4.0],
    ):
        counts, edges = np.histogram(values, bins=bins)
        found = histogram([*values, None], bins)
        assert [one.number for one in found] == counts.tolist()
        assert [one.low for one in found] == pytest.approx(edges[:-1].tolist())
        assert found[-1].high == pytest.approx(edges[-1])


def test_a_histogram_of_given_bounds_leaves_out_what_is_outside() -> None:
    found = histogram([-1, 0, 0.49, 0.5, 1, 1.1], 2, 0, 1)
    assert found == [Bin(0, 0.5, 2), Bin(0.5, 1, 2)]
    assert histogram([], 2, 0, 1) == [Bin(0, 0.5, 0), Bin(0.5, 1, 0)]
    assert histogram([None], 2) == []


def test_a_column_is_summed_up() -> None:
    found = summary(
        [True, False, None, True],
        scores=[1, 0.5, None, 0.9],
        costs=[Decimal("0.1"), Decimal("0.2"), None, Decimal("0.3")],
        input_tokens=[1, 2, 3, 4],
        output_tokens=[10, 0, 0, 5],
        times_ms=[100, 200, None, 400],
    )
    assert (found.cells, found.judged, found.passed) == (4, 3, 2)
    assert found.rate == pytest.approx(2 / 3)
    assert found.interval == wilson(2, 3)
    assert found.mean_score == pytest.approx(0.8)
    assert (found.cost, found.unpriced) == (Decimal("0.6"), 1)
    assert (found.input_tokens, found.output_tokens) == (10, 15)
    assert (found.median_ms, found.p95_ms) == (200, 380)
    nothing = summary([])
    assert (nothing.rate, nothing.interval, nothing.mean_score, nothing.median_ms) == (None,) * 4


def passes(better: int, worse: int, same: int) -> tuple[list[bool | None], list[bool | None]]:
    first = [False] * better + [True] * worse + [True] * same
    second = [True] * better + [False] * worse + [True] * same
    return [*first, None, True], [*second, True, None]


@pytest.mark.parametrize(
    ("better", "worse", "same", "words"),
    [
        (14, 6, 80, "B is better on 14 rows, worse on 6: not yet significant (p = 0.12)."),
        (6, 14, 80, "B is worse on 14 rows, better on 6: not yet significant (p = 0.12)."),
        (30, 8, 2, "B is better on 30 rows, worse on 8: significant (p < 0.001)."),
        (10, 1, 0, "B is better on 10 rows, worse on 1: significant (p = 0.012)."),
        (1, 0, 9, "B is better on 1 row, worse on 0: too few rows differ to tell."),
        (0, 0, 9, "A and B do the same on 9 rows."),
        (0, 0, 0, "A and B have no row in common that could be judged."),
    ],
)
def test_two_columns_are_compared_in_plain_words(better: int, worse: int, same: int, words: str) -> None:
    found = compare_passes(*passes(better, worse, same))
    assert found.words() == words
    assert (found.better, found.worse, found.same) == (better, worse, same)
    assert found.rows == better + worse + same
    assert found.p == mcnemar(better, worse)
    assert found.words("old", "new").replace("new", "B").replace("old", "A") == words


def test_scores_are_compared_row_by_row() -> None:
    drawn = random.Random(8)
    first = [drawn.randint(0, 4) / 4 for _ in range(300)]
    second = [min(1.0, one + drawn.choice((0, 0, 0.25, -0.25, 0.25))) for one in first]
    found = compare_scores(first, second)
    theirs = stats.wilcoxon(np.array(second) - np.array(first), method="asymptotic", correction=False)
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.difference == pytest.approx(np.mean(np.array(second) - np.array(first)))
    assert found.better == sum(b > a for a, b in zip(first, second, strict=True))
    assert found.worse == sum(b < a for a, b in zip(first, second, strict=True))
    assert found.rows == 300
    with_gaps = compare_scores([*first, None, 1.0], [*second, 1.0, None])
    assert with_gaps == found


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different numbers"):
        compare_scores([1.0], [])
    with pytest.raises(ValueError, match="different numbers"):
        compare_passes([True], [])


def test_repeats_of_a_row_are_one_value() -> None:
    found = means_by_row([("a", 1.0), ("b", None), ("a", 0.5), ("c", None), ("c", 0.2)])
    assert found == {"a": 0.75, "b": None, "c": 0.2}
    assert mean([None]) is None


def test_what_changed_since_the_last_run() -> None:
    before = {1: True, 2: False, 3: True, 4: None, 5: True, 6: None}
    after = {2: True, 1: False, 3: True, 4: True, 5: None, 7: False, 6: None}
    found = changed(before, after)
    assert (found.fixed, found.broken, found.judged, found.unjudged) == ((2,), (1,), (4,), (5,))
    assert (found.added, found.removed) == ((7,), ())
    assert changed(after, before).removed == (7,)


def test_the_pareto_front_is_what_nothing_beats() -> None:
    points = [
        (Decimal("0.5"), 0.9), (Decimal("0.1"), 0.7), (Decimal("0.3"), 0.6), (None, 1.0),
        (Decimal("0.2"), None), (Decimal("0.1"), 0.7), (Decimal("0.9"), 0.9), (Decimal(0), 0.2),
    ]  # fmt: skip
    front = pareto(points)
    assert front == [7, 1, 5, 0]

    def beaten(at: int) -> bool:
        cost, quality = points[at]
        assert cost is not None
        assert quality is not None
        return any(
            c is not None and q is not None and c <= cost and q >= quality and (c < cost or q > quality)
            for c, q in points
        )

    assert set(front) == {
        at for at, (c, q) in enumerate(points) if c is not None and q is not None and not beaten(at)
    }
    assert pareto([]) == []


def test_nothing_is_lost_where_numbers_are_large() -> None:
    assert mcnemar(100_000, 0) == pytest.approx(0, abs=1e-300)
    assert math.isfinite(wilcoxon([1e308, -1e308, 5e-324]))
