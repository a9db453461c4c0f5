"""What the tests of the HTTP seam share: a client, an event loop elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.providers.peers import Elsewhere

from chatbench.providers.http import Http


@pytest.fixture
async def client() -> AsyncIterator[Http]:
    http = Http({})
    yield http
    await http.aclose()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    there = Elsewhere()
    yield there
    if not there.loop.is_closed():
        there.stop()
