"""A run of the workbench against the bare client: what it adds to a call to keep and check each answer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from tests.benchmarks.measuring import peak_rss_mib
from tests.benchmarks.peers.ours import provider
from tests.benchmarks.peers.processes import LIMIT_S, mock
from tests.benchmarks.rows import Measured

FEW, MANY = 12_000, 100_000
AT_ONCE = 200
ROUNDS = 5


def run_cells_vs_process_prompts() -> Measured:
    """Cells a second of a run, asked, checked and stored, to prompts a second of `process_prompts`: the best
    of turns in processes of their own, for a busy machine only makes them slower."""
    with mock() as address:
        base = f"{address}/instant/v1"
        pairs = [(_told("cells", base, FEW), _told("prompts", base, FEW)) for _ in range(ROUNDS)]
    cells, prompts = (max(told[side]["a_second"] for told in pairs) for side in (0, 1))
    cpu = [min(told[side]["cpu_us"] for told in pairs) for side in (0, 1)]
    notes = (
        f"{cells:.0f} cells and {prompts:.0f} prompts a second",
        f"{cpu[0]:.0f} and {cpu[1]:.0f} µs of processor time each",
    )
    return Measured(cells / prompts, notes=notes)


def run_rss_mib() -> Measured:
    """The largest resident size of a run of 100,000 cells."""
    with mock() as address:
        told = _told("cells", f"{address}/instant/v1", MANY)
    return Measured(told["rss_mib"], notes=(f"{told['cpu_us']:.0f} µs of processor time a cell",))


def _told(task: str, base: str, count: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.running", task, base, str(count)],
        stdout=subprocess.PIPE, text=True, check=True, timeout=LIMIT_S,
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


async def _measured(task: str, base: str, count: int) -> tuple[float, float]:
    """Seconds, and those of processor time."""
    from chatbench.client.llm import LLMClient
    from chatbench.core.models import ModelRef
    from chatbench.core.usage import Rates
    from chatbench.main import build

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "providers").mkdir()
        (folder / "providers" / "mock.toml").write_text(
            provider(base, AT_ONCE).replace("base_url", 'auth = "none"\nbase_url')
        )
        services = build(folder, environ={})
        await services.profile.ready()
        environment = services.profile._environment
        environment.pricing.user_prices["mock/mock"] = Rates(input=Decimal(1), output=Decimal(2))
        try:
            if task == "prompts":
                client = LLMClient(ModelRef("mock", "mock"), environment=environment, at_once=AT_ONCE)
                began = _now()
                found = await client.process_prompts([f"Question {number}" for number in range(count)])
                spent = _since(began)
                assert not any(one.is_error for one in found)
                return spent
            return await _cells(services, count)
        finally:
            await services.aclose()


async def _cells(services: object, count: int) -> tuple[float, float]:
    from chatbench.core.checks import Check
    from chatbench.core.prompts import Prompt, PromptMessage
    from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt
    from chatbench.services import Services

    assert isinstance(services, Services)
    plan = Plan(
        prompts=(PlanPrompt(prompt=Prompt(messages=(PromptMessage(text="Question {{number}}"),))),),
        data=PlanData(rows=tuple({"number": number} for number in range(count))),
        models=(PlanModel(model="mock/mock"),),
        checks=(Check(kind="contains", value="the cache"), Check(kind="cost", value=1)),
        limits=PlanLimits(concurrent=AT_ONCE),
    )
    run = await services.runs.start(plan)
    began = _now()
    done = await services.runs.wait(run.id)
    spent = _since(began)
    cells = await services.runs.cells(run.id, range(1))
    assert (done.done, done.failed) == (count, 0), done
    assert [verdict.passed for verdict in cells[0].verdicts] == [True, True], cells
    return spent


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(began: tuple[float, float]) -> tuple[float, float]:
    return time.perf_counter() - began[0], time.process_time() - began[1]


if __name__ == "__main__":
    _count = int(sys.argv[3])
    _wall, _cpu = asyncio.run(_measured(sys.argv[1], sys.argv[2], _count))
    _told_now = {"a_second": _count / _wall, "cpu_us": _cpu / _count * 1e6, "rss_mib": peak_rss_mib()}
    print(json.dumps(_told_now))
