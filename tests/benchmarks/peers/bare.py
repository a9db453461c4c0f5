"""aiohttp's side: its session, a request put together by hand, JSON decoded without a type.

Run by the peers' interpreter.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

from tests.benchmarks.peers.side import Calls, say

_HEADERS = {"authorization": "Bearer sk-bench-0123456789", "content-type": "application/json"}


class Bare(Calls):
    """The library alone: no limits, no retries, no cost, no types."""

    async def start(self) -> None:
        aiohttp: Any = import_module("aiohttp")
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )

    async def calls(self, count: int) -> None:
        await self.in_turn(count, self._one)

    async def _one(self, number: int) -> None:
        question = {"model": "mock", "messages": [{"role": "user", "content": f"Question {number}"}]}
        body = json.dumps(question).encode()
        url = f"{self.base}/chat/completions"
        async with self.session.post(url, data=body, headers=_HEADERS) as response:
            answer = json.loads(await response.read())
        assert answer["choices"][0]["message"]["content"].startswith(" the cache")

    async def close(self) -> None:
        await self.session.close()


if __name__ == "__main__":
    say(Bare, sys.argv[1:])
