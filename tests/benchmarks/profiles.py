"""`python -m tests.benchmarks.profiles FOLDER COUNT ...`: a profile with conversations of that many messages.

In a process of its own, so that the one that is measured has not done the writing.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
from tests.benchmarks.answers import answer_of

from chatbench.core.conversations import Lane, TreeMessage
from chatbench.core.ids import new_id
from chatbench.core.messages import TextPart
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.main import build
from chatbench.storage.conversations import ConversationStore

MODEL = ModelRef("anthropic", "claude-opus-5-5")
_BEGAN_MS = 1_760_000_000_000


def make_profile(folder: Path, *counts: int) -> list[str]:
    """Makes a profile in `folder`; returns the conversations' ids."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.profiles", folder, *map(str, counts)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


async def _fill(folder: Path, counts: list[int]) -> None:
    services = build(folder)
    await services.profile.ready()
    store = services.chat._store
    for count in counts:
        print(await _conversation(store, count))
    await services.aclose()


async def _conversation(store: ConversationStore, count: int) -> str:
    """Questions of about 150 characters and answers of about 1,000, one below the other."""
    lane = Lane(id=new_id(), model=MODEL)
    head = await store.create(f"A conversation of {count:,} messages", lane)
    answers = [answer_of(8_000)[700 * at : 700 * at + 900 + 37 * at] for at in range(8)]
    ids = [new_id() for _ in range(count)]
    messages = [
        _message(head.id, number, parent, identifier, answers)
        for number, (parent, identifier) in enumerate(zip([None, *ids], ids, strict=False))
    ]
    # All in one transaction: a turn at a time would wait for the disk 5,000 times.
    moved = msgspec.structs.replace(lane, leaf=ids[-1])
    await store.begin_turn(head.id, messages, [], [moved])
    return head.id


def _message(
    conversation_id: str, number: int, parent: str | None, identifier: str, answers: list[str]
) -> TreeMessage:
    asked = number % 2 == 0
    text = f"Question {number}. " + "What does it mean? " * 7 if asked else answers[number // 2 % 8]
    facts = TreeMessage(
        id=identifier,
        conversation_id=conversation_id,
        parent_id=parent,
        turn_id=f"turn-{number // 2}",
        role="user" if asked else "assistant",
        parts=(TextPart(text=text),),
        created_at=_BEGAN_MS + number * 60_000,
        finished_at=_BEGAN_MS + number * 60_000 + 9_000,
    )
    if asked:
        return facts
    return msgspec.structs.replace(
        facts,
        model=MODEL,
        usage=Usage(input_tokens=228, output_tokens=618),
        cost=Cost(amount=Decimal("0.0229")),
        timings=Timings(first_token_s=0.84, total_s=9.2),
    )


if __name__ == "__main__":
    asyncio.run(_fill(Path(sys.argv[1]), [int(count) for count in sys.argv[2:]]))
