"""The profile as a whole: where it is, making it ready, warming up what is heavy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from chatbench.client.environment import Environment
from chatbench.core.changes import Changes
from chatbench.core.observe import Signal
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.files import FileStore
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile
from chatbench.storage.stamps import Stamps

TRASH_DAYS = 30


class ProfileService:
    """Opens the database and tidies up after a program that ended suddenly."""

    def __init__(
        self,
        profile: Profile,
        database: Database,
        store: ConversationStore,
        files: FileStore,
        key_store: KeyStore,
        environment: Environment,
        changes: Signal[Changes],
        *,
        preload: Callable[[], object] = lambda: None,
    ) -> None:
        self._profile = profile
        self._database = database
        self._store = store
        self._files = files
        self._key_store = key_store
        self._changes = changes
        self._environment = environment
        self._preload = preload
        self._warm = False
        self._stamps = Stamps(database)

    @property
    def folder(self) -> Path:
        return self._profile.folder

    @property
    def name(self) -> str:
        """What a person calls it: "Default", or the folder's name."""
        return self._profile.name

    @property
    def database_path(self) -> Path:
        return self._profile.database

    async def ready(self) -> None:
        """Waits until the database is open and the index of keys is read.

        Raises DatabaseTooNew, DatabaseCorrupt, ReadOnly, DiskFull, StorageError.
        """
        await self._database.ready()
        await self._key_store.load()

    async def mark_interrupted(self) -> int:
        """Answers whose process is gone become "interrupted"; returns how many."""
        return len(await self._store.interrupt_orphans())

    async def tidy(self) -> None:
        """Deletes what has been in the trash for a month, and files that nothing shows."""
        from chatbench.storage.runs import RunStore

        await self._store.purge(TRASH_DAYS)
        await RunStore(self._database, self._profile.owner).purge(TRASH_DAYS)
        await self._files.remove_unused()
        await self._files.remove_strays()

    async def jobs_left(self) -> bool:
        """Whether a run has batch jobs whose answers have not come to it. Raises StorageError."""
        return await self._stamps.jobs_left()

    async def other_process_wrote(self) -> bool:
        """Whether another process has committed since the last call; then everything may be
        stale, and is announced as such."""
        if not await self._store.changed_elsewhere():
            return False
        await self._key_store.load()
        ids = frozenset(summary.id for summary in await self._store.summaries())
        touched = await self._stamps.touched()
        self._changes.emit(
            Changes(
                conversations=ids, usage=True, keys=True, ratings=True, presets=True,
                prompts=touched.prompts, datasets=touched.datasets, runs=touched.runs, jobs=touched.jobs,
            )
        )  # fmt: skip
        return True

    def warm_up(self) -> None:
        """Imports the HTTP stack, makes the TLS context, reads the tables of models and prices and imports
        what the workbench is made of, on a thread of its own, once."""
        if not self._warm:
            self._warm = True
            threading.Thread(target=self._load, name="warm-up", daemon=True).start()

    def _load(self) -> None:
        environment = self._environment
        environment.http.load()
        now = datetime.now(UTC)
        for endpoint in environment.registry.endpoints():
            for info in environment.catalogue.models(endpoint.id):
                environment.pricing.rates(info.ref, endpoint, now)
        self._preload()

    async def check(self) -> list[str]:
        """What the database's own checks find wrong; [] is good."""
        return await self._database.check()
