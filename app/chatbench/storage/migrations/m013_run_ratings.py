"""Ratings of runs' cells on two scales, runs in the trash, and talks that have not come to their end.

Thumbs were −1 and 1, and 1 was also the worst of 1–5; only the window has rated until now, and wrote 1 for
the worst. They stood in the cell's details, too.
"""

from __future__ import annotations

import apsw

_SCHEMA = """
ALTER TABLE run_cells ADD COLUMN judged TEXT CHECK (judged IN ('up', 'down', '1', '2', '3', '4', '5'));
UPDATE run_cells SET judged = CASE rating WHEN -1 THEN 'down' ELSE CAST(rating AS TEXT) END
    WHERE rating IN (-1, 1, 2, 3, 4, 5);
UPDATE run_answers SET details = json_remove(details, '$.rating')
    WHERE id IN (SELECT id FROM run_cells WHERE rating IS NOT NULL);
ALTER TABLE run_cells DROP COLUMN rating;
ALTER TABLE run_cells RENAME COLUMN judged TO rating;
ALTER TABLE runs ADD COLUMN trashed_at INTEGER;
CREATE TABLE run_talks (
    id   INTEGER PRIMARY KEY,
    said TEXT NOT NULL
) STRICT;
"""


def migrate(connection: apsw.Connection) -> None:
    """What no scale has is no rating."""
    connection.execute(_SCHEMA)
