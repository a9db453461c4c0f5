"""lm-deluge's side: `LLMClient`, with limits that never bind. Run by the peers' interpreter."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from tests.benchmarks.peers.side import Calls, Streams, say

_MODEL = "bench-mock"


def _client(base: str, in_flight: int) -> Any:
    os.environ["BENCH_KEY"] = "sk-bench-0123456789"
    # It streams for the provider of this name alone.
    import_module("lm_deluge.models").register_model(
        id=_MODEL, name="mock", api_base=base, api_key_env_var="BENCH_KEY", api_spec="openai",
        provider="openai", input_cost=1.0, output_cost=2.0,
    )  # fmt: skip
    return import_module("lm_deluge").LLMClient(
        _MODEL,
        max_requests_per_minute=10_000_000,
        max_tokens_per_minute=1_000_000_000,
        max_concurrent_requests=in_flight,
        request_timeout=120,
        progress="manual",
    )


class Deluge(Calls, Streams):
    """The whole client, as its users call it."""

    async def start(self) -> None:
        self.client = _client(self.base, self.in_flight)

    async def calls(self, count: int) -> None:
        found = await self.client.process_prompts_async(
            [f"Question {number}" for number in range(count)], show_progress=False
        )
        assert len(found) == count
        assert all(one.completion.startswith(" the cache") and not one.is_error for one in found)

    async def stream(self) -> int:
        """The number of deltas that the callback was given."""
        seen = 0

        async def told(event: Any) -> None:
            nonlocal seen
            if event.text:
                if not seen:
                    self.first()
                seen += 1

        question = import_module("lm_deluge").Conversation().user("Why?")
        await self.client.run_agent_loop(question, on_text_delta=told, show_progress=False)
        return seen


if __name__ == "__main__":
    say(Deluge, sys.argv[1:])
