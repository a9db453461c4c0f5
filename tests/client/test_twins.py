"""Synchronous twins: while a loop runs, within one another, left early."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
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


def test_every_asynchronous_method_has_its_twin() -> None:
    for kind in (LLMClient, LazyResponse, Session):
        for name, method in inspect.getmembers(kind):
            if name.startswith("_"):
                continue
            if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
                twin = getattr(kind, f"{name}_sync", None)
                assert twin is not None, f"{kind.__name__}.{name} has no twin"
                assert not inspect.iscoroutinefunction(twin)
    assert LLMClient.complete_sync.__doc__ is not None
    assert "The finished answer" in LLMClient.complete_sync.__doc__


async def test_twins_work_while_a_loop_runs(make: Make, server: LoopbackServer) -> None:
    """As in a notebook: this very thread runs a loop, and is blocked meanwhile."""
    client = make()
    expected = "".join(server.words)
    assert (await client.complete("before", stream=True)).text == expected
    assert client.complete_sync("Hi", stream=True).text == expected
    assert [answer.is_error for answer in client.process_prompts_sync(["a", "b"])] == [False, False]
    assert client.process_prompts_sync(["a"], return_completions_only=True)[0]
    assert "".join(client.stream_text_sync("Hi")) == expected
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
