"""What the tests of the wires over the real seam are given."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chatbench.providers.http import Http


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    """The HTTP seam without proxies."""
    client = Http({})
    yield client
    await client.aclose()
