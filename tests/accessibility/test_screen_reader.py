"""What a screen reader meets, over AT-SPI's real bus: the program is a process of its own on an X server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.accessibility.conftest import Started
from tests.harness.atspi import Node, Reader
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer

from chatbench.core.models import ModelRef
from chatbench.main import build

ANSWER = """# Two ways

Words with **weight** and a [page](https://example.com/page) to read.

- a first point
- a second point

```python
print("one")
```

| name | size |
|---|---|
| small | 1 |
"""
Start = Callable[[Path], Started]


def _chat(profile: Path, *models: str) -> None:
    """An empty chat with these models side by side, open at the next start."""

    async def make() -> str:
        services = build(profile)
        await services.profile.ready()
        first, *others = [ModelRef("loopback", one) for one in models]
        conversation = await services.chat.new_conversation(first)
        for other in others:
            await services.lanes.add(conversation.id, model=other)
        await services.aclose()
        return conversation.id

    opened = asyncio.run(make())
    (profile / "preferences.toml").write_text(f'[window]\ntabs = ["{opened}"]\ncurrent = "{opened}"\n')


def _ask(started: Started, words: str) -> None:
    """Writes into the composer and presses Send, as assistive technology does it."""
    reader, root = started.reader, started.application
    reader.write(reader.find(root, "text", "Message"), words)
    send = reader.find(root, "push button", "Send")
    reader.until(lambda: "sensitive" in reader.states(send), "Send to be usable")
    reader.press(send)


def _said(reader: Reader) -> list[str]:
    return [str(one.value) for one in reader.events if one.kind == "object:announcement"]


def _until_said(reader: Reader, *words: str) -> None:
    reader.until(
        lambda: all(any(one in said for said in _said(reader)) for one in words), f"{words} to be said"
    )


def _messages(started: Started, lane: str) -> Sequence[Node]:
    listed = started.reader.find(started.application, "list", lane)
    return started.reader.children(listed)


def _read(reader: Reader, message: Node) -> list[tuple[str, str]]:
    return [(role, name) for _, role, name in reader.walk(message)]


def test_an_answer_is_read_part_by_part_and_its_controls_are_pressed(
    start: Start, provider: Path, server: LoopbackServer
) -> None:
    server.words = openai_chat.pieces(ANSWER)
    _chat(provider, "model-a")
    started = start(provider)
    reader = started.reader
    _ask(started, "How?")
    _until_said(reader, "The answer begins.", "The answer is complete.")
    question, answer = _messages(started, "Conversation")
    assert reader.name(question).startswith("You. How?")
    assert reader.name(answer).startswith("model-a. Two ways")
    assert {"read-only", "focusable"} <= reader.states(answer)
    parts = _read(reader, answer)
    assert parts[:4] == [
        ("heading", "Two ways"),
        ("paragraph", "Words with weight and a page to read."),
        ("link", "page"),
        ("section", "a first point\na second point"),
    ]
    (code,) = [n for n, (role, name) in enumerate(parts) if role == "section" and name == 'print("one")']
    assert ("push button", "Copy code") in parts[code + 1 : code + 6]
    assert any(role == "section" and "small" in name for role, name in parts)
    assert [name for _, name in parts[-3:]] == ["Quote", "Fork to a new chat", "More"]
    row = [node for node, role, name in reader.walk(answer) if (role, name) == ("push button", "Copy")][-1]
    reader.press(row)
    _until_said(reader, "Copied")


def test_each_lane_says_when_its_answer_begins_ends_and_fails(
    start: Start, provider: Path, server: LoopbackServer
) -> None:
    good = openai_chat.answer(["All ", "is ", "well."], model="model-a")
    server.told["model-a"] = replies.events(good)
    refusal = openai_chat.error_body(None, "invalid_request_error", "It is too long.")
    server.told["model-b"] = replies.data(refusal, 400)
    _chat(provider, "model-a", "model-b")
    started = start(provider)
    reader = started.reader
    _ask(started, "Why?")
    _until_said(reader, "Lane A: The answer is complete.", "Lane B: The answer failed. ", "It is too long.")
    said = _said(reader)
    begins = [n for n, one in enumerate(said) if "The answers begin" in one]
    ends = [n for n, one in enumerate(said) if one.startswith(("Lane A: The answer", "Lane B: The answer"))]
    assert begins
    assert begins[0] < min(ends)
    (answer,) = _messages(started, "Lane A")
    assert reader.name(answer).startswith("model-a. All is well.")
    (failed,) = _messages(started, "Lane B")
    assert "failed" in reader.name(failed)
    assert ("push button", "Details") in _read(reader, failed)


def test_an_answer_is_followed_while_it_comes(start: Start, provider: Path, server: LoopbackServer) -> None:
    words = [f"word{number} " for number in range(400)]
    server.told["model-a"] = replies.events(openai_chat.answer(words, model="model-a"), pace=100)
    _chat(provider, "model-a")
    started = start(provider)
    reader = started.reader
    _ask(started, "Count.")
    _until_said(reader, "The answer begins.")
    reader.until(lambda: len(_messages(started, "Conversation")) == 2, "the answer")
    answer = _messages(started, "Conversation")[1]
    reader.until(lambda: "word1 " in reader.name(answer), "the first words")
    before = reader.name(answer)
    assert "being written" in before
    reader.until(lambda: len(reader.name(answer)) > len(before) + 20, "more words")
    reader.press(reader.find(started.application, "push button", "Stop"))
    _until_said(reader, "The answer was stopped.")
    reader.until(lambda: "stopped" in reader.name(answer), "the answer to be known as stopped")


def test_every_control_a_screen_reader_meets_has_a_name(start: Start, provider: Path) -> None:
    _chat(provider, "model-a", "model-b")
    started = start(provider)
    reader = started.reader
    reader.find(started.application, "text", "Message")
    used = {"push button", "check box", "text", "list", "combo box", "radio button", "slider"}
    unnamed = [role for _, role, name in reader.walk(started.application) if role in used and not name]
    assert not unnamed
