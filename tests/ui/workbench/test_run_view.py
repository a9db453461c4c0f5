"""A run in its view: what its cells show, how it is gone through by keys, what is told of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.harness.waiting import until
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import loop
from tests.ui.chat.quiet import done
from tests.ui.workbench.runs_kit import Runner, finished, plan, refusal, shown, triage

from chatbench.core.runs import CellKey, CellRating
from chatbench.services import Services
from chatbench.services.runs import Live
from chatbench.ui.workbench.runs import RunView


@pytest.fixture
def view(services: Services, server: LoopbackServer, run_async: Runner) -> Iterator[RunView]:
    """Three rows by two columns: one cell failed, one did not pass."""
    server.script(*map(triage, ("low", "low", "low", "high", "low")), refusal())
    run = run_async(finished(services, server, plan()))
    with shown(lambda: RunView(services, run.id), run_async) as found:
        yield found


def test_cells_show_what_came_of_them(view: RunView) -> None:
    model = view.grid.model()
    assert (model.rowCount(), model.columnCount()) == (3, 2)
    first, other, failed = (view._model.cell(CellKey(*at)) for at in ((0, 0), (1, 1), (2, 1)))
    assert (first.text, first.lead, first.ticks) == ("low · account", 3, "11")
    assert other.ticks == "10"
    assert failed.state == "failed"
    assert failed.reason.endswith("It says: no such luck")
    words = model.index(1, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "is JSON passed" in words
    assert "says low failed" in words
    assert view.head.done.words.text() == "5 done"
    assert view.head.failed.words.text() == "1 failed"


def test_the_heads_tell_how_good_a_column_is_and_how_sure_that_is(view: RunView) -> None:
    told = view.grid.heads.told(0)
    assert "100.0 % passed, 3 of 3" in told
    assert "too few to tell" in told
    assert "33.3 % passed, 1 of 3" in view.grid.heads.told(1)


def test_enter_opens_a_cell_and_escape_closes_it(view: RunView, run_async: Runner) -> None:
    grid = view.grid

    def press(*keys: Qt.Key) -> None:
        for key in keys:
            run_async(done(lambda key=key: QTest.keyClick(grid, key)))  # type: ignore[misc]

    grid.setFocus()
    grid.go_to(CellKey(0, 0))
    press(Qt.Key.Key_Down, Qt.Key.Key_Right)
    assert grid.current() == CellKey(1, 1)
    press(Qt.Key.Key_Return)
    panel = view.panel
    assert panel.isVisible()
    assert panel.cell is not None
    assert panel.cell.key == CellKey(1, 1)
    press(Qt.Key.Key_Up)
    assert panel.cell.key == CellKey(0, 1)
    press(Qt.Key.Key_Escape)
    assert not panel.isVisible()
    assert grid.hasFocus()


def test_only_rows_with_something_wrong_are_shown_where_that_is_wanted(
    view: RunView, run_async: Runner
) -> None:
    run_async(done(lambda: QTest.mouseClick(view.foot.failed, Qt.MouseButton.LeftButton)))
    assert [view._model.line(at)[0] for at in range(view._model.rowCount())] == [1, 2]
    assert view.foot.rows.text() == "2 of 3 rows"
    run_async(done(lambda: view.foot.choose(1)))
    assert [view._model.line(at)[0] for at in range(view._model.rowCount())] == [1]
    run_async(done(lambda: QTest.mouseClick(view.foot.failed, Qt.MouseButton.LeftButton)))
    assert view._model.rowCount() == 3


def test_keys_rate_the_cell_and_take_that_back(view: RunView, services: Services, run_async: Runner) -> None:
    view.grid.go_to(CellKey(1, 0))

    def rating() -> CellRating | None:
        (cell,) = run_async(services.runs.cells(view.id, [CellKey(1, 0)]))
        return cell.rating  # type: ignore[no-any-return]

    run_async(done(lambda: QTest.keyClick(view.grid, Qt.Key.Key_4)))
    assert rating() == 4
    told = view._model.at(CellKey(1, 0)).data(Qt.ItemDataRole.AccessibleTextRole)
    assert told.endswith("; rated 4 of 5")
    run_async(done(lambda: QTest.keyClick(view.grid, Qt.Key.Key_Minus)))
    assert rating() == "down"
    run_async(done(lambda: QTest.keyClick(view.grid, Qt.Key.Key_0)))
    assert rating() is None


def test_a_failed_cell_is_asked_again_by_its_retry(
    view: RunView, services: Services, server: LoopbackServer, run_async: Runner
) -> None:
    server.script(triage("low"))
    index = view._model.at(CellKey(2, 1))
    spot = view.grid.delegate.retry_rect(view.grid.visualRect(index), view.layoutDirection()).center()

    def click() -> None:
        QTest.mouseClick(view.grid.viewport(), Qt.MouseButton.LeftButton, pos=spot)

    run_async(done(click))
    run_async(services.runs.wait(view.id))
    run_async(done(view._loading.again))
    assert view._model.cell(CellKey(2, 1)).text == "low · account"
    assert view.head.done.words.text() == "6 done"


def test_columns_are_compared_in_words_and_rows_that_differ_are_marked(
    view: RunView, run_async: Runner
) -> None:
    menu = view.comparison.menu(view)
    (action,) = menu.actions()
    run_async(done(action.trigger))
    run_async(view.comparison.settled())
    assert "2 rows" in view.comparison.words.text()
    assert view._model.changed_rows == {1: "worse", 2: "worse"}
    which = view.comparison.which
    told = [which.itemText(at) for at in range(which.count())]
    assert told == ["All rows", "Changed rows (2)", "Better rows (0)", "Worse rows (2)"]
    run_async(done(lambda: which.setCurrentIndex(1)))
    assert view._model.rowCount() == 2
    vertical = Qt.Orientation.Vertical
    head = view._model.headerData(0, vertical, Qt.ItemDataRole.AccessibleTextRole)
    assert head == "2 (worse) ticket 1"
    run_async(done(lambda: which.setCurrentIndex(2)))
    assert view._model.rowCount() == 0
    run_async(done(view.comparison.close_button.click))
    assert view._model.changed_rows == {}
    assert view._model.rowCount() == 3
    menu.deleteLater()


def test_a_run_is_written_to_a_file(view: RunView, tmp_path: Path, run_async: Runner) -> None:
    run_async(view.acts.exports.write("jsonl", tmp_path / "run.jsonl"))
    assert len((tmp_path / "run.jsonl").read_text().splitlines()) == 6


def test_a_run_under_way_is_followed_paused_and_gone_on_with(
    services: Services, server: LoopbackServer, run_async: Runner
) -> None:
    half = replies.events(openai_chat.stream([{"content": "Half of it"}])[:2], end="hang")
    server.script(triage("low"), *[half] * 20)
    services.endpoints.save(loop(server))
    run = run_async(services.runs.start(plan(4)))
    with shown(lambda: RunView(services, run.id), run_async) as view:
        run_async(until(lambda: view._model.writing() and view._model.cell(CellKey(0, 1)).text, "words"))
        assert view._model.cell(CellKey(0, 1)).text == "Half of it"
        assert view.is_live
        assert view.head.writing.words.text() == "1 writing"
        run_async(services.runs.pause(run.id, at_once=True))
        run_async(until(lambda: not view.is_live and view.head.resume.isVisible(), "the pause"))
        assert view.head.reason.text() == "Paused by you"
        assert not view.head.pause.isVisible()


def test_a_run_that_is_pausing_says_that_an_answer_is_still_coming(view: RunView) -> None:
    run = view.run
    assert run is not None
    live = Live(
        state="paused", total=6, done=3, failed=0, running=1, passed=3, concurrent=1, rate=1.0,
        cost=run.cost, unpriced=0, estimated_cost=None, seconds_left=None,
    )  # fmt: skip
    view.head.show_run(run, live)
    assert view.head.reason.text() == "Nothing more is asked; one answer is still coming"
    assert view.head.writing.words.text() == "1 writing"
    view.head.show_run(run, msgspec.structs.replace(live, running=0))
    assert view.head.reason.text() == "Paused by you"
