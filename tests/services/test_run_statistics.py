"""What a run's figures say."""

from __future__ import annotations

from decimal import Decimal

from tests.loopback.server import LoopbackServer
from tests.services.test_runs import answer, plan_of, refusal

from chatbench.core.checks import Check
from chatbench.core.runs import PlanLimits
from chatbench.services import Services

ONE = PlanLimits(concurrent=1)
CHECKS = (Check(kind="equals"), Check(kind="contains", value="e", required=False))


async def test_columns_are_summed_up_and_compared(services: Services, server: LoopbackServer) -> None:
    """Cells are asked in turns: the first model, the second, row after row."""
    told = [("Yes", "No"), ("Yes", "No"), ("No", "No"), ("Yes", "Yes")]
    server.script(*(answer(text, 0.5 if at == 0 else 0.1) for row in told for at, text in enumerate(row)))
    plan = plan_of(4, models=("loop/m", "loop/other"), checks=CHECKS, limits=ONE)
    run = await services.runs.wait((await services.runs.start(plan)).id)
    found = await services.runs.statistics(run.id)
    first, second = found.columns
    assert (first.summary.passed, first.summary.judged, first.summary.rate) == (3, 4, 0.75)
    assert (second.summary.passed, second.failed_checks) == (1, (3, 3))
    assert (first.summary.cost, second.summary.cost) == (Decimal("2.0"), Decimal("0.4"))
    assert (first.best_value, second.best_value) == (True, True)
    assert first.summary.interval is not None
    assert first.summary.interval.low < 0.75 < first.summary.interval.high
    assert (found.whole.summary.passed, found.whole.done, found.whole.summary.cost) == (4, 8, Decimal("2.4"))
    compared = await services.runs.compare((run.id, 0), (run.id, 1))
    assert (compared.passes.better, compared.passes.worse, compared.passes.same) == (0, 2, 2)
    assert compared.rows.broken == ("1", "2")
    assert "loop/other is worse on 2 rows, better on 0" in compared.words


async def test_what_failed_has_passed_no_check(services: Services, server: LoopbackServer) -> None:
    server.script(answer("Yes"), refusal(400))
    run = await services.runs.wait((await services.runs.start(plan_of(2, checks=CHECKS, limits=ONE))).id)
    (column,) = (await services.runs.statistics(run.id)).columns
    assert (column.done, column.failed, column.summary.rate) == (1, 1, 0.5)


async def test_a_run_is_compared_with_the_one_before(services: Services, server: LoopbackServer) -> None:
    plan = plan_of(3, checks=CHECKS, limits=ONE)
    server.script(answer("Yes"), answer("No"), answer("Yes"))
    first = await services.runs.wait((await services.runs.start(plan)).id)
    server.script(answer("Yes"), answer("Yes"), answer("No"))
    second = await services.runs.wait((await services.runs.start(plan)).id)
    (compared,) = await services.runs.compare_runs(first.id, second.id)
    assert (compared.rows.fixed, compared.rows.broken) == (("2",), ("3",))
    assert "(run 1)" in compared.first
    assert "(run 2)" in compared.second


async def test_repeats_of_a_row_count_as_one(services: Services, server: LoopbackServer) -> None:
    server.script(*map(answer, ("Yes", "No", "Yes", "No", "No", "No")))
    plan = plan_of(2, repeats=3, checks=CHECKS, limits=ONE)
    run = await services.runs.wait((await services.runs.start(plan)).id)
    (column,) = (await services.runs.statistics(run.id)).columns
    assert (column.summary.judged, column.summary.passed, column.repeat_agreement) == (6, 2, 0.5)
    compared = await services.runs.compare((run.id, 0), (run.id, 0))
    assert (compared.passes.rows, compared.passes.same) == (2, 2)
