"""The versions of a data set in a window, and folders that become data sets."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tests.ui.workbench.datasets.conftest import Bench

from chatbench.ui.workbench.datasets.history import HistoryDialog


def shown(bench: Bench) -> HistoryDialog:
    bench.do(bench.view.actions_by_name["versions"].trigger)
    (dialog,) = bench.view.findChildren(HistoryDialog)
    return dialog


def test_a_data_set_goes_back_to_an_earlier_version_and_that_is_undone(bench: Bench) -> None:
    datasets = bench.services.datasets
    bench.open()
    (row,) = bench.run(datasets.rows(bench.dataset.id, 2, 1))
    bench.run(datasets.delete_rows(bench.dataset.id, [row.id]))
    bench.run(datasets.rename_column(bench.dataset.id, "city", "town"))
    dialog = shown(bench)
    rows = dialog.versions.rows()
    assert [one.number for one in rows] == sorted((one.number for one in rows), reverse=True)
    assert rows[1].note == "Delete row · 2 rows"
    assert [one.is_now for one in rows] == [True, False, False]
    assert not dialog.go.isEnabled()
    bench.do(lambda: QTest.keyClick(dialog.versions, Qt.Key.Key_End))
    bench.do(dialog.go.click)
    now = bench.run(datasets.get(bench.dataset.id))
    assert (now.columns[0].name, now.rows) == ("city", 3)
    assert now.redoes, "later versions are still there"
    bench.run(datasets.redo(bench.dataset.id))
    assert bench.run(datasets.get(bench.dataset.id)).rows == 2


def test_a_dropped_folder_becomes_a_data_set(bench: Bench, tmp_path: Path) -> None:
    bench.open()
    folder = tmp_path / "letters"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(f"Words of {name}")
    made: list[str] = []
    bench.view.opened.connect(made.append)
    bench.do(lambda: bench.view.import_files([folder]))
    dataset = bench.run(bench.services.datasets.get(made[0]))
    assert (dataset.name, dataset.rows) == ("letters", 2)
