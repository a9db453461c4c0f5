"""Tables in text files: whatever separates and encodes them, and whatever is wrong with them."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbench.core.datasets import DataColumn
from chatbench.core.errors import FormatError
from chatbench.documents.tables import json as json_tables
from chatbench.documents.tables import separated, table, textfiles
from chatbench.documents.tables.columns import Guess, names_of, number_in
from chatbench.documents.tables.pasted import cells_of, read_pasted
from chatbench.documents.tables.reading import read_table
from chatbench.documents.tables.table import Table


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_it(data: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write_it


def rows(found: Table) -> list[dict[str, Any]]:
    assert list(found.rows()) == list(found.rows()), "can be read again"
    return list(found.rows())


def types(found: Table) -> dict[str, str]:
    return {column.name: column.type for column in found.columns}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_separator_and_encoding_are_found(write: Any, separator: str, encoding: str) -> None:
    lines = ["name;price;what", "Käse;1.5;süß", "Brötchen;2;knusprig"] * 1
    path = write("\r\n".join(lines).replace(";", separator).encode(encoding))
    found = read_table(path)
    assert rows(found) == [
        {"name": "Käse", "price": 1.5, "what": "süß"},
        {"name": "Brötchen", "price": 2, "what": "knusprig"},
    ]
    assert bool(found.notes) == (encoding not in ("utf-8", "utf-8-sig")), found.notes


def test_what_the_columns_hold_is_seen_in_every_row(write: Any) -> None:
    many = "".join(f'{n},{n / 4},true,"{{""a"": [{n}]}}",00{n},12\n' for n in range(1, 400))
    found = read_table(write("n,quarter,yes,data,code,late\n" + many + '400,,FALSE,[],00,"n/a"\n'))
    assert types(found) == {
        "n": "number", "quarter": "number", "yes": "boolean", "data": "json", "code": "text", "late": "text",
    }  # fmt: skip
    first, *_, last = rows(found)
    assert first == {"n": 1, "quarter": 0.25, "yes": True, "data": {"a": [1]}, "code": "001", "late": "12"}
    assert last == {"n": 400, "yes": False, "data": [], "code": "00", "late": "n/a"}
    assert found.count == 400


@pytest.mark.parametrize(
    ("cell", "value"),
    [("0", 0), ("-12", -12), ("1.50", 1.5), ("1e3", 1000.0), ("123456789012345", 123456789012345),
     ("1234567890123456", "1234567890123456"), ("007", "007"), ("+49", "+49"), ("1,5", "1,5"),
     ("1_000", "1_000"),
     ("nan", "nan"), ("Infinity", "Infinity"), (" 1", " 1"), ("٣", "٣"), ("0x10", "0x10")],
)  # fmt: skip
def test_only_what_is_a_number_to_everybody_is_one(cell: str, value: Any) -> None:
    found = number_in(cell)
    assert (found, type(found)) == (value, type(value))


def test_names_of_columns_are_unique_and_never_empty() -> None:
    names, notes = names_of(["a", "", " a ", "a 2", "a\nb", "x" * 300])
    assert names == ["a", "column 2", "a 2", "a 2 2", "a b", "x" * 200]
    assert notes == [
        "Column 2 had no name.",
        "There was more than one column a: another is a 2 now.",
        "There was more than one column a 2: another is a 2 2 now.",
    ]


def test_names_tell_roles(write: Any) -> None:
    found = read_table(write("question,Expected,tags,ideal,SPLIT\na,b,c,d,e\n"))
    assert [column.role for column in found.columns] == ["input", "expected", "tags", "input", "split"]


RAGGED = "a,b\n1,2\n3\n4,5,6\n7,8\n"


def test_ragged_rows_are_kept_with_all_their_cells(write: Any) -> None:
    found = read_table(write(RAGGED))
    assert rows(found) == [
        {"a": 1, "b": 2}, {"a": 3}, {"a": 4, "b": 5, "column 3": 6}, {"a": 7, "b": 8},
    ]  # fmt: skip
    assert found.notes[:2] == ("Line 3 has 1 cells for 2 columns.", "Line 4 has 3 cells for 2 columns.")


def test_ragged_rows_are_left_out_or_refused(write: Any) -> None:
    found = read_table(write(RAGGED), ragged="skip")
    assert rows(found) == [{"a": 1, "b": 2}, {"a": 7, "b": 8}]
    assert found.notes[0] == "Line 3 has 1 cells for 2 columns: it was left out."
    with pytest.raises(FormatError, match=r"t\.csv: Line 3 has 1 cells"):
        read_table(write(RAGGED), ragged="refuse")


def test_the_first_oddities_are_told_and_the_rest_counted(write: Any) -> None:
    found = read_table(write("a,b\n" + "1\n" * 100))
    assert len(found.notes) == 21
    assert found.notes[-1] == "… and 80 more like these."


def test_without_a_header_columns_are_numbered(write: Any) -> None:
    found = read_table(write("1,x\n2,y\n"), header=False)
    assert rows(found) == [{"column 1": 1, "column 2": "x"}, {"column 1": 2, "column 2": "y"}]


def test_a_spreadsheet_s_own_line_names_the_separator(write: Any) -> None:
    assert rows(read_table(write("sep=|\na|b,c\n1|2\n"))) == [{"a": 1, "b,c": 2}]


def test_quotes_out_of_place_are_read_and_told(write: Any) -> None:
    found = read_table(write('a,b\n"x"y,1\n5" disk,2\n'))
    assert rows(found) == [{"a": "xy", "b": 1}, {"a": '5" disk', "b": 2}]
    assert "line 2" in found.notes[0]


def test_a_quote_that_is_never_closed_is_told(write: Any) -> None:
    found = read_table(write('a,b\n1,2\n"3,4\n5,6\n'))
    assert "unexpected end of data" in found.notes[0]
    assert rows(found)[-1] == {"a": "3,4\n5,6\n"}


def test_a_line_without_end_is_refused(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfiles, "MAX_CELL", 1000)
    with pytest.raises(FormatError, match="line 2 has more than 1,000 characters"):
        read_table(write("a,b\n" + "x" * 1001))


def test_too_many_rows_are_cut_and_told(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separated, "MAX_ROWS", 10)
    monkeypatch.setattr(json_tables, "MAX_ROWS", 10)
    for path in (write("a\n" + "1\n" * 20), write('{"a":1}\n' * 20, "t.jsonl")):
        found = read_table(path)
        assert (len(rows(found)), found.notes) == (10, ("Only the first 10 rows are read.",))


def test_nulls_and_broken_characters_are_told(write: Any) -> None:
    found = read_table(write("a,b\n" + "longer than ä\0x,1\n" * 20))
    assert (rows(found)[0], found.notes) == (
        {"a": "longer than äx", "b": 1}, ("Null characters that were left out: 20.",),
    )  # fmt: skip
    found = read_table(write("a,b\nä,1\n".encode() + b"\xff\xfe,2\n"))
    assert (rows(found)[1]["a"], found.notes) == (
        "\ufffd\ufffd", ("Characters that make no sense as utf-8: 2.",),
    )  # fmt: skip


def test_an_encoding_can_be_told(write: Any) -> None:
    path = write("a\nпривет\n".encode("koi8-r"))
    assert rows(read_table(path, encoding="koi8-r")) == [{"a": "привет"}]
    for told in ("klingon", "base64"):
        with pytest.raises(FormatError, match=f"no encoding '{told}'"):
            read_table(path, encoding=told)


def test_what_is_not_ascii_may_come_late(write: Any) -> None:
    head = b"a,b\n" + b"plain,1\n" * 9_000
    assert rows(read_table(write(head + "Käse,2\n".encode())))[-1]["a"] == "Käse"
    assert rows(read_table(write(head + "Käse,2\n".encode("cp1252"))))[-1]["a"] == "Käse"


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ("", "t.csv", "has no header"),
        (",,\n1,2,3\n", "t.csv", "has no header"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "t.csv", "is no text"),
        (",".join(f"c{n}" for n in range(1001)) + "\n", "t.csv", "has 1,001 columns"),
        ("x", "t.doc", "no kind that is known"),
        ("", "t.jsonl", "holds no objects"),
        ("[1, 2]", "t.json", "holds no objects"),
        ("[{}, {", "t.json", "is no JSON that can be read"),
        ('[{"a": 1} {"a": 2}]', "t.json", "where a comma should be"),
        ('[{"a": NaN}]', "t.json", "NaN is no JSON"),
        ("[" * 100_000, "t.json", "nested too deeply"),
        ('{"a": 1}', "t.json", "no array of objects"),
        ("not json", "t.json", "is no JSON"),
    ],
)
def test_what_is_no_table_is_refused(write: Any, data: str | bytes, name: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_table(write(data, name))


def test_json_lines_are_objects_and_others_are_told(write: Any) -> None:
    data = '\ufeff{"q":"a","n":1}\n\n[1]\n{"q":"b","m":{"x":null}}\n{broken\n{"q":null,"n":2.5}\n'
    found = read_table(write(data, "t.jsonl"))
    assert rows(found) == [{"q": "a", "n": 1}, {"q": "b", "m": {"x": None}}, {"q": None, "n": 2.5}]
    assert types(found) == {"q": "text", "n": "number", "m": "json"}
    assert found.notes[0] == "Line 3 is no object: it was left out."
    assert found.notes[1].startswith("Line 5 is no JSON")
    with pytest.raises(FormatError, match="Line 3"):
        read_table(write(data, "t.jsonl"), ragged="refuse")


def test_json_is_read_in_pieces(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the pieces end: within a number, a word, an escape."""
    monkeypatch.setattr(textfiles, "_PIECE", 7)
    data = '\n[ {"a": 12345678901, "b": "x\\u00e4\\n]}"} ,{"a": -1.5e10,"b": null},\n{"a": true} ]'
    assert rows(read_table(write(data, "t.json"))) == [
        {"a": 12345678901, "b": "xä\n]}"}, {"a": -1.5e10, "b": None}, {"a": True},
    ]  # fmt: skip


def test_a_number_that_a_piece_cuts_is_one(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfiles, "_PIECE", 4)
    found = read_table(write('[123456, {"a": 1}]', "t.json"))
    assert (rows(found), found.notes) == ([{"a": 1}], ("Line 1 is no object: it was left out.",))


def test_rows_may_stand_within_an_object(write: Any) -> None:
    path = write('{"version": 1, "rows": [{"a": 1}, {"a": 2}]}', "t.json")
    assert rows(read_table(path)) == [{"a": 1}, {"a": 2}]


def test_whoever_waits_can_stop_it(write: Any) -> None:
    class Enough(Exception):
        pass

    told: list[tuple[int, float]] = []

    def tick(count: int, share: float) -> None:
        told.append((count, share))
        if len(told) == 2:
            raise Enough

    for path in (write("a,b\n" + "1,2\n" * 5000), write('{"a":1}\n' * 5000, "t.jsonl")):
        told.clear()
        with pytest.raises(Enough):
            read_table(path, tick=tick)
        assert [count for count, _ in told] == [table.TICK_ROWS, 2 * table.TICK_ROWS]
        assert 0 < told[0][1] <= told[1][1] <= 1


def test_files_beside_the_table_are_values_and_others_are_not(write: Any, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for name in ("a.png", "b.jpg"):
        (tmp_path / "pictures" / name).write_bytes(b"x")
    (tmp_path / "c.pdf").write_bytes(b"x")
    (tmp_path.parent / "outside.png").write_bytes(b"x")
    (tmp_path / "link.png").symlink_to(tmp_path.parent / "outside.png")
    found = read_table(
        write(
            "picture,file,out,link,absolute,gone\n"
            f"pictures/a.png,pictures\\a.png,../outside.png,link.png,{tmp_path}/c.pdf,x.png\n"
            f"pictures/b.jpg,c.pdf,../outside.png,link.png,{tmp_path}/c.pdf,y.png\n"
        )
    )
    assert types(found) == {
        "picture": "image", "file": "file", "out": "text", "link": "text", "absolute": "text", "gone": "text",
    }  # fmt: skip
    assert rows(found)[1]["file"] == tmp_path.resolve() / "c.pdf"


def test_a_guess_without_a_folder_finds_no_files() -> None:
    guess = Guess()
    guess.see("a.png")
    assert guess.type == "text"


# A cell that is empty, or would be read as something else than text, is not told from what it looks like.
CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=12
).map(lambda text: f"x{text}")
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


@settings(max_examples=60)
@given(cells=TABLES, separator=st.sampled_from([",", ";", "\t", "|"]))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]], separator: str
) -> None:
    path = tmp_path_factory.mktemp("round") / "t.csv"
    names = [f"c{at}" for at in range(len(cells[0]))]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([names, *cells])
    found = read_table(path, separator=separator)
    assert found.notes == ()
    assert [[row[name] for name in names] for row in found.rows()] == cells


@settings(max_examples=60)
@given(cells=TABLES)
def test_what_a_spreadsheet_copies_is_pasted(cells: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t").writerows(cells)
    assert cells_of(out.getvalue()) == cells or len(cells[0]) == 1


def test_a_paste_has_quoted_line_breaks_and_types() -> None:
    found = read_pasted('q\tn\r\n"two\nlines"\t1\r\nplain\t2.5\r\n')
    assert found.columns == (DataColumn(name="q"), DataColumn(name="n", type="number"))
    assert rows(found) == [{"q": "two\nlines", "n": 1}, {"q": "plain", "n": 2.5}]
    assert rows(read_pasted('5" disk\t1\n6" disk\t2', header=False)) == [
        {"column 1": '5" disk', "column 2": 1}, {"column 1": '6" disk', "column 2": 2},
    ]  # fmt: skip
    assert cells_of('"abc\t1\ndef\t2') == [['"abc', "1"], ["def", "2"]], "a quote that opens nothing"
    with pytest.raises(FormatError, match="no rows"):
        read_pasted("only a header\there")


def test_the_table_of_a_page_is_pasted() -> None:
    html = (
        "<html><body><!-- x --><table><tr><th>Name<th colspan=2>Size</tr>"
        "<tr><td>a<br>b</td><td> 1 </td><td>2</td></tr><tr><td>&lt;c&gt;</table><table><tr><td>other</table>"
    )
    assert cells_of("ignored", html) == [["Name", "Size", ""], ["a\nb", "1", "2"], ["<c>"]]
    assert cells_of("a\tb", "<table>") == [["a", "b"]]


@settings(max_examples=80)
@given(data=st.binary(max_size=300), name=st.sampled_from(["t.csv", "t.json", "t.jsonl", "t.tsv"]))
def test_any_bytes_are_a_table_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    try:
        found = read_table(path)
    except FormatError:
        return
    assert len(rows(found)) == found.count


@pytest.mark.timeout(600)
def test_a_gigabyte_is_looked_through_in_little_memory(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In a process of its own, whose largest size is told; and the rows are read as they are asked for."""
    if not request.config.getoption("--long"):
        pytest.skip("a gigabyte takes a minute: --long")
    size = 1 << 30
    path = tmp_path / "large.csv"
    line = b'%d,"a question, with a comma",' + b"word " * 200 + b"\n"
    with path.open("wb") as file:
        file.write(b"number,question,answer\n")
        while file.tell() < size:
            file.write(b"".join(line % number for number in range(1_000)))
    code = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from chatbench.documents.tables.reading import read_table\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "table = read_table(Path(sys.argv[1])); first = next(iter(table.rows()))\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(table.count, first['number'], after - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    path.unlink()
    count, number, grown = map(int, done.stdout.split())
    assert (count * 1_000 > size * 0.9, number) == (True, 0)
    assert grown < 24 * 1024, "KiB"
