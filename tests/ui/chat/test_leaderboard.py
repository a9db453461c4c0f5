"""The leaderboard: one way to write numbers, any count of models, and its uncertainty in words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid
from tests.ui.chat.conftest import Runner
from tests.ui.chat.quiet import until_quiet

from chatbench.core.models import ModelRef
from chatbench.core.ratings import Rating
from chatbench.evaluation.standings import Rated, standings
from chatbench.services import Services
from chatbench.ui.chat.conversation.leaderboard import Leaderboard
from chatbench.ui.theme import theme

Turns = Sequence[Sequence[Rated]]
LONG = "an-extraordinarily-long-model-name-of-a-fine-tuned-checkpoint-2026-11-21-preview-instruct-q4"


def model(name: str) -> ModelRef:
    return ModelRef("acme", name)


def turn(**said: Rating | None) -> list[Rated]:
    return [(model(name.replace("_", "-")), rating) for name, rating in said.items()]


def won(better: str, worse: str, times: int = 1) -> list[list[Rated]]:
    return [[(model(better), "best"), (model(worse), None)]] * times


@asynccontextmanager
async def board(services: Services, turns: Turns) -> AsyncIterator[Leaderboard]:
    """The dialog, open, with the standings of some turns."""
    dialog = Leaderboard(services)
    await until_quiet()
    dialog.show_standings(standings(turns))
    dialog.open()
    try:
        yield dialog
    finally:
        if isValid(dialog):
            dialog.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def shown(dialog: Leaderboard, column: int) -> list[str]:
    return [dialog.table.cell_at(row, column).words for row in range(dialog.table.rowCount())]


SURE = won("one", "two", 30) + won("two", "one", 4) + won("two", "three", 30) + won("three", "two", 4)
NEAR = won("one", "two", 4) + won("two", "one", 3) + won("two", "three", 2) + won("three", "two", 2)


def test_every_number_is_written_in_one_way(services: Services, run_async: Runner) -> None:
    async def scenario() -> None:
        async with board(services, won("one", "two", 1_200) + won("two", "one", 900)) as dialog:
            assert shown(dialog, 1) == ["1,025", "975"]
            assert shown(dialog, 3) == ["1,200", "900"]
            assert dialog.table.cell_at(0, 2).words == "1,017 to 1,032"
            assert "1,000 is the average" in dialog.note.text()
            assert dialog.about.text() == (
                "one: a score of 1,025, with 95 % confidence between 1,017 and 1,032, from 2,100 comparisons"
            )
            assert dialog.table.csv().splitlines()[1].startswith("acme/one,1025.0,")

    run_async(scenario())


def test_without_ratings_it_says_how_to_rate(services: Services, run_async: Runner) -> None:
    async def scenario() -> None:
        async with board(services, []) as dialog:
            assert dialog.empty.isVisible()
            said = [dialog.table, dialog.about, dialog.note, dialog.leads]
            assert not any(widget.isVisible() for widget in said)
            assert not dialog.copy_button.isEnabled()
            focused = dialog.focusWidget()
            assert focused is not None
            assert focused.isEnabled()
            assert focused.isVisible()

    run_async(scenario())


def test_one_model_alone_has_no_score_and_it_says_why(services: Services, run_async: Runner) -> None:
    async def scenario() -> None:
        async with board(services, [turn(one="bad")]) as dialog:
            assert shown(dialog, 1) == ["unknown"]
            assert not dialog.leads.isVisible()
            assert dialog.about.text() == "one: Never compared with another model"

    run_async(scenario())


def test_ties_alone_put_nobody_ahead(services: Services, run_async: Runner) -> None:
    async def scenario() -> None:
        async with board(services, [turn(one="tie", two="tie", three="tie")] * 3) as dialog:
            assert shown(dialog, 1) == ["1,000"] * 3
            assert dialog.leads.text() == "No model is ahead."
            drawn = [dialog.table.cell_at(row, 2).drawn for row in range(3)]
            assert all(one is not None and one.low < one.value < one.high for one in drawn)
            assert "Provisional" not in dialog.note.text()

    run_async(scenario())


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        (SURE, "one leads, beyond chance."),
        (NEAR, "one leads, but 2 other models may be as good."),
        (won("one", "two", 3) + won("two", "one", 2), "one leads, but one other model may be as good."),
    ],
)
def test_whether_the_first_is_ahead_by_chance_is_said(
    services: Services, run_async: Runner, turns: Turns, words: str
) -> None:
    async def scenario() -> None:
        async with board(services, turns) as dialog:
            assert dialog.leads.text() == words

    run_async(scenario())


def test_eight_models_with_long_names_are_all_there(services: Services, run_async: Runner) -> None:
    names = [f"{LONG}-{number}" for number in range(8)]
    pairs = list(pairwise(names))

    async def scenario() -> None:
        async with board(
            services, [one for better, worse in pairs for one in won(better, worse, 3) + won(worse, better)]
        ) as dialog:
            table = dialog.table
            assert shown(dialog, 0) == names
            assert not table.verticalScrollBar().isVisible()
            assert not table.horizontalScrollBar().isVisible()
            item = table.item(7, 0)
            assert item is not None
            assert item.toolTip() == f"acme/{names[7]}"
            screen = QApplication.primaryScreen().availableGeometry()
            assert dialog.width() <= screen.width()
            assert all(
                table.columnWidth(column) >= theme().scaled(40) for column in range(table.columnCount())
            )
            assert table.columnWidth(0) >= theme().scaled(120), "enough of a name to know it by"

    run_async(scenario())


def test_the_keyboard_reaches_every_row_and_button(services: Services, run_async: Runner) -> None:
    async def scenario() -> None:
        async with board(services, SURE) as dialog:
            assert dialog.focusWidget() is dialog.table
            assert dialog.about.text().startswith("one: a score of ")
            QTest.keyClick(dialog.table, Qt.Key.Key_Down)
            assert dialog.about.text().startswith("two: a score of ")
            reached: list[QWidget] = []
            for _ in range(4):
                focused = dialog.focusWidget()
                assert focused is not None
                reached.append(focused)
                QTest.keyClick(focused, Qt.Key.Key_Tab)
            assert reached[:3] == [dialog.table, dialog.blind, dialog.copy_button]
            assert reached[3].accessibleName() == "Close"
            assert all(widget.accessibleName() for widget in reached)
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            assert not dialog.isVisible()

    run_async(scenario())


def test_the_row_that_is_read_stays_when_something_is_rated(services: Services, run_async: Runner) -> None:
    async def scenario() -> None:
        async with board(services, SURE) as dialog:
            QTest.keyClick(dialog.table, Qt.Key.Key_Down)
            dialog.show_standings(standings(won("two", "three", 9) + won("three", "two", 1)))
            assert dialog.table.currentRow() == 0
            assert dialog.about.text().startswith("two: a score of ")

    run_async(scenario())
