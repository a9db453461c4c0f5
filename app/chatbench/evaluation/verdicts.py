"""From what a check found to its verdict."""

from __future__ import annotations

import math

from chatbench.core.checks import Check, Verdict
from chatbench.evaluation.findings import Finding
from chatbench.evaluation.kinds import threshold_of


def decided(check: Check, found: Finding) -> Verdict:
    """The verdict of a finding: its threshold and negation taken into account."""
    score = min(1.0, max(0.0, found.score)) if math.isfinite(found.score) else 0.0
    passed = found.passed
    if passed is None or check.threshold is not None:
        threshold = threshold_of(check)
        # A share of three thirds must not fail for the last bit.
        passed = score >= threshold - 1e-9
    if check.negate:
        return Verdict(passed=not passed, score=1 - score, reason=found.reason)
    return Verdict(passed=passed, score=score, reason=found.reason)


def unjudged(reason: str) -> Verdict:
    """The verdict where nothing can be said."""
    return Verdict(passed=None, reason=reason)
