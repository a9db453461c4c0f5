"""Edits of data sets: each is a version, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from chatbench.core.changes import Changes
from chatbench.core.datasets import ColumnRole, ColumnType, DataColumn, Dataset, RowFilter, RowOrder
from chatbench.core.errors import ConfigurationError
from chatbench.core.observe import Signal
from chatbench.documents.tables.pasted import cells_of
from chatbench.services.datasets import edits
from chatbench.storage.datasetedits import Editing
from chatbench.storage.datasets import DatasetStore

T = TypeVar("T")


class DatasetEdits:
    """Every method names the edit as `Dataset.undoes` tells it. What is undone is kept in the profile: it
    can be taken back after a restart."""

    def __init__(self, store: DatasetStore, changes: Signal[Changes]) -> None:
        self._store = store
        self._changes = changes

    # Rows.

    async def add_row(
        self, dataset_id: str, values: Mapping[str, Any], expected: Any = None, *, before: str | None = None
    ) -> str:
        """One more row, a test case from a chat say; returns its id. Columns that are missing are made, also
        that of the answer that is `expected`."""

        def work(editing: Editing) -> str:
            row = dict(values)
            if expected is not None:
                row[edits.column_for_role(editing, "expected").column.name] = expected
            (added,) = edits.add_rows(editing, [row], before)
            return added

        return await self._edit(dataset_id, "Add row", work)

    async def save_rows(
        self, dataset_id: str, rows: Sequence[Mapping[str, Any]], *, before: str | None = None
    ) -> list[str]:
        """Adds rows before another (None: at the end); returns their ids."""
        what = "Add row" if len(rows) == 1 else f"Add {len(rows):,} rows"
        return await self._edit(dataset_id, what, lambda e: edits.add_rows(e, rows, before))

    async def set_cells(self, dataset_id: str, row_ids: Sequence[str], changes: Mapping[str, Any]) -> None:
        """The same values, by column, in all of these rows; None unsets. A value that does not fit the
        column's type stays what it is."""
        what = "Edit cell" if len(row_ids) == 1 == len(changes) else "Edit cells"
        await self._edit(dataset_id, what, lambda e: edits.set_values(e, dict.fromkeys(row_ids, changes)))

    async def set_values(self, dataset_id: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Values by row id and column, as pasting has them."""
        await self._edit(dataset_id, "Edit cells", lambda e: edits.set_values(e, changes))

    @staticmethod
    def cells_of(text: str, html: str = "") -> list[list[str]]:
        """The cells of what was copied from a spreadsheet or a page. Raises FormatError for too much."""
        return cells_of(text, html)

    async def put_block(
        self,
        dataset_id: str,
        row_ids: Sequence[str],
        columns: Sequence[str],
        cells: Sequence[Sequence[str]],
    ) -> list[str]:
        """Cells into these rows and columns; the rest of them into rows at the end and columns that are
        made. Returns the ids of the rows that were made."""
        return await self._edit(dataset_id, "Paste", lambda e: edits.put_block(e, row_ids, columns, cells))

    async def delete_rows(self, dataset_id: str, row_ids: Sequence[str]) -> None:
        what = "Delete row" if len(row_ids) == 1 else f"Delete {len(row_ids):,} rows"
        await self._edit(dataset_id, what, lambda e: e.remove(edits.numbers_of(row_ids)))

    async def move_rows(self, dataset_id: str, row_ids: Sequence[str], before: str | None) -> None:
        """Puts rows, in this order, before another (None: at the end)."""
        if before is not None and before in row_ids:
            raise ConfigurationError("Rows cannot be moved before one of them.", "Choose another place.")
        place = None if before is None else edits.numbers_of([before])[0]
        await self._edit(dataset_id, "Move rows", lambda e: e.move(edits.numbers_of(row_ids), place))

    async def sort_rows(self, dataset_id: str, sort: Sequence[RowOrder]) -> None:
        """Puts all rows into this order for good; `rows(…, sort=…)` only shows them so."""
        view = await self._store.view(dataset_id, (), tuple(sort))

        def work(editing: Editing) -> None:
            if set(view.refs) != set(editing.pieces.refs()):
                raise ConfigurationError("The data set was edited meanwhile.", "Sort it again.")
            edits.sort_rows(editing, view.refs)

        await self._edit(dataset_id, "Sort", work)

    async def deduplicate(self, dataset_id: str, columns: Sequence[str] = ()) -> int:
        """Deletes rows that say the same as one before them in these columns (none named: in all), white
        space around words and letter case aside; returns how many."""

        def work(editing: Editing) -> int:
            found = edits.duplicates(editing, columns)
            editing.remove(found)
            return len(found)

        return await self._edit(dataset_id, "Delete duplicates", work)

    async def split(self, dataset_id: str, shares: Mapping[str, float], *, seed: int = 0) -> dict[str, int]:
        """Writes into the split column which part each row belongs to, drawn with `seed`; returns how many
        rows each part got."""
        return await self._edit(dataset_id, "Split", lambda e: edits.split_rows(e, shares, seed))

    async def tag(
        self, dataset_id: str, row_ids: Sequence[str], add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> None:
        await self._edit(dataset_id, "Tag rows", lambda e: edits.tag_rows(e, row_ids, add, remove))

    async def delete_where(self, dataset_id: str, where: Sequence[RowFilter]) -> int:
        """Deletes the rows that fit; returns how many."""
        view = await self._store.view(dataset_id, tuple(where))

        def work(editing: Editing) -> int:
            before = len(editing.pieces)
            editing.pieces.remove(set(view.refs))
            return before - len(editing.pieces)

        return await self._edit(dataset_id, "Delete rows", work)

    # Columns.

    async def add_column(self, dataset_id: str, column: DataColumn, place: int | None = None) -> None:
        def work(editing: Editing) -> None:
            edits.new_name(editing, column.name)
            editing.add_column(column, place)

        await self._edit(dataset_id, "Add column", work)

    async def rename_column(self, dataset_id: str, column: str, name: str) -> None:
        await self._edit(dataset_id, "Rename column", lambda e: edits.set_column(e, column, called=name))

    async def retype_column(self, dataset_id: str, column: str, kind: ColumnType) -> None:
        """Values that fit are made into it; others stay what they are."""
        await self._edit(dataset_id, "Change type", lambda e: edits.set_column(e, column, kind=kind))

    async def set_role(self, dataset_id: str, column: str, role: ColumnRole) -> None:
        """Whichever column had it before is an input again."""
        await self._edit(dataset_id, "Change role", lambda e: edits.set_column(e, column, role=role))

    async def move_column(self, dataset_id: str, column: str, place: int) -> None:
        """To be the one at `place` (from 0)."""
        await self._edit(dataset_id, "Move column", lambda e: edits.set_column(e, column, place=place))

    async def delete_column(self, dataset_id: str, column: str) -> None:
        await self._edit(dataset_id, "Delete column", lambda e: edits.delete_column(e, column))

    # Taking back.

    async def undo(self, dataset_id: str) -> Dataset:
        """Takes back the last edit; without one, changes nothing."""
        return await self._step(dataset_id, forward=False)

    async def redo(self, dataset_id: str) -> Dataset:
        """Does again what was taken back last."""
        return await self._step(dataset_id, forward=True)

    async def restore_version(self, dataset_id: str, number: int) -> Dataset:
        """Goes to any version that is still there."""
        found = await self._store.go_to(dataset_id, number)
        self._announce(dataset_id)
        return found

    async def keep_version(self, dataset_id: str) -> Dataset:
        """The content as it is now can be read (`rows(…, version=…)`) however many edits follow."""
        return await self._store.keep(dataset_id)

    # The data set itself.

    async def rename(self, dataset_id: str, name: str) -> None:
        """Raises ConfigurationError without a name, StorageError for one that is taken."""
        named = " ".join(name.split())
        if not named:
            raise ConfigurationError("A data set needs a name.", "Give it one.")
        await self._store.rename(dataset_id, named)
        self._announce(dataset_id)

    async def delete(self, dataset_id: str) -> None:
        """Into the trash; `restore` undoes it."""
        await self._store.trash(dataset_id)
        self._announce(dataset_id)

    async def restore(self, dataset_id: str) -> None:
        """Out of the trash; with a number behind its name where that was taken meanwhile."""
        await self._store.trash(dataset_id, out=True)
        self._announce(dataset_id)

    async def _step(self, dataset_id: str, *, forward: bool) -> Dataset:
        number = await self._store.neighbour(dataset_id, forward=forward)
        if number is None:
            return await self._store.get(dataset_id)
        return await self.restore_version(dataset_id, number)

    async def _edit(self, dataset_id: str, what: str, work: Callable[[Editing], T]) -> T:
        result = await self._store.edit(dataset_id, what, work)
        self._announce(dataset_id)
        return result

    def _announce(self, *dataset_ids: str) -> None:
        self._changes.emit(Changes(datasets=frozenset(dataset_ids)))
