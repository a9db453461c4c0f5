"""Our side: `LLMClient` with its limits, retries, cost, ledger and typed responses."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from time import perf_counter

from tests.benchmarks.peers.side import Sinks, Streams, say

from chatbench import LLMClient
from chatbench.client.defaults import aclose_environment, open_environment
from chatbench.core.models import ModelRef
from chatbench.core.streams import PartDelta
from chatbench.core.usage import Rates
from chatbench.storage.profile import Profile

MODEL = ModelRef("mock", "mock")
"""Known by `provider`, priced by `start`."""


def provider(base: str, in_flight: int, wire: str = "openai_chat") -> str:
    """The mock as an endpoint file, with limits that are counted and never bind."""
    return (
        f'id = "mock"\nname = "Mock"\nwire = "{wire}"\nbase_url = "{base}"\nmodels = ["mock"]\n'
        f"[limits]\nconcurrent = {in_flight}\nrequests_per_minute = 10000000\n"
        "tokens_per_minute = 1000000000\n"
    )


class Ours(Sinks, Streams):
    """The whole client, as its users call it."""

    wire = "openai_chat"
    _runs = 0

    async def start(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        (self.folder / "providers").mkdir()
        base = self.base.removesuffix("/v1") if self.wire == "anthropic" else self.base
        (self.folder / "providers" / "mock.toml").write_text(provider(base, self.in_flight, self.wire))
        self.environment = open_environment(Profile.open(self.folder))
        self.environment.pricing.user_prices[str(MODEL)] = Rates(input=Decimal(1), output=Decimal(2))
        self.client = LLMClient(
            MODEL, environment=self.environment, key="sk-bench-0123456789", at_once=self.in_flight
        )

    async def calls(self, count: int) -> None:
        found = await self.client.process_prompts([f"Question {number}" for number in range(count)])
        assert len(found) == count
        assert all(one.text.startswith(" the cache") and not one.is_error for one in found)
        assert all(one.cost is not None and one.cost.amount for one in found)

    async def stream(self) -> int:
        seen = 0
        stream = self.client.stream("Why?")
        async with aclosing(stream.events()) as batches:
            async for batch in batches:
                for event in batch:
                    if type(event) is PartDelta and event.text:
                        if not seen:
                            self.first_at = perf_counter()
                        seen += 1
        assert len(stream.result.text) >= seen
        return seen

    async def sink(self, count: int) -> None:
        def prompts() -> Iterator[str]:
            return (f"Question {number}" for number in range(count))

        self._runs += 1
        told = await self.client.run(prompts(), self.folder / f"{self._runs}.jsonl")
        assert (told.done, told.failed) == (count, 0), told

    async def close(self) -> None:
        await self.client.aclose()
        await aclose_environment(self.environment)
        self._folder.cleanup()


class OursOverMessages(Ours):
    """Anthropic's wire."""

    wire = "anthropic"


if __name__ == "__main__":
    kind = OursOverMessages if sys.argv[1] == "anthropic" else Ours
    say(kind, sys.argv[2:])
