"""What it costs to say what a run of 100,000 cells says."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks.measuring import interleaved, median
from tests.benchmarks.rows import Measured

from chatbench.evaluation.statistics import compare_passes, compare_scores, histogram, summary

ROUNDS = 9
CELLS = 100_000


class _Column:
    """A column as the store hands it out: lists of Python's own values. Scores are those of graders and
    shares, `fine` ones those of embeddings, of which no two are the same."""

    def __init__(self, drawn: random.Random, *, fine: bool) -> None:
        self.passed: list[bool | None] = [drawn.random() < 0.8 for _ in range(CELLS)]
        self.scores: list[float | None] = [
            drawn.random() if fine else (drawn.randint(0, 4) / 4 + drawn.randint(0, 3) / 3) / 2
            for _ in range(CELLS)
        ]
        self.times: list[float | None] = [int(drawn.lognormvariate(7, 0.6)) for _ in range(CELLS)]
        self.tokens = [drawn.randint(1, 2_000) for _ in range(CELLS)]


def run_statistics_vs_numpy() -> Measured:
    """CPU time for a column's pass rate with its interval, mean score, tokens, median and 95th percentile
    of the time and histogram, and its comparison with another, passes and scores, to NumPy's for the same
    from the same lists; of scores that recur and of such that do not, together."""
    found = {name: _measured(fine) for name, fine in (("recurring", False), ("fine", True))}
    notes = tuple(
        f"{name} scores: {ours * 1000:.0f} to {theirs * 1000:.0f} ms"
        for name, (ours, theirs) in found.items()
    )
    ours, theirs = map(sum, zip(*found.values(), strict=True))
    return Measured(ours / theirs, notes=notes)


def _measured(fine: bool) -> tuple[float, float]:
    drawn = random.Random(6)
    first, second = _Column(drawn, fine=fine), _Column(drawn, fine=fine)
    mine, numpys = _ours(first, second), _numpys(first, second)
    assert all(abs(a - float(b)) < 1e-6 for a, b in zip(mine, numpys, strict=True)), (mine, numpys)
    ours, theirs = interleaved(
        ROUNDS, lambda: _spent(lambda: _ours(first, second)), lambda: _spent(lambda: _numpys(first, second))
    )
    return median(ours), median(theirs)


def _ours(first: _Column, second: _Column) -> tuple[float, ...]:
    told = summary(
        first.passed, scores=first.scores, times_ms=first.times, input_tokens=first.tokens,
        output_tokens=first.tokens,
    )  # fmt: skip
    bins = histogram(first.scores, 10)
    passes, scores = compare_passes(first.passed, second.passed), compare_scores(first.scores, second.scores)
    assert told.rate is not None
    assert told.mean_score is not None
    assert told.median_ms is not None
    assert told.p95_ms is not None
    assert scores.difference is not None
    return (
        told.rate, told.mean_score, told.median_ms, told.p95_ms, told.input_tokens, told.output_tokens,
        bins[0].number, passes.better, passes.worse, scores.better, scores.worse, scores.difference,
    )  # fmt: skip


def _numpys(first: _Column, second: _Column) -> tuple[float, ...]:
    import numpy as np

    passed, scores = np.array(first.passed), np.array(first.scores)
    middle, late = np.percentile(np.array(first.times), (50, 95))
    bins, _ = np.histogram(scores, 10)
    others = np.array(second.passed)
    differences = np.array(second.scores) - scores
    _ranked(differences[differences != 0])
    return (
        passed.mean(), scores.mean(), middle, late,
        np.array(first.tokens).sum(), np.array(first.tokens).sum(),
        bins[0], (others & ~passed).sum(), (passed & ~others).sum(), (differences > 0).sum(),
        (differences < 0).sum(), differences.mean(),
    )  # fmt: skip


def _ranked(differences: Any) -> tuple[float, int]:
    """The sum of the ranks above 0, and what ties take off, as a signed-rank test needs them."""
    import numpy as np

    _, places, counts = np.unique(np.abs(differences), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks[differences > 0].sum(), (counts**3 - counts).sum()


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
