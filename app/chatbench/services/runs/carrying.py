"""A plan carried out from its beginning to its end, for whoever wants no more than what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from chatbench.core.runs import Cell, Plan, Run
from chatbench.services.runs.progress import Live
from chatbench.services.runs.service import RunService
from chatbench.services.runs.statistics import RunStatistics

_LOOK_S = 0.2


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a plan: the run as it ended ("done", or "paused" with its `reason`), what its cells say,
    and the cells, row after row."""

    run: Run
    statistics: RunStatistics
    cells: tuple[Cell, ...]

    @property
    def pass_rate(self) -> float | None:
        """The share of judged cells that passed; None where nothing was judged."""
        return self.statistics.whole.summary.rate


async def carry_out(
    runs: RunService,
    plan: Plan | Mapping[str, Any] | Path | str | None,
    *,
    resume: str = "",
    on_progress: Callable[[Live], object] | None = None,
) -> RunOutcome:
    """Runs a plan (one of the class, a dictionary, a file's name, or TOML), or goes on with the run named
    by `resume`. `on_progress` is called several times a second. Cancelled, it pauses the run.

    Raises what is wrong with the plan; what calls fail of is in their cells.
    """
    if resume:
        started = await runs.resume((await runs.find(resume)).id)
    else:
        started = await runs.start(await asyncio.to_thread(_read, runs, plan))
    waiting = asyncio.ensure_future(runs.wait(started.id))
    try:
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=_LOOK_S)
            live = runs.live(started.id, texts=False)
            if live is not None and on_progress is not None:
                on_progress(live)
    except BaseException:
        await runs.pause(started.id, at_once=True)
        raise
    run = await waiting
    cells = await runs.cells(run.id)
    return RunOutcome(run=run, statistics=await runs.statistics(run.id), cells=tuple(cells))


def _read(runs: RunService, plan: Plan | Mapping[str, Any] | Path | str | None) -> Plan:
    if isinstance(plan, Plan):
        return plan
    if isinstance(plan, Mapping):
        return Plan.from_dict(dict(plan))
    text = "" if plan is None else plan
    if isinstance(text, str) and "\n" not in text and "=" not in text:
        text = Path(text)
    return runs.load_plan(text)
