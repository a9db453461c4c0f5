"""Batch jobs: kept before they are sent, sent once, looked at until they end, each answer kept once.

Nothing looks at a job but whoever waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.jobpieces import Pieces, Where
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import (
    ConfigurationError,
    ProviderError,
    StreamInterrupted,
    Timeout,
    Unreachable,
)
from chatbench.core.ids import new_id
from chatbench.core.jobs import Job, RemoteJob
from chatbench.core.requests import Request, Response
from chatbench.providers.wire import HttpWire
from chatbench.storage.jobs import JobStore

log = logging.getLogger(__name__)
FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S, _GROWTH = 300.0, 1.5
_GROUP = 200
_PASSING = (Timeout, Unreachable, StreamInterrupted)


class Jobs:
    """The batch jobs of a profile. Everything raises StorageError, ConfigurationError for a job there is
    none of, `ProviderError`s, and whatever finding the key raises."""

    def __init__(
        self,
        environment: Environment,
        where: Where | None = None,
        *,
        pause_s: float = FIRST_PAUSE_S,
        told: Callable[[str], object] | None = None,
    ) -> None:
        """`pause_s` is the first between two looks; `told` is called with the id of a job that has become
        another. Raises ConfigurationError where the environment has no database."""
        self._store = JobStore(environment.need_database())
        self._pieces = Pieces(
            environment, self._store, where or (lambda provider: (environment.endpoint(provider), None))
        )
        self._pause_s = pause_s
        self._told = told

    async def submit(
        self, requests: Iterable[tuple[str, Request]], *, name: str = "", source: str = ""
    ) -> Job:
        """Sends requests, each under an id of its own, in as many pieces as it takes; `source` says for whom.
        What is wrong with any of them is raised before anything is sent; so is a refusal of all pieces, and
        nothing is kept then. A piece that could not be sent in passing is sent by `wait`."""
        asked = [(custom_id, whole(request)) for custom_id, request in requests]
        _refuse_doubles(asked)
        pieces = await self._pieces.cut(asked)
        job_id = new_id()
        await self._store.create(job_id, name, asked, pieces, source=source)
        job, errors = await self._advance(job_id)
        refused = [error for error in errors if not _in_passing(error)]
        if refused and all(piece.state == "ready" for piece in job.pieces):
            await self._store.delete(job_id)
            self._tell(job_id)
            raise refused[0]
        return job

    async def jobs(self, *, source: str | None = None) -> list[Job]:
        """All that are kept here, newest first, as they were last looked at; with `source`, those that were
        sent for it and whose answers have not gone there yet."""
        return await self._store.jobs(source=source)

    async def get(self, job_id: str) -> Job:
        """As it was last looked at."""
        return await self._store.get(job_id)

    async def look(self, job_id: str) -> Job:
        """Asks the providers once. What fails in passing is tried at the next look."""
        job, errors = await self._advance(job_id)
        for error in errors:
            if not _in_passing(error):
                raise error
        return job

    async def follow(self, job_id: str) -> AsyncGenerator[Job, None]:
        """The job after each look, at longer and longer pauses and no sooner than a provider wishes, until
        every piece has ended."""
        pause = self._pause_s
        while True:
            job, errors = await self._advance(job_id)
            yield job
            for error in errors:
                if not _in_passing(error):
                    raise error
            if job.state != "open":
                return
            wished = max((error.retry_after or 0.0 for error in errors), default=0.0)
            await asyncio.sleep(max(pause, wished))
            pause = min(_GROWTH * pause, max(self._pause_s, _LONGEST_PAUSE_S))

    async def wait(self, job_id: str, on_progress: Callable[[Job], object] | None = None) -> Job:
        """Follows it to its end."""
        job = await self._store.get(job_id)
        async with aclosing(self.follow(job_id)) as looks:
            async for job in looks:
                if on_progress is not None:
                    on_progress(job)
        return job

    async def wait_for_all(
        self, job: Job | str | Sequence[Job | str], on_progress: Callable[[Job], object] | None = None
    ) -> list[Response]:
        """The responses of a job, or of several, in the order they were asked, once all have ended."""
        several = [job] if isinstance(job, Job | str) else list(job)
        ids = [one if isinstance(one, str) else one.id for one in several]
        await asyncio.gather(*(self.wait(job_id, on_progress) for job_id in ids))
        return [response for job_id in ids async for _, response in self.collect(job_id)]

    async def cancel(self, job_id: str) -> Job:
        """Nothing of it is sent any more, and providers are told to stop; what is answered already stays,
        and `wait` fetches it."""
        job = await self._store.get(job_id)
        if job.state != "open":
            return job
        await self._store.cancelled(job_id)
        for piece in job.pieces:
            if piece.state == "working":
                at = await self._pieces.at(piece.provider)
                await at.work.cancel(at.place, piece.remote_id)
        return await self.look(job_id)

    async def again(self, job_id: str) -> Job:
        """Asks what failed, expired or was cancelled once more, as part of the same job. Raises
        ConfigurationError where it has not ended, nothing is missing, or a run asks for it."""
        job = await self._store.get(job_id)
        if job.source:
            raise ConfigurationError(
                "The batch job belongs to a run.", "Go on with the run: it asks for what is missing."
            )
        missing = await self._store.missing(job_id)
        if job.state == "open" or not missing:
            told = "has not ended yet" if job.state == "open" else "misses no answer"
            raise ConfigurationError(f"The batch job {told}.", "See `chatbench jobs list`.")
        await self._store.ask_again(job_id, await self._pieces.cut(missing))
        return await self.look(job_id)

    async def collect(self, job_id: str, piece_id: str = "") -> AsyncGenerator[tuple[str, Response], None]:
        """Custom id and response of every request that has a result, in the order they were given, or of
        those of one piece; a response carries its error. Asks nobody."""
        await self._store.get(job_id)
        after = 0
        while found := await self._store.results(job_id, after, _GROUP, piece_id=piece_id):
            for _, custom_id, response in found:
                yield custom_id, response
            after = found[-1][0]

    async def asked(self, job_id: str) -> list[str]:
        """The custom ids of its requests, in their order."""
        return await self._store.custom_ids(job_id)

    async def collected(self, job_id: str) -> None:
        """Its answers have gone to whom they were sent for."""
        await self._store.collected(job_id)
        self._tell(job_id)

    async def size(self, request: Request) -> int:
        """Bytes of a request in a job. Raises what is wrong with it."""
        return self._pieces.size(await self._pieces.at(request.model.provider), whole(request))

    async def remote(self, provider: str) -> list[RemoteJob]:
        """What the provider tells of all jobs there, also those of others, newest first."""
        at = await self._pieces.at(provider)
        return await at.work.every(at.place)

    async def delete(self, job_id: str) -> None:
        """Forgets a job that has ended, with its answers. Raises ConfigurationError where it has not."""
        if (await self._store.get(job_id)).state == "open":
            raise ConfigurationError("The batch job has not ended yet.", "Cancel it, or wait for it.")
        await self._store.delete(job_id)
        self._tell(job_id)

    async def _advance(self, job_id: str) -> tuple[Job, list[ProviderError]]:
        """One step of every piece that has not ended, and what went wrong."""
        before = await self._store.get(job_id)
        errors: list[ProviderError] = []
        for piece in before.pieces:
            try:
                await self._pieces.step(before, piece)
            except ProviderError as error:
                log.info("batch job %s: %s", job_id, type(error).__name__)
                errors.append(error)
        job = await self._store.get(job_id)
        if job != before:
            self._tell(job_id)
        return job, errors

    def _tell(self, job_id: str) -> None:
        if self._told is not None:
            self._told(job_id)


def takes_jobs(environment: Environment, endpoint: Endpoint) -> bool:
    """Whether models of this provider can be asked by batch jobs."""
    wire = environment.registry.wire(endpoint.wire)
    return endpoint.quirks.batch_jobs and isinstance(wire, HttpWire) and wire.jobs is not None


def whole(request: Request) -> Request:
    """As it goes into a job, which has no place for headers or addresses of single requests, and is kept.
    Raises ConfigurationError for one that has some."""
    if request.extra_headers or request.extra_query or request.api_version:
        raise ConfigurationError(
            "A request of a batch job cannot have headers, a query or an API version of its own.",
            "Leave them out, or ask as usual.",
        )
    parameters = request.parameters
    if parameters.background or parameters.service_tier:
        parameters = msgspec.structs.replace(parameters, background=None, service_tier=None)
    return msgspec.structs.replace(request, stream=False, parameters=parameters, base_url="")


def _refuse_doubles(asked: Sequence[tuple[str, Any]]) -> None:
    if not asked:
        raise ConfigurationError("There is nothing to ask.", "Give at least one request.")
    seen: set[str] = set()
    for custom_id, _ in asked:
        if custom_id in seen:
            raise ConfigurationError(f"The id {custom_id!r} stands there twice.", "Give each its own.")
        seen.add(custom_id)


def _in_passing(error: ProviderError) -> bool:
    return error.retryable or isinstance(error, _PASSING)
