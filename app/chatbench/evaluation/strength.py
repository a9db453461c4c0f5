"""Bradley-Terry strengths from pairwise outcomes, each with a 95 % interval.

The chance that a model of strength s beats one of strength t is 1 / (1 + 10 ** ((t - s) / 400)), so the
numbers read like Elo's; but they come from all outcomes at once and no order matters. A tie is half a
win each way. Strengths are relative: the average of those compared is 1000. The interval is of the
difference to that average, from the observed information.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key")

AVERAGE = 1000.0
_POINTS = 400 / math.log(10)
_WITHIN_95 = 1.959964
_CLOSE = 1e-9
_MOST_STEPS = 100


class Strength(NamedTuple):
    """In points; `low` to `high` is the 95 % interval. `corrected`: somebody has only won or only
    lost so far, so that no finite strengths fit, and half a win each way was added to every pair."""

    points: float
    low: float
    high: float
    corrected: bool = False


class Wins(Generic[Key]):
    """How often each beat each. Nobody is compared with itself."""

    def __init__(self, outcomes: Iterable[tuple[Key, Key, float]] = ()) -> None:
        """From (winner, loser, how often)."""
        self.of: dict[Key, dict[Key, float]] = {}
        for winner, loser, count in outcomes:
            self.add(winner, loser, count)

    def add(self, winner: Key, loser: Key, count: float = 1.0) -> None:
        """Counts wins; a tie is half of one each way."""
        for key in (winner, loser):
            self.of.setdefault(key, {})
        if winner != loser:
            self.of[winner][loser] = self.of[winner].get(loser, 0.0) + count

    def groups(self) -> list[list[Key]]:
        """Those compared with one another, directly or through third ones; the group of most
        comparisons first. Between two groups nothing is known."""
        beside: dict[Key, set[Key]] = {key: set(losers) for key, losers in self.of.items()}
        for key, losers in self.of.items():
            for loser in losers:
                beside[loser].add(key)
        found: list[list[Key]] = []
        seen: set[Key] = set()
        for key in self.of:
            if key not in seen:
                group = _reached(key, beside)
                seen |= group
                found.append([one for one in self.of if one in group])
        return sorted(found, key=lambda group: (self._count(group), len(group)), reverse=True)

    def _count(self, group: Iterable[Key]) -> float:
        return sum(sum(self.of[key].values()) for key in group)


def strengths(wins: Wins[Key], group: list[Key]) -> dict[Key, Strength]:
    """Of the members of one of `wins.groups()`; nothing for a group of one."""
    if len(group) < 2:
        return {}
    index = {key: at for at, key in enumerate(group)}
    table: dict[tuple[int, int], float] = defaultdict(float)
    for key in group:
        for loser, count in wins.of[key].items():
            table[index[key], index[loser]] += count
    corrected = not _is_finite(len(group), table)
    if corrected:
        for one, other in {(min(pair), max(pair)) for pair in table}:
            table[one, other] += 0.5
            table[other, one] += 0.5
    logs, spreads = _fitted(len(group), table)
    found: dict[Key, Strength] = {}
    for key, log, spread in zip(group, logs, spreads, strict=True):
        points, reach = AVERAGE + _POINTS * log, _POINTS * _WITHIN_95 * spread
        found[key] = Strength(points, points - reach, points + reach, corrected)
    return found


def _reached(start: Key, beside: Mapping[Key, Iterable[Key]]) -> set[Key]:
    reached, waiting = {start}, [start]
    while waiting:
        for other in beside[waiting.pop()]:
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def _is_finite(size: int, table: Mapping[tuple[int, int], float]) -> bool:
    """Whether everyone has beaten everyone, at least through others: only then do finite strengths
    fit best (Ford 1957)."""
    down: dict[int, set[int]] = {at: set() for at in range(size)}
    up: dict[int, set[int]] = {at: set() for at in range(size)}
    for (winner, loser), count in table.items():
        if count > 0:
            down[winner].add(loser)
            up[loser].add(winner)
    return len(_reached(0, down)) == size == len(_reached(0, up))


def _fitted(size: int, table: Mapping[tuple[int, int], float]) -> tuple[list[float], list[float]]:
    """Natural logarithms of the strengths, their sum 0, and the standard deviation of each; by
    Newton's method, its steps halved while they lead away."""
    logs = [0.0] * size
    likelihood = _likelihood(logs, table)
    for _ in range(_MOST_STEPS):
        slopes, information = _derivatives(logs, table)
        step = _solved(_factored(information), slopes)
        share = 1.0
        while True:
            tried = [log + share * by for log, by in zip(logs, step, strict=True)]
            better = _likelihood(tried, table)
            if better >= likelihood or share < _CLOSE:
                break
            share /= 2
        logs, likelihood = tried, better
        if max(map(abs, step)) < _CLOSE:
            break
    lower = _factored(_derivatives(logs, table)[1])
    spreads: list[float] = []
    for at in range(size):
        unit = [float(at == other) for other in range(size)]
        # The information with 1/n added everywhere has the inverse that is wanted, plus 1/n.
        spreads.append(math.sqrt(_solved(lower, unit)[at] - 1 / size))
    return logs, spreads


def _likelihood(logs: list[float], table: Mapping[tuple[int, int], float]) -> float:
    total = 0.0
    for (winner, loser), count in table.items():
        lead = logs[winner] - logs[loser]
        # log(1 + exp(-lead)), also where exp would be too large for a float.
        total -= count * (max(0.0, -lead) + math.log1p(math.exp(-abs(lead))))
    return total


def _derivatives(
    logs: list[float], table: Mapping[tuple[int, int], float]
) -> tuple[list[float], list[list[float]]]:
    """The slope of the likelihood, and the observed information with 1/n added everywhere, which
    holds the sum of the logarithms at 0."""
    size = len(logs)
    slopes = [0.0] * size
    information = [[1 / size] * size for _ in range(size)]
    for (winner, loser), count in table.items():
        surprise = 1 / (1 + math.exp(logs[winner] - logs[loser]))
        slopes[winner] += count * surprise
        slopes[loser] -= count * surprise
        weight = count * surprise * (1 - surprise)
        information[winner][winner] += weight
        information[loser][loser] += weight
        information[winner][loser] -= weight
        information[loser][winner] -= weight
    return slopes, information


def _factored(matrix: list[list[float]]) -> list[list[float]]:
    """The lower triangle whose product with its transpose is this positive definite matrix."""
    lower = [[0.0] * len(matrix) for _ in matrix]
    for i, row in enumerate(matrix):
        for j in range(i + 1):
            rest = row[j] - sum(a * b for a, b in zip(lower[i][:j], lower[j][:j], strict=True))
            lower[i][j] = math.sqrt(rest) if i == j else rest / lower[j][j]
    return lower


def _solved(lower: list[list[float]], right: list[float]) -> list[float]:
    """x of L · Lᵀ · x = right."""
    size = len(lower)
    forward: list[float] = []
    for i, row in enumerate(lower):
        forward.append((right[i] - sum(row[k] * forward[k] for k in range(i))) / row[i])
    found = [0.0] * size
    for i in reversed(range(size)):
        known = sum(lower[k][i] * found[k] for k in range(i + 1, size))
        found[i] = (forward[i] - known) / lower[i][i]
    return found
