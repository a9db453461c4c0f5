"""A cell that becomes a chat, or a row of a data set."""

from __future__ import annotations

from tests.loopback.server import LoopbackServer
from tests.services.test_runs import answer, plan_of, prompt

from chatbench.core.datasets import DataColumn
from chatbench.core.models import ModelRef
from chatbench.core.runs import CellKey, PlanData, PlanPrompt, PlanUser
from chatbench.services import Services
from chatbench.services.runs.handing import cell_as_chat, cell_to_dataset


async def test_a_cell_opens_as_a_chat_that_can_go_on(services: Services, server: LoopbackServer) -> None:
    server.script(answer("Hello"), answer("Because"))
    asked = PlanPrompt(prompt=prompt("Row {{n}}", "Be brief."))
    run = await services.runs.start(plan_of(1, prompts=(asked,), user=PlanUser(says=("Why?",))))
    await services.runs.wait(run.id)
    chat_id = await cell_as_chat(services.runs, services.chat, run.id, CellKey(0, 0))
    chat = await services.history.load(chat_id)
    (lane,) = chat.lanes
    assert (lane.model, lane.system) == (ModelRef("loop", "m"), "Be brief.")
    path = chat.path(lane.leaf)
    assert [(one.role, one.text) for one in path] == [
        ("user", "Row 0"), ("assistant", "Hello"), ("user", "Why?"), ("assistant", "Because"),
    ]  # fmt: skip
    assert path[1].turn_id == path[0].turn_id != path[2].turn_id
    assert path[3].usage is not None
    assert path[3].model == lane.model
    assert path[3].copy_of, "its tokens are counted with the run"


async def test_an_answer_becomes_what_is_expected_of_its_row(
    services: Services, server: LoopbackServer
) -> None:
    columns = (DataColumn(name="n"), DataColumn(name="wanted", role="expected"))
    dataset = await services.datasets.create("Tickets", columns)
    await services.datasets.save_rows(dataset.id, [{"n": "one"}, {"n": "two"}])
    server.script(answer("Yes"), answer("No"))
    run = await services.runs.start(plan_of(data=PlanData(id=dataset.id)))
    await services.runs.wait(run.id)
    where = await cell_to_dataset(services.runs, services.datasets, run.id, CellKey(1, 0))
    rows = await services.datasets.rows(dataset.id)
    (cell,) = await services.runs.cells(run.id, [CellKey(1, 0)])
    assert where == (dataset.id, rows[1].id)
    assert [row.values.get("wanted") for row in rows] == [None, cell.text]


async def test_rows_of_the_plan_itself_become_a_data_set(services: Services, server: LoopbackServer) -> None:
    run = await services.runs.start(plan_of(1, name="Mine"))
    await services.runs.wait(run.id)
    dataset_id, _ = await cell_to_dataset(services.runs, services.datasets, run.id, CellKey(0, 0))
    dataset = await services.datasets.get(dataset_id)
    assert (dataset.name, dataset.rows) == ("Mine", 1)
