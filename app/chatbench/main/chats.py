"""The services of chats: conversations and their lanes, files, models, context, titles, spelling."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from chatbench.client.fetching import Fetcher
from chatbench.client.llm import LLMClient
from chatbench.services.asides import Asides
from chatbench.services.attachments import AttachmentService
from chatbench.services.chat import ChatService
from chatbench.services.context import ContextService
from chatbench.services.fragments import FragmentService
from chatbench.services.history import HistoryService
from chatbench.services.inspect import InspectService
from chatbench.services.lanes import LaneService
from chatbench.services.models import ModelService
from chatbench.services.notices import Notifier
from chatbench.services.presets import PresetService
from chatbench.services.providerfiles import ProviderFileService
from chatbench.services.spelling import SpellingService
from chatbench.services.templates import TemplateService
from chatbench.services.titles import TitleService
from chatbench.storage.presets import PresetStore
from chatbench.storage.renditions import RenditionStore
from chatbench.storage.uploads import UploadStore

if TYPE_CHECKING:
    from chatbench.main.ground import Ground


class Chats(NamedTuple):
    """What a chat is made of, and what ends it, in order."""

    models: ModelService
    attachments: AttachmentService
    provider_files: ProviderFileService
    chat: ChatService
    lanes: LaneService
    history: HistoryService
    inspect: InspectService
    presets: PresetService
    context: ContextService
    titles: TitleService
    spelling: SpellingService
    fragments: FragmentService
    templates: TemplateService
    notifier: Notifier
    closing: tuple[Callable[[], Awaitable[None]], ...]


def make(ground: Ground) -> Chats:
    """The services of chats on this ground."""
    environment, store, changes = ground.environment, ground.store, ground.changes
    uploads, notifier = UploadStore(ground.database), Notifier()
    models = ModelService(environment, ground.preferences, changes)
    client = LLMClient(environment=environment, keep_raw=False, count_spending=False)
    renditions = RenditionStore(ground.files, ground.database)
    attachments = AttachmentService(ground.files, renditions, uploads, environment, Fetcher(ground.environ))
    chat = ChatService(store, client, attachments, models, ground.preferences, changes, notifier)
    asides = Asides(store, client, ground.preferences, changes)
    titles = TitleService(store, asides, models, ground.preferences, changes)
    spelling = SpellingService(ground.preferences, ground.profile.preferences.with_name("dictionary.txt"))
    return Chats(
        models=models,
        attachments=attachments,
        provider_files=ProviderFileService(environment, attachments, uploads, changes),
        chat=chat,
        lanes=LaneService(store, chat, changes),
        history=HistoryService(store, ground.files, changes),
        inspect=InspectService(store, environment, attachments, uploads),
        presets=PresetService(PresetStore(ground.database), store, chat, changes),
        context=ContextService(store, models, attachments, asides, changes),
        titles=titles,
        spelling=spelling,
        fragments=FragmentService(ground.environ),
        templates=TemplateService(ground.profile.preferences.with_name("templates")),
        notifier=notifier,
        closing=(spelling.aclose, chat.aclose, titles.aclose, asides.aclose),
    )
