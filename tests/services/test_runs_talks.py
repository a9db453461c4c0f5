"""Talks of several answers that break off: they go on after the last that came, and pay for none twice."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import apsw
import pytest
from tests.harness.waiting import until
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import Open, loop
from tests.services.test_runs import answer, plan_of, questions, refusal
from tests.services.test_runs_survive import child

from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import PlanData, PlanLimits, PlanPrompt, PlanUser
from chatbench.core.usage import Rates
from chatbench.services import Services

SCRIPT = PlanUser(says=("Why?", "So what?"))
WAITS = replies.Reply(first_byte_s=60)


async def test_a_talk_that_failed_goes_on_after_its_last_answer(
    services: Services, server: LoopbackServer
) -> None:
    server.script(answer("One", 0.1), answer("Two", 0.2), refusal(400))
    run = await services.runs.start(plan_of(1, user=SCRIPT))
    failed = await services.runs.wait(run.id)
    (cell,) = await services.runs.cells(run.id)
    assert (failed.failed, failed.cost, cell.state) == (1, Decimal("0.3"), "failed")
    server.script(answer("Three", 0.4))
    await services.runs.rerun(run.id, "failed")
    done = await services.runs.wait(run.id)
    (cell,) = await services.runs.cells(run.id)
    assert (cell.state, cell.text, cell.cost, done.cost) == ("done", "Three", Decimal("0.7"), Decimal("0.7"))
    assert questions(server) == ["Row 0", "Why?", "So what?", "So what?"]
    assert [m["content"] for m in server.asked[3].json["messages"]] == [
        "Row 0",
        "One",
        "Why?",
        "Two",
        "So what?",
    ]
    assert await services.runs._store.talks(done) == {}
    server.script(answer("Anew"), answer("Two"), answer("Three"))
    await services.runs.rerun(run.id, [cell.key])
    await services.runs.wait(run.id)
    assert questions(server)[4:] == ["Row 0", "Why?", "So what?"], "what was whole is asked from the first"


async def test_what_the_other_side_said_is_paid_once(services: Services, server: LoopbackServer) -> None:
    user = PlanUser(says=("Why?",), model="loop/other", instruction="Ask.", turns=2)
    server.script(answer("One", 0.1), answer("Two", 0.1), answer("Really?", 1), WAITS)
    run = await services.runs.start(plan_of(1, user=user))
    await until(lambda: len(server.asked) == 4, "the talk")
    await services.runs.pause(run.id, at_once=True)
    paused = await services.runs.get(run.id)
    assert (paused.done, paused.cost) == (0, Decimal("1.2"))
    server.script(answer("Three", 0.1), answer("Oh!", 1), answer("Four", 0.1))
    await services.runs.resume(run.id)
    done = await services.runs.wait(run.id)
    (cell,) = await services.runs.cells(run.id)
    assert [m["text"] for m in cell.messages] == [
        "Row 0",
        "One",
        "Why?",
        "Two",
        "Really?",
        "Three",
        "Oh!",
        "Four",
    ]
    assert [asked.json["model"] for asked in server.asked] == ["m", "m", "other", "m", "m", "other", "m"]
    assert (cell.cost, cell.tries, done.cost) == (Decimal("0.4"), 4, Decimal("2.4"))


async def test_a_budget_that_ends_within_a_talk_leaves_its_rest(
    services: Services, server: LoopbackServer
) -> None:
    rates = Rates(input=Decimal(0), output=Decimal(10_000))
    services.profile._environment.pricing.user_prices["loop/m"] = rates
    server.script(answer("One", 0.15), answer("Two", 0.15))
    message = PromptMessage(text="Row {{n}}")
    asked = Prompt(messages=(message,), parameters=Parameters(max_output_tokens=20))
    limits = PlanLimits(budget=Decimal("0.40"))
    plan = plan_of(1, prompts=(PlanPrompt(prompt=asked),), user=SCRIPT, limits=limits)
    run = await services.runs.start(plan)
    paused = await services.runs.wait(run.id)
    assert (paused.state, paused.failed, paused.cost) == ("paused", 0, Decimal("0.3"))
    assert "$0.40" in paused.reason
    server.script(answer("Three", 0.15))
    await services.runs.resume(run.id, budget=Decimal(2))
    done = await services.runs.wait(run.id)
    assert (done.state, done.cost) == ("done", Decimal("0.45"))
    assert questions(server) == ["Row 0", "Why?", "So what?"]


async def test_a_talk_whose_beginning_has_changed_begins_anew(
    services: Services, server: LoopbackServer
) -> None:
    dataset = await services.datasets.create("Rows", rows=[{"n": 1}])
    server.script(answer("One"), refusal(400))
    plan = plan_of(1, user=SCRIPT, data=PlanData(id=dataset.id))
    run = await services.runs.start(plan)
    await services.runs.wait(run.id)
    (row,) = await services.datasets.rows(dataset.id, 0, 1)
    await services.datasets.set_cells(dataset.id, [row.id], {"n": 2})
    server.script(answer("One"), answer("Two"), answer("Three"))
    await services.runs.rerun(run.id, "changed")
    done = await services.runs.wait(run.id)
    assert done.done == 1
    assert questions(server) == ["Row 1", "Why?", "Row 2", "Why?", "So what?"]


async def test_another_program_goes_on_with_the_talk(opened: Open, server: LoopbackServer) -> None:
    server.script(answer("One", 0.1), WAITS)
    async with opened() as services:
        services.endpoints.save(loop(server))
        run = await services.runs.start(plan_of(1, user=SCRIPT))
        await until(lambda: len(server.asked) == 2, "the talk")
        await services.runs.pause(run.id, at_once=True)
    server.script(answer("Two", 0.1), answer("Three", 0.1))
    async with opened() as services:
        await services.runs.resume(run.id)
        done = await services.runs.wait(run.id)
        assert (done.done, done.cost) == (1, Decimal("0.3"))
    assert questions(server) == ["Row 0", "Why?", "Why?", "So what?"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
async def test_kill_9_within_a_talk_loses_no_answer_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "profile"

    def kept() -> int:
        connection = apsw.Connection(str(folder / "chatbench.db"), flags=apsw.SQLITE_OPEN_READONLY)
        count: int = connection.execute("SELECT count(*) FROM run_talks").get
        connection.close()
        return count

    with LoopbackServer() as server:
        server.script(answer("One of 0", 0.1), WAITS)
        with child(folder, server, "1", "0", "2") as process:
            await until(lambda: len(server.asked) == 2, "the second question")
            await until(lambda: kept() == 1, "the first answer to be kept")
            process.kill()
        server.script(answer("Two of 0", 0.1), answer("Three of 0", 0.1))
        with child(folder, server, "1", "0", "2") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "done 1 \n"
        assert questions(server) == ["prompt 0", "More of 0", "More of 0", "More of 0"]
