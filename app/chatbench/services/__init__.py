"""What the program does, one noun a module. No Qt here, and nothing of the terminal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatbench.core.changes import Changes
from chatbench.core.observe import Signal

if TYPE_CHECKING:
    from chatbench.services.attachments import AttachmentService
    from chatbench.services.batches import BatchService
    from chatbench.services.chat import ChatService
    from chatbench.services.checking import Checking
    from chatbench.services.context import ContextService
    from chatbench.services.datasets import DatasetService
    from chatbench.services.endpoints import EndpointService
    from chatbench.services.exchange import ExchangeService
    from chatbench.services.fragments import FragmentService
    from chatbench.services.history import HistoryService
    from chatbench.services.inspect import InspectService
    from chatbench.services.jobs import JobService
    from chatbench.services.lanes import LaneService
    from chatbench.services.models import ModelService
    from chatbench.services.notices import Notifier
    from chatbench.services.preferences import PreferencesStore
    from chatbench.services.presets import PresetService
    from chatbench.services.profile import ProfileService
    from chatbench.services.promptdrafts import PromptDrafts
    from chatbench.services.prompts import PromptService
    from chatbench.services.providerfiles import ProviderFileService
    from chatbench.services.ratings import RatingService
    from chatbench.services.runs import RunService
    from chatbench.services.spelling import SpellingService
    from chatbench.services.templates import TemplateService
    from chatbench.services.titles import TitleService
    from chatbench.services.trials import TrialService
    from chatbench.services.usage import UsageService
    from chatbench.services.workbench import LaterWorkbench


@dataclass(frozen=True)
class Services:
    """All services of one profile: what the window, the terminal and the tests are handed.

    Those of the workbench are made when one is first asked for.
    """

    profile: ProfileService
    chat: ChatService
    lanes: LaneService
    history: HistoryService
    inspect: InspectService
    attachments: AttachmentService
    provider_files: ProviderFileService
    endpoints: EndpointService
    models: ModelService
    usage: UsageService
    ratings: RatingService
    context: ContextService
    titles: TitleService
    presets: PresetService
    exchange: ExchangeService
    templates: TemplateService
    spelling: SpellingService
    fragments: FragmentService
    preferences: PreferencesStore
    changes: Signal[Changes]
    notifier: Notifier
    later: LaterWorkbench = field(repr=False)
    closing: tuple[Callable[[], Awaitable[None]], ...] = field(default=(), repr=False)

    @property
    def prompts(self) -> PromptService:
        return self.later().prompts

    @property
    def prompt_drafts(self) -> PromptDrafts:
        return self.later().prompt_drafts

    @property
    def trials(self) -> TrialService:
        return self.later().trials

    @property
    def datasets(self) -> DatasetService:
        return self.later().datasets

    @property
    def checking(self) -> Checking:
        return self.later().checking

    @property
    def runs(self) -> RunService:
        return self.later().runs

    @property
    def batches(self) -> BatchService:
        return self.later().batches

    @property
    def jobs(self) -> JobService:
        return self.later().jobs

    async def aclose(self) -> None:
        """Ends everything in order: no new work, answers, connections, the database."""
        for close in self.closing:
            await close()
