"""The grid: pages, keys, editing in place, undo."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from tests.ui.workbench.datasets.conftest import CITIES, CTRL, SHIFT, Bench

from chatbench.services.notices import Notice
from chatbench.ui.workbench.datasets.longtext import TextDialog
from chatbench.ui.workbench.datasets.model import PAGE


def test_rows_stand_under_their_columns_and_are_said_by_them(bench: Bench) -> None:
    view = bench.open().view
    assert bench.shown(0) == ["Oslo", "Graz", "Bern"]
    assert bench.shown(3) == ['{"a":1}', "", ""]
    assert view.model.rowCount() == 4
    assert view.facts.text() == "3 rows"
    said = Qt.ItemDataRole.AccessibleTextRole
    assert view.model.index(1, 1).data(said) == "people, row 2: 290000"
    assert view.model.index(2, 1).data(said) == "people, row 3: empty"
    assert view.model.index(3, 0).data(said) == "city, row 4: new row"
    assert view.model.headerData(4, Qt.Orientation.Horizontal, said) == "expected, text, expected answer"


def test_only_pages_in_view_are_held_and_the_rest_shows_as_not_read(bench: Bench) -> None:
    rows = [{"n": number} for number in range(2_000)]
    view = bench.open(columns=(), rows=rows).view
    assert view.model.held() <= 3 * PAGE
    assert view.model.index(1_500, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "n, row 1,501: not read yet"
    assert not view.model.flags(view.model.index(1_500, 0)) & Qt.ItemFlag.ItemIsEditable
    bench.do(lambda: view.grid.scrollTo(view.model.index(1_500, 0)))
    assert view.model.shown(1_500, 0) == "1500"
    bench.do(lambda: view.grid.scrollToBottom())
    assert view.model.shown(1_999, 0) == "1999"
    assert view.model.held() <= 3 * PAGE
    assert view.model.row_at(0) is None


def test_typing_writes_a_cell_and_enter_goes_on_below(bench: Bench) -> None:
    bench.open()
    bench.at(0, 0)
    bench.type("Bergen")
    assert bench.editor().text() == "Bergen"
    bench.key(Qt.Key.Key_Return)
    assert bench.values()[0]["city"] == "Bergen"
    assert bench.current() == (1, 0)
    bench.key(Qt.Key.Key_F2)
    assert bench.editor().text() == "Graz"
    bench.key(Qt.Key.Key_Escape)
    assert bench.values()[1] == CITIES[1]
    bench.key(Qt.Key.Key_Z, CTRL)
    assert bench.values() == CITIES
    assert bench.shown(0)[0] == "Oslo"
    bench.key(Qt.Key.Key_Y, CTRL)
    assert bench.values()[0]["city"] == "Bergen"


def test_what_is_no_number_is_not_taken_for_one(bench: Bench) -> None:
    bench.open()
    bench.at(0, 1)
    bench.type("many")
    bench.key(Qt.Key.Key_Return)
    assert bench.editor().toolTip() == "This is no number."
    assert bench.values() == CITIES
    bench.do(lambda: bench.editor().selectAll())
    bench.type("12.5")
    bench.key(Qt.Key.Key_Return)
    assert bench.values()[0]["people"] == 12.5


def test_space_turns_a_boolean_round(bench: Bench) -> None:
    bench.open()
    bench.at(0, 2)
    bench.key(Qt.Key.Key_Space)
    assert bench.values()[0]["sea"] is False
    bench.key(Qt.Key.Key_Return)
    assert bench.values()[0]["sea"] is True
    bench.type("x")
    assert bench.values() == CITIES
    bench.key(Qt.Key.Key_Delete)
    assert "sea" not in bench.values()[0]


def test_json_is_checked_in_its_window(bench: Bench) -> None:
    view = bench.open().view
    bench.at(0, 3)
    bench.key(Qt.Key.Key_Return)
    (dialog,) = view.grid.findChildren(TextDialog)
    assert dialog.words.toPlainText() == '{\n  "a": 1\n}'
    dialog.words.setPlainText('{"a": ')
    assert not dialog.save.isEnabled()
    assert dialog.told.text() == "Line 1, column 7: Expecting value"
    dialog.words.setPlainText('{"a": [2]}')
    bench.do(dialog.save.click)
    assert bench.values()[0]["facts"] == {"a": [2]}


def test_a_long_text_has_a_window_and_escape_asks_once(bench: Bench) -> None:
    view = bench.open().view
    bench.do(lambda: view.model.setData(view.model.index(0, 0), "one\ntwo"))
    assert bench.shown(0)[0] == "one two"
    bench.at(0, 0)
    bench.key(Qt.Key.Key_F2)
    (dialog,) = view.grid.findChildren(TextDialog)
    dialog.words.setFocus()
    dialog.words.setPlainText("one\ntwo\nthree")
    bench.key(Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert "once more" in dialog.told.text()
    bench.key(Qt.Key.Key_Return, CTRL)
    assert bench.values()[0]["city"] == "one\ntwo\nthree"
    bench.at(1, 0)
    bench.key(Qt.Key.Key_Return, SHIFT)
    assert view.grid.findChildren(TextDialog)[-1].words.toPlainText() == "Graz"
    view.grid.findChildren(TextDialog)[-1].reject()


def test_the_last_row_becomes_one_and_goes_on_with_tab(bench: Bench) -> None:
    view = bench.open().view
    bench.do(view.buttons[0].click)
    assert bench.current() == (3, 0)
    bench.type("Rome")
    bench.key(Qt.Key.Key_Tab)
    assert bench.current() == (3, 1)
    bench.type("5")
    bench.key(Qt.Key.Key_Return)
    assert bench.values()[3] == {"city": "Rome", "people": 5}
    assert view.model.total == 4


def test_two_cells_written_at_once_into_the_last_row_are_one_row(bench: Bench) -> None:
    view = bench.open().view

    def write() -> None:
        view.model.setData(view.model.index(3, 0), "Rome")
        view.model.setData(view.model.index(3, 4), "Italy")

    bench.do(write)
    assert bench.values()[3:] == [{"city": "Rome", "expected": "Italy"}]


def test_whole_rows_are_deleted_and_the_notice_takes_it_back(bench: Bench) -> None:
    view = bench.open().view
    said: list[Notice] = []
    bench.services.notifier.listen(said.append)
    bench.at(0, 1)
    bench.key(Qt.Key.Key_Down, SHIFT)
    bench.key(Qt.Key.Key_Space, SHIFT)
    assert view.grid.chosen_rows() == [range(2)]
    bench.key(Qt.Key.Key_Delete)
    assert bench.values() == CITIES[2:]
    notice = said[-1]
    assert (notice.text, notice.action) == ("2 rows deleted", "Undo")
    assert notice.run is not None
    bench.do(notice.run)
    assert bench.values() == CITIES
    bench.do(view.grid.selectAll)
    bench.key(Qt.Key.Key_Minus, CTRL)
    assert bench.values() == []
    bench.do(lambda: view.acts.add_row())
    bench.type("Kyiv")
    bench.key(Qt.Key.Key_Return)
    assert said[-1].run is not None
    bench.do(said[-1].run)
    assert "other edits since" in said[-1].text
    assert bench.values() == [{"city": "Kyiv"}]


def test_an_edit_elsewhere_is_seen_and_the_current_cell_stays(bench: Bench) -> None:
    view = bench.open().view
    bench.at(2, 1)
    bench.do(lambda: bench.run_later(bench.services.datasets.save_rows(bench.dataset.id, [{"city": "Rome"}])))
    assert bench.shown(0) == ["Oslo", "Graz", "Bern", "Rome"]
    assert bench.current() == (2, 1)
    assert view.facts.text() == "4 rows"


def test_tab_leaves_the_grid(bench: Bench) -> None:
    view = bench.open().view
    bench.at(0, 0)
    bench.key(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is not view.grid
    assert not isinstance(QApplication.focusWidget(), QLineEdit)


def test_rows_are_moved(bench: Bench) -> None:
    view = bench.open().view
    bench.at(1, 0)
    bench.do(view.actions_by_name["move_up"].trigger)
    assert bench.shown(0) == ["Graz", "Oslo", "Bern"]
    assert bench.current() == (0, 0)
    bench.do(view.actions_by_name["move_up"].trigger)
    bench.do(view.actions_by_name["move_down"].trigger)
    bench.do(view.actions_by_name["move_down"].trigger)
    bench.do(view.actions_by_name["move_down"].trigger)
    assert bench.shown(0) == ["Oslo", "Bern", "Graz"]


def test_a_table_without_columns_says_what_can_be_dropped(bench: Bench) -> None:
    view = bench.open(columns=(), rows=()).view
    assert view.empty.isVisible()
    assert not view.grid.isVisible()
    assert view.model.rowCount(QModelIndex()) == 0
