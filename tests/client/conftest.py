"""An environment of its own for each test, and the loopback provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.loopback.server import LoopbackServer

from chatbench.client.environment import Environment
from chatbench.client.llm import LLMClient
from chatbench.client.retries import RetryPolicy
from chatbench.core.endpoints import Endpoint
from chatbench.core.messages import user
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.params import Parameters
from chatbench.core.requests import Request
from chatbench.storage.database import Database
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile

QUICK = RetryPolicy(base_s=0.001)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
async def open_environment(tmp_path: Path) -> AsyncIterator[Callable[..., Environment]]:
    """Call it with the environment variables."""
    profile = Profile.open(tmp_path / "profile")
    database = Database.open(profile.database)
    opened: list[Environment] = []

    def open_it(**environ: str) -> Environment:
        environment = Environment.open(profile, KeyStore(database), environ=environ)
        opened.append(environment)
        return environment

    yield open_it
    for environment in opened:
        await environment.aclose()
    await database.close()
    profile.close()


@pytest.fixture
def environment(open_environment: Callable[..., Environment]) -> Environment:
    return open_environment()


@pytest.fixture
def client(environment: Environment) -> LLMClient:
    return LLMClient(environment=environment, retries=QUICK)


def endpoint_at(server: LoopbackServer, wire: str = "openai_chat", **more: object) -> Endpoint:
    """The loopback provider as an endpoint without a key."""
    fields = {"id": "loop", "name": "Loop", "wire": wire, "base_url": server.base_url(wire), "auth": "none"}
    return Endpoint(**{**fields, **more})  # type: ignore[arg-type]


def request_of(model: str = "m", **parameters: object) -> Request:
    return Request(
        model=ModelRef("loop", model),
        messages=(user("Hi"),),
        parameters=Parameters(**parameters),  # type: ignore[arg-type]
    )


def row(**more: object) -> ModelInfo:
    """What is known of the model `loop/m`."""
    return ModelInfo(ref=ModelRef("loop", "m"), **more)  # type: ignore[arg-type]
