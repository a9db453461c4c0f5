"""What titles and summaries of a conversation cost is kept with it."""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE asides (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    at              INTEGER NOT NULL,
    source          TEXT NOT NULL,
    unpriced        INTEGER NOT NULL,
    details         TEXT NOT NULL
) STRICT;
CREATE INDEX asides_by_conversation ON asides (conversation_id);
"""


def migrate(connection: apsw.Connection) -> None:
    """Those so far stay in the ledger alone: it does not say which conversation they were for."""
    connection.execute(_SCHEMA)
