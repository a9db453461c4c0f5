"""Where a plan's prompts and rows come from: the library, files, or the plan itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from chatbench.core.datasets import DataColumn, DataRow, RowSelection
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.prompts import Prompt
from chatbench.core.runs import Plan, PlanData, PlanPrompt, RunRow
from chatbench.services.datasets import DatasetService
from chatbench.services.prompts import PromptService
from chatbench.services.prompts.promptfiles import decoded
from chatbench.services.runs.columns import Found
from chatbench.services.runs.namedfiles import looked_at, typed, with_paths

EXPECTED = "expected"
_PIECE = 1000


class Sources:
    """Finds what a plan names."""

    def __init__(self, prompts: PromptService, datasets: DatasetService) -> None:
        self._prompts = prompts
        self._datasets = datasets

    async def prompt(self, wanted: PlanPrompt) -> Found:
        """The prompt meant. Raises ConfigurationError where a plan names none, and what reading raises."""
        if wanted.prompt is not None:
            return Found(wanted.prompt, wanted.name)
        if wanted.file:
            return await asyncio.to_thread(_prompt_in, Path(wanted.file))
        if not wanted.id and not wanted.name:
            raise ConfigurationError(
                "A prompt of the plan names nothing.", "Give it a text, a name, an id or a file."
            )
        entry = await self._prompts.find(wanted.id or wanted.name)
        version = await self._prompts.version(entry.id, wanted.version)
        return Found(version.prompt, entry.name, entry.id, version.number)

    async def fragments(self, prompt: Prompt) -> dict[str, str]:
        """The texts of the fragments it names, by the names it uses. Raises FormatError."""
        return await self._prompts.fragment_texts(prompt)

    async def rows(self, data: PlanData, *, keep: bool = True) -> AsyncGenerator[list[RunRow], None]:
        """The rows meant, in pieces; one without values where a plan names none. The files that a table
        names are stored, or without `keep` only looked for. Raises what reading raises, and
        ConfigurationError for a choice of rows that cannot be made, and for files that are not there."""
        if data.file:
            async for piece in self._of_file(data, keep):
                yield piece
        elif data.id or data.name:
            dataset = await self._datasets.find(data.id or data.name)
            async for rows in self._datasets.pieces(dataset.id, data.select, size=_PIECE):
                yield [run_row(row, dataset.columns) for row in rows]
        else:
            inline = [DataRow(id=str(place + 1), values=values) for place, values in enumerate(data.rows)]
            names = dict.fromkeys(name for row in data.rows for name in row)
            columns = _with_roles(tuple(DataColumn(name=name) for name in names))
            rows = selected(inline, columns, data.select) if inline else [DataRow(id="1")]
            for first in range(0, len(rows), _PIECE):
                yield [run_row(row, columns) for row in rows[first : first + _PIECE]]

    async def _of_file(self, data: PlanData, keep: bool) -> AsyncGenerator[list[RunRow], None]:
        path = Path(data.file)
        table = await self._datasets.read_file(path)
        columns = typed(_with_roles(table.columns), data.types)
        each = _numbered(table.rows(), path.parent)
        if data.select != RowSelection():
            chosen = await asyncio.to_thread(lambda: selected(list(each), columns, data.select))
            each = iter(chosen)
        while rows := await asyncio.to_thread(lambda: _taken(each)):
            found = await asyncio.to_thread(lambda: with_paths(rows, columns, path))
            yield [
                run_row(DataRow(id=row.id, values=dict(await self._with_files(row.values, keep))), columns)
                for row in found
            ]

    async def _with_files(self, values: Mapping[str, Any], keep: bool) -> Mapping[str, Any]:
        """With the parts that are sent in place of paths."""
        if not any(isinstance(value, Path) for value in values.values()):
            return values
        return await self._datasets.with_files(values) if keep else looked_at(values)


async def all_rows(sources: Sources, plan: Plan) -> list[RunRow]:
    """Every row of a plan. Raises as `Sources.rows`."""
    return [row async for piece in sources.rows(plan.data) for row in piece]


def run_row(row: DataRow, columns: Iterable[DataColumn]) -> RunRow:
    """The row as a run keeps it."""
    expected = next((one.name for one in columns if one.role == "expected"), None)
    return RunRow(id=row.id, values=row.values, expected=row.values.get(expected) if expected else None)


def selected(rows: list[DataRow], columns: Iterable[DataColumn], select: RowSelection) -> list[DataRow]:
    """The rows chosen of a file or a plan, in their order; see `RowSelection`."""
    names: dict[str, str] = {one.role: one.name for one in columns}
    for name in select.where:
        if not any(name in row.values for row in rows):
            raise ConfigurationError(f"No row has {name!r}, by which rows are chosen.", "Correct where.")
    found = [row for row in rows if _is_meant(row.values, names, select)]
    if select.sample is not None and select.sample < len(found):
        places = random.Random(select.seed).sample(range(len(found)), select.sample)
        found = [found[place] for place in sorted(places)]
    return found if select.limit is None else found[: max(0, select.limit)]


def _is_meant(values: Mapping[str, Any], names: Mapping[str, str], select: RowSelection) -> bool:
    if any(_word(values.get(name)) != wanted.casefold() for name, wanted in select.where.items()):
        return False
    if select.split and _word(values.get(names.get("split", "split"))) != select.split.casefold():
        return False
    tags = values.get(names.get("tags", "tags"))
    own = {_word(tag) for tag in (tags if isinstance(tags, list) else str(tags or "").split(","))}
    return all(tag.casefold() in own for tag in select.tags)


def _word(value: object) -> str:
    return "" if value is None else str(value).strip().casefold()


def _with_roles(columns: tuple[DataColumn, ...]) -> tuple[DataColumn, ...]:
    """A column is what its name says, where nobody says otherwise."""
    roles: dict[str, Any] = {EXPECTED: "expected", "tags": "tags", "split": "split"}
    return tuple(
        msgspec.structs.replace(one, role=roles[one.name])
        if one.role == "input" and one.name in roles
        else one
        for one in columns
    )


def _numbered(rows: Iterator[Mapping[str, Any]], folder: Path) -> Iterator[DataRow]:
    """Files by the names they have in the table's folder."""
    root = folder.resolve()
    for number, values in enumerate(rows, 1):
        plain = {
            name: value.relative_to(root).as_posix() if isinstance(value, Path) else value
            for name, value in values.items()
        }
        yield DataRow(id=str(number), values=plain)


def _taken(rows: Iterator[DataRow]) -> list[DataRow]:
    return [row for row, _ in zip(rows, range(_PIECE), strict=False)]


def _prompt_in(path: Path) -> Found:
    """Raises FormatError where the file cannot be read, ConfigurationError for what is wrong in it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from error
    named = decoded(path, data)
    return Found(named.prompt, named.name)
