"""The data sets of a profile: their rows, how they were before each edit, and which files they show."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import apsw

from chatbench.core.datasets import DataRow, Dataset, DatasetVersion, RowFilter, RowOrder
from chatbench.core.errors import StorageError
from chatbench.core.ids import new_id
from chatbench.storage import datasetpieces
from chatbench.storage.database import Database
from chatbench.storage.datasetedits import Editing, Values, write_rows
from chatbench.storage.datasetpieces import Piece, Pieces, numbers
from chatbench.storage.datasetqueries import StoredColumn, chosen
from chatbench.storage.datasetversions import columns_of, prune, rows_of, version_of, write_version
from chatbench.storage.rows import plain
from chatbench.storage.turns import now_ms

T = TypeVar("T")
_VIEWS_KEPT = 8
_ABANDONED_MS = 86_400_000
_LISTED = (
    "SELECT d.id, d.name, v.columns, v.rows, v.sha256, "
    "(SELECT v.what FROM dataset_versions AS p WHERE p.dataset_id = d.id AND p.number = v.parent), "
    "(SELECT n.what FROM dataset_versions AS n WHERE n.dataset_id = d.id AND n.parent = v.number "
    "ORDER BY n.number DESC LIMIT 1), "
    "d.created_at, d.updated_at "
    "FROM datasets AS d JOIN dataset_versions AS v ON v.dataset_id = d.id AND v.number = d.version "
)


class View(NamedTuple):
    """The rows of a version that were asked for, in the order that was asked for: `seq`s."""

    columns: tuple[StoredColumn, ...]
    refs: array[int]


_ViewKey = tuple[str, int, tuple[RowFilter, ...], tuple[RowOrder, ...]]


class DatasetStore:
    """Every write is one transaction. All methods raise StorageError and its kinds, also where there is no
    such data set."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._views: OrderedDict[_ViewKey, View] = OrderedDict()

    # What there is.

    async def all(self, *, trashed: bool = False) -> list[Dataset]:
        """By name; those in the trash where asked for."""
        sql = (
            f"{_LISTED} WHERE d.trashed_at IS {'NOT ' if trashed else ''}NULL ORDER BY d.name COLLATE NOCASE"
        )
        return await self._database.read(lambda c: [_dataset(row) for row in c.execute(sql)])

    async def get(self, dataset_id: str) -> Dataset:
        """Also one that is in the trash."""
        return await self._database.read(lambda c: _found(c, dataset_id))

    async def versions(self, dataset_id: str) -> list[DatasetVersion]:
        """Those that are still there, newest first."""

        def read(connection: apsw.Connection) -> list[DatasetVersion]:
            found: Any = connection.execute(
                "SELECT number, sha256, columns, rows, what, created_at, kept FROM dataset_versions "
                "WHERE dataset_id = ? ORDER BY number DESC",
                (dataset_id,),
            )
            return [
                DatasetVersion(
                    number=row[0],
                    sha256=row[1],
                    columns=tuple(one.column for one in columns_of(row[2])),
                    rows=row[3],
                    what=row[4],
                    created_at=row[5],
                    kept=bool(row[6]),
                )
                for row in found
            ]

        return await self._database.read(read)

    # Rows.

    async def view(
        self,
        dataset_id: str,
        where: tuple[RowFilter, ...] = (),
        sort: tuple[RowOrder, ...] = (),
        version: str = "",
    ) -> View:
        """Which rows, in which order; `version` is the SHA-256 of one ("": as it is now). What was asked for
        lately is not looked up again."""

        def read(connection: apsw.Connection) -> tuple[_ViewKey, View]:
            current = version_of(connection, dataset_id, version)
            key = dataset_id, current.number, where, sort
            known = self._views.get(key)
            if known is not None:
                return key, known
            refs = Pieces(connection, datasetpieces.load(connection, current.pieces)).refs()
            if where or sort:
                refs = chosen(connection, refs, current.columns, where, sort)
            return key, View(current.columns, refs)

        key, view = await self._database.read(read)
        self._views[key] = view
        self._views.move_to_end(key)
        while len(self._views) > _VIEWS_KEPT:
            self._views.popitem(last=False)
        return view

    async def read(self, view: View, refs: Sequence[int]) -> list[DataRow]:
        """Rows of a view. Those of a version that was forgotten meanwhile are missing."""
        return await self._database.read(lambda c: rows_of(c, view.columns, refs))

    async def refs(self, dataset_id: str, row_ids: Sequence[str], view: View) -> list[int]:
        """The `seq`s of rows by id, in this order, as far as they are in the view."""

        def read(connection: apsw.Connection) -> list[int]:
            here = set(view.refs)
            wanted = numbers([int(one) for one in row_ids if one.isdecimal()])
            found: Any = connection.execute(
                "SELECT r.seq FROM json_each(?) AS e CROSS JOIN dataset_rows AS r "
                "ON r.dataset_id = ? AND r.number = e.value ORDER BY e.key",
                (wanted, dataset_id),
            )
            return [seq for (seq,) in found if seq in here]

        return await self._database.read(read)

    # Making and editing.

    async def begin(self, name: str) -> str:
        """A data set that nobody sees until `finish`; returns its id. Forgets those that were begun and
        given up long ago."""
        dataset_id = new_id()
        now = now_ms()

        def write(connection: apsw.Connection) -> str:
            connection.execute(
                "DELETE FROM datasets WHERE version = 0 AND updated_at < ?", (now - _ABANDONED_MS,)
            )
            connection.execute(
                "INSERT INTO datasets (id, name, created_at, updated_at) VALUES (?, ?, ?, ?)",
                (dataset_id, plain(name), now, now),
            )
            return dataset_id

        return await self._database.write(write)

    async def append(
        self, dataset_id: str, columns: Sequence[StoredColumn], first: int, values: Sequence[Values]
    ) -> list[Piece]:
        """Rows of one that was begun, numbered from `first` on; returns what `finish` is to be given."""

        def write(connection: apsw.Connection) -> list[Piece]:
            refs = write_rows(
                connection, dataset_id, columns, [(first + at, one) for at, one in enumerate(values)]
            )
            pieces = Pieces(connection, ())
            pieces.set(refs)
            connection.execute("UPDATE datasets SET updated_at = ? WHERE id = ?", (now_ms(), dataset_id))
            stored = datasetpieces.store(connection, dataset_id, pieces.all)
            return datasetpieces.load(connection, stored)

        return await self._database.write(write)

    async def finish(
        self, dataset_id: str, columns: Sequence[StoredColumn], pieces: Sequence[Piece], what: str
    ) -> Dataset:
        """Shows what was begun, under its name or, where that is taken, one with a number behind it."""

        def write(connection: apsw.Connection) -> Dataset:
            rows = sum(len(piece.refs) for piece in pieces)
            keys = [int(one.key) for one in columns]
            row: Any = connection.execute("SELECT name FROM datasets WHERE id = ?", (dataset_id,)).fetchone()
            connection.execute(
                "UPDATE datasets SET name = ?, next_row = ?, next_key = ? WHERE id = ?",
                (_free_name(connection, row[0]), rows + 1, max(keys, default=-1) + 1, dataset_id),
            )
            write_version(connection, dataset_id, columns, pieces, what, parent=0)
            return _found(connection, dataset_id)

        return await self._database.write(write)

    async def forget_begun(self, dataset_id: str) -> None:
        """Deletes one that was begun and is not to be finished."""
        await self._database.write(
            lambda c: c.execute("DELETE FROM datasets WHERE id = ? AND version = 0", (dataset_id,))
        )

    async def edit(self, dataset_id: str, what: str, work: Callable[[Editing], T]) -> T:
        """Lets `work` edit it, on the writer's thread; what changed is a new version, made by `what`."""

        def write(connection: apsw.Connection) -> T:
            current = version_of(connection, dataset_id, "")
            row: Any = connection.execute(
                "SELECT next_row, next_key FROM datasets WHERE id = ?", (dataset_id,)
            ).fetchone()
            loaded = datasetpieces.load(connection, current.pieces)
            editing = Editing(connection, dataset_id, current.columns, Pieces(connection, loaded), *row)
            result = work(editing)
            if editing.pieces.all != tuple(loaded) or tuple(editing.columns) != current.columns:
                connection.execute(
                    "UPDATE datasets SET next_row = ?, next_key = ? WHERE id = ?",
                    (editing.next_row, editing.next_key, dataset_id),
                )
                number = write_version(
                    connection, dataset_id, editing.columns, editing.pieces.all, what, parent=current.number
                )
                prune(connection, dataset_id, number, editing.written)
            return result

        return await self._database.write(write)

    async def go_to(self, dataset_id: str, number: int) -> Dataset:
        """Back (or forward) to a version."""

        def write(connection: apsw.Connection) -> Dataset:
            changed: Any = connection.execute(
                "UPDATE datasets SET version = ?2, updated_at = ?3 WHERE id = ?1 AND EXISTS "
                "(SELECT 1 FROM dataset_versions WHERE dataset_id = ?1 AND number = ?2) RETURNING id",
                (dataset_id, number, now_ms()),
            ).fetchall()
            if not changed:
                raise StorageError("This version of the data set is no longer there.", "Choose another.")
            return _found(connection, dataset_id)

        return await self._database.write(write)

    async def neighbour(self, dataset_id: str, *, forward: bool) -> int | None:
        """The number of the version before the current one, or of the one that was made of it last."""
        side = "n.parent = v.number" if forward else "n.number = v.parent"
        sql = (
            "SELECT n.number FROM datasets AS d JOIN dataset_versions AS v "  # noqa: S608
            "ON v.dataset_id = d.id AND v.number = d.version "
            f"JOIN dataset_versions AS n ON n.dataset_id = d.id AND {side} "
            "WHERE d.id = ? ORDER BY n.number DESC LIMIT 1"
        )

        def read(connection: apsw.Connection) -> int | None:
            row: Any = connection.execute(sql, (dataset_id,)).fetchone()
            return None if row is None else int(row[0])

        return await self._database.read(read)

    async def keep(self, dataset_id: str) -> Dataset:
        """The current version stays, however many edits follow."""

        def write(connection: apsw.Connection) -> Dataset:
            connection.execute(
                "UPDATE dataset_versions SET kept = 1 WHERE dataset_id = ?1 "
                "AND number = (SELECT version FROM datasets WHERE id = ?1)",
                (dataset_id,),
            )
            return _found(connection, dataset_id)

        return await self._database.write(write)

    async def rename(self, dataset_id: str, name: str) -> None:
        def write(connection: apsw.Connection) -> None:
            _found(connection, dataset_id)
            if _is_taken(connection, name, but=dataset_id):
                raise StorageError(f"There is a data set called {name} already.", "Give another name.")
            connection.execute(
                "UPDATE datasets SET name = ?, updated_at = ? WHERE id = ?",
                (plain(name), now_ms(), dataset_id),
            )

        await self._database.write(write)

    async def trash(self, dataset_id: str, *, out: bool = False) -> None:
        """Out of the lists, with all its versions; `out` of the trash again."""

        def write(connection: apsw.Connection) -> None:
            name = _found(connection, dataset_id).name
            at = None if out else now_ms()
            connection.execute("UPDATE datasets SET trashed_at = ? WHERE id = ?", (at, dataset_id))
            if out and _is_taken(connection, name, but=dataset_id):
                connection.execute(
                    "UPDATE datasets SET name = ? WHERE id = ?", (_free_name(connection, name), dataset_id)
                )

        await self._database.write(write)

    async def delete_for_good(self, dataset_ids: Sequence[str]) -> dict[str, int]:
        """Deletes those of these that are in the trash; returns the files they showed, and when (now), as
        `FileStore.remove_unused` takes them."""

        def write(connection: apsw.Connection) -> dict[str, int]:
            files: dict[str, int] = {}
            connection.execute("PRAGMA secure_delete = ON")
            for one in dataset_ids:
                found: Any = connection.execute(
                    "SELECT sha256 FROM dataset_files WHERE dataset_id = ?", (one,)
                ).fetchall()
                gone = connection.execute(
                    "DELETE FROM datasets WHERE id = ? AND trashed_at IS NOT NULL RETURNING id", (one,)
                ).fetchall()
                if gone:
                    files |= dict.fromkeys((str(row[0]) for row in found), now_ms())
            connection.execute("PRAGMA secure_delete = OFF")
            return files

        return await self._database.write(write)


def _dataset(row: tuple[Any, ...]) -> Dataset:
    return Dataset(
        id=row[0],
        name=row[1],
        columns=tuple(one.column for one in columns_of(row[2])),
        rows=row[3],
        version=row[4],
        undoes=row[5] or "",
        redoes=row[6] or "",
        created_at=row[7],
        updated_at=row[8],
    )


def _found(connection: apsw.Connection, dataset_id: str) -> Dataset:
    row: Any = connection.execute(f"{_LISTED} WHERE d.id = ?", (dataset_id,)).fetchone()
    if row is None:
        raise StorageError("There is no such data set.", "It may have been deleted.")
    return _dataset(row)


def _is_taken(connection: apsw.Connection, name: str, *, but: str = "") -> bool:
    found = connection.execute(
        "SELECT name FROM datasets WHERE trashed_at IS NULL AND version > 0 AND id <> ?", (but,)
    )
    return plain(name).casefold() in {str(row[0]).casefold() for row in found}


def _free_name(connection: apsw.Connection, name: str) -> str:
    number, free = 1, name
    while _is_taken(connection, free):
        number += 1
        free = f"{name} {number}"
    return free
