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
from chatbench.core.messages import Message, TextPart, text_of
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.requests import Request, Response
from chatbench.core.runs import Cell, CellKey, PlanUser, Run, RunColumn, RunRow
from chatbench.services.runs.columns import values_of
from chatbench.services.runs.talks import Talk
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


Heard = Callable[[Talk], None]
"""What is told of a talk whenever it goes on, so that what has been paid for is kept."""


class _Asking(NamedTuple):
    """One cell being asked: its first request, its talk, and who is told what."""

    key: CellKey
    request: Request
    talk: Talk
    begun: Callable[[AnswerStream], None]
    heard: Heard


class Asker:
    """Asks the cells of one run."""

    def __init__(self, run: Run, client: LLMClient, files: Files, user_model: ModelRef | None = None) -> None:
        self.client = client
        self.streams = False
        """Whether answers are wanted word by word, because somebody looks."""
        self._run = run
        # With one budget: for repeats, graders and batch jobs too.
        self._begin = client.calls(run="")
        # A repeat is there to see how answers differ: it is never answered from the cache.
        self._begin_repeat = client.calls(cache_mode="bypass", run="")
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

    async def with_files(self, request: Request) -> Request:
        """The request with its files as the model takes them. Raises ChatbenchError."""
        if not _has_files(request.messages):
            return request
        info = self.client.environment.catalogue.info(request.model)
        ready = await self._files.ready(request.messages, info)
        return msgspec.structs.replace(request, messages=ready.messages)

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
        before: Talk | None = None,
        heard: Heard = lambda _: None,
    ) -> Answered:
        """The whole talk of a cell, or what is left of it after `before`; `begun` is told of each call before
        it is made, `heard` of the talk before each but the first. Raises OutOfBudget where a budget has no
        room; what else a call fails of is in the cell."""
        column = self._run.columns[key.column]
        talk, fingerprint = Talk(), ""
        error: ErrorReport | None = None
        try:
            request = self.request(column, row, outputs)
            fingerprint = fingerprint_of(request)
            talk.begin(request, fingerprint)
            if before is not None and before.fingerprint == fingerprint:
                talk = before
            asking = _Asking(key, request, talk, begun, heard)
            if not talk.answers:
                await self._say(asking)
            if self._run.plan.user is not None:
                await self._go_on(self._run.plan.user, asking, row)
        except OutOfBudget:
            raise
        except ChatbenchError as failure:
            error = failure.report()
        cell = _cell(key, row, fingerprint, talk, error)
        return Answered(cell, *talk.taken(), talk.messages)

    async def _say(self, asking: _Asking) -> None:
        """One answer of the column's model, to what has been said so far."""
        request = asking.request
        if asking.talk.messages is not request.messages:
            request = msgspec.structs.replace(request, messages=asking.talk.messages)
        if _has_files(request.messages):
            request = await self.with_files(request)
        response = await self._called(request, asking, own=True)
        asking.talk.answer(response.message)

    async def _called(self, request: Request, asking: _Asking, *, own: bool) -> Response:
        talk = asking.talk
        call = self._begin_repeat(request) if asking.key.repeat else self._begin(request)
        asking.begun(call)
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

    async def _go_on(self, user: PlanUser, asking: _Asking, row: RunRow) -> None:
        """The other side of the talk, from where it is: from the script, or from a model."""
        talk = asking.talk
        column = self._run.columns[asking.key.column]
        values = values_of(self._run.plan.prompts[column.planned], column.prompt, row, {})
        for template in user.says[talk.answers - 1 :]:
            asking.heard(talk)
            talk.say(render(template, values, column.fragments))
            await self._say(asking)
        if not user.model or self._user_model is None:
            return
        instruction = render(user.instruction, values, column.fragments)
        for _ in range(talk.answers - 1 - len(user.says), user.turns):
            if not talk.waits:
                asking.heard(talk)
                asked = Request(
                    model=self._user_model, messages=_turned(talk.messages), system=instruction, stream=False
                )
                said = await self._called(asked, asking, own=False)
                if not said.text.strip() or (user.until and user.until in said.text):
                    return
                talk.say(said.text)
            asking.heard(talk)
            await self._say(asking)


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
    return Answered(_cell(key, row, "", Talk(), error.report()), _ZERO, 0)


def answered_by(
    key: CellKey, row: RunRow, request: Request, fingerprint: str, response: Response, job: str = ""
) -> Answered:
    """A cell of one answer that came by a batch `job`, or from the cache; how long it took nobody knows."""
    talk = Talk()
    talk.begin(request, fingerprint)
    talk.count(response, own=True)
    if response.error is None:
        talk.answer(response.message)
    cell = msgspec.structs.replace(_cell(key, row, fingerprint, talk, response.error), total_ms=None, job=job)
    return Answered(cell, *talk.taken(), talk.messages)


def _cell(key: CellKey, row: RunRow, fingerprint: str, talk: Talk, error: ErrorReport | None) -> Cell:
    several = len(talk.messages) > talk.asked + 1
    shown = tuple({"role": one.role, "text": text_of(one.parts)} for one in talk.messages) if several else ()
    return Cell(
        key=key,
        state="failed" if error is not None else "done",
        row_id=row.id,
        fingerprint=fingerprint,
        text=talk.text,
        messages=shown,
        tool_calls=talk.tool_calls,
        refused=talk.refused,
        stop_reason=talk.stop_reason,
        usage=talk.usage,
        cost=talk.own_cost,
        first_ms=_ms(talk.first_s),
        total_ms=_ms(talk.total_s) if talk.heard else None,
        tries=talk.tries,
        from_cache=talk.from_cache,
        error=error,
        ended_at=time.time_ns() // 1_000_000,
    )


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


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
