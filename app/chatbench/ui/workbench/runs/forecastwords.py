"""What a forecast says, and where in the form what is wrong belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication

from chatbench.core.runs import Plan
from chatbench.services.runs import Forecast
from chatbench.ui import quantities
from chatbench.ui.workbench.runs.spans import span

_TOLD: Final = 3
FIELDS: Final = ("prompts", "data", "models", "checks")
"""The fields that a problem can be about."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("NewRunDialog", text)


def forecast_words(found: Forecast) -> str:
    """Calls, tokens, money and time in one line."""
    calls = _tr("{0} call") if found.calls == 1 else _tr("{0} calls")
    parts = [calls.format(quantities.number(found.calls))]
    if found.grading_calls:
        parts.append(_tr("{0} of graders").format(quantities.number(found.grading_calls)))
    parts.append(quantities.tokens(found.input_tokens + found.output_tokens, quantities.ABOUT))
    others = [
        words.format(quantities.estimate(cost))
        for words, cost in (
            (_tr("with cache {0}"), found.cost_with_cache),
            (_tr("in batches {0}"), found.cost_in_batches),
            (_tr("one by one {0}"), found.cost_at_once),
        )
        if cost is not None and cost != found.cost
    ]
    parts.append(quantities.estimate(found.cost) + (f" ({', '.join(others)})" if others else ""))
    if found.seconds is not None:
        parts.append(quantities.ABOUT + span(found.seconds))
    elif found.calls:
        parts.append(_tr("up to a day"))
    return " · ".join(parts)


def batch_words(found: Forecast) -> str:
    """Both prices, where they differ, and what would not go by batch jobs."""
    told = list(found.notes)
    if found.calls and found.cost_in_batches is None:
        told.insert(0, _tr("There is no batch price of all these models."))
    elif found.cost_at_once != found.cost_in_batches:
        both = _tr("{0} one by one, {1} in batch jobs.")
        told.insert(
            0,
            both.format(quantities.estimate(found.cost_at_once), quantities.estimate(found.cost_in_batches)),
        )
    return "\n".join(told)


def problems_by_field(plan: Plan, problems: Sequence[str]) -> dict[str, str]:
    """What is wrong, by the field that it is about; "" has the rest."""
    told: dict[str, list[str]] = {}
    for one in problems:
        told.setdefault(_field_of(plan, one), []).append(one)
    return {field: "\n".join(_shortened(field, found)) for field, found in told.items()}


def _shortened(field: str, problems: list[str]) -> list[str]:
    """The first of many, and that there are more."""
    if not field or len(problems) <= _TOLD + 1:
        return problems
    return [*problems[:_TOLD], _tr("… and more of the same kind.")]


def _field_of(plan: Plan, problem: str) -> str:
    if any(problem.startswith(check.title) for check in plan.checks):
        return "checks"
    if not plan.prompts or problem.startswith("Prompt"):
        return "prompts" if not plan.prompts else ("models" if not plan.models else "prompts")
    if not plan.models or any(
        one.model in problem or one.model.partition("/")[0].lower() in problem.lower() for one in plan.models
    ):
        return "models"
    if problem.startswith(("Row", "…", "The plan has no rows")) or "column" in problem:
        return "data"
    return ""
