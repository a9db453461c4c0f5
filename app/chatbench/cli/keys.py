"""`chatbench keys`: set, list, confirm, remove. A key is never an argument."""

from __future__ import annotations

import sys

import click

from chatbench.cli.session import Session, say
from chatbench.core.endpoints import Endpoint
from chatbench.core.secrets import Secret
from chatbench.services import Services


@click.group()
def keys() -> None:
    """API keys, kept in the keyring of your system."""


@keys.command("set")
@click.argument("provider")
@click.pass_obj
def set_(session: Session, provider: str) -> None:
    """Store a key: asked for hidden, or read from stdin."""

    async def find(services: Services) -> Endpoint:
        return services.endpoints.row(provider).endpoint

    endpoint = session.run(find)
    # Asked for while no loop runs: Ctrl+C must end the question.
    key = _read_key(endpoint.name)

    async def store(services: Services) -> None:
        await services.endpoints.set_key(provider, key)
        say(f"Stored the key for {endpoint.name}, for use at {endpoint.origin}.")

    session.run(store)


def _read_key(name: str) -> Secret:
    if sys.stdin.isatty():
        return Secret(click.prompt(f"Key for {name}", hide_input=True, err=True))
    return Secret(sys.stdin.readline().strip())


@keys.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """Say which providers have a key, and where it is from. No key is shown."""

    async def show(services: Services) -> None:
        found = False
        for row in services.endpoints.rows():
            if row.key.place is None:
                continue
            found = True
            place = row.key.variable or {"session": "this session"}.get(row.key.place, row.key.place)
            bound = "" if row.key.state == "ready" else "  (not confirmed for the present address)"
            say(f"{row.endpoint.id:<14} {place:<24} {row.key.origin}{bound}")
        if not found:
            say("No keys yet. Set one: chatbench keys set PROVIDER")

    session.run(show)


@keys.command()
@click.argument("provider")
@click.pass_obj
def confirm(session: Session, provider: str) -> None:
    """Allow the stored key to be sent to the provider's present address."""

    async def bind(services: Services) -> None:
        row = services.endpoints.row(provider)
        await services.endpoints.confirm_key(provider)
        say(f"The key for {row.endpoint.name} may now be sent to {row.endpoint.origin}.")

    session.run(bind)


@keys.command()
@click.argument("provider")
@click.pass_obj
def remove(session: Session, provider: str) -> None:
    """Forget a stored key."""

    async def forget(services: Services) -> None:
        gone = await services.endpoints.forget_key(provider)
        say(f"Removed the key for {provider}." if gone else f"There was no key for {provider}.")

    session.run(forget)
