"""Four vendors of batch jobs on this computer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.client.conftest import endpoint_at
from tests.loopback.batches import Taken
from tests.loopback.server import LoopbackServer

from chatbench.client.environment import Environment
from chatbench.client.jobs import Jobs
from chatbench.core.endpoints import Quirks
from chatbench.core.messages import user
from chatbench.core.models import ModelRef
from chatbench.core.requests import Request
from chatbench.providers.anthropic.batches import AnthropicJobs
from chatbench.providers.gemini.batches import GeminiJobs
from chatbench.providers.jobs import JobWork
from chatbench.providers.mistral.batches import MistralJobs
from chatbench.providers.openai_responses.batches import OpenAIJobs
from chatbench.storage.database import Database
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile
from chatbench.storage.spend import spent_since

WIRES = {
    "openai": "openai_responses", "anthropic": "anthropic", "gemini": "gemini", "mistral": "mistral",
}  # fmt: skip
MODELS = {
    "openai": "gpt-4.1", "anthropic": "claude-fable-5", "gemini": "gemini-3.8-flash",
    "mistral": "mistral-medium-3",
}  # fmt: skip
KINDS: dict[str, type[JobWork]] = {
    "openai": OpenAIJobs, "anthropic": AnthropicJobs, "gemini": GeminiJobs, "mistral": MistralJobs,
}  # fmt: skip
each = pytest.mark.parametrize("vendor", list(WIRES))


def asked(vendor: str, count: int, **more: Any) -> list[tuple[str, Request]]:
    model = ModelRef(vendor, MODELS[vendor])
    return [(f"row {n}", Request(model=model, messages=(user(f"say {n}"),), **more)) for n in range(count)]


def only(server: LoopbackServer) -> Taken:
    (job,) = server.batches.taken.values()
    return job


async def texts(jobs: Jobs, job_id: str) -> dict[str, str]:
    return {
        custom_id: response.error.kind if response.error else response.text
        async for custom_id, response in jobs.collect(job_id)
    }


async def spent(environment: Environment) -> Any:
    return await environment.need_database().read(lambda connection: spent_since(connection, 0))


@asynccontextmanager
async def vendors(tmp_path: Path, server: LoopbackServer) -> AsyncIterator[Environment]:
    """An environment with all four at the loopback server, and a database."""
    server.batches.now = int(time.time())
    profile = Profile.open(tmp_path / "profile")
    database = Database.open(profile.database)
    opened = Environment.open(profile, KeyStore(database), environ={}, database=database)
    for vendor, wire in WIRES.items():
        version = "v1beta" if vendor == "gemini" else ""
        quirks = Quirks(file_storage=True, batch_jobs=True, api_version=version)
        opened.registry.register(endpoint_at(server, wire, id=vendor, quirks=quirks))
    yield opened
    await opened.aclose()
    await database.close()
    profile.close()
