"""Prompts of the workbench with their versions and files, and the pieces of text they share."""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE prompts (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    folder     TEXT NOT NULL,
    tags       TEXT NOT NULL,
    production INTEGER,
    latest     INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    trashed_at INTEGER,
    file       TEXT,
    stamp      TEXT NOT NULL DEFAULT '',
    written    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX prompts_by_name ON prompts (folder, name) WHERE trashed_at IS NULL;
CREATE UNIQUE INDEX prompts_by_file ON prompts (file) WHERE trashed_at IS NULL;

CREATE TABLE prompt_versions (
    prompt_id  TEXT NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    note       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    content    TEXT NOT NULL,
    PRIMARY KEY (prompt_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompt_files (
    prompt_id TEXT NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
    sha256    TEXT NOT NULL,
    PRIMARY KEY (prompt_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX prompt_files_by_file ON prompt_files (sha256);

CREATE TABLE prompt_folders (
    path   TEXT NOT NULL PRIMARY KEY,
    folder TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE fragment_texts (
    sha256 TEXT NOT NULL PRIMARY KEY,
    text   TEXT NOT NULL
) STRICT;

CREATE TABLE fragments (
    name       TEXT NOT NULL PRIMARY KEY,
    sha256     TEXT NOT NULL REFERENCES fragment_texts (sha256),
    source     TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE fragment_versions (
    name       TEXT NOT NULL,
    sha256     TEXT NOT NULL REFERENCES fragment_texts (sha256),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (name, sha256)
) STRICT, WITHOUT ROWID;
"""


def migrate(connection: apsw.Connection) -> None:
    """`file` is where a prompt also stands as TOML, `stamp` that file's content as it was last read or
    written, `written` the version it holds. What a fragment was once stays, for those who pin it."""
    connection.execute(_SCHEMA)
