"""`chatbench run`: a plan carried out, paused and gone on with, and what came of it."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import msgspec

from chatbench.cli.asking import on_ctrl_c
from chatbench.cli.batch import money_given
from chatbench.cli.runwords import forecast_lines, run_object, statistics_lines
from chatbench.cli.session import STOPPED, Session, note, safe, say, say_json
from chatbench.core.errors import ConfigurationError
from chatbench.core.runs import Plan, Run
from chatbench.services import Services
from chatbench.services.runs import Live

_PAINT_S = 0.2


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, as it was given."""

    plan: Path | None
    resume: str | None
    check: bool
    failing: str | None
    as_json: bool
    junit: Path | None
    fail_under: float | None
    concurrent: int | None
    budget: Decimal | None
    trust: bool


@click.command()
@click.argument("plan", metavar="[PLAN.toml]", required=False,
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@click.option("--resume", metavar="RUN", help="Go on with this run: its number, id or name.")
@click.option("--check", is_flag=True, help="Look the plan through and say what it would take; send nothing.")
@click.option("--filter-failing", "failing", metavar="RUN",
              help="Only rows that failed or did not pass in this run.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as a JSON object.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write the outcome as JUnit XML too.")  # fmt: skip
@click.option("--fail-under", type=click.FloatRange(0, 1), metavar="SHARE",
              help="Exit with 1 where a smaller share of all cells passes, as 0.9.")  # fmt: skip
@click.option("--concurrent", type=click.IntRange(min=1), metavar="N", help="So many cells at once.")
@click.option("--budget", callback=money_given, metavar="USD", help="Pause before the run costs more.")
@click.option("--trust-checks", "trust", is_flag=True,
              help="Let the plan's Python checks run: you have read them.")  # fmt: skip
@click.pass_obj
def run(session: Session, /, **given: Any) -> int:
    """Carry out a plan: every row × prompt × model, asked once, checked and kept.

    Ctrl+C pauses the run; `chatbench run --resume RUN` goes on with it, also after a crash, and asks
    nothing twice. The exit code is 0; 1 where cells have no answer, the run paused by itself, or fewer
    pass than --fail-under says; 130 after Ctrl+C.
    """
    options = _Options(**given)
    if (options.plan is None) == (options.resume is None):
        raise click.UsageError("Name a plan, or a run with --resume.")
    if options.resume is not None and (options.check or options.failing):
        raise click.UsageError("--check and --filter-failing are for plans.")
    return session.run(lambda services: _run(services, options))


async def _run(services: Services, options: _Options) -> int:
    if options.resume is not None:
        found = await services.runs.find(options.resume)
        started = await services.runs.resume(found.id, budget=options.budget, concurrent=options.concurrent)
        return await _followed(services, started, options)
    assert options.plan is not None, "a plan or a run was named"
    plan = _with_limits(services.runs.load_plan(options.plan), options)
    _consent(services, plan, options.trust)
    if options.check:
        forecast = await services.runs.check(plan)
        if options.as_json:
            say_json(forecast)
        for line in () if options.as_json else forecast_lines(forecast):
            say(line)
        return 1 if forecast.problems else 0
    only = None
    if options.failing is not None:
        only = await services.runs.failing_ids((await services.runs.find(options.failing)).id)
        if not only:
            raise ConfigurationError(f"Nothing failed in run {options.failing}.", "Nothing is to be run.")
    return await _followed(services, await services.runs.start(plan, only=only), options)


def _with_limits(plan: Plan, options: _Options) -> Plan:
    given = {"concurrent": options.concurrent, "budget": options.budget}
    known = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(plan, limits=msgspec.structs.replace(plan.limits, **known))


def _consent(services: Services, plan: Plan, trust: bool) -> None:
    """A plan from anywhere runs no code by itself."""
    for check in services.checking.forbidden(plan.checks):
        if trust:
            services.checking.allow(str(check.value))
        else:
            note(f"Note: {check.title} is Python and is not run. Read it, then allow it with --trust-checks.")


async def follow(services: Services, started: Run) -> int:
    """Shows a run until its end and says what came of it; the exit code."""
    nothing = _Options(
        plan=None, resume=None, check=False, failing=None, as_json=False, junit=None, fail_under=None,
        concurrent=None, budget=None, trust=False,
    )  # fmt: skip
    return await _followed(services, started, nothing)


async def _followed(services: Services, started: Run, options: _Options) -> int:
    presses = 0
    waiting = asyncio.ensure_future(services.runs.wait(started.id))
    pausing: set[asyncio.Future[None]] = set()

    def on_press() -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            note("\nPausing: answers under way are waited for. Ctrl+C again leaves them.")
        pausing.add(asyncio.ensure_future(services.runs.pause(started.id, at_once=presses > 1)))

    with on_ctrl_c(on_press):
        await _shown(services, started, waiting)
        ended = await waiting
        await asyncio.gather(*pausing)
    return await _concluded(services, ended, options, interrupted=presses > 0)


async def _shown(services: Services, started: Run, waiting: asyncio.Future[Run]) -> None:
    """A line that says how it stands, where somebody sees it."""
    if not sys.stderr.isatty():
        await asyncio.wait({waiting})
        return
    from rich.console import Console
    from rich.live import Live as Painted
    from rich.text import Text

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with Painted(console=console, auto_refresh=False, transient=True) as painted:
        while not waiting.done():
            live = services.runs.live(started.id, texts=False)
            if live is not None:
                painted.update(
                    Text(safe(_line(started, live)), no_wrap=True, overflow="ellipsis"), refresh=True
                )
            await asyncio.wait({waiting}, timeout=_PAINT_S)


def _line(run: Run, live: Live) -> str:
    parts = [f"Run {run.number}: {live.done + live.failed:,}/{live.total:,}"]
    if run.plan.checks:
        parts.append(f"{live.passed:,} passed")
    parts += [f"{live.failed:,} failed"] if live.failed else []
    parts += [f"{live.in_jobs:,} in batch jobs"] if live.in_jobs else []
    parts += [f"{live.rate:.1f}/s", f"{live.running:,} under way"]
    parts.append("price unknown" if live.unpriced and not live.cost else f"${live.cost.normalize():f}")
    if live.seconds_left is not None:
        parts.append(f"{live.seconds_left / 60:.0f} min left" if live.seconds_left >= 90 else
                     f"{live.seconds_left:.0f} s left")  # fmt: skip
    return " · ".join(parts)


async def _concluded(services: Services, ended: Run, options: _Options, *, interrupted: bool) -> int:
    statistics = await services.runs.statistics(ended.id)
    if options.junit is not None:
        await services.runs.export(ended.id, "junit", options.junit)
    if options.as_json:
        say_json(run_object(ended, statistics))
    else:
        for line in statistics_lines(ended, statistics):
            say(line)
    if ended.reason:
        note(f"Paused: {ended.reason}")
    if ended.state == "paused":
        note(f"Go on with: chatbench run --resume {ended.number}")
    elif ended.failed:
        note(f"{ended.failed:,} cells have no answer; ask them again: chatbench runs again {ended.number}")
    if interrupted and ended.state == "paused":
        return STOPPED
    whole = statistics.whole.summary
    share = whole.passed / ended.total if ended.total else 0.0
    under = options.fail_under is not None and share < options.fail_under
    if under:
        note(f"{share:.1%} of all cells passed; --fail-under wants {options.fail_under:.1%}.")
    return 1 if under or ended.failed or ended.state != "done" else 0
