"""Runs on the library, gone on with after changes, and judged by other checks."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.waiting import until
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.services.test_runs import answer, plan_of, prompt, questions

from chatbench.core.checks import Check
from chatbench.core.datasets import DataColumn, RowSelection
from chatbench.core.errors import ConfigurationError
from chatbench.core.prompts import Prompt, PromptMessage, Variable
from chatbench.core.runs import CellKey, Plan, PlanData, PlanLimits, PlanModel, PlanPrompt
from chatbench.services import Services

LOOP = (PlanModel(model="loop/m"),)


async def ran(services: Services, plan: Plan) -> str:
    run = await services.runs.wait((await services.runs.start(plan)).id)
    assert run.state == "done", run.reason
    return run.id


async def test_prompts_and_rows_come_from_the_library(
    services: Services, server: LoopbackServer, tmp_path: Path
) -> None:
    saved = await services.prompts.save(None, prompt("One {{n}}"), name="asking", folder="shop")
    await services.prompts.save(saved.prompt_id, prompt('Two {{n}} {{ fragment("end") }}'))
    await services.prompts.save_fragment("end", "please")
    (tmp_path / "rows.csv").write_text("n,expected,split\n1,a,train\n2,b,test\n3,c,test\n")
    await services.datasets.import_file(tmp_path / "rows.csv", "numbers")
    prompts = (PlanPrompt(name="shop/asking", version=1), PlanPrompt(id=saved.prompt_id))
    data = PlanData(name="numbers", select=RowSelection(where={"n": "2"}))
    run_id = await ran(services, Plan(prompts=prompts, data=data, models=LOOP))
    run = await services.runs.get(run_id)
    assert [column.label for column in run.columns] == ["asking v1", "asking v2"]
    assert sorted(questions(server)) == ["One 2", "Two 2 please"]
    data = PlanData(file=str(tmp_path / "rows.csv"), select=RowSelection(split="test"))
    run_id = await ran(services, Plan(prompts=prompts[:1], data=data, models=LOOP,
                                      checks=(Check(kind="equals"),)))  # fmt: skip
    assert sorted(questions(server)[2:]) == ["One 2", "One 3"]
    (one, other) = await services.runs.cells(run_id)
    assert (one.row_id, other.row_id) == ("2", "3")


async def test_only_what_has_changed_is_asked_again(services: Services, server: LoopbackServer) -> None:
    dataset = await services.datasets.create("numbers", (DataColumn(name="n"),))
    await services.datasets.save_rows(dataset.id, [{"n": "1"}, {"n": "2"}])
    first = PlanPrompt(name="first", prompt=prompt("Row {{n}}"))
    then = PlanPrompt(name="then", prompt=prompt("{{n}}: {{said}}"), outputs_of={"said": "first"})
    server.script(answer("a"), answer("x"), answer("b"), answer("x"))
    limits = PlanLimits(concurrent=1)
    run_id = await ran(
        services,
        Plan(prompts=(first, then), data=PlanData(id=dataset.id), models=LOOP, limits=limits),
    )
    rows = await services.datasets.select(dataset.id)
    await services.datasets.set_cells(dataset.id, [rows[1].id], {"n": "3"})
    server.script(answer("c"), answer("y"))
    await services.runs.rerun(run_id, "changed")
    run = await services.runs.wait(run_id)
    assert (run.state, run.done) == ("done", 4)
    assert questions(server)[4:] == ["Row 3", "3: c"]
    await services.datasets.save_rows(dataset.id, [{"n": "4"}])
    await services.runs.rerun(run_id, "changed")
    run = await services.runs.wait(run_id)
    assert (run.rows, run.done, len(server.asked)) == (3, 6, 8)


async def test_rows_that_moved_take_their_answers_along(services: Services, server: LoopbackServer) -> None:
    dataset = await services.datasets.create("numbers", rows=({"n": "1"}, {"n": "2"}, {"n": "3"}))
    plan = Plan(
        prompts=(PlanPrompt(prompt=prompt("Row {{n}}")),), data=PlanData(id=dataset.id), models=LOOP,
        repeats=2, limits=PlanLimits(concurrent=1),
    )  # fmt: skip
    server.script(*map(answer, ("1a", "1b", "2a", "2b", "3a", "3b")))
    run_id = await ran(services, plan)
    rows = await services.datasets.select(dataset.id)
    await services.datasets.move_rows(dataset.id, [rows[2].id], rows[0].id)
    await services.datasets.delete_rows(dataset.id, [rows[1].id])
    await services.datasets.save_rows(dataset.id, [{"n": "0"}], before=rows[0].id)
    server.script(*map(answer, ("0a", "0b")))
    await services.runs.rerun(run_id, "changed")
    run = await services.runs.wait(run_id)
    assert [cell.text for cell in await services.runs.cells(run_id)] == ["3a", "3b", "0a", "0b", "1a", "1b"]
    assert (run.rows, run.done, len(server.asked)) == (3, 6, 8)


async def test_other_columns_are_another_run(services: Services) -> None:
    saved = await services.prompts.save(None, prompt("Hi"), name="asking")
    run_id = await ran(services, Plan(prompts=(PlanPrompt(name="asking"),), models=LOOP))
    await services.prompts.save(saved.prompt_id, prompt("Hello"))
    await services.runs.rerun(run_id, "changed")
    run = await services.runs.wait(run_id)
    assert run.columns[0].version == 2
    assert (run.done, run.unpriced) == (1, 2), "both askings were paid for"
    await services.prompts.delete(saved.prompt_id)
    with pytest.raises(ConfigurationError):
        await services.runs.rerun(run_id, "changed")
    assert (await services.runs.get(run_id)).done == 1


async def test_other_checks_ask_no_model(services: Services, server: LoopbackServer) -> None:
    server.script(answer("Yes"), answer("No"), replies.data({}, 400))
    plan = plan_of(3, checks=(Check(kind="equals"),), limits=PlanLimits(concurrent=1))
    run_id = await ran(services, plan)
    assert [cell.passed for cell in await services.runs.cells(run_id)] == [True, False, None]
    tried = await services.runs.try_checks(run_id, (Check(kind="contains", value="o"),))
    assert {key.row: verdicts[0].passed for key, verdicts in tried.items()} == {0: False, 1: True}
    assert [cell.passed for cell in await services.runs.cells(run_id)] == [True, False, None]
    await services.runs.rate(run_id, CellKey(0, 0), 5)
    run = await services.runs.recheck(run_id, (Check(kind="contains", value="{{n}}", negate=True),))
    assert run.plan.checks[0].negate
    cells = await services.runs.cells(run_id)
    assert [cell.passed for cell in cells] == [True, True, None]
    assert (cells[0].rating, cells[0].verdicts[0].passed) == (5, True)
    assert len(server.asked) == 3
    with pytest.raises(ConfigurationError):
        await services.runs.recheck(run_id, (Check(kind="regex", value="("),))


async def test_graders_are_asked_and_paid_by_the_run(services: Services, server: LoopbackServer) -> None:
    """The answer is kept before its grader is asked, and what that cost is the run's."""
    graded = Check(kind="closed_question", value="Is it polite?", grader="loop/other")
    server.script(answer("Yes", 0.1), answer('{"reasoning": "so", "answer": "yes"}', 1))
    run_id = await ran(services, plan_of(1, checks=(graded,)))
    run = await services.runs.get(run_id)
    (cell,) = await services.runs.cells(run_id)
    assert (cell.passed, cell.verdicts[0].gradings[0].model) == (True, "loop/other"), cell.verdicts
    assert [str(cell.cost), str(run.cost)] == ["0.1", "1.1"]
    assert len(server.asked) == 2


async def test_files_of_a_run_stay_as_long_as_it_does(
    services: Services, server: LoopbackServer, tmp_path: Path
) -> None:
    """Also when the data set that they came from is gone; each is sent in the form its model takes."""
    (tmp_path / "note.txt").write_text("The okapi is in it.")
    part = await services.attachments.attach_path(tmp_path / "note.txt", None)
    assert not isinstance(part, str)
    asked = Prompt(
        messages=(PromptMessage(text="Read {{file}}: what is in it?"),),
        variables=(Variable(name="file", type="file"),),
    )
    rows = ({"file": part.to_dict()},)
    run_id = await ran(
        services, Plan(prompts=(PlanPrompt(prompt=asked),), data=PlanData(rows=rows), models=LOOP)
    )
    assert "The okapi is in it." in str(server.asked[0].json)
    files = services.attachments._files
    assert await files.remove_unused(older_than_ms=-1000) == 0
    await services.runs.delete(run_id)
    assert await files.remove_unused(older_than_ms=-1000) == 0
    await services.runs.delete_for_good([run_id])
    assert await files.remove_unused(older_than_ms=-1000) == 1


async def test_an_answer_that_was_not_judged_yet_is_judged_and_not_asked_again(
    services: Services, server: LoopbackServer
) -> None:
    graded = Check(kind="closed_question", value="Is it polite?", grader="loop/other")
    server.script(answer("Yes", 0.1), replies.Reply(first_byte_s=60))
    run = await services.runs.start(plan_of(1, checks=(graded,)))
    await until(lambda: len(server.asked) == 2, "the grader")
    await services.runs.pause(run.id, at_once=True)
    (cell,) = await services.runs.cells(run.id)
    assert (cell.text, cell.state, cell.passed) == ("Yes", "done", None)
    server.script(answer('{"reasoning": "so", "answer": "yes"}', 1))
    await services.runs.resume(run.id)
    done = await services.runs.wait(run.id)
    (cell,) = await services.runs.cells(run.id)
    assert (cell.text, cell.passed, str(done.cost)) == ("Yes", True, "1.1")
    assert [asked.json["model"] for asked in server.asked] == ["m", "other", "other"]
