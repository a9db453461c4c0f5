"""The first schema.

Times are UTC milliseconds since the epoch, ids 32 hex digits, money decimal text (NULL is
unknown). `messages` holds the short columns, so that the tree can be read without the words;
`contents` holds the words and everything else as JSON. The full-text tables hold no copy of the
text: `message_search` has the rowids of `messages`, `title_search` those of `conversations`.
"""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE conversations (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    title         TEXT NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    trashed_at    INTEGER,
    pinned        INTEGER NOT NULL DEFAULT 0,
    unread        INTEGER NOT NULL DEFAULT 0,
    failed        INTEGER NOT NULL DEFAULT 0,
    message_count INTEGER NOT NULL DEFAULT 0,
    models        TEXT NOT NULL DEFAULT '[]',
    cost_amount   TEXT,
    unpriced      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversations_by_date ON conversations (updated_at DESC, seq DESC) WHERE trashed_at IS NULL;
CREATE INDEX conversations_in_trash ON conversations (trashed_at) WHERE trashed_at IS NOT NULL;

CREATE TABLE lanes (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    provider        TEXT,
    model           TEXT,
    system          TEXT NOT NULL DEFAULT '',
    parameters      TEXT NOT NULL DEFAULT '{}',
    leaf            TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_by_conversation ON lanes (conversation_id, position);

CREATE TABLE messages (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id       TEXT,
    turn_id         TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    state           TEXT NOT NULL CHECK (state IN ('streaming', 'done', 'stopped', 'interrupted', 'failed')),
    lane_id         TEXT NOT NULL DEFAULT '',
    position        INTEGER NOT NULL DEFAULT 0,
    provider        TEXT,
    model           TEXT,
    owner           TEXT,
    text_length     INTEGER NOT NULL DEFAULT 0,
    line_count      INTEGER NOT NULL DEFAULT 0,
    media_count     INTEGER NOT NULL DEFAULT 0,
    cost_amount     TEXT,
    unpriced        INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    deleted_at      INTEGER
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation_id, seq);
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id, role);
CREATE INDEX messages_deleted ON messages (conversation_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX messages_streaming ON messages (conversation_id, owner) WHERE state = 'streaming';

CREATE TABLE contents (
    seq     INTEGER PRIMARY KEY REFERENCES messages (seq) ON DELETE CASCADE,
    parts   TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE message_search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);
CREATE VIRTUAL TABLE title_search USING fts5 (
    title, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);

CREATE TABLE drafts (
    conversation_id TEXT PRIMARY KEY,
    draft           TEXT NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    sha256     TEXT PRIMARY KEY,
    size       INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE file_references (
    sha256      TEXT NOT NULL,
    message_seq INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    PRIMARY KEY (sha256, message_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_references_by_message ON file_references (message_seq);

CREATE TABLE spend (
    seq                INTEGER PRIMARY KEY,
    at                 INTEGER NOT NULL,
    provider           TEXT NOT NULL,
    model              TEXT NOT NULL,
    source             TEXT NOT NULL,
    message_id         TEXT UNIQUE,
    input_tokens       INTEGER,
    output_tokens      INTEGER,
    cache_read_tokens  INTEGER,
    cache_write_tokens INTEGER,
    reasoning_tokens   INTEGER,
    cost_amount        TEXT,
    currency           TEXT NOT NULL DEFAULT 'USD',
    cost_source        TEXT
) STRICT;
CREATE INDEX spend_by_time ON spend (at);

CREATE TABLE profile (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stored_keys (
    provider TEXT PRIMARY KEY,
    origin   TEXT NOT NULL,
    backend  TEXT NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


def migrate(connection: apsw.Connection) -> None:
    """Makes every table in an empty database."""
    connection.execute(_SCHEMA)
