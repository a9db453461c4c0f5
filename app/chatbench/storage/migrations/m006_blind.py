"""A conversation may be blind: its models are not named until their answers are rated."""

from __future__ import annotations

import apsw


def migrate(connection: apsw.Connection) -> None:
    """`blind_since` is in UTC milliseconds; no conversation so far is blind."""
    connection.execute("ALTER TABLE conversations ADD COLUMN blind_since INTEGER")
