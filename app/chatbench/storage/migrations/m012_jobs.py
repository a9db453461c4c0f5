"""Batch jobs at providers: their pieces, and each request with its answer."""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE jobs (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    cancelled  INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE job_pieces (
    id         TEXT PRIMARY KEY,
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    provider   TEXT NOT NULL,
    model      TEXT NOT NULL,
    state      TEXT NOT NULL,
    remote_id  TEXT NOT NULL DEFAULT '',
    requests   INTEGER NOT NULL,
    sent_at    INTEGER NOT NULL DEFAULT 0,
    owner      TEXT NOT NULL DEFAULT '',
    finished   INTEGER NOT NULL DEFAULT 0,
    reason     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX job_pieces_by_job ON job_pieces (job_id);
CREATE TABLE job_requests (
    seq       INTEGER PRIMARY KEY,
    job_id    TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    custom_id TEXT NOT NULL,
    piece_id  TEXT NOT NULL,
    state     TEXT NOT NULL,
    request   BLOB NOT NULL,
    response  BLOB,
    cost      TEXT,
    unpriced  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (job_id, custom_id)
) STRICT;
CREATE INDEX job_requests_by_piece ON job_requests (piece_id);
"""


def migrate(connection: apsw.Connection) -> None:
    """There were none before."""
    connection.execute(_SCHEMA)
