"""`chatbench jobs`: batch jobs at providers: submit, list, wait, cancel, again, results."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import msgspec

from chatbench.cli.asking import chosen_model, no_default_model, parameters_from
from chatbench.cli.history import JSON
from chatbench.cli.session import Session, note, say, say_json
from chatbench.core.jobs import Job
from chatbench.services import Services
from chatbench.services.exchange import iso
from chatbench.services.jobs import result_line

_JOB = click.argument("job", metavar="JOB")


@click.group()
def jobs() -> None:
    """Batch jobs: many prompts, answered within a day for about half the price. JOB is an id, or how it
    begins."""


@jobs.command()
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-m", "--model", metavar="MODEL", help="provider/model-id or an alias.")
@click.option("-s", "--system", default="", metavar="SYSTEM", help="The system prompt.")
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE",
              help="A parameter, such as temperature=0.2 (repeatable).")  # fmt: skip
@JSON
@click.pass_obj
def submit(
    session: Session, source: Path, model: str | None, system: str, options: tuple[str, ...], as_json: bool
) -> None:
    """Send every prompt of a .jsonl or .csv file."""
    parameters = parameters_from(options)

    async def send(services: Services) -> None:
        chosen = chosen_model(services, model)
        if chosen is None:
            raise no_default_model()
        _tell(await services.jobs.submit_file(source, chosen, system=system, parameters=parameters), as_json)

    session.run(send)


@jobs.command("list")
@JSON
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List the jobs of this profile, newest first, as they were last looked at."""

    async def show(services: Services) -> None:
        found = await services.jobs.all()
        if as_json:
            say_json([_object(job) for job in found])
            return
        for job in found:
            say(_line(job))
        if not found:
            note("No batch jobs yet: chatbench jobs submit FILE")

    session.run(show)


@jobs.command()
@_JOB
@JSON
@click.pass_obj
def wait(session: Session, job: str, as_json: bool) -> int:
    """Wait until a job has ended, and fetch its answers. Ctrl+C ends the waiting, not the job."""

    async def follow(services: Services) -> int:
        told: list[tuple[int, ...]] = []

        def progress(now: Job) -> None:
            finished = sum(piece.finished for piece in now.pieces)
            if not told or told[-1] != (finished,):
                told.append((finished,))
                note(f"{finished:,} of {now.total:,}")

        ended = await services.jobs.wait(job, progress)
        _tell(ended, as_json)
        return int(ended.answered < ended.total)

    return session.run(follow)


@jobs.command()
@_JOB
@JSON
@click.pass_obj
def cancel(session: Session, job: str, as_json: bool) -> None:
    """Stop a job; what is answered already can still be waited for."""

    async def stop(services: Services) -> None:
        _tell(await services.jobs.cancel(job), as_json)

    session.run(stop)


@jobs.command()
@_JOB
@JSON
@click.pass_obj
def again(session: Session, job: str, as_json: bool) -> None:
    """Ask what failed, expired or was cancelled once more."""

    async def ask(services: Services) -> None:
        _tell(await services.jobs.again(job), as_json)

    session.run(ask)


@jobs.command()
@_JOB
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write them (default: standard output).")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.pass_obj
def results(session: Session, job: str, out: Path | None, force: bool) -> None:
    """Write the answers there are as JSON lines, in the order they were asked."""
    if out is not None and out.exists() and not force:
        raise click.UsageError(f"{out} is there already; --force writes over it.")

    async def write(services: Services) -> None:
        found = await services.jobs.find(job)
        with nullcontext() if out is None else out.open("w", encoding="utf-8") as file:
            async for custom_id, response in services.jobs.collect(found.id):
                click.echo(result_line(custom_id, response), file=file)

    session.run(write)


def _tell(job: Job, as_json: bool) -> None:
    if as_json:
        say_json(_object(job))
    else:
        say(_line(job))
    for piece in job.pieces:
        if piece.reason:
            note(f"Note: {piece.provider}: {piece.reason}")


def _line(job: Job) -> str:
    when = iso(job.created_at)[:16].replace("T", " ")
    counts = {"failed": job.failed, "expired": job.expired, "cancelled": job.cancelled}
    missing = "".join(f", {count:,} {name}" for name, count in counts.items() if count)
    cost = f"${job.cost}{' and unknown' if job.unpriced else ''}" if job.answered else ""
    told = f"{job.state:<9} {job.answered:,}/{job.total:,}{missing}"
    return f"{job.id}  {when}  {told}  {cost}  {job.name}".rstrip()


def _object(job: Job) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(job)
    del told["pieces"]
    pieces = [
        {
            "provider": piece.provider, "model": piece.model, "state": piece.state,
            "id": piece.remote_id or None, "requests": piece.requests, "finished": piece.finished,
            "reason": piece.reason or None,
        }
        for piece in job.pieces
    ]  # fmt: skip
    return {**told, "created_at": iso(job.created_at), "due": job.due, "pieces": pieces}
