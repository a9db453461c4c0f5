"""Runs: what is asked, what is kept, how a run is left and gone on with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import pytest
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import Open, loop

from chatbench.core.changes import Changes
from chatbench.core.checks import Check
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import (
    CellKey,
    CellRating,
    Plan,
    PlanData,
    PlanLimits,
    PlanModel,
    PlanPrompt,
    PlanUser,
)
from chatbench.core.usage import Rates
from chatbench.services import Services
from chatbench.templates import evaluating


def prompt(text: str, system: str = "") -> Prompt:
    first = (PromptMessage(role="system", text=system),) if system else ()
    return Prompt(messages=(*first, PromptMessage(text=text)))


def plan_of(rows: int = 4, models: tuple[str, ...] = ("loop/m",), **more: Any) -> Plan:
    """Each row asks for its own number."""
    fields: dict[str, Any] = {
        "prompts": (PlanPrompt(prompt=prompt("Row {{n}}")),),
        "models": tuple(PlanModel(model=name) for name in models),
        "data": PlanData(rows=tuple({"n": number, "expected": "Yes"} for number in range(rows))),
        **more,
    }
    return Plan(**fields)


def answer(text: str, usd: float | None = None) -> replies.Reply:
    told = openai_chat.whole({"content": text})
    if usd is not None:
        told["usage"] = {**openai_chat.USAGE, "cost": usd}
    return replies.data(told)


def refusal(status: int = 401) -> replies.Reply:
    return replies.data(openai_chat.error_body(None, "invalid_request_error", "no"), status)


def questions(server: LoopbackServer) -> list[str]:
    return [asked.json["messages"][-1]["content"] for asked in server.asked]


async def test_every_cell_is_asked_once_and_kept(services: Services, server: LoopbackServer) -> None:
    server.script(*[answer("Yes", 0.25)] * 16)
    plan = plan_of(
        models=("loop/m", "loop/other"),
        repeats=2,
        checks=(Check(kind="equals"), Check(kind="contains", value="No", required=False)),
    )
    run = await services.runs.wait((await services.runs.start(plan)).id)
    assert (run.state, run.done, run.failed, run.total) == ("done", 16, 0, 16)
    assert (run.cost, run.unpriced) == (Decimal("4.00"), 0)
    assert sorted(questions(server)) == sorted([f"Row {n}" for n in range(4)] * 4)
    cells = await services.runs.cells(run.id)
    assert [cell.key for cell in cells] == [
        CellKey(row, column, repeat) for row in range(4) for column in range(2) for repeat in range(2)
    ]
    cell = cells[0]
    assert (cell.text, cell.cost, cell.passed, cell.score) == ("Yes", Decimal("0.25"), True, 0.5)
    assert [verdict.passed for verdict in cell.verdicts] == [True, False]
    assert cell.usage.input_tokens
    assert cell.total_ms is not None


async def test_a_grid_makes_a_column_for_each_combination(services: Services, server: LoopbackServer) -> None:
    model = PlanModel(model="loop/m", grid={"temperature": (0, 1), "max_output_tokens": (5, 6)})
    run = await services.runs.start(Plan(prompts=(PlanPrompt(prompt=prompt("Hi")),), models=(model,)))
    await services.runs.wait(run.id)
    assert len({column.key for column in run.columns}) == 4
    asked = {(a.json["temperature"], a.json["max_tokens"]) for a in server.asked}
    assert asked == {(0, 5), (0, 6), (1, 5), (1, 6)}


async def test_what_is_wrong_with_a_plan_is_said_before_anything_is_sent(
    services: Services, server: LoopbackServer
) -> None:
    plan = plan_of(models=("nobody/x", "loop/m"), prompts=(PlanPrompt(prompt=prompt("{{a")), PlanPrompt()))
    with pytest.raises(ConfigurationError) as found:
        await services.runs.start(plan)
    assert "nobody" in found.value.hint
    assert "Prompt 2" in found.value.hint
    assert await services.runs.runs() == []
    assert server.asked == []


async def test_a_paused_run_goes_on_where_it_was(services: Services, server: LoopbackServer) -> None:
    run = await services.runs.start(plan_of(20, limits=PlanLimits(concurrent=1)))
    await until(lambda: len(server.asked) >= 3, "three cells")
    await services.runs.pause(run.id)
    paused = await services.runs.get(run.id)
    asked = len(server.asked)
    assert (paused.state, paused.done, paused.reason) == ("paused", asked, "")
    assert asked < 20
    await services.runs.resume(run.id)
    done = await services.runs.wait(run.id)
    assert (done.state, done.done) == ("done", 20)
    assert sorted(questions(server)) == sorted(f"Row {n}" for n in range(20))


async def test_leaving_at_once_asks_again_what_was_under_way(opened: Open, server: LoopbackServer) -> None:
    """What had come is kept, also when the whole program ends."""
    server.script(answer("Yes"), replies.Reply(first_byte_s=60))
    async with opened() as services:
        services.endpoints.save(loop(server))
        run = await services.runs.start(plan_of(3, limits=PlanLimits(concurrent=1)))
        await until(lambda: len(server.asked) == 2, "the second")
    async with opened() as services:
        (left,) = await services.runs.runs()
        assert (left.state, left.done, left.reason) == ("paused", 1, "Chatbench was closed.")
        await services.runs.resume(run.id)
        done = await services.runs.wait(run.id)
        assert (done.state, done.done) == ("done", 3)
        assert questions(server) == ["Row 0", "Row 1", "Row 1", "Row 2"]


async def test_a_budget_pauses_the_run_and_more_of_it_goes_on(
    services: Services, server: LoopbackServer
) -> None:
    """A call is not made where it might cost more than what is left."""
    rates = Rates(input=Decimal(0), output=Decimal(10_000))
    services.profile._environment.pricing.user_prices["loop/m"] = rates
    server.script(*[answer("Yes", 0.1)] * 10)
    asked = PlanPrompt(prompt=Prompt(messages=(PromptMessage(text="Row {{n}}"),),
                                     parameters=Parameters(max_output_tokens=20)))  # fmt: skip
    limits = PlanLimits(concurrent=1, budget=Decimal("0.40"))
    run = await services.runs.start(plan_of(10, prompts=(asked,), limits=limits))
    paused = await services.runs.wait(run.id)
    assert (paused.state, paused.done, paused.failed) == ("paused", 3, 0)
    assert paused.cost == Decimal("0.3")
    assert "$0.40" in paused.reason
    again = await services.runs.resume(run.id)
    assert (await services.runs.wait(again.id)).done == 3, "the same budget has no more room"
    await services.runs.resume(run.id, budget=Decimal("0.70"))
    paused = await services.runs.wait(run.id)
    assert (paused.done, paused.cost) == (6, Decimal("0.6"))
    await services.runs.resume(run.id, budget=Decimal(5))
    assert (await services.runs.wait(run.id)).state == "done"
    assert len(server.asked) == 10


async def test_a_provider_that_refuses_everything_pauses_the_run(
    services: Services, server: LoopbackServer
) -> None:
    server.script(answer("Yes"), *[refusal()] * 20)
    run = await services.runs.start(plan_of(50, limits=PlanLimits(concurrent=1)))
    paused = await services.runs.wait(run.id)
    assert (paused.state, paused.done, paused.failed) == ("paused", 1, 20)
    assert "loop/m" in paused.reason
    assert len(server.asked) == 21
    await services.runs.resume(run.id)
    done = await services.runs.wait(run.id)
    assert (done.state, done.done, done.failed) == ("done", 50, 0)
    assert len(server.asked) == 70


async def test_a_provider_that_is_removed_meanwhile_pauses_the_run(
    services: Services, server: LoopbackServer
) -> None:
    """Its cells are asked once it is back."""
    waits = replies.Reply(first_byte_s=60)
    server.script(answer("Yes"), waits)
    run = await services.runs.start(plan_of(300, limits=PlanLimits(concurrent=1)))
    await until(lambda: len(server.asked) == 2, "the second question")
    services.endpoints.remove("loop")
    await services.runs.pause(run.id, at_once=True)
    await services.runs.resume(run.id)
    paused = await services.runs.wait(run.id)
    assert (paused.state, paused.done) == ("paused", 1)
    assert "no provider called 'loop'" in paused.reason
    services.endpoints.save(loop(server))
    await services.runs.resume(run.id)
    done = await services.runs.wait(run.id)
    assert (done.state, done.done, done.failed) == ("done", 300, 0)


async def test_a_model_that_is_not_there_any_more_pauses_the_run(
    services: Services, server: LoopbackServer
) -> None:
    """What the others answered stays, and is not asked again."""
    server.script(*[answer("Yes")] * 4, *[refusal(404)] * 20)
    run = await services.runs.start(plan_of(40, limits=PlanLimits(concurrent=1)))
    paused = await services.runs.wait(run.id)
    assert (paused.state, paused.done, paused.failed) == ("paused", 4, 20)
    assert paused.reason.startswith("loop/m: ")
    await services.runs.resume(run.id)
    done = await services.runs.wait(run.id)
    assert (done.done, done.failed, len(server.asked)) == (40, 0, 60)


async def test_a_prompt_without_end_pauses_the_run_and_costs_nothing(
    services: Services, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluating, "MAX_STEPS", 5_000)
    long = "{% for a in n %}{% for b in n %}{% for c in n %}x{% endfor %}{% endfor %}{% endfor %}"
    rows = PlanData(rows=tuple({"n": list(range(2_000))} for _ in range(20)))
    plan = plan_of(prompts=(PlanPrompt(prompt=prompt(long)),), data=rows, limits=PlanLimits(concurrent=1))
    (problem,) = (await services.runs.check(plan)).problems
    assert "does not come to an end" in problem
    run = await services.runs.start(plan)
    paused = await services.runs.wait(run.id)
    assert (paused.state, paused.done, paused.failed) == ("paused", 0, 3)
    assert "does not come to an end" in paused.reason
    assert server.asked == []


async def test_a_model_that_fails_is_in_its_cell_and_can_be_asked_again(
    services: Services, server: LoopbackServer
) -> None:
    server.script(answer("Yes"), refusal(400), answer("Yes"))
    run = await services.runs.start(plan_of(3, limits=PlanLimits(concurrent=1)))
    done = await services.runs.wait(run.id)
    assert (done.state, done.done, done.failed) == ("done", 2, 1)
    (cell,) = await services.runs.cells(run.id, [CellKey(1, 0)])
    assert cell.state == "failed"
    assert cell.error is not None
    assert cell.error.kind == "BadRequest"
    await services.runs.rerun(run.id, "failed")
    done = await services.runs.wait(run.id)
    assert (done.done, done.failed) == (3, 0)
    assert questions(server)[3:] == ["Row 1"]


async def test_a_chain_goes_on_with_the_answer_of_the_same_row(
    services: Services, server: LoopbackServer
) -> None:
    first = PlanPrompt(name="first", prompt=prompt("Row {{n}}"))
    then = PlanPrompt(name="then", prompt=prompt("Of {{n}}: {{said}}"), outputs_of={"said": "first"})
    server.script(answer("zero"), answer("Z"), refusal(400), answer("two"), answer("T"))
    plan = plan_of(3, prompts=(first, then), limits=PlanLimits(concurrent=1))
    run = await services.runs.start(plan)
    done = await services.runs.wait(run.id)
    assert (done.done, done.failed) == (4, 2)
    assert questions(server) == ["Row 0", "Of 0: zero", "Row 1", "Row 2", "Of 2: two"]
    server.script(answer("one"), answer("O"))
    await services.runs.rerun(run.id, [CellKey(1, 0)])
    done = await services.runs.wait(run.id)
    assert (done.done, done.failed) == (6, 0)
    assert questions(server)[5:] == ["Row 1", "Of 1: one"]


async def test_chains_wait_for_each_other_whatever_comes_first(
    services: Services, server: LoopbackServer
) -> None:
    first = PlanPrompt(name="first", prompt=prompt("Row {{n}}"))
    then = PlanPrompt(name="then", prompt=prompt("{{said}}"), outputs_of={"said": "first"})
    run = await services.runs.start(plan_of(30, prompts=(first, then)))
    done = await services.runs.wait(run.id)
    assert (done.done, done.failed) == (60, 0)
    assert len(server.asked) == 60


async def test_a_script_goes_on_with_the_talk(services: Services, server: LoopbackServer) -> None:
    server.script(answer("Hello", 0.1), answer("Because", 0.2))
    run = await services.runs.start(plan_of(1, user=PlanUser(says=("Why {{n}}?",))))
    done = await services.runs.wait(run.id)
    (cell,) = await services.runs.cells(run.id)
    assert [(m["role"], m["text"]) for m in cell.messages] == [
        ("user", "Row 0"), ("assistant", "Hello"), ("user", "Why 0?"), ("assistant", "Because"),
    ]  # fmt: skip
    assert (cell.text, cell.cost, done.cost) == ("Because", Decimal("0.3"), Decimal("0.3"))
    assert [message["content"] for message in server.asked[1].json["messages"]] == [
        "Row 0",
        "Hello",
        "Why 0?",
    ]


async def test_a_model_may_play_the_user(services: Services, server: LoopbackServer) -> None:
    user = PlanUser(model="loop/other", instruction="You want {{n}}.", turns=5, until="DONE")
    server.script(answer("Hello", 0.1), answer("More!", 1), answer("Here", 0.2), answer("DONE", 1))
    run = await services.runs.start(plan_of(1, user=user))
    done = await services.runs.wait(run.id)
    (cell,) = await services.runs.cells(run.id)
    assert [m["text"] for m in cell.messages] == ["Row 0", "Hello", "More!", "Here"]
    played = server.asked[1].json
    assert played["model"] == "other"
    assert [(m["role"], m["content"]) for m in played["messages"]] == [
        ("system", "You want 0."), ("user", "Hello"),
    ]  # fmt: skip
    assert (cell.cost, done.cost) == (Decimal("0.3"), Decimal("2.3"))


async def test_how_many_at_once_can_be_changed_meanwhile(services: Services, server: LoopbackServer) -> None:
    server.script(*[replies.Reply(first_byte_s=60)] * 8)
    run = await services.runs.start(plan_of(20, limits=PlanLimits(concurrent=2)))
    await until(lambda: server.answering == 2, "two at once")
    services.runs.set_concurrency(run.id, 5)
    await until(lambda: server.answering == 5, "five at once")
    live = services.runs.live(run.id)
    assert live is not None
    assert (live.running, live.concurrent, live.done, live.total) == (5, 5, 0, 20)
    await services.runs.pause(run.id, at_once=True)
    assert services.runs.live(run.id) is None
    assert (await services.runs.get(run.id)).done == 0


async def test_what_is_being_answered_can_be_watched(services: Services, server: LoopbackServer) -> None:
    server.script(answer("Yes"), replies.events(openai_chat.stream([{"content": "Half"}])[:2], end="hang"))
    run = await services.runs.start(plan_of(5, limits=PlanLimits(concurrent=1)))
    services.runs.live(run.id)
    texts: dict[CellKey, str] = {}

    def look() -> bool:
        live = services.runs.live(run.id)
        texts.update(live.texts if live is not None else {})
        return "Half" in texts.values()

    await until(look, "the words")
    await services.runs.stop(run.id, at_once=True)
    assert (await services.runs.get(run.id)).state == "stopped"


async def test_everybody_is_told_and_a_run_can_be_deleted(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    run = await services.runs.start(plan_of(2))
    done = await services.runs.wait(run.id)
    assert {run.id} == set().union(*(change.runs for change in heard))
    assert heard[-1].usage
    assert (await services.runs.find("1")).id == (await services.runs.find(run.id[:10])).id == run.id
    await services.runs.rate(run.id, CellKey(0, 0), "down", "wrong")
    (cell,) = await services.runs.cells(run.id, range(1))
    assert (cell.rating, cell.note) == ("down", "wrong")
    for rating in get_args(CellRating):
        await services.runs.rate(run.id, CellKey(0, 0), rating)
        assert (await services.runs.cells(run.id, range(1)))[0].rating == rating
    heard.clear()
    await services.runs.delete(done.id)
    assert await services.runs.runs() == []
    assert [one.id for one in await services.runs.trashed()] == [done.id]
    await services.runs.restore(done.id)
    assert [change.runs for change in heard] == [{done.id}, {done.id}]
    assert await services.runs.trashed() == []
    await services.runs.delete_for_good([done.id])
    assert await services.runs.get(done.id) == done, "what is not in the trash stays"
    await services.runs.delete(done.id)
    await services.profile.tidy()
    assert len(await services.runs.trashed()) == 1, "for a month"
    await services.runs._store.purge(-1)
    with pytest.raises(StorageError):
        await services.runs.get(run.id)
    assert (await services.runs.start(plan_of(1))).number == 2


async def test_another_process_leaves_a_run_alone(opened: Open, server: LoopbackServer) -> None:
    server.script(*[replies.Reply(first_byte_s=60)] * 4)
    async with opened() as services, opened() as other:
        services.endpoints.save(loop(server))
        run = await services.runs.start(plan_of(2))
        await until(lambda: len(server.asked) == 2, "two cells")
        assert (await other.runs.get(run.id)).state == "running"
        with pytest.raises(ConfigurationError, match="Another"):
            await other.runs.resume(run.id)
        with pytest.raises(ConfigurationError, match="Another"):
            await other.runs.delete(run.id)
        await services.runs.pause(run.id, at_once=True)
    assert len(server.asked) == 2


async def test_answers_of_before_are_used_where_the_plan_says_so(
    services: Services, server: LoopbackServer
) -> None:
    plan = plan_of(3, cache=True, repeats=2)
    first = await services.runs.wait((await services.runs.start(plan)).id)
    run = await services.runs.wait((await services.runs.start(plan)).id)
    assert (first.done, run.done) == (6, 6)
    assert len(server.asked) == 9, "the first of each row the second time came from the cache"
    cells = await services.runs.cells(run.id)
    assert [cell.from_cache for cell in cells] == [True, False] * 3
