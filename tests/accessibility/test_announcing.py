"""What is said when answers end: of one answer its words, of several beside each other which has ended."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QAccessible
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, tell, two_lanes
from tests.scenarios.window import chatting, opened, until

Run = Callable[[Coroutine[Any, Any, None]], None]
WORDS = "All is well here."


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that a screen reader is told."""
    found: list[str] = []

    def hear(event: object) -> None:
        if callable(message := getattr(event, "message", None)):
            found.append(message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", hear)
    return found


def test_an_answer_alone_is_read_out_when_it_ends(
    tmp_path: Path, run_async: Run, server: LoopbackServer, said: list[str]
) -> None:
    async def scenario() -> None:
        tell(server, "model-a", WORDS)
        async with chatting(tmp_path, server) as (_, view):
            await ask(view, "One")
            await until(lambda: "The answer is complete." in said, "the end to be said")
            assert [one for one in said if WORDS in one] == [f"model-a has answered. {WORDS}"]

    run_async(scenario())


def test_lanes_say_that_they_ended_and_read_nothing_out(
    tmp_path: Path, run_async: Run, server: LoopbackServer, said: list[str]
) -> None:
    async def scenario() -> None:
        for model in ("model-a", "model-b"):
            tell(server, model, WORDS)
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            ends = [f"Lane {letter}: The answer is complete." for letter in "AB"]
            await until(lambda: all(one in said for one in ends), "the ends to be said")
            assert [said.count(one) for one in ends] == [1, 1]
            assert not [one for one in said if "has answered" in one or WORDS in one]

    run_async(scenario())
