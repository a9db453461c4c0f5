"""How far a run that is under way has come: counts, money, speed."""

from __future__ import annotations

import time
from collections import deque
from decimal import Decimal

import msgspec

from chatbench.core.runs import Cell, CellKey, Run, RunState

_RATE_S = 10.0
_RATE_MARKS = 50


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """How a run stands this moment. Counts are of cells; `rate` cells a second, of the last seconds;
    `cost` US dollars of the whole run so far (`unpriced` calls besides), `estimated_cost` of all of it;
    `seconds_left` None where nobody can say; `texts` the words so far of cells that are being asked;
    `in_jobs` cells that providers have in batch jobs."""

    state: RunState
    total: int
    done: int
    failed: int
    running: int
    passed: int
    concurrent: int
    rate: float
    cost: Decimal
    unpriced: int
    estimated_cost: Decimal | None
    seconds_left: float | None
    texts: dict[CellKey, str] = {}
    in_jobs: int = 0
    reason: str = ""


class Progress:
    """Counts what comes of a run, from where it stood."""

    def __init__(self, run: Run, passed: int) -> None:
        self._total = run.total
        self._done, self._failed, self._passed = run.done, run.failed, passed
        self._cost, self._unpriced = run.cost, run.unpriced
        self._answered = 0
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), 0)], maxlen=_RATE_MARKS)

    def answered(self, cell: Cell, cost: Decimal, unpriced: int) -> None:
        """A cell has come, whether with an answer or without."""
        self._done += cell.error is None
        self._failed += cell.error is not None
        self.spent(cost, unpriced)
        self._answered += 1
        now = time.monotonic()
        if now - self._marks[-1][0] >= _RATE_S / _RATE_MARKS:
            self._marks.append((now, self._answered))

    def judged(self, cell: Cell, cost: Decimal, unpriced: int) -> None:
        """Its checks have come."""
        self._passed += cell.passed is True
        self.spent(cost, unpriced)

    def spent(self, cost: Decimal, unpriced: int) -> None:
        """US dollars, and calls whose price is unknown."""
        self._cost += cost
        self._unpriced += unpriced

    def live(
        self,
        state: RunState,
        reason: str,
        *,
        running: int,
        in_jobs: int,
        concurrent: int,
        texts: dict[CellKey, str],
    ) -> Live:
        """How it stands, with what only the run itself knows."""
        over = self._done + self._failed
        rate = self._rate(time.monotonic())
        known = self._unpriced == 0 and self._done
        return Live(
            state=state,
            total=self._total,
            done=self._done,
            failed=self._failed,
            running=running,
            in_jobs=in_jobs,
            passed=self._passed,
            concurrent=concurrent,
            rate=rate,
            cost=self._cost,
            unpriced=self._unpriced,
            estimated_cost=self._cost * self._total / max(1, over) if known else None,
            seconds_left=(self._total - over) / rate if rate and not in_jobs else None,
            texts=texts,
            reason=reason,
        )

    def _rate(self, now: float) -> float:
        since, count = next(
            ((at, answered) for at, answered in self._marks if now - at <= _RATE_S), self._marks[-1]
        )
        return (self._answered - count) / (now - since) if now > since else 0.0
