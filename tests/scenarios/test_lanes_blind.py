"""Names that are hidden stay hidden: in every part of the window, in exports, and after a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import ask, everything_said, open_dialogs, two_lanes
from tests.scenarios.window import click, opened, press, until, view_of

from chatbench.core.conversations import Conversation
from chatbench.services.attachments import Candidate
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.session import Session

Run = Callable[[Coroutine[Any, Any, None]], None]
GIVEN_AWAY = ("model-a", "model-b", "Loopback", "loopback")


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


def told() -> list[str]:
    """What any window says of models and providers."""
    said: list[str] = []
    for window in QApplication.topLevelWidgets():
        if window.isVisible():
            said += (window.windowTitle(), everything_said(window))
    return [word for word in GIVEN_AWAY if word in "\n".join(said)]


async def begun_again(session: Session) -> tuple[ConversationView, set[str]]:
    """The view after a restart, and what was told until nothing changed in it any more."""
    view, found = view_of(session), set(told())
    for _ in range(40):
        await asyncio.sleep(0.005)
        found |= set(told())
    return view, found


def models(view: ConversationView) -> list[str]:
    """In the order the lanes stand in."""
    return [lane.lane.model.id for lane in view.lanes.views if lane.lane.model is not None]


def test_after_a_restart_the_names_are_still_hidden_and_each_lane_has_its_letter(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        orders = set()
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            click(view.bar.blind)
            await ask(view, "One")
            assert told() == []
            before = models(view)
        for _ in range(2):
            async with opened(tmp_path) as session:
                view, found = await begun_again(session)
                assert found == set(), "not for a moment"
                assert view.names_hidden
                assert view.bar.blind.isChecked()
                orders.add(tuple(models(view)))
        assert orders == {tuple(before)}, "the letters mean what they meant"
        async with opened(tmp_path) as session:
            view, _ = await begun_again(session)
            lane = view.lanes.views[0]
            click(lane.foot.best)
            await until(lambda: not view.names_hidden, "the names")
            assert {"model-a", "model-b"} <= set(told())
            (first, *_) = await session.services.ratings.leaderboard(blind_only=True)
            assert (first.model, first.wins) == (lane.lane.model, 1)
        async with opened(tmp_path) as session:
            view, _ = await begun_again(session)
            assert not view.names_hidden, "what is rated may be named"
            assert view.bar.blind.isChecked()
            await ask(view, "Two")
            assert view.names_hidden
            assert told() == []
            click(view.bar.blind)
        async with opened(tmp_path) as session:
            view, found = await begun_again(session)
            assert not view.names_hidden
            assert not view.bar.blind.isChecked()
            assert {"model-a", "model-b"} <= found
            assert models(view) == ["model-a", "model-b"]

    run_async(scenario())


def test_what_was_seen_before_a_restart_is_not_rated_blind(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
        async with opened(tmp_path) as session:
            view, _ = await begun_again(session)
            click(view.bar.blind)
            assert view.names_hidden
            click(view.lanes.views[0].foot.best)
            await until(lambda: not view.names_hidden, "the names")
            assert len(await session.services.ratings.leaderboard()) == 2
            assert await session.services.ratings.leaderboard(blind_only=True) == ()

    run_async(scenario())


def test_a_rating_taken_back_and_given_again_after_a_restart_is_not_blind(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            click(view.bar.blind)
            await ask(view, "One")
            click(view.lanes.views[0].foot.best)
            await until(lambda: not view.names_hidden, "the names")
            click(view.lanes.views[0].foot.best)
            await until(lambda: not view.compare.judging._ratings, "that it is not rated any more")
            assert not view.names_hidden, "they were seen"
            click(view.bar.blind)
            click(view.bar.blind)
            assert view.names_hidden, "hidden anew, for whoever wants that"
        async with opened(tmp_path) as session:
            view, _ = await begun_again(session)
            click(view.lanes.views[0].foot.best)
            await until(lambda: view.compare.judging._ratings, "the rating")
            assert await session.services.ratings.leaderboard(blind_only=True) == ()

    run_async(scenario())


def test_blind_mode_is_begun_and_ended_by_others_too(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            await session.services.ratings.hide_names(view.id, 1)
            await until(lambda: view.names_hidden, "the names to be hidden")
            assert view.bar.blind.isChecked()
            assert told() == []
            await session.services.ratings.hide_names(view.id, None)
            await until(lambda: not view.names_hidden, "the names")
            assert not view.bar.blind.isChecked()

    run_async(scenario())


def test_a_screen_reader_hears_the_names_when_they_are_shown_and_not_before(
    tmp_path: Path, run_async: Run, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        heard: list[str] = []

        def hear(event: object) -> None:
            if callable(message := getattr(event, "message", None)):
                heard.append(message())

        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            click(view.bar.blind)
            monkeypatch.setattr(QAccessible, "updateAccessibility", hear)
            await ask(view, "One")
            await until(lambda: heard.count("Lane B: The answer is complete.") == 1, "the end to be said")
            assert not [words for words in heard if any(word in words for word in GIVEN_AWAY)]
            click(view.lanes.views[1].foot.best)
            names = dict(zip(models(view), "AB", strict=True))
            await until(lambda: any("Lane A: model-" in words for words in heard), "who was who")
            (told_then,) = [words for words in heard if "Lane A: model-" in words]
            assert all(f"Lane {letter}: {name}" in told_then for name, letter in names.items())

    run_async(scenario())


def test_what_was_read_before_blind_mode_began_does_not_end_it(
    tmp_path: Path, run_async: Run, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            history, may_go_on, reads = session.services.history, asyncio.Event(), []
            outline = history.outline

            async def slow(conversation_id: str) -> Conversation:
                found = await outline(conversation_id)
                reads.append(found.blind_since)
                await may_go_on.wait()
                return found

            monkeypatch.setattr(history, "outline", slow)
            view.reload()
            await until(lambda: reads == [None], "the conversation as it was")
            click(view.bar.blind)
            await until(lambda: not view.compare.judging._keeping, "that it is stored")
            may_go_on.set()
            found: set[str] = set()
            while len(reads) < 2 or reads[-1] is None:
                found |= set(told())
                await asyncio.sleep(0.001)
            for _ in range(20):
                found |= set(told())
                await asyncio.sleep(0.001)
            assert found == set()
            assert view.names_hidden

    run_async(scenario())


def test_nothing_that_stood_open_tells_the_names(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    """The inspector with a message, and what is listed of a conversation elsewhere."""

    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await ask(view, "One")
            inspector = session.workspace.inspector
            assert inspector is not None
            view.selected.emit(view.lanes.views[1].answer_in_view())
            await until(lambda: "model-b" in everything_said(inspector), "the message in the inspector")
            click(view.bar.blind)
            await until(lambda: view.names_hidden, "the names to be hidden")
            await until(lambda: not told(), "that nothing tells")

    run_async(scenario())


@pytest.mark.parametrize("command", ["chat.context", "chat.tree", "chat.leaderboard"])
def test_no_dialog_tells_which_lane_is_which(
    tmp_path: Path, run_async: Run, server: LoopbackServer, command: str
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            click(view.bar.blind)
            await ask(view, "One")
            session.window.commands[command].trigger()
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert told() == []
            for dialog in open_dialogs():
                press(dialog, Qt.Key.Key_Escape)
            await until(lambda: not open_dialogs(), "the end of the dialog")

    run_async(scenario())


def test_what_is_dropped_is_judged_without_a_name(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await until(lambda: view.composer.info().title == "model-a", "the model")
            click(view.bar.blind)
            picture = Candidate(name="a.png", media_type="image/png", size=1)
            (verdict,) = session.services.attachments.judge([picture], view.composer.info())
            told_of = f"{verdict.reason} {view.composer.info()}"
            assert [word for word in GIVEN_AWAY if word in told_of] == []
            click(view.bar.blind)
            assert view.composer.info().title in ("model-a", "model-b")

    run_async(scenario())


def said(text: str) -> str:
    """An export without its list of all models that were asked: who takes part is no secret."""
    if text.startswith("#"):
        return text
    whole = json.loads(text)
    assert sorted(whole.pop("models")) == ["loopback/model-a", "loopback/model-b"]
    return json.dumps(whole)


@pytest.mark.parametrize("form", ["markdown", "json"])
def test_exports_do_not_name_what_is_hidden(
    tmp_path: Path, run_async: Run, server: LoopbackServer, form: Any
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            click(view.bar.blind)
            await ask(view, "One")
            await until(lambda: not view.compare.judging._keeping, "that it is stored")
            text = await session.services.exchange.text(view.id, form)
            assert "One" in text
            assert "model-" not in said(text)
            assert "Loopback" not in text
            click(view.lanes.views[0].foot.best)
            await until(lambda: not view.names_hidden, "the names")
            assert "model-a" in said(await session.services.exchange.text(view.id, form))

    run_async(scenario())
