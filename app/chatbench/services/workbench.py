"""The services of the workbench, made when one is first asked for: a chat needs none of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chatbench.services.batches import BatchService
    from chatbench.services.checking import Checking
    from chatbench.services.datasets import DatasetService
    from chatbench.services.jobs import JobService
    from chatbench.services.promptdrafts import PromptDrafts
    from chatbench.services.prompts import PromptService
    from chatbench.services.runs import RunService
    from chatbench.services.trials import TrialService


class Workbench(NamedTuple):
    """Prompts and their trials, data sets, checks, runs, many prompts at a time; and what ends them, in
    order."""

    prompts: PromptService
    prompt_drafts: PromptDrafts
    trials: TrialService
    datasets: DatasetService
    checking: Checking
    runs: RunService
    batches: BatchService
    jobs: JobService
    closing: tuple[Callable[[], Awaitable[None]], ...]


class LaterWorkbench:
    """The workbench, made at the first call."""

    def __init__(self, make: Callable[[], Workbench]) -> None:
        self._make = make
        self._made: Workbench | None = None

    def __call__(self) -> Workbench:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def aclose(self) -> None:
        """Ends what was made, in order."""
        if self._made is not None:
            for close in self._made.closing:
                await close()
