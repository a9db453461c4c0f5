"""What a run's view has to read results by: charts with their tables, differences, ratings, other checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget
from tests.ui.chat.quiet import done
from tests.ui.workbench.runs_kit import Runner, shown
from tests.ui.workbench.stored_runs import CHECKS, columns_of, stored, triage_cells, triage_rows

from chatbench.core.checks import Check
from chatbench.core.runs import Cell, CellKey, Run
from chatbench.services import Services
from chatbench.storage.runs import key_of
from chatbench.ui.workbench.runs import RunView

Made = TypeVar("Made")
MODELS = ("loop/quick", "loop/slow")
ROWS = 100


@pytest.fixture
def run(services: Services, run_async: Runner) -> Run:
    """Two columns of which the first is the better and the cheaper one."""
    rows, columns = triage_rows(ROWS), columns_of(MODELS)
    return run_async(stored(services, rows, columns, triage_cells(3)))  # type: ignore[no-any-return]


@pytest.fixture
def view(services: Services, run: Run, run_async: Runner) -> Iterator[RunView]:
    with shown(lambda: RunView(services, run.id), run_async) as found:
        yield found


def made(run_async: Runner, make: Callable[[], Made]) -> Made:
    """Something that is opened on the running loop."""
    found: list[Made] = []
    run_async(done(lambda: found.append(make())))
    return found[0]


# Charts


def test_the_chart_and_its_table_say_which_column_is_the_best_value(view: RunView, run_async: Runner) -> None:
    dialog = made(run_async, view.acts.show_charts)
    run_async(done(lambda: button(dialog.face, "Table").click()))
    cells = [[dialog.table.item(at, across) for across in (0, 5)] for at in range(2)]
    told = [[one.text() if one is not None else "" for one in row] for row in cells]
    assert told == [["A v7 quick", "yes"], ["B v7 slow", ""]]
    run_async(done(lambda: button(dialog.face, "Chart").click()))
    assert dialog.stack.currentWidget() is dialog.chart
    assert view.statistics is not None
    first, other = (dialog.chart.place(one) for one in view.statistics.columns)
    assert first.y() < other.y(), "the better one stands higher"
    assert first.x() < other.x(), "and further to the left"
    run_async(done(dialog.reject))


def test_a_heat_map_is_gone_through_by_keys_and_leads_to_its_rows(view: RunView, run_async: Runner) -> None:
    dialog = made(run_async, view.acts.show_charts)
    assert dialog.charts is not None
    run_async(done(lambda: QTest.mouseClick(button(dialog.kind, "Heat map"), Qt.MouseButton.LeftButton)))
    assert dialog.stack.currentWidget() is not dialog.table
    strips = dialog.strips
    strips.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        run_async(done(lambda key=key: QTest.keyClick(strips, key)))  # type: ignore[misc]
    assert strips.current() == (1, 3)
    assert strips.accessibleDescription().startswith("B v7 slow: Rows 7 to 8, ")
    run_async(done(lambda: QTest.keyClick(strips, Qt.Key.Key_Return)))
    assert view.grid.current() == CellKey(6, 1)


def test_chart_and_table_of_a_heat_map_say_the_same(view: RunView, run_async: Runner) -> None:
    dialog = made(run_async, view.acts.show_charts)
    run_async(done(lambda: button(dialog.kind, "Heat map").click()))
    run_async(done(lambda: button(dialog.face, "Table").click()))
    assert dialog.stack.currentWidget() is dialog.table
    assert dialog.table.rowCount() == ROWS // 2
    strips = dialog.strips
    strips.go_to(0, 4)
    item = dialog.table.item(4, 1)
    assert item is not None
    assert strips.accessibleDescription() == f"A v7 quick: Rows 9 to 10, {item.text()}"
    run_async(done(lambda: dialog.measure.setCurrentIndex(dialog.measure.findData("cost"))))
    item = dialog.table.item(4, 1)
    assert item is not None
    assert item.text() == "$0.0003"
    run_async(done(dialog.reject))


def test_a_histogram_counts_every_answer_once(view: RunView, run_async: Runner) -> None:
    dialog = made(run_async, view.acts.show_charts)
    run_async(done(lambda: button(dialog.kind, "Histogram").click()))
    run_async(done(lambda: button(dialog.face, "Table").click()))
    assert [dialog.measure.itemText(at) for at in range(4)] == ["Score", "Cost", "Time", "Tokens"]
    for at in range(4):
        run_async(done(lambda at=at: dialog.measure.setCurrentIndex(at)))  # type: ignore[misc]
        for column in (1, 2):
            items = [dialog.table.item(row, column) for row in range(dialog.table.rowCount())]
            assert sum(int(one.text()) for one in items if one is not None) == ROWS
    run_async(done(dialog.reject))


def test_ratings_are_drawn_with_the_mean_of_the_marks_alone(
    view: RunView, services: Services, run_async: Runner
) -> None:
    for row, rating in ((1, 4), (2, 5), (3, "up")):
        run_async(services.runs.rate(view.id, CellKey(row, 1), rating))  # type: ignore[arg-type]
    dialog = made(run_async, view.acts.show_charts)
    run_async(done(lambda: button(dialog.kind, "Ratings").click()))
    run_async(done(lambda: button(dialog.face, "Table").click()))
    items = [dialog.table.item(row, 2) for row in range(8)]
    told = [one.text() for one in items if one is not None]
    assert told == ["0", "1", "0", "0", "0", "1", "1", "4.50"]
    dialog.strips.go_to(1, 5)
    assert dialog.strips.accessibleDescription() == "B v7 slow: 4: 1 answer"
    run_async(done(dialog.reject))


def test_a_click_on_a_bar_chooses_it_and_its_place_holds_in_both_directions(
    view: RunView, run_async: Runner
) -> None:
    dialog = made(run_async, view.acts.show_charts)
    run_async(done(lambda: button(dialog.kind, "Histogram").click()))
    strips = dialog.strips
    for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
        strips.setLayoutDirection(direction)
        spots = [strips.place(1, at).center() for at in range(3)]
        assert spots[0].x() < spots[1].x() < spots[2].x()
        QTest.mouseClick(strips, Qt.MouseButton.LeftButton, pos=QPoint(int(spots[2].x()), int(spots[2].y())))
        assert strips.current() == (1, 2)
        strips.go_to(0, 0)
    run_async(done(dialog.reject))


# Differences


def test_an_answer_is_held_against_that_of_another_column_word_by_word(
    services: Services, run_async: Runner
) -> None:
    def made(run: Run, place: int) -> Cell:
        key = key_of(run, place)
        text = ("The parcel is late.", "The parcel is very late.")[key.column]
        return Cell(key=key, state="done", text=text, passed=True)

    run = run_async(stored(services, triage_rows(2), columns_of(MODELS), made))
    with shown(lambda: RunView(services, run.id), run_async) as view:
        run_async(done(lambda: view.open_cell(CellKey(0, 1))))
        part = view.panel.difference
        sides = [part.choice.itemText(at) for at in range(part.choice.count())]
        assert sides == ["Compare with…", "A v7 quick", "B v7 slow"]
        assert part.text.isHidden()
        run_async(done(lambda: part.choice.setCurrentIndex(1)))
        assert part.text.toPlainText() == "The parcel is very late."
        assert part.text.accessibleDescription() == "added: very"
        run_async(done(lambda: view.grid.go_to(CellKey(1, 0))))
        assert part.told.text() == "This is the answer itself."
        assert part.text.isHidden()


def test_an_answer_is_held_against_the_one_of_the_run_before(services: Services, run_async: Runner) -> None:
    def answering(words: str) -> Callable[[Run, int], Cell]:
        return lambda run, place: Cell(key=key_of(run, place), state="done", text=words, passed=True)

    rows, columns = triage_rows(2), columns_of(MODELS)
    run_async(stored(services, rows, columns, answering("Sort it as low.")))
    run = run_async(stored(services, rows, columns, answering("Sort it as urgent.")))
    with shown(lambda: RunView(services, run.id), run_async) as view:
        run_async(done(lambda: view.open_cell(CellKey(1, 0))))
        part = view.panel.difference
        run_async(done(lambda: part.choice.setCurrentIndex(part.choice.findText("The same cell of run 1"))))
        assert part.text.accessibleDescription() == "removed: low; added: urgent"


def test_repeats_are_held_against_each_other(services: Services, run_async: Runner) -> None:
    def made(run: Run, place: int) -> Cell:
        key = key_of(run, place)
        return Cell(key=key, state="done", text=f"Said {key.repeat + 1} times", passed=True)

    run = run_async(stored(services, triage_rows(2), columns_of(MODELS[:1]), made, repeats=3))
    with shown(lambda: RunView(services, run.id), run_async) as view:
        run_async(done(lambda: view.open_cell(CellKey(0, 0, 2))))
        part = view.panel.difference
        run_async(done(lambda: part.choice.setCurrentIndex(1)))
        assert part.text.accessibleDescription() == "removed: 1; added: 3"


# Rating


def test_answers_are_rated_by_keys_one_after_the_other(
    view: RunView, services: Services, run_async: Runner
) -> None:
    dialog = made(run_async, view.acts.rate_answers)
    assert dialog.progress.text() == "1 of 196", "four have failed"
    first, second = dialog.keys[:2]
    press(run_async, dialog, Qt.Key.Key_4)
    assert dialog.at == 1
    press(run_async, dialog, Qt.Key.Key_Minus)
    cells = run_async(services.runs.cells(view.id, [first, second]))
    assert [cell.rating for cell in cells] == [4, "down"]
    press(run_async, dialog, Qt.Key.Key_Left)
    press(run_async, dialog, Qt.Key.Key_0)
    (cell,) = run_async(services.runs.cells(view.id, [second]))
    assert cell.rating is None
    assert dialog.key() == second, "what is taken back is still read"
    run_async(done(dialog.reject))
    again = made(run_async, view.acts.rate_answers)
    assert again.progress.text() == "1 of 195", "what was rated is not asked for again"
    assert again.key() == second
    run_async(done(again.reject))


def test_nothing_tells_the_rater_who_gave_an_answer(view: RunView, run_async: Runner) -> None:
    dialog = made(run_async, view.acts.rate_answers)
    names = ("text", "plainText", "accessibleName", "accessibleDescription", "toolTip")
    values = [widget.property(name) for widget in dialog.findChildren(QWidget) for name in names]
    told = " ".join(value for value in values if isinstance(value, str))
    assert dialog.answer.toPlainText() in told
    for secret in ("quick", "slow", "v7", "$", " s "):
        assert secret not in told
    run_async(done(dialog.reject))


def test_only_the_rows_that_are_shown_are_rated_and_a_note_goes_along(
    view: RunView, services: Services, run_async: Runner
) -> None:
    run_async(done(lambda: view.foot.choose(1)))
    rows = view.rows_shown()
    assert rows
    dialog = made(run_async, view.acts.rate_answers)
    assert {key.row for key in dialog.keys} <= set(rows)
    press(run_async, dialog, Qt.Key.Key_N)
    QTest.keyClicks(dialog.note, "5 is not for me")
    key = dialog.keys[dialog.at]
    press(run_async, dialog.note, Qt.Key.Key_Return)
    assert dialog.key() == key, "Enter in the note leaves it, and does not close the dialog"
    press(run_async, dialog, Qt.Key.Key_Plus)
    (cell,) = run_async(services.runs.cells(view.id, [key]))
    assert (cell.rating, cell.note) == ("up", "5 is not for me")
    run_async(done(dialog.reject))


def test_the_last_rating_ends_it(services: Services, run_async: Runner) -> None:
    run = run_async(stored(services, triage_rows(1), columns_of(MODELS[:1]), triage_cells(3)))
    with shown(lambda: RunView(services, run.id), run_async) as view:
        dialog = made(run_async, view.acts.rate_answers)
        press(run_async, dialog, Qt.Key.Key_5)
        assert dialog.progress.text() == "All of these answers are rated."
        assert not dialog.rating.isEnabled()
        run_async(done(dialog.reject))


# Other checks


def test_another_check_is_tried_and_then_kept(view: RunView, services: Services, run_async: Runner) -> None:
    dialog = made(run_async, view.acts.recheck)
    assert dialog.checks.checks == CHECKS
    contains = Check(kind="contains", value="urgent", name="says urgent")
    run_async(done(lambda: dialog.checks.set_checks((*CHECKS[:1], contains))))
    run_async(dialog.try_them())
    assert "On the 196 answers of run 1:" in dialog.checks.told.text()
    assert "says urgent passes 78" in dialog.checks.told.text()
    assert run_async(services.runs.get(view.id)).plan.checks == CHECKS, "trying keeps nothing"
    run_async(done(dialog.keep.click))
    run_async(view.settled())
    assert run_async(services.runs.get(view.id)).plan.checks == (CHECKS[0], contains)
    assert view._model.checks == ("matches the schema", "says urgent")


def test_code_of_a_check_is_not_run_before_it_is_allowed(view: RunView, run_async: Runner) -> None:
    dialog = made(run_async, view.acts.recheck)
    code = Check(kind="python", value="def check(answer):\n    return True\n")
    run_async(done(lambda: dialog.checks.set_checks((code,))))
    assert dialog.consent.is_open
    assert not dialog.keep.isEnabled()
    run_async(done(dialog.consent.cards[0].leave_out.click))
    assert dialog.checks.checks == ()
    assert not dialog.keep.isEnabled(), "no checks are none to judge by"
    run_async(done(dialog.reject))


def button(control: QWidget, words: str) -> QAbstractButton:
    """The segment with this label."""
    (found,) = (one for one in control.findChildren(QAbstractButton) if one.accessibleName() == words)
    return found


def press(run_async: Runner, widget: QWidget, key: Qt.Key) -> None:
    run_async(done(lambda: QTest.keyClick(widget, key)))
