"""What answers beside each other say differently, and what they were asked with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, choose, open_menus, spoken_in, tell, two_lanes, writing
from tests.scenarios.test_lanes import wheel
from tests.scenarios.window import click, finished, opened, press, until, write

from chatbench.core.params import Parameters
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.lane import LaneView
from chatbench.ui.chat.conversation.marked import MarkedLine
from chatbench.ui.chat.conversation.settings import SettingsPopup
from chatbench.ui.chat.conversation.view import FIRST_SCREEN

Run = Callable[[Coroutine[Any, Any, None]], None]
HERE = "Use a unique index, even when two requests arrive together.\n\nThat is all.\n"
THERE = "Use a unique index, even if two requests arrive together.\n\nThat is all.\n"


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        tell(running, "model-a", HERE)
        tell(running, "model-b", THERE)
        yield running


async def compare_with(view: ConversationView, letter: str) -> None:
    """Chooses a lane in the menu of the differences."""
    view.bar.differences.setFocus(Qt.FocusReason.TabFocusReason)
    press(view.bar.differences, Qt.Key.Key_Space)
    await until(open_menus, "the menu")
    choose(f"From lane {letter}" if letter else "No differences")


async def set_parameters(lane: LaneView, view: ConversationView, **given: Any) -> None:
    """Changes what a lane is asked with."""
    view.change_lane(msgspec.structs.replace(lane.lane, **given))
    await view.changes.settled()


def test_the_other_lane_shows_what_it_says_otherwise(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            first, second = view.lanes.views
            await compare_with(view, "A")
            await until(lambda: "[removed: when]" in spoken_in(second), "the difference")
            assert "[added: if]" in spoken_in(second)
            assert "[" not in spoken_in(first), "the lane compared with is plain"
            assert view.bar.legend.isVisible()
            assert view.bar.differences.label() == "Differences from A"
            await compare_with(view, "B")
            await until(lambda: "[added: when]" in spoken_in(first), "the difference from the other side")
            assert "[" not in spoken_in(second)
            await compare_with(view, "")
            await until(lambda: "[" not in spoken_in(first), "the plain words")
            assert not view.bar.legend.isVisible()

    run_async(scenario())


def test_answers_from_before_a_restart_are_read_when_they_are_compared(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            tell(server, "model-a", "Word.")
            tell(server, "model-b", "Word.")
            for _ in range(FIRST_SCREEN // 2 + 1):
                await ask(view, "More")
        async with opened(tmp_path) as session:
            again = session.workspace.current_view()
            assert again is not None
            second = again.lanes.views[1]
            await until(lambda: len(again.turns.all()) > FIRST_SCREEN // 2 + 1, "the outline")
            await compare_with(again, "A")
            click(again.bar.linked)
            one = again.turns.all()[0].turn_id
            second.show_turn(one)
            await until(lambda: "[removed: when]" in spoken_in(second), "the difference of the first turn")

    run_async(scenario())


def test_while_it_is_written_what_is_finished_is_compared(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await compare_with(view, "A")
            text = THERE + "\nThere is more.\n\nMuch more."
            frames = openai_chat.answer(openai_chat.pieces(text), model="model-b")[:-4]
            server.told["model-b"] = replies.events(frames, end="hang")
            write(view, "Go")
            press(view.composer.editor, Qt.Key.Key_Return)
            second = view.lanes.views[1]
            await until(lambda: "[added: if]" in spoken_in(second), "the difference of its first paragraph")
            assert [lane.letter for lane in writing(view)] == ["B"]
            assert "[removed: That is all.]" not in spoken_in(second), "it may still be said"
            click(second.foot.stop)
            await finished(view)

    run_async(scenario())


def test_an_answer_is_compared_with_one_that_is_still_written(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await compare_with(view, "A")
            frames = openai_chat.answer(openai_chat.pieces(HERE), model="model-a")[:-4]
            server.told["model-a"] = replies.events(frames, pace=20, end="hang")
            write(view, "Go")
            press(view.composer.editor, Qt.Key.Key_Return)
            first, second = view.lanes.views
            await until(lambda: "[removed: when]" in spoken_in(second), "the difference")
            assert [lane.letter for lane in writing(view)] == ["A"]
            click(first.foot.stop)
            await finished(view)

    run_async(scenario())


def test_closing_the_lane_compared_with_ends_the_comparison(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            first, second = view.lanes.views
            await compare_with(view, "A")
            await until(lambda: "[added: if]" in spoken_in(second), "the difference")
            view.compare.close(first)
            await until(lambda: view.lanes.alone, "one lane")
            await until(lambda: "[" not in spoken_in(second), "the plain words")
            assert view.compare.contrast.baseline == ""

    run_async(scenario())


def test_other_parameters_are_marked_in_the_head_and_listed(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            first, second = view.lanes.views
            await set_parameters(first, view, parameters=Parameters(temperature=0.2, top_p=0.5))
            await set_parameters(
                second, view, parameters=Parameters(temperature=0.9, top_p=0.5), system="Be short."
            )
            await until(
                lambda: second.head.facts.text() == "Temperature 0.9 · Top p 0.5 · system prompt · Loopback",
                "what is set",
            )
            await compare_with(view, "A")
            wanted = "Temperature 0.9 (only here) · Top p 0.5 · system prompt (only here) · Loopback"
            await until(lambda: second.head.facts.text() == wanted, "the marks")
            assert "(" not in first.head.facts.text()
            click(second.head.facts)
            popup = QApplication.activePopupWidget()
            assert isinstance(popup, SettingsPopup)
            listed = [line.text() for line in popup.findChildren(MarkedLine)]
            assert listed == [
                "model-a (not here)",
                "model-b (only here)",
                "0.2 (not here)",
                "0.9 (only here)",
            ]
            assert popup.accessibleName() == "How lane B differs from lane A"
            press(popup, Qt.Key.Key_Escape)
            second.head.more.setFocus(Qt.FocusReason.TabFocusReason)
            press(second.head.more, Qt.Key.Key_Space)
            await until(open_menus, "the menu of the lane")
            choose("Settings that differ from lane A…")
            popup = QApplication.activePopupWidget()
            assert isinstance(popup, SettingsPopup)
            press(popup, Qt.Key.Key_Escape)

    run_async(scenario())


def tops(view: ConversationView, turn_id: str) -> list[float]:
    """Where the answers of a turn begin in their lanes, those that are in view."""
    found = []
    for lane in view.lanes.views:
        lane.transcript.arrange()
        stack, answer = lane.transcript.stack, lane.answer_to(turn_id)
        index = stack.index_of(answer.id) if answer is not None else None
        top = stack.top_of(index) if index is not None else None
        if top is not None:
            found.append(top)
    return found


def test_compared_answers_begin_at_one_height(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            for short, long in ((3, 20), (25, 4), (2, 9)):
                tell(server, "model-a", "Use a unique index here.\n\n" * short)
                tell(server, "model-b", "Use some other index.\n\n" * long)
                await ask(view, "One")
            first, second = view.lanes.views
            turns = [one.turn_id for one in view.turns.all()]
            await compare_with(view, "A")
            await until(lambda: "[removed: " in spoken_in(second), "the differences")

            def level(turn_id: str) -> bool:
                at = tops(view, turn_id)
                return len(at) == 2 and at[0] == at[1]

            await until(lambda: level(turns[2]), "the last answers, which all lanes end with, to be level")
            for leader in (first, second):
                view.lanes.turn_to(leader)
                press(leader.transcript, Qt.Key.Key_End)
                await until(
                    lambda: all(lane.transcript.stack.following for lane in view.lanes.views), "the end"
                )
                assert level(turns[2])
                for _ in range(30):
                    wheel(leader, 1)
                    message = leader.answer_in_view()
                    assert message is not None
                    at = tops(view, message.turn_id)
                    if len(at) == 2 and min(at) > 0:
                        assert at[0] == at[1], "what is looked at begins at two heights"
                view.turns.step(1)
                assert level(turns[1])
            for short, long in ((2, 9), (5, 2)):
                tell(server, "model-a", "Use a unique index here.\n\n" * short)
                tell(server, "model-b", "Use some other index.\n\n" * long)
                await ask(view, "More")
            last = view.turns.all()[-1].turn_id
            await until(lambda: level(last), "what came while they were compared to be level too")
            await compare_with(view, "")
            await until(
                lambda: first.transcript.stack.foot == second.transcript.stack.foot == 12, "no more room"
            )

    run_async(scenario())
