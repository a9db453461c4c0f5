"""A run in a process of its own: `python -m tests.services.runchild FOLDER PORT ROWS [FULL [TURNS]]` starts
the run of a profile, or goes on with it, and ends with it; it is killed by whoever started it. With FULL (not
0) no file may grow to more than so many bytes; TURNS is how often each talk goes on."""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

from chatbench.core.checks import Check
from chatbench.core.endpoints import Endpoint
from chatbench.core.prompts import Prompt, PromptMessage
from chatbench.core.runs import Plan, PlanData, PlanLimits, PlanModel, PlanPrompt, PlanUser
from chatbench.main import build


def plan(rows: int, turns: int = 0) -> Plan:
    """Each cell's question names its place, so that a server can count it."""
    message = PromptMessage(text="prompt {{n}}")
    return Plan(
        prompts=(PlanPrompt(prompt=Prompt(messages=(message,))),),
        data=PlanData(rows=tuple({"n": number} for number in range(rows))),
        models=(PlanModel(model="loop/m"),),
        checks=(Check(kind="contains", value="{{n}}", required=False),),
        limits=PlanLimits(concurrent=8),
        user=PlanUser(says=("More of {{n}}",) * turns) if turns else None,
    )


async def go(folder: Path, port: int, rows: int, full: int, turns: int) -> None:
    services = build(folder, environ={})
    await services.profile.ready()
    services.endpoints.save(
        Endpoint(
            id="loop", name="Loop", wire="openai_chat", base_url=f"http://127.0.0.1:{port}/v1", auth="none"
        )
    )
    found = await services.runs.runs()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    if full:
        resource.setrlimit(resource.RLIMIT_FSIZE, (full, unlimited[1]))
    run = await (services.runs.resume(found[0].id) if found else services.runs.start(plan(rows, turns)))
    run = await services.runs.wait(run.id)
    sys.stdout.write(f"{run.state} {run.done} {run.reason}\n")
    sys.stdout.flush()
    if full:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        await services.runs.resume(run.id)
        run = await services.runs.wait(run.id)
        sys.stdout.write(f"{run.state} {run.done} {run.reason}\n")
    await services.aclose()


if __name__ == "__main__":
    _folder, _port, _rows, *_more = sys.argv[1:]
    _full, _turns = map(int, [*_more, "0", "0"][:2])
    asyncio.run(go(Path(_folder), int(_port), int(_rows), _full, _turns))
