"""A row of the spend ledger may stand for several calls."""

from __future__ import annotations

import apsw


def migrate(connection: apsw.Connection) -> None:
    """Every row so far is one call."""
    connection.execute("ALTER TABLE spend ADD COLUMN calls INTEGER NOT NULL DEFAULT 1")
