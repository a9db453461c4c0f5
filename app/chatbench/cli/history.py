"""`chatbench history`: list, show, search, export."""

from __future__ import annotations

from pathlib import Path

import click

from chatbench.cli.session import Session, note, safe, say, say_json
from chatbench.services import Services
from chatbench.services.exchange import ExportFormat, iso, summary_object

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def history() -> None:
    """The conversations of this profile."""


@history.command("list")
@click.option("-n", "--limit", default=50, show_default=True, help="How many, newest first.")
@JSON
@click.pass_obj
def list_(session: Session, limit: int, as_json: bool) -> None:
    """List conversations, newest first."""

    async def show(services: Services) -> None:
        summaries = await services.history.summaries(limit)
        if as_json:
            say_json([summary_object(summary) for summary in summaries])
            return
        for summary in summaries:
            when = iso(summary.updated_at)[:16].replace("T", " ")
            say(f"{summary.id}  {when}  {summary.title or 'New chat'}")

    session.run(show)


@history.command()
@click.argument("identifier", metavar="ID")
@JSON
@click.pass_obj
def show(session: Session, identifier: str, as_json: bool) -> None:
    """Show one conversation."""
    _export(session, identifier, "json" if as_json else "markdown", None)


@history.command()
@click.argument("query")
@click.option("-n", "--limit", default=20, show_default=True)
@JSON
@click.pass_obj
def search(session: Session, query: str, limit: int, as_json: bool) -> None:
    """Find words in titles and messages, newest first."""

    async def find(services: Services) -> None:
        hits = await services.history.search(query, limit)
        if as_json:
            say_json(
                [
                    {
                        "conversation_id": hit.conversation_id,
                        "message_id": hit.message_id,
                        "title": hit.title,
                        "snippet": hit.snippet,
                        "file": hit.file or None,
                        "created_at": iso(hit.created_at),
                    }
                    for hit in hits
                ]
            )
            return
        for hit in hits:
            say(f"{hit.conversation_id}  {hit.title}")
            of = f"{hit.file}: " if hit.file else ""
            say(f"    {of}{' '.join(hit.snippet.split())}")
        if not hits:
            note("Nothing found.")

    session.run(find)


@history.command()
@click.argument("identifier", metavar="ID")
@click.option("--format", "form", type=click.Choice(["markdown", "json"]), default="markdown",
              show_default=True)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write; stdout if left out.")  # fmt: skip
@click.pass_obj
def export(session: Session, identifier: str, form: ExportFormat, out: Path | None) -> None:
    """Write one conversation as Markdown or JSON."""
    _export(session, identifier, form, out)


def _export(session: Session, identifier: str, form: ExportFormat, out: Path | None) -> None:
    async def write(services: Services) -> None:
        if out is None:
            text = await services.exchange.text(identifier, form)
            click.echo(text if form == "json" else safe(text), nl=False)
        else:
            await services.exchange.export(identifier, form, out)

    session.run(write)
