"""`chatbench models`: what there is to choose from, and the default."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import click
import msgspec

from chatbench.cli.session import Session, note, say
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.services import Services
from chatbench.services.models import ModelGroup, ModelRow

F = TypeVar("F", bound=Callable[..., Any])


def _listing(command: F) -> F:
    """The options of the list: it is printed by `models` and by `models list`."""
    for option in (
        click.option("--options", is_flag=True, help="Tell which parameters each model takes."),
        click.option("--refresh", is_flag=True, help="Ask the provider for its list first."),
        click.option("--json", "as_json", is_flag=True, help="Print a JSON array."),
        click.option("--provider", metavar="P", help="Only this provider's models."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@_listing
@click.pass_context
def models(context: click.Context, /, **chosen: Any) -> None:
    """List models with context window and price per million tokens."""
    if context.invoked_subcommand is None:
        _list(context.obj, **chosen)


@models.command("list")
@_listing
@click.pass_obj
def list_(session: Session, /, **chosen: Any) -> None:
    """The same list."""
    _list(session, **chosen)


def _list(session: Session, provider: str | None, as_json: bool, refresh: bool, options: bool) -> None:
    async def show(services: Services) -> None:
        if provider:
            services.endpoints.row(provider)
        if refresh:
            await _refresh(services, provider)
        groups = [g for g in services.models.groups() if provider in (None, g.endpoint.id)]
        if as_json:
            _print_json(services, groups, options)
        else:
            _print_rows(services, groups, options)

    session.run(show)


def _print_json(services: Services, groups: list[ModelGroup], options: bool) -> None:
    rows = [_row_object(row, g.endpoint.id) for g in groups for row in g.rows]
    if options:
        rows = [{**row, "parameters": _parameters(services, str(row["id"]))} for row in rows]
    click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())


def _print_rows(services: Services, groups: list[ModelGroup], options: bool) -> None:
    for group in groups:
        ready = "" if group.rows[0].usable else "  (no key yet)"
        say(f"{group.endpoint.name}{ready}")
        for row in group.rows:
            say(f"  {row.info.ref!s:<52} {_context(row):>9}  {_price(row)}")
            if options:
                say(_options(services, row.info))


@models.command()
@click.argument("model", required=False)
@click.option("--embedding", is_flag=True, help="The one for embeddings.")
@click.option("--clear", is_flag=True, help="Have no default model.")
@click.pass_obj
def default(session: Session, model: str | None, embedding: bool, clear: bool) -> None:
    """Show or set the default model."""
    if model and clear:
        raise click.UsageError("Give MODEL or --clear, not both.")

    async def change(services: Services) -> None:
        known = services.models
        set_to = known.set_default_embedding if embedding else known.set_default
        if clear:
            set_to(None)
        elif model:
            set_to(known.resolve(model))
        say(str((known.default_embedding() if embedding else known.default()) or "none"))

    session.run(change)


def _parameters(services: Services, model: str) -> dict[str, str | None]:
    """Parameter → null where it is sent, else why it is not."""
    told = services.models.options(ModelRef.parse(model))
    return {name: reason or None for name, reason in told.items()}


def _options(services: Services, info: ModelInfo) -> str:
    """The parameters a model is sent, and those it is not, each with why."""
    told = services.models.options(info.ref)
    names = [name for name, reason in told.items() if not reason]
    if "reasoning_effort" in names:
        names[names.index("reasoning_effort")] = f"reasoning_effort ({', '.join(info.efforts)})"
    lines = [f"sent: {', '.join(names)}" if names else "sent: none"]
    by_reason: dict[str, list[str]] = {}
    for name, reason in told.items():
        if reason:
            by_reason.setdefault(reason, []).append(name)
    lines += [f"{reason}: {', '.join(names)}" for reason, names in by_reason.items()]
    return "\n".join(f"      {line}" for line in lines)


async def _refresh(services: Services, provider: str | None) -> None:
    ids = [provider] if provider else [r.endpoint.id for r in services.endpoints.rows() if r.in_use]
    for endpoint_id in ids:
        try:
            await services.models.refresh(endpoint_id)
        except ChatbenchError as error:
            if provider:
                raise
            note(f"{endpoint_id}: {error.message}")


def _row_object(row: ModelRow, provider: str) -> dict[str, object]:
    info = row.info
    rates = row.rates
    return {
        "id": str(info.ref),
        "name": info.title,
        "provider": provider,
        "context_window": info.context_window,
        "max_output_tokens": info.max_output_tokens,
        "inputs": sorted(info.inputs),
        "tools": info.tools,
        "thinking": info.thinking,
        "efforts": list(info.efforts),
        "usable": row.usable,
        "local": info.local,
        "price_per_million": None
        if row.free or rates is None
        else {"input": _decimal(rates.input), "output": _decimal(rates.output), "currency": "USD"},
        "free": row.free,
        "source": info.source,
    }


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _context(row: ModelRow) -> str:
    window = row.info.context_window
    return f"{window:,}" if window else "unknown"


def _price(row: ModelRow) -> str:
    if row.free:
        return "no charge"
    if row.rates is None or row.rates.input is None or row.rates.output is None:
        return "price unknown"
    return f"${row.rates.input:f} in, ${row.rates.output:f} out"
