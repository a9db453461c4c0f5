"""What could go wrong with files: deleted while they are put, half written, in memory and on the disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.storage import samples

from chatbench.core.conversations import Draft
from chatbench.core.errors import StorageError
from chatbench.core.messages import FilePart, StoredFile
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.files import FileStore
from chatbench.storage.profile import Profile
from chatbench.storage.renditions import Made, RenditionStore
from chatbench.storage.turns import now_ms


@pytest.fixture
def files(profile: Profile, database: Database) -> FileStore:
    return FileStore(profile.files, database)


@pytest.fixture
def renditions(files: FileStore, database: Database) -> RenditionStore:
    return RenditionStore(files, database)


def attached(sha256: str) -> FilePart:
    return FilePart(source=StoredFile(sha256=sha256), media_type="application/pdf", name="report.pdf")


async def said_with(store: ConversationStore, sha256: str, temporary: bool = False) -> str:
    conversation = await store.create("", samples.lane(), temporary=temporary)
    asked = samples.question(conversation.id, "Look", None, attached(sha256))
    await store.begin_turn(conversation.id, [asked], [], [])
    return conversation.id


def on_disk(profile: Profile) -> set[bytes]:
    return {path.read_bytes() for path in profile.files.rglob("*") if path.is_file()}


async def rows(database: Database, table: str) -> object:
    (found,) = await database.read(lambda c: c.execute(f"SELECT count(*) FROM {table}").fetchall())
    return found[0]


async def test_a_file_deleted_while_it_is_put_again_is_written_again(
    files: FileStore, database: Database
) -> None:
    """It was whole when the put looked, and goes before the put is written down."""
    sha256 = await files.put(b"the same")
    await database.write(lambda c: c.execute("UPDATE files SET created_at = 1").fetchall())
    let_go = asyncio.Event()
    write = files._write

    def slowly(data: bytes | Path) -> tuple[str, int]:
        done = write(data)
        asyncio.run_coroutine_threadsafe(files.remove_unused(older_than_ms=-1), loop).result()
        loop.call_soon_threadsafe(let_go.set)
        files._write = write  # type: ignore[method-assign]
        return done

    loop = asyncio.get_running_loop()
    files._write = slowly  # type: ignore[method-assign]
    assert await files.put(b"the same") == sha256
    assert let_go.is_set()
    assert await files.read(sha256) == b"the same"
    assert await files.verify() == []


async def test_what_was_put_again_since_it_was_shown_is_about_to_be_shown(
    files: FileStore, store: ConversationStore, database: Database
) -> None:
    """An upload under way, while the only conversation that shows the file is deleted for good."""
    sha256 = await files.put(b"shared")
    conversation = await said_with(store, sha256)
    await database.write(lambda c: c.execute("UPDATE messages SET created_at = created_at - 1000").fetchall())
    await files.put(b"shared")
    await store.trash(conversation)
    emptied = await store.empty_trash()
    assert set(emptied.files) == {sha256}
    assert await files.remove_unused(among=emptied.files, older_than_ms=-1) == 0
    assert await files.read(sha256) == b"shared"
    assert await files.remove_unused(older_than_ms=-1) == 1


async def test_what_drafts_and_queues_of_a_deleted_conversation_show_goes_with_it(
    files: FileStore, store: ConversationStore
) -> None:
    drafted, edited, queued = [await files.put(word) for word in (b"drafted", b"edited", b"queued")]
    conversation = await store.create("", samples.lane())
    await store.let_wait(conversation.id, Draft(attachments=(attached(queued),)))
    await store.save_draft(conversation.id, Draft(attachments=(attached(drafted),)))
    await store.save_draft(conversation.id, Draft(attachments=(attached(edited),), edits="x"), edit=True)
    assert await files.remove_unused(older_than_ms=-1) == 0
    await store.trash(conversation.id)
    emptied = await store.empty_trash()
    assert await files.remove_unused(among=emptied.files, older_than_ms=-1) == 3


async def test_what_a_temporary_conversation_shows_of_the_disk_stays(
    files: FileStore, store: ConversationStore
) -> None:
    """A file from a kept chat, used again in a temporary one."""
    sent, drafted = await files.put(b"sent"), await files.put(b"drafted")
    conversation = await said_with(store, sent, temporary=True)
    await store.save_draft(conversation, Draft(attachments=(attached(drafted),)))
    assert await files.remove_unused(older_than_ms=-1) == 0
    await store.forget(conversation)
    assert await files.remove_unused(older_than_ms=-1) == 2


async def test_what_a_sudden_end_left_behind_goes_after_a_day(
    files: FileStore, profile: Profile, database: Database
) -> None:
    """Half a file, and one of which the database was not told; nothing else."""
    known = await files.put(b"known")
    unknown = files.path(hashlib.sha256(b"unknown").hexdigest())
    half = files.path(known).with_name(f".{'0f' * 8}.new")
    foreign = files.path(known).with_name("somebody's notes")
    unknown.parent.mkdir(exist_ok=True)
    for path in (unknown, half, foreign):
        path.write_bytes(path.name.encode())
    assert await files.remove_strays() == 0
    aged = time.time() - 90_000
    for path in (unknown, half, foreign, files.path(known)):
        os.utime(path, (aged, aged))
    assert await files.remove_strays() == 2
    assert foreign.exists()
    assert await files.read(known) == b"known"
    assert not half.exists()
    assert not unknown.exists()


async def test_a_piece_that_is_gone_from_the_folder_is_made_again(
    files: FileStore, renditions: RenditionStore
) -> None:
    original = await files.put(b"large")
    (piece,) = await renditions.keep(original, "small", [Made(b"small", "image/png", 3, 2, "page 1")])
    assert (piece.width, piece.height, piece.about, piece.size) == (3, 2, "page 1", 5)
    assert await renditions.find(original, "small") == (piece,)
    files.path(piece.sha256).unlink()
    assert await renditions.find(original, "small") == ()


async def test_what_is_read_of_a_file_that_was_deleted_meanwhile_is_not_stored(
    files: FileStore, renditions: RenditionStore, profile: Profile, database: Database
) -> None:
    original = await files.put(b"document")
    assert await files.remove_unused(older_than_ms=-1) == 1
    await renditions.keep_text(original, "okapi")
    await renditions.keep(original, "page", [Made(b"picture of okapi", "image/png")])
    assert await renditions.text(original) is None
    assert [await rows(database, table) for table in ("files", "file_texts", "renditions")] == [0, 0, 0]
    assert on_disk(profile) == set()


async def test_pieces_that_could_not_be_kept_are_not_left(
    files: FileStore, renditions: RenditionStore, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = await files.put(b"document")
    put = files.put

    async def fails(data: bytes, **more: Any) -> str:
        if data == b"second":
            raise StorageError("No space is left.")
        return await put(data, **more)

    monkeypatch.setattr(files, "put", fails)
    with pytest.raises(StorageError, match="No space"):
        await renditions.keep(original, "pages", [Made(b"first", "image/png"), Made(b"second", "image/png")])
    assert on_disk(profile) == {b"document"}
    assert await renditions.find(original, "pages") == ()


async def test_what_was_made_of_what_was_made_goes_too(
    files: FileStore,
    renditions: RenditionStore,
    store: ConversationStore,
    database: Database,
    profile: Profile,
) -> None:
    """Some pages of a document are a document themselves, with words and pictures."""
    original, other = await files.put(b"whole"), await files.put(b"other")
    (part,) = await renditions.keep(original, "subset/2", [Made(b"part", "application/pdf")])
    await renditions.keep_text(part.sha256, "okapi")
    await renditions.keep(part.sha256, "page", [Made(b"picture", "image/png"), Made(b"shared", "image/png")])
    await renditions.keep(other, "page", [Made(b"shared", "image/png")])
    await said_with(store, other)
    assert await files.remove_unused(older_than_ms=-1) == 3
    assert on_disk(profile) == {b"other", b"shared"}
    assert [await rows(database, table) for table in ("files", "file_texts", "renditions")] == [2, 0, 1]


async def test_no_word_of_what_is_deleted_is_left_in_the_log_either(
    files: FileStore, renditions: RenditionStore, store: ConversationStore, profile: Profile
) -> None:
    """While the program goes on."""
    originals = [await files.put(name, name="report.pdf") for name in (b"one", b"two")]
    for original in originals:
        await renditions.keep_text(original, "the okapi report")
        await store.trash(await said_with(store, original))
    emptied = await store.empty_trash()
    await files.remove_unused(among=emptied.files, older_than_ms=-1)
    await store.fold()
    for path in profile.database.parent.glob("chatbench.db*"):
        assert b"okapi" not in path.read_bytes(), path


# The same file in a temporary and in a kept conversation.


async def test_a_file_of_both_kinds_of_conversation(
    files: FileStore, renditions: RenditionStore, store: ConversationStore, profile: Profile
) -> None:
    """What is made of it is in memory while only the temporary one has it; given to the kept one, it is
    found by the search; and it is in memory still when the kept one is gone."""
    temporary = await store.create("", samples.lane(), temporary=True)
    original = await files.put(b"both", name="b.pdf", conversation_id=temporary.id)
    await renditions.keep_text(original, "okapi")
    (piece,) = await renditions.keep(original, "page", [Made(b"picture", "image/png")])
    await store.save_draft(temporary.id, Draft(attachments=(attached(original),)))
    assert files.holds(original)
    assert on_disk(profile) == set()

    assert await files.put(b"both", name="b.pdf") == original
    assert not files.holds(original)
    kept = await said_with(store, original)
    assert await renditions.text(original) == "okapi"
    assert len(await store.search("okapi")) == 1
    assert await renditions.find(original, "page") == (piece,)
    assert on_disk(profile) == {b"both", b"picture"}

    await store.trash(kept)
    emptied = await store.empty_trash()
    assert await files.remove_unused(among={**emptied.files, original: now_ms()}, older_than_ms=-1) == 2
    assert on_disk(profile) == set()
    assert files.holds(original)
    assert await files.read(original) == b"both"


async def test_pieces_that_are_alike_stay_while_one_of_their_originals_does(
    files: FileStore, renditions: RenditionStore, store: ConversationStore
) -> None:
    """In memory, as on the disk: two documents of as many pages have the same facts."""
    one = await store.create("", samples.lane(), temporary=True)
    two = await store.create("", samples.lane(), temporary=True)

    async def put(conversation_id: str, data: bytes) -> tuple[str, str, str]:
        original = await files.put(data, conversation_id=conversation_id)
        await store.save_draft(conversation_id, Draft(attachments=(attached(original),)))
        (piece,) = await renditions.keep(original, "facts", [Made(b"{}", "application/json")])
        (inner,) = await renditions.keep(piece.sha256, "again", [Made(b"[]", "application/json")])
        return original, piece.sha256, inner.sha256

    first, *_ = await put(one.id, b"first")
    second, piece, inner = await put(two.id, b"second")
    await store.forget(one.id)
    await files.forget_unused(one.id)
    renditions.forget_held()
    assert await renditions.find(first, "facts") == ()
    assert await files.read(piece) == b"{}"
    assert await files.read(inner) == b"[]"
    await store.forget(two.id)
    await files.forget_unused(two.id)
    for gone in (second, piece, inner):
        assert not files.holds(gone)


async def test_what_another_temporary_conversation_is_given_just_now_stays(
    files: FileStore, store: ConversationStore
) -> None:
    """Its composer has not written it down yet."""
    one = await store.create("", samples.lane(), temporary=True)
    two = await store.create("", samples.lane(), temporary=True)
    mine = await files.put(b"mine", conversation_id=one.id)
    both = await files.put(b"both", conversation_id=one.id)
    await files.put(b"both", conversation_id=two.id)
    await store.forget(one.id)
    await files.forget_unused(one.id)
    assert not files.holds(mine)
    assert await files.read(both) == b"both"
    await store.forget(two.id)
    await files.forget_unused(two.id)
    assert not files.holds(both)


async def test_many_put_the_same_into_memory_at_once(files: FileStore, store: ConversationStore) -> None:
    conversations = [await store.create("", samples.lane(), temporary=True) for _ in range(8)]
    found = await asyncio.gather(
        *(files.put(b"same" * 100_000, conversation_id=one.id) for one in conversations)
    )
    for conversation in conversations[:-1]:
        await store.forget(conversation.id)
        await files.forget_unused(conversation.id)
    assert files.holds(found[0])


async def test_other_deletions_are_as_fast_as_before(files: FileStore, database: Database) -> None:
    """Overwriting is for what is deleted for good."""
    await files.put(b"unused")
    assert await files.remove_unused(older_than_ms=-1) == 1
    assert await database.write(lambda c: c.pragma("secure_delete")) == 0


async def test_a_file_half_written_is_not_left(
    files: FileStore, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError):
        await files.put(b"half of it")
    assert on_disk(profile) == set()


async def test_the_last_time_a_file_was_shown_counts(
    files: FileStore, store: ConversationStore, database: Database
) -> None:
    sha256 = await files.put(b"shown twice")
    earlier, later = await said_with(store, sha256), await said_with(store, sha256)
    moved = "UPDATE messages SET created_at = iif(conversation_id = ?, 9000, 5000)"
    await database.write(lambda c: c.execute(moved, (later,)).fetchall())
    for conversation in (earlier, later):
        await store.trash(conversation)
    assert (await store.delete_for_good([later, earlier])).files == {sha256: 9000}
    conversation = await said_with(store, sha256)
    again = samples.question(conversation, "Again", None, attached(sha256))
    await store.begin_turn(conversation, [again], [], [])
    await database.write(
        lambda c: c.execute("UPDATE messages SET created_at = 7000 WHERE id = ?", (again.id,)).fetchall()
    )
    first = (await store.load(conversation)).messages[0].created_at
    await store.trash(conversation)
    assert (await store.empty_trash()).files == {sha256: max(first, 7000)}
