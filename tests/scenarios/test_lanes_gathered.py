"""What is done with several answers at once: merged, sent on, asked again, counted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import (
    FIRST,
    OTHER,
    ask,
    choose,
    open_dialogs,
    open_menus,
    shown,
    spoken_in,
    tell,
    two_lanes,
)
from tests.scenarios.window import CTRL, click, finished, opened, press, until

from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.figures import FiguresPopup
from chatbench.ui.chat.conversation.lane import LaneView
from chatbench.ui.chat.conversation.merging import MergeDialog
from chatbench.ui.chat.conversation.sweeping import SweepDialog

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        tell(running, "model-a", "Answer of the first.")
        tell(running, "model-b", "Answer of the second.")
        yield running


async def choose_in(lane: LaneView, words: str) -> None:
    """Chooses something in a lane's menu, by its keys."""
    lane.head.more.setFocus(Qt.FocusReason.TabFocusReason)
    press(lane.head.more, Qt.Key.Key_Space)
    await until(open_menus, "the menu of the lane")
    choose(words)


async def merge_dialog(view: ConversationView) -> MergeDialog:
    await until(view.bar.merge.isEnabled, "answers to merge")
    click(view.bar.merge)
    await until(open_dialogs, "the dialog")
    (dialog,) = open_dialogs()
    assert isinstance(dialog, MergeDialog)
    return dialog


def test_answers_are_merged_with_words_that_are_seen_and_changed(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            assert not view.bar.merge.isEnabled()
            await ask(view, "What is it?")
            dialog = await merge_dialog(view)
            prompt = dialog.prompt.toPlainText()
            for words in ("What is it?", "Answer of the first.", "Answer of the second."):
                assert words in prompt
            assert "model-" not in prompt
            dialog.prompt.selectAll()
            press(dialog.prompt, Qt.Key.Key_Delete)
            assert not dialog.merge.isEnabled()
            QTest.keyClicks(dialog.prompt, "Merge them in one word")
            dialog.lane.setCurrentIndex(1)
            tell(server, "model-a", "Merged.")
            press(dialog.prompt, Qt.Key.Key_Return, CTRL)
            first, second = view.lanes.views
            await until(lambda: "Merged." in spoken_in(second), "the merged answer")
            await finished(view)
            asked = server.asked[-1].json
            assert asked["model"] == "model-a"
            assert asked["messages"][-1]["content"] == "Merge them in one word"
            assert shown(second) == ["assistant:model-a"]
            entry = second.source.entry(0)
            assert entry is not None
            assert (entry.position, entry.count) == (2, 2), "a sibling, nothing overwritten"
            assert second.lane.model == OTHER
            assert "Answer of the first." in spoken_in(first)

    run_async(scenario())


def test_merging_an_earlier_turn_says_where_the_later_ones_are(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "What is it?")
            await ask(view, "And now?")
            first, second = view.lanes.views
            before = first.source.path
            press(view.composer.editor, Qt.Key.Key_PageUp, Qt.KeyboardModifier.AltModifier)
            await until(lambda: view.strip.words.text() == "What is it?", "the turn before")
            dialog = await merge_dialog(view)
            tell(server, "model-a", "Merged.")
            press(dialog.prompt, Qt.Key.Key_Return, CTRL)
            await until(lambda: "Merged." in spoken_in(first), "the merged answer")
            await finished(view)
            assert len(first.source.path) == 2
            assert len(second.source.path) == 4
            notice = session.window.notices.shown()[-1]
            words = "2 messages below the answer that stood here are in another branch now."
            assert notice.text == words
            assert notice.button is not None
            click(notice.button)
            await until(lambda: first.source.path == before, "what stood there before")

    run_async(scenario())


def test_the_words_of_merging_can_be_put_back_and_the_dialog_left(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "What is it?")
            before = len(server.asked)
            dialog = await merge_dialog(view)
            prompt = dialog.prompt.toPlainText()
            QTest.keyClicks(dialog.prompt, "X")
            assert dialog.prompt.toPlainText() != prompt
            click(dialog.reset)
            assert dialog.prompt.toPlainText() == prompt
            click(dialog.model)
            picker = QApplication.activePopupWidget()
            assert picker is not None
            search = picker.focusWidget()
            QTest.keyClicks(search, "model-b")
            press(search, Qt.Key.Key_Return)
            await until(lambda: dialog.model.label() == "model-b", "the other model")
            press(dialog, Qt.Key.Key_Escape)
            await until(lambda: not open_dialogs(), "the end of the dialog")
            assert len(server.asked) == before

    run_async(scenario())


def test_an_answer_is_sent_to_another_lane_as_its_question(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "What is it?")
            first, second = view.lanes.views
            tell(server, "model-b", "I disagree.")
            await choose_in(first, "Send this answer to lane B")
            await until(lambda: "I disagree." in spoken_in(second), "what the other says of it")
            await finished(view)
            assert server.asked[-1].json["messages"][-1]["content"] == "Answer of the first."
            assert server.asked[-1].json["model"] == "model-b"
            assert len(first.source.path) == 2, "the first lane stays where it is"

    run_async(scenario())


def test_what_was_sent_on_says_which_lane_it_is_from_and_is_read_without_its_marks(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            tell(server, "model-a", "## A heading\n\n- **one**\n- `two`")
            await ask(view, "What is it?")
            assert view.strip.you.text() == "You"
            first, second = view.lanes.views
            await choose_in(first, "Send this answer to lane B")
            await until(lambda: len(second.source.path) == 4, "the question")
            await finished(view)
            view.lanes.turn_to(second)
            await until(lambda: view.strip.you.text() == "From lane A", "whose words these are")
            assert view.strip.words.text() == "A heading - one - two"
            click(view.strip, view.strip.words.geometry().center())
            assert view.strip.whole.text() == "A heading\n\n- one\n- two"
            entry = second.source.entry(1)
            assert entry is not None
            assert entry.notes == ("from lane A",)
            click(view.bar.blind)
            await until(lambda: view.names_hidden, "names to be hidden")
            await until(lambda: view.strip.you.text() == "From another lane", "no letter")
            entry = second.source.entry(1)
            assert entry is not None
            assert entry.notes == ()

    run_async(scenario())


def test_a_lane_that_was_added_answers_when_it_is_told_to(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "What is it?")
            before = len(server.asked)
            view.composer.lane_added.emit(OTHER)
            await until(lambda: len(view.lanes.views) == 3, "the third lane")
            third = view.lanes.views[2]
            await until(third.foot.ask.isVisible, "what it offers")
            assert not third.foot.best.isVisible()
            assert not view.lanes.views[0].foot.ask.isVisible()
            assert len(server.asked) == before, "nothing is asked by itself"
            third.foot.ask.setFocus(Qt.FocusReason.TabFocusReason)
            press(third.foot.ask, Qt.Key.Key_Space)
            await until(lambda: shown(third) == ["assistant:model-b"], "its answer")
            await finished(view)
            assert len(server.asked) == before + 1
            assert "Answer of the second." in spoken_in(third)
            await until(third.foot.best.isVisible, "its ratings")
            assert not third.foot.ask.isVisible()

    run_async(scenario())


def test_other_parameters_become_lanes_that_answer_the_same_question(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "What is it?")
            before = len(server.asked)
            await choose_in(view.lanes.views[0], "Same question, other parameters…")
            (dialog,) = open_dialogs()
            assert isinstance(dialog, SweepDialog)
            assert dialog.values.text() == "0, 0.5, 1"
            dialog.values.selectAll()
            QTest.keyClicks(dialog.values, "0, 3")
            assert not dialog.add.isEnabled()
            assert "0 to 2" in dialog.note.text()
            dialog.values.selectAll()
            QTest.keyClicks(dialog.values, "0 .5 1 0.1 0.2 0.3 0.4")
            assert "6" in dialog.note.text(), "no more than eight lanes"
            dialog.values.selectAll()
            QTest.keyClicks(dialog.values, "0, 0.5")
            assert dialog.add.label() == "Add 2 lanes"
            press(dialog.values, Qt.Key.Key_Return)
            await until(lambda: len(view.lanes.views) == 4, "the lanes")
            await until(lambda: len(server.asked) == before + 2, "the questions")
            await finished(view)
            assert sorted(one.json["temperature"] for one in server.asked[before:]) == [0, 0.5]
            assert [one.lane.model for one in view.lanes.views] == [FIRST, OTHER, FIRST, FIRST]
            await until(
                lambda: all(one.asked(one.answer_in_view()) for one in view.lanes.views),
                "each lane's question",
            )
            notice = session.window.notices.shown()[-1]
            assert notice.button is not None
            click(notice.button)
            await until(lambda: len(view.lanes.views) == 2, "only the first two again")

    run_async(scenario())


def test_a_sweep_from_a_merged_lane_asks_the_question_of_the_turn(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "What is it?")
            tell(server, "model-a", "Merged.")
            click((await merge_dialog(view)).merge)
            first = view.lanes.views[0]
            await until(lambda: "Merged." in spoken_in(first), "the merged answer")
            await finished(view)
            tell(server, "model-a", "Swept.")
            await choose_in(first, "Same question, other parameters…")
            (dialog,) = open_dialogs()
            assert isinstance(dialog, SweepDialog)
            dialog.values.selectAll()
            QTest.keyClicks(dialog.values, "0.5")
            press(dialog.values, Qt.Key.Key_Return)
            await until(lambda: len(view.lanes.views) == 3, "the lane of the other value")
            await until(lambda: "Swept." in spoken_in(view.lanes.views[2]), "its answer")
            await finished(view)
            asked = server.asked[-1].json
            assert [one["content"] for one in asked["messages"]] == ["What is it?"]
            assert asked["temperature"] == 0.5

    run_async(scenario())


def test_figures_are_told_for_a_turn_and_for_all_and_unknown_is_not_zero(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            assert not view.bar.figures.isEnabled()
            await ask(view, "One")
            server.told["model-b"] = replies.data({"error": {"message": "no"}}, 400)
            await ask(view, "Two")
            await until(view.bar.figures.isEnabled, "figures")
            click(view.bar.figures)
            await until(lambda: QApplication.activePopupWidget() is not None, "the figures")
            popup = QApplication.activePopupWidget()
            assert isinstance(popup, FiguresPopup)
            table = popup.turn
            assert table.isVisible()
            lanes = [table.cell_at(row, 0).words for row in range(table.rowCount())]
            assert lanes == ["Lane A", "Lane B", "All"]
            failed = [table.cell_at(1, column).words for column in range(2, 7)]
            assert failed == ["unknown"] * 5
            out = table.cell_at(0, 5)
            assert int(out.exact or 0) > 0
            assert table.cell_at(2, 5).words == f"≥ {out.words}", "of the other lane nothing is known"
            assert table.cell_at(2, 6).words == "unknown"
            press(popup.which.findChildren(QAbstractButton)[-1], Qt.Key.Key_Space)
            await until(popup.whole.isVisible, "all turns")
            answers = [popup.whole.cell_at(row, 2).words for row in range(3)]
            assert answers == ["2", "2", "4"]
            click(popup.copy_button)
            copied = popup.whole.csv().splitlines()
            assert copied[0].startswith("Lane,Model,Answers,")
            assert copied[1].startswith("Lane A,model-a,2,")
            assert copied[2].endswith(",unknown")
            press(popup, Qt.Key.Key_Escape)

    run_async(scenario())
