"""One cell asked: its request made from prompt and row, its talk gone on with, its answer as a cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from chatbench.client.call import AnswerStream
from chatbench.client.llm import LLMClient
from chatbench.client.strictness import strict_schema
from chatbench.core.checks import Subject
from chatbench.core.errors import ChatbenchError, ErrorReport, FormatError
from chatbench.core.messages import Message, RefusalPart, TextPart, text_of
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.requests import Request, Response
from chatbench.core.runs import Cell, CellKey, PlanUser, Run, RunColumn, RunRow
from chatbench.core.usage import Usage
from chatbench.services.runs.columns import values_of
from chatbench.templates.language import render
from chatbench.templates.prompts import fill, variables_of

_ZERO = Decimal(0)
_NOT_OF_THE_CELL = frozenset({"BudgetExceeded"})


class Files(Protocol):
    """Makes stored files of messages ready for a model."""

    async def ready(self, messages: Sequence[Message], info: ModelInfo) -> Any:
        """An object with `messages`. Raises ChatbenchError."""


class OutOfBudget(ChatbenchError):
    """No room is left for the next call: its cell stays to be asked."""


class Answered(NamedTuple):
    """A cell that was asked, without its verdicts; US dollars it took in all, and calls whose price is
    unknown; what was said."""

    cell: Cell
    cost: Decimal
    unpriced: int
    messages: tuple[Message, ...] = ()

    @property
    def question(self) -> str:
        """What the model was sent last."""
        return _question(self.messages)


class _Talk:
    """What has been said in one cell, and what it took."""

    __slots__ = (
        "asked", "cost", "first_s", "last", "messages", "own_cost", "total_s", "tries", "unpriced", "usage",
    )  # fmt: skip

    def __init__(self) -> None:
        self.messages: tuple[Message, ...] = ()
        self.asked = 0
        self.usage = Usage()
        self.own_cost: Decimal | None = _ZERO
        self.cost = _ZERO
        self.unpriced = 0
        self.tries = 0
        self.total_s = 0.0
        self.first_s: float | None = None
        self.last: Response | None = None

    def begin(self, messages: tuple[Message, ...]) -> None:
        """What is sent first."""
        self.messages, self.asked = messages, len(messages)

    def count(self, response: Response, *, own: bool) -> None:
        """What a call took; `own`: of the model that is tested."""
        spent = response.spent
        self.unpriced += spent is None
        self.cost += spent or _ZERO
        if not own:
            return
        self.tries += response.attempts
        self.own_cost = None if spent is None or self.own_cost is None else self.own_cost + spent
        if response.usage is not None:
            self.usage = response.usage if self.last is None else self.usage + response.usage
        timings = response.timings
        queued = timings.queued_s or 0.0
        if self.first_s is None and timings.first_token_s is not None:
            self.first_s = max(0.0, timings.first_token_s - queued)
        self.total_s += max(0.0, (timings.total_s or 0.0) - queued)
        self.last = response

    def say(self, role: Any, text: str) -> None:
        self.messages = (*self.messages, Message(role=role, parts=(TextPart(text=text),)))


class Asker:
    """Asks the cells of one run."""

    def __init__(self, run: Run, client: LLMClient, files: Files, user_model: ModelRef | None = None) -> None:
        self.client = client
        self.streams = False
        """Whether answers are wanted word by word, because somebody looks."""
        self._run = run
        self._begin = client.calls()
        # A repeat is there to see how answers differ: it is never answered from the cache.
        self._begin_repeat = client.calls(cache_mode="bypass")
        self._variables = [variables_of(column.prompt) for column in run.columns]
        self._files = files
        self._user_model = user_model
        self._models = [ModelRef.parse(column.model) for column in run.columns]
        self._parameters = [column.prompt.parameters.merged(column.parameters) for column in run.columns]
        self._schemas = [
            None if column.prompt.response_schema is None else strict_schema(column.prompt.response_schema)
            for column in run.columns
        ]

    def request(self, column: RunColumn, row: RunRow, outputs: Mapping[str, str]) -> Request:
        """The first request of a cell. Raises FormatError for values that do not fill the prompt."""
        values = values_of(self._run.plan.prompts[column.planned], column.prompt, row, outputs)
        filled = fill(column.prompt, values, column.fragments, self._variables[column.index])
        return Request(
            model=self._models[column.index],
            messages=filled.messages,
            system=filled.system,
            parameters=self._parameters[column.index],
            tools=column.prompt.tools,
            response_schema=self._schemas[column.index],
            stream=self.streams,
        )

    def question(self, cell: Cell, row: RunRow, outputs: Mapping[str, str]) -> str:
        """What the model of a cell that has been asked was sent last."""
        if cell.messages:
            return next((one["text"] for one in reversed(cell.messages) if one["role"] == "user"), "")
        return _question(self.request(self._run.columns[cell.key.column], row, outputs).messages)

    async def ask(
        self,
        key: CellKey,
        row: RunRow,
        outputs: Mapping[str, str],
        begun: Callable[[AnswerStream], None],
    ) -> Answered:
        """The whole talk of a cell; `begun` is told of each call before it is made. Raises OutOfBudget
        where a budget has no room; what else a call fails of is in the cell."""
        column = self._run.columns[key.column]
        talk, fingerprint = _Talk(), ""
        error: ErrorReport | None = None
        try:
            request = self.request(column, row, outputs)
            fingerprint = fingerprint_of(request)
            talk.begin(request.messages)
            await self._say(request, talk, key, begun)
            if self._run.plan.user is not None:
                await self._go_on(self._run.plan.user, request, talk, row, key, begun)
        except OutOfBudget:
            if talk.last is None:
                raise
            error = _report_of_budget(key)
        except ChatbenchError as failure:
            error = failure.report()
        return Answered(_cell(key, row, fingerprint, talk, error), talk.cost, talk.unpriced, talk.messages)

    async def _say(
        self, request: Request, talk: _Talk, key: CellKey, begun: Callable[[AnswerStream], None]
    ) -> None:
        """One answer of the column's model, to what has been said so far."""
        messages = talk.messages
        if _has_files(messages):
            info = self.client.environment.catalogue.info(request.model)
            messages = (await self._files.ready(messages, info)).messages
        if messages is not request.messages:
            request = msgspec.structs.replace(request, messages=messages)
        response = await self._called(request, talk, key, begun, own=True)
        talk.messages = (*talk.messages, response.message)

    async def _called(
        self, request: Request, talk: _Talk, key: CellKey, begun: Callable[[AnswerStream], None], *, own: bool
    ) -> Response:
        call = self._begin_repeat(request) if key.repeat else self._begin(request)
        begun(call)
        try:
            response = await call.complete()
        except ChatbenchError as error:
            failed = call.response(error)
            if failed.attempts or error.report().kind not in _NOT_OF_THE_CELL:
                talk.count(failed, own=own)
                raise
            raise OutOfBudget(error.message, error.hint) from error
        talk.count(response, own=own)
        return response

    async def _go_on(
        self, user: PlanUser, request: Request, talk: _Talk, row: RunRow, key: CellKey,
        begun: Callable[[AnswerStream], None],
    ) -> None:  # fmt: skip
        """The other side of the talk: from the script, or from a model."""
        column = self._run.columns[key.column]
        values = values_of(self._run.plan.prompts[column.planned], column.prompt, row, {})
        for template in user.says:
            talk.say("user", render(template, values, column.fragments))
            await self._say(request, talk, key, begun)
        if not user.model or self._user_model is None:
            return
        instruction = render(user.instruction, values, column.fragments)
        for _ in range(user.turns):
            asked = Request(
                model=self._user_model, messages=_turned(talk.messages), system=instruction, stream=False
            )
            said = await self._called(asked, talk, key, begun, own=False)
            if not said.text.strip() or (user.until and user.until in said.text):
                return
            talk.say("user", said.text)
            await self._say(request, talk, key, begun)


def fingerprint_of(request: Request) -> str:
    """Tells what is sent. Raises FormatError for text that no request can hold."""
    try:
        return request.fingerprint
    except UnicodeEncodeError as error:
        raise FormatError(
            f"The prompt holds what is no character ({error.object[error.start]!a}).", "Correct the row."
        ) from error


def subject_of(cell: Cell, row: RunRow, question: str) -> Subject:
    """What is checked of a cell."""
    return Subject(
        text=cell.text,
        expected=row.expected,
        values=row.values,
        question=question,
        tool_calls=cell.tool_calls,
        cost=cell.cost,
        latency_ms=cell.total_ms,
        input_tokens=cell.usage.input_tokens,
        output_tokens=cell.usage.output_tokens,
        refused=cell.refused,
    )


def failed_cell(key: CellKey, row: RunRow, error: ChatbenchError) -> Answered:
    """A cell for which there was nothing to ask."""
    return Answered(_cell(key, row, "", _Talk(), error.report()), _ZERO, 0)


def _cell(key: CellKey, row: RunRow, fingerprint: str, talk: _Talk, error: ErrorReport | None) -> Cell:
    last = talk.last
    several = len(talk.messages) > talk.asked + 1
    shown = tuple({"role": one.role, "text": text_of(one.parts)} for one in talk.messages) if several else ()
    return Cell(
        key=key,
        state="failed" if error is not None else "done",
        row_id=row.id,
        fingerprint=fingerprint,
        text=last.text if last is not None else "",
        messages=shown,
        tool_calls=tuple((one.name, _arguments(one.arguments)) for one in last.tool_calls) if last else (),
        refused=last is not None and _is_refusal(last),
        stop_reason=(last.stop_reason or "") if last is not None else "",
        usage=talk.usage,
        cost=talk.own_cost,
        first_ms=_ms(talk.first_s) if last is not None and last.request and last.request.stream else None,
        total_ms=_ms(talk.total_s) if last is not None else None,
        tries=talk.tries,
        from_cache=last is not None and last.local_cache_hit,
        error=error,
        ended_at=time.time_ns() // 1_000_000,
    )


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _arguments(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _is_refusal(response: Response) -> bool:
    return response.stop_reason in ("refusal", "content_filter") or any(
        isinstance(part, RefusalPart) for part in response.parts
    )


def _has_files(messages: Sequence[Message]) -> bool:
    for message in messages:
        for part in message.parts:
            if type(part) is not TextPart:
                return True
    return False


def _question(messages: Sequence[Message]) -> str:
    """What was asked last."""
    return next((text_of(one.parts) for one in reversed(messages) if one.role == "user"), "")


def _turned(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The talk as the other side sees it: who answers there asks here. It begins with what was answered
    first, for no model takes a talk that begins with its own words."""
    swapped = tuple(
        Message(
            role="user" if one.role == "assistant" else "assistant",
            parts=(TextPart(text=text_of(one.parts)),),
        )
        for one in messages
        if one.role in ("user", "assistant") and text_of(one.parts).strip()
    )
    first = next((at for at, one in enumerate(swapped) if one.role == "user"), len(swapped))
    return swapped[first:]


def _report_of_budget(key: CellKey) -> ErrorReport:
    return ErrorReport(
        kind="BudgetExceeded",
        message=f"The budget ended in the middle of the talk of row {key.row + 1}.",
        hint="Raise it and run the failed cells again.",
    )
