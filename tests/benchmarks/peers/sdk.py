"""The Anthropic SDK's side, at its cheapest: raw events, nothing accumulated.

Run by the peers' interpreter.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from tests.benchmarks.peers.side import Streams, say


class Sdk(Streams):
    """`messages.create(stream=True)`."""

    async def start(self) -> None:
        anthropic: Any = import_module("anthropic")
        base = self.base.removesuffix("/v1")
        self.client = anthropic.AsyncAnthropic(api_key="sk-bench-0123456789", base_url=base)

    async def stream(self) -> int:
        seen = 0
        events = await self.client.messages.create(
            model="mock", max_tokens=1000, messages=[{"role": "user", "content": "Why?"}], stream=True
        )
        async for event in events:
            if event.type == "content_block_delta":
                if not seen:
                    self.first()
                seen += 1
        return seen

    async def close(self) -> None:
        await self.client.close()


if __name__ == "__main__":
    say(Sdk, sys.argv[1:])
