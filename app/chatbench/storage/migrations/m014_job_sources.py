"""Batch jobs know for whom they were sent, and whether their answers have gone there."""

from __future__ import annotations

import apsw

_SCHEMA = """
ALTER TABLE jobs ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN collected INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_source ON jobs (source) WHERE source != '' AND collected = 0;
"""


def migrate(connection: apsw.Connection) -> None:
    """Jobs of before were sent for nobody but whoever asks for their answers."""
    connection.execute(_SCHEMA)
