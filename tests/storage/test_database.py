"""Opening, upgrading and refusing database files; transactions and their waiters."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from tests.storage import samples

from chatbench.core.errors import DatabaseCorrupt, DatabaseTooNew, StorageError
from chatbench.storage import opening
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.migrations import MIGRATIONS
from chatbench.storage.opening import APPLICATION_ID
from chatbench.storage.profile import Profile


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def fails_to_open(profile: Profile) -> StorageError:
    """Opens, sees every waiter told, and returns the error."""
    database = Database.open(profile.database, backups=profile.backups)
    with pytest.raises(StorageError) as raised:
        await database.ready()
    for ask in (database.read(lambda c: None), database.write(lambda c: None), database.check()):
        with pytest.raises(type(raised.value)):
            await asyncio.wait_for(ask, 5)
    await database.close()
    return raised.value


async def test_settings_of_a_new_database(database: Database, profile: Profile) -> None:
    def settings(connection: apsw.Connection) -> dict[str, object]:
        names = ("application_id", "journal_mode", "foreign_keys", "synchronous", "trusted_schema",
                 "cell_size_check", "busy_timeout", "journal_size_limit")  # fmt: skip
        return {name: connection.pragma(name) for name in names}

    # synchronous can be asked inside a transaction, and is NORMAL (1) unless the write is durable.
    assert await database.write(settings) == {
        "application_id": APPLICATION_ID, "journal_mode": "wal", "foreign_keys": 1, "synchronous": 1,
        "trusted_schema": 0, "cell_size_check": 1, "busy_timeout": 5000, "journal_size_limit": 67108864,
    }  # fmt: skip
    assert await database.write(lambda c: c.pragma("synchronous"), durable=True) == 2
    assert await database.write(lambda c: c.pragma("synchronous")) == 1
    version = tuple(map(int, apsw.sqlite_lib_version().split(".")))
    assert version >= (3, 51, 3), "older ones can corrupt a WAL file"


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
async def test_nobody_else_can_read_the_profile(
    database: Database, store: ConversationStore, profile: Profile
) -> None:
    await store.create("secret", samples.lane())
    for path in [profile.folder, *profile.folder.rglob("*")]:
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


async def test_a_write_is_all_or_nothing(database: Database) -> None:
    def half(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO profile VALUES ('half', 'x')")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await database.write(half)
    assert await database.read(lambda c: c.execute("SELECT * FROM profile").fetchall()) == []


async def test_a_cancelled_write_happens_all_the_same(database: Database) -> None:
    task = asyncio.create_task(
        database.write(lambda c: c.execute("INSERT INTO profile VALUES ('name', 'kept')").fetchall())
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    found = await database.write(lambda c: c.execute("SELECT value FROM profile").fetchall())
    assert found == [("kept",)]


async def test_a_write_that_fails_unseen_is_logged(
    database: Database, expect_log: Callable[[str], None]
) -> None:
    expect_log("a write failed after its waiter had gone: too late")

    def fail(connection: apsw.Connection) -> None:
        raise RuntimeError("too late")

    task = asyncio.create_task(database.write(fail))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.write(lambda c: None)


async def test_a_cancelled_read_is_interrupted(database: Database) -> None:
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    tasks = [asyncio.create_task(database.read(lambda c: c.execute(endless).fetchall())) for _ in range(2)]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(tasks[0]), 0.05)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    answer = await asyncio.wait_for(database.read(lambda c: c.execute("SELECT 1").fetchall()), 5)
    assert answer == [(1,)]


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError):
        await database.read(lambda c: c.execute("INSERT INTO profile VALUES ('a', 'b')"))


async def test_closing_finishes_what_was_asked_before(profile: Profile) -> None:
    database = Database.open(profile.database, backups=profile.backups)
    store = ConversationStore(database, profile.owner)
    tasks = [asyncio.create_task(store.create(f"number {n}", samples.lane())) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await database.close()
    await asyncio.gather(*tasks)
    with pytest.raises(StorageError):
        await store.summaries()
    database = Database.open(profile.database, backups=profile.backups)
    assert len(await ConversationStore(database, profile.owner).summaries()) == 20
    await database.close()


async def test_an_empty_file_is_not_taken_for_a_new_database(profile: Profile) -> None:
    profile.database.touch()
    error = await fails_to_open(profile)
    assert isinstance(error, DatabaseCorrupt)
    assert "0 bytes" in error.message
    assert "backups" in error.hint
    assert profile.database.stat().st_size == 0


async def test_a_foreign_database_is_left_untouched(profile: Profile) -> None:
    other = sqlite3.connect(profile.database)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()
    before = digest(profile.database)
    assert isinstance(await fails_to_open(profile), DatabaseCorrupt)
    assert digest(profile.database) == before
    assert sorted(path.name for path in profile.folder.glob("chatbench.db*")) == ["chatbench.db"]


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0 and too short"])
async def test_a_file_of_another_kind_is_left_untouched(profile: Profile, content: bytes) -> None:
    profile.database.write_bytes(content)
    assert isinstance(await fails_to_open(profile), DatabaseCorrupt)
    assert profile.database.read_bytes() == content


async def test_a_smashed_page_is_told_not_raised_raw(profile: Profile) -> None:
    database = Database.open(profile.database, backups=profile.backups)
    store = ConversationStore(database, profile.owner)
    conversation = await store.create("whole", samples.lane())
    for number in range(40):
        await samples.exchange(store, conversation, f"question {number}", "words " * 400)
    await database.close()
    content = bytearray(profile.database.read_bytes())
    # The last ones, with the words: among those before stands the schema, without which nothing opens.
    for page in range(len(content) // 4096 - 40, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    profile.database.write_bytes(content)

    database = Database.open(profile.database, backups=profile.backups)
    assert await database.check() != []
    with pytest.raises(DatabaseCorrupt) as raised:
        await ConversationStore(database, profile.owner).load(conversation.id)
    assert "backups" in raised.value.hint
    await database.close()


async def test_a_smashed_schema_is_told_at_opening(profile: Profile) -> None:
    await _made(profile)
    content = bytearray(profile.database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    profile.database.write_bytes(content)
    assert isinstance(await fails_to_open(profile), DatabaseCorrupt)
    assert profile.database.read_bytes() == content


async def test_making_a_database_never_replaces_one(profile: Profile) -> None:
    await _made(profile)
    opening._create(profile.database, MIGRATIONS)  # as a process does that found none a moment ago
    database = Database.open(profile.database, backups=profile.backups)
    assert len(await ConversationStore(database, profile.owner).summaries()) == 1
    await database.close()
    assert sorted(path.name for path in profile.folder.glob("chatbench.db*")) == ["chatbench.db"]


async def test_a_later_schema_is_refused(profile: Profile) -> None:
    database = Database.open(profile.database, backups=profile.backups)
    await database.write(lambda c: c.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}"))
    await database.close()
    before = digest(profile.database)
    error = await fails_to_open(profile)
    assert isinstance(error, DatabaseTooNew)
    assert "Update" in error.hint
    assert digest(profile.database) == before


async def test_an_upgrade_keeps_a_verified_copy(profile: Profile) -> None:
    database = Database.open(profile.database, backups=profile.backups)
    conversation = await ConversationStore(database, profile.owner).create("from before", samples.lane())
    await database.close()
    assert list(profile.backups.iterdir()) == []

    def rebuild(connection: apsw.Connection) -> None:
        # Other tables refer to this one; the step would fail with references enforced.
        connection.execute(
            "CREATE TABLE fresh AS SELECT * FROM lanes; DROP TABLE lanes; ALTER TABLE fresh RENAME TO lanes"
        )

    upgraded = (*MIGRATIONS, rebuild)
    database = Database.open(profile.database, backups=profile.backups, migrations=upgraded)
    assert await database.read(lambda c: c.pragma("user_version")) == len(upgraded)
    assert len((await ConversationStore(database, profile.owner).load(conversation.id)).lanes) == 1
    assert await database.write(lambda c: c.pragma("foreign_keys")) == 1
    await database.close()
    (copy,) = profile.backups.iterdir()
    assert copy.name.startswith(f"before-v{len(upgraded)}-")
    old = Database.open(copy)
    assert await old.read(lambda c: c.pragma("user_version")) == len(MIGRATIONS)
    assert len(await ConversationStore(old, profile.owner).summaries()) == 1
    await old.close()


async def test_a_failing_upgrade_changes_no_byte(profile: Profile) -> None:
    await _made(profile)
    before = digest(profile.database)

    def fail(connection: apsw.Connection) -> None:
        connection.execute("DROP TABLE drafts; CREATE TABLE other (x)")
        raise ValueError("a bug in a step")

    def dangle(connection: apsw.Connection) -> None:
        connection.execute(
            "INSERT INTO messages (id, conversation_id, turn_id, role, state, created_at) "
            "VALUES ('a', 'nowhere', 't', 'user', 'done', 0)"
        )

    for step, message in ((fail, "a bug in a step"), (dangle, "dangling")):
        database = Database.open(profile.database, backups=profile.backups, migrations=(*MIGRATIONS, step))
        with pytest.raises(ValueError, match=message):
            await database.ready()
        await database.close()
        assert digest(profile.database) == before


async def test_a_busy_profile_is_waited_for_and_then_named(
    database: Database,
) -> None:
    await database.write(lambda c: c.set_busy_timeout(50))
    other = apsw.Connection(str(database.path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="Another Chatbench"):
        await database.write(lambda c: None)
    other.execute("ROLLBACK")
    other.close()
    await database.write(lambda c: None)


async def test_a_copy_is_whole(
    database: Database, store: ConversationStore, profile: Profile, tmp_path: Path
) -> None:
    conversation = await store.create("copied", samples.lane())
    await samples.exchange(store, conversation, "q", "findable")
    await database.copy_to(tmp_path / "copies" / "one.db")
    copy = Database.open(tmp_path / "copies" / "one.db")
    assert await copy.check() == []
    assert len(await ConversationStore(copy, profile.owner).search("findable")) == 1
    await copy.close()


async def test_a_stale_search_index_can_be_made_anew(database: Database, store: ConversationStore) -> None:
    conversation = await store.create("repaired title", samples.lane())
    await samples.exchange(store, conversation, "lost words", "answered")
    await database.write(
        lambda c: c.execute("INSERT INTO message_search (message_search) VALUES ('delete-all')").fetchall()
    )
    assert await store.search("lost") == []
    await store.rebuild_search()
    assert len(await store.search("lost")) == 1
    assert len(await store.search("repaired")) == 1
    assert await database.check() == []


async def _made(profile: Profile) -> None:
    database = Database.open(profile.database, backups=profile.backups)
    await ConversationStore(database, profile.owner).create("kept", samples.lane())
    await database.close()
