"""Several models beside each other in the real window."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, shown, two_lanes, writing
from tests.scenarios.window import click, finished, opened, press, until, write

Run = Callable[[Coroutine[Any, Any, None]], None]
SO_FAR = b'data: {"choices": [{"index": 0, "delta": {"content": "so far"}}]}\n\n'


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


def test_one_question_is_answered_by_both_and_stands_above_them(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await ask(view, "Two")
            first, second = view.lanes.views
            assert shown(first) == ["assistant:model-a"] * 2
            assert shown(second) == ["assistant:model-b"] * 2
            assert len(server.asked) == 4
            assert [len(asked.json["messages"]) for asked in server.asked] == [1, 1, 3, 3]
            await until(lambda: view.strip.place.text() == "Turn 2 / 2", "the turn")
            assert view.strip.words.text() == "Two"
            click(view.strip.back)
            await until(lambda: view.strip.words.text() == "One", "the turn before")
            assert (first.letter, second.letter) == ("A", "B")
            assert second.head.accessibleName() == "Lane B: model-b"

    run_async(scenario())


def test_one_lane_fails_and_another_is_stopped_alone(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            server.script(
                replies.data({"error": {"message": "no"}}, 400),
                replies.events([SO_FAR], end="hang"),
            )
            write(view, "Go")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: writing(view), "the words of one")
            (going,) = writing(view)
            await until(lambda: going.foot.stop.isVisible(), "its Stop")
            click(going.foot.stop)
            await finished(view)
            states = {m.state for m in view.conversation.messages if m.role == "assistant"}
            assert states == {"failed", "stopped"}

    run_async(scenario())


def test_going_on_with_one_closes_the_other_and_can_be_undone(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            second = view.lanes.views[1]
            await until(second.foot.go_on.isEnabled, "something to go on with")
            click(second.foot.go_on)
            await until(lambda: view.lanes.alone, "the other to close")
            assert shown(view.lanes.current) == ["user:", "assistant:model-b"]
            assert view.lanes.current.source.entry(1).count == 2  # type: ignore[union-attr]
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: len(view.lanes.views) == 2, "both again")

    run_async(scenario())
