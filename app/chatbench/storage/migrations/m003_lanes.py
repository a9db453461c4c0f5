"""Lanes that can be closed, and messages that wait for the answers before them."""

from __future__ import annotations

import apsw

_SCHEMA = """
ALTER TABLE lanes ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;

CREATE TABLE waiting (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    draft           TEXT NOT NULL
) STRICT;
CREATE INDEX waiting_by_conversation ON waiting (conversation_id, seq);
"""


def migrate(connection: apsw.Connection) -> None:
    """Every lane so far is open, and nothing waits."""
    connection.execute(_SCHEMA)
