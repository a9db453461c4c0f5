"""`python -m tests.benchmarks.profiles FOLDER SIZE ...`: a profile with conversations of these sizes.

A size is a number of messages in one lane, with that many pictures in their questions as in `1000+500`, or
turns and lanes as `1000x8`. In a process of its own, so
that the one that is measured has not done the writing.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
from tests.benchmarks.answers import answer_of

from chatbench.core.conversations import Lane, TreeMessage
from chatbench.core.ids import new_id
from chatbench.core.messages import ImagePart, TextPart
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.main import build
from chatbench.services import Services
from chatbench.storage.conversations import ConversationStore

MODEL = ModelRef("anthropic", "claude-opus-5-5")
_BEGAN_MS = 1_760_000_000_000


def make_profile(folder: Path, *sizes: int | str) -> list[str]:
    """Makes a profile in `folder`; returns the conversations' ids."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.profiles", folder, *map(str, sizes)],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


async def _fill(folder: Path, sizes: list[str]) -> None:
    services = build(folder)
    await services.profile.ready()
    store = services.chat._store
    for size in sizes:
        turns, _, lanes = size.partition("x")
        count, _, pictures = size.partition("+")
        if lanes:
            print(await _side_by_side(store, int(turns), int(lanes)))
        else:
            print(await _conversation(store, int(count), await _pictures(services, int(pictures or 0))))
    await services.aclose()


async def _pictures(services: Services, count: int) -> list[ImagePart]:
    """So many pictures of 800 by 600, no two alike."""
    from PIL import Image

    made = []
    for number in range(count):
        shades = Image.linear_gradient("L").resize((800, 600)).rotate(number % 360)
        picture = Image.merge("RGB", (shades, shades.point(lambda one: one // 2), shades)).convert("RGB")
        picture.putpixel((0, 0), (number % 256, number // 256, 0))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=80)
        part = await services.attachments.attach_bytes(out.getvalue(), f"Picture {number}.jpg", None)
        assert isinstance(part, ImagePart)
        made.append(part)
    return made


async def _conversation(store: ConversationStore, count: int, pictures: list[ImagePart]) -> str:
    """Questions of about 150 characters and answers of about 1,000, one below the other; the pictures in
    the last questions, one in each."""
    lane = Lane(id=new_id(), model=MODEL)
    head = await store.create(f"A conversation of {count:,} messages", lane)
    answers = _answers()
    ids = [new_id() for _ in range(count)]
    messages = [
        _message(head.id, number, parent, identifier, answers)
        for number, (parent, identifier) in enumerate(zip([None, *ids], ids, strict=False))
    ]
    questions = [number for number in range(count - 1, -1, -1) if messages[number].role == "user"]
    for part, at in zip(pictures, questions, strict=False):
        asked = messages[at]
        messages[at] = msgspec.structs.replace(asked, parts=(part, *asked.parts))
    # All in one transaction: a turn at a time would wait for the disk 5,000 times.
    moved = msgspec.structs.replace(lane, leaf=ids[-1])
    await store.begin_turn(head.id, messages, [], [moved])
    return head.id


async def _side_by_side(store: ConversationStore, turns: int, count: int) -> str:
    """The same questions and answers in that many lanes: one question for all in the first turn, one
    for each from then on, as the lanes have parted."""
    lanes = [Lane(id=new_id(), model=MODEL, position=at) for at in range(count)]
    head = await store.create(f"{turns:,} turns in {count} lanes", lanes[0])
    await store.add_lanes(head.id, lanes[1:])
    answers = _answers()
    messages: list[TreeMessage] = []
    leaves: list[str | None] = [None] * count
    for turn in range(turns):
        asked: dict[str | None, str] = {}
        for at, lane in enumerate(lanes):
            parent = leaves[at]
            if parent not in asked:
                asked[parent] = new_id()
                messages.append(_message(head.id, 2 * turn, parent, asked[parent], answers))
            leaf = leaves[at] = new_id()
            answer = _message(head.id, 2 * turn + 1, asked[parent], leaf, answers[at:] + answers[:at])
            messages.append(msgspec.structs.replace(answer, lane_id=lane.id, position=at))
    moved = [msgspec.structs.replace(lane, leaf=leaf) for lane, leaf in zip(lanes, leaves, strict=True)]
    await store.begin_turn(head.id, messages, [], moved)
    return head.id


def _answers() -> list[str]:
    return [answer_of(8_000)[700 * at : 700 * at + 900 + 37 * at] for at in range(8)]


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
    asyncio.run(_fill(Path(sys.argv[1]), sys.argv[2:]))
