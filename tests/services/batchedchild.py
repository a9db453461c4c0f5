"""A run that goes by batch jobs, in a process of its own: `python -m tests.services.batchedchild FOLDER
BASE_URL ROWS` starts the run of a profile, or goes on with it; it is killed by whoever started it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import Plan, PlanData, PlanModel, PlanPrompt
from chatbench.main import build


def plan(rows: int) -> Plan:
    """Each row asks for its own number."""
    return Plan(
        prompts=(PlanPrompt(prompt=Prompt(messages=(PromptMessage(text="Row {{n}}"),))),),
        data=PlanData(rows=tuple({"n": number} for number in range(rows))),
        models=(PlanModel(model="loop/m"),),
        batch=True,
    )


async def go(folder: Path, base_url: str, rows: int) -> None:
    services = build(folder, environ={})
    await services.profile.ready()
    services.endpoints.save(
        Endpoint(
            id="loop", name="Loop", wire="openai_responses", base_url=base_url, auth="none",
            quirks=Quirks(file_storage=True, batch_jobs=True),
        )
    )  # fmt: skip
    services.runs.look_s = 0.01
    found = await services.runs.runs()
    run = await (services.runs.resume(found[0].id) if found else services.runs.start(plan(rows)))
    run = await services.runs.wait(run.id)
    sys.stdout.write(f"{run.state} {run.done} {run.reason}\n")
    await services.aclose()


if __name__ == "__main__":
    asyncio.run(go(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
