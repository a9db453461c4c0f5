"""Synchronous twins: while a loop runs, within one another, left early."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.client.conftest import QUICK, endpoint_at
from tests.loopback.server import LoopbackServer

from chatbench.client import sync
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.client.environment import Environment
from chatbench.client.lazy import LazyResponse
from chatbench.client.llm import LLMClient
from chatbench.client.media import File
from chatbench.client.session import Session
from chatbench.core.errors import ConfigurationError
from chatbench.core.streams import PartDelta
from chatbench.storage.profile import Profile

Make = Callable[..., LLMClient]


@pytest.fixture
def background() -> Iterator[None]:
    yield
    sync.background.stop()


@pytest.fixture
async def environment(tmp_path: Path, server: LoopbackServer, background: None) -> AsyncIterator[Environment]:
    """With a database, and two providers that are both the loopback server."""
    environment = open_environment(Profile.open(tmp_path / "profile"))
    for name in ("loop", "other"):
        environment.registry.register(endpoint_at(server, id=name, name=name.title()))
    yield environment
    await aclose_environment(environment)


@pytest.fixture
def make(environment: Environment) -> Callable[..., LLMClient]:
    def client(models: Any = "loop/m", **settings: Any) -> LLMClient:
        return LLMClient(models, **{"environment": environment, "retries": QUICK, **settings})

    return client


@pytest.fixture
def worker() -> Iterator[sync.Background]:
    """A loop on a thread of its own, apart from the program's."""
    background = sync.Background()
    yield background
    background.stop()


def test_every_asynchronous_method_has_its_twin() -> None:
    for kind in (LLMClient, LazyResponse, Session, File):
        for name, method in inspect.getmembers(kind):
            if name.startswith("_"):
                continue
            if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
                twin = getattr(kind, f"{name}_sync", None)
                assert twin is not None, f"{kind.__name__}.{name} has no twin"
                assert not inspect.iscoroutinefunction(twin)
    assert LLMClient.complete_sync.__doc__ is not None
    assert "The finished answer" in LLMClient.complete_sync.__doc__
    assert "`complete`, waited for" in LLMClient.complete_sync.__doc__
    for twin in (LLMClient.complete_sync, LLMClient.stream_text_sync):
        assert twin.__name__ in ("complete_sync", "stream_text_sync")
        assert twin.__qualname__ == f"LLMClient.{twin.__name__}"


async def test_twins_work_while_a_loop_runs(make: Make, server: LoopbackServer) -> None:
    """As in a notebook: this very thread runs a loop, and is blocked meanwhile."""
    client = make()
    expected = "".join(server.words)
    assert (await client.complete("before", stream=True)).text == expected
    assert client.complete_sync("Hi", stream=True).text == expected
    assert [answer.is_error for answer in client.process_prompts_sync(["a", "b"])] == [False, False]
    assert client.process_prompts_sync(["a"], return_completions_only=True)[0]
    assert "".join(client.stream_text_sync("Hi", temperature=0.25)) == expected
    assert server.asked[-1].json["temperature"] == 0.25
    assert sum(type(event) is PartDelta for event in client.stream_sync("Hi")) > 5
    assert sorted(index for index, _ in client.as_completed_sync(["a", "b"])) == [0, 1]
    lazy = client.prompt("Hi")
    assert str(lazy) == lazy.text_sync() == expected
    assert "".join(client.prompt("Hi")) == expected
    task = client.start_nowait_sync("Hi")
    assert client.wait_for_sync(task).prompt[0].text == "Hi"
    client.start_nowait_sync("Hi")
    assert len(client.wait_for_all_sync()) == 1
    session = client.conversation()
    session.complete_sync("one")
    assert len(session.messages) == 2
    assert (await client.complete("after", stream=True)).text == expected


async def test_a_twin_within_a_twin_is_named(make: Make) -> None:
    client = make()

    async def inside() -> None:
        client.complete_sync("Hi")

    with pytest.raises(ConfigurationError, match="_sync"):
        sync.background.run(inside())


async def test_a_stream_left_early_is_closed(make: Make, server: LoopbackServer) -> None:
    server.pace = 5
    texts = make().stream_text_sync("Hi")
    next(texts)
    texts.close()  # type: ignore[attr-defined]
    server.wait_for_leaving()


async def test_closing_does_not_wait_for_a_loop_that_waits_for_it(
    make: Make, environment: Environment, server: LoopbackServer
) -> None:
    """This loop has connections, and is blocked while the other closes them."""
    await make().complete("Hi")
    sync.background.run(environment.http.aclose())
    await asyncio.sleep(0)
    assert not (await make().complete("Hi")).is_error


# The loop behind them


class Endless:
    """Counts, and says how it ended."""

    def __init__(self) -> None:
        self.ended = False

    async def wait(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(50):
                await asyncio.sleep(0)
            self.ended = True

    async def numbers(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(1000):
                yield number
        finally:
            await asyncio.sleep(0)
            self.ended = True


async def begun(endless: Endless) -> asyncio.Task[None]:
    task = asyncio.create_task(endless.wait())
    await asyncio.sleep(0)
    return task


def test_what_the_work_raises_is_raised_here(worker: sync.Background) -> None:
    async def failing() -> None:
        raise ZeroDivisionError("as it was")

    async def given_up() -> None:
        raise asyncio.CancelledError

    assert not worker.runs
    with pytest.raises(ZeroDivisionError, match="as it was"):
        worker.run(failing())
    assert worker.runs
    with pytest.raises(asyncio.CancelledError):
        worker.run(given_up())
    assert worker.run(asyncio.sleep(0, "the next")) == "the next"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupted_wait_ends_the_work_first(worker: sync.Background) -> None:
    endless = Endless()
    here = threading.get_ident()

    async def work() -> None:
        while sys._current_frames()[here].f_code.co_name != "wait":  # noqa: ASYNC110
            await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)
        await endless.wait()

    with pytest.raises(KeyboardInterrupt):
        worker.run(work())
    assert endless.ended


def test_a_generator_left_early_is_closed_at_once(worker: sync.Background) -> None:
    endless = Endless()
    source = endless.numbers()  # held, so that nothing but the twin closes it
    numbers = worker.iterate(source)
    assert [next(numbers), next(numbers)] == [0, 1]
    numbers.close()  # type: ignore[attr-defined]
    assert endless.ended


def test_an_iterator_that_is_no_generator_will_do(worker: sync.Background) -> None:
    class Three:
        left = 3

        def __aiter__(self) -> Three:
            return self

        async def __anext__(self) -> int:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return self.left

    assert list(worker.iterate(Three())) == [2, 1, 0]


def test_stopping_ends_everything_and_begins_nothing(worker: sync.Background) -> None:
    """Tasks and generators end in their own way, threads are joined, an iterator left open stays shut."""
    task_ends, numbers_end = Endless(), Endless()
    worker.run(begun(task_ends))
    source = numbers_end.numbers()
    numbers = worker.iterate(source)
    next(numbers)
    helper = worker.run(asyncio.to_thread(threading.current_thread))
    assert helper.name.startswith("chatbench-sync")
    thread = worker._thread
    assert thread is not None
    assert helper.is_alive()
    worker.stop()
    assert task_ends.ended
    assert numbers_end.ended
    assert not thread.is_alive()
    assert not helper.is_alive()
    assert not worker.runs
    numbers.close()  # type: ignore[attr-defined]
    assert not worker.runs
    worker.stop()
    assert worker.run(asyncio.sleep(0, "anew")) == "anew"


def test_stopping_waits_for_the_threads_it_began(worker: sync.Background) -> None:
    done = threading.Event()
    begun = threading.Event()

    def slow() -> None:
        begun.set()
        threading.Event().wait(0.2)
        done.set()

    async def begin() -> None:
        asyncio.get_running_loop().run_in_executor(None, slow)

    worker.run(begin())
    assert begun.wait(5)
    worker.stop()
    assert done.is_set()


def test_other_tasks_are_ended_and_waited_for(worker: sync.Background) -> None:
    endless = Endless()
    worker.run(begun(endless))

    async def end() -> None:
        async with asyncio.timeout(5):
            await worker.end_tasks()
        assert endless.ended

    worker.run(end())


def test_a_forked_child_begins_a_loop_of_its_own(worker: sync.Background) -> None:
    """Also where another thread held the lock at the fork: that thread is not there any more."""
    worker.run(asyncio.sleep(0))
    parents = sync.Background()
    parents._loop, parents._thread = worker._loop, worker._thread
    assert worker._lock.acquire(timeout=5)
    worker.forget()
    assert not worker.runs
    assert worker._lock.acquire(timeout=5)
    worker._lock.release()
    assert worker.run(asyncio.sleep(0, "in the child")) == "in the child"
    assert worker._loop is not parents._loop
    parents.stop()
