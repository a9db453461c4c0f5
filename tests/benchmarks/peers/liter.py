"""liter-llm's side (Rust): a typed request and a typed response. Run by the peers' interpreter."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from tests.benchmarks.peers.side import Calls, say


class Liter(Calls):
    """Its client; how many calls are under way at once is left to the caller."""

    async def start(self) -> None:
        self.library: Any = import_module("liter_llm")
        self.client = self.library.create_client("sk-bench-0123456789", base_url=self.base)

    async def calls(self, count: int) -> None:
        await self.in_turn(count, self._one)

    async def _one(self, number: int) -> None:
        question = {"role": "user", "content": f"Question {number}"}
        request = self.library.ChatCompletionRequest(model="openai/mock", messages=[question])
        answer = await self.library.chat(self.client, request)
        assert str(answer.choices[0].message.content).startswith(" the cache")


if __name__ == "__main__":
    say(Liter, sys.argv[1:])
