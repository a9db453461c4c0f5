"""A profile in a folder of the test's own, and what stands on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.profile import Profile


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
