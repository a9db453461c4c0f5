"""A file of results: one run at a time, its owner's alone, and faults told of the file, not a profile."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chatbench.core.errors import DatabaseCorrupt, FormatError, StorageError
from chatbench.storage.resultstore import ResultStore

MARK = "0" * 64


def test_one_run_at_a_time_has_it(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    store = ResultStore(path)
    with pytest.raises(StorageError, match=r"Another run is writing to out\.db"):
        ResultStore(path)
    program = (
        "from pathlib import Path\nfrom chatbench.storage.resultstore import ResultStore\n"
        f"ResultStore(Path({str(path)!r}))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    assert b"Another run is writing to out.db" in told.stderr
    store.put(0, "", MARK, False, b"{}")
    # In a process of its own: two copies of SQLite in one take each other's locks away.
    count = "SELECT count(*) FROM results"
    reading = f"import sqlite3; print(sqlite3.connect({str(path)!r}).execute({count!r}).fetchone())"
    told = subprocess.run([sys.executable, "-c", reading], capture_output=True, check=True, timeout=60)
    assert told.stdout.startswith(b"("), "anybody may read"
    store.close()
    again = ResultStore(path)
    assert list(again.answered()) == [(0, MARK)]
    again.close()
    assert [one.name for one in tmp_path.iterdir()] == ["out.db"], "nothing is left beside it"


def test_a_killed_run_keeps_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    program = (
        f"import os\nfrom pathlib import Path\nfrom chatbench.storage.resultstore import ResultStore\n"
        f"store = ResultStore(Path({str(path)!r}))\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert (tmp_path / ".out.db.lock").exists()
    ResultStore(path).close()


def test_others_on_the_computer_cannot_read_it(tmp_path: Path) -> None:
    path = tmp_path / "out.db"
    ResultStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    ResultStore(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "what was chosen is kept"


@pytest.mark.parametrize("kind", ["words", "foreign", "nowhere"])
def test_what_is_no_file_of_results_is_told_and_left(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out.db"
    wanted: type[Exception] = DatabaseCorrupt
    if kind == "words":
        path.write_text("words, and not a database at all" * 100)
    elif kind == "foreign":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE other (a)")
        wanted = FormatError
    else:
        path, wanted = tmp_path / "none" / "out.db", StorageError
    before = path.read_bytes() if path.exists() else b""
    for _ in range(2):  # the first keeps nobody out
        with pytest.raises(wanted) as raised:
            ResultStore(path)
        assert "ame another file" in raised.value.hint  # type: ignore[attr-defined]
        assert "profile" not in raised.value.hint  # type: ignore[attr-defined]
    assert (path.read_bytes() if path.exists() else b"") == before
