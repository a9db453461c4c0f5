"""`chatbench batch`: the prompts of a file, their answers to another, resumed where it was left."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from chatbench.cli.asking import chosen_model, no_default_model, on_ctrl_c, parameters_from
from chatbench.cli.session import STOPPED, Session, note
from chatbench.core.models import ModelRef
from chatbench.services import Services
from chatbench.services.batches import Batch, Check, Summary
from chatbench.services.batchplaces import set_aside
from chatbench.services.schemas import read_schema

STDOUT = "-"
Shown = Literal["rich", "tqdm", "none"]


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, as it was given."""

    models: tuple[str, ...]
    fallbacks: tuple[str, ...]
    settings: dict[str, Any]
    restart: bool
    dry_run: bool
    progress: Shown
    as_json: bool


def money_given(context: click.Context, option: click.Parameter, value: str | None) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(value.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise click.BadParameter(f"{value!r} is no amount of dollars, as 2.50.", context, option)
    return amount


def _weights(context: click.Context, option: click.Parameter, value: str) -> str | tuple[float, ...]:
    if value in ("uniform", "dynamic"):
        return value
    try:
        return tuple(float(one) for one in value.split(","))
    except ValueError:
        wanted = "Write uniform, dynamic, or a number for each -m, as 1,3."
        raise click.BadParameter(f"{value!r} is no weight. {wanted}", context, option) from None


_COUNT = click.IntRange(min=1)


@click.command()
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL",
              help="provider/model-id or an alias; repeated, each prompt goes to one of them.")  # fmt: skip
@click.option("--weights", callback=_weights, default="uniform", metavar="uniform|dynamic|1,3",
              help="How prompts are spread over several -m (dynamic: by success and speed).")  # fmt: skip
@click.option("--fallback", "fallbacks", multiple=True, metavar="MODEL",
              help="Ask this model where the others do not answer (repeatable, in order).")  # fmt: skip
@click.option("--out", metavar="FILE", help="JSON lines, or SQLite for .db; - is standard output "
              "(default: the input's name with .out.jsonl).")  # fmt: skip
@click.option("-s", "--system", default="", metavar="SYSTEM",
              help="The system prompt of lines without one of their own.")  # fmt: skip
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE",
              help="A parameter, such as temperature=0.2 (repeatable); a line's own params win.")  # fmt: skip
@click.option("--schema", metavar="SCHEMA",
              help="Answer in JSON: fields ('name, age int, bio'), a JSON Schema, or its file.")  # fmt: skip
@click.option("--max-cost", callback=money_given, metavar="USD", help="Stop before this run costs more.")
@click.option("--max-tokens-total", "max_tokens", type=_COUNT, metavar="N",
              help="Stop before this run takes more tokens, input and output.")  # fmt: skip
@click.option("--concurrency", "at_once", type=_COUNT, default=500, show_default=True, metavar="N",
              help="So many prompts at once, within each provider's limits.")  # fmt: skip
@click.option("--rpm", "requests_per_minute", type=_COUNT, metavar="N", help="Requests a minute, per model.")
@click.option("--tpm", "tokens_per_minute", type=_COUNT, metavar="N", help="Tokens a minute, per model.")
@click.option("--attempts", type=_COUNT, default=10, show_default=True, metavar="N",
              help="How often a prompt is tried.")  # fmt: skip
@click.option("--limit", type=_COUNT, metavar="N", help="Only the first N prompts.")
@click.option("--restart", "--no-resume", "restart", is_flag=True,
              help="Begin anew; results that are there are kept under another name.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Check everything, estimate tokens and money, send nothing.")
@click.option("--progress", type=click.Choice(["rich", "tqdm", "none"]),
              help="How to show it (default: rich on a terminal).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True,
              help="Print the summary as a JSON object (with --out -: on stderr).")  # fmt: skip
@click.pass_obj
def batch(
    session: Session, /, source: Path, models: tuple[str, ...], fallbacks: tuple[str, ...],
    out: str | None, options: tuple[str, ...], schema: str | None, restart: bool, dry_run: bool,
    progress: Shown | None, as_json: bool, **settings: Any,
) -> int:  # fmt: skip
    """Answer every prompt of FILE: JSON lines, or a table (.csv) with a column `prompt`.

    A line is {"prompt": TEXT} or {"messages": […]}, and may have id, system and params. Each answer
    is a line of the output, in the order they come. Run the command again to go on: what is answered
    is not asked again, what failed is. Ctrl+C sends nothing more and waits for answers under way.

    The exit code is 0, 1 where some prompts have no answer, or 130 after Ctrl+C.
    """
    weights = settings["weights"]
    if isinstance(weights, tuple) and len(weights) != len(models):
        raise click.UsageError(f"--weights has {len(weights)} numbers for {len(models)} -m.")
    place = None if out == STDOUT else Path(out) if out else source.with_suffix(".out.jsonl")
    if restart and place is None:
        raise click.UsageError("--restart is for results in a file.")
    asked = _Options(
        models=models,
        fallbacks=fallbacks,
        settings={
            **settings,
            "source": source,
            "out": place,
            "parameters": parameters_from(options),
            "schema": session.known(lambda: read_schema(schema)) if schema is not None else None,
        },
        restart=restart,
        dry_run=dry_run,
        progress=progress or ("rich" if sys.stderr.isatty() else "none"),
        as_json=as_json,
    )
    return session.run(lambda services: _run(services, asked))


async def _run(services: Services, options: _Options) -> int:
    models = _models(services, options.models)
    fallbacks = tuple(ref for name in options.fallbacks if (ref := chosen_model(services, name)))
    asked = Batch(models=models, fallbacks=fallbacks, **options.settings)
    check = await services.batches.check(asked, estimate=options.dry_run, restart=options.restart)
    for told in check.notes:
        note(f"Note: {told}")
    if options.dry_run:
        _tell_check(asked, check, options.as_json)
        return 0
    if options.restart and asked.out is not None and (kept := set_aside(asked.out)):
        note(f"The earlier results are kept in {kept}.")
    summary, interrupted = await _answered(services, asked, check, options)
    _tell_summary(asked, check, summary, interrupted, options)
    if interrupted:
        return STOPPED
    return 1 if summary.failed or summary.left else 0


def _models(services: Services, names: tuple[str, ...]) -> tuple[ModelRef, ...]:
    found = [chosen_model(services, name) for name in names or (None,)]
    if None in found:
        raise no_default_model()
    return tuple(ref for ref in found if ref)


async def _answered(
    services: Services, asked: Batch, check: Check, options: _Options
) -> tuple[Summary, bool]:
    """The first Ctrl+C lets answers under way come in, the second leaves them."""
    stop = asyncio.Event()
    interrupted = False
    running = asyncio.ensure_future(
        services.batches.run(asked, check, stream=sys.stdout.buffer, progress=options.progress, stop=stop)
    )

    def on_press() -> None:
        nonlocal interrupted
        if interrupted:
            running.cancel()
            return
        interrupted = True
        stop.set()
        note("\nStopping: answers under way are waited for. Ctrl+C again leaves them.")

    with on_ctrl_c(on_press):
        try:
            return await running, interrupted
        except asyncio.CancelledError:
            if not interrupted:
                raise
    note(_how_to_go_on(asked, options))
    raise click.Abort


def _how_to_go_on(asked: Batch, options: _Options) -> str:
    if asked.out is None:
        return "Nothing of it can be resumed: name a file with --out for that."
    but = ", without --restart," if options.restart else ""
    return f"Run the same command again{but} to go on: what is answered in {asked.out} is not asked again."


def _tell_check(asked: Batch, check: Check, as_json: bool) -> None:
    left = check.prompts - check.answered
    if as_json:
        told = {
            "prompts": check.prompts,
            "answered": check.answered,
            "left": left,
            "out": str(asked.out) if asked.out else None,
            "estimates": [
                {
                    "model": str(one.model),
                    "input_tokens": one.input_tokens,
                    "input_cost": _amount(one.input_cost),
                    "most_cost": _amount(one.most_cost),
                }
                for one in check.estimates
            ],
        }
        click.echo(msgspec.json.encode(told).decode())
        return
    there = f", {check.answered:,} of them answered in {asked.out}" if check.answered else ""
    click.echo(f"{asked.source}: {check.prompts:,} prompts{there}, {left:,} to ask")
    for one in check.estimates:
        money = "price unknown"
        if one.input_cost is not None and one.most_cost is not None:
            money = f"≈ ${one.input_cost:.4f} for them, at most ${one.most_cost:.4f} with the longest answers"
        every = " if all went there" if len(check.estimates) > 1 else ""
        click.echo(f"{one.model}{every}: ≈ {one.input_tokens:,} tokens of input, {money}")
    click.echo("Nothing was sent.")


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _tell_summary(asked: Batch, check: Check, summary: Summary, interrupted: bool, options: _Options) -> None:
    done = summary.progress
    if options.as_json:
        told = {
            "prompts": check.prompts,
            "answered": done.done,
            "skipped": done.skipped,
            "failed": summary.failed,
            "left": summary.left,
            "stopped_by": "ctrl-c" if interrupted else summary.stopped_by or None,
            "input_tokens": done.input_tokens,
            "output_tokens": done.output_tokens,
            "cost": _amount(done.cost) if done.cost or done.cost_complete else None,
            "cost_complete": done.cost_complete,
            "elapsed_s": round(done.elapsed_s, 3),
            "out": str(asked.out) if asked.out else None,
        }
        click.echo(msgspec.json.encode(told).decode(), err=asked.out is None)
    else:
        note(_in_words(asked, summary))
    if summary.stopped_by:
        note(f"Stopped: {summary.reason}")
    if summary.left or summary.failed:
        note(_how_to_go_on(asked, options))


def _in_words(asked: Batch, summary: Summary) -> str:
    done = summary.progress
    parts = [f"{done.done:,} answered"]
    counts = ((done.skipped, "were there"), (summary.failed, "failed"), (summary.left, "not asked"))
    parts += [f"{count:,} {what}" for count, what in counts if count]
    parts.append(f"{done.input_tokens:,} + {done.output_tokens:,} tokens")
    if done.cost_complete:
        parts.append(f"${done.cost:f}")
    else:
        parts.append(f"${done.cost:f} and more of unknown price" if done.cost else "price unknown")
    where = f": {asked.out}" if asked.out else ""
    return f"{', '.join(parts)}, {done.elapsed_s:.1f} s{where}"
