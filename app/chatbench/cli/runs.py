"""`chatbench runs`: list, show, diff, export, again, resume, delete, restore."""

from __future__ import annotations

from pathlib import Path

import click

from chatbench.cli.history import JSON
from chatbench.cli.run import follow
from chatbench.cli.runwords import run_object, statistics_lines, summary_object
from chatbench.cli.session import Session, note, say, say_json
from chatbench.services import Services
from chatbench.services.exchange import iso
from chatbench.services.runs.exporting import FORMATS, RunFormat, format_of, money

_RUN = click.argument("name", metavar="RUN")
_SHOWN_ROWS = 20


@click.group()
def runs() -> None:
    """The runs of this profile; RUN is a number, an id or a name."""


@runs.command("list")
@click.option("-n", "--limit", default=50, show_default=True, help="How many, newest first.")
@JSON
@click.pass_obj
def list_(session: Session, limit: int, as_json: bool) -> None:
    """List runs, newest first."""

    async def show(services: Services) -> None:
        found = (await services.runs.runs())[:limit]
        if as_json:
            say_json([summary_object(run) for run in found])
            return
        for run in found:
            when = iso(run.created_at)[:16].replace("T", " ")
            failed = f", {run.failed:,} failed" if run.failed else ""
            counts = f"{run.done:,}/{run.total:,}{failed}"
            say(f"{run.number:>4}  {when}  {run.state:<8} {counts:<16} {money(run.cost, run.unpriced):<12} "
                f"{run.plan.name}".rstrip())  # fmt: skip
        if not found:
            note("No runs yet: chatbench run PLAN.toml")

    session.run(show)


@runs.command()
@_RUN
@click.option("--plan", "as_plan", is_flag=True, help="Print its plan as TOML.")
@JSON
@click.pass_obj
def show(session: Session, name: str, as_plan: bool, as_json: bool) -> None:
    """Show what a run came to."""

    async def tell(services: Services) -> None:
        run = await services.runs.find(name)
        if as_plan:
            click.echo(services.runs.dump_plan(await services.runs.whole_plan(run.id)), nl=False)
            return
        statistics = await services.runs.statistics(run.id)
        if as_json:
            say_json(run_object(run, statistics))
            return
        for line in statistics_lines(run, statistics):
            say(line)
        for at in range(1, len(run.columns)):
            say((await services.runs.compare((run.id, 0), (run.id, at))).words)
        if run.reason:
            say(f"Paused: {run.reason}")

    session.run(tell)


@runs.command()
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@JSON
@click.pass_obj
def diff(session: Session, first: str, second: str, as_json: bool) -> None:
    """Compare each column of the second run with the same one of the first."""

    async def tell(services: Services) -> None:
        before, after = await services.runs.find(first), await services.runs.find(second)
        found = await services.runs.compare_runs(before.id, after.id)
        if as_json:
            say_json(found)
            return
        for one in found:
            say(one.words)
            for what in ("fixed", "broken", "added", "removed"):
                rows = getattr(one.rows, what)
                more = f" and {len(rows) - _SHOWN_ROWS:,} more" if len(rows) > _SHOWN_ROWS else ""
                if rows:
                    say(f"  {what}: row {', '.join(rows[:_SHOWN_ROWS])}{more}")
        if not found:
            note("The runs have no column in common.")

    session.run(tell)


@runs.command()
@_RUN
@click.option("--format", "form", type=click.Choice(list(FORMATS)),
              help="Left out: by the ending of the file.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.pass_obj
def export(session: Session, name: str, form: RunFormat | None, out: Path) -> None:
    """Write a run as CSV, JSONL, XLSX, an HTML page, or JUnit XML."""

    async def write(services: Services) -> None:
        run = await services.runs.find(name)
        for told in await services.runs.export(run.id, form or format_of(out), out):
            note(f"Note: {told}")

    session.run(write)


@runs.command()
@_RUN
@click.option(
    "--changed", is_flag=True, help="Those whose prompt or row has changed, in place of the failed."
)
@click.pass_obj
def again(session: Session, name: str, changed: bool) -> int:
    """Ask the failed cells of a run again."""

    async def work(services: Services) -> int:
        run = await services.runs.find(name)
        return await follow(services, await services.runs.rerun(run.id, "changed" if changed else "failed"))

    return session.run(work)


@runs.command()
@_RUN
@click.pass_obj
def resume(session: Session, name: str) -> int:
    """Go on with a run, as `chatbench run --resume` does."""

    async def work(services: Services) -> int:
        return await follow(services, await services.runs.resume((await services.runs.find(name)).id))

    return session.run(work)


@runs.command()
@_RUN
@click.option("--for-good", is_flag=True, help="Past the trash: with all its answers.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, name: str, for_good: bool, yes: bool) -> None:
    """Put a run into the trash, where it stays for a month; `restore` takes it out again."""

    async def work(services: Services) -> None:
        run = await services.runs.find(name, trashed=for_good)
        told = f"run {run.number}{f' ({run.plan.name})' if run.plan.name else ''}"
        if for_good and not yes:
            click.confirm(f"Delete {told} and its {run.done:,} answers for good?", abort=True)
        await services.runs.delete(run.id)
        if for_good:
            await services.runs.delete_for_good([run.id])
        note(f"Deleted {told}." if for_good else f"{told[0].upper()}{told[1:]} is in the trash.")

    session.run(work)


@runs.command()
@_RUN
@click.pass_obj
def restore(session: Session, name: str) -> None:
    """Take a run out of the trash."""

    async def work(services: Services) -> None:
        run = await services.runs.find(name, trashed=True)
        await services.runs.restore(run.id)
        note(f"Run {run.number} is back.")

    session.run(work)
