"""Many prompts at once: answers in their order, as each comes, or written to a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, overload

import msgspec

from chatbench.client.asking import Asked
from chatbench.client.call import AnswerStream
from chatbench.client.calling import Calling
from chatbench.client.many import Many, Outlet, PromptItem, Run, cancelled
from chatbench.client.preparing import Preparation
from chatbench.client.progress import Progress, ProgressFace, face_of
from chatbench.client.routing import differing
from chatbench.client.sinks import Sink, sink_at
from chatbench.client.sync import background, synced, synced_iterator
from chatbench.client.tasks import Tasks
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request, Response

OF_THE_CALL = frozenset(
    {"endpoint", "retries", "timeouts", "cache_mode", "key", "broken", "conversation", "repair"}
)
"""Options that hold for each call of a run and are no part of its request."""


class Runs(Preparation, Tasks):
    """Calls to all of many prompts, `at_once` of them at a time."""

    at_once: int

    @overload
    async def process_prompts(
        self, prompts: Many[Any], *, return_completions_only: Literal[False] = ..., **options: Any
    ) -> list[Response]: ...

    @overload
    async def process_prompts(
        self, prompts: Many[Any], *, return_completions_only: Literal[True], **options: Any
    ) -> list[str | None]: ...

    async def process_prompts(
        self, prompts: Many[Any], *, return_completions_only: bool = False, **options: Any
    ) -> list[Response] | list[str | None]:
        """Answers to all prompts, in their order: texts, messages, conversations, requests, or
        `PromptItem`s with settings of their own; from any iterable, also an asynchronous one.

        A prompt's failure never raises: its response carries `error` (and its completion is None).
        `options` are those of `run`. For more prompts than fit in memory use `run` with a sink.
        """
        answers: dict[int, Response] = {}
        await self._run(prompts, answers.__setitem__, options)
        ordered = [answers[index] for index in sorted(answers)]
        if return_completions_only:
            return [None if response.is_error else response.text for response in ordered]
        return ordered

    @overload
    def process_prompts_sync(
        self, prompts: Many[Any], *, return_completions_only: Literal[False] = ..., **options: Any
    ) -> list[Response]: ...

    @overload
    def process_prompts_sync(
        self, prompts: Many[Any], *, return_completions_only: Literal[True], **options: Any
    ) -> list[str | None]: ...

    def process_prompts_sync(
        self, prompts: Many[Any], *, return_completions_only: bool = False, **options: Any
    ) -> list[Response] | list[str | None]:
        """`process_prompts`, waited for on the calling thread."""
        if return_completions_only:
            return background.run(self.process_prompts(prompts, return_completions_only=True, **options))
        answers: list[Response] = background.run(self.process_prompts(prompts, **options))
        return answers

    async def run(self, prompts: Many[Any], sink: Sink | Path | str, **options: Any) -> Progress:
        """Answers all prompts and writes each result to `sink` (a file's name: JSON lines, or
        SQLite for .db) as it arrives; keeps none. A file that holds results of the same run is
        gone on with: what is answered there is not asked again.

        `options`: `progress`, `total`, `at_once`, `stop` (an asyncio.Event: once it is set nothing
        more is sent, and what is under way is waited for), and all that `complete` takes in
        `asking`. Raises StorageError and FormatError of the sink.
        """
        place = sink_at(sink) if isinstance(sink, str | Path) else sink
        return await self._run(prompts, lambda index, response: None, {**options, "sink": place})

    run_sync = synced(run)

    async def as_completed(
        self, prompts: Many[Any] | None = None, **options: Any
    ) -> AsyncIterator[tuple[int, Response]]:
        """Place and response of each prompt as soon as it is there; without `prompts`, id and
        response of each task that was started and not waited for."""
        if prompts is None:
            async for pair in self._tasks_as_completed():
                yield pair
            return
        outlet: Outlet[tuple[int, Response]] = Outlet(self.at_once)
        running = asyncio.ensure_future(
            self._run(prompts, lambda index, response: outlet.put((index, response)), options)
        )
        running.add_done_callback(lambda _: outlet.end())
        try:
            async for pair in outlet:
                yield pair
            await running
        finally:
            await cancelled(running)

    as_completed_sync = synced_iterator(as_completed)

    def calls(self, **settings: Any) -> Callable[[Request], AnswerStream]:
        """What begins the calls of one run whose requests are whole already: settled once for all of them,
        it adds next to nothing to each. `settings` are those of the call, such as `cache_mode`; with the
        `run` "" they share a budget for the run with the client's single calls."""
        calling = self._calling(many=True, **settings)
        return lambda request: self._begun(request, calling)

    async def _run(
        self,
        prompts: Many[Any],
        deliver: Callable[[int, Response], Awaitable[None] | None],
        options: dict[str, Any],
    ) -> Progress:
        options = dict(options)
        progress: ProgressFace = options.pop("progress", self.progress)
        if options.pop("show_progress", True) is False:
            progress = "none"
        sink, total = options.pop("sink", None), options.pop("total", None)
        stop = options.pop("stop", None)
        at_once = options.pop("at_once", self.at_once)
        settings = {name: options.pop(name) for name in OF_THE_CALL if name in options}
        asked = self._asked(options, stream=options.pop("stream", False))
        calling = self._calling(many=True, schema=asked.schema, given=asked.parameters, **settings)
        named = options["model"] is not None
        run = Run(
            lambda prompt: self._prepared(prompt, asked, options),
            lambda request: self._begun(request, calling),
            lambda prompt, error: Response(model=self._first(), error=error.report(), attempts=0),
            at_once=at_once, face=face_of(progress), total=total, sink=sink, stop=stop,
            fingerprint=lambda request: request.fingerprint if named else self._run_fingerprint(request),
        )  # fmt: skip
        return await run.over(prompts, deliver)

    def _prepared(self, prompt: Any, asked: Asked, options: dict[str, Any]) -> Request:
        if isinstance(prompt, PromptItem):
            if prompt.system is not None:
                asked = msgspec.structs.replace(asked, system=prompt.system)
            if prompt.parameters is not None:
                asked = msgspec.structs.replace(asked, parameters=asked.parameters.merged(prompt.parameters))
            prompt = prompt.prompt
        return self._request(prompt, asked, options)

    def _begun(self, request: Request, calling: Calling) -> AnswerStream:
        return AnswerStream(self.environment, request, calling, self._router_of(request))

    def _run_fingerprint(self, request: Request) -> str:
        """One for all the models a prompt may go to, whatever parameters each has of its own."""
        router = self._router_of(request)
        if router is None or len(router.routes) == 1:
            return request.fingerprint
        names = ",".join(str(route.model) for route in router.routes)
        first = router.routes[0].parameters
        own = differing(request.parameters, router.own(request.model))
        return msgspec.structs.replace(
            request, model=ModelRef("any of", names), parameters=first.merged(own)
        ).fingerprint
