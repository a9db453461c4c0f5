"""Many calls: as many at once as are allowed, taken from any iterable, in flat memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sized
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from chatbench.client.asking import Transcript
from chatbench.client.progress import Face, Progress, Tally
from chatbench.client.sinks import Sink
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.params import Parameters
from chatbench.core.requests import Request, Response

T = TypeVar("T")
_LOOK_S = 0.1
_ONE = (str, bytes, Mapping, Transcript)
"""One prompt, though Python can go through it: its letters and messages are none."""
Many = Iterable[T] | AsyncIterable[T]


class PromptItem(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt of many with what is its own: a name, a system prompt, parameters."""

    prompt: Any
    id: str = ""
    system: str | None = None
    parameters: Parameters | None = None


async def each(
    items: Many[T],
    work: Callable[[int, T], Awaitable[None]],
    at_once: int,
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Calls `work` with every item and its place, up to `at_once` of them at a time. An item is
    taken when its turn comes and not before; none once it is `stopped`. The first error of `work`
    ends all; one of `items` is raised when the work on those before it is done."""
    if at_once < 1:
        raise ConfigurationError(f"{at_once} prompts at once are none.", "Give at least 1 as at_once.")
    source: _Source[T] = _Source(items)

    broken: list[Exception] = []

    async def worker() -> None:
        while not stopped() and not broken:
            try:
                taken = await source.next()
            except Exception as error:  # noqa: BLE001 - theirs, whatever it is; raised below
                broken.append(error)
                return
            if taken is None:
                return
            await work(*taken)

    count = at_once
    if isinstance(items, Sized):
        count = max(1, min(at_once, len(items)))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise _first(errors) from None
    finally:
        await source.aclose()
    if broken:
        raise broken[0]


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _refuse_one(items: object) -> None:
    if isinstance(items, _ONE) or not isinstance(items, Iterable | AsyncIterable):
        raise ConfigurationError(
            f"A {type(items).__name__} is not many prompts.", "Give a list of them, also for one: [prompt]."
        )


class _Source(AsyncIterator[tuple[int, T]]):
    """Numbers the items of any iterable, for several takers."""

    def __init__(self, items: Many[T]) -> None:
        _refuse_one(items)
        self._number = 0
        self._lock: asyncio.Lock | None = None
        if isinstance(items, AsyncIterable):
            self._slow: AsyncIterator[T] | None = aiter(items)
            self._lock = asyncio.Lock()
        else:
            self._slow = None
            self._quick = iter(items)

    async def next(self) -> tuple[int, T] | None:
        """None at the end."""
        try:
            if self._slow is None:
                item = next(self._quick)
            else:
                assert self._lock is not None
                async with self._lock:
                    item = await anext(self._slow)
        except (StopIteration, StopAsyncIteration):
            return None
        number, self._number = self._number, self._number + 1
        return number, item

    async def __anext__(self) -> tuple[int, T]:
        taken = await self.next()
        if taken is None:
            raise StopAsyncIteration
        return taken

    async def aclose(self) -> None:
        """Ends a generator that was not read to its end."""
        if self._slow is not None and hasattr(self._slow, "aclose"):
            await self._slow.aclose()


class Calls(Protocol):
    """One call of a run: an `AnswerStream`."""

    attempts: int
    retry_at: float | None

    @property
    def queued(self) -> bool: ...

    async def complete(self) -> Response: ...

    def response(self, error: ChatbenchError) -> Response: ...


class Run:
    """One run over many prompts: what is there already is left out, what comes is written, counted
    and shown."""

    def __init__(
        self,
        prepare: Callable[[Any], Request],
        begin: Callable[[Request], Calls],
        refused: Callable[[Any, ChatbenchError], Response],
        *,
        at_once: int,
        face: Face,
        total: int | None = None,
        sink: Sink | None = None,
        fingerprint: Callable[[Request], str] | None = None,
        stop: asyncio.Event | None = None,
    ) -> None:
        """`prepare` may raise: `refused` makes the prompt's response of it. `fingerprint` tells
        requests of this run apart, whatever model each goes to. When `stop` is set nothing more is
        sent: calls that wait are given up, and answers that are under way are waited for."""
        self._prepare, self._begin, self._refused = prepare, begin, refused
        self._stop = stop
        self._under_way: dict[asyncio.Task[Any], Calls] = {}
        self._at_once = at_once
        self._face = face
        self._sink = sink
        self._fingerprint = fingerprint or (lambda request: request.fingerprint)
        self.tally = Tally(total)

    async def over(
        self, prompts: Many[Any], deliver: Callable[[int, Response], Awaitable[None] | None]
    ) -> Progress:
        """Answers every prompt and hands each answer to `deliver`. Raises StorageError and
        FormatError of the sink; what a call fails of is in its response."""
        sink, tally = self._sink, self.tally
        if tally.total is None and isinstance(prompts, Sized):
            tally.total = len(prompts)
        stop = self._stop
        stopping = None if stop is None else asyncio.ensure_future(self._give_up(stop))
        try:
            if sink is not None:
                sink.open()
            await each(
                prompts,
                lambda index, prompt: self._one(index, prompt, deliver),
                self._at_once,
                lambda: stop is not None and stop.is_set(),
            )
        finally:
            if stopping is not None:
                await cancelled(stopping)
            try:
                self._face.close(tally)
            finally:
                if sink is not None:
                    sink.close()
        return tally.progress()

    async def _give_up(self, stop: asyncio.Event) -> None:
        """Once stopped, ends every call that waits to be sent, also one that comes to wait later."""
        await stop.wait()
        while True:
            for task, call in list(self._under_way.items()):
                if call.attempts == 0 or call.queued or call.retry_at is not None:
                    task.cancel()
            await asyncio.sleep(_LOOK_S)

    async def _answer(self, request: Request) -> Response:
        call, task = self._begin(request), asyncio.current_task()
        assert task is not None
        self._under_way[task] = call
        try:
            return await call.complete()
        except ChatbenchError as error:
            return call.response(error)
        except asyncio.CancelledError:
            self.tally.drop()
            raise
        finally:
            del self._under_way[task]

    async def _one(
        self, index: int, prompt: Any, deliver: Callable[[int, Response], Awaitable[None] | None]
    ) -> None:
        sink, tally, fingerprint = self._sink, self.tally, ""
        try:
            request = self._prepare(prompt)
        except ChatbenchError as error:
            tally.take()
            response = self._refused(prompt, error)
        else:
            if sink is not None:
                fingerprint = self._fingerprint(request)
                if sink.has(index, fingerprint):
                    tally.skipped += 1
                    return
            tally.take()
            response = await self._answer(request)
        if sink is not None:
            sink.write(index, getattr(prompt, "id", ""), fingerprint, response)
        tally.add(response)
        self._face.show(tally)
        waiting = deliver(index, response)
        if waiting is not None:
            await waiting


class Outlet(Generic[T]):
    """Hands items from a producer to one reader, who may be slower: the producer then waits."""

    def __init__(self, room: int) -> None:
        self._items: deque[T] = deque()
        self._room = room
        self._over = False
        self._changed = asyncio.Event()

    async def put(self, item: T) -> None:
        """Returns when there is room for another."""
        self._items.append(item)
        self._changed.set()
        while len(self._items) > self._room:
            self._changed.clear()
            await self._changed.wait()

    def end(self) -> None:
        """Nothing comes any more."""
        self._over = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[T]:
        while self._items or not self._over:
            while self._items:
                item = self._items.popleft()
                self._changed.set()
                yield item
            if not self._over:
                self._changed.clear()
                await self._changed.wait()


async def cancelled(task: asyncio.Task[Any] | asyncio.Future[Any]) -> None:
    """Ends a task and waits until it has ended; what it raised is of no interest any more."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()
