"""Batch jobs without a client: for a script that sends one today and fetches its answers tomorrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chatbench.client.defaults import default_environment
from chatbench.client.environment import Environment
from chatbench.client.jobs import Jobs
from chatbench.client.llm import LLMClient
from chatbench.client.sync import synced
from chatbench.core.jobs import Job
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response


async def submit_batch_job(
    prompts: Iterable[Any],
    model: str | ModelRef | None = None,
    *,
    name: str = "",
    environment: Environment | None = None,
    **asking: Any,
) -> Job:
    """Sends prompts to a model of OpenAI, Anthropic, Gemini or Mistral as one batch job, answered within a
    day for about half the price; None is the default model. `prompts` are what `LLMClient.process_prompts`
    takes, `asking` what `LLMClient.complete` takes.

    The job is kept in the profile before it is sent: `wait_for_batch_job` in another process, also after a
    crash, finds it and never sends it twice. Raises what is wrong with any prompt before anything is sent,
    EndpointNotSupported where the provider takes no jobs, and `ProviderError`s where it refuses.
    """
    client = LLMClient(model, environment=environment or default_environment())
    return await client.submit_batch_job(prompts, name=name, **asking)


async def wait_for_batch_job(
    job: Job | str | Sequence[Job | str],
    *,
    environment: Environment | None = None,
    on_progress: Callable[[Job], object] | None = None,
) -> list[Response]:
    """The responses of a job (or its id), or of several, in the order of their prompts, once all have ended;
    what failed carries its error. Cancelled, it ends the waiting, not the job. Raises ConfigurationError for
    a job there is none of."""
    return await jobs_of(environment).wait_for_all(job, on_progress)


async def list_batches(*, environment: Environment | None = None) -> list[Job]:
    """The batch jobs of the profile, newest first, as they were last looked at."""
    return await jobs_of(environment).jobs()


async def cancel_batch_job(job: Job | str, *, environment: Environment | None = None) -> Job:
    """Stops a job; what is answered already can still be waited for."""
    return await jobs_of(environment).cancel(job if isinstance(job, str) else job.id)


def jobs_of(environment: Environment | None) -> Jobs:
    """All there is to do with the jobs of a profile: the default one's, where none is given."""
    return Jobs(environment or default_environment())


submit_batch_job_sync = synced(submit_batch_job)
wait_for_batch_job_sync = synced(wait_for_batch_job)
list_batches_sync = synced(list_batches)
cancel_batch_job_sync = synced(cancel_batch_job)
