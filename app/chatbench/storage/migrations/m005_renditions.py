"""What was made of attached files: their words, pictures of their pages, smaller pictures, thumbnails.

A rendition is a file of the store like any other, and goes with its original. `recipe` says what it was
made by, `place` is its order among those of one recipe. The words of a file are kept here, one page behind
the other with a form feed between them, and stand in an index of their own. `uploads` says what a
provider keeps, and under which name.
"""

from __future__ import annotations

import apsw

_SCHEMA = """
CREATE TABLE renditions (
    original   TEXT NOT NULL,
    recipe     TEXT NOT NULL,
    place      INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL,
    width      INTEGER NOT NULL DEFAULT 0,
    height     INTEGER NOT NULL DEFAULT 0,
    about      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (original, recipe, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX renditions_by_file ON renditions (sha256);

CREATE TABLE file_texts (
    seq      INTEGER PRIMARY KEY,
    original TEXT NOT NULL UNIQUE,
    text     TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE file_search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);

CREATE TABLE uploads (
    sha256      TEXT NOT NULL,
    provider    TEXT NOT NULL,
    file_id     TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    expires_at  INTEGER,
    PRIMARY KEY (sha256, provider)
) STRICT, WITHOUT ROWID;
"""


def migrate(connection: apsw.Connection) -> None:
    """Nothing was made of any file that is worth keeping: it is made again when it is needed."""
    connection.execute(_SCHEMA)
