"""Tables in workbooks and Parquet files."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import Workbook
from pyarrow import parquet as parquet_files

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import FormatError
from chatbench.documents.tables import parquet, spool, workbook
from chatbench.documents.tables.reading import read_table
from chatbench.documents.tables.workbook import sheets_of


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "b.xlsx"
    made = Workbook()
    first = made.active
    assert first is not None
    first.title = "Cases"
    first.append(["question", None, "n", "when", "question", "ok"])
    first.append(["Käse?", "x", 1.0, datetime(2026, 1, 2), "=1+1", True])  # noqa: DTZ001 - a sheet has no zones
    first.append([])
    first.append(["two\nlines", None, 2.5, datetime(2026, 1, 2, 3, 4), None, None, "more"])  # noqa: DTZ001
    other = made.create_sheet("Other")
    other.append(["a"])
    other.append([7])
    made.create_sheet("Hidden").sheet_state = "hidden"
    made.save(path)
    return path


def test_a_sheet_is_a_table_of_its_values(book: Path) -> None:
    found = read_table(book)
    assert found.columns == (
        DataColumn(name="question"),
        DataColumn(name="column 2"),
        DataColumn(name="n", type="number"),
        DataColumn(name="when"),
        DataColumn(name="question 2"),
        DataColumn(name="ok", type="boolean"),
        DataColumn(name="column 7"),
    )
    assert list(found.rows()) == [
        # The formula was never computed, and is not computed here.
        {"question": "Käse?", "column 2": "x", "n": 1, "when": "2026-01-02", "ok": True},
        {"question": "two\nlines", "n": 2.5, "when": "2026-01-02 03:04:00", "column 7": "more"},
    ]
    assert list(found.rows()) == list(found.rows())
    assert found.notes[0] == "It was read from the sheet Cases; there are also: Other."


def test_a_sheet_is_chosen_by_its_name(book: Path) -> None:
    assert sheets_of(book) == ["Cases", "Other"]
    assert list(read_table(book, sheet="Other").rows()) == [{"a": 7}]
    assert list(read_table(book, sheet="Other", header=False).rows()) == [{"column 1": "a"}, {"column 1": 7}]
    with pytest.raises(FormatError, match="no sheet 'Others'") as refused:
        read_table(book, sheet="Others")
    assert refused.value.hint == "Its sheets are: Cases, Other."
    with pytest.raises(FormatError, match="is empty"):
        read_table(book, sheet="Hidden")


def test_what_is_no_workbook_is_refused(tmp_path: Path, book: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    data = book.read_bytes()
    for cut in (b"", b"no zip", data[: len(data) // 2], data.replace(b"xl/workbook.xml", b"xl/workbook.xm_")):
        broken.write_bytes(cut)
        with pytest.raises(FormatError, match=r"broken\.xlsx cannot be read"):
            read_table(broken)


def test_a_workbook_that_unpacks_without_end_is_refused(
    tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "_MAX_SHARED", 100_000)
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            if part.filename != "xl/sharedStrings.xml":
                target.writestr(part, source.read(part))
        target.writestr("xl/sharedStrings.xml", b" " * 200_000)
    with pytest.raises(FormatError, match=r"too large: xl/sharedStrings\.xml takes 200,000 bytes"):
        read_table(bomb)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("", None), (2**70, str(2**70)), (float("inf"), "inf"), (3.0, 3), (date(2026, 1, 2), "2026-01-02"),
        (time(1, 2), "01:02:00"), (Decimal("1.5"), 1.5), (Decimal(12), 12), (Decimal("NaN"), "NaN"),
        ([date(2026, 1, 2)], ["2026-01-02"]), ({1: None}, {"1": None}), (b"x", "b'x'"),
    ],
)  # fmt: skip
def test_cells_are_plain_values(cell: Any, value: Any) -> None:
    found = spool.plain_cell(cell)
    assert (found, type(found)) == (value, type(value))


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {
        "q": ["a", None, "c"],
        "n": [1, 2, 3],
        "tags": [["x"], [], None],
        "when": [date(2026, 1, 2)] * 3,
        "raw": [b"x"] * 3,
        "ok": [True, False, None],
    }
    parquet_files.write_table(pa.table(columns), path)
    found = read_table(path)
    assert {column.name: column.type for column in found.columns} == {
        "q": "text", "n": "number", "tags": "json", "when": "text", "raw": "text", "ok": "boolean",
    }  # fmt: skip
    assert list(found.rows()) == [
        {"q": "a", "n": 1, "tags": ["x"], "when": "2026-01-02", "ok": True},
        {"n": 2, "tags": [], "when": "2026-01-02", "ok": False},
        {"q": "c", "n": 3, "when": "2026-01-02"},
    ]
    assert found.notes == ("raw holds bytes, which were left out.",)
    path.write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(FormatError, match="no Parquet file"):
        read_table(path)


def test_without_the_library_parquet_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "chatbench[parquet]" in parquet.why_not()
    with pytest.raises(FormatError) as refused:
        read_table(tmp_path / "t.parquet")
    assert "pip install" in refused.value.hint
