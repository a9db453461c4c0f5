"""From verdicts to what a cell is: its score, whether it passed, and what its graders cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol, get_args

import msgspec

from chatbench.client.llm import LLMClient
from chatbench.core.checks import Check, DeterministicKind, Subject, Verdict
from chatbench.core.models import ModelRef
from chatbench.core.runs import Cell, Plan

_QUICK = frozenset(get_args(DeterministicKind))


class Checks(Protocol):
    """Judges answers."""

    async def judge_all(
        self, checks: Sequence[Check], subject: Subject, *, client: LLMClient | None = None
    ) -> tuple[Verdict, ...]:
        """A verdict for each check, in their order; `client` asks the graders. Raises BudgetExceeded."""

    def judge_at_once(self, checks: Sequence[Check], subject: Subject) -> tuple[Verdict, ...] | None:
        """The same where no check asks anybody and all take a moment only; None elsewhere."""

    def embedders(self, checks: Sequence[Check]) -> list[ModelRef]:
        """The models that are asked for embeddings, one for each check that wants one."""

    def problems(self, checks: Sequence[Check]) -> list[str]:
        """What is wrong with them, in words."""


class Judged(NamedTuple):
    """A cell with its verdicts; US dollars its graders took, and calls of theirs without a price."""

    cell: Cell
    cost: Decimal
    unpriced: int


def is_quick(checks: Sequence[Check]) -> bool:
    """Whether none of them asks a model or starts a process."""
    return all(check.kind in _QUICK for check in checks)


def judged(plan: Plan, cell: Cell, verdicts: Sequence[Verdict]) -> Judged:
    """The cell with what its checks found."""
    score, passed = outcome(plan, verdicts)
    gradings = [one for verdict in verdicts if verdict.gradings for one in verdict.gradings]
    known = [one.cost for one in gradings if one.cost is not None]
    found = msgspec.structs.replace(cell, verdicts=tuple(verdicts), score=score, passed=passed)
    return Judged(found, sum(known, Decimal(0)), len(gradings) - len(known))


def outcome(plan: Plan, verdicts: Sequence[Verdict]) -> tuple[float | None, bool | None]:
    """The weighted mean score of what could be judged, and whether the cell passes: all required checks do,
    and the score reaches the plan's threshold. None: nothing could be judged, or, with everything else
    passed, a required check could not be."""
    total = weight = 0.0
    failed = missing = False
    for check, verdict in zip(plan.checks, verdicts, strict=True):
        if verdict.passed is None:
            missing |= check.required
            continue
        total += check.weight * verdict.score
        weight += check.weight
        failed |= check.required and not verdict.passed
    known = any(verdict.passed is not None for verdict in verdicts)
    score = total / weight if weight else None
    if failed:
        return score, False
    if missing or not known:
        return score, None
    return score, plan.threshold is None or (score is not None and score >= plan.threshold)


def letters(verdicts: Sequence[Verdict]) -> str:
    """A letter for each verdict: "1" passed, "0" failed, "-" could not be judged."""
    return "".join("-" if one.passed is None else "1" if one.passed else "0" for one in verdicts)
