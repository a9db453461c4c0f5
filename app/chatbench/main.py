"""The composition root: makes every service in order. Knows every class below the faces.

Importing this module costs nothing: what it knows is imported when `build` is called.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from chatbench.client.environment import Environment
    from chatbench.client.ledger import Ledger
    from chatbench.client.llm import LLMClient
    from chatbench.core.changes import Changes
    from chatbench.core.observe import Signal
    from chatbench.core.runs import Plan
    from chatbench.providers.http import HttpClient
    from chatbench.services import Services
    from chatbench.services.attachments import AttachmentService
    from chatbench.services.chat import ChatService
    from chatbench.services.checking import Checking
    from chatbench.services.datasets import DatasetService
    from chatbench.services.fragments import FragmentService
    from chatbench.services.models import ModelService
    from chatbench.services.notices import Notifier
    from chatbench.services.preferences import Preferences, PreferencesStore
    from chatbench.services.profile import ProfileService
    from chatbench.services.prompts import PromptService
    from chatbench.services.runs import Live, RunService
    from chatbench.services.runs.carrying import RunOutcome
    from chatbench.services.runs.sources import Sources
    from chatbench.storage.conversations import ConversationStore
    from chatbench.storage.database import Database
    from chatbench.storage.files import FileStore
    from chatbench.storage.keyring import KeyStore
    from chatbench.storage.meeting import Meeting
    from chatbench.storage.profile import Profile


class _Ground(NamedTuple):
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


async def run_plan(
    plan: Plan | Mapping[str, Any] | Path | str | None = None,
    *,
    resume: str = "",
    profile: Path | None = None,
    on_progress: Callable[[Live], object] | None = None,
) -> RunOutcome:
    """Carries out a plan of the workbench: one of the class, a dictionary, a file's name, or TOML; or goes
    on with the run named by `resume` (its number, id or name). What is answered is kept in the profile, as
    from the window; `on_progress` is called several times a second. Cancelled, it pauses the run.

    Raises what is wrong with the plan, and StorageError; what calls fail of is in their cells.
    """
    from chatbench.services.runs.carrying import carry_out

    services = build(profile)
    try:
        await services.profile.ready()
        return await carry_out(services.runs, plan, resume=resume, on_progress=on_progress)
    finally:
        await services.aclose()


def run_plan_sync(*given: Any, **named: Any) -> RunOutcome:
    """`run_plan`, waited for on the calling thread."""
    from chatbench.client.sync import background

    return background.run(run_plan(*given, **named))


def meet(folder: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Meeting:
    """Where a window on the profile that `build` would open is found by a later start. Makes nothing."""
    from chatbench.storage.meeting import Meeting
    from chatbench.storage.places import places

    environ = os.environ if environ is None else environ
    return Meeting(places(folder, environ).data, environ)


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
    environ = os.environ if environ is None else environ
    profile, stop_logging = _opened(folder, environ, log_level)
    return _services(_ground(profile, stop_logging, environ, http))


def _opened(
    folder: Path | None, environ: Mapping[str, str], log_level: str
) -> tuple[Profile, Callable[[], None]]:
    """The profile, and what ends its logging."""
    from chatbench.core.errors import ConfigurationError
    from chatbench.storage.logs import start_logging
    from chatbench.storage.profile import Profile

    profile = Profile.open(folder, environ=environ)
    try:
        return profile, start_logging(profile.logs, log_level or environ.get("CHATBENCH_LOG", ""))
    except ConfigurationError:
        profile.close()
        raise


def _ground(
    profile: Profile, stop_logging: Callable[[], None], environ: Mapping[str, str], http: HttpClient | None
) -> _Ground:
    from chatbench.client.environment import Environment
    from chatbench.client.ledger import Ledger
    from chatbench.core.observe import Signal
    from chatbench.services.preferences import PreferencesStore
    from chatbench.storage.conversations import ConversationStore
    from chatbench.storage.database import Database
    from chatbench.storage.files import FileStore
    from chatbench.storage.keyring import KeyStore

    changes: Signal[Changes] = Signal()
    database = Database.open(profile.database, backups=profile.backups)
    key_store = KeyStore(database)
    environment = Environment.open(profile, key_store, environ=environ, http=http, database=database)
    ledger = environment.ledger = Ledger(database, source="batch")
    return _Ground(
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


def _services(ground: _Ground) -> Services:
    from chatbench.client.llm import LLMClient
    from chatbench.services import Services
    from chatbench.services.asides import Asides
    from chatbench.services.batches import BatchService
    from chatbench.services.checking import Checking
    from chatbench.services.context import ContextService
    from chatbench.services.endpoints import EndpointService
    from chatbench.services.exchange import ExchangeService
    from chatbench.services.fragments import FragmentService
    from chatbench.services.history import HistoryService
    from chatbench.services.inspect import InspectService
    from chatbench.services.jobs import JobService
    from chatbench.services.lanes import LaneService
    from chatbench.services.models import ModelService
    from chatbench.services.notices import Notifier
    from chatbench.services.presets import PresetService
    from chatbench.services.promptdrafts import PromptDrafts
    from chatbench.services.providerfiles import ProviderFileService
    from chatbench.services.ratings import RatingService
    from chatbench.services.runs.sources import Sources
    from chatbench.services.spelling import SpellingService
    from chatbench.services.templates import TemplateService
    from chatbench.services.titles import TitleService
    from chatbench.services.trials import TrialService
    from chatbench.services.usage import UsageService
    from chatbench.storage.presets import PresetStore
    from chatbench.storage.ratings import RatingStore
    from chatbench.storage.uploads import UploadStore

    environment, store, changes = ground.environment, ground.store, ground.changes
    notifier, fragments = Notifier(), FragmentService(ground.environ)
    ratings = RatingStore(ground.database)
    models = ModelService(environment, ground.preferences, changes)
    client = LLMClient(environment=environment, keep_raw=False, count_spending=False)
    chat, attachments = _chat(ground, client, models, notifier)
    asides = Asides(store, client, ground.preferences, changes)
    spelling = SpellingService(ground.preferences, ground.profile.preferences.with_name("dictionary.txt"))
    titles = TitleService(store, asides, models, ground.preferences, changes)
    prompts, datasets = _prompts(ground, fragments, attachments), _datasets(ground, attachments)
    checking = Checking(LLMClient(environment=environment, keep_raw=False), models, ground.preferences)
    runs = _runs(ground, models, attachments, Sources(prompts, datasets), checking)
    trials = TrialService(LLMClient(environment=environment, keep_raw=False), prompts, attachments, changes)
    return Services(
        profile=_profile(ground),
        chat=chat,
        lanes=LaneService(store, chat, changes),
        history=HistoryService(store, ground.files, changes),
        inspect=InspectService(store, environment, attachments, UploadStore(ground.database)),
        attachments=attachments,
        provider_files=ProviderFileService(environment, attachments, UploadStore(ground.database), changes),
        batches=BatchService(environment, models),
        jobs=JobService(environment),
        endpoints=EndpointService(environment, changes),
        models=models,
        usage=UsageService(store),
        presets=PresetService(PresetStore(ground.database), store, chat, changes),
        context=ContextService(store, models, attachments, asides, changes),
        titles=titles,
        datasets=datasets,
        ratings=RatingService(ratings, changes),
        exchange=ExchangeService(store, ratings),
        templates=TemplateService(ground.profile.preferences.with_name("templates")),
        prompts=prompts,
        prompt_drafts=PromptDrafts(ground.profile.database.with_name("drafts")),
        trials=trials,
        spelling=spelling,
        checking=checking,
        runs=runs,
        fragments=fragments,
        preferences=ground.preferences,
        changes=changes,
        notifier=notifier,
        closing=(
            runs.aclose,
            trials.aclose,
            checking.aclose,
            spelling.aclose,
            chat.aclose,
            titles.aclose,
            asides.aclose,
            fragments.aclose,
            attachments.aclose,
            *_closing(ground),
        ),
    )


def _chat(
    ground: _Ground, client: LLMClient, models: ModelService, notifier: Notifier
) -> tuple[ChatService, AttachmentService]:
    from chatbench.client.fetching import Fetcher
    from chatbench.services.attachments import AttachmentService
    from chatbench.services.chat import ChatService
    from chatbench.storage.renditions import RenditionStore
    from chatbench.storage.uploads import UploadStore

    attachments = AttachmentService(
        ground.files,
        RenditionStore(ground.files, ground.database),
        UploadStore(ground.database),
        ground.environment,
        Fetcher(ground.environ),
    )
    chat = ChatService(
        ground.store, client, attachments, models, ground.preferences, ground.changes, notifier
    )
    return chat, attachments


def _runs(
    ground: _Ground,
    models: ModelService,
    attachments: AttachmentService,
    sources: Sources,
    checking: Checking,
) -> RunService:
    from chatbench.services.runs import RunService
    from chatbench.storage.runs import RunStore

    return RunService(
        RunStore(ground.database, ground.profile.owner),
        ground.environment,
        models,
        attachments,
        ground.changes,
        sources=sources,
        checks=checking,
    )


def _prompts(ground: _Ground, fragments: FragmentService, attachments: AttachmentService) -> PromptService:
    from chatbench.client.llm import LLMClient
    from chatbench.services.prompts import PromptService
    from chatbench.services.prompts.code import PromptCode
    from chatbench.services.prompts.folders import PromptFolders
    from chatbench.services.prompts.fragments import SharedTexts
    from chatbench.storage.promptfragments import FragmentStore
    from chatbench.storage.prompts import PromptStore

    store = PromptStore(ground.database)
    texts = SharedTexts(FragmentStore(ground.database), fragments, ground.store)
    folders = PromptFolders(store, ground.profile.preferences.with_name("templates"))
    code = PromptCode(ground.environment, attachments)
    client = LLMClient(environment=ground.environment, keep_raw=False)
    return PromptService(store, texts, folders, code, client, ground.changes)


def _datasets(ground: _Ground, attachments: AttachmentService) -> DatasetService:
    from chatbench.client.llm import LLMClient
    from chatbench.services.datasets import DatasetService
    from chatbench.storage.datasets import DatasetStore

    client = LLMClient(environment=ground.environment, keep_raw=False)
    return DatasetService(DatasetStore(ground.database), ground.files, attachments, client, ground.changes)


def _profile(ground: _Ground) -> ProfileService:
    from chatbench.services.profile import ProfileService

    return ProfileService(
        ground.profile,
        ground.database,
        ground.store,
        ground.files,
        ground.key_store,
        ground.environment,
        ground.changes,
    )


def _closing(ground: _Ground) -> tuple[Callable[[], Awaitable[None]], ...]:
    async def release() -> None:
        ground.profile.close()
        ground.stop_logging()

    return ground.environment.aclose, ground.ledger.aclose, ground.database.close, release
