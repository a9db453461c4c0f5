"""The client's batch jobs: many prompts for about half the price, answered within a day."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chatbench.client.asking import Asked
from chatbench.client.environment import Environment
from chatbench.client.jobs import Jobs
from chatbench.client.many import PromptItem
from chatbench.client.sync import synced
from chatbench.core.endpoints import Endpoint
from chatbench.core.jobs import Job
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret


class BatchJobs(ABC):
    """The part of the client that asks by batch jobs, which are kept in the profile: another process may
    wait for them. Raises as `Jobs` does."""

    environment: Environment

    @abstractmethod
    def _place(self, provider: str) -> tuple[Endpoint, Secret | None]: ...

    @abstractmethod
    def _asked(self, asking: dict[str, Any], *, stream: bool) -> Asked: ...

    @abstractmethod
    def _prepared(self, prompt: Any, asked: Asked, options: dict[str, Any]) -> Request: ...

    @property
    def jobs(self) -> Jobs:
        """All there is to do with batch jobs."""
        return Jobs(self.environment, self._place)

    async def submit_batch_job(self, prompts: Iterable[Any], *, name: str = "", **asking: Any) -> Job:
        """Sends prompts, as `process_prompts` takes them, as one batch job (in several pieces where the
        provider takes no more at once). `asking` is what `complete` takes. Raises what is wrong with any
        prompt before anything is sent."""
        asked = self._asked(asking, stream=False)
        requests = [
            (_id_of(prompt, number), self._prepared(prompt, asked, asking))
            for number, prompt in enumerate(prompts)
        ]
        return await self.jobs.submit(requests, name=name)

    submit_batch_job_sync = synced(submit_batch_job)

    async def wait_for_batch_job(
        self, job: Job | str | Sequence[Job | str], *, on_progress: Callable[[Job], object] | None = None
    ) -> list[Response]:
        """The responses of a job, or of several, in the order of their prompts, once all have ended; what
        failed carries its error."""
        several = [job] if isinstance(job, Job | str) else list(job)
        responses: list[Response] = []
        for one in several:
            job_id = one if isinstance(one, str) else one.id
            await self.jobs.wait(job_id, on_progress)
            responses += [response async for _, response in self.jobs.collect(job_id)]
        return responses

    wait_for_batch_job_sync = synced(wait_for_batch_job)

    async def list_batches(self) -> list[Job]:
        """The batch jobs of this profile, newest first."""
        return await self.jobs.jobs()

    list_batches_sync = synced(list_batches)

    async def cancel_batch_job(self, job: Job | str) -> Job:
        """Stops a job; what is answered already can still be waited for."""
        return await self.jobs.cancel(job if isinstance(job, str) else job.id)

    cancel_batch_job_sync = synced(cancel_batch_job)

    async def retry_batch_job(self, job: Job | str) -> Job:
        """Asks what failed, expired or was cancelled once more, in the same job."""
        return await self.jobs.again(job if isinstance(job, str) else job.id)

    retry_batch_job_sync = synced(retry_batch_job)


def _id_of(prompt: Any, number: int) -> str:
    told = prompt.id if isinstance(prompt, PromptItem) else None
    return str(number) if told in (None, "") else str(told)
