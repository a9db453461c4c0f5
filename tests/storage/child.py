"""Another process on a profile: `python -m tests.storage.child COMMAND FOLDER`. It says what it has done, a
line each, and is killed or told to go on by whoever started it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import apsw
from tests.storage import samples

from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import TextPart
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.migrations import MIGRATIONS
from chatbench.storage.profile import Profile

CHUNK = "every word that was acknowledged stays. "


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def stream(profile: Profile, database: Database) -> None:
    """Answers without end: `begun ID`, `kept ID LENGTH` after each checkpoint, `done ID LENGTH`."""
    store = ConversationStore(database, profile.owner)
    conversation = await store.create("streaming", samples.lane())
    parent = None
    while True:
        answer = await samples.ask(store, conversation, "go on", parent)
        say("begun", answer.id)
        text = ""
        for _ in range(25):
            text += CHUNK
            await store.checkpoint(answer.id, (TextPart(text=text),))
            say("kept", answer.id, len(text))
        await store.finish(samples.ended(answer, text))
        say("done", answer.id, len(text))
        parent = answer.id


async def hold(profile: Profile, database: Database) -> None:
    """One answer that is being written; a line on stdin lets it write another title."""
    store = ConversationStore(database, profile.owner)
    conversation = await store.create("held", samples.lane())
    answer = await samples.ask(store, conversation, "wait")
    await store.checkpoint(answer.id, (TextPart(text="half a"),))
    say(conversation.id, answer.id)
    while line := await asyncio.to_thread(sys.stdin.readline):
        await store.rename(conversation.id, line.strip())
        say("renamed")


async def fill(profile: Profile, database: Database) -> None:
    """Writes until no file may grow any more, and says how that was told."""
    store = ConversationStore(database, profile.owner)
    conversation = await store.create("full", samples.lane())
    await samples.exchange(store, conversation, "before", "kept before the disk was full")
    limit = profile.database.stat().st_size + 400_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        for number in range(100):
            await samples.exchange(store, conversation, f"more {number}", CHUNK * 1000)
    except ChatbenchError as error:
        say(type(error).__name__)
    say(len((await store.load(conversation.id)).messages) >= 2, await database.check())


async def die_in_migration(profile: Profile) -> None:
    def step(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE half (x); INSERT INTO half VALUES (1); DROP TABLE drafts")
        os.kill(os.getpid(), signal.SIGKILL)

    await Database.open(profile.database, backups=profile.backups, migrations=(*MIGRATIONS, step)).ready()


async def open_only(folder: Path) -> None:
    """Says how opening went."""
    try:
        profile = Profile.open(folder, environ={})
        database = Database.open(profile.database, backups=profile.backups)
        await database.ready()
    except ChatbenchError as error:
        say(type(error).__name__)
        return
    say("open")
    await database.close()
    profile.close()


async def main(command: str, folder: Path) -> None:
    if command == "open":
        await open_only(folder)
        return
    profile = Profile.open(folder, environ={})
    if command == "die":
        await die_in_migration(profile)
    database = Database.open(profile.database, backups=profile.backups)
    await {"stream": stream, "hold": hold, "fill": fill}[command](profile, database)
    await database.close()
    profile.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
