"""Cells that are asked by batch jobs of their providers: sent, waited for, taken over, each once.

What a job was asked is written down before it is sent, and so are its answers before any of them becomes a
cell: a run that goes on after a quit or a crash first takes up the jobs that were sent for it. A cell says by
which job it was answered; an answer that it has had already is not taken again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple, Protocol

from chatbench.client.budget import Reservation
from chatbench.client.jobs import Jobs
from chatbench.core.errors import BudgetExceeded, ChatbenchError, ErrorReport, FormatError, ProviderError
from chatbench.core.jobs import Job
from chatbench.core.requests import Request, Response
from chatbench.core.runs import Run, RunRow, RunState
from chatbench.services.runs.asking import Answered, Asker, answered_by, failed_cell, fingerprint_of
from chatbench.services.runs.feeding import Due, Feed, Lane
from chatbench.services.runs.turns import Turns
from chatbench.storage.runs import DUE, UNCHECKED, RunStore, key_of, place_of

log = logging.getLogger(__name__)
_LARGEST_JOB = 10_000
"""Requests of one job: all of them are in memory while it is made."""
_LARGEST_JOB_BYTES = 32 * 1024 * 1024
_PAGE = 64
"""Rows, or cells, that are read at once."""
_UNASKED = DUE - {UNCHECKED}
_TRIES = 3
_USUAL_OUTPUT = 300
_MARK = 16
"""Letters of a fingerprint that stand in a request's id."""


class Table(Protocol):
    """The run as it is carried out."""

    state: RunState
    concurrent: int

    async def one(self, due: Due, answered: Answered | None = None) -> None:
        """Takes over and checks a cell; asks it first where it is not answered."""

    async def outputs(self, due: Due) -> dict[str, str] | None:
        """The answers that a cell goes on from; None where one is missing."""

    async def written(self) -> None:
        """Returns when what was taken over is in the database. Raises StorageError."""

    def end(self, state: RunState, reason: str = "", *, at_once: bool = False) -> None:
        """Asks no more."""


class _Sent(NamedTuple):
    """Where a cell is, and what is set aside for it."""

    job_id: str
    held: Reservation | None


class _Draft:
    """The requests of a job to be."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self.held: dict[int, Reservation | None] = {}
        self.size = 0

    @property
    def is_full(self) -> bool:
        return len(self.requests) >= _LARGEST_JOB or self.size >= _LARGEST_JOB_BYTES


class Batching:
    """The part of one run that goes by batch jobs, from where it stood until it is over or left."""

    def __init__(
        self,
        run: Run,
        columns: frozenset[int],
        states: bytearray,
        store: RunStore,
        asker: Asker,
        jobs: Jobs,
        usual: Mapping[str, tuple[float, float]],
        turns: Turns | None = None,
    ) -> None:
        """`columns` go by jobs; `states` is that of every cell; `usual` are the output tokens of an answer,
        first of each pair, by model; with `turns` nothing is begun out of turn."""
        self.columns = columns
        self._run, self._states, self._store, self._asker, self._jobs = run, states, store, asker, jobs
        self._source = source_of(run.id)
        self._share = asker.client.share
        self._usual = usual
        self._lane = Lane(run, [], states, store)
        self._rows: dict[int, RunRow] = {}
        self._turns = turns
        self._sent: dict[int, _Sent] = {}
        self._over: set[int] = set()
        self._tries: Counter[int] = Counter()
        self._live: set[int] = set()
        self._stopped_before: set[str] = set()
        self._following: dict[str, asyncio.Task[None]] = {}
        self._taking: set[asyncio.Task[None]] = set()
        self._left = asyncio.Event()
        self._short: BudgetExceeded | None = None
        self._table: Table

    @property
    def in_jobs(self) -> int:
        """How many cells providers have at the moment."""
        return len(self._sent)

    def leave(self) -> None:
        """Waits for jobs no more; they go on at their providers."""
        self._left.set()

    async def go(self, table: Table) -> None:
        """Asks what is due of its columns; returns when all is answered, or it was left. Jobs of a run that
        was stopped are cancelled."""
        self._table = table
        self._slots = asyncio.Semaphore(max(1, table.concurrent))
        loop = asyncio.get_running_loop()
        work, leaving = loop.create_task(self._work()), loop.create_task(self._left.wait())
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(work, leaving, *self._following.values())
            if self._taking:
                await asyncio.wait(self._taking)
        error = None if work.cancelled() else work.exception()
        if isinstance(error, ChatbenchError):
            table.end("paused", f"{error.message} {error.hint}".rstrip())
        elif error is not None:
            raise error
        if table.state == "stopped":
            await cancel_jobs(self._jobs, self._run.id)

    async def _work(self) -> None:
        for job in reversed(await self._jobs.jobs(source=self._source)):
            await self._adopt(job)
        while True:
            before = len(self._over)
            room = await self._send_due()
            while self._taking:
                await asyncio.wait(self._taking)
            if self._following:
                await self._some_job()
            elif not room and self._short is not None:
                raise self._short
            elif len(self._over) == before:
                return

    async def _some_job(self) -> None:
        """Returns when one has ended and is taken over. Raises what following it raises."""
        done, _ = await asyncio.wait(self._following.values(), return_when=asyncio.FIRST_COMPLETED)
        for job_id, task in list(self._following.items()):
            if task in done:
                del self._following[job_id]
                task.result()

    # Sending

    async def _adopt(self, job: Job) -> None:
        """Takes up a job that was sent for this run before; cells that have its answer are not in it."""
        if job.stopped or job.state != "open":
            self._stopped_before.add(job.id)
        asked = [int(custom_id.partition("-")[0]) for custom_id in await self._jobs.asked(job.id)]
        due = [place for place in asked if place < self._run.total and self._states[place] in _UNASKED]
        answered = await self._answered_by(job.id, due)
        for place in due:
            if place not in answered:
                self._sent[place] = _Sent(job.id, await self._held_for(place))
        self._follow(job.id)

    async def _answered_by(self, job_id: str, places: Sequence[int]) -> set[int]:
        """Of these cells those whose answer, though it is not wanted any more, came by this job."""
        found: set[int] = set()
        for first in sorted({place - place % _PAGE for place in places}):
            cells = await self._store.cells(self._run, first, _PAGE)
            found.update(place_of(self._run, cell.key) for cell in cells if cell.job == job_id)
        return found

    async def _held_for(self, place: int) -> Reservation | None:
        """What a cell that was sent may still take of the budget."""
        if self._run.plan.limits.budget is None:
            return None
        found = await self._request(await self._due(place))
        return None if found is None else await self._hold(found[0], sent=True)

    async def _send_due(self) -> bool:
        """Sends what is due and can be sent yet; False where the budget had no room for all of it."""
        feed = Feed(self._run, self._states, self._store, self.columns)
        draft = _Draft()
        room = True
        while room and (due := await feed.next()) is not None:
            due.lane.in_flight -= 1
            await self._turn()
            if due.place in self._over or due.place in self._sent:
                continue
            if self._states[due.place] == UNCHECKED or due.place in self._live:
                await self._take(due)
            elif self._is_ready(due):
                room = await self._draw_up(due, draft)
                if draft.is_full:
                    await self._submit(draft)
                    draft = _Draft()
        if draft.requests:
            await self._submit(draft)
        return room

    def _is_ready(self, due: Due) -> bool:
        """Whether nothing that it goes on from is still to be answered."""
        for column in self._run.columns[due.key.column].outputs_of.values():
            key = due.key.__class__(due.key.row, column, due.key.repeat)
            place = place_of(self._run, key)
            if place not in self._over and (self._states[place] in DUE or place in self._sent):
                return False
        return True

    async def _draw_up(self, due: Due, draft: _Draft) -> bool:
        """Puts a cell into a job, unless the cache has its answer or it cannot be asked; False where the
        budget has no room for it."""
        try:
            found = await self._request(due)
            if found is None:
                raise FormatError("There is no answer to go on from.")
            request, mark = found
            kept = None if due.key.repeat else await self._share.kept(request)
            size = 0 if kept is not None else await self._jobs.size(request)
        except ChatbenchError as error:
            await self._take(due, failed_cell(due.key, due.row, error))
            return True
        if kept is not None:
            await self._take(due, answered_by(due.key, due.row, request, mark, kept))
            return True
        try:
            draft.held[due.place] = await self._hold(request)
        except BudgetExceeded as error:
            self._short = error
            return False
        draft.requests[f"{due.place}-{mark[:_MARK]}"] = request
        draft.size += size
        return True

    async def _request(self, due: Due) -> tuple[Request, str] | None:
        """What is sent for a cell, and the fingerprint of it before its files were read; None where there is
        no answer to go on from. Raises ChatbenchError."""
        outputs = await self._table.outputs(due)
        if outputs is None:
            return None
        request = self._asker.request(self._run.columns[due.key.column], due.row, outputs)
        return await self._asker.with_files(request), fingerprint_of(request)

    async def _hold(self, request: Request, *, sent: bool = False) -> Reservation | None:
        known = self._usual.get(str(request.model))
        tokens = round(known[0]) if known else _USUAL_OUTPUT
        return await self._share.hold(request, tokens, sent=sent)

    async def _submit(self, draft: _Draft) -> None:
        name = f"Run {self._run.number}" + (f", {self._run.plan.name}" if self._run.plan.name else "")
        job = await self._jobs.submit(draft.requests.items(), name=name, source=self._source)
        self._sent.update((place, _Sent(job.id, held)) for place, held in draft.held.items())
        self._follow(job.id)

    # Answers

    def _follow(self, job_id: str) -> None:
        self._following[job_id] = asyncio.get_running_loop().create_task(self._to_its_end(job_id))

    async def _to_its_end(self, job_id: str) -> None:
        """Takes over each piece of a job when it has ended, and leaves the job when all of it is written."""
        taken: set[str] = set()
        async with aclosing(self._jobs.follow(job_id)) as looks:
            async for job in looks:
                for piece in job.pieces:
                    if piece.state == "ended" and piece.id not in taken:
                        await self._collect(job, piece.id)
                        taken.add(piece.id)
        while self._taking:
            await asyncio.wait(self._taking)
        await self._table.written()
        if not any(sent.job_id == job_id for sent in self._sent.values()):
            await self._jobs.collected(job_id)

    async def _collect(self, job: Job, piece_id: str) -> None:
        async with aclosing(self._jobs.collect(job.id, piece_id)) as results:
            async for custom_id, response in results:
                told, _, mark = custom_id.partition("-")
                sent = self._sent.get(int(told))
                if sent is not None and sent.job_id == job.id:
                    await self._turn()
                    if sent.held is not None:
                        sent.held.settle(response)
                    await self._hear(job, int(told), mark, response)

    async def _hear(self, job: Job, place: int, mark: str, response: Response) -> None:
        """An answer, or why there is none."""
        due = await self._due(place)
        found = await self._request(due)
        if found is None or not found[1].startswith(mark):
            log.info("run %d: what job %s was asked for cell %d has changed", self._run.number, job.id, place)
            del self._sent[place]
            return
        request, fingerprint = found
        if response.error is not None and self._is_asked_again(job, place, response.error):
            del self._sent[place]
            return
        if response.error is None and not due.key.repeat:
            await self._share.keep(request, response)
        await self._take(due, answered_by(due.key, due.row, request, fingerprint, response, job.id))

    def _is_asked_again(self, job: Job, place: int, error: ErrorReport) -> bool:
        """Whether it goes into the next job, or is asked as usual, as the plan has it."""
        if error.kind == "Cancelled":
            if job.id not in self._stopped_before:
                self._table.end("paused", "A batch job of this run was cancelled.")
            return True
        if not error.retryable:
            return False
        self._tries[place] += 1
        if self._run.plan.batch_again == "live":
            self._live.add(place)
            return True
        return self._tries[place] < (self._run.plan.limits.tries or _TRIES)

    async def _turn(self) -> None:
        if self._turns is not None:
            await self._turns.mine()

    async def _due(self, place: int) -> Due:
        key = key_of(self._run, place)
        if key.row not in self._rows:
            first = key.row - key.row % _PAGE
            found = await self._store.rows(self._run, first, _PAGE)
            self._rows = dict(enumerate(found, first))
        return Due(place, key, self._rows[key.row], self._lane)

    async def _take(self, due: Due, answered: Answered | None = None) -> None:
        """Gives a cell over to be checked and written; returns when it has begun."""
        await self._slots.acquire()

        async def take() -> None:
            try:
                await self._table.one(due, answered)
                if self._table.state == "running":
                    self._over.add(due.place)
                    self._sent.pop(due.place, None)
            finally:
                self._slots.release()

        task = asyncio.get_running_loop().create_task(take())
        self._taking.add(task)
        task.add_done_callback(self._taken)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._taking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a cell of a batch job could not be taken over", exc_info=error)
            self._table.end("paused", "Something went wrong in Chatbench itself. The log says more.")


def source_of(run_id: str) -> str:
    """How batch jobs name the run that they were sent for."""
    return f"run:{run_id}"


async def cancel_jobs(jobs: Jobs, run_id: str) -> None:
    """Stops what was sent for a run; what is answered already stays to be taken over."""
    for job in await jobs.jobs(source=source_of(run_id)):
        try:
            await jobs.cancel(job.id)
        except ProviderError as error:
            log.warning("batch job %s could not be cancelled: %s", job.id, type(error).__name__)


async def _ended(*tasks: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
