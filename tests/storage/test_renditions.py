"""What was made of files: found again, kept as long as the file, gone with it."""

from __future__ import annotations

import pytest
from tests.storage import samples

from chatbench.core.conversations import Draft
from chatbench.core.messages import FilePart, StoredFile
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.files import FileStore
from chatbench.storage.profile import Profile
from chatbench.storage.renditions import PAGE_BREAK, Made, RenditionStore
from chatbench.storage.uploads import Upload, UploadStore

WORDS = f"The zebra report{PAGE_BREAK}on page two: okapi"


@pytest.fixture
def files(profile: Profile, database: Database) -> FileStore:
    return FileStore(profile.files, database)


@pytest.fixture
def renditions(files: FileStore, database: Database) -> RenditionStore:
    return RenditionStore(files, database)


def attached(sha256: str) -> FilePart:
    return FilePart(source=StoredFile(sha256=sha256), media_type="application/pdf", name="report.pdf")


async def said_with(store: ConversationStore, sha256: str, text: str = "Look") -> str:
    conversation = await store.create("", samples.lane())
    asked = samples.question(conversation.id, text, None, attached(sha256))
    await store.begin_turn(conversation.id, [asked], [], [])
    return conversation.id


async def test_pieces_live_as_long_as_a_message_or_a_draft_shows_their_original(
    files: FileStore, renditions: RenditionStore, store: ConversationStore, profile: Profile
) -> None:
    shown, drafted, unused = [await files.put(name.encode()) for name in ("shown", "drafted", "unused")]
    await said_with(store, shown)
    other = await store.create("", samples.lane())
    await store.save_draft(other.id, Draft(attachments=(attached(drafted),)))
    for original in (shown, drafted, unused):
        own = original[:4].encode()
        await renditions.keep(original, "small", [Made(own, "image/png"), Made(b"shared", "image/png")])
    assert await files.remove_unused(older_than_ms=-1) == 2
    assert len(await renditions.find(shown, "small")) == len(await renditions.find(drafted, "small")) == 2
    assert await renditions.find(unused, "small") == ()
    left = {path.read_bytes() for path in profile.files.rglob("*") if path.is_file()}
    assert left == {b"shown", b"drafted", b"shared", shown[:4].encode(), drafted[:4].encode()}


async def test_a_file_that_is_sent_as_it_is_does_not_keep_itself(
    files: FileStore, renditions: RenditionStore
) -> None:
    original = await files.put(b"small enough")
    await renditions.keep(original, "small", [Made(b"small enough", "image/png")])
    assert await files.remove_unused(older_than_ms=-1) == 1
    assert await renditions.find(original, "small") == ()


async def test_a_piece_that_was_attached_itself_stays(
    files: FileStore, renditions: RenditionStore, store: ConversationStore
) -> None:
    original, piece = await files.put(b"large"), await files.put(b"small")
    await renditions.keep(original, "small", [Made(b"small", "image/png")])
    await said_with(store, piece)
    assert await files.remove_unused(older_than_ms=-1) == 1
    assert await files.read(piece) == b"small"


async def test_words_of_a_file_are_found_by_the_message_that_shows_it(
    files: FileStore, renditions: RenditionStore, store: ConversationStore
) -> None:
    original = await files.put(b"%PDF", name="report.pdf")
    conversation = await said_with(store, original)
    assert await renditions.text(original) is None
    await renditions.keep_text(original, WORDS)
    assert await renditions.text(original) == WORDS
    (hit,) = await store.search("two okap")
    assert (hit.conversation_id, hit.file) == (conversation, "report.pdf")
    assert hit.snippet == "The zebra report on page two: okapi"
    assert [hit.snippet[a:b] for a, b in hit.highlights] == ["two", "okap"]
    await renditions.keep_text(original, "nothing of it")
    assert await store.search("okapi") == []
    await store.trash(conversation)
    assert await store.search("nothing") == []


async def test_a_message_is_told_once_though_its_file_says_the_same(
    files: FileStore, renditions: RenditionStore, store: ConversationStore
) -> None:
    original = await files.put(b"%PDF", name="report.pdf")
    await said_with(store, original, "what is an okapi?")
    await renditions.keep_text(original, WORDS)
    (hit,) = await store.search("okapi")
    assert hit.file == ""
    assert hit.snippet.startswith("what is")


async def test_no_word_of_a_file_deleted_for_good_is_left(
    files: FileStore,
    renditions: RenditionStore,
    store: ConversationStore,
    database: Database,
    profile: Profile,
) -> None:
    original = await files.put(b"%PDF", name="report.pdf")
    conversation = await said_with(store, original)
    await renditions.keep_text(original, WORDS)
    await renditions.keep(original, "page", [Made(b"picture of okapi", "image/png")])
    await store.trash(conversation)
    emptied = await store.empty_trash()
    await files.remove_unused(among=emptied.files, older_than_ms=-1)
    assert await renditions.text(original) is None
    assert not [path for path in profile.files.rglob("*") if path.is_file()]
    await database.write(lambda c: None)
    await database.close()
    for path in profile.database.parent.glob("chatbench.db*"):
        assert b"okapi" not in path.read_bytes(), path


async def test_of_a_temporary_conversation_nothing_touches_the_disk(
    files: FileStore, renditions: RenditionStore, store: ConversationStore, profile: Profile
) -> None:
    conversation = await store.create("", samples.lane(), temporary=True)
    original = await files.put(b"secret", name="s.pdf", conversation_id=conversation.id)
    await renditions.keep_text(original, WORDS)
    await renditions.keep(original, "page", [Made(b"picture", "image/png")])
    assert await renditions.text(original) == WORDS
    (piece,) = await renditions.find(original, "page")
    assert await files.read(piece.sha256) == b"picture"
    await store.save_draft(conversation.id, Draft(attachments=(attached(original),)))
    await files.forget_unused(conversation.id)
    renditions.forget_held()
    assert await files.read(piece.sha256) == b"picture"
    assert not [path for path in profile.files.rglob("*") if path.is_file()]
    await store.forget(conversation.id)
    await files.forget_unused(conversation.id)
    renditions.forget_held()
    assert await renditions.text(original) is None
    assert await renditions.find(original, "page") == ()


async def test_the_index_of_files_is_made_anew(
    files: FileStore, renditions: RenditionStore, store: ConversationStore, database: Database
) -> None:
    from chatbench.storage import search

    original = await files.put(b"%PDF", name="report.pdf")
    await said_with(store, original)
    await renditions.keep_text(original, WORDS)
    await database.write(lambda c: c.execute("DELETE FROM file_search").fetchall())
    assert await store.search("okapi") == []
    await database.write(search.rebuild)
    assert len(await store.search("okapi")) == 1


async def test_uploads(database: Database) -> None:
    uploads = UploadStore(database)
    first = Upload(sha256="a" * 64, provider="openai", file_id="file-1", uploaded_at=1, expires_at=2)
    again = Upload(sha256="a" * 64, provider="openai", file_id="file-2", uploaded_at=3)
    other = Upload(sha256="b" * 64, provider="openai", file_id="file-3", uploaded_at=2)
    elsewhere = Upload(sha256="a" * 64, provider="gemini", file_id="files/x", uploaded_at=2)
    for upload in (first, again, other, elsewhere):
        await uploads.put(upload)
    assert await uploads.find("a" * 64, "openai") == again
    assert await uploads.of("openai") == (again, other)
    await uploads.forget("openai", "file-2")
    assert await uploads.find("a" * 64, "openai") is None
    assert await uploads.of("gemini") == (elsewhere,)
