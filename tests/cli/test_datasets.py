"""`chatbench datasets`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.harness.program import Ran

from chatbench.cli.command import main
from chatbench.main import build

TABLE = "question,expected\nWhy?,Because.\n=1+1,2\nragged\n"
Do = Callable[..., Ran]


@pytest.fixture
def do(capfd: pytest.CaptureFixture[str]) -> Do:
    """A command line on this test's profile, in this process."""

    def do_it(*arguments: str) -> Ran:
        code = main(["datasets", *arguments], build)
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return do_it


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_a_table_is_imported_and_shown(do: Do, table: Path) -> None:
    made = do("import", str(table), "--ragged", "skip", "--json")
    assert made.err == "Note: Line 4 has 1 cells for 2 columns: it was left out.\n"
    assert (made.json["name"], made.json["rows"]) == ("cases", 2)
    shown = do("show", "CASES", "--find", "why").out
    assert shown.startswith("cases: 2 rows, version ")
    assert shown.endswith("  expected (text)  expected\n#1\n    question: Why?\n    expected: Because.\n")
    (listed,) = do("list").out.splitlines()
    assert listed.startswith(made.json["id"])
    assert listed.endswith("        2 rows  cases")
    assert do("list", "--json").json == [made.json]
    assert do("show", made.json["id"], "--json", "--offset", "1").json["values"] == [
        {"id": "2", "values": {"question": "=1+1", "expected": "2"}}
    ]


def test_a_data_set_is_exported(do: Do, table: Path, tmp_path: Path) -> None:
    assert do("import", str(table), "--name", "C").out.startswith("Imported 3 rows as C (")
    out = tmp_path / "out.jsonl"
    assert do("export", "c", "--out", str(out)).err == f"Wrote C to {out}.\n"
    assert [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()][1] == {
        "question": "=1+1",
        "expected": "2",
    }
    assert "--force writes over it" in do("export", "C", "--out", str(out)).err
    told = do("export", "C", "--out", str(out), "--force", "--format", "csv").err
    assert told.startswith("Note: Cells that looked like formulas and begin with an apostrophe now: 1.\n")
    assert "'=1+1,2" in out.read_text(encoding="utf-8")


def test_data_sets_are_deleted(do: Do, table: Path) -> None:
    do("import", str(table))
    do("import", str(table))
    assert do("delete", "cases").code == 2, "nobody can be asked"
    assert do("delete", "cases", "cases 2", "--yes").out == "Deleted cases.\nDeleted cases 2.\n"
    assert "There are no data sets" in do("list").err


def test_a_folder_is_imported(do: Do, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("words", encoding="utf-8")
    assert do("import", str(tmp_path / "docs"), "--json").json["columns"] == ["name", "text", "file"]


def test_what_is_wrong_is_said_in_a_sentence(do: Do, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    refused = do("import", str(tmp_path / "empty.csv"))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("Error: empty.csv has no header: its first line is empty.\n")
    assert "no data set called 'x'" in do("show", "x").err
