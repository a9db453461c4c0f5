"""`chatbench providers`: list, add, remove, check."""

from __future__ import annotations

import click
import msgspec

from chatbench.cli.session import Session, note, say
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelRef
from chatbench.services import Services

_KEY_WORDS = {
    "not_needed": "no key needed",
    "ready": "key ready",
    "missing": "no key",
    "other_origin": "key for another address",
}


@click.group()
def providers() -> None:
    """Where models are: the shipped providers and your own."""


@providers.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List every provider with its address and the state of its key."""

    async def show(services: Services) -> None:
        rows = services.endpoints.rows()
        if as_json:
            told = [
                {
                    "id": row.endpoint.id,
                    "name": row.endpoint.name,
                    "wire": row.endpoint.wire,
                    "base_url": row.endpoint.base_url,
                    "key": row.key.state,
                    "key_from": row.key.variable or row.key.place,
                    "shipped": row.endpoint.shipped,
                    "models": row.models,
                }
                for row in rows
            ]
            click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        else:
            for row in rows:
                place = f" from {row.key.variable or row.key.place}" if row.key.place else ""
                key = f"{_KEY_WORDS[row.key.state]}{place}"
                say(f"{row.endpoint.id:<14} {key:<38} {row.endpoint.base_url}")

    session.run(show)


@providers.command()
@click.argument("identifier", metavar="ID")
@click.option("--wire", required=True, help="How requests are written, e.g. openai_chat.")
@click.option("--base-url", required=True, metavar="URL")
@click.option("--name", default="", help="What people read; the id if left out.")
@click.option("--auth", default="bearer", metavar="bearer|none|header:NAME", show_default=True)
@click.option("--header", "headers", multiple=True, metavar="K=V", help="An extra header.")
@click.option("--model", "models", multiple=True, metavar="ID", help="A model it has.")
@click.pass_obj
def add(
    session: Session, identifier: str, wire: str, base_url: str, name: str, auth: str,
    headers: tuple[str, ...], models: tuple[str, ...],
) -> None:  # fmt: skip
    """Add a provider, or change one."""
    if auth not in ("bearer", "none") and not auth.startswith("header:"):
        raise click.UsageError("--auth: use bearer, none or header:NAME")
    pairs = [header.partition("=") for header in headers]
    if any(not key or not equals for key, equals, _ in pairs):
        raise click.UsageError("--header: write NAME=VALUE")
    endpoint = Endpoint(
        id=identifier,
        name=name or identifier,
        wire=wire,
        base_url=base_url,
        auth=auth,
        headers={key: value for key, _, value in pairs},
        models=models,
    )

    async def save(services: Services) -> None:
        services.endpoints.save(endpoint)
        say(f"Added {identifier}. Check it: chatbench providers check {identifier}")

    session.run(save)


@providers.command()
@click.argument("identifier", metavar="ID")
@click.pass_obj
def remove(session: Session, identifier: str) -> None:
    """Remove a provider of yours; a changed shipped one returns to what it was."""

    async def drop(services: Services) -> None:
        services.endpoints.remove(identifier)
        say(f"Removed {identifier}.")

    session.run(drop)


@providers.command()
@click.argument("identifier", metavar="ID")
@click.option("-m", "--model", metavar="MODEL-ID", help="The model to ask for a first token.")
@click.pass_obj
def check(session: Session, identifier: str, model: str | None) -> int:
    """Check the connection step by step; the last step makes one small call."""

    async def steps(services: Services) -> int:
        endpoint = services.endpoints.row(identifier).endpoint
        failed = 0
        async for step in services.endpoints.check(endpoint, _ref(services, identifier, model)):
            if step.state == "running":
                continue
            mark = {"passed": "ok  ", "failed": "FAIL", "not_tried": "-   "}[step.state]
            seconds = f" ({step.seconds * 1000:.0f} ms)" if step.seconds is not None else ""
            say(f"{mark} {step.name}: {step.found}{seconds}")
            if step.state == "failed":
                failed = 1
                for more in filter(None, (step.raw, step.hint)):
                    note(f"     {more}")
        return failed

    return session.run(steps)


def _ref(services: Services, provider: str, model: str | None) -> ModelRef | None:
    return services.models.resolve(f"{provider}/{model}") if model else None
