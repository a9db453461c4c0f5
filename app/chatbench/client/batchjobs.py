"""The client's batch jobs: many prompts for about half the price, answered within a day."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from chatbench.client.asking import Asked
from chatbench.client.budget import Budgets, Reservation
from chatbench.client.cache import Cached
from chatbench.client.environment import Environment
from chatbench.client.many import PromptItem
from chatbench.client.reckoning import expected_of
from chatbench.client.sync import synced
from chatbench.core.endpoints import Endpoint
from chatbench.core.jobs import Job
from chatbench.core.requests import Request, Response
from chatbench.core.secrets import Secret

if TYPE_CHECKING:
    from chatbench.client.jobs import Jobs


class BatchJobs(ABC):
    """The part of the client that asks by batch jobs, which are kept in the profile: another process may
    wait for them. Raises as `Jobs` does."""

    environment: Environment
    _budgets: Budgets | None
    _cached: Cached | None

    @abstractmethod
    def _place(self, provider: str) -> tuple[Endpoint, Secret | None]: ...

    @abstractmethod
    def _asked(self, asking: dict[str, Any], *, stream: bool) -> Asked: ...

    @abstractmethod
    def _prepared(self, prompt: Any, asked: Asked, options: dict[str, Any]) -> Request: ...

    @property
    def jobs(self) -> Jobs:
        """All there is to do with batch jobs."""
        from chatbench.client.jobs import Jobs

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

    @property
    def share(self) -> Share:
        """The budget and the cache of its calls, for requests that go by batch jobs."""
        return Share(self.environment, self._budgets, self._cached)

    async def wait_for_batch_job(
        self, job: Job | str | Sequence[Job | str], *, on_progress: Callable[[Job], object] | None = None
    ) -> list[Response]:
        """The responses of a job, or of several, in the order of their prompts, once all have ended; what
        failed carries its error."""
        return await self.jobs.wait_for_all(job, on_progress)

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


class Share:
    """A client's budget and cache, as whoever sends batch jobs or asks for embeddings uses them beside its
    calls."""

    def __init__(self, environment: Environment, budgets: Budgets | None, cached: Cached | None) -> None:
        self.environment, self._budgets, self._cached = environment, budgets, cached

    async def hold(self, request: Request, output_tokens: int, *, sent: bool = False) -> Reservation | None:
        """Sets aside what a request is expected to take as part of a batch job, with an answer of so many
        tokens, from the budget that the client's calls share; None where it has none. What is `sent` already
        is set aside in any case. Raises BudgetExceeded."""
        if self._budgets is None:
            return None
        await self._budgets.ready()
        environment = self.environment
        endpoint = environment.endpoint(request.model.provider)
        info = environment.catalogue.info(request.model)
        need = expected_of(request, info, endpoint, environment.pricing, datetime.now(UTC), output_tokens)
        return self._budgets.hold(request, info, endpoint, need, sent=sent)

    async def admit(self, request: Request, output_tokens: int) -> Reservation | None:
        """The same for a request that is sent by itself: it waits where nothing but calls in flight is in
        the way."""
        if self._budgets is None:
            return None
        environment = self.environment
        endpoint = environment.endpoint(request.model.provider)
        info = environment.catalogue.info(request.model)
        at, pricing = datetime.now(UTC), environment.pricing
        need = expected_of(request, info, endpoint, pricing, at, output_tokens, service="")
        return await self._budgets.acquire(request, info, endpoint, need=need)

    async def kept(self, request: Request) -> Response | None:
        """The answer that the client's cache has for the request."""
        return None if self._cached is None else await self._cached.get(self._addressed(request))

    async def keep(self, request: Request, response: Response) -> None:
        """Puts an answer that came by a batch job into the client's cache."""
        if self._cached is not None:
            await self._cached.put(self._addressed(request), response)

    def _addressed(self, request: Request) -> Request:
        """With the address it goes to, as calls put it into the cache."""
        endpoint = self.environment.keys.effective(self.environment.endpoint(request.model.provider))
        return msgspec.structs.replace(request, base_url=endpoint.base_url)
