"""What a run would take, as it is told before anything is sent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop
from tests.services.test_runs import plan_of, prompt

from chatbench.core.checks import Check
from chatbench.core.endpoints import Limits
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt, PlanUser
from chatbench.core.usage import Rates
from chatbench.services import Services
from chatbench.services.runs import row_values

LIMITED = Parameters(max_output_tokens=100)


def price(services: Services, model: str, **rates: int) -> None:
    told = Rates(**{name: Decimal(rate) for name, rate in rates.items()})
    services.profile._environment.pricing.user_prices[model] = told


async def test_calls_tokens_and_money_are_told(services: Services, server: LoopbackServer) -> None:
    price(services, "loop/m", input=10, output=20)
    model = PlanModel(model="loop/m", parameters=LIMITED, grid={"temperature": (0, 1)})
    found = await services.runs.check(Plan(
        prompts=(PlanPrompt(prompt=prompt("Row {{n}}")),), models=(model,), repeats=3,
        data=PlanData(rows=tuple({"n": number} for number in range(50))),
    ))  # fmt: skip
    assert (found.rows, len(found.columns), found.calls, found.grading_calls) == (50, 2, 300, 0)
    assert found.problems == ()
    assert found.output_tokens == 100 * 300
    assert 5 * 300 < found.input_tokens < 15 * 300
    expected = Decimal(found.input_tokens * 10 + found.output_tokens * 20) / 10**6
    assert found.cost == pytest.approx(expected)
    assert found.cost_with_cache == found.cost, "so short a beginning is kept by no provider"
    assert found.cost_in_batches is None
    assert server.asked == []
    assert await services.runs.runs() == []


async def test_an_unknown_price_stays_unknown(services: Services) -> None:
    price(services, "loop/m", input=10, output=20)
    found = await services.runs.check(plan_of(models=("loop/m", "loop/other")))
    assert (found.cost, found.cost_with_cache, found.cost_in_batches) == (None, None, None)


async def test_prices_of_batches_and_of_a_kept_beginning(services: Services) -> None:
    long = "All that is known of the matter. " * 300
    asked = PlanPrompt(prompt=Prompt(messages=(PromptMessage(text=long + "{{n}}"),), parameters=LIMITED))
    found = await services.runs.check(plan_of(100, models=("openai/gpt-4.1",), prompts=(asked,)))
    assert found.cost is not None
    assert found.cost_in_batches == pytest.approx(found.cost / 2)
    assert found.cost_with_cache is not None
    assert found.cost_with_cache < found.cost * Decimal("0.6")


async def test_time_goes_by_the_tightest_limit(services: Services, server: LoopbackServer) -> None:
    found = await services.runs.check(plan_of(100, limits=PlanLimits(requests_per_minute=10)))
    assert found.seconds == pytest.approx(9 * 60)
    services.endpoints.save(loop(server, limits=Limits(concurrent=1)))
    slow = await services.runs.check(plan_of(100))
    assert slow.seconds == pytest.approx(100 * 6)


async def test_everything_wrong_is_said(services: Services) -> None:
    rows = ({"n": 1}, {"m": 2}, {"n": None})
    plan = plan_of(
        models=("loop/m", "openai/gpt-4.1", "nobody/x"),
        data=PlanData(rows=rows),
        checks=(Check(kind="regex", value="("), Check(kind="rubric", value="good")),
    )
    problems = "\n".join((await services.runs.check(plan)).problems)
    for said in ("Row 2: no value for n.", "Row 3: no value for n.", "OpenAI", "nobody", "regex", "grader"):
        assert said in problems


async def test_graders_and_simulated_users_are_counted(services: Services) -> None:
    price(services, "loop/other", input=1000, output=1000)
    price(services, "loop/m", input=0, output=0)
    check = Check(kind="closed_question", value="Is it so?", grader="loop/other", repeats=3)
    graded = await services.runs.check(plan_of(10, checks=(check,)))
    assert (graded.calls, graded.grading_calls) == (10, 30)
    assert graded.cost is not None
    assert graded.cost > 0
    user = PlanUser(model="loop/other", instruction="Ask.", turns=2)
    talked = await services.runs.check(plan_of(10, user=user))
    assert talked.calls == 30
    assert talked.cost is not None
    assert talked.cost > 0


async def test_embeddings_are_counted_and_who_has_none_is_named(services: Services) -> None:
    price(services, "loop/embed", input=1000, output=0)
    price(services, "loop/m", input=0, output=0)
    check = Check(kind="embedding", options={"model": "loop/embed"})
    told = await services.runs.check(plan_of(10, checks=(check,)))
    assert told.problems == ()
    assert told.cost == Decimal("0.001") * 2 * 300 * 10, "the answer, and as much that it is compared with"
    other = Check(kind="embedding", options={"model": "anthropic/embed"})
    told = await services.runs.check(plan_of(1, checks=(other,)))
    assert any("Anthropic has no embeddings" in one for one in told.problems)
    assert any("key" in one for one in told.problems)


async def test_what_models_were_like_is_known_from_runs_before(services: Services) -> None:
    before = await services.runs.check(plan_of(10))
    run = await services.runs.start(plan_of(3))
    await services.runs.wait(run.id)
    (cell, *_) = await services.runs.cells(run.id)
    after = await services.runs.check(plan_of(10))
    assert before.output_tokens == 3000
    assert after.output_tokens == 10 * cell.usage.output_tokens


@pytest.mark.parametrize(
    ("columns", "filled"),
    [
        ({}, {"tier": "gold", "text": "Help"}),
        ({"customer": "tier"}, {"tier": "gold", "text": "Help", "customer": "gold"}),
        ({"text": "tier"}, {"tier": "gold", "text": "gold"}),
        ({"customer": "gone"}, {"tier": "gold", "text": "Help"}),
        ({"text": ""}, {"tier": "gold", "text": "written"}),
        ({"tier": ""}, {"text": "Help"}),
    ],
)
def test_what_a_row_fills(columns: dict[str, str], filled: dict[str, str]) -> None:
    assert row_values({"text": "written"}, columns, {"tier": "gold", "text": "Help"}) == filled


async def test_columns_of_a_prompt_fill_its_variables(services: Services, server: LoopbackServer) -> None:
    told = Prompt(messages=(PromptMessage(text="From {{customer}}"),), columns={"customer": "tier"})
    plan = plan_of(data=PlanData(rows=({"tier": "gold"},)), prompts=(PlanPrompt(prompt=told),))
    assert (await services.runs.check(plan)).problems == ()
    run = await services.runs.start(plan)
    await services.runs.wait(run.id)
    assert server.asked[0].json["messages"][-1]["content"] == "From gold"
    other = (PlanPrompt(prompt=told, columns={"customer": "level"}),)
    problems = (await services.runs.check(plan_of(data=plan.data, prompts=other))).problems
    assert problems == ("Row 1: no value for customer.",), "the plan goes before the prompt"
