"""PEERS.md names what exists: every row is there once, with its test, or says why not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.benchmarks.rows import ROWS as BENCHMARKS
from tests.contracts.test_seeds import has_test

TABLE = Path(__file__).with_name("PEERS.md")
LATER = (
    "backups", "documents", "moving in", "speech", "tools", "translations", "workbench",
)  # fmt: skip
HOW_MANY = {
    "Chat window": 27,
    "Compare": 8,
    "Rendering": 9,
    "Accessibility, language, shortcuts": 7,
    "Complaints": 32,
    "What none, or only one, of them has": 17,
}
_QUOTED = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A line of the table, under the heading `section`."""

    section: str
    name: str
    here: str
    shown_by: str


def rows_of(text: str) -> list[Row]:
    """Raises ValueError for a line that has not three cells."""
    rows, section = [], ""
    for line in text.splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        if not line.startswith("| ") or line.startswith(("| Row |", "| --- |")):
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 3:
            raise ValueError(f"{len(cells)} cells: {line}")
        rows.append(Row(section, *cells))
    return rows


def wrong(row: Row) -> str:
    """What is wrong with a row; "" if nothing."""
    kind, _, why = row.here.partition(": ")
    shown = _QUOTED.findall(row.shown_by)
    faults = [one for one in shown if not exists(one)]
    if kind == "yes":
        faults += [] if shown else ["a test"]
    elif kind == "not":
        faults += [] if len(why) > 10 else ["a reason"]
    elif kind == "later":
        faults += [] if why.partition(";")[0] in LATER else ["no such later"]
    else:
        faults.append("yes, not or later")
    return ", ".join(faults)


def exists(name: str) -> bool:
    """`folder/test_file.py::test_name` below tests/, or `bench` with the name of a row of it."""
    kind, _, row = name.partition("bench ")
    if row and not kind:
        return any(one.name == row for one in BENCHMARKS)
    return has_test(name)


ROWS = rows_of(TABLE.read_text("utf-8"))


def test_every_row_names_what_exists() -> None:
    faults = [f"{row.name}: {fault}" for row in ROWS if (fault := wrong(row))]
    assert not faults, "\n".join(faults)


def test_the_table_is_whole() -> None:
    found = {section: [row.name for row in ROWS if row.section == section] for section in HOW_MANY}
    assert {section: len(names) for section, names in found.items()} == HOW_MANY
    assert len(ROWS) == len({(row.section, row.name) for row in ROWS}) == sum(HOW_MANY.values())


@pytest.mark.parametrize(
    ("here", "shown_by", "fault"),
    [
        ("yes", "—", "a test"),
        ("yes", "`scenarios/test_peers.py::test_nothing`", "test_nothing"),
        ("yes", "`scenarios/test_nowhere.py::test_nothing`", "test_nowhere"),
        ("yes", "`bench no_such_row`", "no_such_row"),
        ("not: no", "—", "a reason"),
        ("later: some day", "—", "no such later"),
        ("perhaps", "`scenarios/test_peers.py::test_the_table_is_whole`", "yes, not or later"),
    ],
)
def test_a_row_that_is_wrong_is_named(here: str, shown_by: str, fault: str) -> None:
    assert fault in wrong(Row("Compare", "x", here, shown_by))


def test_what_exists_is_found() -> None:
    assert exists("scenarios/test_peers.py::test_what_exists_is_found")
    assert exists("bench open_10000_vs_1000")
