"""Which columns of a run go by batch jobs, and in words why others do not."""

from __future__ import annotations

from collections.abc import Sequence

from chatbench.client.environment import Environment
from chatbench.client.jobs import takes_jobs
from chatbench.core.models import ModelRef
from chatbench.core.runs import Plan, RunColumn


def columns_by_jobs(
    plan: Plan, columns: Sequence[RunColumn], environment: Environment
) -> tuple[frozenset[int], tuple[str, ...]]:
    """The columns that go by batch jobs, if the plan wants that, and in words why others do not."""
    if not plan.batch:
        return frozenset(), ()
    if plan.user is not None:
        return frozenset(), ("A talk of several turns cannot go by batch jobs: it is asked as usual.",)
    found: set[int] = set()
    others: dict[str, None] = {}
    for column in columns:
        if takes_jobs(environment, environment.endpoint(ModelRef.parse(column.model).provider)):
            found.add(column.index)
        else:
            others[f"{column.model} takes no batch jobs: it is asked as usual."] = None
    return frozenset(found), tuple(others)
