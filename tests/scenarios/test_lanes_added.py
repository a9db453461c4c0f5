"""A lane that is added where something was answered already."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import FIRST, OTHER, ask, tell
from tests.scenarios.window import add_loopback, click, opened, press, until, view_of, write

from chatbench.core.blind import lane_order
from chatbench.core.conversations import MOST_LANES
from chatbench.core.models import GUIDE, ModelRef
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.sweeping import SweepDialog
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]


async def answered_before(session: Session, server: LoopbackServer) -> ConversationView:
    """A chat whose first question one model has answered, and the second two."""
    session.window.resize(1440, 900)
    view = view_of(session)
    view.choose_model(add_loopback(session, server.base_url("openai_chat")))
    tell(server, "model-a", "word " * 600)
    tell(server, "model-b", "other " * 600)
    await ask(view, "One")
    view.composer.lane_added.emit(OTHER)
    await until(lambda: len(view.lanes.views) == 2, "the second lane")
    await ask(view, "Two")
    return view


def test_an_answer_of_before_is_told_and_rated_where_it_was_given(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await answered_before(session, server)
            first, second = view.lanes.views
            assert second.foot.best.isVisible()
            assert second.foot.values[2].words
            click(view.strip.back)
            await until(lambda: view.strip.words.text() == "One", "the first turn")
            assert first.answer_in_view() is not None
            assert [one.id for one in (first.answer_in_view(), second.answer_in_view()) if one] == [
                first.source.path[1].id
            ] * 2
            assert first.foot.best.isVisible()
            assert first.foot.values[2].words
            assert not second.foot.best.isVisible()
            assert not second.foot.bad.isVisible()
            assert [value.words for value in second.foot.values] == [""] * 4
            assert second.foot.told == "Answered by model-a"
            assert not second.foot.go_on.isEnabled()
            assert second.head.state.text() == "Not asked"
            assert list(view.turns.answers(first.source.path[0].turn_id)) == [first.id]
            click(view.strip.on)
            await until(second.foot.best.isVisible, "its own answer")
            assert second.foot.told == ""
            second.set_blind(True)
            await until(view.strip.back.isEnabled, "the way back")
            click(view.strip.back)
            await until(lambda: not second.foot.best.isVisible(), "the first turn")
            assert second.foot.told == "Answered by another model"

    run_async(scenario())


def test_naming_a_model_in_an_empty_chat_takes_the_place_of_the_guide(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = view_of(session)
            add_loopback(session, server.base_url("openai_chat"))
            assert view.lane.model == GUIDE

            async def name(model: ModelRef, lanes: list[ModelRef]) -> None:
                write(view, f"@{model.id}")
                await until(lambda: view.composer.completion.shown, "the model")
                press(view.composer.editor, Qt.Key.Key_Return)
                await until(lambda: [one.lane.model for one in view.lanes.views] == lanes, "the lanes")

            await name(OTHER, [OTHER])
            await name(FIRST, [OTHER, FIRST])

    run_async(scenario())


def test_an_answer_from_before_another_model_was_chosen_names_its_own(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await answered_before(session, server)
            second = view.lanes.views[1]
            view.lanes.turn_to(second)
            view.choose_model(view.lanes.views[0].lane.model or OTHER)
            await until(lambda: second.lane.model != OTHER, "the other model")
            second.show_figures()
            assert second.foot.told == "Answered by model-b"
            assert second.foot.best.isVisible()
            assert second.foot.values[2].words

    run_async(scenario())


def test_lanes_whose_names_are_known_stand_in_their_own_order_at_the_next_start(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await answered_before(session, server)
            click(view.bar.blind)
            await until(lambda: view.names_hidden, "the names to be hidden")
            click(view.lanes.views[0].foot.best)
            await until(lambda: not view.names_hidden, "the names to be shown")
            await view.settled()
            own = [lane.id for lane in view.conversation.lanes]
            since = view.conversation.blind_since or 0
            while lane_order(msgspec.structs.replace(view.conversation, blind_since=since)) == tuple(own):
                since += 1
            await view.services.ratings.hide_names(view.id, since)
        async with opened(tmp_path) as session:
            view = view_of(session)
            await until(lambda: len(view.lanes.views) == 2 and not view.names_hidden, "the names")
            assert [lane.id for lane in view.lanes.views] == own

    run_async(scenario())


def test_where_no_lane_has_room_a_sweep_says_what_to_do(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = view_of(session)
            view.choose_model(add_loopback(session, server.base_url("openai_chat")))
            info = view.services.models.info(FIRST)
            words = []
            for open_lanes in (MOST_LANES, MOST_LANES - 1, MOST_LANES - 2):
                dialog = SweepDialog(view.lane, info, open_lanes=open_lanes, asked=False, parent=view)
                words.append(dialog.note.text())
                assert not dialog.add.isEnabled()
                dialog.close()
            assert words == [
                "There is no room for another lane. Close one first.",
                "There is room for 1 more lane.",
                "There is room for 2 more lanes.",
            ]

    run_async(scenario())
