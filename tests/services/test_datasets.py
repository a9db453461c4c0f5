"""Data sets: imported, read in any order, edited, taken back, chosen from."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.services.conftest import Open

from chatbench.core.changes import Changes
from chatbench.core.datasets import DataColumn, Dataset, RowFilter, RowOrder, RowSelection
from chatbench.core.errors import ConfigurationError, FormatError, StorageError
from chatbench.documents.tables.table import Tick
from chatbench.services import Services
from chatbench.services.datasets import ImportProgress
from chatbench.services.datasets.importing import on_thread

CITIES: list[dict[str, Any]] = [
    {"city": "Oslo", "people": 700_000, "tags": "north, sea", "expected": "Norway"},
    {"city": "Graz", "people": 290_000, "tags": "hills", "expected": "Austria"},
    {"city": "Ålesund", "people": 57_000, "tags": "north,SEA", "expected": "Norway"},
    {"city": "bern", "expected": "Switzerland"},
]


@pytest.fixture
async def cities(services: Services) -> Dataset:
    return await services.datasets.create("Cities", rows=CITIES)


async def column(services: Services, data: Dataset, name: str = "city", **more: Any) -> list[Any]:
    return [row.values.get(name) for row in await services.datasets.rows(data.id, **more)]


async def test_a_data_set_is_kept_as_it_was_made(opened: Open) -> None:
    async with opened() as services:
        made = await services.datasets.create("  Cities\n of  Europe ", rows=CITIES)
        assert (made.name, made.rows, made.undoes, made.redoes) == ("Cities of Europe", 4, "", "")
        assert made.columns == (
            DataColumn(name="city"),
            DataColumn(name="people", type="number"),
            DataColumn(name="tags", role="tags"),
            DataColumn(name="expected", role="expected"),
        )
    async with opened() as services:
        assert await services.datasets.all() == [made]
        assert await services.datasets.find("cities of EUROPE") == made
        rows = await services.datasets.rows(made.id)
        assert [row.values for row in rows] == CITIES
        assert [row.id for row in rows] == ["1", "2", "3", "4"]
        again = await services.datasets.create("cities of Europe", rows=CITIES)
        assert (again.name, again.version) == ("cities of Europe 2", made.version)
        with pytest.raises(ConfigurationError, match="no data set called 'Citis'") as refused:
            await services.datasets.find("Citis of Europe"[:5])
        assert "chatbench datasets list" in refused.value.hint


async def test_rows_come_in_any_order_and_by_any_condition(services: Services, cities: Dataset) -> None:
    async def found(**condition: Any) -> list[Any]:
        return await column(services, cities, where=[RowFilter(**condition)])

    assert await column(services, cities, sort=[RowOrder(column="city")]) == [
        "bern",
        "Graz",
        "Oslo",
        "Ålesund",
    ]
    by_people = [RowOrder(column="people", descending=True)]
    assert await column(services, cities, sort=by_people) == ["Oslo", "Graz", "Ålesund", "bern"]
    by_country = [RowOrder(column="expected"), RowOrder(column="people")]
    assert await column(services, cities, sort=by_country) == ["Graz", "Ålesund", "Oslo", "bern"]
    assert await column(services, cities, offset=1, limit=2) == ["Graz", "Ålesund"]
    assert await found(column="city", kind="equals", value="OSLO") == ["Oslo"]
    assert await found(column="city", kind="equals", value="ålesund") == ["Ålesund"]
    assert await found(column="people", kind="equals", value="290000.0") == ["Graz"]
    assert await found(value="WAY") == ["Oslo", "Ålesund"]
    assert await found(column="city", kind="starts", value="å") == ["Ålesund"]
    assert await found(column="city", kind="ends", value="N") == ["bern"]
    assert await found(column="people", kind="less", value=300_000) == ["Graz", "Ålesund"]
    assert await found(column="city", kind="greater", value="graz") == ["Oslo", "Ålesund"]
    assert await found(column="people", kind="empty") == ["bern"]
    assert await found(column="people", kind="empty", negate=True) == ["Oslo", "Graz", "Ålesund"]
    assert await found(column="city", value="o", negate=True) == ["Graz", "Ålesund", "bern"]
    assert await found(column="city", value="%") == []
    assert await services.datasets.count(cities.id, where=[RowFilter(value="norway")]) == 2
    with pytest.raises(ConfigurationError, match="no column 'county'") as refused:
        await found(column="county", value="x")
    assert refused.value.hint == "The columns are: city, people, tags, expected."


async def test_a_run_chooses_rows(services: Services, cities: Dataset) -> None:
    async def selected(**selection: Any) -> list[Any]:
        rows = await services.datasets.select(cities.id, RowSelection(**selection))
        return [row.values["city"] for row in rows]

    assert await selected() == ["Oslo", "Graz", "Ålesund", "bern"]
    assert await selected(tags=("sea", "North")) == ["Oslo", "Ålesund"]
    assert await selected(where={"expected": "norway"}, limit=1) == ["Oslo"]
    drawn = [await selected(sample=2, seed=seed) for seed in range(20)]
    assert drawn == [await selected(sample=2, seed=seed) for seed in range(20)]
    assert {city for two in drawn for city in two} == {"Oslo", "Graz", "Ålesund", "bern"}
    cities_in_order = await selected()
    assert all(two == [city for city in cities_in_order if city in two] for two in drawn)
    shares = {"train": 3.0, "test": 1.0}
    assert await services.datasets.split(cities.id, shares, seed=7) == {"train": 3, "test": 1}
    tests = set()
    for seed in range(8):
        await services.datasets.split(cities.id, shares, seed=seed)
        tests.update(await selected(split="test"))
    assert len(tests) > 1, "drawn, not the last"
    await services.datasets.split(cities.id, shares, seed=3)
    (test,) = await selected(split="test")
    await services.datasets.split(cities.id, {"test": 1.0})
    await services.datasets.split(cities.id, shares, seed=3)
    assert await selected(split="test") == [test]
    assert sorted([test, *await selected(split="TRAIN")]) == sorted(await selected())
    with pytest.raises(ConfigurationError, match="no column 'x'"):
        await selected(where={"x": "1"})


async def test_a_selection_is_of_one_version(services: Services, cities: Dataset) -> None:
    """Whatever is edited while a run reads it."""
    pieces = services.datasets.pieces(cities.id, size=2)
    first = await anext(pieces)
    await services.datasets.delete_rows(cities.id, ["3", "4"])
    second = await anext(pieces)
    assert [row.values["city"] for row in (*first, *second)] == ["Oslo", "Graz", "Ålesund", "bern"]
    await pieces.aclose()
    assert await column(services, cities, version=cities.version) == ["Oslo", "Graz", "Ålesund", "bern"]


async def test_edits_are_taken_back_and_done_again(
    services: Services, cities: Dataset, heard: list[Changes]
) -> None:
    data = services.datasets
    await data.set_cells(cities.id, ["2", "4"], {"people": "1000", "city": "Bern"})
    assert await column(services, cities) == ["Oslo", "Bern", "Ålesund", "Bern"]
    assert await column(services, cities, "people") == [700_000, 1000, 57_000, 1000]
    await data.set_cells(cities.id, ["1"], {"people": None})
    await data.move_rows(cities.id, ["4", "1"], "2")
    assert [row.id for row in await data.rows(cities.id)] == ["4", "1", "2", "3"]
    added = await data.add_row(cities.id, {"city": "Rome", "era": 3}, "Italy", before="1")
    assert added == "5"
    await data.delete_rows(cities.id, ["2"])
    assert [row.id for row in await data.rows(cities.id)] == ["4", "5", "1", "3"]
    now = await data.get(cities.id)
    assert (now.undoes, now.redoes, now.rows) == ("Delete row", "", 4)
    assert now.columns[-1] == DataColumn(name="era", type="number")
    left = [(await data.undo(cities.id)).undoes for _ in range(5)]
    assert left == ["Add row", "Move rows", "Edit cell", "Edit cells", ""]
    back = await data.get(cities.id)
    assert (back.version, back.redoes) == (cities.version, "Edit cells")
    assert [row.values for row in await data.rows(cities.id)] == CITIES
    assert await data.undo(cities.id) == back, "nothing left"
    for _ in range(4):
        await data.redo(cities.id)
    forth = await data.redo(cities.id)
    assert (forth.version, forth.undoes, forth.redoes) == (now.version, "Delete row", "")
    assert heard[-1] == Changes(datasets=frozenset({cities.id}))


async def test_an_edit_after_undoing_is_the_one_that_is_done_again(
    services: Services, cities: Dataset
) -> None:
    data = services.datasets
    await data.set_cells(cities.id, ["1"], {"city": "Bergen"})
    await data.undo(cities.id)
    await data.set_cells(cities.id, ["1"], {"city": "Tromsø"})
    assert (await data.get(cities.id)).redoes == ""
    assert (await data.undo(cities.id)).version == cities.version
    await data.redo(cities.id)
    assert (await column(services, cities))[0] == "Tromsø"
    (bergen,) = [one.number for one in await data.versions(cities.id) if one.number == 2]
    await data.restore_version(cities.id, bergen)
    assert (await column(services, cities))[0] == "Bergen"


async def test_columns_are_renamed_retyped_moved_and_deleted(services: Services, cities: Dataset) -> None:
    data = services.datasets
    await data.rename_column(cities.id, "people", "inhabitants")
    await data.retype_column(cities.id, "inhabitants", "text")
    assert await column(services, cities, "inhabitants") == ["700000", "290000", "57000", None]
    await data.retype_column(cities.id, "inhabitants", "number")
    await data.move_column(cities.id, "inhabitants", 0)
    await data.set_role(cities.id, "city", "expected")
    await data.delete_column(cities.id, "tags")
    now = await data.get(cities.id)
    assert now.columns == (
        DataColumn(name="inhabitants", type="number"),
        DataColumn(name="city", role="expected"),
        DataColumn(name="expected"),
    )
    assert (await data.rows(cities.id))[0].values == {
        "inhabitants": 700_000,
        "city": "Oslo",
        "expected": "Norway",
    }
    await data.add_column(cities.id, DataColumn(name="tags"))
    assert await column(services, cities, "tags") == [None] * 4, "a new one, not the one that was deleted"
    with pytest.raises(ConfigurationError, match="a column city already"):
        await data.rename_column(cities.id, "expected", "city")
    with pytest.raises(ConfigurationError, match="needs a name"):
        await data.add_column(cities.id, DataColumn(name=" "))


async def test_a_block_of_cells_is_one_edit(services: Services, cities: Dataset) -> None:
    block = {"2": {"city": "Linz", "people": "200000"}, "4": {"tags": "alps"}}
    await services.datasets.set_values(cities.id, block)
    assert await column(services, cities) == ["Oslo", "Linz", "Ålesund", "bern"]
    assert await column(services, cities, "people") == [700_000, 200_000, 57_000, None]
    assert (await column(services, cities, "tags"))[3] == "alps"
    assert (await services.datasets.undo(cities.id)).version == cities.version
    with pytest.raises(StorageError, match="no longer there"):
        await services.datasets.set_values(cities.id, {"9": {"city": "x"}})


async def test_doubles_are_deleted_by_the_columns_chosen(services: Services, cities: Dataset) -> None:
    assert await services.datasets.deduplicate(cities.id) == 0
    assert await services.datasets.deduplicate(cities.id, ["expected"]) == 1
    assert await column(services, cities) == ["Oslo", "Graz", "bern"]
    await services.datasets.save_rows(cities.id, [{"city": " OSLO"}, {"city": "Oslo "}])
    assert await services.datasets.deduplicate(cities.id, ["city"]) == 2
    assert await services.datasets.delete_where(cities.id, [RowFilter(value="graz")]) == 1
    assert await column(services, cities) == ["Oslo", "bern"]
    await services.datasets.sort_rows(cities.id, [RowOrder(column="city")])
    assert await column(services, cities) == ["bern", "Oslo"]


async def test_a_sample_can_be_a_data_set_of_its_own(services: Services, cities: Dataset) -> None:
    sample = await services.datasets.copy(cities.id, selection=RowSelection(sample=2, seed=3))
    assert (sample.name, sample.rows, sample.columns) == ("Cities 2", 2, cities.columns)
    assert (await services.datasets.copy(cities.id, "All")).version == cities.version


async def test_tags_are_put_on_and_taken_off(services: Services, cities: Dataset) -> None:
    await services.datasets.tag(cities.id, ["3", "4"], add=["cold", "north"], remove=["Sea"])
    assert (await column(services, cities, "tags"))[2:] == ["north, cold", "cold, north"]


async def test_a_data_set_goes_to_the_trash_and_comes_back(services: Services, cities: Dataset) -> None:
    data = services.datasets
    await data.delete(cities.id)
    assert await data.all() == []
    assert [one.id for one in await data.trashed()] == [cities.id]
    other = await data.create("Cities")
    await data.restore(cities.id)
    assert (await data.get(cities.id)).name == "Cities 2"
    with pytest.raises(StorageError, match="called cities 2 already"):
        await data.rename(other.id, "cities 2")
    await data.delete_for_good([cities.id])
    assert len(await data.all()) == 2, "only what is in the trash"
    await data.delete(cities.id)
    await data.delete_for_good([cities.id])
    with pytest.raises(StorageError, match="no such data set"):
        await data.get(cities.id)


async def test_a_table_is_looked_at_and_taken_in(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    path.write_text('question,expected,n\n"a, ""b""\nc",x,1\nd,,2.5\n', encoding="utf-8")
    told: list[ImportProgress] = []
    table = await services.datasets.read_file(path)
    assert (table.count, table.notes) == (2, ())
    made = await services.datasets.import_file(path, on_progress=told.append)
    assert (made.name, made.rows, made.undoes) == ("questions", 2, "")
    rows = await services.datasets.rows(made.id)
    assert [row.values for row in rows] == [
        {"question": 'a, "b"\nc', "expected": "x", "n": 1},
        {"question": "d", "n": 2.5},
    ]
    assert (told[-1].stage, told[-1].rows, told[-1].share) == ("writing", 2, 1.0)


async def test_an_import_that_is_cancelled_leaves_nothing(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("a,b\n" + "1,x\n" * 20_000, encoding="utf-8")
    begun = asyncio.Event()

    def hear(progress: ImportProgress) -> None:
        if progress.stage == "writing":
            begun.set()

    importing = asyncio.ensure_future(services.datasets.import_file(path, on_progress=hear))
    await asyncio.wait_for(begun.wait(), 30)
    importing.cancel()
    await asyncio.wait({importing})
    assert importing.cancelled()
    assert await services.datasets.all() == []
    left = await services.datasets._store._database.read(
        lambda c: c.execute("SELECT (SELECT count(*) FROM datasets), (SELECT count(*) FROM dataset_rows)").get
    )
    assert left == (0, 0)


async def test_a_thread_ends_when_nobody_waits_for_it() -> None:
    told: list[int] = []
    begun = threading.Event()

    def work(tick: Tick) -> None:
        begun.set()
        for count in range(50_000):
            tick(count, 0.0)
        told.append(1)

    waiting = asyncio.ensure_future(on_thread(work, None, "looking"))
    await asyncio.to_thread(begun.wait)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert (waiting.cancelled(), told) == (True, [])


async def test_a_file_that_is_no_table_is_refused(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\x00\x01\x02PNG" * 100)
    with pytest.raises(FormatError, match=r"x\.csv is no text"):
        await services.datasets.import_file(path)
    assert await services.datasets.all() == []
