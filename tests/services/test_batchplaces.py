"""Where results go: never over the prompts, and results that give way lose nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chatbench.client.sinks import JsonlSink
from chatbench.core.errors import ConfigurationError, FormatError, StorageError
from chatbench.services.batchplaces import refuse_place, set_aside

PROMPTS = '{"prompt": "a"}\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text(PROMPTS)
    return path


def test_results_never_take_the_place_of_the_prompts(source: Path) -> None:
    link = source.with_name("link.jsonl")
    link.symlink_to(source)
    for out in (source, link, source.parent / "." / "in.jsonl"):
        with pytest.raises(ConfigurationError, match="take the place of the prompts"):
            refuse_place(out, source)
    refuse_place(source.with_name("out.jsonl"), source)


def test_results_go_to_files_only(source: Path, tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(pipe)
    for out in (folder, pipe, Path("/dev/full")):
        with pytest.raises(ConfigurationError, match="is no file"):
            refuse_place(out, source)
    assert set_aside(folder) is None
    assert folder.is_dir(), "and no folder gives way to them"


def test_results_give_way_under_the_next_free_name(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert set_aside(out) is None
    for number, name in enumerate(("out.jsonl.1", "out.jsonl.2")):
        out.write_text(str(number))
        assert set_aside(out) == tmp_path / name
        assert (tmp_path / name).read_text() == str(number)
    assert not out.exists()


def test_results_that_are_being_written_do_not_give_way(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text(json.dumps({"index": 0, "fingerprint": "0" * 64}) + "\n")
    sink = JsonlSink(out)
    sink.open()
    try:
        with pytest.raises(StorageError, match="Another run is writing"):
            set_aside(out)
    finally:
        sink.close()
    assert out.exists()
    assert set_aside(out) is not None


def test_a_database_of_results_gives_way_with_what_a_killed_run_left_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "out.db"
    program = (
        "import os, sqlite3\nfrom pathlib import Path\n"
        "from chatbench.storage.resultstore import ResultStore\n"
        f"ResultStore(Path({str(out)!r})).close()\nleft = sqlite3.connect({str(out)!r})\n"
        'left.execute(\'INSERT INTO results VALUES (0, "a", "00", 0, "{}")\')\nleft.commit()\n'
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert (tmp_path / "out.db-wal").stat().st_size, "the row is not in the file yet"
    kept = set_aside(out)
    assert kept is not None
    assert [one.name for one in tmp_path.glob("out.db*")] == [kept.name]
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT id FROM results").fetchall() == [("a",)]


def test_a_database_of_something_else_does_not_give_way(tmp_path: Path) -> None:
    out = tmp_path / "out.db"
    with closing(sqlite3.connect(out)) as connection:
        connection.execute("CREATE TABLE other (a)")
    with pytest.raises(FormatError, match="something else"):
        set_aside(out)
    assert out.exists()
