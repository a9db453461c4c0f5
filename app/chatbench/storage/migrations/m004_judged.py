"""Ratings, presets, what of a conversation is not sent or stands summarised, and who gave a title.

A rating is kept with everything the leaderboard needs of the answers it was chosen among, and without
a word of theirs, so that it outlives the conversation as the spend ledger does. `rating` is NULL for
an answer that stood beside a rated one.
"""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE ratings (
    message_id TEXT PRIMARY KEY,
    turn_id    TEXT NOT NULL,
    provider   TEXT NOT NULL,
    model      TEXT NOT NULL,
    rating     TEXT CHECK (rating IN ('best', 'tie', 'bad')),
    blind      INTEGER NOT NULL DEFAULT 0,
    rated_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX ratings_by_turn ON ratings (turn_id);

CREATE TABLE presets (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    icon       TEXT NOT NULL DEFAULT '',
    system     TEXT NOT NULL DEFAULT '',
    provider   TEXT,
    model      TEXT,
    parameters TEXT NOT NULL DEFAULT '{}',
    position   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE unsent (
    message_id      TEXT PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    conversation_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unsent_by_conversation ON unsent (conversation_id);

CREATE TABLE summaries (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    message_id      TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    text            TEXT NOT NULL,
    provider        TEXT NOT NULL,
    model           TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    withdrawn       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX summaries_by_conversation ON summaries (conversation_id);
CREATE INDEX summaries_by_message ON summaries (message_id);

ALTER TABLE conversations ADD COLUMN titled_by TEXT NOT NULL DEFAULT 'words'
    CHECK (titled_by IN ('words', 'model', 'person'));
UPDATE conversations SET titled_by = 'person' WHERE title <> '';
"""


def migrate(connection: apsw.Connection) -> None:
    """A title there is may have been given by hand, so no model writes over it."""
    connection.execute(_SCHEMA)
