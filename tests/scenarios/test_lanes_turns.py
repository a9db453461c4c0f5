"""Several turns of several models read as conversations, lane by lane."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, choose, shown, tell, two_lanes
from tests.scenarios.test_conversation_acts import trigger
from tests.scenarios.window import click, opened, press, until, write

from chatbench.core.conversations import Draft
from chatbench.ui.chat.conversation.lane import LaneView
from chatbench.ui.chat.transcript.item import Item

Run = Callable[[Coroutine[Any, Any, None]], None]
LONG = "Which of the two would you choose for a table that is written " + "again and " * 40 + "again?"


def item_at(lane: LaneView, index: int) -> tuple[Item, float]:
    """A message that is in view, and its upper edge in the viewport."""
    lane.transcript.arrange()
    row = next(row for row in lane.transcript.stack.rows if row.index == index)
    assert row.item is not None
    return row.item, row.top


def point_in_line(lane: LaneView, index: int) -> QPoint:
    """Within the first box of a message."""
    item, top = item_at(lane, index)
    return (item.box_rect(0).translated(0, top).topLeft().toPoint()) + QPoint(5, 8)


def headings(lane: LaneView) -> list[str]:
    """What a screen reader finds that goes from heading to heading."""

    def walk(node: QAccessibleInterface | None) -> Iterator[str]:
        if node is None:
            return
        if node.role() == QAccessible.Role.Heading:
            yield node.text(QAccessible.Text.Name)
        for at in range(node.childCount()):
            yield from walk(node.child(at))

    return list(walk(QAccessible.queryAccessibleInterface(lane.transcript)))


def two_headings(lane: LaneView) -> bool:
    """Whether two turns of a lane begin with a heading."""
    return len(headings(lane)) == 2


def test_each_further_answer_stands_under_its_question(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            for words in ("One", LONG, "Three, naïve\nin two lines"):
                await ask(view, words)
            for lane in view.lanes.views:
                await until(partial(two_headings, lane), "the questions")
                assert headings(lane)[0].startswith("Which of the two would you choose")
                assert headings(lane)[1] == "Three, naïve in two lines"
                answer, above = item_at(lane, 0)
                question, top = item_at(lane, 1)
                below, under = item_at(lane, 2)
                gap = top + question.tops[0] - (above + answer.body_bottom)
                assert gap >= 24, "a clear gap before the question"
                assert question.height < 80, "one line of it"
                assert 4 <= under + below.content_top - (top + question.body_bottom) <= 40

    run_async(scenario())


def test_the_line_of_a_question_opens_by_mouse_and_by_keys(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await ask(view, LONG)
            lane = view.lanes.views[1]
            await until(lambda: headings(lane), "the question")
            before = item_at(lane, 1)[0].height
            click(lane.transcript.viewport(), point_in_line(lane, 1))
            item, _top = item_at(lane, 1)
            assert item.height > before + 20
            assert [box.text for box in item.boxes] == ["", LONG]
            lane.transcript.setFocus()
            press(lane.transcript, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
            press(lane.transcript, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
            assert lane.transcript.marks.current == 1
            press(lane.transcript, Qt.Key.Key_Tab)
            press(lane.transcript, Qt.Key.Key_Return)
            assert item_at(lane, 1)[0].height == before
            QTest.keyClick(lane.transcript, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            assert LONG in lane.transcript.selected_text(), "all of it is copied, also when it is folded"

    run_async(scenario())


def test_a_short_question_has_nothing_to_open_and_one_of_its_own_stands_in_full(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await ask(view, "Two")
            first, second = view.lanes.views
            await until(lambda: headings(first) == ["Two"], "the question")
            assert item_at(first, 1)[0].boxes[0].hotspots() == []
            tell(server, "model-b", "Mine.")
            await session.services.chat.write(
                view.id, [second.id], "user", Draft(text="Only here\n" + "word " * 80)
            )
            await until(lambda: len(shown(second)) == 4, "a question of its own")
            await until(lambda: len(headings(second)) == 2, "its words")
            item, _top = item_at(second, 3)
            assert item.boxed
            assert "Only here" in item.boxes[0].text
            assert shown(first) == ["assistant:model-a", "user:", "assistant:model-a"]

    run_async(scenario())


def test_words_are_added_to_one_lane_or_to_all_without_sending(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            first, second = view.lanes.views
            write(view, "One")
            click(view.composer.send_button.choose)
            choose("Add to all lanes without sending")
            await until(lambda: len(first.source.path) == len(second.source.path) == 1, "it in both")
            assert first.lane.leaf == second.lane.leaf
            write(view, "Mine")
            click(view.composer.send_button.choose)
            choose("Add to all lanes as an answer")
            await until(lambda: len(first.source.path) == len(second.source.path) == 2, "an answer in both")
            assert first.lane.leaf != second.lane.leaf
            write(view, "Each")
            await trigger(session, "add-everywhere")
            await until(lambda: len(first.source.path) == len(second.source.path) == 3, "a question in each")
            each = [lane.source.path[-1] for lane in view.lanes.views]
            assert each[0].id != each[1].id
            assert each[0].turn_id == each[1].turn_id
            view.lanes.turn_to(second)
            write(view, "Only here")
            click(view.composer.send_button.choose)
            choose("Add to lane B without sending")
            await until(lambda: len(second.source.path) == 4, "it in one")
            assert len(first.source.path) == 3
            assert server.asked == []

    run_async(scenario())
