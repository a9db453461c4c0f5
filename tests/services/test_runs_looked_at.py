"""What a window looks at of a run: its rows, and those in which something is wrong."""

from __future__ import annotations

from tests.loopback.server import LoopbackServer
from tests.services.test_runs import answer, plan_of, prompt, refusal

from chatbench.core.checks import Check
from chatbench.core.messages import text_of
from chatbench.core.runs import CellKey, PlanLimits, PlanPrompt
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


async def test_what_a_cell_was_sent_is_filled_from_its_row_and_the_answers_before(
    services: Services, server: LoopbackServer
) -> None:
    first = PlanPrompt(name="first", prompt=prompt("Row {{n}}", "Be brief."))
    then = PlanPrompt(name="then", prompt=prompt("Of {{n}}: {{said}}"), outputs_of={"said": "first"})
    server.script(answer("zero"), answer("Z"))
    run = await services.runs.start(plan_of(1, prompts=(first, then), limits=PlanLimits(concurrent=1)))
    await services.runs.wait(run.id)
    asked = await services.runs.sent(run.id, CellKey(0, 0))
    assert (asked.system, text_of(asked.messages[0].parts)) == ("Be brief.", "Row 0")
    asked = await services.runs.sent(run.id, CellKey(0, 1))
    assert text_of(asked.messages[-1].parts) == "Of 0: zero"


async def test_rows_are_found_by_their_ids(services: Services, server: LoopbackServer) -> None:
    run = await services.runs.start(plan_of(4))
    await services.runs.wait(run.id)
    ids = [row.id for row in await services.runs.rows(run.id)]
    assert await services.runs.places_of(run.id, {ids[3], ids[1], "nobody"}) == [1, 3]
