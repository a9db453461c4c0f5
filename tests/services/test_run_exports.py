"""Runs as files that other programs read."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from lxml import etree, html
from openpyxl import load_workbook
from tests.loopback.server import LoopbackServer
from tests.services.test_runs import answer, plan_of, prompt, refusal

from chatbench.core.checks import Check
from chatbench.core.errors import StorageError
from chatbench.core.runs import CellKey, PlanData, PlanLimits, PlanPrompt
from chatbench.services import Services
from chatbench.services.runs.exporting import FORMATS, RunFormat, format_of

BAD = "=1+1 <script>alert(1)</script> & \x0b"


@pytest.fixture
async def run_id(services: Services, server: LoopbackServer) -> str:
    server.script(answer(BAD, 0.5), answer("Yes"), refusal(400))
    rows = ({"row": "first <b>", "expected": BAD}, {"row": "second", "expected": "No"}, {"row": "x"})
    plan = plan_of(
        name="Exported & read", data=PlanData(rows=rows), limits=PlanLimits(concurrent=1),
        prompts=(PlanPrompt(prompt=prompt("Row {{row}}")),), checks=(Check(kind="equals", name="same"),),
    )  # fmt: skip
    run = await services.runs.start(plan)
    await services.runs.wait(run.id)
    await services.runs.rate(run.id, CellKey(1, 0), 4, "so so")
    return run.id


async def exported(services: Services, run_id: str, form: RunFormat, folder: Path) -> Path:
    path = folder / f"run{FORMATS[form]}"
    assert format_of(path) == form
    await services.runs.export(run_id, form, path)
    return path


async def test_tables_hold_every_cell(services: Services, run_id: str, tmp_path: Path) -> None:
    path = await exported(services, run_id, "jsonl", tmp_path)
    first, second, third = map(json.loads, path.read_text().splitlines())
    assert (first["answer"], first["value row"], first["row"], first["cost"]) == (BAD, "first <b>", 1, "0.5")
    assert (second["passed"], second["check 1: same"], second["rating"]) == (False, "failed", 4)
    assert (third["state"], "answer" in third and third["answer"]) == ("failed", "")
    assert "error" in third
    path = await exported(services, run_id, "csv", tmp_path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["answer"] == f"'{BAD}", "no spreadsheet may run it"
    path = await exported(services, run_id, "xlsx", tmp_path)
    sheet = load_workbook(path).active
    assert sheet is not None
    assert (sheet.max_row, sheet.cell(1, 1).value) == (4, "row")


async def test_the_page_runs_and_fetches_nothing(services: Services, run_id: str, tmp_path: Path) -> None:
    text = (await exported(services, run_id, "html", tmp_path)).read_text()
    page = html.fromstring(text)
    assert page.xpath("//script|//img|//link|//iframe") == []
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)\s*=", text)
    shown = page.text_content()
    for said in ("Exported & read", "<script>alert(1)</script>", "first <b>", "so so", "33%", "✗ failed"):
        assert said in shown, said


async def test_build_servers_can_read_it(services: Services, run_id: str, tmp_path: Path) -> None:
    tree = etree.parse(await exported(services, run_id, "junit", tmp_path))
    (suite,) = tree.getroot()
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "1", "errors": "1", "skipped": "0",
    }  # fmt: skip
    assert [case.get("name") for case in suite] == ["row 1", "row 2", "row 3"]
    (failure,) = suite[1].findall("failure")
    assert failure.get("message", "").startswith("same")
    assert len(suite[2].findall("error")) == 1


async def test_a_file_that_cannot_be_written_leaves_nothing(
    services: Services, run_id: str, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        await services.runs.export(run_id, "html", tmp_path / "nowhere" / "run.html")
    assert list(tmp_path.glob("*.html")) == []
