"""A data set's view on its own, over the real services of a profile."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow, QWidget
from tests.harness.waiting import until
from tests.ui.chat.quiet import until_quiet

from chatbench.core.datasets import DataColumn, Dataset
from chatbench.main import build
from chatbench.services import Services
from chatbench.ui.aio import spawn
from chatbench.ui.workbench.datasets import DatasetView

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
Runner = Callable[[Coroutine[Any, Any, Any]], Any]

COLUMNS = (
    DataColumn(name="city"),
    DataColumn(name="people", type="number"),
    DataColumn(name="sea", type="boolean"),
    DataColumn(name="facts", type="json"),
    DataColumn(name="expected", role="expected"),
)
CITIES: list[dict[str, Any]] = [
    {"city": "Oslo", "people": 700_000, "sea": True, "facts": {"a": 1}, "expected": "Norway"},
    {"city": "Graz", "people": 290_000, "sea": False, "expected": "Austria"},
    {"city": "Bern", "expected": "Switzerland"},
]


class Bench:
    """A view, and what a person does to it."""

    def __init__(self, services: Services, run: Runner) -> None:
        self.services = services
        self.run = run
        self.window = QMainWindow()
        self.window.resize(1100, 700)
        self.view: DatasetView = None  # type: ignore[assignment]
        self.dataset: Dataset = None  # type: ignore[assignment]

    def open(self, columns: Any = COLUMNS, rows: Any = CITIES, name: str = "Cities") -> Bench:
        """Shows a data set of these."""

        async def work() -> None:
            self.dataset = await self.services.datasets.create(name, columns, rows)
            self.view = DatasetView(self.services, self.dataset.id, self.window)
            self.window.setCentralWidget(self.view)
            self.window.show()
            self.window.activateWindow()
            self.view.grid.setFocus()
            await until_quiet()

        self.run(work())
        return self

    def do(self, act: Callable[[], object]) -> None:
        """Does it as a slot would, and waits for what it started."""

        async def work() -> None:
            act()
            await until_quiet()

        self.run(work())

    def run_later(self, work: Coroutine[Any, Any, Any]) -> None:
        spawn(work)

    def wait(self, holds: Callable[[], object], what: str) -> None:
        self.run(until(holds, what))

    def at(self, row: int, column: int) -> None:
        self.do(lambda: self.view.grid.go_to(row, column))

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Pressed where the keyboard is."""
        self.do(lambda: QTest.keyClick(self.focus(), key, modifiers))

    def type(self, text: str) -> None:
        for letter in text:
            self.do(partial(self._letter, letter))

    def _letter(self, letter: str) -> None:
        QTest.keyClicks(self.focus(), letter)

    def focus(self) -> QWidget:
        found = QApplication.focusWidget()
        return found if isinstance(found, QWidget) else self.view.grid

    def editor(self) -> QLineEdit:
        found = self.focus()
        assert isinstance(found, QLineEdit), found
        return found

    def shown(self, column: int = 0) -> list[str]:
        """What stands in a column."""
        return [self.view.model.shown(row, column) for row in range(self.view.model.total)]

    def values(self) -> list[dict[str, Any]]:
        """What is stored."""
        rows = self.run(self.services.datasets.rows(self.dataset.id))
        return [row.values for row in rows]

    def current(self) -> tuple[int, int]:
        index = self.view.grid.currentIndex()
        return index.row(), index.column()


@pytest.fixture
def bench(tmp_path: Path, run_async: Runner) -> Iterator[Bench]:
    services = build(tmp_path / "profile", environ={})
    run_async(services.profile.ready())
    made = Bench(services, run_async)
    yield made
    if made.view is not None:
        made.view.release()
    made.window.close()
    made.window.deleteLater()
    run_async(services.aclose())
