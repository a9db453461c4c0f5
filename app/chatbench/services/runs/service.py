"""Runs: started from a plan, gone on with, looked at, exported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.jobs import FIRST_PAUSE_S, Jobs
from chatbench.client.llm import AT_ONCE
from chatbench.core.changes import Changes
from chatbench.core.checks import Check, Verdict
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.observe import Signal
from chatbench.core.runs import CellKey, Plan, PlanData, Run, RunRow
from chatbench.services.models import ModelService
from chatbench.services.runs import again
from chatbench.services.runs.asking import Asker, Files
from chatbench.services.runs.batchcolumns import columns_by_jobs
from chatbench.services.runs.batching import Batching, cancel_jobs, source_of
from chatbench.services.runs.clients import Clients
from chatbench.services.runs.columns import columns_of, refuse
from chatbench.services.runs.forecasting import Forecast, Forecaster
from chatbench.services.runs.judging import Checks
from chatbench.services.runs.plans import read_plan, written_plan
from chatbench.services.runs.progress import Live
from chatbench.services.runs.reading import Reading
from chatbench.services.runs.running import Running
from chatbench.services.runs.sources import EXPECTED, Sources
from chatbench.services.runs.talks import Talk
from chatbench.services.runs.turns import Turns
from chatbench.storage.runs import CRASHED, FAILED, REFUSED, RunStore, place_of

log = logging.getLogger(__name__)
_CLOSED = "Chatbench was closed."
Again = Literal["failed", "missing", "changed"]


class RunService(Reading):
    """The runs of a profile. Those that are under way go on whatever becomes of whoever looks."""

    def __init__(
        self,
        store: RunStore,
        environment: Environment,
        models: ModelService,
        files: Files,
        changes: Signal[Changes],
        *,
        sources: Sources,
        checks: Checks,
        shared_loop: bool = False,
    ) -> None:
        """`shared_loop`: a window lives in the loop, so that no pass of it is to be long."""
        super().__init__(store, Clients(environment, models, files), changes)
        self._models = models
        self._checks = checks
        self._sources = sources
        self._shared_loop = shared_loop
        self._environment = environment
        self.look_s = FIRST_PAUSE_S
        """The first pause between two looks at a batch job; later ones are longer."""
        self._forecaster = Forecaster(environment, models, sources, self._checks, store)
        self._running: dict[str, Running] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    # Plans

    def load_plan(self, source: Path | str) -> Plan:
        """The plan in a file, or the text of one. Raises FormatError, or ConfigurationError with the line."""
        return read_plan(source)

    def dump_plan(self, plan: Plan) -> str:
        """The plan as TOML with comments, which `load_plan` reads."""
        return written_plan(plan)

    async def check(self, plan: Plan) -> Forecast:
        """What a run of it would take, and all that is wrong with it. Sends and keeps nothing."""
        return await self._forecaster.forecast(plan)

    # Runs

    async def start(self, plan: Plan, *, only: Collection[str] | None = None) -> Run:
        """A new run, under way; on the rows of these ids, if `only` names some. Raises ConfigurationError
        with all that is wrong with the plan, and what reading its data raises; nothing is sent then."""
        self._refuse_while_closing()
        columns, problems = await columns_of(plan, self._sources, self._models)
        refuse((*problems, *self._checks.problems(plan.checks)))
        run = await self._store.create(plan, columns)
        try:
            count = 0
            async for rows in self._sources.rows(plan.data):
                if only is not None:
                    rows = [row for row in rows if row.id in only]
                await self._store.add_rows(run, count, rows)
                count += len(rows)
            if not count:
                raise ConfigurationError("The plan has no rows.", "Choose others, or add some.")
            await self._store.settle(run, count)
        except BaseException:
            await self._store.delete(run.id)
            raise
        return await self._go(run.id)

    async def resume(
        self, run_id: str, *, budget: Decimal | None = None, concurrent: int | None = None
    ) -> Run:
        """Goes on where it was: what has no answer is asked, what was refused is asked again. `budget`
        takes the place of the plan's. Raises ConfigurationError where another process runs it."""
        self._refuse_while_closing()
        await self._store.release_orphans()
        held = self._running.get(run_id)
        if held is not None:
            if held.state == "running":
                return held.run
            await self._tasks[run_id]
            await self._write_held(run_id)
        plan = (await self._store.get(run_id)).plan
        if budget is not None:
            limits = msgspec.structs.replace(plan.limits, budget=budget)
            plan = msgspec.structs.replace(plan, limits=limits)
        return await self._go(run_id, plan, concurrent)

    async def resume_left(self) -> list[Run]:
        """Goes on with the runs that a quit or a crash left while providers had batch jobs of theirs; those
        that a person paused stay as they are."""
        jobs = self._jobs()
        return [
            await self.resume(run.id)
            for run in await self.runs()
            if run.state == "paused"
            and run.reason in (_CLOSED, CRASHED)
            and await jobs.jobs(source=source_of(run.id))
        ]

    async def pause(self, run_id: str, *, at_once: bool = False) -> None:
        """Asks no more and returns when what is under way has come, or with `at_once` was left."""
        await self._end(run_id, "paused", at_once)

    async def stop(self, run_id: str, *, at_once: bool = False) -> None:
        """As `pause`, for good: though it can still be resumed. Its batch jobs are cancelled."""
        held = self._running.get(run_id)
        if held is None:
            run = await self._store.get(run_id)
            if run.state == "paused":
                await self._store.leave(run, "stopped")
                await cancel_jobs(self._jobs(), run_id)
                self._tell(run_id)
            return
        await self._end(run_id, "stopped", at_once)

    def set_concurrency(self, run_id: str, concurrent: int) -> None:
        """So many cells at once from now on; nothing for a run that is not under way here."""
        if concurrent < 1:
            raise ConfigurationError(f"{concurrent} cells at once are none.", "Give at least 1.")
        held = self._running.get(run_id)
        if held is not None:
            held.set_concurrent(concurrent)

    async def wait(self, run_id: str) -> Run:
        """Returns when the run is not under way here any more."""
        task = self._tasks.get(run_id)
        if task is not None:
            await asyncio.shield(task)
        return await self.get(run_id)

    def live(self, run_id: str, *, texts: bool = True) -> Live | None:
        """How a run stands that is under way here; None for others. With `texts`, answers that begin from
        now on are streamed for a while, so that their words can be seen."""
        held = self._running.get(run_id)
        return held.live(texts=texts) if held is not None else None

    async def runs(self) -> list[Run]:
        """Newest first, the trash left out."""
        await self._store.release_orphans()
        return [self._as_held(run) for run in await self._store.all()]

    async def get(self, run_id: str) -> Run:
        """Raises StorageError where there is no such run."""
        await self._store.release_orphans()
        return self._as_held(await self._store.get(run_id))

    async def whole_plan(self, run_id: str) -> Plan:
        """The plan of a run, with the rows that were written down in it."""
        run = await self._store.get(run_id)
        data = run.plan.data
        if data.id or data.name or data.file:
            return run.plan
        rows = await self._store.rows(run, 0, run.rows)
        given = tuple(
            {**row.values, **_expected(row)} for row in rows if row.values or row.expected is not None
        )
        # The choice of rows has been made: these are what is left by it.
        return msgspec.structs.replace(run.plan, data=PlanData(rows=given))

    async def find(self, name: str, *, trashed: bool = False) -> Run:
        """The run of that number, id (or its beginning), or the newest of that name; `trashed`: also one in
        the trash. Raises StorageError."""
        runs = await self.runs()
        if trashed:
            runs += await self.trashed()
        wanted = name.removeprefix("#")
        by_number = [run for run in runs if str(run.number) == wanted]
        by_id = [run for run in runs if len(wanted) >= 8 and run.id.startswith(wanted)]
        by_name = [run for run in runs if run.plan.name == name]
        for found in (by_number, by_id, by_name):
            if found:
                return found[0]
        raise StorageError(f"There is no run {name!r}.", "See `chatbench runs list`.")

    async def delete(self, run_id: str) -> None:
        """Into the trash; `restore` undoes it. Raises ConfigurationError while it is under way."""
        held = self._running.get(run_id)
        if held is not None and held.state == "running":
            raise ConfigurationError(f"Run {held.run.number} is under way.", "Pause it first.")
        await self._store.trash(run_id)
        self._tell(run_id)

    async def restore(self, run_id: str) -> None:
        """Out of the trash."""
        await self._store.trash(run_id, out=True)
        self._tell(run_id)

    async def trashed(self) -> list[Run]:
        """Newest first."""
        return await self._store.all(trashed=True)

    async def delete_for_good(self, run_ids: Collection[str]) -> None:
        """Deletes those of these that are in the trash, with all their answers; then stops what providers
        still have of them, of which nothing could be kept any more."""
        meant = [run.id for run in await self.trashed() if run.id in run_ids]
        for run_id in meant:
            await self._store.delete(run_id)
            self._running.pop(run_id, None)
            self._tasks.pop(run_id, None)
            self._tell(run_id)
        for run_id in meant:
            await cancel_jobs(self._jobs(), run_id)

    async def rerun(self, run_id: str, which: Again | Iterable[CellKey]) -> Run:
        """Asks cells again and returns the run, under way: those that failed, those that have no answer,
        those whose request is another by now (prompts and rows are read anew), or the ones named; and what
        goes on from them. Raises ConfigurationError where that cannot be."""
        run = await self._idle(run_id)
        states = await self._store.states(run)
        places: list[int] = []
        if which == "failed":
            places = [place for place, state in enumerate(states) if state in (FAILED, REFUSED)]
        elif which == "changed":
            columns, problems = await columns_of(run.plan, self._sources, self._models)
            refuse(problems)
            run = await again.refreshed(run, columns, self._sources, self._store)
            places = await again.changed_places(run, self._clients.asker(run), self._store)
        elif not isinstance(which, str):
            places = [place_of(run, key) for key in which]
        await self._store.reset(run, again.with_followers(run, places))
        return await self.resume(run_id)

    async def recheck(self, run_id: str, checks: Sequence[Check] | None = None) -> Run:
        """Judges the answers that are there, by other checks if some are given, and keeps what they find; no
        model is called but by checks that want one. Raises ConfigurationError for checks that are wrong,
        BudgetExceeded where graders cannot be paid."""
        run = await self._idle(run_id)
        plan = run.plan
        if checks is not None:
            refuse(tuple(self._checks.problems(checks)))
            plan = msgspec.structs.replace(plan, checks=tuple(checks))
            run = await self._store.replan(run, plan)
        asker = self._clients.asker(run)
        try:
            await again.recheck(run, plan, asker, self._checks, self._store, lambda: self._tell(run_id))
        finally:
            await self._clients.flush_ledger()
        return await self.get(run_id)

    async def try_checks(self, run_id: str, checks: Sequence[Check]) -> dict[CellKey, tuple[Verdict, ...]]:
        """What these checks find of the answers that are there; nothing is kept."""
        run = await self._store.get(run_id)
        refuse(tuple(self._checks.problems(checks)))
        found: dict[CellKey, tuple[Verdict, ...]] = {}
        asker = self._clients.asker(run)
        async for judged in again.verdicts_of(run, checks, asker, self._checks, self._store):
            found.update((cell.key, verdicts) for cell, verdicts in judged)
        return found

    async def aclose(self) -> None:
        """Pauses what is under way; answers that have not come are left."""
        self._closing = True
        for held in self._running.values():
            held.end("paused", _CLOSED, at_once=True)
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for run_id in list(self._running):
            try:
                await self._write_held(run_id)
            except StorageError:
                # Nothing can be done any more: these cells are asked again when the run goes on.
                log.exception("answers of a run could not be written")
        await self._clients.aclose()

    async def _go(self, run_id: str, plan: Plan | None = None, concurrent: int | None = None) -> Run:
        run = await self._store.claim(run_id, plan)
        states = await self._store.states(run)
        asker, turns = self._clients.asker(run), Turns() if self._shared_loop else None
        running = Running(
            run, states, self._store, asker, self._checks,
            concurrent=concurrent or run.plan.limits.concurrent or AT_ONCE,
            passed=await self._store.passed(run),
            talks=await self._talks(run),
            turns=turns,
            changed=lambda: self._tell(run_id),
            batching=await self._batching(run, states, asker, turns),
        )  # fmt: skip
        self._running[run_id] = running
        self._tasks[run_id] = asyncio.get_running_loop().create_task(self._to_its_end(running))
        self._tell(run_id)
        return run

    async def _batching(
        self, run: Run, states: bytearray, asker: Asker, turns: Turns | None
    ) -> Batching | None:
        """What sends the cells that go by batch jobs, where any do."""
        columns, _ = columns_by_jobs(run.plan, run.columns, self._environment)
        if not columns:
            return None
        usual = await self._store.usual()
        return Batching(run, columns, states, self._store, asker, self._jobs(), usual, turns)

    def _jobs(self) -> Jobs:
        def told(job_id: str) -> None:
            self._changes.emit(Changes(jobs=frozenset({job_id})))

        return Jobs(self._environment, pause_s=self.look_s, told=told)

    async def _talks(self, run: Run) -> dict[int, Talk]:
        if run.plan.user is None:
            return {}
        told = await self._store.talks(run)
        return {place: msgspec.json.decode(said, type=Talk) for place, said in told.items()}

    async def _to_its_end(self, running: Running) -> None:
        run = await running.go()
        if running.is_written:
            self._running.pop(run.id, None)
            self._tasks.pop(run.id, None)
        await self._clients.flush_ledger()
        self._changes.emit(Changes(runs=frozenset({run.id}), usage=True))

    async def _end(self, run_id: str, state: Literal["paused", "stopped"], at_once: bool) -> None:
        held, task = self._running.get(run_id), self._tasks.get(run_id)
        if held is not None and task is not None:
            held.end(state, at_once=at_once)
            await asyncio.shield(task)

    async def _write_held(self, run_id: str) -> None:
        held = self._running.get(run_id)
        if held is not None and not held.is_written:
            await held.write_what_is_left()
        self._running.pop(run_id, None)
        self._tasks.pop(run_id, None)

    async def _idle(self, run_id: str) -> Run:
        """Raises ConfigurationError while it is under way."""
        run = await self.get(run_id)
        if run.state == "running":
            raise ConfigurationError(f"Run {run.number} is under way.", "Pause it first.")
        return run

    def _as_held(self, run: Run) -> Run:
        """What only this process knows: that it runs no more, though that could not be written."""
        held = self._running.get(run.id)
        if held is None or held.state == "running":
            return run
        return msgspec.structs.replace(run, state=held.state, reason=held.reason)

    def _refuse_while_closing(self) -> None:
        if self._closing:
            raise ConfigurationError("Chatbench is closing.", "Start it again to go on.")


def _expected(row: RunRow) -> dict[str, Any]:
    return {} if row.expected is None else {EXPECTED: row.expected}
