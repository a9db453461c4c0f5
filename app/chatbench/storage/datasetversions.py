"""Versions of a data set: found, written, and forgotten when many have followed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from chatbench.core.datasets import DataRow
from chatbench.core.errors import StorageError
from chatbench.storage import datasetpieces
from chatbench.storage.datasetedits import file_of, values_of
from chatbench.storage.datasetpieces import Piece, numbers
from chatbench.storage.datasetqueries import StoredColumn
from chatbench.storage.rows import encode, plain
from chatbench.storage.turns import now_ms

UNDO_STEPS = 100
"""So many edits can be taken back; a version that is `kept` stays besides."""
LEAST_STEPS = 3
MOST_ROWS_KEPT = 1_000_000
"""With more rows than these in all its versions, a data set has fewer steps that can be taken back."""
_PRUNE_EVERY = 25
_MANY_ROWS = 10_000
_decode_columns = msgspec.json.Decoder(tuple[StoredColumn, ...]).decode


class Version(NamedTuple):
    """What stands in a row of `dataset_versions`."""

    number: int
    columns: tuple[StoredColumn, ...]
    pieces: str


def columns_of(text: str) -> tuple[StoredColumn, ...]:
    """From the column of a stored version."""
    return _decode_columns(text)


def version_of(connection: apsw.Connection, dataset_id: str, sha256: str) -> Version:
    """One by its content, or the current one (""). Raises StorageError."""
    row: Any = connection.execute(
        "SELECT v.number, v.columns, v.pieces FROM dataset_versions AS v "
        "JOIN datasets AS d ON d.id = v.dataset_id "
        "WHERE d.id = ?1 AND (v.sha256 = ?2 OR (?2 = '' AND v.number = d.version)) "
        "ORDER BY v.number DESC LIMIT 1",
        (dataset_id, sha256),
    ).fetchone()
    if row is None:
        if sha256:
            raise StorageError("This version of the data set is no longer there.", "Use it as it is now.")
        raise StorageError("There is no such data set.", "It may have been deleted.")
    return Version(row[0], columns_of(row[1]), row[2])


def rows_of(
    connection: apsw.Connection, columns: Sequence[StoredColumn], refs: Sequence[int]
) -> list[DataRow]:
    """Rows by `seq`, with the names of their columns."""
    names = {one.key: one.column.name for one in columns}
    found: Any = connection.execute(
        'SELECT r.number, r."values" FROM json_each(?) AS e CROSS JOIN dataset_rows AS r '
        "ON r.seq = e.value ORDER BY e.key",
        (numbers(refs),),
    ).fetchall()
    return [
        DataRow(
            id=str(number),
            values={names[key]: value for key, value in values_of(text).items() if key in names},
        )
        for number, text in found
    ]


def write_version(
    connection: apsw.Connection,
    dataset_id: str,
    columns: Sequence[StoredColumn],
    pieces: Sequence[Piece],
    what: str,
    *,
    parent: int,
) -> int:
    """Makes it the current one; returns its number."""
    told = encode(list(columns))
    now = now_ms()
    row: Any = connection.execute(
        "SELECT ifnull(max(number), 0) + 1 FROM dataset_versions WHERE dataset_id = ?", (dataset_id,)
    ).fetchone()
    connection.execute(
        "INSERT INTO dataset_versions (dataset_id, number, parent, sha256, columns, rows, pieces, what, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (dataset_id, row[0], parent, datasetpieces.version_digest(told, pieces), told,
         sum(len(piece.refs) for piece in pieces), datasetpieces.store(connection, dataset_id, pieces),
         plain(what), now),
    )  # fmt: skip
    connection.execute(
        "UPDATE datasets SET version = ?, updated_at = ? WHERE id = ?", (row[0], now, dataset_id)
    )
    return int(row[0])


def prune(connection: apsw.Connection, dataset_id: str, number: int, written: int) -> None:
    """Now and then (by the `number` of the newest version), and after an edit that has `written` many rows:
    forgets versions beyond the steps that can be undone, and rows that no version has any more."""
    if number % _PRUNE_EVERY and written < _MANY_ROWS:
        return
    steps = UNDO_STEPS
    _forget_versions(connection, dataset_id, steps)
    while steps > LEAST_STEPS and _has_too_many_rows(connection, dataset_id):
        steps = max(LEAST_STEPS, steps // 2)
        _forget_versions(connection, dataset_id, steps)
    _forget_files(connection, dataset_id)


def _has_too_many_rows(connection: apsw.Connection, dataset_id: str) -> bool:
    row: Any = connection.execute(
        "SELECT (SELECT count(*) FROM dataset_rows WHERE dataset_id = ?1), v.rows FROM dataset_versions AS v "
        "JOIN datasets AS d ON d.id = v.dataset_id AND d.version = v.number WHERE d.id = ?1",
        (dataset_id,),
    ).fetchone()
    return bool(row[0] > max(MOST_ROWS_KEPT, 2 * row[1]))


def _forget_versions(connection: apsw.Connection, dataset_id: str, steps: int) -> None:
    connection.execute(
        "DELETE FROM dataset_versions WHERE dataset_id = ?1 AND kept = 0 "
        "AND number <> (SELECT version FROM datasets WHERE id = ?1) AND number NOT IN "
        "(SELECT number FROM dataset_versions WHERE dataset_id = ?1 ORDER BY number DESC LIMIT ?2)",
        (dataset_id, steps + 1),
    )
    gone: Any = connection.execute(
        "DELETE FROM dataset_pieces WHERE dataset_id = ?1 AND seq NOT IN "
        "(SELECT e.value FROM dataset_versions AS v, json_each(v.pieces) AS e WHERE v.dataset_id = ?1) "
        "RETURNING rows",
        (dataset_id,),
    ).fetchall()
    doubtful = {ref for (refs,) in gone for ref in array("q", refs)}
    if doubtful:
        for (refs,) in connection.execute(
            "SELECT rows FROM dataset_pieces WHERE dataset_id = ?", (dataset_id,)
        ):
            doubtful.difference_update(array("q", refs))
    connection.execute(
        "DELETE FROM dataset_rows WHERE seq IN (SELECT value FROM json_each(?))", (numbers(list(doubtful)),)
    )


def _forget_files(connection: apsw.Connection, dataset_id: str) -> None:
    known = {
        str(row[0])
        for row in connection.execute("SELECT sha256 FROM dataset_files WHERE dataset_id = ?", (dataset_id,))
    }
    if not known:
        return
    for (text,) in connection.execute(
        'SELECT "values" FROM dataset_rows WHERE dataset_id = ?', (dataset_id,)
    ):
        known.difference_update(file_of(value) for value in values_of(text).values())
    connection.executemany(
        "DELETE FROM dataset_files WHERE dataset_id = ? AND sha256 = ?", [(dataset_id, one) for one in known]
    )
