"""All services over a profile of the test's own, and a provider on this computer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.loopback.server import LoopbackServer

from chatbench.core.changes import Changes
from chatbench.core.conversations import TreeMessage
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.main import build
from chatbench.services import Services

MODEL = ModelRef("loop", "m")
SIGHTED = ModelRef("loop", "sighted")
Open = Callable[..., AbstractAsyncContextManager[Services]]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """`async with opened() as services:` opens this test's profile, as often as wanted."""

    @asynccontextmanager
    async def open_it(**environ: str) -> AsyncIterator[Services]:
        services = build(tmp_path / "profile", environ=environ)
        await services.profile.ready()
        try:
            yield services
        finally:
            await services.aclose()

    return open_it


@pytest.fixture
async def services(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    """With the loopback provider as `loop`, whose models are `m` and, taking pictures, `sighted`."""
    async with opened() as running:
        running.endpoints.save(loop(server))
        yield running


def loop(server: LoopbackServer, **more: object) -> Endpoint:
    sighted = ModelInfo(ref=SIGHTED, name="Sighted", inputs=frozenset({"text", "image"}))
    endpoint = Endpoint(
        id="loop", name="Loop", wire="openai_chat", base_url=server.base_url("openai_chat"), auth="none",
        models=("m", "other"), rows=(sighted,),
    )  # fmt: skip
    return msgspec.structs.replace(endpoint, **more)


@pytest.fixture
def heard(services: Services) -> list[Changes]:
    """Every change announced from here on."""
    found: list[Changes] = []
    services.changes.connect(found.append)
    return found


async def texts(services: Services, conversation_id: str) -> list[str]:
    """The words of the branch that is shown."""
    conversation = await services.history.load(conversation_id)
    return [message.text for message in conversation.path(conversation.lanes[0].leaf)]


async def stored(services: Services, message_id: str) -> TreeMessage:
    (message,) = await services.history.messages([message_id])
    return message
