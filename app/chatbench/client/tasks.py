"""Calls that are begun now and waited for later, and the count that is kept of them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, Self

from chatbench.client.many import cancelled
from chatbench.client.progress import Face, Progress, ProgressFace, Tally, face_of
from chatbench.client.sync import background, synced
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.models import ModelRef
from chatbench.core.requests import Response


class Tasks(ABC):
    """A task is begun by `start_nowait`, which gives its id, and belongs to the loop it was begun on.

    `tracker` counts the calls of the client; between `open` and `close` they are shown too.
    """

    progress: ProgressFace

    def _begin_tasks(self) -> None:
        self._tasks: dict[int, asyncio.Task[Response]] = {}
        self._next_task = 0
        self._tally = Tally()
        self._face: Face | None = None

    @abstractmethod
    def _first(self) -> ModelRef: ...

    @abstractmethod
    async def complete(self, prompt: Any, **asking: Any) -> Response:
        """The finished answer."""

    def start_nowait(self, prompt: Any, **asking: Any) -> int:
        """Begins a call on the running loop and returns its id; see `wait_for`. Raises
        ConfigurationError where no loop runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError as error:
            raise ConfigurationError(
                "No event loop runs here, on which a call could begin.", "Use start_nowait_sync."
            ) from error
        number, self._next_task = self._next_task, self._next_task + 1
        self._tasks[number] = asyncio.ensure_future(self.complete(prompt, **asking))
        return number

    async def start(self, prompt: Any, **asking: Any) -> Response:
        """`start_nowait` and `wait_for` in one."""
        return await self.wait_for(self.start_nowait(prompt, **asking))

    start_sync = synced(start)

    def start_nowait_sync(self, prompt: Any, **asking: Any) -> int:
        """`start_nowait` where no loop runs; to be waited for with `wait_for_sync` and its like."""

        async def begin() -> int:
            return self.start_nowait(prompt, **asking)

        return background.run(begin())

    async def wait_for(self, task_id: int) -> Response:
        """The response of a task. Raises what the call raised; KeyError for an id that was never
        given, or waited for before; ConfigurationError on another loop than it was begun on."""
        task = self._here(task_id)
        try:
            return await task
        finally:
            self._tasks.pop(task_id, None)

    wait_for_sync = synced(wait_for)

    async def wait_for_all(self, task_ids: Sequence[int] | None = None) -> list[Response]:
        """The responses of these tasks (None: of all), in the order of the ids. A failure does not
        raise: its response carries `error`."""
        ids = list(self._tasks) if task_ids is None else list(task_ids)
        return [await self._outcome(number) for number in ids]

    wait_for_all_sync = synced(wait_for_all)

    def _here(self, task_id: int) -> asyncio.Task[Response]:
        task = self._tasks[task_id]
        if task.get_loop() is not asyncio.get_running_loop():
            raise ConfigurationError(
                f"Task {task_id} was begun on another event loop.",
                "Await it where start_nowait was called; after start_nowait_sync use wait_for_sync.",
            )
        return task

    async def _outcome(self, number: int) -> Response:
        self._here(number)
        try:
            return await self.wait_for(number)
        except ChatbenchError as error:
            return Response(model=self._first(), error=error.report())

    async def _tasks_as_completed(self) -> AsyncIterator[tuple[int, Response]]:
        while self._tasks:
            await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)
            for number in [number for number, task in self._tasks.items() if task.done()]:
                if number in self._tasks:
                    yield number, await self._outcome(number)

    def open(self, total: int | None = None, *, show_progress: bool = True) -> Self:
        """Counts from here on, and shows the count as `progress` says, until `close`."""
        self._tally = Tally(total)
        self._face = face_of(self.progress) if show_progress else None
        return self

    def close(self) -> Progress:
        """Ends what `open` began, and returns the count."""
        if self._face is not None:
            self._face.close(self._tally)
            self._face = None
        return self._tally.progress()

    def reset_tracker(self) -> None:
        """Counts from nothing again."""
        self._tally = Tally(self._tally.total)

    @property
    def tracker(self) -> Progress:
        """The calls since the client was made, opened or reset."""
        return self._tally.progress()

    async def _tracked(self, call: Awaitable[Response], model: ModelRef) -> Response:
        tally = self._tally
        tally.take()
        try:
            response = await call
        except ChatbenchError as error:
            tally.add(Response(model=model, error=error.report()))
            raise
        except BaseException:
            tally.drop()
            raise
        else:
            tally.add(response)
            return response
        finally:
            if self._face is not None:
                self._face.show(tally)

    async def aclose(self) -> None:
        """Stops every task of this client. Connections are the environment's."""
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            await cancelled(task)

    aclose_sync = synced(aclose)
