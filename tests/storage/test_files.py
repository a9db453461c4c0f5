"""The content-addressed store of attached files."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from pathlib import Path

import pytest
from tests.storage import samples

from chatbench.core.conversations import Draft
from chatbench.core.errors import StorageError
from chatbench.core.messages import FilePart, ImagePart, StoredFile
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.files import FileStore
from chatbench.storage.profile import Profile


@pytest.fixture
def files(profile: Profile, database: Database) -> FileStore:
    return FileStore(profile.files, database)


def on_disk(profile: Profile) -> list[str]:
    return sorted(str(p.relative_to(profile.files)) for p in profile.files.rglob("*") if p.is_file())


async def test_a_file_is_stored_once_under_its_digest(
    files: FileStore, profile: Profile, database: Database, tmp_path: Path
) -> None:
    data = os.urandom(3_000_000)
    sha256 = hashlib.sha256(data).hexdigest()
    assert await files.put(data, name="a.bin", media_type="application/x") == sha256
    (tmp_path / "same").write_bytes(data)
    assert await files.put(tmp_path / "same", name="b.bin") == sha256
    assert await files.read(sha256) == data
    assert files.path(sha256) == profile.files / sha256[:2] / sha256[2:]
    assert on_disk(profile) == [f"{sha256[:2]}/{sha256[2:]}"]
    rows = await database.read(
        lambda c: c.execute("SELECT sha256, size, media_type, name FROM files").fetchall()
    )
    assert rows == [(sha256, 3_000_000, "application/x", "a.bin")]
    if os.name == "posix":
        assert stat.S_IMODE(files.path(sha256).stat().st_mode) == 0o600
        assert stat.S_IMODE(files.path(sha256).parent.stat().st_mode) == 0o700


async def test_the_same_at_the_same_time_is_still_once(files: FileStore, profile: Profile) -> None:
    found = await asyncio.gather(*(files.put(b"same" * 100_000) for _ in range(8)))
    assert len(set(found)) == 1
    assert len(on_disk(profile)) == 1


async def test_a_damaged_or_missing_file_is_named_and_mended(files: FileStore) -> None:
    sha256, other = await files.put(b"content"), await files.put(b"other")
    assert await files.verify() == []
    files.path(sha256).write_bytes(b"contenT")
    files.path(other).unlink()
    assert sorted(await files.verify()) == sorted([sha256, other])
    with pytest.raises(StorageError, match="damaged"):
        await files.read(sha256)
    with pytest.raises(StorageError, match="missing"):
        await files.read(other)
    await files.put(b"content")
    assert await files.read(sha256) == b"content"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31])
async def test_only_a_digest_names_a_file(files: FileStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        await files.read(name)


async def test_what_is_shown_nowhere_goes_after_a_day(
    files: FileStore, store: ConversationStore, profile: Profile
) -> None:
    shown, drafted, loose = [await files.put(word.encode()) for word in ("shown", "drafted", "loose")]
    conversation = await store.create("", samples.lane())
    picture = ImagePart(source=StoredFile(shown), media_type="image/png", name="holiday.png")
    await store.begin_turn(
        conversation.id, [samples.question(conversation.id, "look", None, picture)], [], []
    )
    await store.save_draft(
        None, Draft(attachments=(FilePart(source=StoredFile(drafted), media_type="text/plain"),))
    )
    assert await files.remove_unused() == 0
    assert await files.remove_unused(older_than_ms=-1) == 1
    assert not files.path(loose).exists()
    assert (await files.read(shown), await files.read(drafted)) == (b"shown", b"drafted")
    assert [hit.snippet for hit in await store.search("holiday")] == ["look holiday.png"]

    await store.trash(conversation.id)
    assert await files.remove_unused(older_than_ms=-1) == 0
    await store.purge(-1)
    assert await files.remove_unused(older_than_ms=-1) == 1
    assert not files.path(shown).exists()
    assert await files.put(b"shown") == shown
    assert await files.read(shown) == b"shown"


async def test_nothing_is_left_of_a_file_that_could_not_be_stored(
    files: FileStore, profile: Profile, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await files.put(tmp_path / "nowhere")
    profile.files.rmdir()
    profile.files.touch()
    with pytest.raises(StorageError):
        await files.put(b"x")
    profile.files.unlink()
    assert await files.put(b"x")
    assert len(on_disk(profile)) == 1


async def test_a_file_given_again_is_as_good_as_new(files: FileStore, database: Database) -> None:
    sha256 = await files.put(b"a picture")
    aged = "UPDATE files SET created_at = created_at - 90000000"
    await database.write(lambda c: c.execute(aged).fetchall())
    assert await files.put(b"a picture") == sha256
    assert await files.remove_unused() == 0
    assert await files.read(sha256) == b"a picture"
