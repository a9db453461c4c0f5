"""Several models beside each other in the real window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import OTHER, ask, choose, open_menus, shown, tell, two_lanes, writing
from tests.scenarios.window import click, finished, opened, press, until, write

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.lane import LaneView
from chatbench.ui.session import Session
from chatbench.ui.theme import theme
from chatbench.ui.widgets import SegmentControl

Run = Callable[[Coroutine[Any, Any, None]], None]
CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
SO_FAR = b'data: {"choices": [{"index": 0, "delta": {"content": "so far"}}]}\n\n'


def test_one_question_is_answered_by_both_and_stands_above_them(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await ask(view, "Two")
            first, second = view.lanes.views
            assert shown(first) == ["assistant:model-a", "user:", "assistant:model-a"]
            assert shown(second) == ["assistant:model-b", "user:", "assistant:model-b"]
            assert len(server.asked) == 4
            assert [len(asked.json["messages"]) for asked in server.asked] == [1, 1, 3, 3]
            await until(lambda: view.strip.place.text() == "Turn 2 / 2", "the turn")
            assert view.strip.words.text() == "Two"
            click(view.strip.back)
            await until(lambda: view.strip.words.text() == "One", "the turn before")
            assert (first.letter, second.letter) == ("A", "B")
            assert second.head.accessibleName() == "Lane B: model-b"
            assert view.composer.editor.hint() == "Write to both lanes"

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
            for lane in view.lanes.views:
                await until(lane.foot.go_on.isEnabled, f"the figures of {lane.letter}")

    run_async(scenario())


async def long_lanes(session: Session, server: LoopbackServer) -> ConversationView:
    """Two lanes with two turns, each higher than the window."""
    view = await two_lanes(session, server)
    tell(server, "model-a", "First words.\n\n" * 60)
    tell(server, "model-b", "Second words, which are more.\n\n" * 90)
    await ask(view, "One")
    await ask(view, "Two")
    return view


def wheel(lane: LaneView, up: int, *, left: int = 0, shift: bool = False) -> None:
    """Turns the wheel over a lane, so many notches away from the reader, or tilts it."""
    under = lane.transcript.viewport()
    at = QPointF(under.rect().center())
    where = under.mapToGlobal(at)
    turn = QPoint(120 * left, 120 * up)
    no = Qt.MouseButton.NoButton
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(at, where, QPoint(), turn, no, held, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(under, event)
    for around in (under.parentWidget(), lane, lane.parentWidget()):
        if (
            around is not None and not event.isAccepted()
        ):  # Qt hands on to parents what comes from the system only.
            QApplication.sendEvent(around, event)


def turn_at(lane: LaneView) -> str:
    """The turn a lane shows."""
    message = lane.answer_in_view()
    return message.turn_id if message is not None else ""


def test_lanes_scroll_together_by_turn_until_they_are_told_not_to(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await long_lanes(session, server)
            first, second = view.lanes.views
            one, two = (turn.turn_id for turn in view.turns.all())
            assert turn_at(first) == turn_at(second) == two
            for _ in range(200):
                if turn_at(first) == one:
                    break
                wheel(first, 3)
            assert turn_at(first) == turn_at(second) == one
            await until(lambda: view.strip.words.text() == "One", "the question of the turn in view")
            wheel(second, -200)
            assert first.transcript.place() is None, "the end of one is the end of all"
            click(view.bar.linked)
            before = second.transcript.place()
            for _ in range(200):
                wheel(first, 3)
            assert turn_at(first) == one
            assert second.transcript.place() == before, "each by itself"
            view.lanes.turn_to(first)
            click(view.bar.linked)
            assert turn_at(second) == one, "together again"

    run_async(scenario())


def test_the_question_above_the_lanes_unfolds(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "word " * 300)
            await until(lambda: view.strip.isVisible(), "the question")
            assert not view.strip.whole.isVisible()
            click(view.strip, view.strip.words.geometry().center())
            assert view.strip.whole.isVisible()
            assert view.strip.height() < session.window.height() / 2
            session.window.commands["lanes.question"].trigger()
            assert not view.strip.whole.isVisible()
            assert "≈ " in view.strip.when.text()

    run_async(scenario())


def test_lanes_stand_as_they_are_told_and_one_at_a_time_where_there_is_no_room(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            first, second = view.lanes.views
            ways: list[tuple[str, Callable[[], bool]]] = [
                ("Below each other", lambda: first.x() == second.x() and first.y() < second.y()),
                ("Grid", lambda: first.y() == second.y() and first.x() < second.x()),
                ("One at a time", lambda: first.isVisible() and not second.isVisible()),
            ]
            for words, stands in ways:
                click(view.bar.arrangement)
                await until(open_menus, "the ways to stand")
                choose(words)
                assert stands(), words
            keys = view.lanes.findChildren(SegmentControl)[-1]
            click(keys.findChildren(QAbstractButton)[1])
            assert second.isVisible()
            assert not first.isVisible()
            assert view.lanes.current is second
            view.compare.arrange("columns")
            assert first.isVisible()
            session.window.resize(480, 800)
            await until(lambda: not first.isVisible(), "one lane at a time")
            assert second.isVisible()

    run_async(scenario())


def test_a_lane_whose_answer_was_cut_off_does_not_call_it_done(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            frames = openai_chat.stream([{"content": "One two"}], "length", model="model-b")
            server.told["model-b"] = replies.events(frames)
            await ask(view, "Count")
            whole, cut = view.lanes.views
            assert whole.head.state.text().startswith("Done")
            assert cut.head.state.text().startswith("Cut off")

    run_async(scenario())


def test_many_lanes_scroll_sideways_to_the_one_that_is_turned_to(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            for count in range(3, 9):
                view.composer.lane_added.emit(OTHER)
                await until(lambda count=count: len(view.lanes.views) == count, "another lane")  # type: ignore[misc]
            assert not view.composer.line.add.isEnabled()
            assert not view.bar.add.isEnabled()
            lanes = view.lanes
            assert lanes.shown == "columns"
            assert all(one.width() >= 299 for one in lanes.views)
            figures = lanes.views[0].foot.values
            for figure, words in zip(figures, ("0.05 s", "≈ 413 tok/s", "≈ 1,234", "unknown"), strict=True):
                figure.value.set_text(words)
                assert figure.value.sizeHint().width() - 1 <= figure.value.width(), words
            last = lanes.views[-1]
            assert last.x() >= lanes.width(), "out of view"
            lanes.views[0].transcript.setFocus()
            press(lanes.views[0].transcript, Qt.Key.Key_Left, CTRL_ALT)
            assert lanes.current is last
            assert last.geometry().right() < lanes.width()
            press(last.transcript, Qt.Key.Key_Right, CTRL_ALT)
            assert lanes.views[0].x() == 0
            here = lanes.views[0]
            wheel(here, 0, left=-1)
            assert here.x() < 0
            wheel(here, 1, shift=True)
            assert here.x() == 0
            session.window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            begins = here.x()
            wheel(here, 0, left=1)
            assert here.x() > begins, "towards the left, where the others are"

    run_async(scenario())


@pytest.fixture
def moving() -> Iterator[None]:
    """Puts back whether things move."""
    yield
    theme().apply(motion="system")


@pytest.mark.usefixtures("moving")
@pytest.mark.parametrize("keyboard", [False, True])
def test_who_scrolls_while_a_lane_glides_to_its_end_is_not_taken_there(
    tmp_path: Path, run_async: Run, server: LoopbackServer, keyboard: bool
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            theme().apply(motion="full")
            view = await long_lanes(session, server)
            first = view.lanes.views[0]
            lane = first.transcript
            await until(lambda: lane.place() is None, "the end")
            wheel(first, 5)
            lane.jump_to_end()
            assert lane.place() is not None, "it glides"
            if keyboard:
                press(lane, Qt.Key.Key_PageUp)
            else:
                wheel(first, 3)
            assert lane.place() is not None
            await asyncio.sleep(0.4)
            assert lane.place() is not None, "still where the reader is"

    run_async(scenario())
