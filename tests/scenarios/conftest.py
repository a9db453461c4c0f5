"""What every scenario may use: a provider on this computer that says what it is told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.loopback.server import LoopbackServer


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """Without a script it answers everything with the same words."""
    with LoopbackServer() as running:
        yield running
