"""Data sets of the workbench, with what they were before each of their edits.

A row is written once and never changed: an edited row is a new one with the same `number`. A version of a
data set is a list of pieces, a piece a list of some hundred rows (`seq`, 8 bytes each), so that an edit
writes one row and one piece, and rows, however many, stand in any order. `values` are an object by the
`key` of the column, which stays when the column gets another name.
"""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE datasets (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL DEFAULT 0,
    next_row   INTEGER NOT NULL DEFAULT 1,
    next_key   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    trashed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset_versions (
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    parent     INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    columns    TEXT NOT NULL,
    rows       INTEGER NOT NULL,
    pieces     TEXT NOT NULL,
    what       TEXT NOT NULL,
    kept       INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE dataset_pieces (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    rows       BLOB NOT NULL,
    digest     BLOB NOT NULL
) STRICT;
CREATE INDEX dataset_pieces_by_dataset ON dataset_pieces (dataset_id);

CREATE TABLE dataset_rows (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    "values"   TEXT NOT NULL,
    digest     BLOB NOT NULL
) STRICT;
CREATE INDEX dataset_rows_by_number ON dataset_rows (dataset_id, number);

CREATE TABLE dataset_files (
    dataset_id TEXT NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    sha256     TEXT NOT NULL,
    PRIMARY KEY (dataset_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX dataset_files_by_file ON dataset_files (sha256);
"""


def migrate(connection: apsw.Connection) -> None:
    """There were none."""
    connection.execute(_SCHEMA)
