"""Runs: started from a plan, gone on with, looked at, exported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.cache import SqliteCache
from chatbench.client.environment import Environment
from chatbench.client.llm import AT_ONCE, LLMClient
from chatbench.client.retries import BATCH_ATTEMPTS, BATCH_LIMITED_S, RetryPolicy
from chatbench.core.changes import Changes
from chatbench.core.checks import Check, Verdict
from chatbench.core.endpoints import Limits
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.models import ModelRef
from chatbench.core.observe import Signal
from chatbench.core.requests import Request
from chatbench.core.runs import Cell, CellKey, Plan, PlanData, Run, RunColumn, RunRow
from chatbench.providers.http import Timeouts
from chatbench.services.models import ModelService
from chatbench.services.runs import again
from chatbench.services.runs.asking import Asker, Files
from chatbench.services.runs.charting import Charts, charts_of
from chatbench.services.runs.columns import columns_of, refuse
from chatbench.services.runs.exporting import Exporter, RunFormat
from chatbench.services.runs.forecasting import Forecast, Forecaster
from chatbench.services.runs.judging import Checks
from chatbench.services.runs.plans import read_plan, written_plan
from chatbench.services.runs.running import Live, Running
from chatbench.services.runs.sources import EXPECTED, Sources
from chatbench.services.runs.statistics import Compared, RunStatistics, compared, statistics_of
from chatbench.services.runs.unrated import unrated
from chatbench.storage.runs import FAILED, REFUSED, Figures, RunStore, place_of

log = logging.getLogger(__name__)
Again = Literal["failed", "missing", "changed"]


class RunService:
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
    ) -> None:
        self._store = store
        self._environment = environment
        self._models = models
        self._files = files
        self._checks = checks
        self._sources = sources
        self._changes = changes
        self._cache: SqliteCache | None = None
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

    async def pause(self, run_id: str, *, at_once: bool = False) -> None:
        """Asks no more and returns when what is under way has come, or with `at_once` was left."""
        await self._end(run_id, "paused", at_once)

    async def stop(self, run_id: str, *, at_once: bool = False) -> None:
        """As `pause`, for good: though it can still be resumed."""
        held = self._running.get(run_id)
        if held is None:
            run = await self._store.get(run_id)
            if run.state == "paused":
                await self._store.leave(run, "stopped")
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
        """Newest first."""
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

    async def find(self, name: str) -> Run:
        """The run of that number, id (or its beginning), or the newest of that name. Raises StorageError."""
        runs = await self.runs()
        wanted = name.removeprefix("#")
        by_number = [run for run in runs if str(run.number) == wanted]
        by_id = [run for run in runs if len(wanted) >= 8 and run.id.startswith(wanted)]
        by_name = [run for run in runs if run.plan.name == name]
        for found in (by_number, by_id, by_name):
            if found:
                return found[0]
        raise StorageError(f"There is no run {name!r}.", "See `chatbench runs list`.")

    async def delete(self, run_id: str) -> None:
        """For good. Raises ConfigurationError while it is under way."""
        held = self._running.get(run_id)
        if held is not None and held.state == "running":
            raise ConfigurationError(f"Run {held.run.number} is under way.", "Pause it first.")
        await self._store.delete(run_id)
        self._running.pop(run_id, None)
        self._tasks.pop(run_id, None)
        self._tell(run_id)

    # Cells

    async def cells(self, run_id: str, which: Sequence[CellKey] | range | None = None) -> list[Cell]:
        """Cells that have been asked: of these keys, of these rows, or all."""
        run = await self._store.get(run_id)
        each = len(run.columns) * run.plan.repeats
        if which is None:
            return await self._store.cells(run, 0, run.total)
        if isinstance(which, range):
            return await self._store.cells(run, which.start * each, len(which) * each)
        found = [await self._store.cell(run, place_of(run, key)) for key in which]
        return [cell for cell in found if cell is not None]

    async def rows(self, run_id: str, first: int = 0, count: int = 200) -> list[RunRow]:
        """The rows in these places, as they were when the run was made."""
        return await self._store.rows(await self._store.get(run_id), first, count)

    async def failing_rows(self, run_id: str, check: int | None = None) -> list[int]:
        """The places of rows in which a cell failed or did not pass; of `check` (its place in the plan), in
        which that one did not."""
        return await self._store.failing_rows(await self._store.get(run_id), check)

    async def places_of(self, run_id: str, row_ids: Collection[str]) -> list[int]:
        """Where the rows with these ids stand, in their order."""
        ids = await self._store.row_ids(await self._store.get(run_id))
        return [place for place, row_id in ids.items() if row_id in row_ids]

    async def failing_ids(self, run_id: str) -> frozenset[str]:
        """The ids of rows in which a cell failed or did not pass."""
        run = await self._store.get(run_id)
        ids = await self._store.row_ids(run)
        return frozenset(ids[place] for place in await self._store.failing_rows(run))

    async def statistics(self, run_id: str) -> RunStatistics:
        """What its cells say so far; also while it is under way."""
        run = await self._store.get(run_id)
        figures = await self._store.figures(run)
        return await asyncio.to_thread(statistics_of, run, figures)

    async def charts(self, run_id: str) -> Charts:
        """Its cells drawn together, as far as they have come."""
        run = await self._store.get(run_id)
        return await asyncio.to_thread(charts_of, run, await self._store.figures(run))

    async def unrated(self, run_id: str, rows: Collection[int] | None = None) -> list[CellKey]:
        """The answers that nobody has rated yet, of these rows if some are given: row after row, those of
        each by chance."""
        run = await self._store.get(run_id)
        return await asyncio.to_thread(unrated, run, await self._store.figures(run), rows)

    async def counterpart(self, run_id: str, key: CellKey, earlier_id: str) -> Cell | None:
        """The cell of an earlier run that this one goes on from: that of the same row in the column that its
        column goes on from. None where there is none, or no answer in it."""
        run, earlier = await self._store.get(run_id), await self._store.get(earlier_id)
        column = _earlier(earlier, run.columns[key.column])
        rows = await self._store.rows(run, key.row, 1)
        if column is None or not rows or key.repeat >= earlier.plan.repeats:
            return None
        place = key.row
        if [row.id for row in await self._store.rows(earlier, place, 1)] != [rows[0].id]:
            ids = await self._store.row_ids(earlier)
            place = next((at for at, row_id in ids.items() if row_id == rows[0].id), -1)
        if place < 0:
            return None
        return await self._store.cell(earlier, place_of(earlier, CellKey(place, column, key.repeat)))

    async def compare(self, first: tuple[str, int], second: tuple[str, int]) -> Compared:
        """Two columns, each by the run's id and its index: of one run, or of two. Rows belong together by
        their ids."""
        read: dict[str, tuple[Run, list[Figures], dict[int, str]]] = {}
        for run_id, index in (first, second):
            if run_id not in read:
                run = await self._store.get(run_id)
                read[run_id] = run, await self._store.figures(run), await self._store.row_ids(run)
            if not 0 <= index < len(read[run_id][0].columns):
                raise ConfigurationError(
                    f"Run {read[run_id][0].number} has no column {index + 1}.", "Name another."
                )
        sides = [(read[run_id][0], index, *read[run_id][1:]) for run_id, index in (first, second)]
        return await asyncio.to_thread(compared, *sides)

    async def compare_runs(self, first: str, second: str) -> list[Compared]:
        """Each column of the second run with the one of the first that it goes on from: the same one, or the
        one of the same prompt, model and parameters; columns without one are left out."""
        one, other = await self._store.get(first), await self._store.get(second)
        pairs = [(column.index, _earlier(one, column)) for column in other.columns]
        return [
            await self.compare((first, before), (second, after))
            for after, before in pairs
            if before is not None
        ]

    async def export(self, run_id: str, form: RunFormat, path: Path) -> tuple[str, ...]:
        """Writes the run as a table (csv, jsonl, xlsx: a line for each cell), a page (html) or for build
        servers (junit); returns what could not be written as it is. Raises StorageError and its kinds."""
        run = await self._store.get(run_id)
        statistics = await self.statistics(run_id)
        others = [await self.compare((run_id, 0), (run_id, at)) for at in range(1, len(run.columns))]
        return await Exporter(run, self._store, statistics, others).export(form, path)

    async def sent(self, run_id: str, key: CellKey) -> Request:
        """What the model of a cell is asked first. Raises FormatError for values that do not fill it in."""
        run = await self._store.get(run_id)
        (row,) = await self._store.rows(run, key.row, 1)
        column = run.columns[key.column]
        outputs: dict[str, str] = {}
        for variable, source in column.outputs_of.items():
            place = place_of(run, CellKey(key.row, source, key.repeat))
            before = await self._store.cell(run, place)
            outputs[variable] = "" if before is None else before.text
        return self._asker(run).request(column, row, outputs)

    async def rate(self, run_id: str, key: CellKey, rating: int | None, note: str = "") -> None:
        """A person's judgement of a cell: 1-5, or -1 and 1 for thumbs; None takes it back."""
        run = await self._store.get(run_id)
        await self._store.rate(run, place_of(run, key), rating, note)
        self._tell(run_id)

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
            places = await again.changed_places(run, self._asker(run), self._store)
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
        asker = self._asker(run)
        try:
            await again.recheck(run, plan, asker, self._checks, self._store, lambda: self._tell(run_id))
        finally:
            await self._flush_ledger()
        return await self.get(run_id)

    async def try_checks(self, run_id: str, checks: Sequence[Check]) -> dict[CellKey, tuple[Verdict, ...]]:
        """What these checks find of the answers that are there; nothing is kept."""
        run = await self._store.get(run_id)
        refuse(tuple(self._checks.problems(checks)))
        found: dict[CellKey, tuple[Verdict, ...]] = {}
        asker = self._asker(run)
        async for judged in again.verdicts_of(run, checks, asker, self._checks, self._store):
            found.update((cell.key, verdicts) for cell, verdicts in judged)
        return found

    async def aclose(self) -> None:
        """Pauses what is under way; answers that have not come are left."""
        self._closing = True
        for held in self._running.values():
            held.end("paused", "Chatbench was closed.", at_once=True)
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for run_id in list(self._running):
            try:
                await self._write_held(run_id)
            except StorageError:
                # Nothing can be done any more: these cells are asked again when the run goes on.
                log.exception("answers of a run could not be written")
        if self._cache is not None:
            await self._cache.aclose()

    async def _go(self, run_id: str, plan: Plan | None = None, concurrent: int | None = None) -> Run:
        run = await self._store.claim(run_id, plan)
        states = await self._store.states(run)
        running = Running(
            run, states, self._store, self._asker(run), self._checks,
            concurrent=concurrent or run.plan.limits.concurrent or AT_ONCE,
            passed=await self._store.passed(run),
            changed=lambda: self._tell(run_id),
        )  # fmt: skip
        self._running[run_id] = running
        self._tasks[run_id] = asyncio.get_running_loop().create_task(self._to_its_end(running))
        self._tell(run_id)
        return run

    async def _to_its_end(self, running: Running) -> None:
        run = await running.go()
        if running.is_written:
            self._running.pop(run.id, None)
            self._tasks.pop(run.id, None)
        await self._flush_ledger()
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

    async def _flush_ledger(self) -> None:
        ledger = self._environment.ledger
        if ledger is not None:
            await ledger.flush()

    async def _idle(self, run_id: str) -> Run:
        """Raises ConfigurationError while it is under way."""
        run = await self.get(run_id)
        if run.state == "running":
            raise ConfigurationError(f"Run {run.number} is under way.", "Pause it first.")
        return run

    def _asker(self, run: Run) -> Asker:
        return Asker(run, self._client(run), self._files, self._user_model(run.plan))

    def _as_held(self, run: Run) -> Run:
        """What only this process knows: that it runs no more, though that could not be written."""
        held = self._running.get(run.id)
        if held is None or held.state == "running":
            return run
        return msgspec.structs.replace(run, state=held.state, reason=held.reason)

    def _client(self, run: Run) -> LLMClient:
        limits = run.plan.limits
        budget = None
        if limits.budget is not None:
            left = max(Decimal(0), limits.budget - run.cost)
            budget = Budget(limits=(BudgetLimit(scope="run", usd=left),))
        return LLMClient(
            limits=self._limits(run),
            retries=RetryPolicy(max_attempts=limits.tries or BATCH_ATTEMPTS, limited_s=BATCH_LIMITED_S),
            timeouts=Timeouts() if limits.timeout is None else Timeouts(total=limits.timeout),
            budget=budget,
            cache=self._kept_answers() if run.plan.cache else None,
            broken="rerun",
            keep_raw=False,
            environment=self._environment,
        )

    def _kept_answers(self) -> SqliteCache:
        if self._cache is None:
            self._cache = SqliteCache(self._environment.profile.folder / "answers.db")
        return self._cache

    def _limits(self, run: Run) -> Limits | None:
        """The limits of the plan; of what it leaves open, the strictest of the endpoints'."""
        limits = run.plan.limits
        if limits.requests_per_minute is None and limits.tokens_per_minute is None:
            return None
        providers = {ModelRef.parse(column.model).provider for column in run.columns}
        endpoints = [self._environment.endpoint(provider) for provider in sorted(providers)]
        strictest = {
            name: min((v for e in endpoints if (v := getattr(e.limits, name)) is not None), default=None)
            for name in Limits.__struct_fields__
        }
        for name in ("requests_per_minute", "tokens_per_minute"):
            strictest[name] = getattr(limits, name) or strictest[name]
        return Limits(**strictest)

    def _user_model(self, plan: Plan) -> ModelRef | None:
        return self._models.resolve(plan.user.model) if plan.user is not None and plan.user.model else None

    def _refuse_while_closing(self) -> None:
        if self._closing:
            raise ConfigurationError("Chatbench is closing.", "Start it again to go on.")

    def _tell(self, run_id: str) -> None:
        self._changes.emit(Changes(runs=frozenset({run_id})))


def _expected(row: RunRow) -> dict[str, Any]:
    return {} if row.expected is None else {EXPECTED: row.expected}


def _earlier(run: Run, column: RunColumn) -> int | None:
    """The column that `column` of a later run goes on from."""
    same = [one.index for one in run.columns if one.key == column.key]
    alike = [
        one.index
        for one in run.columns
        if (one.planned, one.model, one.parameters) == (column.planned, column.model, column.parameters)
    ]
    return next(iter((*same, *alike)), None)
