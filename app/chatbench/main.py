"""The composition root: makes every service in order. Knows every class below the faces.

Importing this module costs nothing: what it knows is imported when `build` is called.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbench.providers.http import HttpClient
    from chatbench.services import Services
    from chatbench.services.preferences import Preferences


def glance(folder: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Preferences:
    """The preferences of the profile `build` would open; the defaults where they cannot be read.

    Makes and imports next to nothing: the window's first paint waits for it.
    """
    from chatbench.core.observe import Signal
    from chatbench.services.preferences import Preferences, PreferencesStore
    from chatbench.storage.places import places

    path = places(folder, os.environ if environ is None else environ).config / "preferences.toml"
    try:
        return PreferencesStore(path, Signal()).current
    except OSError:
        return Preferences()


def build(
    folder: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    http: HttpClient | None = None,
    log_level: str = "",
) -> Services:
    """All services of the profile in `folder` (None: CHATBENCH_HOME, else the user's own).

    Returns at once: the database opens on its own thread, and `services.profile.ready()` waits
    for it. Raises ConfigurationError, and StorageError where the folder cannot be made.
    """
    from chatbench.client.environment import Environment
    from chatbench.client.ledger import Ledger
    from chatbench.client.llm import LLMClient
    from chatbench.core.changes import Changes
    from chatbench.core.errors import ConfigurationError
    from chatbench.core.observe import Signal
    from chatbench.services import Services
    from chatbench.services.attachments import AttachmentService
    from chatbench.services.batches import BatchService
    from chatbench.services.chat import ChatService
    from chatbench.services.endpoints import EndpointService
    from chatbench.services.exchange import ExchangeService
    from chatbench.services.fragments import FragmentService
    from chatbench.services.history import HistoryService
    from chatbench.services.inspect import InspectService
    from chatbench.services.models import ModelService
    from chatbench.services.notices import Notifier
    from chatbench.services.preferences import PreferencesStore
    from chatbench.services.profile import ProfileService
    from chatbench.services.templates import TemplateService
    from chatbench.services.usage import UsageService
    from chatbench.storage.conversations import ConversationStore
    from chatbench.storage.database import Database
    from chatbench.storage.files import FileStore
    from chatbench.storage.keyring import KeyStore
    from chatbench.storage.logs import start_logging
    from chatbench.storage.profile import Profile

    environ = os.environ if environ is None else environ
    profile = Profile.open(folder, environ=environ)
    try:
        stop_logging = start_logging(profile.logs, log_level or environ.get("CHATBENCH_LOG", ""))
    except ConfigurationError:
        profile.close()
        raise
    changes: Signal[Changes] = Signal()
    notifier = Notifier()
    preferences = PreferencesStore(profile.preferences, changes)
    database = Database.open(profile.database, backups=profile.backups)
    store = ConversationStore(database, profile.owner)
    key_store = KeyStore(database)
    environment = Environment.open(profile, key_store, environ=environ, http=http, database=database)
    ledger = environment.ledger = Ledger(database, source="batch")
    models = ModelService(environment, preferences, changes)
    files = FileStore(profile.files, database)
    attachments = AttachmentService(files, environment.catalogue)
    client = LLMClient(environment=environment, keep_raw=False, count_spending=False)
    fragments = FragmentService(environ)
    chat = ChatService(store, client, attachments, models, preferences, changes, notifier)

    async def release() -> None:
        profile.close()
        stop_logging()

    return Services(
        profile=ProfileService(profile, database, store, files, key_store, environment, changes),
        chat=chat,
        history=HistoryService(store, changes),
        inspect=InspectService(store, environment, attachments),
        attachments=attachments,
        batches=BatchService(environment, models),
        endpoints=EndpointService(environment, changes),
        models=models,
        usage=UsageService(store),
        exchange=ExchangeService(store),
        templates=TemplateService(profile.preferences.with_name("templates")),
        fragments=fragments,
        preferences=preferences,
        changes=changes,
        notifier=notifier,
        closing=(
            chat.aclose,
            fragments.aclose,
            environment.aclose,
            ledger.aclose,
            database.close,
            release,
        ),
    )
