"""Runs over tables that name pictures: what is sent are the files, and what is missing is said before."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from tests.loopback.server import LoopbackServer
from tests.services.test_dataset_files import PICTURE
from tests.services.test_runs import answer, prompt

from chatbench.core.datasets import RowSelection
from chatbench.core.errors import ConfigurationError
from chatbench.core.runs import Plan, PlanData, PlanModel, PlanPrompt
from chatbench.services import Services

ASKED = (PlanPrompt(prompt=prompt("What is in {{picture}} of {{name}}?")),)
MODELS = (PlanModel(model="loop/sighted"),)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two pictures, and a row without one."""
    (tmp_path / "p").mkdir()
    for name in ("a", "b"):
        (tmp_path / "p" / f"{name}.png").write_bytes(PICTURE)
    path = tmp_path / "cases.csv"
    path.write_text("picture,name\np/a.png,1\np/b.png,2\n,3\n", encoding="utf-8")
    return path


async def test_pictures_that_a_table_names_are_sent(
    services: Services, server: LoopbackServer, table: Path
) -> None:
    server.script(answer("A corner"), answer("A corner"))
    select = RowSelection(where={"picture": "p/b.png"})
    plan = Plan(prompts=ASKED, models=MODELS, data=PlanData(file=str(table), select=select))
    forecast = await services.runs.check(plan)
    assert (forecast.problems, forecast.calls) == ((), 1)
    files = services.attachments._files
    assert await files.remove_unused(older_than_ms=-1000) == 0, "nothing was stored by looking"
    run = await services.runs.start(plan)
    assert (await services.runs.wait(run.id)).done == 1
    words, picture = sorted(
        server.asked[0].json["messages"][-1]["content"], key=lambda one: str(one["type"])
    )[::-1]
    assert words["text"] == "What is in  of 2?"
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    (row,) = await services.runs.rows(run.id)
    assert row.values["picture"]["name"] == "b.png"
    stored = row.values["picture"]["source"]["sha256"]
    assert await services.attachments.original(stored) == PICTURE
    assert base64.b64encode(PICTURE).decode()[:8] in picture["image_url"]["url"]
    assert await files.remove_unused(older_than_ms=-1000) == 0, "it is the run's"


async def test_files_that_are_not_there_are_named_before_anything_is_sent(
    services: Services, server: LoopbackServer, table: Path
) -> None:
    (table.parent / "p" / "b.png").unlink()
    data = PlanData(file=str(table), types={"picture": "image"})
    plan = Plan(prompts=ASKED, models=MODELS, data=data)
    (problem,) = (await services.runs.check(plan)).problems
    assert problem.startswith("Row 2: there is no file 'p/b.png' beside cases.csv.")
    with pytest.raises(ConfigurationError, match="Row 2: there is no file"):
        await services.runs.start(plan)
    assert await services.runs.runs() == []
    assert server.asked == []


async def test_what_leads_out_of_the_folder_is_no_file_of_the_table(services: Services, table: Path) -> None:
    (table.parent.parent / "secret.png").write_bytes(PICTURE)
    table.write_text("picture\n../secret.png\n", encoding="utf-8")
    plan = Plan(prompts=ASKED, models=MODELS, data=PlanData(file=str(table), types={"picture": "image"}))
    assert "no file '../secret.png'" in (await services.runs.check(plan)).problems[0]


async def test_a_column_that_is_not_there_is_named(services: Services, table: Path) -> None:
    plan = Plan(prompts=ASKED, models=MODELS, data=PlanData(file=str(table), types={"gone": "file"}))
    assert "no column 'gone'" in (await services.runs.check(plan)).problems[0]
