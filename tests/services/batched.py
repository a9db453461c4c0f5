"""Four vendors of batch jobs on this computer, and plans that go by their jobs."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.harness.waiting import until
from tests.loopback.batches import Taken
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop
from tests.services.test_runs import plan_of

from chatbench.core.endpoints import Endpoint, Quirks
from chatbench.core.runs import Plan, Run
from chatbench.services import Services

WIRES = {
    "openai": "openai_responses", "anthropic": "anthropic", "gemini": "gemini", "mistral": "mistral",
}  # fmt: skip
MODELS = {
    "openai": "openai/gpt-4.1", "anthropic": "anthropic/claude-fable-5", "gemini": "gemini/gemini-3.8-flash",
    "mistral": "mistral/mistral-medium-3",
}  # fmt: skip
MODEL = MODELS["openai"]


def vendor_at(server: LoopbackServer, vendor: str) -> Endpoint:
    version = "v1beta" if vendor == "gemini" else ""
    return Endpoint(
        id=vendor, name=vendor, wire=WIRES[vendor], base_url=server.base_url(WIRES[vendor]), auth="none",
        quirks=Quirks(file_storage=True, batch_jobs=True, api_version=version),
    )  # fmt: skip


def prepare(services: Services, server: LoopbackServer) -> Services:
    """The four vendors at the loopback server, looked at again and again without waiting."""
    server.batches.now = int(time.time())
    services.endpoints.save(loop(server))
    for vendor in WIRES:
        services.endpoints.save(vendor_at(server, vendor))
    services.runs.look_s = 0.005
    return services


def batched(rows: int = 3, models: tuple[str, ...] = (MODEL,), **more: Any) -> Plan:
    """Each row asks for its own number."""
    return plan_of(rows, models, batch=True, **more)


def jobs_at(server: LoopbackServer) -> list[Taken]:
    return list(server.batches.taken.values())


async def taken(server: LoopbackServer, count: int = 1) -> Taken:
    await until(lambda: len(server.batches.taken) >= count, f"{count} jobs")
    return jobs_at(server)[-1]


async def paid(services: Services) -> tuple[int, Decimal]:
    """Calls and US dollars in the ledger."""
    spent = await services.usage.since(datetime.fromtimestamp(0, UTC))
    return spent.calls, spent.amount


async def texts(services: Services, run: Run) -> list[str]:
    return [cell.text for cell in await services.runs.cells(run.id)]
