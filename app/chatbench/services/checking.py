"""Checks on answers, all kinds of them: in threads, by models, in processes; see `evaluation` for what they
mean."""

from __future__ import annotations

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, Final

import msgspec

from chatbench.client.embeddings import embed, why_not
from chatbench.client.llm import LLMClient
from chatbench.core.checks import Check, Grading, Subject, Verdict
from chatbench.core.errors import BadRequest, BudgetExceeded, ChatbenchError, UnknownModel
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request
from chatbench.evaluation import grading
from chatbench.evaluation.checks import judge, judge_briefly
from chatbench.evaluation.findings import Finding, Unjudged, text_against
from chatbench.evaluation.grading import PreparedGrading
from chatbench.evaluation.kinds import GRADED, problems
from chatbench.evaluation.similarity import cosine
from chatbench.evaluation.verdicts import decided, unjudged
from chatbench.services.codechecks import CodeRunner, digest
from chatbench.services.models import ModelService
from chatbench.services.preferences import Preferences, PreferencesStore
from chatbench.templates.language import parse, render

_NO_TEMPLATES: Final = frozenset({"json_schema", "python"})
_NOT_AT_ONCE: Final = frozenset({*GRADED, "embedding", "python"})
_EMBEDDED_AT_ONCE: Final = 8
_NO_EMBEDDER: Final = "No embedding model is named, and no default one is set."
_KEPT_GRADINGS: Final = 1_000
_KEPT_VECTORS: Final = 256
_REFUSED: Final = "This Python check has not been allowed to run."


class Checking:
    """Judges answers by all kinds of checks."""

    def __init__(self, client: LLMClient, models: ModelService, preferences: PreferencesStore) -> None:
        self._client = client
        self._models = models
        self._preferences = preferences
        self._runner = CodeRunner()
        self._embedding = asyncio.Semaphore(_EMBEDDED_AT_ONCE)
        self._unused: OrderedDict[tuple[str, str], Grading] = OrderedDict()
        self._schemaless: set[ModelRef] = set()
        self._vectors: OrderedDict[tuple[ModelRef, str], array[float]] = OrderedDict()

    async def judge_all(
        self, checks: Sequence[Check], subject: Subject, *, client: LLMClient | None = None
    ) -> tuple[Verdict, ...]:
        """A verdict for each check, in their order; what cannot be judged says why. `client` (its
        budgets, limits and cache) asks the graders in place of the service's own.

        Raises BudgetExceeded where a grader could not be asked for want of money. What other graders
        have answered by then, or when it is cancelled, is used if the same is judged again."""
        asking = _Asking(client or self._client)
        try:
            return await self._all_judged(checks, subject, asking)
        except BaseException:
            for answered in asking.answered:
                self._unused[answered.model, answered.prompt] = answered
            while len(self._unused) > _KEPT_GRADINGS:
                self._unused.popitem(last=False)
            raise

    def judge_at_once(self, checks: Sequence[Check], subject: Subject) -> tuple[Verdict, ...] | None:
        """The same where no check asks anybody and all take a moment only; None elsewhere."""
        found: list[Verdict] = []
        for check in checks:
            if check.kind in _NOT_AT_ONCE:
                return None
            try:
                verdict = judge_briefly(_filled(check, subject), subject)
            except ChatbenchError as error:
                verdict = unjudged(error.message)
            if verdict is None:
                return None
            found.append(verdict)
        return tuple(found)

    async def _all_judged(
        self, checks: Sequence[Check], subject: Subject, asking: _Asking
    ) -> tuple[Verdict, ...]:
        found: dict[int, Verdict] = {}
        slow: list[tuple[int, Check]] = []
        waiting: dict[int, asyncio.Task[Verdict]] = {}
        async with _Together() as together:
            for at, check in enumerate(checks):
                try:
                    check = _filled(check, subject)
                except ChatbenchError as error:
                    found[at] = unjudged(error.message)
                    continue
                if check.kind in GRADED:
                    waiting[at] = together.begin(self._graded(check, subject, asking))
                elif check.kind == "embedding":
                    waiting[at] = together.begin(self._embedded(check, subject, asking.client))
                elif check.kind == "python":
                    waiting[at] = together.begin(self._coded(check, subject))
                elif (verdict := judge_briefly(check, subject)) is not None:
                    found[at] = verdict
                else:
                    slow.append((at, check))
            if slow:
                judged = await asyncio.to_thread(lambda: [(at, judge(check, subject)) for at, check in slow])
                found.update(judged)
            for at, task in waiting.items():
                found[at] = await task
        return tuple(found[at] for at in range(len(checks)))

    def problems(self, checks: Sequence[Check]) -> list[str]:
        """What is wrong with checks before anything is asked: their values and options, models that
        nobody knows, code that is not Python. Code that is not allowed yet is none; see `forbidden`."""
        found: list[str] = []
        for check in checks:
            own = problems(check) or list(map(partial(_named, check), self._closer(check)))
            found += own
        return found

    def forbidden(self, checks: Sequence[Check]) -> tuple[Check, ...]:
        """Python checks whose code has not been allowed: they would not be judged."""
        return tuple(check for check in checks if check.kind == "python" and not self.is_allowed(check.value))

    def is_allowed(self, code: str) -> bool:
        """Whether somebody has allowed this very code to run."""
        return digest(str(code)) in self._preferences.current.python_checks

    def allow(self, code: str, allowed: bool = True) -> None:
        """Remembers that a person has read this code and lets it run; or takes that back. Any change of
        the code is another code. Raises StorageError where that cannot be kept."""
        name = digest(code)

        def change(now: Preferences) -> Preferences:
            others = tuple(one for one in now.python_checks if one != name)
            return msgspec.structs.replace(now, python_checks=(*others, name) if allowed else others)

        self._preferences.change(change)

    async def aclose(self) -> None:
        """Ends the processes of Python checks."""
        await self._runner.aclose()

    def embedders(self, checks: Sequence[Check]) -> list[ModelRef]:
        """The models that are asked for embeddings, one for each check that wants one; without those that
        nobody knows."""
        found: list[ModelRef] = []
        for check in checks:
            if check.kind == "embedding":
                with suppress(UnknownModel):
                    found += filter(None, [self._embedder(check)])
        return found

    def _embedder(self, check: Check) -> ModelRef | None:
        """Raises UnknownModel."""
        named = str(check.options.get("model", ""))
        return self._models.resolve(named) if named else self._models.default_embedding()

    def _closer(self, check: Check) -> list[str]:
        found: list[str] = []
        try:
            if check.kind in GRADED:
                self._models.resolve(check.grader)
            elif check.kind == "embedding":
                found += filter(None, [self._no_embedding(self._embedder(check))])
        except UnknownModel as error:
            found.append(f"{error.message} {error.hint}".strip())
        if check.kind == "python":
            found += _wrong_code(str(check.value))
        elif check.kind not in _NO_TEMPLATES:
            for one in check.value if isinstance(check.value, list | tuple) else [check.value]:
                found += _wrong_template(one)
        return found

    def _no_embedding(self, model: ModelRef | None) -> str:
        return _NO_EMBEDDER if model is None else why_not(model, self._client.environment)

    async def _graded(self, check: Check, subject: Subject, asking: _Asking) -> Verdict:
        try:
            model = self._models.resolve(check.grader)
            asked = grading.request(check, subject)
        except (Unjudged, ChatbenchError) as error:
            return unjudged(str(error))
        # A grader that fails at once is not asked the rest.
        answers = [await self._asked(model, asked[0], asking)]
        if not answers[0][1]:
            async with _Together() as together:
                rest = [together.begin(self._asked(model, one, asking)) for one in asked[1:]]
                answers += [await task for task in rest]
        found = grading.verdict(check, [answer for answer, _ in answers])
        failed = next((told for _, told in answers if told), "")
        if found.passed is None and failed:
            return msgspec.structs.replace(found, reason=f"{model} did not grade it: {failed}")
        return found

    async def _asked(
        self, model: ModelRef, prepared: PreparedGrading, asking: _Asking
    ) -> tuple[Grading, str]:
        """What it answered, and what went wrong otherwise."""
        kept = self._unused.pop((str(model), prepared.prompt), None)
        if kept is not None:
            asking.answered.append(kept)
            return kept, ""
        spent: list[Decimal | None] = []
        schemas = [None] if model in self._schemaless else [prepared.schema, None]
        answer, failure = "", ""
        for schema in schemas:
            request = Request(
                model=model,
                messages=(user(prepared.text),),
                system=prepared.system,
                response_schema=schema,
                stream=False,
            )
            call = asking.client.stream(request)
            try:
                response = await call.complete()
                spent.append(response.spent)
                answer, failure = response.text, ""
                break
            except BudgetExceeded:
                raise
            except ChatbenchError as error:
                spent.append(call.response(error).spent)
                failure = error.message
                if not isinstance(error, BadRequest):
                    break
        if len(spent) == 2 and not failure:
            self._schemaless.add(model)
        cost = None if None in spent else sum((one for one in spent if one is not None), Decimal(0))
        told = Grading(model=str(model), prompt=prepared.prompt, answer=answer, cost=cost)
        if not failure:
            asking.answered.append(told)
        return told, failure

    async def _embedded(self, check: Check, subject: Subject, client: LLMClient) -> Verdict:
        try:
            model = self._embedder(check)
            if model is None:
                return unjudged(_NO_EMBEDDER)
            wanted = text_against(check, subject)
            if not subject.text.strip() or not wanted.strip():
                return decided(check, Finding(0.0, "There is nothing to compare."))
            known = self._vectors.get((model, wanted))
            texts = [subject.text] if known is not None else [subject.text, wanted]
            async with self._embedding:
                embedded = await embed(texts, model, client)
            other = known if known is not None else embedded.vectors[1]
            self._keep(model, wanted, other)
            likeness = cosine(embedded.vectors[0], other)
        except BudgetExceeded:
            raise
        except (Unjudged, ChatbenchError) as error:
            return unjudged(str(error))
        told = f"Cosine {likeness:.3f}."
        asked = Grading(model=str(model), prompt="\n\n".join(texts), answer=told, cost=embedded.cost)
        return msgspec.structs.replace(decided(check, Finding(likeness, told)), gradings=(asked,))

    def _keep(self, model: ModelRef, text: str, vector: array[float]) -> None:
        """Expected answers are compared with again and again."""
        self._vectors[model, text] = vector
        self._vectors.move_to_end((model, text))
        if len(self._vectors) > _KEPT_VECTORS:
            self._vectors.popitem(last=False)

    async def _coded(self, check: Check, subject: Subject) -> Verdict:
        code = str(check.value or "")
        if not self.is_allowed(code):
            return unjudged(_REFUSED)
        row = {"expected": subject.expected, **subject.values}
        try:
            return decided(check, await self._runner.run(code, subject.text, row))
        except Unjudged as error:
            return unjudged(str(error))


class _Asking:
    """By whom the graders of one judging are asked, and what they have answered."""

    def __init__(self, client: LLMClient) -> None:
        self.client = client
        self.answered: list[Grading] = []


class _Together:
    """Tasks of one judging: when it ends early, whatever of them is left is ended, too."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []

    def begin(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.append(task)
        return task

    async def __aenter__(self) -> _Together:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


def _filled(check: Check, subject: Subject) -> Check:
    """With the row's values in its own value. Raises FormatError."""
    if check.kind in _NO_TEMPLATES:
        return check
    values = {"expected": subject.expected, **subject.values}
    value = check.value
    if _is_template(value):
        value = render(value, values)
    elif isinstance(value, list | tuple) and any(map(_is_template, value)):
        value = [render(one, values) if _is_template(one) else one for one in value]
    return check if value is check.value else msgspec.structs.replace(check, value=value)


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def _wrong_template(value: Any) -> list[str]:
    try:
        if _is_template(value):
            parse(value)
    except ChatbenchError as error:
        return [error.message]
    return []


def _named(check: Check, problem: str) -> str:
    return f"{check.title}: {problem}"


def _wrong_code(code: str) -> list[str]:
    """What keeps it from running at all; nothing of it is run."""
    import ast

    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [f"Its code is not Python: {error}."]
    defined = any(isinstance(one, ast.FunctionDef) and one.name == "check" for one in tree.body)
    return [] if defined else ["Its code has no function check(answer, row)."]
