"""The grid and its dialogs for a screen reader, at twice the text size, and from right to left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from tests.accessibility.clipping import clipped
from tests.accessibility.surfaces import interfaces
from tests.accessibility.test_names import CONTROLS
from tests.ui.workbench.datasets.conftest import Bench

from chatbench.ui.theme import theme

SCROLLED = "LineField 'Filter': cut off sideways"


def looks(bench: Bench, folder: Path) -> Iterator[tuple[str, QWidget]]:
    """The grid with its filters, every dialog, and nothing at all, one after another."""
    path = folder / "more.csv"
    path.write_text("city,people\nRome,5,6\n")
    view = bench.open().view
    bench.do(view.toggle_filters)
    yield "grid", view
    asks: dict[str, Callable[[], object]] = {
        name: view.actions_by_name[name].trigger for name in ("split", "sample", "duplicates", "tag")
    }
    asks |= {"column": view.ask_column, "import": lambda: view.import_files([path])}
    asks |= {"generate": view.generate, "json": lambda: view.grid.edit_at_length(view.model.index(0, 3))}
    for name, ask in asks.items():
        bench.at(0, 0)
        bench.do(ask)
        (dialog,) = [one for one in view.findChildren(QDialog) if one.isVisible()]
        yield name, dialog
        bench.do(dialog.reject)
    view.release()
    view.deleteLater()
    yield "empty", bench.open(columns=(), rows=(), name="Nothing").view


def test_every_control_has_a_name(bench: Bench, tmp_path: Path) -> None:
    unnamed: set[str] = set()
    seen = 0
    for name, root in looks(bench, tmp_path):
        for node in interfaces(root):
            if node.role() in CONTROLS:
                seen += 1
                if not node.text(QAccessible.Text.Name).strip():
                    unnamed.add(f"{name}: {node.role().name} {type(node.object()).__name__}")
    assert seen > 50
    assert not unnamed, "\n".join(sorted(unnamed))


def test_a_cell_is_read_by_its_column_and_row(bench: Bench) -> None:
    view = bench.open().view
    table = QAccessible.queryAccessibleInterface(view.grid)
    said = [table.child(at).text(QAccessible.Text.Name) for at in range(table.childCount())]
    # The corner, the heads of the columns, then each row behind its own head.
    assert said[1:7] == [
        "city, text, input", "people, number, input", "sea, true or false, input", "facts, JSON, input",
        "expected, text, expected answer", "1",
    ]  # fmt: skip
    assert said[12:15] == ["2", "city, row 2: Graz", "people, row 2: 290000"]
    assert said[24:26] == ["New row", "city, row 4: new row"]


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_at_200_percent_nothing_is_cut_off_where_it_is_narrow(
    bench: Bench, tmp_path: Path, qapp: QApplication, direction: Qt.LayoutDirection
) -> None:
    qapp.setLayoutDirection(direction)
    try:
        theme().apply(text_factor=2.0)
        bench.window.resize(480, 800)
        found = ((name, one) for name, root in looks(bench, tmp_path) for one in clipped(root))
        # The columns, and the fields below them, go on sideways where they are scrolled to.
        faults = {f"{name}: {one}" for name, one in found if (name, one) != ("grid", SCROLLED)}
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    assert not faults, "\n".join(sorted(faults))
