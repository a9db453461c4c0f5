"""Batch jobs at providers: from a file of prompts, and for whoever has requests of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.jobs import Jobs
from chatbench.client.llm import LLMClient
from chatbench.client.many import PromptItem
from chatbench.core.changes import Changes
from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.jobs import Job, RemoteJob
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.core.requests import Request, Response
from chatbench.services.batchlines import lines_of
from chatbench.storage.textfiles import replace_file

_SHORTEST = 6


class JobService:
    """The batch jobs of the profile. `job` is an id, or a beginning of one that is long enough and no
    other's. Everything raises as `client.jobs.Jobs` does."""

    def __init__(self, environment: Environment, changes: Signal[Changes] | None = None) -> None:
        """`changes` is told of jobs that have become others."""
        self._environment = environment
        self._changes = changes
        self._jobs = Jobs(environment, told=self._tell)

    async def submit(self, requests: Iterable[tuple[str, Request]], *, name: str = "") -> Job:
        """Sends requests, each under an id of its own."""
        return await self._jobs.submit(requests, name=name)

    async def submit_file(
        self, source: Path, model: ModelRef, *, system: str = "", parameters: Parameters = Parameters()
    ) -> Job:
        """Sends every prompt of a `.jsonl` or `.csv` file; a line without an id has its number for one.
        Raises FormatError for a line that cannot be read, before anything is sent."""
        items: list[PromptItem] = []
        for line in lines_of(source):
            if line.item is None:
                problem = line.problem
                told = problem.message if problem else "it is no prompt"
                raise FormatError(
                    f"{source.name}, line {line.number}: {told}", problem.hint if problem else ""
                )
            item = line.item
            items.append(item if item.id else msgspec.structs.replace(item, id=str(line.number)))
        client = LLMClient(model, environment=self._environment, system=system, parameters=parameters)
        job = await client.submit_batch_job(items, name=source.name)
        self._tell(job.id)
        return job

    async def all(self) -> list[Job]:
        """Newest first, as they were last looked at."""
        return await self._jobs.jobs()

    async def find(self, job: str) -> Job:
        """The job that is meant. Raises ConfigurationError where none or several are."""
        found = [one for one in await self._jobs.jobs() if one.id.startswith(job)]
        exact = [one for one in found if one.id == job]
        if exact or (len(found) == 1 and len(job) >= _SHORTEST):
            return (exact or found)[0]
        told = "Several batch jobs begin" if len(found) > 1 else "There is no batch job that begins"
        raise ConfigurationError(f"{told} with {job!r}.", "See `chatbench jobs list`.")

    async def look(self, job: str) -> Job:
        """Asks the providers once."""
        return await self._jobs.look((await self.find(job)).id)

    async def follow(self, job: str) -> AsyncGenerator[Job, None]:
        """The job after each look, until it has ended."""
        async with aclosing(self._jobs.follow((await self.find(job)).id)) as looks:
            async for looked in looks:
                yield looked

    async def wait(self, job: str, on_progress: Callable[[Job], object] | None = None) -> Job:
        """Until it has ended."""
        return await self._jobs.wait((await self.find(job)).id, on_progress)

    async def cancel(self, job: str) -> Job:
        """What is answered already stays."""
        return await self._jobs.cancel((await self.find(job)).id)

    async def again(self, job: str) -> Job:
        """Asks what is missing once more."""
        return await self._jobs.again((await self.find(job)).id)

    async def collect(self, job: str) -> AsyncIterator[tuple[str, Response]]:
        """What there is by now, in the order it was asked."""
        async for result in self._jobs.collect((await self.find(job)).id):
            yield result

    async def write(self, job: str, path: Path) -> int:
        """Writes what there is by now into a file of JSON lines; returns how many. Raises StorageError where
        it cannot be written."""
        lines = [result_line(custom_id, response) async for custom_id, response in self.collect(job)]
        await asyncio.to_thread(replace_file, path, "".join(f"{line}\n" for line in lines).encode())
        return len(lines)

    async def remote(self, provider: str) -> list[RemoteJob]:
        """All jobs at a provider, also those of others."""
        return await self._jobs.remote(provider)

    def _tell(self, job_id: str) -> None:
        if self._changes is not None:
            self._changes.emit(Changes(jobs=frozenset({job_id})))


def result_line(custom_id: str, response: Response) -> str:
    """An answer as a line of JSON."""
    error = response.error
    told = {
        "id": custom_id,
        "model": str(response.model),
        "text": response.text,
        "cost": response.cost.amount if response.cost else None,
        "error": None if error is None else {"kind": error.kind, "message": error.message},
    }
    return msgspec.json.encode(told).decode()
