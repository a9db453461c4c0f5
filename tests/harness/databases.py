"""The empty database of a new profile: made by the program once a session, then copied.

Most tests begin with a profile of their own, and each would take all steps of the schema anew. Tests of
storage do; processes that tests start do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from chatbench.storage import failures, opening
from chatbench.storage.migrations import MIGRATIONS, Migration

create = opening._create
"""The program's own way, step by step."""


def install() -> None:
    """Let databases of new profiles be copies. To be called once."""
    opening._create = _copy


def _copy(path: Path, migrations: Sequence[Migration]) -> None:
    if migrations is not MIGRATIONS:
        return create(path, migrations)
    unfinished = opening._new_file(path)
    try:
        unfinished.write_bytes(_made())
        opening._place(unfinished, path)
    except OSError as error:
        raise failures.system_error(error, path) from error
    finally:
        unfinished.unlink(missing_ok=True)


@cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        create(path, MIGRATIONS)
        return path.read_bytes()
