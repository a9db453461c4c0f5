"""Data sets and files: exported and read back, files as values, folders, what was pasted."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from tests.documents import pictures

from chatbench.core.datasets import DataColumn, DataRow, Dataset, RowSelection
from chatbench.core.errors import ConfigurationError, FormatError, StorageError
from chatbench.core.messages import FilePart, ImagePart, StoredFile
from chatbench.documents.tables import folder as folder_tables
from chatbench.documents.tables.reading import read_table
from chatbench.services import Services
from chatbench.services.datasets import ExportFormat
from chatbench.services.datasets.exporting import export
from chatbench.services.datasets.values import converted, kept, part_of, tags_of, text_of

PICTURE = pictures.saved(pictures.corner(40, 30), "PNG")
ROWS: list[dict[str, Any]] = [
    {"q": "=1+1", "n": 1, "ok": True, "data": {"a": [1, None]}, "tags": "x, y"},
    {"q": 'two\nlines, "quoted"', "n": -2.5, "data": []},
    {"q": "-5", "ok": False, "n": 10**16},
    {},
]


@pytest.fixture
async def mixed(services: Services) -> Dataset:
    columns = [
        DataColumn(name="q"), DataColumn(name="n", type="number"), DataColumn(name="ok", type="boolean"),
        DataColumn(name="data", type="json"), DataColumn(name="tags", role="tags"),
    ]  # fmt: skip
    return await services.datasets.create("mixed", columns, ROWS)


async def values(services: Services, data: Dataset) -> list[dict[str, Any]]:
    return [row.values for row in await services.datasets.rows(data.id)]


@pytest.mark.parametrize("form", ["jsonl", "json"])
async def test_json_is_read_back_as_it_was(
    services: Services, mixed: Dataset, tmp_path: Path, form: ExportFormat
) -> None:
    path = tmp_path / f"out.{form}"
    assert await services.datasets.export(mixed.id, path) == ()
    again = await services.datasets.import_file(path)
    assert again.rows == 4
    assert await values(services, again) == ROWS


async def test_formulas_are_marked_in_csv_unless_asked_not_to(
    services: Services, mixed: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    assert await services.datasets.export(mixed.id, path) == (
        "Cells that looked like formulas and begin with an apostrophe now: 1.",
    )
    with path.open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["q", "'=1+1", 'two\nlines, "quoted"', "-5", ""]
    assert await services.datasets.export(mixed.id, path, "tsv", guard=False) == ()
    again = await services.datasets.import_file(path)
    (first, *_) = await values(services, again)
    # A number of more digits than a float holds makes text of its column.
    assert first == {**ROWS[0], "n": "1"}


async def test_a_workbook_holds_text_where_it_looks_like_a_formula(
    services: Services, mixed: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "out.xlsx"
    await services.datasets.save_rows(mixed.id, [{"q": "a\x07b" + "x" * 40_000}])
    assert await services.datasets.export(mixed.id, path) == (
        "Cells that were cut to the 32,767 characters of a sheet: 1.",
    )
    sheet = load_workbook(path)["Data"]
    assert [(cell.value, cell.data_type) for cell in sheet["A"][:2]] == [("q", "s"), ("=1+1", "s")]
    assert sheet["A"][-1].value[:3] == "a\ufffdb"
    assert [cell.value for cell in sheet["B"]][1:4] == [1, -2.5, "10000000000000000"]
    assert await services.datasets.sheets(path) == ["Data"]
    again = await services.datasets.import_file(path)
    assert (await values(services, again))[0] == {
        "q": "=1+1", "n": 1, "ok": True, "data": '{"a":[1,null]}', "tags": "x, y",
    }  # fmt: skip


async def test_only_chosen_rows_are_exported_and_nothing_is_left_half_done(
    services: Services, mixed: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    await services.datasets.export(mixed.id, path, selection=RowSelection(tags=("Y",)))
    assert path.read_text(encoding="utf-8").count("\n") == 1
    with pytest.raises(ConfigurationError):
        await services.datasets.export(mixed.id, path, selection=RowSelection(split="train"))
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["out.jsonl"]
    with pytest.raises(FormatError, match="names no format"):
        await services.datasets.export(mixed.id, tmp_path / "out.doc")
    with pytest.raises(StorageError):
        await services.datasets.export(mixed.id, tmp_path / "nowhere" / "out.csv")


async def test_an_empty_data_set_is_an_empty_list(services: Services, tmp_path: Path) -> None:
    empty = await services.datasets.create("empty", [DataColumn(name="a")])
    for form, told in (("json", "[]\n"), ("jsonl", ""), ("csv", "a\r\n")):
        path = tmp_path / f"out.{form}"
        await services.datasets.export(empty.id, path)
        assert path.read_bytes().decode() == told


SIGNS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('"\n\t,;|=+-@')
TEXTS = st.lists(st.text(SIGNS, min_size=1, max_size=8).map(lambda text: f"x{text}"), min_size=1, max_size=5)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS, form=st.sampled_from(["csv", "tsv", "jsonl", "json"]))
async def test_any_text_is_read_back(tmp_path: Path, texts: list[str], form: ExportFormat) -> None:
    async def pieces() -> Any:
        yield [
            DataRow(id=str(at), values={"t": text, "u": text[::-1] + "x"}) for at, text in enumerate(texts)
        ]

    path = tmp_path / f"round.{form}"
    await export([DataColumn(name="t"), DataColumn(name="u")], pieces(), form, path, guard=False)
    found = read_table(path)
    assert [(row["t"], row["u"]) for row in found.rows()] == [(text, text[::-1] + "x") for text in texts]


async def test_pictures_that_a_table_names_are_stored_with_it(services: Services, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.png").write_bytes(PICTURE)
    (tmp_path / "cases.csv").write_text("picture,expected\np/a.png,a corner\n", encoding="utf-8")
    made = await services.datasets.import_file(tmp_path / "cases.csv")
    assert [column.type for column in made.columns] == ["image", "text"]
    ((row),) = await values(services, made)
    part = part_of(row["picture"])
    assert part is not None
    assert (part.name, part.media_type, part.to_dict()["width"]) == ("a.png", "image/png", 40)
    assert await services.attachments.original(row["picture"]["source"]["sha256"]) == PICTURE
    (found,) = (await services.datasets.read_file(tmp_path / "cases.csv")).rows()
    assert await services.datasets.with_files(found) == row
    await services.datasets.export(made.id, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "picture,expected\na.png,a corner\n"


async def test_a_picture_of_a_chat_is_a_value_and_stays(services: Services, mixed: Dataset) -> None:
    """In whichever column it is put."""
    sha256 = await services.datasets._files.put(PICTURE)
    other = await services.datasets._files.put(b"other")
    part, forged = (
        ImagePart(source=StoredFile(sha256=one), media_type="image/png") for one in (sha256, "../../etc")
    )
    row = await services.datasets.add_row(mixed.id, {"q": "What is it?", "shown": part})
    assert (await services.datasets.get(mixed.id)).columns[-1] == DataColumn(name="shown", type="image")
    text = FilePart(source=StoredFile(sha256=other), media_type="text/plain")
    await services.datasets.set_cells(mixed.id, [row], {"q": text, "data": forged})
    assert await services.datasets._files.remove_unused(older_than_ms=-1) == 0
    (found,) = await services.datasets.by_id(mixed.id, [row])
    assert (part_of(found.values["shown"]), part_of(found.values["q"])) == (part, text)
    assert part_of(found.values["data"]) is None


async def test_a_folder_is_a_row_for_each_file(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_tables, "_MOST_BYTES", 1000)
    folder = tmp_path / "texts"
    (folder / "in").mkdir(parents=True)
    (folder / "a.txt").write_text("Käse", encoding="utf-8")
    (folder / "in" / "b.md").write_text("# B", encoding="utf-8")
    (folder / "c.png").write_bytes(PICTURE)
    (folder / "broken.txt").write_bytes(b"\0\x01\x02" * 50)
    (folder / "long.txt").write_text("x" * 1001, encoding="utf-8")
    made = await services.datasets.import_folder(folder)
    assert (made.name, made.rows) == ("texts", 5)
    found = {row["name"]: row for row in await values(services, made)}
    assert found["a.txt"]["text"] == "Käse"
    assert found["in/b.md"]["text"] == "# B"
    assert found["c.png"]["file"]["type"] == "image"
    assert (found["long.txt"]["file"]["size"], "text" in found["long.txt"]) == (1001, False)
    assert found["broken.txt"]["file"] == "broken.txt", "of no kind that is known: its name"


async def test_cells_are_pasted_by_name_or_by_place(services: Services, mixed: Dataset) -> None:
    ids = await services.datasets.paste_rows(mixed.id, "n\tq\n7\tseven\n8\teight\n")
    assert [row.values for row in await services.datasets.by_id(mixed.id, ids)] == [
        {"q": "seven", "n": 7}, {"q": "eight", "n": 8},
    ]  # fmt: skip
    (one,) = await services.datasets.paste_rows(mixed.id, "nine\t9", header=False)
    assert (await services.datasets.by_id(mixed.id, [one]))[0].values == {"q": "nine", "n": 9}
    assert (await services.datasets.get(mixed.id)).undoes == "Add row"


@pytest.mark.parametrize(
    ("value", "kind", "found"),
    [
        ("12", "number", 12), ("x", "number", "x"), (True, "number", True), ("", "number", None),
        (12, "text", "12"), (True, "text", "true"), ([1], "text", "[1]"), (None, "text", None),
        ("TRUE", "boolean", True), (1, "boolean", 1), ('{"a":1}', "json", {"a": 1}), ("a", "json", "a"),
        ([1], "json", [1]), ("a.png", "image", "a.png"),
    ],
)  # fmt: skip
def test_values_become_another_type_where_they_fit(value: Any, kind: Any, found: Any) -> None:
    made = converted(value, kind)
    assert (made, type(made)) == (found, type(found))


def test_what_a_data_set_cannot_keep_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot keep a set"):
        kept({"a": [{1}]})
    assert kept(float("nan")) == "nan"
    assert tags_of(["a", 1]) == ["a", "1"]
    assert tags_of(None) == []
    assert text_of(1.5) == "1.5"
