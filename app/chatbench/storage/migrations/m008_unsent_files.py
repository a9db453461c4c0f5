"""Single files of a message that are not sent, while the rest of it is."""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE unsent_files (
    message_id      TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    sha256          TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    PRIMARY KEY (message_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX unsent_files_by_conversation ON unsent_files (conversation_id);
"""


def migrate(connection: apsw.Connection) -> None:
    """Until now a message was left out whole or not at all."""
    connection.execute(_SCHEMA)
