"""Runs of the workbench: what each was made of, its rows as they were, and its cells."""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE runs (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    plan       TEXT NOT NULL,
    columns    TEXT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    owner      TEXT,
    rows       INTEGER NOT NULL DEFAULT 0,
    done       INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    cost       TEXT NOT NULL DEFAULT '0',
    unpriced   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
CREATE TABLE run_rows (
    id     INTEGER PRIMARY KEY,
    row_id TEXT NOT NULL,
    data   TEXT NOT NULL
) STRICT;
CREATE TABLE run_cells (
    id            INTEGER PRIMARY KEY,
    state         INTEGER NOT NULL,
    fingerprint   TEXT NOT NULL,
    passed        INTEGER,
    checks        TEXT NOT NULL,
    score         REAL,
    rating        INTEGER,
    cost          TEXT,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    first_ms      INTEGER,
    total_ms      INTEGER
) STRICT;
CREATE TABLE run_answers (
    id      INTEGER PRIMARY KEY,
    details TEXT NOT NULL
) STRICT;
CREATE TABLE run_files (
    number INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (number, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_files_by_file ON run_files (sha256);
"""
# The id of a row or cell is its run's number and its place in it (`runs.number << 32 | place`): what belongs
# to a run, or to some of its rows, is one stretch of the table, read and deleted as such. The figures of
# cells stand apart from the words, so that statistics of 100,000 cells need not pass over the words.


def migrate(connection: apsw.Connection) -> None:
    """There were none before."""
    connection.execute(_SCHEMA)
