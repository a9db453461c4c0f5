"""What every service stands on: the profile, its database and files, keys, the ledger, connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from chatbench.client.environment import Environment
from chatbench.client.ledger import Ledger
from chatbench.core.errors import ConfigurationError
from chatbench.core.observe import Signal
from chatbench.services.preferences import PreferencesStore
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.files import FileStore
from chatbench.storage.keyring import KeyStore
from chatbench.storage.logs import start_logging
from chatbench.storage.profile import Profile

if TYPE_CHECKING:
    from chatbench.core.changes import Changes
    from chatbench.providers.http import HttpClient


class Ground(NamedTuple):
    """What the services stand on."""

    environ: Mapping[str, str]
    profile: Profile
    stop_logging: Callable[[], None]
    database: Database
    store: ConversationStore
    files: FileStore
    key_store: KeyStore
    environment: Environment
    ledger: Ledger
    preferences: PreferencesStore
    changes: Signal[Changes]

    def closing(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What ends it, in order."""

        async def release() -> None:
            self.profile.close()
            self.stop_logging()

        return self.environment.aclose, self.ledger.aclose, self.database.close, release


def lay(
    folder: Path | None, environ: Mapping[str, str], http: HttpClient | None = None, log_level: str = ""
) -> Ground:
    """Opens the profile in `folder`; its database opens on its own thread.

    Raises ConfigurationError, and StorageError where the folder cannot be made.
    """
    profile, stop_logging = _opened(folder, environ, log_level)
    changes: Signal[Changes] = Signal()
    database = Database.open(profile.database, backups=profile.backups)
    key_store = KeyStore(database)
    environment = Environment.open(profile, key_store, environ=environ, http=http, database=database)
    ledger = environment.ledger = Ledger(database, source="batch")
    return Ground(
        environ=environ,
        profile=profile,
        stop_logging=stop_logging,
        database=database,
        store=ConversationStore(database, profile.owner),
        files=FileStore(profile.files, database),
        key_store=key_store,
        environment=environment,
        ledger=ledger,
        preferences=PreferencesStore(profile.preferences, changes),
        changes=changes,
    )


def _opened(
    folder: Path | None, environ: Mapping[str, str], log_level: str
) -> tuple[Profile, Callable[[], None]]:
    """The profile, and what ends its logging."""
    profile = Profile.open(folder, environ=environ)
    try:
        return profile, start_logging(profile.logs, log_level or environ.get("CHATBENCH_LOG", ""))
    except ConfigurationError:
        profile.close()
        raise
