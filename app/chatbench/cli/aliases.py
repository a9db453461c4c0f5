"""`chatbench aliases`: short names for models."""

from __future__ import annotations

import click
import msgspec

from chatbench.cli.session import Session, note, say
from chatbench.core.errors import ConfigurationError
from chatbench.services import Services


@click.group()
def aliases() -> None:
    """Short names for models."""


@aliases.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List aliases and what they stand for."""

    async def show(services: Services) -> None:
        found = dict(sorted(services.models.aliases().items()))
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
            return
        for alias, model in found.items():
            say(f"{alias:<20} {model}")
        if not found:
            note("There are no aliases: `chatbench aliases set NAME MODEL` makes one.")

    session.run(show)


@aliases.command("set")
@click.argument("alias")
@click.argument("model")
@click.pass_obj
def set_(session: Session, alias: str, model: str) -> None:
    """Let ALIAS stand for MODEL, or for what another alias stands for."""

    async def change(services: Services) -> None:
        say(f"{alias.strip()} is {services.models.set_alias(alias, model)}.")

    session.run(change)


@aliases.command()
@click.argument("alias")
@click.pass_obj
def remove(session: Session, alias: str) -> None:
    """Forget an alias."""

    async def change(services: Services) -> None:
        try:
            services.models.remove_alias(alias)
        except KeyError:
            raise ConfigurationError(
                f"There is no alias called {alias!r}.", "See `chatbench aliases list`."
            ) from None
        say(f"Removed the alias {alias}.")

    session.run(change)
