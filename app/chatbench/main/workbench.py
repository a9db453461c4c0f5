"""The services of the workbench: prompts and their trials, data sets, checks, runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from chatbench.client.llm import LLMClient
from chatbench.services.checking import Checking
from chatbench.services.datasets import DatasetService
from chatbench.services.fragments import FragmentService
from chatbench.services.promptdrafts import PromptDrafts
from chatbench.services.prompts import PromptService
from chatbench.services.prompts.code import PromptCode
from chatbench.services.prompts.folders import PromptFolders
from chatbench.services.prompts.fragments import SharedTexts
from chatbench.services.runs import RunService
from chatbench.services.runs.sources import Sources
from chatbench.services.templates import TemplateService
from chatbench.services.trials import TrialService
from chatbench.storage.datasets import DatasetStore
from chatbench.storage.promptfragments import FragmentStore
from chatbench.storage.prompts import PromptStore
from chatbench.storage.runs import RunStore

if TYPE_CHECKING:
    from chatbench.main.ground import Ground
    from chatbench.services.attachments import AttachmentService
    from chatbench.services.models import ModelService


class Workbench(NamedTuple):
    """What the workbench is made of, and what ends it, in order: what asks models before what is asked
    about files and texts."""

    fragments: FragmentService
    templates: TemplateService
    prompts: PromptService
    prompt_drafts: PromptDrafts
    trials: TrialService
    datasets: DatasetService
    checking: Checking
    runs: RunService
    closing: tuple[Callable[[], Awaitable[None]], ...]


def make(ground: Ground, models: ModelService, attachments: AttachmentService) -> Workbench:
    """The services of the workbench on this ground, beside those of chats."""
    fragments = FragmentService(ground.environ)
    prompts = _prompts(ground, fragments, attachments)
    datasets = DatasetService(
        DatasetStore(ground.database), ground.files, attachments, _client(ground), ground.changes
    )
    checking = Checking(_client(ground), models, ground.preferences)
    trials = TrialService(_client(ground), prompts, attachments, ground.changes)
    runs = RunService(
        RunStore(ground.database, ground.profile.owner),
        ground.environment,
        models,
        attachments,
        ground.changes,
        sources=Sources(prompts, datasets),
        checks=checking,
    )
    return Workbench(
        fragments=fragments,
        templates=TemplateService(ground.profile.preferences.with_name("templates")),
        prompts=prompts,
        prompt_drafts=PromptDrafts(ground.profile.database.with_name("drafts")),
        trials=trials,
        datasets=datasets,
        checking=checking,
        runs=runs,
        closing=(runs.aclose, trials.aclose, checking.aclose),
    )


def _prompts(ground: Ground, fragments: FragmentService, attachments: AttachmentService) -> PromptService:
    store = PromptStore(ground.database)
    texts = SharedTexts(FragmentStore(ground.database), fragments, ground.store)
    folders = PromptFolders(store, ground.profile.preferences.with_name("templates"))
    code = PromptCode(ground.environment, attachments)
    return PromptService(store, texts, folders, code, _client(ground), ground.changes)


def _client(ground: Ground) -> LLMClient:
    return LLMClient(environment=ground.environment, keep_raw=False)
