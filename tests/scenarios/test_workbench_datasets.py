"""Data sets in the window: made, written into, taken in from a file, closed while they change."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.scenarios.window import Run, opened, until

from chatbench.ui.workbench.datasets import DatasetView
from chatbench.ui.workbench.datasets.importing import ImportDialog
from chatbench.ui.workbench.pane import WorkbenchPane


def test_a_data_set_is_made_written_into_and_closed(run_async: Run, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path / "profile") as session:
            datasets = session.services.datasets
            session.window.activateWindow()
            session.window.commands["workbench.new_dataset"].trigger()
            pane = session.window.show_section("workbench").main
            assert isinstance(pane, WorkbenchPane)
            await until(lambda: isinstance(pane.current_view(), DatasetView), "the data set")
            view = pane.current_view()
            assert isinstance(view, DatasetView)
            await until(lambda: view.model.row_at(0), "its row")
            view.grid.setFocus()
            view.grid.go_to(0, 0)
            for key in "Hi":
                QTest.keyClicks(session.window.focusWidget(), key)
            QTest.keyClick(session.window.focusWidget(), Qt.Key.Key_Return)
            await until(lambda: view.model.dataset.undoes == "Edit cell", "the edit")
            (row,) = await datasets.rows(view.dataset_id)
            assert row.values["input"] == "Hi"
            path = tmp_path / "rivers.csv"
            path.write_text("river\nPo\nInn\n")
            view.import_files([path])
            (dialog,) = view.findChildren(ImportDialog)
            await until(dialog.take.isEnabled, "what is in the file")
            dialog.where.set_current("new")
            dialog.take.click()
            await until(lambda: pane.current_view() is not view, "the other data set")
            made = pane.current_view()
            assert isinstance(made, DatasetView)
            await until(lambda: made.title.text() == "rivers", "its name")
            pane.close_tab(f"dataset:{made.dataset_id}")
            await until(lambda: pane.current_view() is view, "the first one")
            await datasets.save_rows(made.dataset_id, [{"river": "Rhine"}])
            await datasets.save_rows(view.dataset_id, [{"input": "Ho"}])
            await until(lambda: view.model.total == 2, "the row that was added elsewhere")

    run_async(scenario())
