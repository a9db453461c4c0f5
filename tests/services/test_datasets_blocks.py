"""Blocks of cells pasted into data sets, and tables added to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatbench.core.datasets import DataColumn, Dataset
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.messages import StoredFile
from chatbench.services import Services
from chatbench.services.datasets.values import part_of

CITIES: list[dict[str, Any]] = [
    {"city": "Oslo", "people": 700_000},
    {"city": "Graz", "people": 290_000},
    {"city": "Bern"},
]


@pytest.fixture
async def cities(services: Services) -> Dataset:
    return await services.datasets.create("Cities", rows=CITIES)


async def values(services: Services, data: Dataset) -> list[dict[str, Any]]:
    return [row.values for row in await services.datasets.rows(data.id)]


async def test_a_block_goes_into_cells_rows_and_columns_that_are_made(
    services: Services, cities: Dataset
) -> None:
    cells = services.datasets.cells_of('Rome\t2800000\t{"a":1}\n"two\nlines"\tmany\t[2]\nWien')
    made = await services.datasets.put_block(cities.id, ["2", "3"], ["city", "people"], cells)
    assert made == ["4"]
    assert await values(services, cities) == [
        CITIES[0],
        {"city": "Rome", "people": 2_800_000, "column 3": {"a": 1}},
        {"city": "two\nlines", "people": "many", "column 3": [2]},
        {"city": "Wien"},
    ]
    changed = await services.datasets.get(cities.id)
    assert changed.columns[2] == DataColumn(name="column 3", type="json")
    assert changed.undoes == "Paste"
    await services.datasets.undo(cities.id)
    assert await values(services, cities) == CITIES


async def test_an_empty_cell_of_a_block_unsets_and_short_lines_leave_the_rest(
    services: Services, cities: Dataset
) -> None:
    await services.datasets.put_block(cities.id, ["1", "2"], ["city", "people"], [["", "1"], ["Graz II"]])
    assert await values(services, cities) == [
        {"people": 1},
        {"city": "Graz II", "people": 290_000},
        {"city": "Bern"},
    ]
    with pytest.raises(ConfigurationError, match="no column 'town'"):
        await services.datasets.put_block(cities.id, ["1"], ["town"], [["x"]])


async def test_the_rows_of_a_table_are_added_with_their_files(
    services: Services, cities: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("words")
    path = tmp_path / "more.csv"
    path.write_text("city,paper\nRome,notes.txt\nWien,notes.txt\n")
    table = await services.datasets.read_file(path)
    assert await services.datasets.add_table(cities.id, table) == 2
    rows = await values(services, cities)
    assert [row["city"] for row in rows[3:]] == ["Rome", "Wien"]
    part = part_of(rows[3]["paper"])
    assert part is not None
    assert (part.name, type(part.source)) == ("notes.txt", StoredFile)
    assert (await services.datasets.get(cities.id)).undoes == "Add 2 rows"
    monkeypatch.setattr("chatbench.services.datasets.service.MOST_ADDED", 1)
    with pytest.raises(FormatError, match="2 rows; 1 can be added"):
        await services.datasets.add_table(cities.id, table)
