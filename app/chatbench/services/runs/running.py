"""A run under way: its workers, what they have come to, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any

from chatbench.client.call import AnswerStream
from chatbench.core.errors import BudgetExceeded, ChatbenchError, ErrorReport, FormatError, StorageError
from chatbench.core.messages import text_of
from chatbench.core.runs import Cell, CellKey, Run, RunState
from chatbench.services.runs.asking import Answered, Asker, OutOfBudget, failed_cell, subject_of
from chatbench.services.runs.batching import Batching
from chatbench.services.runs.feeding import Due, Feed
from chatbench.services.runs.judging import Checks, Judged, is_quick, judged, letters
from chatbench.services.runs.progress import Live, Progress
from chatbench.services.runs.talks import Talk
from chatbench.services.runs.turns import Turns
from chatbench.services.runs.writing import Writer
from chatbench.storage.runs import DONE, FAILED, REFUSED, UNCHECKED, Finished, RunStore, key_of, place_of

log = logging.getLogger(__name__)
_HOPELESS = frozenset(
    {
        "Authentication", "MissingKey", "NotFound", "PermissionDenied", "QuotaExhausted", "Unreachable",
        "UntrustedCertificate", "EndpointNotSupported", "UnknownModel",
    }
)  # fmt: skip
_GIVE_UP_AFTER = 20
_ENDLESS, _ENDLESS_AT_MOST = "EndlessPrompt", 3
"""Each takes a good part of a second in which nothing else is done."""
_LOOK_S = 0.1
_WATCHED_S = 3.0
"""Answers are streamed while somebody has looked within so many seconds."""
_SHOWN_TEXTS = 50
_TOLD_S = 0.25
_BROKE_OFF = "Something went wrong in Chatbench itself. The log says more."


class Running:
    """One run in this process, from where it stood until it is done, paused or stopped."""

    def __init__(
        self,
        run: Run,
        states: bytearray,
        store: RunStore,
        asker: Asker,
        checks: Checks,
        *,
        concurrent: int,
        passed: int,
        talks: Mapping[int, Talk],
        turns: Turns | None,
        changed: Callable[[], None],
        batching: Batching | None = None,
    ) -> None:
        """`states` is that of every cell, `passed` how many have; `talks` are those that have begun, by the
        places of their cells; with `turns` nothing is begun out of turn; `changed` is called now and then
        after cells were written."""
        self.run = run
        self.state: RunState = "running"
        self.reason = ""
        self.is_written = False
        """Whether it has ended, and everything of it is in the database."""
        self.concurrent = concurrent
        self._states, self._store, self._asker, self._checks = states, store, asker, checks
        self._changed = changed
        self._talks = dict(talks)
        self._batching = batching
        live = None if batching is None else {c.index for c in run.columns} - batching.columns
        self._feed = Feed(run, states, store, live)
        self._turns = turns
        self._writer = Writer(run, states, store, self._written, self._not_written)
        self._workers = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._told_at = float("-inf")
        self._calls: dict[int, AnswerStream] = {}
        self._cells: dict[int, asyncio.Task[None]] = {}
        self._outcomes: dict[int, asyncio.Future[None]] = {}
        self._sources = {index for column in run.columns for index in column.outputs_of.values()}
        self._quick = is_quick(run.plan.checks)
        self._refusals: Counter[str] = Counter()
        self._progress = Progress(run, passed)
        self._watched_at = float("-inf")
        self._ending: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    # For whoever holds it

    async def go(self) -> Run:
        """Asks and checks everything that is due; returns the run as it was left."""
        if self._batching is not None:
            self._begin(self._batching.go(self))
        self._hire()
        await self._over.wait()
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.wait({self._ending})
        try:
            await self._writer.flush()
            state: RunState = "done" if self.state == "running" else self.state
            self.run = await self._store.leave(self.run, state, self.reason)
            self.state = self.run.state
            self.is_written = True
        except StorageError as error:
            self.state, self.reason = "paused", _told(error)
        return self.run

    async def written(self) -> None:
        """Returns when every cell that was taken over is in the database. Raises StorageError."""
        await self._writer.flush()

    async def write_what_is_left(self) -> None:
        """Writes cells that could not be written when it ended. Raises StorageError."""
        await self._writer.flush()
        self.run = await self._store.leave(self.run, self.state, self.reason)
        self.is_written = True

    def end(self, state: RunState, reason: str = "", *, at_once: bool = False) -> None:
        """Asks no more. Calls that wait are given up; those under way are waited for, unless `at_once`."""
        if self.state == "running":
            self.state, self.reason = state, reason
            self._ending = asyncio.get_running_loop().create_task(self._give_up())
            if self._batching is not None:
                self._batching.leave()
        if at_once:
            for task in list(self._cells.values()):
                task.cancel()

    def set_concurrent(self, concurrent: int) -> None:
        """So many cells at once from now on; of those under way none is given up."""
        self.concurrent = concurrent
        self._hire()

    def live(self, *, texts: bool) -> Live:
        """How it stands. With `texts`, answers that begin from now on are streamed for a while."""
        if texts:
            self._watched_at = time.monotonic()
        return self._progress.live(
            self.state,
            self.reason,
            running=len(self._calls),
            in_jobs=self._batching.in_jobs if self._batching is not None else 0,
            concurrent=self.concurrent,
            texts=self._texts() if texts else {},
        )

    def _texts(self) -> dict[CellKey, str]:
        shown = list(self._calls.items())[:_SHOWN_TEXTS]
        return {key_of(self.run, place): text_of(call.accumulator.parts()) for place, call in shown}

    # Workers

    def _hire(self) -> None:
        while self._workers < self.concurrent and self.state == "running" and not self._feed.is_over:
            self._workers += 1
            self._begin(self._work())
        if not self._tasks:
            self._over.set()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a run broke off", exc_info=error)
            self.end("paused", _told(error) if isinstance(error, ChatbenchError) else _BROKE_OFF)
        if not self._tasks:
            self._over.set()

    async def _work(self) -> None:
        try:
            while self.state == "running" and self._workers <= self.concurrent:
                if self._turns is not None:
                    await self._turns.mine()
                due = await self._feed.next()
                if due is None:
                    return
                try:
                    await self.one(due)
                finally:
                    due.lane.in_flight -= 1
                await self._writer.room()
        finally:
            self._workers -= 1

    async def one(self, due: Due, answered: Answered | None = None) -> None:
        """Takes over and checks a cell; asks it first where it is not answered."""
        task = asyncio.current_task()
        assert task is not None
        outcome = None
        if due.key.column in self._sources:
            outcome = self._outcomes[due.place] = asyncio.get_running_loop().create_future()
        self._cells[due.place] = task
        try:
            if self._states[due.place] == UNCHECKED:
                await self._check_stored(due)
            elif (found := answered or await self._asked(due)) is not None:
                await self._take(due, found)
        except (OutOfBudget, BudgetExceeded) as error:
            self.end("paused", _told(error))
        except asyncio.CancelledError:
            if self.state == "running":
                raise
        finally:
            self._cells.pop(due.place, None)
            self._calls.pop(due.place, None)
            if outcome is not None:
                outcome.set_result(None)
                del self._outcomes[due.place]

    async def _asked(self, due: Due) -> Answered | None:
        """None where what it goes on from is still to be asked itself."""
        outputs = await self.outputs(due)
        if outputs is None:
            if self.state != "running":
                return None
            return failed_cell(due.key, due.row, FormatError("There is no answer to go on from."))
        self._asker.streams = time.monotonic() - self._watched_at < _WATCHED_S

        def begun(call: AnswerStream) -> None:
            self._calls[due.place] = call

        def heard(talk: Talk) -> None:
            self._progress.spent(talk.cost, talk.unpriced)
            self._writer.keep(due.place, talk)

        try:
            before = self._talks.pop(due.place, None)
            return await self._asker.ask(due.key, due.row, outputs, begun, before, heard)
        finally:
            self._calls.pop(due.place, None)

    async def outputs(self, due: Due) -> dict[str, str] | None:
        """The answers that a chain goes on from; None where one is missing."""
        outputs: dict[str, str] = {}
        for variable, column in self.run.columns[due.key.column].outputs_of.items():
            text = await self._output(CellKey(due.key.row, column, due.key.repeat))
            if text is None:
                return None
            outputs[variable] = text
        return outputs

    async def _output(self, key: CellKey) -> str | None:
        """The answer of a cell that comes before; None where there is none."""
        place = place_of(self.run, key)
        if (outcome := self._outcomes.get(place)) is not None:
            await asyncio.wait({outcome})
        if (found := self._writer.find(place)) is not None:
            cell: Cell | None = found.cell
        else:
            cell = await self._store.cell(self.run, place)
        return cell.text if cell is not None and cell.state == "done" else None

    # What comes of it

    async def _take(self, due: Due, answered: Answered) -> None:
        cell = answered.cell
        self._progress.answered(cell, answered.cost, answered.unpriced)
        if cell.error is not None:
            again = cell.error.retryable or cell.error.kind in _HOPELESS
            state = REFUSED if again else FAILED
            self._writer.put(Finished(due.place, cell, state), answered.cost, answered.unpriced)
            self._refused(self.run.columns[due.key.column].model, cell.error)
            return
        self._refusals[self.run.columns[due.key.column].model] = 0
        checks = self.run.plan.checks
        if not checks:
            self._writer.put(Finished(due.place, cell, DONE), answered.cost, answered.unpriced)
            return
        # Graders take their time: what is paid for is written before they are asked.
        unchecked = Finished(due.place, cell, UNCHECKED)
        quick = self._quick
        if not quick:
            self._writer.put(unchecked, answered.cost, answered.unpriced)
        try:
            # What was asked is for graders only.
            found = await self._judged(due, cell, "" if quick else answered.question)
        except BaseException:
            if quick:
                self._writer.put(unchecked, answered.cost, answered.unpriced)
            raise
        if quick:
            self._put_judged(due, found, answered.cost, answered.unpriced)
        else:
            self._put_judged(due, found, Decimal(0), 0)

    async def _check_stored(self, due: Due) -> None:
        cell = await self._store.cell(self.run, due.place)
        outputs = await self.outputs(due)
        if cell is not None and outputs is not None:
            question = self._asker.question(cell, due.row, outputs)
            self._put_judged(due, await self._judged(due, cell, question), Decimal(0), 0)

    def _put_judged(self, due: Due, found: Judged, cost: Decimal, unpriced: int) -> None:
        self._progress.judged(found.cell, found.cost, found.unpriced)
        told = Finished(due.place, found.cell, DONE, letters(found.cell.verdicts))
        self._writer.put(told, cost + found.cost, unpriced + found.unpriced)

    async def _judged(self, due: Due, cell: Cell, question: str) -> Judged:
        subject = subject_of(cell, due.row, question)
        checks, client = self.run.plan.checks, self._asker.client
        verdicts = self._checks.judge_at_once(checks, subject)
        if verdicts is None:
            verdicts = await self._checks.judge_all(checks, subject, client=client)
        return judged(self.run.plan, cell, verdicts)

    def _refused(self, model: str, error: ErrorReport) -> None:
        if error.kind == "BudgetExceeded":
            self.end("paused", f"{error.message} {error.hint}".rstrip())
        if error.kind in _HOPELESS or error.kind == _ENDLESS:
            self._refusals[model] += 1
            if self._refusals[model] >= (_ENDLESS_AT_MOST if error.kind == _ENDLESS else _GIVE_UP_AFTER):
                self.end("paused", f"{model}: {error.message} {error.hint}".rstrip())

    def _written(self) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TOLD_S:
            self._told_at = now
            self._changed()

    def _not_written(self, error: StorageError) -> None:
        self.end("paused", _told(error))

    async def _give_up(self) -> None:
        """Ends every call that waits to be sent, also one that comes to wait later."""
        while self._cells:
            for place, call in list(self._calls.items()):
                if call.attempts == 0 or call.queued or call.retry_at is not None:
                    task = self._cells.get(place)
                    if task is not None:
                        task.cancel()
            await asyncio.sleep(_LOOK_S)


def _told(error: ChatbenchError) -> str:
    return f"{error.message} {error.hint}".rstrip()
