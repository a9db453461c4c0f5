"""An environment of its own for each test, and the failing provider as an endpoint of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from chatbench.client.environment import Environment
from chatbench.client.limits import Bucket
from chatbench.client.retries import BATCH_ATTEMPTS, RetryPolicy
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.storage.database import Database
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile

QUICK = RetryPolicy(max_attempts=BATCH_ATTEMPTS, base_s=0.005, cap_s=0.05)


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    profile = Profile.open(tmp_path / "profile")
    database = Database.open(profile.database)
    environment = Environment.open(profile, KeyStore(database), environ={})
    yield environment
    await environment.aclose()
    await database.close()
    profile.close()


class Served(Protocol):
    """A provider on this computer."""

    def base_url(self, wire: str) -> str: ...


def at(server: Served, environment: Environment, wire: str = "openai_chat", **limits: int) -> None:
    """Registers it as the provider `loop`."""
    environment.registry.save(
        Endpoint(
            id="loop", name="Loop", wire=wire, base_url=server.base_url(wire), auth="none",
            limits=Limits(**limits),
        )
    )  # fmt: skip


def buckets(environment: Environment) -> dict[str, Bucket]:
    """Those of all models that were asked, by model."""
    return {model: bucket for (_, _, model, _), bucket in environment.limiter._buckets.items()}
