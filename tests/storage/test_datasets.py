"""The store of data sets: the same as a list that is copied before each edit, but small."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.datasets import DataColumn, RowFilter, RowOrder
from chatbench.core.errors import StorageError
from chatbench.core.messages import ImagePart, StoredFile
from chatbench.storage import datasetpieces, datasetversions
from chatbench.storage.database import Database
from chatbench.storage.datasetedits import Editing
from chatbench.storage.datasetpieces import PIECE_ROWS, Piece, digest_of, joined
from chatbench.storage.datasetqueries import StoredColumn
from chatbench.storage.datasets import DatasetStore
from chatbench.storage.files import FileStore
from chatbench.storage.profile import Profile
from chatbench.storage.renditions import Made, RenditionStore

TEXT = StoredColumn("0", DataColumn(name="text"))
PICTURE = StoredColumn("1", DataColumn(name="picture", type="image"))


@pytest.fixture
def store(database: Database) -> DatasetStore:
    return DatasetStore(database)


async def made(store: DatasetStore, values: Sequence[dict[str, Any]], name: str = "d") -> str:
    dataset_id = await store.begin(name)
    pieces = await store.append(dataset_id, [TEXT, PICTURE], 1, values)
    await store.finish(dataset_id, [TEXT, PICTURE], pieces, "Import")
    return dataset_id


async def texts(store: DatasetStore, dataset_id: str, **asked: Any) -> list[Any]:
    view = await store.view(dataset_id, **asked)
    return [row.values.get("text") for row in await store.read(view, view.refs)]


async def numbers(store: DatasetStore, dataset_id: str) -> list[int]:
    view = await store.view(dataset_id)
    return [int(row.id) for row in await store.read(view, view.refs)]


@given(digests=st.lists(st.binary(min_size=16, max_size=16), max_size=30), data=st.data())
def test_the_digest_of_rows_does_not_show_where_pieces_end(digests: list[bytes], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(digests)), max_size=4)))
    bounds = [0, *cuts, len(digests)]
    pieces = []
    for start, end in pairwise(bounds):
        pieces.append(Piece(None, array("q", range(start, end)), digest_of(digests[start:end])))
    assert joined(pieces) == digest_of(digests)
    if len(set(digests)) > 1:
        assert digest_of(digests) != digest_of(sorted(digests)) or digests == sorted(digests)


@pytest.mark.parametrize("seed", range(4))
async def test_edits_do_what_they_do_to_a_list(
    store: DatasetStore, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Many small pieces, edited at random; every version is still what it was."""
    monkeypatch.setattr(datasetpieces, "PIECE_ROWS", 4)
    draw = random.Random(seed)
    dataset_id = await made(store, [{"0": f"t{n}"} for n in range(30)])
    expected = [(n + 1, f"t{n}") for n in range(30)]
    seen = {(await store.get(dataset_id)).version: [text for _, text in expected]}
    for step in range(40):
        ids = [number for number, _ in expected]
        some = draw.sample(ids, min(len(ids), draw.randint(1, 6)))

        def edit(e: Editing, some: list[int] = some, step: int = step) -> None:
            nonlocal expected
            match draw.randint(0, 3):
                case 0:
                    found = e.found(some)
                    e.replace({n: (ref, {"0": f"e{step}.{n}"}) for n, (ref, _) in found.items()})
                    expected = [(n, f"e{step}.{n}" if n in some else text) for n, text in expected]
                case 1:
                    place = draw.randint(0, len(expected))
                    added = e.add([{"0": f"a{step}.{n}"} for n in range(draw.randint(1, 12))], place)
                    expected[place:place] = [(n, f"a{step}.{at}") for at, n in enumerate(added)]
                case 2:
                    e.remove(some[:3])
                    expected = [one for one in expected if one[0] not in some[:3]]
                case _:
                    rest = [one for one in expected if one[0] not in some]
                    before = draw.choice([*(n for n, _ in rest), None])
                    e.move(some, before)
                    at = len(rest) if before is None else [n for n, _ in rest].index(before)
                    told = dict(expected)
                    expected = [*rest[:at], *((n, told[n]) for n in some), *rest[at:]]

        await store.edit(dataset_id, "step", edit)
        assert await texts(store, dataset_id) == [text for _, text in expected]
        assert await numbers(store, dataset_id) == [number for number, _ in expected]
        seen[(await store.get(dataset_id)).version] = [text for _, text in expected]
    assert len(seen) > 30
    for version, told in seen.items():
        assert await texts(store, dataset_id, version=version) == told


async def test_the_same_content_is_the_same_version(store: DatasetStore) -> None:
    one = await made(store, [{"0": "a"}, {"0": "b"}])
    two = await made(store, [{"0": "b"}, {"0": "a"}])
    assert (await store.get(one)).version != (await store.get(two)).version
    await store.edit(two, "move", lambda e: e.move([2], 1))
    assert (await store.get(one)).version == (await store.get(two)).version
    await store.edit(two, "nothing", lambda e: None)
    assert [v.what for v in await store.versions(two)] == ["move", "Import"]


async def test_an_edit_that_fails_changes_nothing(store: DatasetStore) -> None:
    dataset_id = await made(store, [{"0": "a"}])

    def work(e: Editing) -> None:
        e.add([{"0": "b"}])
        e.remove([99])

    with pytest.raises(StorageError, match="no longer there"):
        await store.edit(dataset_id, "x", work)
    assert await texts(store, dataset_id) == ["a"]
    assert await store.edit(dataset_id, "y", lambda e: e.add([{"0": "c"}])) == [2]


async def test_many_edits_leave_as_many_as_can_be_taken_back(
    store: DatasetStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no version has any more is gone from the database; a kept version is not."""
    monkeypatch.setattr(datasetversions, "UNDO_STEPS", 5)
    dataset_id = await made(store, [{"0": f"t{n}"} for n in range(PIECE_ROWS * 3)])
    kept = await store.keep(dataset_id)

    def edit(e: Editing) -> None:
        ref, values = e.found([7])[7]
        e.replace({7: (ref, {"0": values["0"] + "."})})

    for _ in range(49):
        await store.edit(dataset_id, "edit", edit)
    assert len(await store.versions(dataset_id)) == 7
    counts = await database.read(
        lambda c: c.execute(
            "SELECT (SELECT count(*) FROM dataset_rows), (SELECT count(*) FROM dataset_pieces)"
        ).fetchall()
    )
    assert counts == [(PIECE_ROWS * 3 + 6, 3 + 6)]
    assert (await texts(store, dataset_id, version=kept.version))[6] == "t6"
    assert (await texts(store, dataset_id))[6] == "t6" + "." * 49
    with pytest.raises(StorageError, match="version of the data set is no longer there"):
        await store.go_to(dataset_id, 2)


async def test_edits_of_very_many_rows_leave_fewer_that_can_be_taken_back(
    store: DatasetStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasetversions, "_MANY_ROWS", 100)
    monkeypatch.setattr(datasetversions, "MOST_ROWS_KEPT", 1000)
    dataset_id = await made(store, [{"0": f"t{n}"} for n in range(100)])

    def edit(e: Editing) -> None:
        e.rewrite(lambda place, values: {"0": values["0"] + "."})

    for _ in range(20):
        await store.edit(dataset_id, "all", edit)
        rows = await database.read(lambda c: c.execute("SELECT count(*) FROM dataset_rows").get)
        assert rows <= 1000
    assert 1 + datasetversions.LEAST_STEPS <= len(await store.versions(dataset_id)) <= 10
    assert (await texts(store, dataset_id))[7] == "t7" + "." * 20
    number = await store.neighbour(dataset_id, forward=False)
    assert number is not None
    await store.go_to(dataset_id, number)
    assert (await texts(store, dataset_id))[7] == "t7" + "." * 19


async def test_files_that_rows_show_are_kept_as_long_as_a_version_shows_them(
    store: DatasetStore, database: Database, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasetversions, "UNDO_STEPS", 2)
    files = FileStore(profile.files, database)
    shas = [await files.put(f"picture {n}".encode()) for n in range(3)]
    pictures = [
        ImagePart(source=StoredFile(sha256=sha), media_type="image/png", name="p.png").to_dict()
        for sha in shas
    ]
    dataset_id = await made(store, [{"1": pictures[0]}, {"1": pictures[1]}])
    assert await files.remove_unused(older_than_ms=-1) == 1, "the one that is nowhere"
    await store.edit(dataset_id, "delete", lambda e: e.remove([1]))
    assert await files.remove_unused(older_than_ms=-1) == 0, "it can be taken back"
    for _ in range(24):
        await store.edit(dataset_id, "add", lambda e: e.add([{"0": "more"}]))
    assert await files.remove_unused(older_than_ms=-1) == 1
    assert [files.has(sha) for sha in shas] == [False, True, False]
    await store.trash(dataset_id)
    gone = await store.delete_for_good([dataset_id])
    assert list(gone) == [shas[1]]
    assert await files.remove_unused(among=gone, older_than_ms=-1) == 1


async def test_a_page_of_a_document_that_is_gone_stays_where_a_row_shows_it(
    store: DatasetStore, database: Database, profile: Profile
) -> None:
    files = FileStore(profile.files, database)
    renditions = RenditionStore(files, database)
    original = await files.put(b"document")
    pages = [Made(b"page 1", "image/png"), Made(b"page 2", "image/png")]
    first, second = await renditions.keep(original, "pages", pages)
    part = ImagePart(source=StoredFile(sha256=first.sha256), media_type="image/png")
    await made(store, [{"1": part.to_dict()}])
    assert await files.remove_unused(older_than_ms=-1) == 2
    assert [files.has(one) for one in (original, first.sha256, second.sha256)] == [False, True, False]


async def test_what_was_begun_long_ago_is_forgotten(store: DatasetStore, database: Database) -> None:
    begun = await store.begin("never finished")
    await store.append(begun, [TEXT], 1, [{"0": "a"}])
    await store.begin("another")
    assert await store.all() == []
    await database.write(lambda c: c.execute("UPDATE datasets SET updated_at = 0 WHERE id = ?", (begun,)))
    await store.begin("a third")
    left = await database.read(lambda c: c.execute("SELECT count(*) FROM dataset_rows").fetchall())
    assert left == [(0,)]


async def test_a_view_that_was_asked_for_is_not_looked_up_again(store: DatasetStore) -> None:
    dataset_id = await made(store, [{"0": f"t{n}"} for n in range(10)])
    where, sort = (RowFilter(value="t"),), (RowOrder(column="text", descending=True),)
    first = await store.view(dataset_id, where, sort)
    assert await store.view(dataset_id, where, sort) is first
    await store.edit(dataset_id, "edit", lambda e: e.remove([1]))
    assert len((await store.view(dataset_id, where, sort)).refs) == 9


async def test_lone_surrogates_and_nulls_are_kept_as_far_as_can_be(store: DatasetStore) -> None:
    dataset_id = await made(store, [{"0": "a\ud800b"}, {"0": "n\0l"}])
    assert await texts(store, dataset_id) == ["a?b", "n\0l"]
