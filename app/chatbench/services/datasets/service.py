"""The data sets of a profile: listed, read, chosen from; `Edits` is the other half."""

from __future__ import annotations

import asyncio
import difflib
import random
from array import array
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chatbench.client.llm import LLMClient
from chatbench.core.changes import Changes
from chatbench.core.datasets import (
    DataColumn,
    DataRow,
    Dataset,
    DatasetVersion,
    RowFilter,
    RowOrder,
    RowSelection,
)
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.documents.tables.columns import with_roles
from chatbench.documents.tables.folder import FolderTable
from chatbench.documents.tables.pasted import read_pasted
from chatbench.documents.tables.reading import read_table
from chatbench.documents.tables.table import Ragged, RowsTable, Table
from chatbench.documents.tables.workbook import sheets_of
from chatbench.services.attachments import AttachmentService
from chatbench.services.datasets.editing import DatasetEdits
from chatbench.services.datasets.exporting import ExportFormat, export, format_of
from chatbench.services.datasets.generating import Generator, Proposal, key, key_columns
from chatbench.services.datasets.importing import Importing, OnProgress, on_thread
from chatbench.services.datasets.values import guessed, kept, tags_of
from chatbench.storage.datasets import DatasetStore, View
from chatbench.storage.files import FileStore

MOST_ADDED = 200_000
"""Rows that can be added to a data set in one edit."""
_PIECE = 1000
_EXAMPLES = 5
_EVERY_ROW = RowSelection()


class DatasetService(DatasetEdits):
    """All methods raise StorageError where there is no such data set, and ConfigurationError where there is
    no such column; every change is announced."""

    def __init__(
        self,
        store: DatasetStore,
        files: FileStore,
        attachments: AttachmentService,
        client: LLMClient,
        changes: Signal[Changes],
    ) -> None:
        """`client` counts what it spends."""
        super().__init__(store, changes)
        self._files = files
        self._attachments = attachments
        self._client = client
        self._importing = Importing(store, attachments)

    # What there is.

    async def all(self) -> list[Dataset]:
        """By name, the trash left out."""
        return await self._store.all()

    async def trashed(self) -> list[Dataset]:
        return await self._store.all(trashed=True)

    async def get(self, dataset_id: str) -> Dataset:
        """Also one in the trash, so that a run can name what it was made of."""
        return await self._store.get(dataset_id)

    async def find(self, name_or_id: str) -> Dataset:
        """Raises ConfigurationError, with near names, where there is none."""
        found = await self._store.all()
        wanted = name_or_id.strip().casefold()
        for one in found:
            if one.id == name_or_id or one.name.casefold() == wanted:
                return one
        near = difflib.get_close_matches(name_or_id, [one.name for one in found], 3)
        hint = f"Did you mean {', '.join(near)}?" if near else "See `chatbench datasets list`."
        raise ConfigurationError(f"There is no data set called {name_or_id!r}.", hint)

    async def versions(self, dataset_id: str) -> list[DatasetVersion]:
        """Those that are still there, newest first."""
        return await self._store.versions(dataset_id)

    # Rows.

    async def rows(
        self,
        dataset_id: str,
        offset: int = 0,
        limit: int = 200,
        *,
        sort: Sequence[RowOrder] = (),
        where: Sequence[RowFilter] = (),
        version: str = "",
    ) -> list[DataRow]:
        """`version` is the content to be read ("": as it is now)."""
        view = await self._store.view(dataset_id, tuple(where), tuple(sort), version)
        return await self._store.read(view, view.refs[offset : offset + limit])

    async def count(self, dataset_id: str, *, where: Sequence[RowFilter] = (), version: str = "") -> int:
        """How many rows there are, or fit."""
        return len((await self._store.view(dataset_id, tuple(where), (), version)).refs)

    async def by_id(self, dataset_id: str, row_ids: Sequence[str], *, version: str = "") -> list[DataRow]:
        """These rows, in this order; those that are gone are missing."""
        view = await self._store.view(dataset_id, (), (), version)
        return await self._store.read(view, await self._store.refs(dataset_id, row_ids, view))

    async def select(
        self, dataset_id: str, selection: RowSelection = _EVERY_ROW, *, version: str = ""
    ) -> list[DataRow]:
        """The rows that a run is made on, in their order; `pieces` for many."""
        return [row async for piece in self.pieces(dataset_id, selection, version=version) for row in piece]

    async def pieces(
        self,
        dataset_id: str,
        selection: RowSelection = _EVERY_ROW,
        *,
        version: str = "",
        size: int = _PIECE,
    ) -> AsyncGenerator[list[DataRow], None]:
        """The same, some at a time: all of one version, whatever is edited meanwhile."""
        view, refs = await self._selected(dataset_id, selection, version)
        for start in range(0, len(refs), size):
            yield await self._store.read(view, refs[start : start + size])

    async def _selected(
        self, dataset_id: str, selection: RowSelection, version: str
    ) -> tuple[View, Sequence[int]]:
        where = [RowFilter(column=name, kind="equals", value=text) for name, text in selection.where.items()]
        whole = await self._store.view(dataset_id, (), (), version)
        roles = {one.column.role: one.column.name for one in whole.columns}
        if selection.split:
            where.append(RowFilter(column=_named(roles, "split"), kind="equals", value=selection.split))
        view = await self._store.view(dataset_id, tuple(where), (), version) if where else whole
        refs: Sequence[int] = view.refs
        if selection.tags:
            refs = await self._tagged(view, _named(roles, "tags"), selection.tags)
        if selection.sample is not None and selection.sample < len(refs):
            chosen = random.Random(selection.seed).sample(range(len(refs)), max(0, selection.sample))
            refs = array("q", [refs[at] for at in sorted(chosen)])
        return view, refs if selection.limit is None else refs[: max(0, selection.limit)]

    async def _tagged(self, view: View, column: str, tags: Sequence[str]) -> Sequence[int]:
        wanted = {tag.strip().casefold() for tag in tags}
        found: array[int] = array("q")
        for start in range(0, len(view.refs), _PIECE):
            refs = view.refs[start : start + _PIECE]
            for ref, row in zip(refs, await self._store.read(view, refs), strict=True):
                if wanted <= {tag.casefold() for tag in tags_of(row.values.get(column))}:
                    found.append(ref)
        return found

    # Making.

    async def create(
        self, name: str, columns: Iterable[DataColumn] = (), rows: Iterable[Mapping[str, Any]] = ()
    ) -> Dataset:
        """A data set of these rows; without `columns`, of those that the rows name."""
        values = tuple({key: kept(value) for key, value in row.items()} for row in rows)
        told = tuple(columns)
        if not told:
            names = dict.fromkeys(key for row in values for key in row)
            told = with_roles(guessed(one, (row.get(one) for row in values)) for one in names)
        return await self._write(RowsTable(columns=told, values=values), name, "Create")

    async def copy(self, dataset_id: str, name: str = "", selection: RowSelection = _EVERY_ROW) -> Dataset:
        """Another data set of the rows that are chosen, a sample say, with new ids."""
        found = await self.get(dataset_id)
        rows = tuple([row.values async for piece in self.pieces(dataset_id, selection) for row in piece])
        table = RowsTable(columns=found.columns, values=rows)
        return await self._write(table, name or found.name, "Copy")

    async def read_file(
        self,
        path: Path,
        *,
        sheet: str = "",
        separator: str = "",
        encoding: str = "",
        header: bool = True,
        ragged: Ragged = "keep",
        on_progress: OnProgress | None = None,
    ) -> Table:
        """Looks through a file and says what is in it: its columns and notes; rows as they are asked for.
        Nothing is stored. Raises FormatError."""
        return await on_thread(
            lambda tick: read_table(
                path, sheet=sheet, separator=separator, encoding=encoding, header=header, ragged=ragged,
                tick=tick,
            ),
            on_progress, "looking",
        )  # fmt: skip

    async def sheets(self, path: Path) -> list[str]:
        """The names of a workbook's sheets. Raises FormatError."""
        return await asyncio.to_thread(sheets_of, path)

    async def import_file(
        self, path: Path, name: str = "", *, on_progress: OnProgress | None = None, **reading: Any
    ) -> Dataset:
        """Takes in a file as a whole, or, cancelled or broken, nothing of it. `reading`: as `read_file`."""
        table = await self.read_file(path, on_progress=on_progress, **reading)
        return await self.import_table(table, name or path.stem, on_progress=on_progress)

    async def import_table(
        self, table: Table, name: str, *, on_progress: OnProgress | None = None
    ) -> Dataset:
        """What `read_file` told, or the same with other columns."""
        return await self._write(table, name, "Import", on_progress)

    async def add_table(self, dataset_id: str, table: Table) -> int:
        """Adds the rows of a table at the end, by the names of its columns; returns how many. It holds them
        in memory meanwhile. Raises FormatError where they are more than `MOST_ADDED`."""
        if table.count > MOST_ADDED:
            raise FormatError(
                f"That is {table.count:,} rows; {MOST_ADDED:,} can be added at once.",
                "Make a data set of its own of them.",
            )
        rows = await asyncio.to_thread(lambda: list(table.rows()))
        if any(one.type in ("file", "image") for one in table.columns):
            rows = [await self._importing.with_files(row) for row in rows]
        return len(await self.save_rows(dataset_id, rows))

    async def _write(
        self, table: Table, name: str, what: str, on_progress: OnProgress | None = None
    ) -> Dataset:
        named = " ".join(name.split()) or "Data set"
        made = await self._importing.write(table, named, what, on_progress)
        self._announce(made.id)
        return made

    async def import_folder(
        self, folder: Path, name: str = "", *, on_progress: OnProgress | None = None
    ) -> Dataset:
        """A row for each file, without what git ignores: its name, and its text or, of other kinds, the
        file. Raises AttachmentRefused."""
        listing = await self._attachments.list_folder(folder)
        table = FolderTable(folder, listing.files, listing.notes)
        return await self._write(table, name or folder.name, "Import", on_progress)

    async def with_files(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of `read_file` with the files it names stored, as the parts they are told by as plain
        values: for whoever uses rows without taking them in."""
        return {name: kept(value) for name, value in (await self._importing.with_files(row)).items()}

    def read_pasted(self, text: str, html: str = "", *, header: bool = True) -> Table:
        """What was copied from a spreadsheet or a page. Raises FormatError."""
        return read_pasted(text, html, header=header)

    async def paste_rows(
        self, dataset_id: str, text: str, html: str = "", *, header: bool = True
    ) -> list[str]:
        """Adds what was copied at the end: by the names in its first row, or (no `header`) column by column;
        returns the ids of the rows."""
        table = read_pasted(text, html, header=header)
        rows = list(table.rows())
        if not header:
            names = [column.name for column in (await self.get(dataset_id)).columns]
            told = dict(zip((column.name for column in table.columns), names, strict=False))
            rows = [{told.get(name, name): value for name, value in row.items()} for row in rows]
        return await self.save_rows(dataset_id, rows)

    # Out of the program.

    async def export(
        self,
        dataset_id: str,
        path: Path,
        form: ExportFormat | None = None,
        *,
        guard: bool = True,
        selection: RowSelection = _EVERY_ROW,
    ) -> tuple[str, ...]:
        """Writes rows to a file, by its name or as `form`; returns what could not be written as it is. See
        `exporting.export`. Raises FormatError, DiskFull, ReadOnly."""
        form = form or format_of(path)
        columns = (await self.get(dataset_id)).columns
        return await export(columns, self.pieces(dataset_id, selection), form, path, guard=guard)

    # By a model.

    async def generate(
        self,
        dataset_id: str,
        model: ModelRef,
        count: int,
        instructions: str = "",
        *,
        examples: Sequence[str] = (),
        on_progress: Callable[[Proposal], None] | None = None,
    ) -> Proposal:
        """Rows that a model proposes; `save_rows` adds those that are wanted. `examples` are ids of rows it
        is shown (none: the first few). What it costs is in the spend ledger. Raises ChatbenchError."""
        columns = (await self.get(dataset_id)).columns
        names = key_columns(columns)
        seen = {key(row.values, names) async for piece in self.pieces(dataset_id) for row in piece}
        shown = await (self.by_id(dataset_id, examples) if examples else self.rows(dataset_id, 0, _EXAMPLES))
        try:
            return await Generator(self._client, model, columns, seen).rows(
                count, instructions, shown, on_progress
            )
        finally:
            if self._client.environment.ledger is not None:
                await self._client.environment.ledger.flush()
            self._changes.emit(Changes(usage=True))

    async def delete_for_good(self, dataset_ids: Sequence[str]) -> None:
        """Deletes those of these that are in the trash, and the files that nothing else shows."""
        files = await self._store.delete_for_good(dataset_ids)
        if files:
            await self._files.remove_unused(among=files, older_than_ms=-1)
        self._announce(*dataset_ids)


def _named(roles: Mapping[Any, str], role: str) -> str:
    name = roles.get(role)
    if name is None:
        raise ConfigurationError(
            f"The data set has no column for {role}.", f"Give one of its columns the role {role}."
        )
    return name
