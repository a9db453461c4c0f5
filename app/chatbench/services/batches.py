"""Many prompts from a file, their answers to another: looked at whole before anything is sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec

from chatbench.client.asking import Asked
from chatbench.client.budget import Budget, BudgetLimit
from chatbench.client.environment import Environment
from chatbench.client.llm import AT_ONCE, LLMClient
from chatbench.client.many import PromptItem
from chatbench.client.progress import Progress, ProgressFace
from chatbench.client.retries import BATCH_ATTEMPTS, BATCH_LIMITED_S, RetryPolicy
from chatbench.client.routing import Weights
from chatbench.client.sinks import Sink, StreamSink, sink_at
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.errors import ChatbenchError, FormatError, LimitUnattainable
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Response
from chatbench.services.batchestimates import ModelEstimate, Total, refuse_unaffordable
from chatbench.services.batchlines import (
    Line,
    holds_pictures,
    lines_of,
    refuse_damaged_pictures,
    unused_columns,
)
from chatbench.services.batchplaces import refuse_place
from chatbench.services.models import ModelService

_TOLD_PROBLEMS = 10
_BREATH = 500
"""After so many lines the loop gets a turn, so that Ctrl+C is heard."""
_HOPELESS = frozenset({"Authentication", "NotFound", "PermissionDenied", "QuotaExhausted"})
_GIVE_UP_AFTER = 20
StoppedBy = Literal["", "budget", "refusals"]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of whom, and where the answers go (`out` None: to a stream).

    Each prompt goes to one of `models`, by `weights`; `fallbacks` answer where those do not. Limits a
    minute are those of each model, `max_cost` (US dollars) and `max_tokens` of this run.
    """

    source: Path
    out: Path | None
    models: tuple[ModelRef, ...]
    weights: Weights = "uniform"
    fallbacks: tuple[ModelRef, ...] = ()
    system: str = ""
    parameters: Parameters = Parameters()
    schema: dict[str, Any] | None = None
    max_cost: Decimal | None = None
    max_tokens: int | None = None
    at_once: int = AT_ONCE
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    attempts: int = BATCH_ATTEMPTS
    limit: int | None = None
    """Only the first so many prompts."""

    @property
    def budgeted(self) -> bool:
        return self.max_cost is not None or self.max_tokens is not None

    @property
    def everyone(self) -> tuple[ModelRef, ...]:
        """Each model that may be asked, once."""
        return tuple(dict.fromkeys((*self.models, *self.fallbacks)))


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was found before anything was sent: `prompts` to be answered in all, `answered` of them
    already. `estimates` are there where they were needed or asked for."""

    prompts: int
    answered: int
    notes: tuple[str, ...] = ()
    estimates: tuple[ModelEstimate, ...] = ()


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended: `failed` prompts are asked again by the next. `stopped_by` is a budget, or a
    provider that refused one call after the other, for the `reason` given."""

    progress: Progress
    failed: int
    left: int
    stopped_by: StoppedBy = ""
    reason: str = ""


class BatchService:
    """Runs batches. Nothing of them is written to the history; what they cost is in the ledger."""

    def __init__(self, environment: Environment, models: ModelService) -> None:
        self._environment = environment
        self._models = models

    async def check(self, batch: Batch, *, estimate: bool = False, restart: bool = False) -> Check:
        """Reads the whole input, and, unless it is a `restart`, what is answered already. Sends and
        writes nothing.

        Raises FormatError naming the lines that cannot be asked, and for results of another run;
        MissingKey and whatever finding a key raises; BudgetExceeded and LimitUnattainable, with the
        numbers, for what cannot be kept; ConfigurationError; StorageError.
        """
        if batch.out is not None:
            refuse_place(batch.out, batch.source)
        client = self._client(batch)
        for model in batch.everyone:
            endpoint = self._environment.keys.effective(self._environment.endpoint(model.provider))
            await self._environment.keys.find(endpoint)
        counted = estimate or batch.budgeted or batch.tokens_per_minute is not None
        asked = Asked(system=batch.system, schema=batch.schema, parameters=batch.parameters)
        totals = [
            Total(self._environment, model, asked, batch.tokens_per_minute)
            for model in (batch.everyone if counted else ())
        ]
        rehearsal = _Rehearsal(None if restart else _resumed(batch))
        reading = _Reading(batch, rehearsal, totals, look_closely=True)
        if rehearsal.inner is not None:
            await client.run(reading.items(), rehearsal, at_once=1, **_asking(batch))
        else:
            async for _ in reading.items():
                pass
        if reading.problems:
            raise _unaskable(batch.source, reading)
        found = reading.prompts - rehearsal.answered
        if found:
            refuse_unaffordable(totals, batch.max_cost, batch.max_tokens)
        return Check(
            prompts=reading.prompts,
            answered=rehearsal.answered,
            notes=(*self._notes(batch), *reading.told()),
            estimates=tuple(total.estimate() for total in totals),
        )

    async def run(
        self,
        batch: Batch,
        check: Check,
        *,
        stream: BinaryIO | None = None,
        progress: ProgressFace = "none",
        stop: asyncio.Event | None = None,
    ) -> Summary:
        """Answers what is not answered yet; `stream` is for a batch without a file to write to. Once
        `stop` is set nothing more is sent, and what is under way is waited for.

        Raises StorageError and FormatError of the output. A prompt that fails is in its line.
        """
        stop = stop or asyncio.Event()
        if batch.out is not None:
            sink = sink_at(batch.out)
        else:
            assert stream is not None, "a batch without a file needs a stream"
            sink = StreamSink(stream)
        guard = _Guard(sink, stop)
        reading = _Reading(batch, _Rehearsal(None), [])
        done = await self._client(batch).run(
            reading.items(), guard, progress=progress, total=check.prompts, at_once=batch.at_once, stop=stop,
            **_asking(batch),
        )  # fmt: skip
        if self._environment.ledger is not None:
            await self._environment.ledger.flush()
        if reading.problems:
            raise FormatError(
                f"{batch.source.name} was changed meanwhile. {reading.problems[0]}",
                "What came before that line is answered.",
            )
        return Summary(
            progress=done,
            failed=done.failed - guard.unsent,
            left=check.prompts - done.skipped - done.done - (done.failed - guard.unsent),
            stopped_by=guard.stopped_by,
            reason=guard.reason,
        )

    def _client(self, batch: Batch) -> LLMClient:
        endpoints = [self._environment.endpoint(model.provider) for model in batch.everyone]
        budget = None
        if batch.budgeted:
            budget = Budget(limits=(BudgetLimit(scope="run", usd=batch.max_cost, tokens=batch.max_tokens),))
        return LLMClient(
            batch.models,
            weights=batch.weights,
            fallbacks=batch.fallbacks,
            limits=_limits(batch, endpoints),
            retries=RetryPolicy(max_attempts=batch.attempts, limited_s=BATCH_LIMITED_S),
            budget=budget,
            environment=self._environment,
        )

    def _notes(self, batch: Batch) -> list[str]:
        """What of the command will have no effect."""
        notes = []
        if unused := unused_columns(batch.source):
            notes.append(f"Not used: {', '.join(unused)}.")
        for model in batch.everyone:
            reasons = self._models.options(model)
            notes += [
                f"{name} will not be sent to {model}: {reason}."
                for name in batch.parameters.given()
                if (reason := reasons.get(name))
            ]
        return notes


def _asking(batch: Batch) -> dict[str, Any]:
    return {"system": batch.system, "schema": batch.schema, "parameters": batch.parameters}


def _limits(batch: Batch, endpoints: Sequence[Endpoint]) -> Limits | None:
    """The limits of the command; of what it leaves open, the strictest of the endpoints'."""
    if batch.requests_per_minute is None and batch.tokens_per_minute is None:
        return None
    strictest = {
        name: min((v for e in endpoints if (v := getattr(e.limits, name)) is not None), default=None)
        for name in Limits.__struct_fields__
    }
    wanted = {
        "requests_per_minute": batch.requests_per_minute, "tokens_per_minute": batch.tokens_per_minute,
    }  # fmt: skip
    return Limits(**{**strictest, **{name: value for name, value in wanted.items() if value is not None}})


def _resumed(batch: Batch) -> Sink | None:
    """The sink of results that are there already."""
    out = batch.out
    try:
        return sink_at(out) if out is not None and out.is_file() and out.stat().st_size else None
    except OSError as error:
        raise FormatError(f"{out} cannot be read: {error.strerror}.", "Name another file.") from error


class _Rehearsal:
    """Stands in for the sink in a run that sends nothing: every prompt counts as answered."""

    def __init__(self, inner: Sink | None) -> None:
        self.inner = inner
        self.answered = 0
        self.is_answered = False
        self.refusal: str = ""

    def open(self) -> None:
        if self.inner is not None:
            self.inner.open()

    def has(self, index: int, fingerprint: str) -> bool:
        self.is_answered = self.inner is not None and self.inner.has(index, fingerprint)
        self.answered += self.is_answered
        return True

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        """A prompt of which no request can be made."""
        self.is_answered = False
        self.refusal = response.error.message if response.error else ""

    def close(self) -> None:
        if self.inner is not None:
            self.inner.close()


class _Reading:
    """The prompts on their way from the file, counted; what is wrong with them is kept."""

    def __init__(
        self, batch: Batch, rehearsal: _Rehearsal, totals: list[Total], *, look_closely: bool = False
    ) -> None:
        self._batch, self._rehearsal, self._totals = batch, rehearsal, totals
        self._look_closely = look_closely
        self.prompts = 0
        self.bad = 0
        self.problems: list[str] = []
        self._notes: Counter[str] = Counter()

    async def items(self) -> AsyncIterator[PromptItem]:
        """Those that can be asked, each as it is wanted."""
        for line in lines_of(self._batch.source):
            if self._batch.limit is not None and self.prompts + self.bad >= self._batch.limit:
                return
            if (self.prompts + self.bad) % _BREATH == 0:
                await asyncio.sleep(0)
            problem = line.problem or await self._damage(line.item)
            if problem is not None or line.item is None:
                self._problem(line.number, problem)
                continue
            self.prompts += 1
            if line.note:
                self._notes[line.note] += 1
            self._rehearsal.is_answered, self._rehearsal.refusal = False, ""
            if not self.bad:  # else the places are no longer those of the answers
                yield line.item
            self._weigh(line)

    async def _damage(self, item: PromptItem | None) -> ChatbenchError | None:
        """What is wrong with a prompt's pictures, if that is to be found out."""
        if item is None or not self._look_closely or not holds_pictures(item):
            return None
        try:
            await asyncio.to_thread(refuse_damaged_pictures, item)
        except ChatbenchError as error:
            return error
        return None

    def _weigh(self, line: Line) -> None:
        if self._rehearsal.refusal:
            self._problem(line.number, FormatError(self._rehearsal.refusal))
        elif self._totals and not self._rehearsal.is_answered:
            assert line.item is not None
            try:
                for total in self._totals:
                    total.add(line.item)
            except LimitUnattainable as error:
                raise LimitUnattainable(f"Line {line.number}: {error.message}", error.hint) from error
            except ChatbenchError as error:
                self._problem(line.number, error)

    def _problem(self, number: int, problem: ChatbenchError | None) -> None:
        self.bad += 1
        if problem is not None and len(self.problems) < _TOLD_PROBLEMS:
            self.problems.append(f"Line {number}: {problem.message} {problem.hint}".rstrip())

    def told(self) -> list[str]:
        """What of the lines will not be sent."""
        return [f"{note} ({count:,} times)" if count > 1 else note for note, count in self._notes.items()]


def _unaskable(source: Path, reading: _Reading) -> FormatError:
    """A line that is wrong is named before anything is sent."""
    more = reading.bad - len(reading.problems)
    told = [*reading.problems, *([f"… and {more:,} more."] if more else [])]
    count = "1 line" if reading.bad == 1 else f"{reading.bad:,} lines"
    return FormatError(f"{count} of {source.name} cannot be asked; nothing was sent.", "\n  ".join(told))


class _Guard:
    """Writes results on, and stops the run where going on would come to nothing."""

    def __init__(self, sink: Sink, stop: asyncio.Event) -> None:
        self._sink, self._stop = sink, stop
        self._refusals = 0
        self.unsent = 0
        """Prompts the budget had no room for: they have no line, and are asked by the next run."""
        self.stopped_by: StoppedBy = ""
        self.reason = ""

    def open(self) -> None:
        self._sink.open()

    def has(self, index: int, fingerprint: str) -> bool:
        return self._sink.has(index, fingerprint)

    def write(self, index: int, identity: str, fingerprint: str, response: Response) -> None:
        error = response.error
        if error is not None and error.kind == "BudgetExceeded" and not response.attempts:
            self.unsent += 1
            self._end("budget", f"{error.message} {error.hint}")
            return
        self._sink.write(index, identity, fingerprint, response)
        if error is None:
            self._refusals = 0
        elif error.kind in _HOPELESS:
            self._refusals += 1
            if self._refusals >= _GIVE_UP_AFTER:
                self._end("refusals", f"{error.message} {error.hint}".rstrip())

    def close(self) -> None:
        self._sink.close()

    def _end(self, by: StoppedBy, reason: str) -> None:
        if not self.stopped_by:
            self.stopped_by, self.reason = by, reason
        self._stop.set()
