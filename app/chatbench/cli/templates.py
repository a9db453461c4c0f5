"""`chatbench templates`: saved prompts."""

from __future__ import annotations

import click

from chatbench.cli.session import Session, note, say
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services


@click.group()
def templates() -> None:
    """Saved prompts: made by `prompt --save NAME`, used by `prompt -t NAME`."""


@templates.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List templates, with their variables."""

    async def show(services: Services) -> None:
        names = services.templates.names()
        for name in names:
            try:
                template = services.templates.get(name)
            except ChatbenchError as error:
                note(f"{name}: {error.message}")
                continue
            places = " ".join(f"{{{{{place}}}}}" for place in template.names)
            first = next(iter((template.prompt or template.system).splitlines()), "")
            say(f"{name:<20} {places or '-':<24} {first[:60]}".rstrip())
        if not names:
            note("There are no templates: `chatbench prompt … --save NAME` makes one.")

    session.run(show)


@templates.command()
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show one template as it is written, and where."""

    async def tell(services: Services) -> None:
        say(services.templates.text(name).rstrip("\n"))
        note(str(services.templates.path(name)))

    session.run(tell)


@templates.command()
@click.argument("name")
@click.pass_obj
def remove(session: Session, name: str) -> None:
    """Remove one template."""

    async def forget(services: Services) -> None:
        services.templates.remove(name)
        say(f"Removed the template {name}.")

    session.run(forget)
