"""The caches that come with the program: in memory, in an SQLite file, in any dictionary, in LevelDB.

All of them count time in seconds and size in bytes of the entries, treat what they cannot read as
not there, and may be used from any thread and loop. `namespace` keeps several caches apart in one
store.
"""

from __future__ import annotations

import asyncio
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbench.client import cacheentries
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.requests import Request, Response

if TYPE_CHECKING:
    from chatbench.storage.responsecache import Totals

_ROOM = 0.9
"""How full a store's limit leaves it once entries had to go."""


class KeyedCache(ABC):
    """A cache that needs nothing of a request but its fingerprint, which then is computed once."""

    def __init__(
        self, *, ttl_s: float | None = None, namespace: str = "default", now: Callable[[], float] = time.time
    ) -> None:
        for name, value in (("ttl_s", ttl_s),):
            _positive(name, value)
        self.ttl_s = ttl_s
        self.namespace = namespace
        self._now = now

    def get(self, request: Request) -> Response | Awaitable[Response | None] | None:
        """The answer kept for an identical request, as a hit; None where there is none."""
        return self.get_by(request.fingerprint)

    def put(self, request: Request, response: Response) -> Awaitable[None] | None:
        """Keeps the answer, unless it is an error or broke off."""
        return self.put_by(request.fingerprint, response)

    @abstractmethod
    def get_by(self, fingerprint: str) -> Response | Awaitable[Response | None] | None:
        """`get`, by the request's fingerprint."""

    @abstractmethod
    def put_by(self, fingerprint: str, response: Response) -> Awaitable[None] | None:
        """`put`, by the request's fingerprint."""

    async def aclose(self) -> None:  # noqa: B027 - a cache may have nothing to close
        """Writes what is still to be written, and closes what is open."""

    def _oldest(self) -> float:
        return 0.0 if self.ttl_s is None else self._now() - self.ttl_s

    def _encoded(self, fingerprint: str, response: Response) -> bytes | None:
        if not cacheentries.keepable(response):
            return None
        return cacheentries.encode(fingerprint, response, self._now())

    def _decoded(self, fingerprint: str, data: object) -> Response | None:
        return cacheentries.decode(fingerprint, data, self._oldest())


class MemoryCache(KeyedCache):
    """Answers in this process's memory; the least recently used go first. `max_bytes` is 256 MiB
    unless told otherwise."""

    def __init__(
        self,
        *,
        ttl_s: float | None = None,
        max_bytes: int | None = 256 * 1024 * 1024,
        max_entries: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(ttl_s=ttl_s, now=now)
        _positive("max_bytes", max_bytes)
        _positive("max_entries", max_entries)
        self.max_bytes, self.max_entries = max_bytes, max_entries
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes of all entries together."""
        return self._bytes

    def get_by(self, fingerprint: str) -> Response | None:
        with self._lock:
            data = self._entries.get(fingerprint)
            if data is None:
                return None
            self._entries.move_to_end(fingerprint)
        response = self._decoded(fingerprint, data)
        if response is None:
            self._drop(fingerprint, data)
        return response

    def put_by(self, fingerprint: str, response: Response) -> None:
        data = self._encoded(fingerprint, response)
        if data is None or (self.max_bytes is not None and len(data) > self.max_bytes):
            return
        with self._lock:
            self._bytes += len(data) - len(self._entries.pop(fingerprint, b""))
            self._entries[fingerprint] = data
            while self._over():
                self._bytes -= len(self._entries.popitem(last=False)[1])

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _over(self) -> bool:
        entries_over = self.max_entries is not None and len(self._entries) > self.max_entries
        return entries_over or (self.max_bytes is not None and self._bytes > self.max_bytes)

    def _drop(self, fingerprint: str, data: object) -> None:
        with self._lock:
            if self._entries.get(fingerprint) is data:
                self._bytes -= len(self._entries.pop(fingerprint))


class SqliteCache(KeyedCache):
    """Answers in an SQLite file of their own, for one process or several; the least recently used go
    first. `max_bytes` is 1 GiB unless told otherwise.

    The file is opened by its first use, which raises StorageError (DatabaseCorrupt for a file that is
    not such a cache) where it cannot be. What is put is committed within `commit_s`, in batches.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        ttl_s: float | None = None,
        max_bytes: int | None = 1024 * 1024 * 1024,
        max_entries: int | None = None,
        namespace: str = "default",
        commit_s: float = 0.2,
        now: Callable[[], float] = time.time,
    ) -> None:
        from chatbench.storage.responsecache import ResponseFile

        super().__init__(ttl_s=ttl_s, namespace=namespace, now=now)
        _positive("max_bytes", max_bytes)
        _positive("max_entries", max_entries)
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise StorageError(f"There is no folder {self.path.parent}.", "Make it, or name another file.")
        self._file = ResponseFile(
            self.path, ttl_s=ttl_s, max_bytes=max_bytes, max_entries=max_entries, commit_s=commit_s, now=now
        )

    async def get_by(self, fingerprint: str) -> Response | None:
        data = await self._file.get(f"{self.namespace}:{fingerprint}")
        return None if data is None else self._decoded(fingerprint, data)

    def put_by(self, fingerprint: str, response: Response) -> None:
        data = self._encoded(fingerprint, response)
        if data is not None:
            self._file.put(f"{self.namespace}:{fingerprint}", data)

    async def totals(self) -> Totals:
        """How many entries the file holds, in all namespaces, and their bytes."""
        return await self._file.totals()

    async def clear(self) -> None:
        """Forgets everything, in all namespaces."""
        await self._file.clear()

    async def aclose(self) -> None:
        await self._file.aclose()


class MappingCache(KeyedCache):
    """Answers in any dictionary-like store with text keys: a dict, a shelf, a dict that a
    multiprocessing manager shares. `text` stores str in place of bytes.

    `in_thread` uses the store on worker threads, one at a time: for one that makes its caller wait
    and that threads may share (a manager's dict; not a shelf). Past `max_entries` a tenth of
    our entries goes, in the order in which the store lists them (a dict: the oldest first).
    """

    def __init__(
        self,
        mapping: MutableMapping[str, Any],
        *,
        ttl_s: float | None = None,
        max_entries: int | None = None,
        namespace: str = "default",
        text: bool = False,
        in_thread: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(ttl_s=ttl_s, namespace=namespace, now=now)
        _positive("max_entries", max_entries)
        self.mapping = mapping
        self.max_entries = max_entries
        self._text, self._in_thread = text, in_thread
        self._lock = threading.Lock()
        self._keys: set[str] | None = None

    def get_by(self, fingerprint: str) -> Response | Awaitable[Response | None] | None:
        if self._in_thread:
            return asyncio.to_thread(self._get, fingerprint)
        return self._get(fingerprint)

    def put_by(self, fingerprint: str, response: Response) -> Awaitable[None] | None:
        if self._in_thread:
            return asyncio.to_thread(self._put, fingerprint, response)
        self._put(fingerprint, response)
        return None

    def _get(self, fingerprint: str) -> Response | None:
        key = f"{self.namespace}:{fingerprint}"
        with self._lock:
            try:
                data = self.mapping[key]
            except KeyError:
                return None
            response = self._decoded(fingerprint, data)
            if response is None:
                self._delete(key)
        return response

    def _put(self, fingerprint: str, response: Response) -> None:
        data = self._encoded(fingerprint, response)
        if data is None:
            return
        key = f"{self.namespace}:{fingerprint}"
        with self._lock:
            self.mapping[key] = data.decode() if self._text else data
            if self.max_entries is not None:
                self._make_room(key, self.max_entries)

    def _make_room(self, key: str, most: int) -> None:
        if self._keys is None:
            self._keys = set(self._listed())
        self._keys.add(key)
        if len(self._keys) > most:
            listed = self._listed()
            if len(listed) > most:
                surplus = len(listed) - int(most * _ROOM)
                for old in [one for one in listed if one != key][:surplus]:
                    self._delete(old)
            self._keys = set(self._listed())

    def _listed(self) -> list[str]:
        start = f"{self.namespace}:"
        return [key for key in self.mapping.keys() if key.startswith(start)]  # noqa: SIM118 - a manager's dict

    def _delete(self, key: str) -> None:
        try:
            del self.mapping[key]
        except KeyError:
            pass  # another process was faster
        if self._keys is not None:
            self._keys.discard(key)


class LevelDBCache(KeyedCache):
    """Answers in a LevelDB folder, which one process at a time may open; the oldest go first.

    Needs a library that is not installed by default: raises ConfigurationError, with the command that
    installs it, where it is missing, and StorageError where the folder cannot be opened.
    """

    _AGE = struct.Struct(">Q")
    """UTC microseconds; sorts by them."""

    def __init__(
        self,
        path: str | Path,
        *,
        ttl_s: float | None = None,
        max_bytes: int | None = None,
        max_entries: int | None = None,
        namespace: str = "default",
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(ttl_s=ttl_s, namespace=namespace, now=now)
        _positive("max_bytes", max_bytes)
        _positive("max_entries", max_entries)
        self.path = Path(path)
        self.max_bytes, self.max_entries = max_bytes, max_entries
        leveldb = _leveldb()
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._database = leveldb.DB(str(self.path), create_if_missing=True)
        except (leveldb.Error, OSError) as error:
            reason = error.args[-1] if error.args else ""
            words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            raise StorageError(
                f"The LevelDB folder {self.path} cannot be opened: {words}",
                "Close the other program that uses it, or name another folder.",
            ) from error
        self._answers = self._database.prefixed_db(f"answer:{namespace}:".encode())
        self._ages = self._database.prefixed_db(f"age:{namespace}:".encode())
        self._lock = threading.Lock()
        self._entries, self._bytes = 0, 0
        for _, size in self._ages:
            self._entries += 1
            self._bytes += self._AGE.unpack(size)[0]

    async def get_by(self, fingerprint: str) -> Response | None:
        data = await asyncio.to_thread(self._answers.get, fingerprint.encode())
        return None if data is None else self._decoded(fingerprint, data)

    async def put_by(self, fingerprint: str, response: Response) -> None:
        data = self._encoded(fingerprint, response)
        if data is not None and (self.max_bytes is None or len(data) <= self.max_bytes):
            await asyncio.to_thread(self._put, fingerprint.encode(), data)

    async def aclose(self) -> None:
        await asyncio.to_thread(self._database.close)

    def __len__(self) -> int:
        return self._entries

    @property
    def size(self) -> int:
        """Bytes of all entries together."""
        return self._bytes

    def _put(self, key: bytes, data: bytes) -> None:
        with self._lock:
            self._remove(key)
            self._answers.put(key, data)
            self._ages.put(self._age(key, data), self._AGE.pack(len(data)))
            self._entries += 1
            self._bytes += len(data)
            if self.max_bytes is not None or self.max_entries is not None or self.ttl_s is not None:
                self._make_room()

    def _remove(self, key: bytes) -> None:
        before = self._answers.get(key)
        if before is not None:
            self._answers.delete(key)
            self._ages.delete(self._age(key, before))
            self._entries -= 1
            self._bytes -= len(before)

    def _make_room(self) -> None:
        oldest = int(self._oldest() * 1_000_000)
        for age, _ in self._ages.iterator():
            old = self._AGE.unpack(age[: self._AGE.size])[0] < oldest
            entries_over = self.max_entries is not None and self._entries > self.max_entries
            if not (old or entries_over or (self.max_bytes is not None and self._bytes > self.max_bytes)):
                break
            self._remove(age[self._AGE.size :])

    def _age(self, key: bytes, data: bytes) -> bytes:
        return self._AGE.pack(int((cacheentries.saved_at(data) or 0) * 1_000_000)) + key


def _leveldb() -> Any:
    """One of the builds of the same library: of one there are none for Python 3.11, of the other
    none for later ones."""
    import importlib

    for name in ("plyvel_next", "plyvel"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ConfigurationError(
        "The library for LevelDB is not installed.", "Install it with: pip install 'chatbench[leveldb]'"
    )


def _positive(name: str, value: float | None) -> None:
    if value is not None and not value > 0:
        raise ConfigurationError(f"{name} is {value}.", f"Give {name} as a number above 0, or leave it out.")
