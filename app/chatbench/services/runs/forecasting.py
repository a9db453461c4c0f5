"""What a run would take, before anything is sent: calls, tokens, money, time, and what is wrong with it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_text, estimate_tokens
from chatbench.client.llm import AT_ONCE
from chatbench.client.pricing import bill, is_free
from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import Message, text_of
from chatbench.core.models import ModelRef
from chatbench.core.prompts import Variable
from chatbench.core.runs import Plan, RunColumn, RunRow
from chatbench.core.usage import Rates, Usage
from chatbench.evaluation.kinds import KINDS
from chatbench.services.runs.batchcolumns import columns_by_jobs
from chatbench.services.runs.columns import ModelSource, columns_of, missing_in, title_of, values_of
from chatbench.services.runs.judging import Checks
from chatbench.services.runs.sources import Sources
from chatbench.storage.runs import RunStore
from chatbench.templates.prompts import Filled, fill, variables_of

_ZERO = Decimal(0)
_SAMPLE = 200
_TOLD = 10
_USUAL_OUTPUT = 300
_USUAL_START_S, _USUAL_PACE = 1.0, 60
"""Of an answer of which nobody knows: seconds until it begins, tokens a second."""
_SHORTEST_CACHED = 1024
"""Tokens of a beginning that providers keep."""
_INSTRUCTION, _SAID = 250, 100
"""Tokens of what graders and simulated users are told besides, and of what they say."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Estimates but for the counts and the problems. `calls` are those to models of the plan's columns,
    `grading_calls` to graders; money is US dollars, all calls together: `cost` as the plan says,
    `cost_with_cache` where providers keep the beginning that all requests of a column share,
    `cost_in_batches` by the prices of batch jobs, `cost_at_once` if nothing went by them; None where one
    price is unknown (or there is none for batches). `seconds` at the limits of plan and endpoints, None where
    anything goes by batch jobs; `notes` say what goes otherwise than the plan wishes."""

    rows: int = 0
    columns: tuple[RunColumn, ...] = ()
    calls: int = 0
    grading_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = _ZERO
    cost_with_cache: Decimal | None = _ZERO
    cost_in_batches: Decimal | None = _ZERO
    cost_at_once: Decimal | None = _ZERO
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class _Load(NamedTuple):
    """What one model is asked for: calls, tokens of all of them, seconds of one."""

    calls: float = 0
    input_tokens: float = 0
    output_tokens: float = 0
    seconds: float = 0

    def plus(self, other: _Load) -> _Load:
        calls = self.calls + other.calls
        busy = self.calls * self.seconds + other.calls * other.seconds
        return _Load(
            calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            busy / calls if calls else 0,
        )


class _Money(NamedTuple):
    """The same in four ways."""

    cost: Decimal | None = _ZERO
    with_cache: Decimal | None = _ZERO
    in_batches: Decimal | None = _ZERO
    at_once: Decimal | None = _ZERO

    def by_jobs(self) -> _Money:
        """Where it goes by batch jobs."""
        cost = self.cost if self.in_batches is None else self.in_batches
        return _Money(cost, cost, self.in_batches, self.at_once)

    def plus(self, other: _Money) -> _Money:
        return _Money(*(None if a is None or b is None else a + b for a, b in zip(self, other, strict=True)))


class Forecaster:
    """Looks a plan through. Sends and keeps nothing."""

    def __init__(
        self,
        environment: Environment,
        models: ModelSource,
        sources: Sources,
        checks: Checks,
        store: RunStore,
    ) -> None:
        self._environment = environment
        self._models = models
        self._sources = sources
        self._checks = checks
        self._store = store

    async def forecast(self, plan: Plan) -> Forecast:
        """Never raises for what is wrong with the plan: that is among the problems."""
        columns, found = await columns_of(plan, self._sources, self._models)
        problems = [*found, *await self._of_keys(plan, columns), *self._checks.problems(plan.checks)]
        looked = _Looked(plan, columns)
        problems += await self._look_through(plan, looked)
        usual = await self._store.usual()
        by_jobs, notes = columns_by_jobs(plan, columns, self._environment)
        loads: dict[ModelRef, _Load] = {}
        money, calls = _Money(), 0.0
        for column in columns:
            ref = ModelRef.parse(column.model)
            try:
                load, share, spent = self._of_column(plan, column, looked, usual)
            except ChatbenchError as error:
                problems.append(f"{title_of(plan, column.planned)}: {error.message} {error.hint}".rstrip())
                continue
            loads[ref] = loads.get(ref, _Load()).plus(load)
            money = money.plus(spent.by_jobs() if column.index in by_jobs else spent)
            calls += load.calls
            for other, besides, cost in self._of_others(plan, load, share):
                loads[other] = loads.get(other, _Load()).plus(besides)
                money = money.plus(cost)
        cells = looked.rows * len(columns) * plan.repeats
        return Forecast(
            rows=looked.rows,
            columns=columns,
            calls=round(calls),
            grading_calls=sum(_gradings(plan).values()) * cells,
            input_tokens=round(sum(load.input_tokens for load in loads.values())),
            output_tokens=round(sum(load.output_tokens for load in loads.values())),
            cost=_rounded(money.cost),
            cost_with_cache=_rounded(money.with_cache),
            cost_in_batches=_rounded(money.in_batches),
            cost_at_once=_rounded(money.at_once),
            seconds=None if by_jobs else self._longest(plan, loads),
            notes=notes,
            problems=tuple(dict.fromkeys(problems)),
        )

    async def _look_through(self, plan: Plan, looked: _Looked) -> list[str]:
        """What is wrong with the rows."""
        try:
            async for rows in self._sources.rows(plan.data, keep=False):
                looked.add(rows)
        except ChatbenchError as error:
            return [f"{error.message} {error.hint}".rstrip(), *looked.told()]
        return [*(["The plan has no rows."] * (looked.rows == 0)), *looked.told()]

    async def _of_keys(self, plan: Plan, columns: Sequence[RunColumn]) -> list[str]:
        refs = [ModelRef.parse(column.model) for column in columns]
        refs += self._checks.embedders(plan.checks)
        names = [check.grader for check in plan.checks if check.grader]
        names += [plan.user.model] if plan.user is not None and plan.user.model else []
        found: list[str] = []
        for name in dict.fromkeys(names):
            try:
                refs.append(self._models.resolve(name))
            except ChatbenchError as error:
                found.append(f"{name}: {error.message} {error.hint}".rstrip())
        for provider in dict.fromkeys(ref.provider for ref in refs):
            try:
                endpoint = self._environment.keys.effective(self._environment.endpoint(provider))
                await self._environment.keys.find(endpoint)
            except ChatbenchError as error:
                found.append(f"{error.message} {error.hint}".rstrip())
        return found

    def _of_column(
        self, plan: Plan, column: RunColumn, looked: _Looked, usual: Mapping[str, tuple[float, float]]
    ) -> tuple[_Load, int, _Money]:
        """The load of all its cells, the tokens of one answer, and the money."""
        ref = ModelRef.parse(column.model)
        info = self._environment.catalogue.info(ref)
        parameters = column.prompt.parameters.merged(column.parameters)
        known = usual.get(column.model)
        output = min(round(known[0]) if known else _USUAL_OUTPUT, parameters.max_output_tokens or 2**31)
        filled = looked.filled(column, output)
        counts = [estimate_tokens(one.messages, one.system, info, column.prompt.tools) for one in filled]
        each = sum(counts) / len(counts) if counts else 0.0
        turns = _turns(plan)
        # Every turn is sent all that was said before it.
        given = each * turns + output * 2 * turns * (turns - 1) / 2
        seconds = known[1] / 1000 if known else _USUAL_START_S + output / _USUAL_PACE
        cells = looked.rows * plan.repeats
        load = _Load(
            cells * turns, given * cells, output * turns * cells, seconds / (1 if known is None else turns)
        )
        return load, output, self._money(ref, load, _shared(filled), service=True)

    def _of_others(self, plan: Plan, load: _Load, output: int) -> list[tuple[ModelRef, _Load, _Money]]:
        """Graders, whoever plays the user, and what makes vectors of an answer and of what is expected."""
        found = []
        cells = load.calls / _turns(plan)
        for ref in self._checks.embedders(plan.checks):
            embedded = _Load(cells, 2 * output * cells, 0, _USUAL_START_S)
            found.append((ref, embedded, self._money(ref, embedded, 0, service=False)))
        others = list(_gradings(plan).items())
        if plan.user is not None and plan.user.model:
            others.append((plan.user.model, plan.user.turns))
        for name, count in others:
            try:
                ref = self._models.resolve(name)
            except ChatbenchError:
                continue
            calls = cells * count
            words = load.input_tokens / max(1, load.calls) + output + _INSTRUCTION
            asked = _Load(calls, words * calls, _SAID * calls, _USUAL_START_S + _SAID / _USUAL_PACE)
            found.append((ref, asked, self._money(ref, asked, 0, service=False)))
        return found

    def _money(self, ref: ModelRef, load: _Load, shared: int, *, service: bool) -> _Money:
        """`service`: whether these may go as batch jobs."""
        endpoint = self._environment.endpoint(ref.provider)
        pricing = self._environment.pricing
        if is_free(ref, endpoint) and str(ref) not in pricing.user_prices:
            return _Money()
        now, each = datetime.now(UTC), round(load.input_tokens / max(1, load.calls))
        rates = pricing.rates(ref, endpoint, now, each)
        plain = _priced(rates, load, 0)
        cached = _priced(rates, load, shared if shared >= _SHORTEST_CACHED else 0)
        batches = pricing.rates(ref, endpoint, now, each, service="batch") if service else rates
        is_cheaper = batches != rates or not service
        return _Money(plain, cached, _priced(batches, load, 0) if is_cheaper else None, plain)

    def _longest(self, plan: Plan, loads: Mapping[ModelRef, _Load]) -> float | None:
        return max((self._seconds(plan, ref, load) for ref, load in loads.items()), default=None)

    def _seconds(self, plan: Plan, ref: ModelRef, load: _Load) -> float:
        """As long as the tightest limit wants."""
        limits, asked = self._environment.endpoint(ref.provider).limits, plan.limits
        concurrent = min(asked.concurrent or AT_ONCE, limits.concurrent or AT_ONCE)
        found = [load.calls * load.seconds / max(1, min(concurrent, load.calls)), load.seconds]
        for amount, limit in (
            (load.calls, asked.requests_per_minute or limits.requests_per_minute),
            (load.input_tokens + load.output_tokens, asked.tokens_per_minute or limits.tokens_per_minute),
            (load.input_tokens, limits.input_tokens_per_minute),
            (load.output_tokens, limits.output_tokens_per_minute),
        ):
            # The first minute's worth may go at once.
            found += [max(0.0, amount / limit - 1) * 60] if limit else []
        return max(found)


class _Looked:
    """The rows of a plan, counted and looked through; a sample of them stays."""

    def __init__(self, plan: Plan, columns: Sequence[RunColumn]) -> None:
        self.rows = 0
        self.sample: list[RunRow] = []
        self._plan = plan
        self._random = random.Random(0)
        self._missing: list[str] = []
        self._bad = 0
        self._prompts = {column.planned: column.prompt for column in columns}
        self._variables: dict[int, tuple[Variable, ...]] = {
            column.planned: variables_of(column.prompt) for column in columns
        }
        self._chained = {
            planned: dict.fromkeys(plan.prompts[planned].outputs_of, "") for planned in self._variables
        }

    def add(self, rows: Sequence[RunRow]) -> None:
        for row in rows:
            self.rows += 1
            if len(self.sample) < _SAMPLE:
                self.sample.append(row)
            elif (place := self._random.randrange(self.rows)) < _SAMPLE:
                self.sample[place] = row
            self._look(row)

    def _look(self, row: RunRow) -> None:
        missing: dict[str, None] = {}
        for planned, variables in self._variables.items():
            chained = self._chained[planned]
            values = values_of(self._plan.prompts[planned], self._prompts[planned], row, chained)
            missing.update(dict.fromkeys(missing_in(variables, values)))
        if missing:
            self._bad += 1
            if self._bad <= _TOLD:
                self._missing.append(f"Row {self.rows}: no value for {', '.join(missing)}.")

    def told(self) -> list[str]:
        """What is missing in which rows."""
        more = self._bad - len(self._missing)
        return [*self._missing, *([f"… and {more:,} rows more."] if more else [])]

    def filled(self, column: RunColumn, output: int) -> list[Filled]:
        """The prompt in the rows of the sample. Raises FormatError where that cannot be."""
        wanted = self._plan.prompts[column.planned]
        outputs = dict.fromkeys(column.outputs_of, "word " * output)
        variables = self._variables[column.planned]
        found = []
        for row in self.sample:
            values = values_of(wanted, column.prompt, row, outputs)
            if not missing_in(variables, values):
                found.append(fill(column.prompt, values, column.fragments))
        return found


def _turns(plan: Plan) -> int:
    user = plan.user
    return 1 if user is None else 1 + len(user.says) + (user.turns if user.model else 0)


def _gradings(plan: Plan) -> dict[str, int]:
    """How often each grader is asked about one answer."""
    found: dict[str, int] = {}
    for check in plan.checks:
        kind = KINDS.get(check.kind)
        if kind is not None and kind.is_graded and check.grader:
            times = check.repeats * (2 if check.kind == "preference" else 1)
            found[check.grader] = found.get(check.grader, 0) + times
    return found


def _shared(filled: Sequence[Filled]) -> int:
    """Tokens with which all of them begin."""
    texts = [_written(one.system, one.messages) for one in filled[:20]]
    return estimate_text(_beginning(texts)) if len(texts) > 1 else 0


def _beginning(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:same]


def _written(system: str, messages: Sequence[Message]) -> str:
    return "\n".join((system, *(text_of(message.parts) for message in messages)))


def _priced(rates: Rates | None, load: _Load, shared: int) -> Decimal | None:
    if rates is None:
        return None
    calls = max(1, round(load.calls))
    kept = shared * (calls - 1)
    usage = Usage(
        input_tokens=round(load.input_tokens),
        output_tokens=round(load.output_tokens),
        cache_read_tokens=min(kept, round(load.input_tokens)),
        cache_write_tokens=shared if kept else 0,
    )
    lines = bill(msgspec.structs.replace(rates, requests=None), usage)
    if lines is None:
        return None
    return sum((line.amount for line in lines), (rates.requests or _ZERO).scaleb(-3) * calls)


def _rounded(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round(amount, 6)
