"""`chatbench files`: what providers keep for you: list, upload, show, download, delete."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from chatbench.cli.history import JSON
from chatbench.cli.session import Session, note, say, say_json
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import ChatbenchError
from chatbench.services import Services
from chatbench.services.exchange import iso
from chatbench.services.providerfiles import KeptFile

_TIME = re.compile(r"([1-9][0-9]{0,4})\s*([hd])", re.IGNORECASE)
_STDOUT = "-"
PROVIDER = click.option(
    "--provider", default="", metavar="ID", help="Which; not needed where only one keeps files."
)


@click.group()
def files() -> None:
    """Files that providers keep, to be sent by their name."""


@files.command("list")
@PROVIDER
@JSON
@click.pass_obj
def list_(session: Session, provider: str, as_json: bool) -> int:
    """List what the providers with a key keep, or one of them."""

    async def show(services: Services) -> int:
        kept = services.provider_files
        places = [kept.provider(provider)] if provider else kept.providers()
        if not places:
            kept.provider()  # says what is missing
        found: list[KeptFile] = []
        failed = 0
        for place in places:
            try:
                found += await kept.list(place.id)
            except ChatbenchError as error:
                if len(places) == 1:
                    raise
                note(f"Error: {place.id}: {error.message}\n  {error.hint}".rstrip())
                failed = 1
        if as_json:
            say_json([_object(one) for one in found])
        for one in [] if as_json else found:
            say(_line(one))
        if not found and not failed:
            note("Nothing is kept.")
        return failed

    return session.run(show)


@files.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True,
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@PROVIDER
@click.option("--expires-in", "expires", metavar="TIME", default="",
              help="Keep it so long: 12h, 30d; else as long as the provider keeps files.")  # fmt: skip
@JSON
@click.pass_obj
def upload(session: Session, paths: tuple[Path, ...], provider: str, expires: str, as_json: bool) -> None:
    """Upload files. Attached to a question for this provider, they go by their names from then on."""
    expires_in = _duration(expires)

    async def send(services: Services) -> None:
        kept = services.provider_files
        place = kept.provider(provider)
        told = []
        for path in paths:
            one = KeptFile(file=await kept.upload(place.id, path, expires_in=expires_in))
            told.append(_object(one))
            if not as_json:
                say(_line(one))
        if as_json:
            say_json(told)

    session.run(send)


@files.command()
@click.argument("identifier", metavar="ID")
@PROVIDER
@JSON
@click.pass_obj
def show(session: Session, identifier: str, provider: str, as_json: bool) -> None:
    """Tell what is known of a file."""

    async def tell(services: Services) -> None:
        kept = services.provider_files
        told = _object(await kept.show(kept.provider(provider).id, identifier))
        if as_json:
            say_json(told)
            return
        for name, value in told.items():
            if name == "chats":
                value = ", ".join(chat["title"] or chat["id"] for chat in value)
            if value not in (None, ""):
                say(f"{name.replace('_', ' '):<13} {value}")

    session.run(tell)


@files.command()
@click.argument("identifier", metavar="ID")
@click.option("--out", required=True, metavar="FILE|-", help="Where to write it; - is stdout.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@PROVIDER
@click.pass_obj
def download(session: Session, identifier: str, out: str, force: bool, provider: str) -> None:
    """Fetch a file back. Most providers give only what their models made."""
    if out != _STDOUT and Path(out).exists() and not force:
        raise click.UsageError(f"{out} is there already; --force writes over it.")
    if out == _STDOUT and sys.stdout.isatty():
        raise click.UsageError("A file is not for a terminal: send stdout elsewhere, or name a FILE.")

    async def fetch(services: Services) -> None:
        kept = services.provider_files
        place = kept.provider(provider)
        if out == _STDOUT:
            sys.stdout.buffer.write(await kept.content(place.id, identifier))
            sys.stdout.buffer.flush()
        else:
            size = await kept.download(place.id, identifier, Path(out))
            note(f"Wrote {size:,} bytes to {out}.")

    session.run(fetch)


@files.command()
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@PROVIDER
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, identifiers: tuple[str, ...], provider: str, yes: bool) -> None:
    """Delete files at the provider. Where they are still attached, they are sent whole again."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: --yes deletes without a question.")

    async def look(services: Services) -> tuple[Endpoint, list[KeptFile]]:
        kept = services.provider_files
        place = kept.provider(provider)
        return place, [await kept.show(place.id, one) for one in identifiers] if not yes else []

    place, found = session.run(look)
    if found:
        # Asked while no loop runs: Ctrl+C must end the question.
        for one in found:
            note(_line(one))
        what = "this file" if len(found) == 1 else f"these {len(found)} files"
        click.confirm(f"Delete {what} at {place.name}?", abort=True, err=True)

    async def forget(services: Services) -> None:
        for one in identifiers:
            await services.provider_files.delete(place.id, one)
            say(f"Deleted {one}.")

    session.run(forget)


def _duration(text: str) -> timedelta | None:
    """Raises click.UsageError for what is no time."""
    if not text:
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise click.UsageError("--expires-in: write hours or days, such as 12h or 30d.")
    count = int(found[1])
    return timedelta(days=count) if found[2].lower() == "d" else timedelta(hours=count)


def _object(kept: KeptFile) -> dict[str, Any]:
    file = kept.file
    return {
        "provider": file.provider,
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type or None,
        "size": file.size,
        "created_at": iso(file.created_at) if file.created_at else None,
        "expires_at": None if file.expires_at is None else iso(file.expires_at),
        "state": file.state,
        "purpose": file.purpose or None,
        "downloadable": file.downloadable,
        "chats": [{"id": use.conversation_id, "title": use.title} for use in kept.uses],
    }


def _line(kept: KeptFile) -> str:
    file = kept.file
    until = "" if file.expires_at is None else f"  until {iso(file.expires_at)[:16].replace('T', ' ')} UTC"
    state = "" if file.state == "ready" else f"  {file.state}"
    used = f"  in {len(kept.uses)} chats" if len(kept.uses) > 1 else "  in 1 chat" if kept.uses else ""
    return f"{file.provider:<10} {file.id}  {file.size:>11,} bytes  {file.name}{until}{state}{used}"
