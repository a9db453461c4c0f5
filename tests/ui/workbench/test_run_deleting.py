"""A run that is deleted in the sidebar comes back by Undo."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.ui.workbench.section_kit import Opened
from tests.ui.workbench.stored_runs import columns_of, stored, triage_cells, triage_rows

from chatbench.services import Services

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
Do = Callable[[Callable[[], object]], None]


def test_a_run_is_deleted_and_taken_back(
    opened: Opened, services: Services, run_async: Runner, do: Do
) -> None:
    run = run_async(stored(services, triage_rows(2), columns_of(["loop/m"]), triage_cells(1)))
    do(opened.workbench.show)
    pane, key = opened.pane, f"run:{run.id}"
    do(lambda: pane.open(key))
    view = pane.sidebar.view
    view.set_current(key)
    do(lambda: QTest.keyClick(view, Qt.Key.Key_Delete))
    assert pane.open_keys() == []
    assert run_async(services.runs.runs()) == []
    assert [one.id for one in run_async(services.runs.trashed())] == [run.id]
    button = pane.window_.notices.shown()[-1].button
    assert button is not None
    do(button.click)
    assert pane.open_keys() == [key]
    assert run_async(services.runs.runs()) == [run]
