"""The suite that is measured beside promptfoo: each check finds what it should, from a plan and from
promptfoo's own configuration."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.benchmarks.peers import mock, suite
from tests.services.conftest import Open

from chatbench.core.endpoints import Endpoint
from chatbench.core.runs import Cell, Plan
from chatbench.services import Services
from chatbench.services.prompts.exchange import read_file

ROWS = 32
"""Every kind of answer for every prompt and model."""
PLAN = Path(suite.__file__).with_name("suite.toml")


@pytest.fixture
async def asked(opened: Open) -> AsyncIterator[Services]:
    """With the suite's models."""
    server = await mock.listen()
    port = server.sockets[0].getsockname()[1]
    async with opened() as services:
        services.endpoints.save(
            Endpoint(
                id="openai", name="OpenAI", wire="openai_chat", auth="none",
                base_url=f"http://127.0.0.1:{port}/suite/v1",
            )
        )  # fmt: skip
        yield services
    server.close()
    await server.wait_closed()


def plan_of(services: Services, source: str, folder: Path) -> Plan:
    if source == "promptfoo":
        path = folder / "promptfooconfig.json"
        path.write_text(json.dumps(suite.configuration(ROWS)), encoding="utf-8")
        imported = read_file(path)
        assert ["rouge-n" in one for one in imported.left_out] == [True]
        (plan,) = imported.plans
        return plan
    (folder / "rows.jsonl").write_text(suite.lines(ROWS), encoding="utf-8")
    path = folder / "plan.toml"
    path.write_bytes(PLAN.read_bytes())
    return services.runs.load_plan(path)


def found_in(cell: Cell) -> Any:
    """Where it stands, and the checks that failed; None: it has no answer."""
    where = suite.Where(
        cell.key.row, cell.key.column // len(suite.MODELS), suite.MODELS[cell.key.column % len(suite.MODELS)]
    )
    if cell.state == "failed":
        return where, None
    assert len(cell.verdicts) == len(suite.CHECKS)
    failed = [name for name, one in zip(suite.CHECKS, cell.verdicts, strict=True) if one.passed is not True]
    assert cell.passed is (not failed)
    return where, frozenset(failed)


@pytest.mark.parametrize("source", ["plan", "promptfoo"])
async def test_every_check_finds_what_it_should(asked: Services, source: str, tmp_path: Path) -> None:
    plan = plan_of(asked, source, tmp_path)
    run = await asked.runs.wait((await asked.runs.start(plan)).id)
    assert run.state == "done"
    found = dict(map(found_in, await asked.runs.cells(run.id)))
    cells = [cell for cell in suite.cells() if cell.row < ROWS]
    assert {suite.kind_of(cell) for cell in cells} == set(suite.KINDS)
    assert found == {cell: suite.failed_of(cell) for cell in cells}
