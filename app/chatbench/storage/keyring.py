"""API keys in the keyring of the user's system, or in memory for the session.

What a keyring holds for a provider is one JSON text: the key, the origin it was given for, and
when. Which providers have one is noted in the database, without the key, so that a list needs no
unlocking. The keyring may ask the user, for minutes: every call runs on a thread of its own that
nobody has to wait for, never on the caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Literal, TypeVar

import apsw
import msgspec

from chatbench.core.errors import ChatbenchError, KeyringLocked, NoKeyring, StorageError
from chatbench.core.ids import new_id
from chatbench.core.secrets import Secret
from chatbench.storage.database import Database
from chatbench.storage.offthread import off_thread
from chatbench.storage.turns import now_ms

T = TypeVar("T")
SERVICE = "chatbench"
PATIENCE_S = 180.0
_SECRET_SERVICE = "keyring.backends.SecretService"  # noqa: S105 - a module's name
_INSTEAD = "Keep the key for this session only, or set the provider's environment variable."

KeyringKind = Literal["available", "locked", "missing", "null", "plaintext"]


class KeyringState(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps keys here. `backend` is its name; `message` says, in a sentence, what it means.

    "available": keys can be kept. "locked": ask the user to unlock it. "missing": the system has
    none. "null": one that forgets everything. "plaintext": one that keeps keys in a readable
    file. Into the last three nothing is written.
    """

    kind: KeyringKind
    backend: str
    message: str

    @property
    def usable(self) -> bool:
        return self.kind == "available"


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, the origin (scheme://host:port) it may be sent to, when it was stored (UTC ms)."""

    secret: Secret
    origin: str
    saved_at: int


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """That there is a key, without it. `session`: it is in memory only."""

    provider: str
    origin: str
    saved_at: int
    session: bool = False
    backend: str = ""


class _Entry(msgspec.Struct, frozen=True):
    key: str
    origin: str
    saved_at: int

    def __repr__(self) -> str:
        return "_Entry(…)"


class KeyStore:
    """Keys by provider id. One user's call at a time; nothing here logs."""

    def __init__(self, database: Database, *, allow_plaintext: bool = False) -> None:
        self._database = database
        self._allow_plaintext = allow_plaintext
        self._profile = ""
        self._stored: dict[str, KnownKey] = {}
        self._session: dict[str, StoredKey] = {}

    async def load(self) -> None:
        """Reads which providers have a stored key (again, after another process has written)."""

        def read(connection: apsw.Connection) -> tuple[str, list[KnownKey]]:
            names = connection.execute("SELECT value FROM profile WHERE name = 'id'").fetchone()
            found = connection.execute("SELECT provider, origin, saved_at, backend FROM stored_keys")
            known = [KnownKey(provider=p, origin=o, saved_at=at, backend=b) for p, o, at, b in found]
            return (str(names[0]) if names else ""), known

        self._profile, known = await self._database.read(read)
        self._stored = {one.provider: one for one in known}

    def known(self, provider: str) -> KnownKey | None:
        """What is known of a key without the keyring; a session's key comes before a stored one."""
        held = self._session.get(provider)
        if held is not None:
            return KnownKey(provider=provider, origin=held.origin, saved_at=held.saved_at, session=True)
        return self._stored.get(provider)

    def providers(self) -> tuple[str, ...]:
        """Every provider with a key, sorted."""
        return tuple(sorted({*self._session, *self._stored}))

    async def state(self) -> KeyringState:
        """What keeps keys here and whether it is open. Does not make it ask the user."""
        return await _off_thread(_state, PATIENCE_S)

    async def get(self, provider: str) -> StoredKey | None:
        """The key; None where the keyring, unlocked, has none.

        Raises KeyringLocked, NoKeyring, StorageError.
        """
        held = self._session.get(provider)
        if held is not None:
            return held
        user = await self._user(provider)
        text = await _off_thread(lambda: _read(user, self._allow_plaintext), PATIENCE_S)
        return _stored_key(text) if text is not None else None

    async def set(self, provider: str, secret: Secret, origin: str, *, session: bool = False) -> None:
        """Keeps a key for `origin`, in memory only with `session`, and reads it back.

        Raises KeyringLocked; NoKeyring where there is none that keeps secrets; StorageError.
        """
        now = now_ms()
        if session:
            self._session[provider] = StoredKey(secret=secret, origin=origin, saved_at=now)
            return
        user = await self._user(provider)
        text = msgspec.json.encode(_Entry(secret.reveal(), origin, now)).decode()
        backend = await _off_thread(lambda: _write(user, text, self._allow_plaintext), PATIENCE_S)

        def note(connection: apsw.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO stored_keys (provider, origin, backend, saved_at) "
                "VALUES (?, ?, ?, ?)",
                (provider, origin, backend, now),
            )

        await self._database.write(note, durable=True)
        self._session.pop(provider, None)
        self._stored[provider] = KnownKey(provider=provider, origin=origin, saved_at=now, backend=backend)

    async def delete(self, provider: str) -> bool:
        """Forgets a key, in memory and in the keyring; False where there was none.

        Raises KeyringLocked, NoKeyring, StorageError.
        """
        held = self._session.pop(provider, None) is not None
        if provider not in self._stored:
            return held
        user = await self._user(provider)
        gone = await _off_thread(lambda: _delete(user, self._allow_plaintext), PATIENCE_S)

        def forget(connection: apsw.Connection) -> None:
            connection.execute("DELETE FROM stored_keys WHERE provider = ?", (provider,))

        await self._database.write(forget, durable=True)
        del self._stored[provider]
        return held or gone

    async def _user(self, provider: str) -> str:
        """The keyring's user name for a provider: profiles do not share keys."""
        if not self._profile:
            fresh = new_id()

            def name(connection: apsw.Connection) -> str:
                connection.execute("INSERT OR IGNORE INTO profile (name, value) VALUES ('id', ?)", (fresh,))
                row = connection.execute("SELECT value FROM profile WHERE name = 'id'").fetchone()
                return str(row[0]) if row else fresh

            self._profile = await self._database.write(name)
        return f"{provider}@{self._profile}"


def _stored_key(text: str) -> StoredKey:
    try:
        entry = msgspec.json.decode(text, type=_Entry)
    except msgspec.DecodeError:
        raise StorageError(
            "The keyring's entry for this provider is not one that Chatbench wrote.", "Set the key again."
        ) from None
    return StoredKey(secret=Secret(entry.key), origin=entry.origin, saved_at=entry.saved_at)


async def _off_thread(work: Callable[[], T], patience_s: float) -> T:
    """Runs `work` on a thread that ends when it will; a waiter that gives up leaves it behind."""

    def run() -> T:
        try:
            return work()
        except BaseException as error:  # noqa: BLE001 - the waiter gets it, told without secrets
            told = _told(error)
        raise told

    try:
        async with asyncio.timeout(patience_s):
            return await off_thread(run, "keyring")
    except TimeoutError:
        raise KeyringLocked(
            "The keyring did not answer in time.", "Unlock the keyring of your system and try again."
        ) from None


def _told(error: BaseException) -> BaseException:
    """The error in our words: a backend's own text might quote what it was given."""
    import keyring.errors

    if isinstance(error, ChatbenchError):
        return error
    if isinstance(error, keyring.errors.KeyringLocked | keyring.errors.InitError):
        return locked()
    if isinstance(error, keyring.errors.NoKeyringError):
        return NoKeyring("This system has no keyring.", _INSTEAD)
    return StorageError(f"The keyring failed ({type(error).__name__}).", _INSTEAD)


def locked() -> KeyringLocked:
    """It may well hold the key; it just cannot say."""
    return KeyringLocked("The keyring is locked.", "Unlock the keyring of your system and try again.")


def _backend() -> tuple[KeyringKind, str]:
    """What the library chose, told apart by where it comes from."""
    import keyring

    backend: object = keyring.get_keyring()
    while type(backend).__module__ == "keyring.backends.chainer":
        # The chain asks its members in this order, and writes into the first.
        backend = next(iter(getattr(backend, "backends", ())), None) or _nothing()
    module, name = type(backend).__module__, str(getattr(backend, "name", type(backend).__name__))
    if module == "keyring.backends.fail":
        return "missing", name
    if module == "keyring.backends.null":
        return "null", name
    if module.startswith(("keyrings.alt", "keyrings.cryptfile")):
        return "plaintext", name
    if module == _SECRET_SERVICE and _secret_service_is_locked():
        return "locked", name
    return "available", name


def _nothing() -> object:
    import keyring.backends.fail

    return keyring.backends.fail.Keyring()


def _secret_service_is_locked() -> bool:
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        try:
            return secretstorage.Collection(connection).is_locked()
        except secretstorage.exceptions.ItemNotFoundException:
            return False  # none yet: the first key makes it


_MESSAGES: dict[KeyringKind, str] = {
    "available": "Keys are kept in the keyring of your system ({backend}).",
    "locked": "The keyring of your system ({backend}) is locked.",
    "missing": "This system has no keyring.",
    "null": "The keyring here is set to forget everything ({backend}).",
    "plaintext": "The keyring here keeps keys in a file that others may read ({backend}).",
}


def _state() -> KeyringState:
    kind, backend = _backend()
    return KeyringState(kind=kind, backend=backend, message=_MESSAGES[kind].format(backend=backend))


def _ready(allow_plaintext: bool) -> str:
    """The name of the backend, once it is known to keep secrets and is open."""
    kind, backend = _backend()
    if kind in ("missing", "null") or (kind == "plaintext" and not allow_plaintext):
        raise NoKeyring(_MESSAGES[kind].format(backend=backend), _INSTEAD)
    if kind == "locked":
        _unlock_secret_service()
    return backend


def _unlock_secret_service() -> None:
    """Lets the system ask the user. The library would do it too, and leave its connection open
    where they decline."""
    import secretstorage

    with closing(secretstorage.dbus_init()) as connection:
        collection = secretstorage.Collection(connection)
        collection.unlock()
        if collection.is_locked():
            raise locked()


def _read(user: str, allow_plaintext: bool) -> str | None:
    import keyring

    _ready(allow_plaintext)
    return keyring.get_password(SERVICE, user)


def _write(user: str, text: str, allow_plaintext: bool) -> str:
    """Returns the backend's name, once what was written has been read back."""
    import keyring

    backend = _ready(allow_plaintext)
    keyring.set_password(SERVICE, user, text)
    if Secret(keyring.get_password(SERVICE, user) or "") != Secret(text):
        raise NoKeyring(f"The keyring ({backend}) did not keep the key.", _INSTEAD)
    return backend


def _delete(user: str, allow_plaintext: bool) -> bool:
    import keyring

    _ready(allow_plaintext)
    if keyring.get_password(SERVICE, user) is None:
        return False
    keyring.delete_password(SERVICE, user)
    return True
