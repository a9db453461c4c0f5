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

from tests.benchmarks.measuring import median, peak_rss_mib
from tests.benchmarks.peers.ours import provider
from tests.benchmarks.peers.processes import LIMIT_S, mock
from tests.benchmarks.rows import Measured

FEW, MANY = 4_000, 100_000
AT_ONCE = 200
ROUNDS = 5


def run_cells_vs_process_prompts() -> float:
    """Cells of a run, asked, checked and stored, to prompts of `process_prompts` in the same processor time
    (a busy machine does not decide): medians of turns in processes of their own."""
    with mock() as address:
        base = f"{address}/instant/v1"
        pairs = [(_told("cells", base, FEW), _told("prompts", base, FEW)) for _ in range(ROUNDS)]
    return median(prompts["cpu_us"] for _, prompts in pairs) / median(cells["cpu_us"] for cells, _ in pairs)


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


async def _measured(task: str, base: str, count: int) -> float:
    """Seconds of processor time."""
    from chatbench.client.llm import LLMClient
    from chatbench.core.models import ModelRef
    from chatbench.core.usage import Rates
    from chatbench.main import build

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "providers").mkdir()
        (folder / "providers" / "mock.toml").write_text(
            provider(base, AT_ONCE).replace('base_url', 'auth = "none"\nbase_url')
        )
        services = build(folder, environ={})
        await services.profile.ready()
        environment = services.profile._environment
        environment.pricing.user_prices["mock/mock"] = Rates(input=Decimal(1), output=Decimal(2))
        try:
            if task == "prompts":
                client = LLMClient(ModelRef("mock", "mock"), environment=environment, at_once=AT_ONCE)
                began = time.process_time()
                found = await client.process_prompts([f"Question {number}" for number in range(count)])
                spent = time.process_time() - began
                assert not any(one.is_error for one in found)
                return spent
            return await _cells(services, count)
        finally:
            await services.aclose()


async def _cells(services: object, count: int) -> float:
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
    began = time.process_time()
    done = await services.runs.wait(run.id)
    spent = time.process_time() - began
    cells = await services.runs.cells(run.id, range(1))
    assert (done.done, done.failed) == (count, 0), done
    assert [verdict.passed for verdict in cells[0].verdicts] == [True, True], cells
    return spent


if __name__ == "__main__":
    _count = int(sys.argv[3])
    _seconds = asyncio.run(_measured(sys.argv[1], sys.argv[2], _count))
    print(json.dumps({"cpu_us": _seconds / _count * 1e6, "rss_mib": peak_rss_mib()}))
