"""Columns, filters, orders, the clipboard, and what is asked before some edits."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from tests.ui.workbench.datasets.conftest import CITIES, CTRL, Bench

from chatbench.core.datasets import DataColumn, RowFilter
from chatbench.services.datasets.values import part_of
from chatbench.services.notices import Notice
from chatbench.ui.widgets import LineField
from chatbench.ui.workbench.datasets.columnmenu import ColumnMenu
from chatbench.ui.workbench.datasets.dialogs import (
    ColumnQuestion,
    DuplicatesQuestion,
    Question,
    SampleQuestion,
    SplitQuestion,
    TagsQuestion,
)
from chatbench.ui.workbench.datasets.filtering import filter_of
from chatbench.ui.workbench.datasets.grid import GridView

Asked = TypeVar("Asked", bound=Question)


def paste(bench: Bench, text: str) -> None:
    def act() -> None:
        QApplication.clipboard().setText(text)
        QTest.keyClick(bench.view.grid, Qt.Key.Key_V, CTRL)

    bench.do(act)


def menu_of(bench: Bench, column: int) -> ColumnMenu:
    """The menu of a column, as the keyboard opens it."""
    bench.at(0, column)
    bench.key(Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    (menu,) = [one for one in bench.view.grid.findChildren(ColumnMenu) if one.isVisible()]
    return menu


def choose(bench: Bench, menu: ColumnMenu, words: str) -> None:
    """Does what a menu offers by these words, and closes it."""
    offered = [action for one in (menu, *menu.findChildren(QMenu)) for action in one.actions()]
    (action,) = [one for one in offered if one.text() == words]
    assert action.isEnabled()

    def act() -> None:
        menu.close()
        action.trigger()

    bench.do(act)


def asked(bench: Bench, kind: type[Asked]) -> Asked:
    (question,) = [one for one in bench.view.findChildren(kind) if one.isVisible()]
    return question


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("  ", None),
        (">", None),
        ("Os", RowFilter(column="c", value="Os")),
        ("!Os", RowFilter(column="c", value="Os", negate=True)),
        ("= Oslo", RowFilter(column="c", kind="equals", value="Oslo")),
        (">5", RowFilter(column="c", kind="greater", value="5")),
        ("! <5", RowFilter(column="c", kind="less", value="5", negate=True)),
        ("=", RowFilter(column="c", kind="empty")),
        ("!=", RowFilter(column="c", kind="empty", negate=True)),
    ],
)
def test_what_a_filter_says(text: str, expected: RowFilter | None) -> None:
    assert filter_of("c", text) == expected


def test_a_filter_below_a_column_hides_what_does_not_fit(bench: Bench) -> None:
    view = bench.open().view
    bench.at(0, 1)
    bench.key(Qt.Key.Key_F, CTRL)
    field = bench.editor()
    assert isinstance(field, LineField)
    assert field.accessibleName() == "Filter by people"
    bench.type(">290000")
    bench.wait(lambda: view.model.total == 1, "the filter")
    bench.do(lambda: None)
    assert bench.shown(0) == ["Oslo"]
    assert view.facts.text() == "1 of 3 rows"
    bench.do(view.actions_by_name["filter"].trigger)
    assert bench.shown(0) == ["Oslo", "Graz", "Bern"]


def test_the_menu_of_a_column_sorts_names_types_and_places(bench: Bench) -> None:
    view = bench.open().view
    choose(bench, menu_of(bench, 0), "Sort upwards")
    assert bench.shown(0) == ["Bern", "Graz", "Oslo"]
    assert [row["city"] for row in bench.values()] == ["Oslo", "Graz", "Bern"]
    choose(bench, menu_of(bench, 0), "Keep the rows in this order")
    assert [row["city"] for row in bench.values()] == ["Bern", "Graz", "Oslo"]
    assert view.model.order == ()
    choose(bench, menu_of(bench, 1), "text")
    assert view.model.columns[1] == DataColumn(name="people")
    assert bench.values()[1]["people"] == "290000"
    choose(bench, menu_of(bench, 0), "expected answer")
    assert [one.role for one in view.model.columns] == ["expected", "input", "input", "input", "input"]
    choose(bench, menu_of(bench, 0), "Move to the right")
    assert [one.name for one in view.model.columns][:2] == ["people", "city"]
    choose(bench, menu_of(bench, 1), "Delete column")
    assert [one.name for one in view.model.columns] == ["people", "sea", "facts", "expected"]
    bench.do(view.acts.undo)
    assert [one.name for one in view.model.columns][:2] == ["people", "city"]


def test_a_column_is_named_in_its_head(bench: Bench) -> None:
    view = bench.open().view
    choose(bench, menu_of(bench, 0), "Rename")
    assert bench.editor().text() == "city"
    bench.do(bench.editor().selectAll)
    bench.type("town")
    bench.key(Qt.Key.Key_Return)
    assert view.model.columns[0].name == "town"
    assert QApplication.focusWidget() is view.grid
    bench.do(lambda: view.grid.columns.rename(0))
    bench.type("x")
    bench.key(Qt.Key.Key_Escape)
    assert view.model.columns[0].name == "town"


def test_a_dragged_head_moves_the_column_itself(bench: Bench) -> None:
    view = bench.open().view
    bench.do(lambda: view.grid.columns.moveSection(0, 2))
    assert [one.name for one in view.model.columns] == ["people", "sea", "city", "facts", "expected"]
    assert [view.grid.columns.visualIndex(at) for at in range(5)] == list(range(5))


def test_a_column_is_inserted(bench: Bench) -> None:
    view = bench.open().view
    choose(bench, menu_of(bench, 0), "Insert column…")
    question = asked(bench, ColumnQuestion)
    question.name.setText("city")
    bench.do(question.do.click)
    assert question.trouble.text() == "There is a column city already."
    question.name.setText("river")
    question.kind.setCurrentIndex(1)
    bench.do(question.do.click)
    assert view.model.columns[1] == DataColumn(name="river", type="number")


def test_a_block_is_copied_as_a_spreadsheet_reads_it_and_comes_back_as_it_was(bench: Bench) -> None:
    view = bench.open(rows=[{"city": 'a "b"\nc', "people": 1}, {"city": "=1+1"}]).view
    bench.at(0, 0)
    bench.do(lambda: QTest.keyClick(view.grid, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier))
    bench.do(lambda: QTest.keyClick(view.grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier))
    bench.key(Qt.Key.Key_C, CTRL)
    assert QApplication.clipboard().text() == '"a ""b""\nc"\t1\n\'=1+1\t'
    bench.at(2, 0)
    bench.key(Qt.Key.Key_V, CTRL)
    assert bench.values()[2:] == bench.values()[:2]
    assert bench.values()[3] == {"city": "=1+1"}


def test_a_block_from_a_spreadsheet_is_pasted_at_the_cell_and_asks_nothing(bench: Bench) -> None:
    view = bench.open().view
    bench.at(2, 0)
    paste(bench, 'Rome\t2800000\n"two\nlines"\t-1\n')
    assert bench.values()[2:] == [
        {"city": "Rome", "people": 2_800_000, "expected": "Switzerland"},
        {"city": "two\nlines", "people": -1},
    ]
    bench.key(Qt.Key.Key_Z, CTRL)
    assert bench.values() == CITIES
    bench.at(0, 0)
    paste(bench, "City\tPeople\nRome\t5")
    assert bench.values()[0]["city"] == "Rome"
    assert view.model.total == 3
    bench.key(Qt.Key.Key_Z, CTRL)
    bench.at(0, 0)
    bench.do(lambda: QTest.keyClick(view.grid, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier))
    paste(bench, "Ulm")
    assert bench.shown(0) == ["Ulm", "Ulm", "Bern"]


def test_pasting_into_nothing_makes_its_columns(bench: Bench) -> None:
    view = bench.open(columns=(), rows=()).view

    def act() -> None:
        QApplication.clipboard().setText("a\tb\n1\tx\n2\ty")
        view.setFocus()
        assert view.empty.choose.hasFocus()
        QTest.keyClick(view.empty.choose, Qt.Key.Key_V, CTRL)

    bench.do(act)
    assert view.model.columns == (DataColumn(name="a", type="number"), DataColumn(name="b"))
    assert bench.values() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert view.grid.isVisible()


def test_cutting_empties_the_cells(bench: Bench) -> None:
    bench.open()
    bench.at(0, 0)
    bench.key(Qt.Key.Key_X, CTRL)
    assert QApplication.clipboard().text() == "Oslo"
    assert "city" not in bench.values()[0]


def test_rows_are_tagged(bench: Bench) -> None:
    view = bench.open().view
    bench.at(1, 0)
    bench.do(view.actions_by_name["tag"].trigger)
    question = asked(bench, TagsQuestion)
    bench.do(question.do.click)
    assert question.trouble.text() == "Name at least one tag."
    question.add.setText("hills, small")
    bench.do(question.do.click)
    assert bench.values()[1]["tags"] == "hills, small"
    assert view.model.columns[-1] == DataColumn(name="tags", role="tags")


def test_rows_are_split_into_parts(bench: Bench) -> None:
    view = bench.open(columns=(), rows=[{"n": number} for number in range(10)]).view
    bench.do(view.actions_by_name["split"].trigger)
    question = asked(bench, SplitQuestion)
    assert question.shown.text() == "train ≈ 8, test ≈ 2"
    question.parts.setText("train")
    bench.do(question.do.click)
    assert question.trouble.text()
    question.parts.setText("train 7, test 3")
    bench.do(question.do.click)
    assert sorted(row["split"] for row in bench.values()) == ["test"] * 3 + ["train"] * 7


def test_a_sample_is_a_data_set_of_its_own(bench: Bench) -> None:
    view = bench.open(columns=(), rows=[{"n": number} for number in range(10)]).view
    made: list[str] = []
    view.opened.connect(made.append)
    bench.do(view.actions_by_name["sample"].trigger)
    question = asked(bench, SampleQuestion)
    question.count.setValue(4)
    bench.do(question.do.click)
    found = bench.run(bench.services.datasets.get(made[0]))
    assert (found.name, found.rows) == ("Cities, sample of 4", 4)


def test_duplicates_are_deleted_by_the_columns_that_were_chosen(bench: Bench) -> None:
    view = bench.open(columns=(), rows=[{"a": "x", "b": "1"}, {"a": "X ", "b": "2"}]).view
    said: list[Notice] = []
    bench.services.notifier.listen(said.append)
    bench.do(view.actions_by_name["duplicates"].trigger)
    question = asked(bench, DuplicatesQuestion)
    assert question.chosen() == ["a", "b"]
    bench.do(question.do.click)
    assert said[-1].text == "There are no duplicates."
    bench.do(view.actions_by_name["duplicates"].trigger)
    question = asked(bench, DuplicatesQuestion)
    question.switches["b"].setChecked(False)
    bench.do(question.do.click)
    assert said[-1].text == "1 duplicates deleted"
    assert bench.values() == [{"a": "x", "b": "1"}]


def test_a_file_dropped_on_a_cell_for_files_is_stored(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("words")
    view = bench.open(columns=(DataColumn(name="paper", type="file"),), rows=[{}]).view

    def drop() -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        at = view.grid.visualRect(view.model.index(0, 0)).center()
        _drop(view.grid, mime, at)

    bench.do(drop)
    part = part_of(bench.values()[0]["paper"])
    assert part is not None
    assert part.name == "notes.txt"
    assert bench.shown(0) == ["notes.txt"]


def _drop(grid: GridView, mime: QMimeData, at: QPoint) -> None:
    event = QDropEvent(
        at.toPointF(),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    grid.dropEvent(event)
