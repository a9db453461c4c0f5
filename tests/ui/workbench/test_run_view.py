"""A run in its view: what its cells show, how it is gone through by keys, what is told of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.loopback.server import LoopbackServer
from tests.ui.chat.quiet import done
from tests.ui.workbench.runs_kit import Runner, finished, plan, refusal, shown, triage

from chatbench.core.runs import CellKey
from chatbench.services import Services
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
