"""What a window looks at of a run: its rows, and those in which something is wrong."""

from __future__ import annotations

from tests.loopback.server import LoopbackServer
from tests.services.test_runs import answer, plan_of, refusal

from chatbench.core.checks import Check
from chatbench.core.runs import PlanLimits
from chatbench.services import Services


async def test_rows_are_read_by_their_places(services: Services, server: LoopbackServer) -> None:
    run = await services.runs.start(plan_of(5))
    await services.runs.wait(run.id)
    rows = await services.runs.rows(run.id, 3, 10)
    assert [row.values["n"] for row in rows] == [3, 4]
    assert [row.expected for row in rows] == ["Yes", "Yes"]


async def test_rows_with_something_wrong_are_found_for_all_checks_or_one(
    services: Services, server: LoopbackServer
) -> None:
    server.script(answer("Yes"), answer("No"), refusal(400), answer("Yes, but"), answer("Yes"))
    checks = (Check(kind="contains", value="Yes"), Check(kind="equals"))
    run = await services.runs.start(plan_of(5, checks=checks, limits=PlanLimits(concurrent=1)))
    await services.runs.wait(run.id)
    assert await services.runs.failing_rows(run.id) == [1, 2, 3]
    assert await services.runs.failing_rows(run.id, 0) == [1]
    assert await services.runs.failing_rows(run.id, 1) == [1, 3]
