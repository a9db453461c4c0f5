"""Keys in a real Secret Service, and in keyrings that are locked, missing or keep nothing."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest
from tests.conftest import MemoryKeyring

from chatbench.core.errors import KeyringLocked, NoKeyring, StorageError
from chatbench.core.secrets import Secret
from chatbench.storage import keyring as storage_keyring
from chatbench.storage.database import Database
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile

CANARY = "sk-canary-0123456789abcdef"
ORIGIN = "https://api.openai.com:443"


@pytest.fixture
async def keys(database: Database) -> KeyStore:
    store = KeyStore(database)
    await store.load()
    return store


async def test_a_key_is_kept_with_its_origin(
    keys: KeyStore, database: Database, memory_keyring: MemoryKeyring
) -> None:
    assert await keys.get("openai") is None
    assert keys.known("openai") is None
    await keys.set("openai", Secret(CANARY), ORIGIN)
    stored = await keys.get("openai")
    assert stored is not None
    assert (stored.secret, stored.origin) == (Secret(CANARY), ORIGIN)
    assert CANARY not in repr(stored)
    known = keys.known("openai")
    assert known is not None
    assert (known.origin, known.saved_at, known.session) == (ORIGIN, stored.saved_at, False)

    ((where, text),) = memory_keyring.passwords.items()
    assert where[0] == "chatbench"
    assert where[1].startswith("openai@")
    assert json.loads(text) == {"key": CANARY, "origin": ORIGIN, "saved_at": stored.saved_at}

    again = KeyStore(database)
    await again.load()
    assert again.known("openai") == known
    assert again.providers() == ("openai",)
    assert await again.get("openai") == stored
    assert await again.delete("openai")
    assert not await again.delete("openai")
    assert memory_keyring.passwords == {}
    await keys.load()
    assert keys.known("openai") is None


async def test_two_profiles_do_not_share_keys(keys: KeyStore, tmp_path: Path) -> None:
    await keys.set("openai", Secret(CANARY), ORIGIN)
    other = Database.open(tmp_path / "other.db")
    others = KeyStore(other)
    await others.load()
    assert await others.get("openai") is None
    await others.set("openai", Secret("another"), ORIGIN)
    assert await others.delete("openai")
    stored = await keys.get("openai")
    assert stored is not None
    assert stored.secret == Secret(CANARY)
    await other.close()


async def test_a_session_key_is_written_nowhere(
    keys: KeyStore, profile: Profile, memory_keyring: MemoryKeyring
) -> None:
    await keys.set("openai", Secret(CANARY), ORIGIN, session=True)
    known, stored = keys.known("openai"), await keys.get("openai")
    assert known is not None
    assert stored is not None
    assert (known.session, stored.secret) == (True, Secret(CANARY))
    assert memory_keyring.passwords == {}
    await keys.set("openai", Secret("stored"), ORIGIN)
    known = keys.known("openai")
    assert known is not None
    assert not known.session
    await keys.set("openai", Secret(CANARY), ORIGIN, session=True)
    assert await keys.delete("openai")
    assert await keys.get("openai") is None


async def test_the_key_is_in_no_file_of_the_profile(
    keys: KeyStore, database: Database, profile: Profile
) -> None:
    await keys.set("openai", Secret(CANARY), ORIGIN)
    await database.close()
    files = [path for path in profile.folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert CANARY[-12:].encode() not in path.read_bytes(), path


async def test_a_real_secret_service(secret_service_session: dict[str, str], keys: KeyStore) -> None:
    state = await keys.state()
    assert (state.kind, state.usable) == ("available", True), state
    assert "Secret" in state.message
    await keys.set("openai", Secret(CANARY + " ü 天"), ORIGIN)
    stored = await keys.get("openai")
    assert stored is not None
    assert stored.secret == Secret(CANARY + " ü 天")
    assert await keys.delete("openai")
    assert await keys.get("openai") is None


async def test_a_locked_keyring_is_never_no_key(
    secret_service_session: dict[str, str], keys: KeyStore
) -> None:
    import secretstorage

    await keys.set("openai", Secret(CANARY), ORIGIN)
    with closing(secretstorage.dbus_init()) as connection:
        secretstorage.get_default_collection(connection).lock()
    state = await keys.state()
    assert (state.kind, state.usable) == ("locked", False)
    for ask in (keys.get("openai"), keys.get("never set"), keys.set("openai", Secret("new"), ORIGIN),
                keys.delete("openai")):  # fmt: skip
        with pytest.raises(KeyringLocked):
            await ask
    known = keys.known("openai")
    assert known is not None


class PlainFile(keyring.backend.KeyringBackend):
    """Stands for a keyring that writes a readable file."""

    priority = 1
    kept: dict[tuple[str, str], str] = {}  # noqa: RUF012 - one for the test

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


PlainFile.__module__ = "keyrings.alt.file"


class Forgetful(MemoryKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:20])


class Broken(MemoryKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"could not write {password}")


@pytest.mark.parametrize(
    ("backend", "kind"),
    [
        (keyring.backends.fail.Keyring(), "missing"),
        (keyring.backends.null.Keyring(), "null"),
        (PlainFile(), "plaintext"),  # type: ignore[no-untyped-call]
    ],
)
async def test_keyrings_that_keep_no_secrets_are_refused(
    keys: KeyStore, backend: keyring.backend.KeyringBackend, kind: str
) -> None:
    keyring.set_keyring(backend)
    state = await keys.state()
    assert (state.kind, state.usable) == (kind, False)
    with pytest.raises(NoKeyring) as raised:
        await keys.set("openai", Secret(CANARY), ORIGIN)
    assert "session" in raised.value.hint
    with pytest.raises(NoKeyring):
        await keys.get("openai")
    assert keys.known("openai") is None


async def test_plaintext_is_used_where_the_user_says_so(database: Database) -> None:
    keyring.set_keyring(PlainFile())  # type: ignore[no-untyped-call]
    keys = KeyStore(database, allow_plaintext=True)
    await keys.load()
    await keys.set("openai", Secret(CANARY), ORIGIN)
    stored = await keys.get("openai")
    assert stored is not None
    assert stored.secret == Secret(CANARY)


async def test_what_is_not_read_back_was_not_kept(keys: KeyStore) -> None:
    keyring.set_keyring(Forgetful())
    with pytest.raises(NoKeyring, match="did not keep"):
        await keys.set("openai", Secret(CANARY), ORIGIN)
    assert keys.known("openai") is None


async def test_no_error_quotes_the_key(keys: KeyStore) -> None:
    keyring.set_keyring(Broken())
    with pytest.raises(StorageError) as raised:
        await keys.set("openai", Secret(CANARY), ORIGIN)
    assert CANARY not in f"{raised.value} {raised.value.hint} {raised.value.report()}"
    assert raised.value.__cause__ is None


async def test_a_foreign_entry_is_told(keys: KeyStore, memory_keyring: MemoryKeyring) -> None:
    await keys.set("openai", Secret(CANARY), ORIGIN)
    (where,) = memory_keyring.passwords
    memory_keyring.passwords[where] = CANARY
    with pytest.raises(StorageError) as raised:
        await keys.get("openai")
    assert CANARY not in str(raised.value)


class Asking(MemoryKeyring):
    """Asks the user, who is away."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.answered.wait(30)
        return super().get_password(service, username)


@pytest.fixture
def asking() -> Iterator[Asking]:
    backend = Asking()
    keyring.set_keyring(backend)
    yield backend
    backend.answered.set()


async def test_a_question_to_the_user_can_be_given_up(
    keys: KeyStore, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = asyncio.create_task(keys.get("openai"))
    ticks = 0
    while ticks < 5:
        await asyncio.sleep(0)
        ticks += 1
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.setattr(storage_keyring, "PATIENCE_S", 0.05)
    with pytest.raises(KeyringLocked, match="in time"):
        await keys.get("openai")


async def test_importing_the_store_does_not_load_the_keyring() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys, chatbench.storage.keyring; print('keyring' in sys.modules)",
        stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": str(Path(__file__).parents[2] / "app")},
    )  # fmt: skip
    out, _ = await process.communicate()
    assert out.strip() == b"False"
