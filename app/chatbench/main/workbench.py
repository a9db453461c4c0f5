"""The services of the workbench: prompts and their trials, data sets, checks, runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbench.client.llm import LLMClient
from chatbench.services.batches import BatchService
from chatbench.services.checking import Checking
from chatbench.services.datasets import DatasetService
from chatbench.services.jobs import JobService
from chatbench.services.promptdrafts import PromptDrafts
from chatbench.services.prompts import PromptService
from chatbench.services.prompts.code import PromptCode
from chatbench.services.prompts.folders import PromptFolders
from chatbench.services.prompts.fragments import SharedTexts
from chatbench.services.runs import RunService
from chatbench.services.runs.sources import Sources
from chatbench.services.trials import TrialService
from chatbench.services.workbench import Workbench
from chatbench.storage.datasets import DatasetStore
from chatbench.storage.promptfragments import FragmentStore
from chatbench.storage.prompts import PromptStore
from chatbench.storage.runs import RunStore

if TYPE_CHECKING:
    from chatbench.main.chats import Chats
    from chatbench.main.ground import Ground
    from chatbench.services.attachments import AttachmentService
    from chatbench.services.fragments import FragmentService


def make(ground: Ground, chats: Chats, *, shared_loop: bool) -> Workbench:
    """The services of the workbench on this ground, beside those of chats."""
    models, attachments = chats.models, chats.attachments
    prompts = _prompts(ground, chats.fragments, attachments)
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
        shared_loop=shared_loop,
    )
    return Workbench(
        prompts=prompts,
        prompt_drafts=PromptDrafts(ground.profile.database.with_name("drafts")),
        trials=trials,
        datasets=datasets,
        checking=checking,
        runs=runs,
        batches=BatchService(ground.environment, models),
        jobs=JobService(ground.environment, ground.changes),
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
