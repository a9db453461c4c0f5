"""Lanes where there is little room: the words keep theirs, and all that is offered can be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QAbstractButton, QWidget
from tests.loopback.server import LoopbackServer
from tests.scenarios.lanes import FIRST, OTHER, ask, choose, open_menus, two_lanes
from tests.scenarios.window import click, finished, opened, press, until, view_of, write

from chatbench.core.models import ModelRef
from chatbench.ui.chat.conversation import ConversationView
from chatbench.ui.chat.conversation.lanes import Arrangement
from chatbench.ui.chat.transcript.frame import frame_for
from chatbench.ui.chat.welcome import WelcomeView
from chatbench.ui.session import Session
from chatbench.ui.theme import theme
from chatbench.ui.widgets import SegmentControl

Run = Callable[[Coroutine[Any, Any, None]], None]
CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


@pytest.fixture(autouse=True)
def text_size() -> Iterator[None]:
    """Puts back the size of the text."""
    yield
    theme().apply(text_factor=1.0)


async def lanes(session: Session, server: LoopbackServer, count: int) -> ConversationView:
    """So many lanes, asked once."""
    view = await two_lanes(session, server)
    for more in range(3, count + 1):
        view.composer.lane_added.emit(OTHER)
        await until(lambda more=more: len(view.lanes.views) == more, "another lane")  # type: ignore[misc]
    await ask(view, "One")
    return view


async def settled(session: Session, width: int, height: int, text: float) -> None:
    """The window of that size, everything in its place."""
    session.window.set_sidebar_open(False)
    theme().apply(text_factor=text)
    session.window.resize(width, height)
    await turned()


async def turned() -> None:
    """Ten turns of the loop: a wait may have one only on a busy machine, lanes are laid out in several."""
    for _ in range(10):
        await asyncio.sleep(0.005)


def top(widget: QWidget) -> int:
    """Where a widget begins in its window."""
    return widget.mapTo(widget.window(), QPoint()).y()


@pytest.mark.parametrize(
    ("width", "height", "text", "count"),
    [(480, 640, 2.0, 2), (480, 900, 2.0, 2), (640, 800, 1.5, 8), (1440, 900, 2.0, 2), (480, 640, 1.0, 3)],
)
def test_at_least_half_of_what_is_between_bar_and_composer_is_the_answer(
    tmp_path: Path, run_async: Run, server: LoopbackServer, width: int, height: int, text: float, count: int
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, count)
            await settled(session, width, height, text)
            bar, lane = view.bar, view.lanes.current
            between = top(view.composer) - top(bar) - bar.height()
            assert lane.transcript.height() * 2 >= between, (lane.transcript.height(), between)
            assert bar.height() <= 2 * theme().control("button-small"), "one row"
            for one in bar.findChildren(QAbstractButton):
                assert one.isHidden() or bar.rect().contains(QRect(one.mapTo(bar, QPoint()), one.size()))
            editor, button = view.composer.editor, view.composer.send_button
            in_one_row = abs(top(editor) - top(button)) < button.height()
            assert in_one_row is (text > 1), "where there is little height"
            assert editor.height() >= theme().line("prose")

    run_async(scenario())


def test_the_names_of_eight_lanes_shorten_before_the_estimate_goes(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            for count in range(3, 9):
                view.composer.lane_added.emit(ModelRef("loopback", f"a-model-with-a-longer-name-{count}"))
                await until(lambda count=count: len(view.lanes.views) == count, "another lane")  # type: ignore[misc]
            write(view, "Two")
            await settled(session, 1400, 900, 1.0)
            line = view.composer.line
            await until(lambda: line.estimate.isVisible(), "the estimate")
            chips = list(line.lanes.values())
            assert all(chip.isVisible() for chip in chips)
            assert all(chip.width() >= chip.minimumSizeHint().width() for chip in chips)
            assert line.effort.geometry().right() < line.estimate.geometry().left() or line.effort.isHidden()
            assert line.add.geometry().right() < line.estimate.geometry().left()
            assert line.estimate.width() >= line.estimate.sizeHint().width()

    run_async(scenario())


def test_the_heights_that_are_planned_with_are_those_they_have(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 2)
            lane, composer = view.lanes.current, view.composer
            for text in (1.0, 1.5, 2.0):
                await settled(session, 1440, 900, text)
                for fold in ("whole", "line"):
                    lane.foot.set_fold(fold)
                    assert lane.foot.height_of(fold) == lane.foot.sizeHint().height()
                for folded in (False, True):
                    lane.head.set_folded(folded)
                    assert lane.head.height_of(folded=folded) == lane.head.sizeHint().height()
                assert view.strip.least_height() == view.strip.height()
                for short in (False, True):
                    composer.set_short(short)
                    await until(
                        lambda short=short: composer.least_height(short=short) == composer.height(),  # type: ignore[misc]
                        f"{composer.least_height(short=short)} pixels",
                    )

    run_async(scenario())


def test_what_has_no_room_in_the_bar_is_in_its_menu_and_under_its_keys(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 2)
            bar = view.bar
            await until(bar.tie.isEnabled, "two answers to rate")
            shown = [one for one in bar.findChildren(QAbstractButton) if not one.isHidden()]
            assert bar.tie in shown
            await settled(session, 480, 900, 2.0)
            assert not bar.tie.isVisible()
            more = next(one for one in bar.findChildren(QAbstractButton) if "More" in one.accessibleName())
            click(more)
            await until(open_menus, "what is folded")
            assert "Merge answers…" in [act.text() for act in open_menus()[0].actions()]
            choose("Tie")
            await until(bar.tie.isChecked, "the tie")
            press(view.composer.editor, Qt.Key.Key_T, CTRL_ALT)
            await until(lambda: not bar.tie.isChecked(), "the tie to be taken back")
            await settled(session, 1440, 900, 1.0)
            assert bar.tie.isVisible()
            assert not more.isVisible()

    run_async(scenario())


def test_a_lane_without_its_foot_offers_its_acts_in_its_menu(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 2)
            await settled(session, 480, 640, 2.0)
            lane = view.lanes.current
            assert not lane.foot.isVisible()
            click(lane.head.more)
            await until(open_menus, "the menu of the lane")
            choose("Best")
            await until(lane.foot.best.isChecked, "the rating")
            await settled(session, 480, 900, 2.0)
            assert lane.foot.isVisible()
            assert lane.foot.best.accessibleName() == "Answer A is the best"
            assert lane.foot.best.toolTip() == "Answer A is the best", "it has no words"

    run_async(scenario())


def test_an_arrangement_without_room_says_so_and_comes_back_by_itself(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 4)
            view.compare.arrange("grid")
            await settled(session, 1440, 900, 1.0)
            button = view.bar.arrangement
            assert button.accessibleName() == "How the lanes stand: Grid"
            grid = button.grab().toImage()
            session.window.resize(1440, 560)
            await until(lambda: view.lanes.shown == "columns", "columns")
            assert button.accessibleName() == "A grid needs 440 px of height: shown as columns"
            assert "A grid needs 440 px of height" in button.toolTip()
            notices = session.window.notices
            assert not any("needs" in one.accessibleName() for one in notices.shown()), "nobody asked for it"
            view.compare.arrange("stacked")
            said = notices.shown()[-1].accessibleName()
            assert "Lanes below each other need 880 px of height: shown as columns" in said
            view.compare.arrange("grid")
            assert button.grab().toImage() != grid, "the icon is that of columns"
            session.window.resize(500, 900)
            await until(lambda: view.lanes.shown == "tabs", "one at a time")
            assert button.accessibleName() == "A grid needs 600 px of width: shown one at a time"
            session.window.resize(1440, 900)
            await until(lambda: view.lanes.shown == "grid", "the grid again")
            assert button.accessibleName() == "How the lanes stand: Grid"
            assert button.grab().toImage() == grid

    run_async(scenario())


def test_nothing_is_arranged_anew_while_somebody_writes(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 4)
            view.compare.arrange("grid")
            await settled(session, 1440, 720, 1.0)
            assert view.lanes.shown == "grid"
            lane = view.lanes.current
            before = (view.lanes.shown, lane.foot.fold, lane.head.sizeHint())
            view.composer.editor.setPlainText("A line\n" * 30)
            await turned()
            assert (view.lanes.shown, lane.foot.fold, lane.head.sizeHint()) == before

    run_async(scenario())


def covered(session: Session, widget: QWidget) -> bool:
    """Whether a notice lies over any part of a widget that is in view."""
    notices = session.window.notices
    place = QRect(notices.mapTo(notices.window(), QPoint()), notices.size())
    seen = widget.visibleRegion().boundingRect().translated(widget.mapTo(widget.window(), QPoint()))
    return place.intersects(seen) and notices.isVisible()


@pytest.mark.parametrize(("width", "height", "text"), [(1440, 900, 1.0), (1440, 900, 2.0), (480, 700, 1.0)])
def test_notices_cover_no_foot_no_composer_and_nothing_that_has_the_focus(
    tmp_path: Path, run_async: Run, server: LoopbackServer, width: int, height: int, text: float
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 4)
            await settled(session, width, height, text)
            session.window.activateWindow()
            for number in range(3):
                session.window.notices.show_notice(f"Notice {number}", action=("Undo", lambda: None))
            for arrangement in get_args(Arrangement):
                view.compare.arrange(arrangement)
                await turned()
                assert session.window.notices.shown()
                for lane in view.lanes.views:
                    assert not covered(session, lane.foot), (arrangement, lane.letter)
                    assert not covered(session, lane.head), (arrangement, lane.letter)
                assert not covered(session, view.composer), arrangement
            lane = view.lanes.views[-1]
            view.lanes.turn_to(lane)
            lane.transcript.setFocus()
            for key in (Qt.Key.Key_Tab, Qt.Key.Key_Right):
                press(lane.transcript, key)
                place = lane.transcript.keyboard.focused_rect()
                assert not place.isEmpty()
                place.translate(lane.transcript.viewport().mapTo(session.window, QPoint()))
                notices = session.window.notices
                assert not place.intersects(QRect(notices.mapTo(session.window, QPoint()), notices.size()))

    run_async(scenario())


def drawn_names(view: ConversationView) -> list[list[bool]]:
    """Of each lane, whether its answers say who gave them."""
    found = []
    for lane in view.lanes.views:
        rows = [row.item for row in lane.transcript.stack.rows]
        answers = [one for one in rows if one is not None and not one.mine]
        found.append([not lane.transcript.painter.name_rect(one).isEmpty() for one in answers])
    return found


def test_an_answer_names_its_model_where_the_head_of_the_lane_does_not(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 2)
            assert drawn_names(view) == [[False], [False]]
            view.lanes.turn_to(view.lanes.views[1])
            view.choose_model(FIRST)
            await until(lambda: drawn_names(view) == [[False], [True]], "the name of who has answered")
            write(view, "Two")
            press(view.composer.editor, Qt.Key.Key_Return)
            await until(lambda: drawn_names(view) == [[False] * 2, [True, False]], "the second answers")
            await finished(view)
            view.compare.continue_with(view.lanes.views[0])
            await until(lambda: view.lanes.alone, "one lane")
            assert drawn_names(view) == [[True, True]]
            spoken = view.lanes.current.transcript.stack.items()[-1].entry.author
            assert spoken == "model-a"

    run_async(scenario())


def test_every_figure_says_what_it_counts(tmp_path: Path, run_async: Run, server: LoopbackServer) -> None:
    server.pace = 200  # an answer that comes in one piece has no speed

    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 2)
            lane = view.lanes.current
            await until(lambda: lane.foot.values[2].words == "25", "the figures")
            names = [one.value.accessibleName().split(":")[0] for one in lane.foot.values]
            assert names == ["First token", "Speed", "Tokens out", "Cost"]
            assert all(one.toolTip() for one in lane.foot.values)
            (answer,) = [one for one in lane.transcript.stack.items() if not one.mine]
            assert "25 tok out" in answer.facts(), "the same figure by the same name"
            estimate = view.composer.line.estimate
            await until(lambda: "tokens" in estimate.text(), "the estimate")
            assert estimate.accessibleName().startswith("Before sending: ≈ ")
            assert "Tokens in, if this is sent" in estimate.toolTip()

    run_async(scenario())


def tabs_of(view: ConversationView) -> list[QAbstractButton]:
    """The tabs of lanes that are shown one at a time."""
    (tabs,) = [one for one in view.lanes.findChildren(SegmentControl) if one.isVisible()]
    return tabs.findChildren(QAbstractButton)


def tab_labels(view: ConversationView) -> list[str]:
    """What they show."""
    return [one.text() for one in tabs_of(view)]


def test_one_at_a_time_names_the_models_and_reads_like_a_single_chat(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await two_lanes(session, server)
            await settled(session, 1900, 900, 1.0)
            beside = view.transcript.stack.frame.column
            view.compare.arrange("tabs")
            await until(lambda: view.lanes.shown == "tabs", "one at a time")
            assert tab_labels(view) == ["A  model-a", "B  model-b"]
            second = tabs_of(view)[1]
            assert second.accessibleName() == second.toolTip() == "Lane B: model-b"
            view.lanes.current.transcript.arrange()
            alone = frame_for(view.transcript.viewport().width())
            assert view.transcript.stack.frame.column == alone.column < beside
            view.compare.arrange("columns")
            view.transcript.arrange()
            assert view.transcript.stack.frame.column == beside
            view.compare.arrange("tabs")
            click(view.bar.blind)
            await until(lambda: view.names_hidden, "blind mode")
            assert sorted(tab_labels(view)) == ["A", "B"]
            assert not any("model" in one.accessibleName() + one.toolTip() for one in tabs_of(view))
            click(view.bar.blind)
            await until(lambda: not view.names_hidden, "the names")
            view.lanes.turn_to(next(one for one in view.lanes.views if one.lane.model == FIRST))
            view.choose_model(OTHER)
            assert sorted(tab_labels(view)) == ["A  model-b", "B  model-b"]

    run_async(scenario())


def test_eight_tabs_keep_their_letters_where_there_is_no_room_for_names(
    tmp_path: Path, run_async: Run, server: LoopbackServer
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = await lanes(session, server, 8)
            view.compare.arrange("tabs")
            for width, names in ((1440, True), (480, False)):
                await settled(session, width, 900, 1.0)
                shown = tab_labels(view)
                assert [label[0] for label in shown] == list("ABCDEFGH")
                assert all(("model" in label) is names for label in shown)
                ends = [one.mapTo(view, QPoint(x, 0)).x() for one in tabs_of(view) for x in (0, one.width())]
                assert 0 <= min(ends) < max(ends) <= view.width()

    run_async(scenario())


def test_the_composer_keeps_its_width_under_the_first_page_of_a_window_made_narrow(
    tmp_path: Path, run_async: Run
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as session:
            view = view_of(session)
            for width in (1440, 480, 760):
                await settled(session, width, 900, 1.0)
                page = view.findChild(WelcomeView)
                assert page is not None
                assert page.isVisible()
                frame = frame_for(page.viewport().width())
                spans = max(frame.column_x + frame.column, frame.margin_x + frame.margin)
                spans -= min(frame.column_x, frame.margin_x)
                assert view.composer.width() == spans

    run_async(scenario())
