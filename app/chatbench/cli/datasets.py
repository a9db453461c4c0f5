"""`chatbench datasets`: list, show, import, export, delete."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from chatbench.cli.history import JSON
from chatbench.cli.session import Session, note, safe, say, say_json
from chatbench.core.datasets import Dataset, RowFilter, RowSelection
from chatbench.services import Services
from chatbench.services.datasets import FORMATS, ImportProgress
from chatbench.services.exchange import iso

_SHOWN_ROWS = 10
_CELL_WIDTH = 40
_TELL_EVERY = 20_000


@click.group()
def datasets() -> None:
    """Data sets that prompts are run on."""


@datasets.command("list")
@JSON
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List data sets by name."""

    async def show(services: Services) -> None:
        found = await services.datasets.all()
        if as_json:
            say_json([_object(one) for one in found])
            return
        for one in found:
            when = iso(one.updated_at)[:16].replace("T", " ")
            say(f"{one.id}  {when}  {one.rows:>9,} rows  {one.name}")
        if not found:
            note("There are no data sets: `chatbench datasets import FILE` makes one.")

    session.run(show)


@datasets.command()
@click.argument("name", metavar="NAME|ID")
@click.option("-n", "--limit", default=_SHOWN_ROWS, show_default=True, help="How many rows.")
@click.option("--offset", default=0, show_default=True, help="From which row on, from 0.")
@click.option("--find", default="", metavar="TEXT", help="Only rows that hold this text.")
@JSON
@click.pass_obj
def show(session: Session, name: str, limit: int, offset: int, find: str, as_json: bool) -> None:
    """Show a data set: its columns and rows."""

    async def tell(services: Services) -> None:
        found = await services.datasets.find(name)
        where = [RowFilter(value=find)] if find else []
        rows = await services.datasets.rows(found.id, offset, limit, where=where)
        if as_json:
            told = [{"id": row.id, "values": row.values} for row in rows]
            say_json({**_object(found), "columns": [one.to_dict() for one in found.columns], "values": told})
            return
        say(f"{found.name}: {found.rows:,} rows, version {found.version[:12]}")
        for column in found.columns:
            role = "" if column.role == "input" else f"  {column.role}"
            say(f"  {column.name} ({column.type}){role}")
        for row in rows:
            say(f"#{row.id}")
            for one in found.columns:
                if one.name in row.values:
                    say(f"    {one.name}: {_short(row.values[one.name])}")

    session.run(tell)


@datasets.command("import")
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="", help="What to call it; the file's name if left out.")
@click.option("--sheet", default="", help="Which sheet of a workbook; the first if left out.")
@click.option("--separator", default="", help="What separates values; found if left out.")
@click.option("--encoding", default="", help="How a text file is encoded; found if left out.")
@click.option("--no-header", is_flag=True, help="The first row is one of the data.")
@click.option("--ragged", type=click.Choice(["keep", "skip", "refuse"]), default="keep", show_default=True,
              help="Rows with more or fewer values than columns.")  # fmt: skip
@JSON
@click.pass_obj
def import_(
    session: Session,
    path: Path,
    name: str,
    sheet: str,
    separator: str,
    encoding: str,
    no_header: bool,
    ragged: Any,
    as_json: bool,
) -> None:
    """Take in CSV, TSV, JSON lines, JSON, XLSX, Parquet, or a folder (a row for each file).

    All of it is taken in, or, stopped by Ctrl+C, nothing. Values of columns that name files beside the
    table are stored with them.
    """
    is_folder = path.is_dir()

    async def take(services: Services) -> None:
        tell = _Telling() if sys.stderr.isatty() else None
        if is_folder:
            made = await services.datasets.import_folder(path, name, on_progress=tell)
        else:
            table = await services.datasets.read_file(
                path, sheet=sheet, separator=separator.replace("\\t", "\t"), encoding=encoding,
                header=not no_header, ragged=ragged, on_progress=tell,
            )  # fmt: skip
            for one in table.notes:
                note(f"Note: {one}")
            made = await services.datasets.import_table(table, name or path.stem, on_progress=tell)
        if as_json:
            say_json(_object(made))
        else:
            say(f"Imported {made.rows:,} rows as {made.name} ({made.id}).")

    session.run(take)


@datasets.command()
@click.argument("name", metavar="NAME|ID")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write; its ending says the format.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS), help="Whatever the file is called.")
@click.option("--split", default="", help="Only rows of this part.")
@click.option("--tag", "tags", multiple=True, help="Only rows with this tag; may be repeated.")
@click.option("--no-guard", is_flag=True, help="Write what looks like a formula into CSV as it is.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.pass_obj
def export(
    session: Session, name: str, out: Path, form: Any, split: str, tags: tuple[str, ...], no_guard: bool,
    force: bool,
) -> None:  # fmt: skip
    """Write a data set as CSV, TSV, JSON lines, JSON or XLSX."""
    if out.exists() and not force:
        raise click.UsageError(f"{out} is there already; --force writes over it.")

    async def write(services: Services) -> None:
        found = await services.datasets.find(name)
        selection = RowSelection(split=split, tags=tags)
        for one in await services.datasets.export(
            found.id, out, form, guard=not no_guard, selection=selection
        ):
            note(f"Note: {one}")
        note(f"Wrote {found.name} to {out}.")

    session.run(write)


@datasets.command()
@click.argument("names", metavar="NAME|ID...", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, names: tuple[str, ...], yes: bool) -> None:
    """Delete data sets for good, with every version and the files that nothing else shows."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: --yes deletes without a question.")

    async def look(services: Services) -> list[Dataset]:
        return [await services.datasets.find(name) for name in names]

    found = session.run(look)
    if not yes:
        # Asked while no loop runs: Ctrl+C must end the question.
        for one in found:
            note(f"{one.name}: {one.rows:,} rows")
        click.confirm("Delete for good?", abort=True, err=True)

    async def forget(services: Services) -> None:
        for one in found:
            await services.datasets.delete(one.id)
            await services.datasets.delete_for_good([one.id])
            say(f"Deleted {one.name}.")

    session.run(forget)


class _Telling:
    """Says now and then how far an import is."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, progress: ImportProgress) -> None:
        if progress.rows < self._told:
            self._told = 0
        if progress.rows - self._told >= _TELL_EVERY:
            self._told = progress.rows
            note(f"{progress.stage}: {progress.rows:,} rows")


def _object(one: Dataset) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "rows": one.rows,
        "columns": [column.name for column in one.columns],
        "version": one.version,
        "created_at": iso(one.created_at),
        "updated_at": iso(one.updated_at),
    }


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    line = " ".join(safe(text).split())
    return line if len(line) <= _CELL_WIDTH * 2 else f"{line[: _CELL_WIDTH * 2 - 1]}…"
