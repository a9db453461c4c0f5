"""Answers that stand beside each other are rated, with the models' names or without."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from tests.loopback import replies
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import FIRST, OTHER, ask, everything_said, open_dialogs, two_lanes
from tests.scenarios.window import click, opened, press, until, view_of

from chatbench.services.ratings import Rating
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.leaderboard import Leaderboard

Run = Callable[[Coroutine[Any, Any, None]], None]


async def kept(view: ConversationView) -> dict[str, Rating]:
    """What the last answers are rated, by model."""
    ratings = await view.services.ratings.of_conversation(view.id)
    messages = await view.services.history.messages(list(ratings))
    return {one.model.id: ratings[one.id] for one in messages if one.model}


async def until_kept(view: ConversationView, wanted: dict[str, Rating]) -> None:
    """Waits until the store has these ratings, and no others."""
    found: dict[str, Rating] = {"?": "bad"}
    for _ in range(400):
        found = await kept(view)
        if found == wanted:
            return
    assert found == wanted


def checked(view: ConversationView) -> list[str]:
    """The buttons that show a rating."""
    found = [
        f"{lane.letter} {button.label()}"
        for lane in view.lanes.views
        for button in (lane.foot.best, lane.foot.bad)
        if button.isChecked()
    ]
    return found + (["Tie"] if view.bar.tie.isChecked() else [])


def test_the_best_moves_and_is_taken_back_by_another_click(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            first, second = view.lanes.views
            click(first.foot.best)
            await until_kept(view, {"model-a": "best"})
            second.foot.best.setFocus(Qt.FocusReason.TabFocusReason)
            press(second.foot.best, Qt.Key.Key_Space)
            await until_kept(view, {"model-b": "best"})
            click(first.foot.bad)
            await until_kept(view, {"model-b": "best", "model-a": "bad"})
            await until(lambda: checked(view) == ["A Bad", "B Best"], "both ratings to show")
        async with opened(tmp_path) as session:
            view = view_of(session)
            await until(lambda: checked(view) == ["A Bad", "B Best"], "the ratings of the last session")
            click(view.lanes.views[0].foot.bad)
            click(view.lanes.views[1].foot.best)
            await until_kept(view, {})
            await until(lambda: checked(view) == [], "no rating to show")

    run_async(scenario())


def test_a_tie_takes_the_place_of_the_best_and_is_taken_back(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            assert not view.bar.tie.isEnabled()
            await ask(view, "One")
            await until(view.bar.tie.isEnabled, "two answers to rate")
            click(view.lanes.views[0].foot.best)
            await until_kept(view, {"model-a": "best"})
            click(view.bar.tie)
            await until_kept(view, {"model-a": "tie", "model-b": "tie"})
            await until(lambda: checked(view) == ["Tie"], "the tie to show")
            click(view.bar.tie)
            await until_kept(view, {})
            await until(lambda: checked(view) == [], "no rating to show")

    run_async(scenario())


def test_a_rating_belongs_to_the_turn_in_view(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            server.words = ["word "] * 600
            await ask(view, "One")
            await ask(view, "Two")
            click(view.lanes.views[0].foot.best)
            await until(lambda: checked(view) == ["A Best"], "the rating of the second turn")
            click(view.strip.back)
            await until(lambda: checked(view) == [], "the first turn, which is not rated")
            click(view.lanes.views[1].foot.best)
            await until(lambda: checked(view) == ["B Best"], "the rating of the first turn")
            await until(view.strip.on.isEnabled, "the way on")
            click(view.strip.on)
            await until(lambda: checked(view) == ["A Best"], "the second turn again")

    run_async(scenario())


def test_a_failed_answer_can_only_be_bad(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            server.script(replies.data({"error": {"message": "no"}}, 400))
            server.script(replies.data({"error": {"message": "no"}}, 400))
            await ask(view, "One")
            foot = view.lanes.views[0].foot
            assert foot.best.isVisible()
            assert not foot.best.isEnabled()
            assert "no whole answer" in foot.best.toolTip()
            assert foot.bad.isEnabled()
            assert not view.bar.tie.isEnabled()

    run_async(scenario())


def test_what_is_not_a_model_s_own_is_not_rated(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            first, second = view.lanes.views
            await until(view.bar.tie.isEnabled, "two answers to rate")
            answer = first.answer_in_view()
            assert answer is not None
            await session.services.chat.edit_answer(view.id, answer.id, "Mine")
            await until(lambda: not first.foot.best.isEnabled(), "that a person's words are not rated")
            await until(lambda: not view.bar.tie.isEnabled(), "that there is one answer only to rate")
            await ask(view, "Two")
            await until(view.bar.tie.isEnabled, "two answers to rate again")
            asked = session.services.chat.merge(
                view.id, view.turns.in_view(), model=FIRST, prompt="Merge them", lane_id=second.id
            )
            await session.services.chat.wait(await asked)
            best = second.foot.best
            await until(lambda: "Merged from others" in best.toolTip(), "why a merged answer is not rated")
            assert not best.isEnabled()
            await until(lambda: not view.bar.tie.isEnabled(), "that there is one answer only to rate")

    run_async(scenario())


GIVEN_AWAY = ("model-a", "model-b", "Loopback", "loopback", "price unknown")


def named(view: ConversationView) -> list[str]:
    """What the window says of which model is which, or what they cost."""
    said = everything_said(view)
    return [word for word in GIVEN_AWAY if word in said]


def test_blind_hides_everything_until_the_answers_are_rated(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            assert set(named(view)) == set(GIVEN_AWAY), "the words this test looks for are really said"
            session.window.set_inspector_open(True)
            inspector = session.workspace.inspector
            assert inspector is not None
            await until(lambda: "price unknown" in everything_said(inspector), "what the inspector tells")
            click(view.bar.blind)
            await until(lambda: view.names_hidden, "the names to be hidden")
            assert named(view) == []
            assert not [word for word in GIVEN_AWAY if word in everything_said(inspector)]
            await ask(view, "Two")
            assert named(view) == []
            assert not view.bar.figures.isEnabled()
            lane = view.lanes.views[0]
            assert (lane.head.model.label(), lane.head.accessibleName()) == ("Lane A", "Lane A: Lane A")
            session.window.commands["chat.model"].trigger()
            assert QApplication.activePopupWidget() is None, "the picker would tell the model"
            click(lane.foot.best)
            await until(lambda: not view.names_hidden, "the names")
            assert {"model-a", "model-b"} <= set(named(view))
            standings = await session.services.ratings.leaderboard(blind_only=True)
            winner = lane.lane.model
            assert (standings[0].model, standings[0].wins) == (winner, 1)
            await ask(view, "Three")
            assert named(view) == [], "another question is blind again"
            click(view.bar.blind)
            await until(lambda: not view.names_hidden, "the names again")
            assert [one.lane.model for one in view.lanes.views] == [FIRST, OTHER]

    run_async(scenario())


def test_blind_lanes_stand_in_a_random_order(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            orders = set()
            random.seed(5)
            for _ in range(12):
                click(view.bar.blind)
                orders.add(tuple(one.lane.model for one in view.lanes.views))
                assert [one.letter for one in view.lanes.views] == ["A", "B"]
                places = [one.x() for one in view.lanes.views]
                assert places == sorted(places), "A stands first, whichever model it is"
                click(view.bar.blind)
            assert orders == {(FIRST, OTHER), (OTHER, FIRST)}

    run_async(scenario())


def test_what_is_rated_already_is_not_hidden_any_more(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            click(view.lanes.views[1].foot.best)
            await until(lambda: "best" in view.compare.judging._ratings.values(), "the rating")
            click(view.bar.blind)
            assert not view.names_hidden
            assert "next question" in session.window.notices.shown()[-1].accessibleName()
            await ask(view, "Two")
            assert view.names_hidden
            assert named(view) == []

    run_async(scenario())


def test_what_was_seen_is_not_rated_blind(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            click(view.bar.blind)
            await ask(view, "One")
            click(view.bar.blind)
            assert not view.names_hidden
            click(view.bar.blind)
            assert view.names_hidden
            click(view.lanes.views[0].foot.best)
            await until(lambda: not view.names_hidden, "the names")
            assert await session.services.ratings.leaderboard(blind_only=True) == ()
            assert len(await session.services.ratings.leaderboard()) == 2

    run_async(scenario())


def test_the_leaderboard_counts_and_can_be_copied(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            session.window.commands["chat.leaderboard"].trigger()
            (board,) = open_dialogs()
            assert isinstance(board, Leaderboard)
            await until(board.empty.isVisible, "that nothing is rated")
            await ask(view, "One")
            view.compare.judging.rate(view.lanes.views[1], "best")
            await until(lambda: board.table.rowCount() == 2, "the standings")
            cells = [[board.table.cell_at(row, at).words for at in (0, 3, 4, 5)] for row in range(2)]
            assert cells == [["model-b", "1", "0", "0"], ["model-a", "0", "1", "0"]]
            assert "Provisional" in board.note.text()
            assert board.table.cell_at(0, 2).drawn is not None
            board.table.setFocus()
            press(board.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
            copied = board.table.csv().splitlines()
            assert copied[0] == "Model,Score,95 % interval,Won,Lost,Tied,Bad"
            assert copied[1].startswith("loopback/model-b,")
            click(board.blind)
            await until(lambda: board.table.rowCount() == 0, "that nothing was rated blind")
            press(board, Qt.Key.Key_Escape)
            await until(lambda: not open_dialogs(), "the end of the dialog")

    run_async(scenario())
