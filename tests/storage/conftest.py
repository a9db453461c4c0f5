"""A profile in a folder of the test's own, and what stands on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.harness import databases

from chatbench.storage import opening
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.profile import Profile


@pytest.fixture(autouse=True)
def each_step_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here databases are made as the program makes them."""
    monkeypatch.setattr(opening, "_create", databases.create)


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Profile]:
    opened = Profile.open(tmp_path / "profile", environ={})
    yield opened
    opened.close()


@pytest.fixture
async def database(profile: Profile) -> AsyncIterator[Database]:
    opened = Database.open(profile.database, backups=profile.backups)
    await opened.ready()
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database, profile: Profile) -> ConversationStore:
    return ConversationStore(database, profile.owner)
